#include "io/demo/memory_journal.hpp"

#include <algorithm>
#include <utility>

namespace mesher::demo {

void MemoryJournal::append(nodes::ports::AppendBlock block, Appended done) {
  {
    const std::lock_guard lock(mutex_);
    std::size_t begin = 0;
    for (const auto end : block.ends) {
      records_.push_back(block.bytes.substr(begin, end - begin));
      begin = end;
    }
  }
  changed_.notify_all();
  done({});
}

std::optional<nodes::ports::ReadChunk> MemoryJournal::read(std::uint32_t, std::uint64_t from, std::size_t max_records,
                                                           std::size_t max_bytes, std::stop_token stop) {
  std::unique_lock lock(mutex_);
  const bool there = changed_.wait(lock, stop, [&] { return first_ + records_.size() > from; });
  if (!there) return std::nullopt;
  nodes::ports::ReadChunk chunk;
  chunk.first = std::max(from, first_);
  auto memory = std::make_shared<std::string>();
  std::vector<std::size_t> ends;
  for (auto at = chunk.first - first_; at < records_.size() && ends.size() < max_records; ++at) {
    if (!ends.empty() && memory->size() + records_[at].size() > max_bytes) break;
    memory->append(records_[at]);
    ends.push_back(memory->size());
  }
  memory->append(nodes::ports::kReadPadding, '\0');
  std::size_t begin = 0;
  for (const auto end : ends) {
    chunk.entries.push_back(std::string_view(*memory).substr(begin, end - begin));
    begin = end;
  }
  chunk.next = chunk.first + ends.size();
  chunk.memory = std::move(memory);
  return chunk;
}

void MemoryJournal::release(std::uint32_t, std::uint64_t sequence) {
  {
    const std::lock_guard lock(mutex_);
    while (first_ < sequence && !records_.empty()) {
      records_.pop_front();
      ++first_;
    }
  }
  changed_.notify_all();
}

nodes::ports::JournalStatus MemoryJournal::status() const {
  const std::lock_guard lock(mutex_);
  nodes::ports::JournalStatus status;
  status.records_waiting = records_.size();
  return status;
}

bool MemoryJournal::wait_released(std::chrono::seconds patience) {
  std::unique_lock lock(mutex_);
  // Seconds in which this process ran: one that was stopped for a while has not waited.
  for (auto left = patience; !records_.empty(); left -= std::chrono::seconds(1)) {
    if (left <= std::chrono::seconds(0)) return false;
    const auto before = first_;
    const bool moved =
        changed_.wait_for(lock, std::chrono::seconds(1), [&] { return records_.empty() || first_ != before; });
    if (moved) left = patience + std::chrono::seconds(1);
  }
  return true;
}

}  // namespace mesher::demo
