#include "nodes/stdout.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>

#include "graph/base/log.hpp"
#include "nodes/sink.hpp"

namespace mesher::nodes {
namespace {

class StdoutNode final : public Sink {
 public:
  ~StdoutNode() override { join(); }

 protected:
  bool write(const std::vector<const EventBatch*>& batches, std::stop_token stop) override {
    text_.clear();
    for (const auto* batch : batches) {
      for (const auto& event : batch->events) {
        append_line(event, text_);
        text_ += '\n';
      }
    }
    const char* at = text_.data();
    std::size_t left = text_.size();
    while (left > 0 && !stop.stop_requested()) {
      // A reader that stands still must not keep the node from stopping: a pipe that is ready takes this much at once.
      pollfd ready{STDOUT_FILENO, POLLOUT, 0};
      if (::poll(&ready, 1, 200) == 0) continue;
      const auto written = ::write(STDOUT_FILENO, at, std::min<std::size_t>(left, PIPE_BUF));
      if (written >= 0) {
        at += written;
        left -= static_cast<std::size_t>(written);
      } else if (errno != EINTR && errno != EAGAIN) {
        log::warn("stdout", "standard output is closed: {}", std::strerror(errno));
        return true;
      }
    }
    return left == 0;
  }

 private:
  std::string text_;
};

}  // namespace

graph::NodeSpec stdout_spec() {
  graph::NodeSpec spec;
  spec.type = "stdout";
  spec.help = "Writes each event as one line of JSON to standard output.";
  spec.consumes = EventBatch::kKind;
  spec.produces = "none";
  spec.default_when_full = "drop";
  spec.make = [](const graph::Options&) -> Result<graph::MadeNode> {
    return graph::MadeNode{nullptr, std::make_unique<StdoutNode>()};
  };
  return spec;
}

}  // namespace mesher::nodes
