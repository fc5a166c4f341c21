#include "nodes/fingerprint_node.hpp"

#include "nodes/title.hpp"

namespace mesher::nodes {
namespace {

class FingerprintNode final : public graph::Node {
 public:
  void process(graph::Batch& batch) override {
    thread_local Grouper grouper;
    auto& events = batch.as<EventBatch>();
    for (auto& event : events.events) fingerprint_event(event, grouper, events.arena());
  }
};

}  // namespace

void fingerprint_event(Event& event, Grouper& grouper, Arena& arena) {
  const auto result = grouper.group(event);
  auto hashes = arena.array<Fingerprint>(result.count);
  for (std::size_t i = 0; i < result.count; ++i) hashes[i] = result.hashes[i];
  event.hashes = hashes;
  event.title = title_of(event, arena);
  event.culprit = culprit_of(event, arena);
  event.grouping_version = kGroupingVersion;
}

graph::NodeSpec fingerprint_spec() {
  graph::NodeSpec spec;
  spec.type = "fingerprint";
  spec.help =
      "Decides which events are the same issue: by the sender's fingerprint, by exceptions and the app's stack frames "
      "next to the crash, or by the message without its values. Adds title and culprit. See what made a fingerprint "
      "with `mesher fingerprint --explain`.";
  spec.consumes = EventBatch::kKind;
  spec.produces = EventBatch::kKind;
  spec.make = [](const graph::Options&) -> Result<graph::MadeNode> {
    return graph::MadeNode{std::make_unique<FingerprintNode>(), nullptr};
  };
  return spec;
}

}  // namespace mesher::nodes
