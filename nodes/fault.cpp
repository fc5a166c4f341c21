#include "nodes/fault.hpp"

#include <stdexcept>

#include "nodes/event.hpp"

namespace mesher::nodes {
namespace {

class FaultNode final : public graph::Node {
 public:
  explicit FaultNode(std::string text) : text_(std::move(text)) {}

  void process(graph::Batch& batch) override {
    for (const auto& event : batch.as<EventBatch>().events) {
      // A replayed event passes: sending it round again after the fault is mended is what replay is for.
      if (!event.replayed && event.message.find(text_) != std::string_view::npos) {
        throw std::runtime_error("the message contains the text of this fault node");
      }
    }
  }

 private:
  std::string text_;
};

}  // namespace

graph::NodeSpec fault_spec() {
  graph::NodeSpec spec;
  spec.type = "fault";
  spec.help =
      "For trying out failures: throws on events whose message contains a text, unless they come from quarantine.";
  spec.consumes = EventBatch::kKind;
  spec.produces = EventBatch::kKind;
  spec.options = {{"message", graph::OptionType::string, "", "The text that makes it throw.", true}};
  spec.make = [](const graph::Options& options) -> Result<graph::MadeNode> {
    return graph::MadeNode{std::make_unique<FaultNode>(options.string("message")), nullptr};
  };
  return spec;
}

}  // namespace mesher::nodes
