#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "io/journal/local_journal.hpp"
#include "memory_env.hpp"

namespace mesher::io::journal::test {

inline nodes::ports::AppendBlock block_of(const std::vector<std::string>& records) {
  nodes::ports::AppendBlock block;
  for (const auto& record : records) {
    block.bytes += record;
    block.ends.push_back(static_cast<std::uint32_t>(block.bytes.size()));
  }
  return block;
}

/// Appends and waits for the answer.
inline Status append(LocalJournal& journal, std::uint32_t partition, const std::vector<std::string>& records) {
  std::promise<Status> answer;
  auto future = answer.get_future();
  journal.append(partition, block_of(records), [&](Status status) { answer.set_value(std::move(status)); });
  return future.get();
}

struct ReadRecord {
  std::uint64_t sequence = 0;
  std::string bytes;
};

/// All records from `from` on, up to and without the one that is `last`.
inline std::vector<ReadRecord> read_until(LocalJournal& journal, std::uint32_t partition, std::uint64_t from,
                                          std::string_view last, std::size_t max_records = 100,
                                          std::size_t max_bytes = 1 << 20) {
  std::vector<ReadRecord> out;
  while (true) {
    const auto chunk = journal.read(partition, from, max_records, max_bytes, {});
    if (!chunk) return out;
    EXPECT_FALSE(chunk->entries.empty());
    EXPECT_LE(chunk->entries.size(), max_records);
    EXPECT_GE(chunk->first, from);
    EXPECT_EQ(chunk->next, chunk->first + chunk->entries.size());
    auto sequence = chunk->first;
    for (const auto entry : chunk->entries) {
      [[maybe_unused]] const volatile char behind = entry.data()[entry.size() + nodes::ports::kReadPadding - 1];
      if (entry == last) return out;
      out.push_back({sequence++, std::string(entry)});
    }
    from = chunk->next;
  }
}

/// What is there: appends a mark and reads up to it. The mark must be accepted.
inline std::vector<ReadRecord> read_all(LocalJournal& journal, std::uint32_t partition, std::uint64_t from = 0) {
  const std::string mark = "\x01the end\x01";
  const auto status = append(journal, partition, {mark});
  EXPECT_TRUE(status) << status.error().message;
  return status ? read_until(journal, partition, from, mark) : std::vector<ReadRecord>();
}

inline std::vector<std::string> bytes_of(const std::vector<ReadRecord>& records) {
  std::vector<std::string> out;
  for (const auto& record : records) out.push_back(record.bytes);
  return out;
}

/// A directory of its own under the system's temporary one, removed at the end.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "mesher-journal-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace mesher::io::journal::test
