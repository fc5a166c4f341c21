#include "nodes/parse.hpp"

#include <stdexcept>
#include <utility>

#include "nodes/event_json.hpp"

namespace mesher::nodes {
namespace {

class ParseNode final : public graph::Node {
 public:
  void process(graph::Batch& batch) override {
    const auto& records = batch.as<RecordBatch>();
    batch.replace(parse_records(records, static_cast<PipelineLedger*>(batch.ledger())));
  }
};

}  // namespace

std::unique_ptr<EventBatch> parse_records(const RecordBatch& records, PipelineLedger* ledger) {
  thread_local EventReader reader;
  auto events = std::make_unique<EventBatch>();
  events->keep(records.memory());
  events->events.reserve(records.size());
  std::vector<OutcomeCount> outcomes;
  std::vector<std::pair<Feedback, std::uint32_t>> feedback;
  for (const auto entry : records.entries) {
    const auto record = decode(entry);
    if (!record) throw std::invalid_argument(record.error().message);
    if (record->kind == RecordKind::event) {
      events->events.push_back(reader.read(*record, events->arena()));
      continue;
    }
    if (record->kind == RecordKind::feedback) {
      auto said = feedback_from(*record);
      if (!said) throw std::invalid_argument(said.error().message);
      feedback.emplace_back(std::move(*said), record->key_id);
      continue;
    }
    auto counts = outcomes_from_json(record->body);
    if (!counts) throw std::invalid_argument(counts.error().message);
    for (auto& count : *counts) outcomes.push_back(std::move(count));
  }
  if (ledger != nullptr) {
    for (auto& count : outcomes) ledger->count(std::move(count));
    for (auto& [said, key_id] : feedback) ledger->keep(std::move(said), key_id);
  }
  return events;
}

graph::NodeSpec parse_spec() {
  graph::NodeSpec spec;
  spec.type = "parse";
  spec.help =
      "Turns the records of the journal into events: reads all forms in which clients write them, normalises times, "
      "levels and tags, cuts what is too long and notes it on the event.";
  spec.consumes = RecordBatch::kKind;
  spec.produces = EventBatch::kKind;
  spec.make = [](const graph::Options&) -> Result<graph::MadeNode> {
    return graph::MadeNode{std::make_unique<ParseNode>(), nullptr};
  };
  return spec;
}

}  // namespace mesher::nodes
