#include "io/http/read_buffer.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace mesher::http {

boost::asio::mutable_buffer ReadBuffer::prepare(std::size_t want) {
  want = std::max(want, kIdle);
  if (begin_ == end_) {
    begin_ = end_ = 0;
    if (capacity_ > want && want == kIdle) capacity_ = 0;  // give the large one back
  }
  const auto used = end_ - begin_;
  if (capacity_ < std::max(want, used + 1)) {
    const auto next = std::max({want, used * 2, kIdle});
    auto memory = std::make_unique_for_overwrite<char[]>(next);
    if (used > 0) std::memcpy(memory.get(), memory_.get() + begin_, used);
    memory_ = std::move(memory);
    capacity_ = next;
    begin_ = 0;
    end_ = used;
  } else if (begin_ > 0 && (end_ == capacity_ || used < 512)) {
    std::memmove(memory_.get(), memory_.get() + begin_, used);
    begin_ = 0;
    end_ = used;
  }
  return {memory_.get() + end_, capacity_ - end_};
}

void ReadBuffer::consume(std::size_t n) {
  begin_ += n;
  if (begin_ == end_) begin_ = end_ = 0;
}

}  // namespace mesher::http
