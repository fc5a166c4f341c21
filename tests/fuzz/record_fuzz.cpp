// A journal entry: what is decoded encodes to the same bytes.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "graph/base/assert.hpp"
#include "nodes/record.hpp"

using namespace mesher::nodes;  // NOLINT(google-build-using-namespace)

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto record = decode(bytes);
  if (!record) return 0;
  if (record->kind == RecordKind::outcomes) static_cast<void>(outcomes_from_json(record->body));
  std::string again;
  encode(*record, again);
  const bool agent_was_cut = record->user_agent.size() > 1024;
  again[3] = bytes[3];  // the reserved byte is not kept
  MESHER_ASSERT(agent_was_cut || again == bytes);
  return 0;
}
