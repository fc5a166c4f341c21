#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "graph/base/metrics.hpp"
#include "nodes/issue_directory.hpp"
#include "nodes/pipeline_ledger.hpp"
#include "nodes/ports/event_store.hpp"

namespace mesher::nodes {

/// Stores what the graph has finished, in the journal's order: the second half of batch_write.
///
/// Batches of a partition settle in any order; the committer puts them back into sequence and stores runs of
/// consecutive ones in one transaction each (EventStore::commit), which also moves the partition's cursor. While the
/// database is away it retries with back-off; the graph's window then stops the reader, and the journal grows.
/// Afterwards the batches go back to batch_write, which sends them on to the live branches.
///
/// One writer thread per partition. Public methods: any thread.
class Committer {
 public:
  /// What lies behind one settled batch: the entries [from, to) of the journal.
  struct Range {
    std::uint64_t from = 0;
    std::uint64_t to = 0;
  };
  struct Options {
    std::string journal_id;
    std::uint32_t partitions = 1;
    std::size_t max_events = 4096;  ///< in one transaction, a batch over it stands alone
    /// From the beginning of a transaction to that of the next, unless half of max_events wait: fewer and larger ones
    /// under load. What comes after a lull is stored at once.
    std::chrono::milliseconds pause{30};
  };

  Committer(ports::EventStore& store, IssueDirectory& issues, Metrics& metrics, Options options);
  ~Committer();  ///< as stop()
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;

  /// Called by a writer thread when everything below `position` is stored. Set before the first settled().
  std::function<void(std::uint32_t partition, std::uint64_t position)> on_stored;

  /// Called by a writer thread when somebody else moved the cursor, so that what is in flight here must not be stored;
  /// the partition then takes nothing until restart().
  std::function<void(std::uint32_t partition)> on_conflict;

  /// Takes a finished batch, the `sequence`-th of its partition. Those from before the last restart() are let go.
  void settled(std::uint32_t partition, std::uint64_t sequence, Range range, PipelineLedger::Contents books);

  /// Begins anew: waits for a transaction under way, lets go of what waits, and answers with the stored cursor, where
  /// the batch `first_sequence` will begin. Blocks; retries while the database is away. Nothing if `stop` was
  /// requested.
  std::optional<std::uint64_t> restart(std::uint32_t partition, std::uint64_t first_sequence,
                                       const std::stop_token& stop);

  /// Ends the writer threads; batches not stored yet stay in the journal.
  void stop();

  /// Why nothing can be stored at the moment; empty: all is well.
  [[nodiscard]] std::string trouble() const;

 private:
  struct Settled {
    Range range;
    PipelineLedger::Contents books;

    [[nodiscard]] std::size_t events() const;
  };
  struct Writer;
  struct Run;

  void write(Writer& writer, const std::stop_token& stop);
  std::vector<Settled> next_run(Writer& writer, const std::stop_token& stop);
  enum class Outcome : std::uint8_t { stored, abandoned, conflict };
  Outcome store_run(Writer& writer, std::vector<Settled>& run, const std::stop_token& stop);
  Outcome commit(Writer& writer, ports::WriteSet& set, ports::Committed& committed, const std::stop_token& stop);
  Outcome isolate_poison(Writer& writer, ports::WriteSet& set, ports::Committed& committed,
                         const std::stop_token& stop);
  bool find_issues_anew(ports::WriteSet& set);
  static void hand_back(std::vector<Settled>& run, const ports::WriteSet& set, ports::Committed committed);

  ports::EventStore& store_;
  IssueDirectory& issues_;
  const Options options_;
  Counter& transactions_;
  Counter& stored_events_;
  Counter& failures_;
  Histogram& commit_seconds_;
  std::vector<std::unique_ptr<Writer>> writers_;
};

}  // namespace mesher::nodes
