// One event from the wire: checked as by the door, read, scrubbed, read again. Also checks that the judgements agree.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "graph/base/assert.hpp"
#include "nodes/event_json.hpp"
#include "nodes/inbound_filters.hpp"
#include "nodes/scrub.hpp"
#include "nodes/validate.hpp"

using namespace mesher;         // NOLINT(google-build-using-namespace)
using namespace mesher::nodes;  // NOLINT(google-build-using-namespace)

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto strict = validate_event(input, Strictness::strict);
  const auto lenient = validate_event(input, Strictness::lenient);
  MESHER_ASSERT(!strict || lenient);
  if (!lenient) return 0;
  const std::string_view json = lenient.event.rewritten.empty() ? input : std::string_view(lenient.event.rewritten);

  Record record;
  record.project_id = 1;
  record.received = 1'717'243'200'000'000;
  record.client_ip = "203.0.113.9";
  record.body = json;
  Arena arena;
  EventReader reader;
  Event event = reader.read(record, arena);
  static const InboundFilters filters({true, true, true, true, {"*a*"}, {"b*"}, {"10.0.0.0/8"}});
  static_cast<void>(filters.match(event));

  static const ScrubRules rules{ports::ScrubSettings{}};
  static KeyCache cache;
  std::string clean;
  if (scrub_json(json, rules, cache, clean) > 0) {
    MESHER_ASSERT(validate_event(clean.substr(0, kMaxEventBytes), Strictness::lenient) ||
                  clean.size() > kMaxEventBytes);
    reader.reread(event, arena.copy(clean), arena);
  } else {
    MESHER_ASSERT(clean.empty());
  }
  return 0;
}
