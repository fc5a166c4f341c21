#include "io/postgres/tag_text.hpp"

#include <algorithm>

#include "io/postgres/clean_text.hpp"

namespace mesher::postgres {
namespace {

constexpr char kRecord = '\x1e', kUnit = '\x1f';

void append_piece(std::string& out, std::string_view text) {
  const auto begin = static_cast<std::ptrdiff_t>(out.size());
  append_clean(out, first_characters(text, kTagCharacters));
  std::replace_if(
      out.begin() + begin, out.end(), [](char c) { return c == kRecord || c == kUnit; }, ' ');
}

}  // namespace

void append_tag_text(std::string& out, std::span<const nodes::Tag> tags) {
  if (!tags.empty()) out += kRecord;
  for (const auto& tag : tags) {
    append_piece(out, tag.key);
    out += kUnit;
    append_piece(out, tag.value);
    out += kRecord;
  }
}

std::vector<std::pair<std::string, std::string>> read_tag_text(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> tags;
  if (!text.empty() && text.front() == kRecord) text.remove_prefix(1);
  while (!text.empty()) {
    const auto pair = text.substr(0, text.find(kRecord));
    const auto unit = std::min(pair.find(kUnit), pair.size());
    tags.emplace_back(pair.substr(0, unit), pair.substr(std::min(unit + 1, pair.size())));
    text.remove_prefix(std::min(pair.size() + 1, text.size()));
  }
  return tags;
}

}  // namespace mesher::postgres
