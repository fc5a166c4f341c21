#include "nodes/pipeline_ledger.hpp"

#include <algorithm>
#include <utility>

#include "nodes/event.hpp"

namespace mesher::nodes {
namespace {

constexpr std::string_view kCategory = "error";
constexpr UnixMicros kHour = 3'600'000'000;

/// What the books need to know of an item, whatever the kind of its content.
struct Subject {
  RecordKind kind = RecordKind::event;
  std::uint32_t project_id = 0, key_id = 0;
  EventId id;
  UnixMicros received = 0;
  bool replayed = false;
  std::string_view payload;
  bool readable = true;
};

Subject subject_of(const graph::Content& content, std::size_t item) {
  if (content.kind() == EventBatch::kKind) {
    const auto& event = static_cast<const EventBatch&>(content).events[item];
    return {RecordKind::event, event.project_id, event.key_id, event.id, event.received, event.replayed, event.payload};
  }
  const auto entry = static_cast<const RecordBatch&>(content).entries[item];
  const auto record = decode(entry);
  if (!record) return {RecordKind::event, 0, 0, {}, 0, false, entry, false};
  return {record->kind,     record->project_id, record->key_id, record->event_id,
          record->received, record->replayed,   record->body};
}

OutcomeCount line(const Subject& subject, std::string_view outcome, std::string_view reason, std::int64_t quantity) {
  return {subject.project_id,  subject.key_id,         subject.received, std::string(outcome),
          std::string(reason), std::string(kCategory), quantity};
}

}  // namespace

void PipelineLedger::dropped(const graph::Content& content, std::size_t item, graph::DropReason reason) {
  const auto subject = subject_of(content, item);
  if (subject.kind != RecordKind::event) return;  // a bundle of outcomes is no event; parse has counted what is in it
  const std::lock_guard lock(mutex_);
  count_locked(line(subject, reason.outcome, reason.detail, 1));
  if (subject.replayed) count_locked(line(subject, "quarantined", "", -1));
}

void PipelineLedger::quarantined(const graph::Content& content, std::size_t item, std::string_view node,
                                 std::string_view reason) {
  const auto subject = subject_of(content, item);
  ports::QuarantinedRecord record{subject.project_id,
                                  subject.key_id,
                                  subject.id,
                                  subject.received,
                                  std::string(node),
                                  std::string(reason),
                                  std::string(subject.payload),
                                  subject.kind == RecordKind::event && subject.readable};
  const std::lock_guard lock(mutex_);
  contents_.quarantined.push_back(std::move(record));
  if (subject.kind == RecordKind::event && !subject.replayed) count_locked(line(subject, "quarantined", "", 1));
}

void PipelineLedger::count(OutcomeCount outcome) {
  const std::lock_guard lock(mutex_);
  count_locked(std::move(outcome));
}

void PipelineLedger::keep(Feedback feedback, std::uint32_t key_id) {
  const std::lock_guard lock(mutex_);
  count_locked({feedback.project_id, key_id, feedback.received, "accepted", "", "feedback", 1});
  contents_.feedback.push_back(std::move(feedback));
}

void PipelineLedger::unquarantine(std::uint32_t project_id, std::uint32_t key_id, UnixMicros received) {
  Subject subject;
  subject.project_id = project_id;
  subject.key_id = key_id;
  subject.received = received;
  const std::lock_guard lock(mutex_);
  count_locked(line(subject, "quarantined", "", -1));
}

void PipelineLedger::deposit(graph::Batch batch, graph::AsyncNode::Done done) {
  const std::lock_guard lock(mutex_);
  contents_.deposits.push_back({std::move(batch), std::move(done)});
}

PipelineLedger::Contents PipelineLedger::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(contents_, {});
}

void PipelineLedger::count_locked(OutcomeCount outcome) {
  // The books are by the hour; a batch seldom has more than a handful of lines.
  outcome.at -= outcome.at % kHour;
  for (auto& existing : contents_.outcomes) {
    if (existing.project_id == outcome.project_id && existing.key_id == outcome.key_id && existing.at == outcome.at &&
        existing.outcome == outcome.outcome && existing.reason == outcome.reason &&
        existing.category == outcome.category) {
      existing.quantity += outcome.quantity;
      return;
    }
  }
  contents_.outcomes.push_back(std::move(outcome));
}

}  // namespace mesher::nodes
