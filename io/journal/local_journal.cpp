#include "io/journal/local_journal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <limits>
#include <utility>

#include "graph/base/log.hpp"
#include "io/journal/identity.hpp"
#include "io/journal/recovery.hpp"

namespace mesher::io::journal {
namespace {

constexpr std::uint64_t kMinQuota = 1 << 20;
constexpr std::uint64_t kMaxBlockBytes = 256 << 20;
constexpr std::uint32_t kMaxPartitions = 1024;  // arbitrary; a file with a silly name must not cost much
/// What is on its way to one partition before the next takes a share: a few hundred events of the usual size.
constexpr std::uint64_t kFewBytes = 512 << 10;
constexpr auto kReadRetryPause = std::chrono::seconds(1);

void wait_a_moment(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, kReadRetryPause, [] { return false; });
}

std::string_view reason_of(Trouble trouble) {
  switch (trouble) {
    case Trouble::quota:
      return "journal quota reached";
    case Trouble::disk:
      return "disk full";
    case Trouble::write:
      break;
  }
  return "write error";
}

}  // namespace

LocalJournal::LocalJournal(LocalJournalOptions options, Metrics& metrics)
    : options_(std::move(options)),
      env_(options_.env != nullptr ? *options_.env : Env::posix()),
      clock_(options_.clock != nullptr ? *options_.clock : system_clock_),
      figures_(metrics) {
  options_.partitions = std::clamp<std::uint32_t>(options_.partitions, 1, kMaxPartitions);
  options_.max_bytes = std::max(options_.max_bytes, kMinQuota);
  // Drained, each partition still holds one segment, and one block may have made it larger: the shares below leave half
  // of the quota for the next block, so a drained journal always takes one.
  options_.segment_bytes =
      std::min(options_.segment_bytes, options_.max_bytes / (std::uint64_t{8} * options_.partitions));
  max_block_bytes_ = std::min(kMaxBlockBytes, options_.max_bytes / (std::uint64_t{4} * options_.partitions));
}

LocalJournal::~LocalJournal() {
  for (auto& partition : partitions_) partition->writer.reset();
}

Result<std::unique_ptr<LocalJournal>> LocalJournal::open(LocalJournalOptions options, Metrics& metrics) {
  std::unique_ptr<LocalJournal> journal(new LocalJournal(std::move(options), metrics));
  if (auto status = journal->start(); !status) return status.error();
  return journal;
}

Status LocalJournal::start() {
  const auto directory = options_.directory.string();
  if (auto status = env_.create_directories(directory); !status) return status;
  auto lock = env_.lock(directory + "/lock");
  if (!lock) return lock.error();
  lock_ = std::move(lock).value();

  auto recovered = recover(env_, directory);
  if (!recovered) return recovered.error();
  id_ = recovered->id;
  if (!recovered->id_is_stored) {
    auto status = write_identity(env_, directory, id_);
    // Without segments the id lives in this file only; with them it can wait for the next start.
    if (!status && recovered->partitions.empty()) return status;
  }

  SegmentFiles::Options files;
  files.directory = directory;
  files.id = id_;
  files.max_bytes = options_.max_bytes;
  files.min_free_disk = options_.min_free_disk;
  files.segment_bytes = options_.segment_bytes;
  files.spare_bytes = options_.segment_bytes * options_.partitions;
  files.prepare_ahead = options_.prepare_ahead;
  files_ = std::make_unique<SegmentFiles>(env_, std::move(files), figures_, recovered->next_number,
                                          recovered->segment_bytes, std::move(recovered->spares));
  auto count = options_.partitions;
  for (const auto& [number, partition] : recovered->partitions) {
    if (number < options_.partitions || number >= kMaxPartitions || partition.next == 0) continue;
    count = std::max(count, number + 1);
  }
  // Before a segment is written again: one behind it that was removed must not come back after a power cut, with a
  // header that says the segment ended where it did then.
  const bool names_are_durable = bool(env_.sync_directory(directory));
  for (std::uint32_t number = 0; number < count; ++number) {
    auto& partition = recovered->partitions[number];
    partition.resumable = partition.resumable && names_are_durable;
    add_partition(number, std::move(partition));
  }
  return {};
}

void LocalJournal::add_partition(std::uint32_t number, RecoveredPartition recovered) {
  auto partition = std::make_unique<Partition>();
  const bool writes = number < options_.partitions;

  // Readers get only what is durable: after a kill the last group may be whole in the page cache and not on the disk.
  std::unique_ptr<File> file;
  std::shared_ptr<Segment> last;
  if (!recovered.segments.empty()) {
    last = recovered.segments.back();
    auto opened = env_.open(last->path, OpenMode::write);
    if (opened && (*opened)->sync()) file = std::move(opened).value();
  }
  partition->log =
      std::make_unique<SegmentLog>(*files_, figures_, std::move(recovered.segments), recovered.end, writes);
  partition->reader = std::make_unique<Reader>(env_, *partition->log, figures_);
  if (writes) {
    Tail tail(*files_, *partition->log, figures_, number, recovered.next);
    if (file != nullptr && recovered.resumable) tail.resume(std::move(file), std::move(last));
    partition->writer = std::make_unique<Writer>(std::move(tail), *files_, figures_, clock_, options_.max_queued_bytes);
  }
  partitions_.push_back(std::move(partition));
}

void LocalJournal::ensure_next_at_least(std::uint32_t partition, std::uint64_t sequence) {
  MESHER_ASSERT(partition < partitions_.size());
  MESHER_ASSERT(sequence < kMaxSequence / 2);
  if (auto& writer = partitions_[partition]->writer) writer->advance_to(sequence);
}

std::string LocalJournal::id() const {
  return to_text(id_);
}

void LocalJournal::append(nodes::ports::AppendBlock block, Appended done) {
  append(least_busy(), std::move(block), std::move(done));
}

std::uint32_t LocalJournal::least_busy() const {
  std::uint32_t best = 0;
  auto fewest = std::numeric_limits<std::uint64_t>::max();
  for (std::uint32_t p = 0; p < options_.partitions; ++p) {
    const auto bytes = partitions_[p]->writer->unsettled_bytes();
    if (bytes < kFewBytes) return p;
    if (bytes < fewest) {
      fewest = bytes;
      best = p;
    }
  }
  return best;
}

void LocalJournal::append(std::uint32_t partition, nodes::ports::AppendBlock block, Appended done) {
  MESHER_ASSERT(block.ends.empty() ? block.bytes.empty() : block.ends.back() == block.bytes.size());
  if (block.ends.empty()) return done({});
  if (block.bytes.size() + block.ends.size() * sizeof(std::uint32_t) > max_block_bytes_) {
    figures_.refused_records.add(block.ends.size());
    return done(Error{
        ErrorCode::too_large,
        fmt::format("{} bytes at once are more than the journal takes ({})", block.bytes.size(), max_block_bytes_),
        "send smaller batches, or raise journal.max_size"});
  }
  partitions_[partition % options_.partitions]->writer->append(std::move(block), std::move(done));
}

std::optional<nodes::ports::ReadChunk> LocalJournal::read(std::uint32_t partition, std::uint64_t from,
                                                          std::size_t max_records, std::size_t max_bytes,
                                                          std::stop_token stop) {
  MESHER_ASSERT(partition < partitions_.size());
  auto& source = *partitions_[partition];
  while (source.log->wait_for(from, stop)) {
    std::optional<Error> error;
    {
      const std::lock_guard lock(source.reading);
      auto chunk = source.reader->read(from, max_records, max_bytes);
      if (chunk && !chunk->entries.empty()) return std::move(chunk).value();
      if (chunk) {
        from = std::max(from, chunk->next);
      } else {
        error = chunk.error();
      }
    }
    if (error) {
      log::warn("journal", "{}; trying again", error->message);
      wait_a_moment(stop);
    }
  }
  return std::nullopt;
}

void LocalJournal::release(std::uint32_t partition, std::uint64_t sequence) {
  MESHER_ASSERT(partition < partitions_.size());
  partitions_[partition]->log->release(sequence);
}

nodes::ports::JournalStatus LocalJournal::status() const {
  nodes::ports::JournalStatus out;
  out.bytes = files_->bytes();
  out.quota = options_.max_bytes;
  for (const auto& partition : partitions_) {
    out.records_waiting += partition->log->waiting();
    out.damaged_records += partition->reader->damaged_records();
    out.damaged_bytes += partition->reader->damaged_bytes();
    if (partition->writer == nullptr || !out.accepting) continue;
    if (const auto refusal = partition->writer->trouble()) {
      out.accepting = false;
      out.reason = reason_of(refusal->trouble);
    }
  }
  return out;
}

}  // namespace mesher::io::journal
