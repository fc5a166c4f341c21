#pragma once

#include <string>

#include "nodes/ports/event_store.hpp"

namespace mesher::postgres {

/// The words (nodes/query/words.hpp) of title, culprit, type, message and frames of a new issue, as text of a tsvector.
[[nodiscard]] std::string words_of(const nodes::ports::IssueStore::Wanted& issue);

}  // namespace mesher::postgres
