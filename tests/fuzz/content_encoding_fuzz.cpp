// Compressed bodies; the first byte chooses the encoding. Never a crash, never more output than the limit, and all
// memory that was charged is given back.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "graph/base/assert.hpp"
#include "io/http/content_encoding.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mesher::http;
  if (size == 0) return 0;
  constexpr std::size_t kLimit = 256 * 1024;
  static const auto kBudget = std::make_shared<ByteBudget>(200 * 1024);
  const auto encoding = static_cast<ContentEncoding>(data[0] % 5);
  {
    ByteBudget::Reservation memory(kBudget);
    const auto out = decode_content(encoding, {reinterpret_cast<const char*>(data) + 1, size - 1}, kLimit, memory);
    MESHER_ASSERT(!out || out->size() <= kLimit);
  }
  MESHER_ASSERT(kBudget->used() == 0);
  return 0;
}
