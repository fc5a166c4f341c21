#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <variant>

#include "nodes/query/match.hpp"
#include "nodes/query/parse.hpp"

/// Whatever is written: no crash, a position inside the text, and what is printed means the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mesher::query;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto parsed = parse(text, Scope::stream);
  if (const auto* mistake = std::get_if<Mistake>(&parsed)) {
    if (mistake->position < 1 || mistake->position > size + 1 || mistake->message.empty()) std::abort();
    return 0;
  }
  const auto& node = std::get<Node>(parsed);
  const auto printed = print(node);
  if (printed.size() <= kMaxLength) {
    const auto again = parse(printed, Scope::stream);
    if (!std::holds_alternative<Node>(again) || !(std::get<Node>(again) == node)) std::abort();
  }
  mesher::nodes::Event event;
  event.message = text;
  event.title = printed;
  (void)Matcher(node).matches(event);
  return 0;
}
