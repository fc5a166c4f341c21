#pragma once

#include <string>
#include <vector>

#include "graph/batch.hpp"
#include "graph/node.hpp"
#include "graph/supervisor.hpp"

namespace mesher::graph {

/// What came of a batch that a node threw on.
struct Guarded {
  struct Poison {
    Batch item;  ///< a batch of one
    std::string reason;
  };
  std::vector<Batch> done;     ///< processed, in order
  std::vector<Poison> poison;  ///< failed alone
  std::vector<Batch> again;    ///< not empty: the node is to be made anew and to process these, in order
  std::size_t errors = 0;
};

/// Calls node.process(); what it throws is in the answer. No exception leaves.
[[nodiscard]] bool process_once(Node& node, Batch& batch, std::string& reason) noexcept;

/// Finds out which items make the node throw: halves the failed batch until they stand alone. `first_reason`: of the
/// failure that brought it here. `retried`: a new node was made for this batch already, so whatever fails is poison.
[[nodiscard]] Guarded process_apart(Node& node, Batch failed, std::string first_reason, Supervisor& supervisor,
                                    bool retried);

/// Takes the second half of the items (of two or more) away into a piece with the same receipt and slot.
[[nodiscard]] Batch split_half(Batch& batch);

}  // namespace mesher::graph
