#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <vector>

#include "graph/node.hpp"
#include "nodes/committer.hpp"
#include "nodes/door_first.hpp"
#include "nodes/ports/journal.hpp"

namespace mesher::nodes {

/// The graph's source: reads the journal's partitions in order from the database's cursors on, gives finished batches
/// to the Committer, and lets the journal remove what is stored. Sets the Committer's callbacks.
class JournalSource final : public graph::Source {
 public:
  struct Options {
    std::size_t batch_records = 256;
    std::size_t batch_bytes = 2 * 1024 * 1024;
    /// Behind a batch that was not full, until the next read of the same partition: fewer and fuller batches when
    /// records come quickly; what comes after a lull is read at once.
    std::chrono::milliseconds pause{10};
  };
  /// `door_first`, if given, says how long to wait behind a full batch.
  JournalSource(ports::Journal& journal, Committer& committer, Options options, DoorFirst* door_first = nullptr);

  [[nodiscard]] std::uint32_t partitions() const override;
  [[nodiscard]] std::string_view produces() const override { return "records"; }
  std::optional<Item> next(std::uint32_t partition, std::stop_token stop) override;
  void settled(graph::Origin origin, std::unique_ptr<graph::Ledger> ledger) override;
  void rewind() override;

 private:
  struct Reader {
    std::mutex mutex;
    bool at_cursor = false;      ///< false: ask for the stored cursor before the next read
    std::stop_source interrupt;  ///< ends a read that waits at the journal's end
    std::uint64_t position = 0;
    std::uint64_t sequence = 0;  ///< of the next batch; never goes back, so that late ones of before are recognised
    std::chrono::steady_clock::time_point not_before{};  ///< the next read; touched by next() alone
  };

  void back_to_cursor(Reader& reader);
  [[nodiscard]] std::chrono::steady_clock::time_point next_read(bool full) const;
  void pause(Reader& reader, const std::stop_token& stop);

  ports::Journal& journal_;
  Committer& committer_;
  const Options options_;
  DoorFirst* const door_first_;
  std::vector<std::unique_ptr<Reader>> readers_;
};

}  // namespace mesher::nodes
