#include "nodes/journal_source.hpp"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "nodes/pipeline_ledger.hpp"
#include "nodes/record.hpp"

namespace mesher::nodes {
namespace {

/// The books of one batch, and which part of the journal it is.
class SourceLedger final : public PipelineLedger {
 public:
  explicit SourceLedger(Committer::Range range) : range(range) {}
  const Committer::Range range;
};

}  // namespace

JournalSource::JournalSource(ports::Journal& journal, Committer& committer, Options options, DoorFirst* door_first)
    : journal_(journal), committer_(committer), options_(options), door_first_(door_first) {
  for (std::uint32_t p = 0; p < journal.partitions(); ++p) readers_.push_back(std::make_unique<Reader>());
  committer_.on_stored = [this](std::uint32_t partition, std::uint64_t position) {
    journal_.release(partition, position);
  };
  committer_.on_conflict = [this](std::uint32_t partition) { back_to_cursor(*readers_.at(partition)); };
}

std::uint32_t JournalSource::partitions() const {
  return static_cast<std::uint32_t>(readers_.size());
}

std::optional<graph::Source::Item> JournalSource::next(std::uint32_t partition, std::stop_token stop) {
  auto& reader = *readers_.at(partition);
  while (!stop.stop_requested()) {
    std::uint64_t position = 0;
    std::stop_source interrupt;
    {
      std::unique_lock lock(reader.mutex);
      if (!reader.at_cursor) {
        reader.at_cursor = true;
        const auto first_sequence = reader.sequence;
        lock.unlock();
        const auto cursor = committer_.restart(partition, first_sequence, stop);
        lock.lock();
        if (!cursor) {
          reader.at_cursor = false;
          return std::nullopt;
        }
        journal_.release(partition, *cursor);
        reader.position = *cursor;
      }
      if (reader.interrupt.stop_requested() && reader.at_cursor) reader.interrupt = {};  // spent on an earlier pause
      position = reader.position;
      interrupt = reader.interrupt;
    }
    const std::stop_callback forward(stop, [&interrupt] { interrupt.request_stop(); });
    pause(reader, interrupt.get_token());
    auto chunk =
        journal_.read(partition, position, options_.batch_records, options_.batch_bytes, interrupt.get_token());

    const std::lock_guard lock(reader.mutex);
    if (!reader.at_cursor) continue;
    if (!chunk) return std::nullopt;
    reader.not_before = next_read(chunk->entries.size() >= options_.batch_records / 2);
    const Committer::Range range{reader.position, chunk->next};
    reader.position = chunk->next;
    return Item{{partition, reader.sequence++},
                std::make_unique<RecordBatch>(std::move(chunk->memory), std::move(chunk->entries)),
                std::make_unique<SourceLedger>(range)};
  }
  return std::nullopt;
}

std::chrono::steady_clock::time_point JournalSource::next_read(bool full) const {
  const auto now = std::chrono::steady_clock::now();
  if (!full) return now + options_.pause;
  if (door_first_ == nullptr) return {};
  return now + door_first_->pause(now, [this] {
    const auto status = journal_.status();
    return status.quota == 0 ? 0.0 : static_cast<double>(status.bytes) / static_cast<double>(status.quota);
  });
}

void JournalSource::pause(Reader& reader, const std::stop_token& stop) {
  if (std::chrono::steady_clock::now() >= reader.not_before) return;
  std::mutex mutex;
  std::condition_variable_any interrupted;
  std::unique_lock lock(mutex);
  interrupted.wait_until(lock, stop, reader.not_before, [] { return false; });
}

void JournalSource::settled(graph::Origin origin, std::unique_ptr<graph::Ledger> ledger) {
  auto& books = static_cast<SourceLedger&>(*ledger);
  committer_.settled(origin.partition, origin.sequence, books.range, books.take());
}

void JournalSource::rewind() {
  for (auto& reader : readers_) back_to_cursor(*reader);
}

void JournalSource::back_to_cursor(Reader& reader) {
  const std::lock_guard lock(reader.mutex);
  reader.at_cursor = false;
  reader.interrupt.request_stop();
}

}  // namespace mesher::nodes
