#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "io/ws/live_filter.hpp"

/// What clients of the live stream send: it is understood or has a mistake that says something, and a filter can be
/// asked of any event.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto parsed = mesher::ws::parse_live_request({reinterpret_cast<const char*>(data), size});
  if (!parsed.request) {
    if (parsed.mistake.code.empty() || parsed.mistake.message.empty()) std::abort();
    return 0;
  }
  const mesher::nodes::Tag tags[] = {{"region", "eu-1"}, {"k", "a"}};
  mesher::nodes::Event event;
  event.message = "boom: the call timed out";
  event.environment = "production";
  event.issue_id = 7;
  event.tags = tags;
  const auto& filter = parsed.request->filter;
  if (!filter.passes(event)) return 0;
  // Whoever passes has what is required.
  const auto& required = filter.required;
  if (required.empty()) return 0;
  for (const auto mark : mesher::query::marks_of(event)) {
    for (const auto wanted : required.any_mark) {
      if (mark == wanted) return 0;
    }
  }
  const mesher::query::Letters letters(event);
  for (const auto& places : required.any_letters) {
    if (letters.has_all(places)) return 0;
  }
  std::abort();
}
