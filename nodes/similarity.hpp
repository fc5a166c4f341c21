#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "nodes/event.hpp"

/// How alike two errors are that grouping keeps apart.
///
/// An event is a set of features: types of its exceptions, words of its message or values without what is a value in
/// them (normalise.hpp), and the frames that take part in grouping, the app's and those next to the crash counting
/// more. The share of features that two sets have in common (Jaccard) is estimated by MinHash (A. Broder, "On the
/// resemblance and containment of documents", 1997): of kSimilarityHashes hash functions, the share whose minimum over
/// the set is the same. The estimate is off by 0.07 (one standard deviation) at most. Changing anything here makes old
/// signatures worthless.
namespace mesher::nodes {

constexpr std::size_t kSimilarityHashes = 48;

/// 2 bytes for each hash function. Empty: the event says nothing to compare.
[[nodiscard]] std::string similarity_signature(const Event& event);

/// 0 to 1; 0 if one of them is no signature.
[[nodiscard]] double likeness(std::string_view a, std::string_view b);

}  // namespace mesher::nodes
