// Any bytes as a message: the form stays within its bound, is the same each time, and spans lie in the text in order.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "nodes/normalise.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mesher::nodes;
  // A copy of exact size, so that reading past the end is seen.
  const std::vector<char> copy(reinterpret_cast<const char*>(data), reinterpret_cast<const char*>(data) + size);
  const std::string_view text(copy.data(), copy.size());
  std::string scratch, again, typed;
  std::vector<ValueSpan> spans;
  const auto form = message_skeleton(text, scratch);
  if (form.size() > 3 * size + 16 || form != message_skeleton(text, again)) std::abort();
  if (normalise_message(text, typed, spans).size() > 6 * size + 16) std::abort();
  std::uint32_t last = 0;
  for (const auto& span : spans) {
    if (span.begin < last || span.end < span.begin || span.end > size) std::abort();
    last = span.end;
  }
  static_cast<void>(significant_lines(text));
  return 0;
}
