#pragma once

#include <mutex>
#include <string_view>
#include <vector>

#include "graph/batch.hpp"
#include "graph/node.hpp"
#include "nodes/ports/event_store.hpp"
#include "nodes/record.hpp"

namespace mesher::nodes {

/// The books of one journal batch: outcomes of what was dropped, what was quarantined, and what batch_write has left
/// here to be stored. Every event ends in exactly one place: deposited, counted, or quarantined.
///
/// An event that comes from quarantine for a second time (`replayed`) was counted as quarantined before: booking it
/// takes that back (quantity −1), so that the sums stay what was sent.
///
/// Any thread may call; what take_* gives away is gone from here.
class PipelineLedger : public graph::Ledger {
 public:
  struct Deposit {
    graph::Batch batch;
    graph::AsyncNode::Done done;
  };
  struct Contents {
    std::vector<OutcomeCount> outcomes;  ///< one entry per distinct line of the books
    std::vector<ports::QuarantinedRecord> quarantined;
    std::vector<Feedback> feedback;
    std::vector<Deposit> deposits;
  };

  void dropped(const graph::Content& content, std::size_t item, graph::DropReason reason) override;
  void quarantined(const graph::Content& content, std::size_t item, std::string_view node,
                   std::string_view reason) override;

  /// Adds a line to the books.
  void count(OutcomeCount outcome);
  /// Leaves what a user said to be stored, and counts it as accepted.
  void keep(Feedback feedback, std::uint32_t key_id);
  /// An event that was replayed is now being stored: its former quarantine is taken back.
  void unquarantine(std::uint32_t project_id, std::uint32_t key_id, UnixMicros received);
  /// Leaves events to be stored when the source settles the batch; `done` is called with them after the commit.
  void deposit(graph::Batch batch, graph::AsyncNode::Done done);

  [[nodiscard]] Contents take();

 private:
  void count_locked(OutcomeCount outcome);

  std::mutex mutex_;
  Contents contents_;
};

}  // namespace mesher::nodes
