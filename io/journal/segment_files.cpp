#include "io/journal/segment_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "graph/base/log.hpp"

namespace mesher::io::journal {
namespace {

std::string in_mib(std::uint64_t bytes) {
  return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / (1 << 20));
}

}  // namespace

std::string_view zeros_to_page_end(std::uint64_t offset, std::uint64_t file_bytes) {
  static constexpr std::uint64_t kPage = 4096;
  static constexpr std::array<char, kPage> kZeros{};
  const auto end = (offset + kPage - 1) / kPage * kPage;
  return end <= file_bytes ? std::string_view(kZeros.data(), end - offset) : std::string_view();
}

SegmentFiles::SegmentFiles(Env& env, Options options, Figures& figures, std::uint64_t next_number,
                           std::uint64_t segment_bytes, std::vector<DirectoryEntry> spares)
    : env_(env), options_(std::move(options)), figures_(figures), next_number_(next_number), bytes_(segment_bytes) {
  std::uint64_t kept = 0;
  for (const auto& [name, bytes] : spares) {
    bytes_ += bytes;
    if (bytes * 2 >= options_.segment_bytes && kept + bytes <= options_.spare_bytes) {
      kept += bytes;
      spares_.push_back({path_of(name), bytes});
    } else {
      remove(path_of(name), bytes);
    }
  }
  figures_.bytes.set(static_cast<std::int64_t>(this->bytes()));
}

SegmentFiles::~SegmentFiles() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

Result<SegmentFiles::Created> SegmentFiles::create(std::uint32_t partition, std::uint64_t previous_end,
                                                   std::uint64_t base) {
  auto segment = std::make_shared<Segment>();
  segment->number = next_number_++;
  segment->key = segment_key(options_.id, partition, segment->number);
  segment->path = path_of(segment_name(partition, segment->number));
  segment->previous_end = previous_end;
  segment->base = segment->end = base;
  segment->end_offset = kSegmentHeaderBytes;

  auto mode = OpenMode::create;
  if (const auto spare = take_spare()) {
    if (env_.rename(spare->path, segment->path)) {
      segment->file_bytes = spare->bytes;
      mode = OpenMode::write;
    } else {
      remove(spare->path, spare->bytes);
    }
  }
  auto file = env_.open(segment->path, mode);
  Status status = file ? env_.sync_directory(options_.directory) : Status(file.error());
  if (status) {
    const auto header = encode(SegmentHeader{options_.id, partition, segment->number, previous_end, base});
    const std::array<std::string_view, 2> pieces{std::string_view(header.data(), header.size()),
                                                 zeros_to_page_end(header.size(), segment->file_bytes)};
    status = (*file)->write(0, pieces);
    if (status) status = (*file)->sync();
  }
  if (!status) {
    if (file || mode == OpenMode::write) remove(segment->path, segment->file_bytes);
    return status.error();
  }
  if (mode == OpenMode::create) {
    segment->file_bytes = kSegmentHeaderBytes;
    bytes_ += kSegmentHeaderBytes;
  }
  return Created{std::move(file).value(), std::move(segment)};
}

std::optional<Refusal> SegmentFiles::grow(std::uint64_t bytes) {
  auto refusal = check(bytes);
  if (refusal) {
    drop_spares();
    refusal = check(bytes);
  }
  if (refusal) return refusal;
  const auto before = bytes_.fetch_add(bytes, std::memory_order_relaxed);
  if (bytes > 0 && before + bytes > options_.max_bytes) {  // somebody else was faster
    bytes_.fetch_sub(bytes, std::memory_order_relaxed);
    return check(bytes).value_or(quota_reached(before));
  }
  figures_.bytes.set(static_cast<std::int64_t>(before + bytes));
  return std::nullopt;
}

std::optional<Refusal> SegmentFiles::check(std::uint64_t bytes) {
  if (!disk_has(bytes)) {
    return Refusal{
        Trouble::disk,
        {ErrorCode::exhausted,
         fmt::format("journal is full: less than {} free on the disk", in_mib(options_.min_free_disk + bytes)),
         fmt::format("free space in {}", options_.directory)}};
  }
  const auto used = this->bytes();
  if (bytes > 0 && used + bytes > options_.max_bytes) return quota_reached(used);
  return std::nullopt;
}

Refusal SegmentFiles::quota_reached(std::uint64_t used) const {
  return {
      Trouble::quota,
      {ErrorCode::exhausted, fmt::format("journal is full: {} of {} in use", in_mib(used), in_mib(options_.max_bytes)),
       "events wait to be stored: see the database's health, or raise journal.max_size"}};
}

void SegmentFiles::shrink(std::uint64_t bytes) {
  const auto before = bytes_.fetch_sub(bytes, std::memory_order_relaxed);
  figures_.bytes.set(static_cast<std::int64_t>(before - bytes));
  if (bytes > 0) times_freed_.fetch_add(1, std::memory_order_relaxed);
}

void SegmentFiles::retire(const Segment& segment, bool reusable) {
  if (reusable && keep_spare(segment)) {
    times_freed_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  remove(segment.path, segment.file_bytes);
}

bool SegmentFiles::keep_spare(const Segment& segment) {
  const auto bytes = segment.file_bytes;
  if (bytes * 2 < options_.segment_bytes || bytes > options_.segment_bytes * 2) return false;
  if (!disk_has(options_.spare_bytes)) return false;
  const std::lock_guard lock(mutex_);
  auto kept = bytes;
  for (const auto& spare : spares_) kept += spare.bytes;
  if (kept > options_.spare_bytes) return false;
  const auto path = path_of(spare_name(segment.number));
  if (!env_.rename(segment.path, path)) return false;
  spares_.push_back({path, bytes});
  return true;
}

std::optional<SegmentFiles::Spare> SegmentFiles::take_spare() {
  const std::lock_guard lock(mutex_);
  if (spares_.empty()) return std::nullopt;
  auto spare = std::move(spares_.back());
  spares_.pop_back();
  return spare;
}

void SegmentFiles::drop_spares() {
  std::vector<Spare> dropped;
  {
    const std::lock_guard lock(mutex_);
    dropped.swap(spares_);
  }
  for (const auto& spare : dropped) remove(spare.path, spare.bytes);
}

bool SegmentFiles::remove(const std::string& path, std::uint64_t bytes) {
  const auto status = env_.remove(path);
  if (!status && status.error().code != ErrorCode::not_found) {
    log::warn("journal", "{}; it stays until the next start", status.error().message);
    return false;
  }
  shrink(bytes);
  return true;
}

bool SegmentFiles::disk_has(std::uint64_t bytes) {
  const auto free = env_.free_space(options_.directory);
  // Unknown is not full: the write itself will tell.
  return !free || *free >= options_.min_free_disk + bytes;
}

void SegmentFiles::prepare(std::uint64_t bytes) {
  if (!options_.prepare_ahead) return;
  const std::lock_guard lock(mutex_);
  auto have = bytes;
  for (const auto& spare : spares_) have += spare.bytes;
  for (const auto wanted : wanted_) have += wanted;
  if (have > options_.spare_bytes || stopping_) return;
  wanted_.push_back(bytes);
  if (thread_.joinable()) {
    wake_.notify_all();
  } else {
    thread_ = std::thread([this] { run(); });
  }
}

void SegmentFiles::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (wanted_.empty()) {
      wake_.wait(lock);
      continue;
    }
    const auto bytes = wanted_.front();
    lock.unlock();
    write_spare(bytes);
    lock.lock();
    wanted_.erase(wanted_.begin());
  }
}

void SegmentFiles::write_spare(std::uint64_t bytes) {
  constexpr std::uint64_t kStep = 1 << 20;
  // At most a fourth of the disk's time: those who wait for a sync hardly feel it. A quick disk is done long before the
  // segment in use is full, even under load; on a slow one under load, segments grow as they are written.
  constexpr int kPauses = 3;
  constexpr std::chrono::steady_clock::duration kMinPause = std::chrono::milliseconds(1);
  if (this->bytes() + bytes * 4 > options_.max_bytes || !disk_has(bytes * 4)) return;
  const auto path = path_of(spare_name(next_number_++));
  auto file = env_.open(path, OpenMode::create);
  if (!file) return;
  std::uint64_t written = 0;
  bool healthy = true;
  while (healthy && written < bytes) {
    const auto step = std::min(kStep, bytes - written);
    healthy = !grow(step);
    if (!healthy) break;
    const auto began = std::chrono::steady_clock::now();
    healthy = bool((*file)->write_zeros(written, step));
    written += step;
    if (healthy && written == bytes) healthy = bool((*file)->sync());
    const auto pause = std::max(kMinPause, kPauses * (std::chrono::steady_clock::now() - began));
    std::unique_lock lock(mutex_);
    healthy = healthy && !wake_.wait_for(lock, pause, [this] { return stopping_; });
  }
  if (!healthy) {
    remove(path, written);
    return;
  }
  const std::lock_guard lock(mutex_);
  spares_.push_back({path, written});
}

}  // namespace mesher::io::journal
