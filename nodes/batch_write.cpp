#include "nodes/batch_write.hpp"

#include <memory>
#include <utility>

#include "nodes/pipeline_ledger.hpp"

namespace mesher::nodes {
namespace {

class BatchWrite final : public graph::AsyncNode {
 public:
  void submit(graph::Batch batch, Done done) override {
    auto* const ledger = static_cast<PipelineLedger*>(batch.ledger());
    MESHER_ASSERT(ledger != nullptr);  // the topology check keeps it off lossy branches and off its own outputs
    // The receipt goes last: letting it go may settle the source batch, which takes the deposit.
    const auto receipt = batch.receipt();
    batch.release_receipt();
    ledger->deposit(std::move(batch), std::move(done));
  }

  void stop() override {}
};

}  // namespace

graph::NodeSpec batch_write_spec() {
  graph::NodeSpec spec;
  spec.type = "batch_write";
  spec.help =
      "Stores events with their payloads, counters, roll-ups, outcomes and the journal cursor in one transaction, in "
      "the "
      "journal's order; passes on what is stored.";
  spec.consumes = "events";
  spec.ordered_sink = true;
  spec.make = [](const graph::Options&) -> Result<graph::MadeNode> {
    return graph::MadeNode{nullptr, std::make_unique<BatchWrite>()};
  };
  return spec;
}

}  // namespace mesher::nodes
