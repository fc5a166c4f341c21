#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "nodes/ports/journal.hpp"

namespace mesher::demo {

/// A journal of one partition that keeps its records in memory until they are stored. Any thread.
class MemoryJournal final : public nodes::ports::Journal {
 public:
  explicit MemoryJournal(std::string id) : id_(std::move(id)) {}

  [[nodiscard]] std::uint32_t partitions() const override { return 1; }
  [[nodiscard]] std::string id() const override { return id_; }
  void append(nodes::ports::AppendBlock block, Appended done) override;
  std::optional<nodes::ports::ReadChunk> read(std::uint32_t partition, std::uint64_t from, std::size_t max_records,
                                              std::size_t max_bytes, std::stop_token stop) override;
  void release(std::uint32_t partition, std::uint64_t sequence) override;
  [[nodiscard]] nodes::ports::JournalStatus status() const override;

  /// Waits until all records are released. False: none was for `patience`.
  bool wait_released(std::chrono::seconds patience);

 private:
  const std::string id_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<std::string> records_;  // guarded by mutex_, as all below
  std::uint64_t first_ = 0;          // sequence of records_.front()
};

}  // namespace mesher::demo
