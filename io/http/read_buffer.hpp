#pragma once

#include <boost/asio/buffer.hpp>
#include <cstddef>
#include <memory>
#include <string_view>

/// Internal to the server's sources (it includes Asio).
namespace mesher::http {

/// Bytes read and not yet parsed. Headers must lie in one piece, so it grows up to the header limit; it shrinks again
/// when empty, so that an idle connection costs kIdle bytes.
class ReadBuffer {
 public:
  static constexpr std::size_t kIdle = 8 * 1024;
  static constexpr std::size_t kBody = 64 * 1024;

  [[nodiscard]] std::string_view data() const { return {memory_.get() + begin_, end_ - begin_}; }
  [[nodiscard]] bool empty() const { return begin_ == end_; }
  /// Room for at least one byte more, growing if `want` bytes do not fit.
  [[nodiscard]] boost::asio::mutable_buffer prepare(std::size_t want);
  void commit(std::size_t n) { end_ += n; }
  void consume(std::size_t n);

 private:
  std::unique_ptr<char[]> memory_;
  std::size_t begin_ = 0, end_ = 0, capacity_ = 0;
};

}  // namespace mesher::http
