// Envelopes: never a crash; payloads lie inside the input, in order; what was read is read the same way again.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "graph/base/assert.hpp"
#include "io/http/envelope.hpp"
#include "io/http/envelope_items.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto envelope = mesher::http::parse_envelope(bytes);
  if (!envelope) return 0;
  const char* at = bytes.data();
  for (const auto& item : envelope->items) {
    MESHER_ASSERT(item.payload.data() >= at && item.payload.data() + item.payload.size() <= bytes.data() + size);
    at = item.payload.data() + item.payload.size();
    for (const auto& counted : mesher::http::quantities_of(item)) MESHER_ASSERT(counted.quantity > 0);
  }
  const auto again = mesher::http::parse_envelope(bytes);
  MESHER_ASSERT(again && again->items.size() == envelope->items.size());
  return 0;
}
