// A bulk body, as an array and as lines: every element lies within the body and behind the one before.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "graph/base/assert.hpp"
#include "nodes/split.hpp"

using namespace mesher::nodes;  // NOLINT(google-build-using-namespace)

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  for (const auto format : {BulkFormat::array, BulkFormat::lines}) {
    EventSplitter splitter(body, format);
    const char* behind = body.data();
    std::size_t index = 0;
    while (const auto element = splitter.next()) {
      MESHER_ASSERT(element->index == index++);
      if (element->error) continue;
      MESHER_ASSERT(!element->json.empty());
      MESHER_ASSERT(element->json.data() >= behind);
      behind = element->json.data() + element->json.size();
      MESHER_ASSERT(behind <= body.data() + body.size());
    }
  }
  return 0;
}
