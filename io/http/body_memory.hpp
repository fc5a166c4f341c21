#pragma once

#include <cstddef>
#include <string>
#include <utility>

namespace mesher::http {

/// The memory of the latest body that was done with on this thread, for the next one: it is warm in the cache, and
/// blocks of a few KiB are the slowest that malloc has. Any thread, each for itself.
class BodyMemory {
 public:
  /// An empty string, with room if there is any.
  [[nodiscard]] static std::string take() {
    auto out = std::exchange(kept(), {});
    out.clear();
    return out;
  }
  static void give(std::string body) {
    if (body.capacity() <= kMost && body.capacity() > kept().capacity()) kept().swap(body);
  }

 private:
  static constexpr std::size_t kMost = 64 * 1024;
  static std::string& kept() {
    thread_local std::string memory;
    return memory;
  }
};

}  // namespace mesher::http
