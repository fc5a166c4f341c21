#include "nodes/field_key.hpp"

#include <fmt/format.h>
#include <xxhash.h>

#include "nodes/condition.hpp"

namespace mesher::nodes {

std::uint64_t field_key(const Event& event, const std::vector<std::string>& fields) {
  std::uint64_t key = event.project_id;
  std::string scratch;
  for (const auto& field : fields) {
    const auto text = field_text(event, field, scratch);
    key = XXH3_64bits_withSeed(text.data(), text.size(), key + text.size());
  }
  return key;
}

std::vector<graph::OptionMistake> check_fields(const graph::Options& options, const std::string& option) {
  std::vector<graph::OptionMistake> mistakes;
  for (const auto& field : options.strings(option)) {
    if (!known_field(field)) {
      mistakes.push_back({option, fmt::format("unknown field `{}`", field), "fields are " + help_on_fields()});
    }
  }
  return mistakes;
}

}  // namespace mesher::nodes
