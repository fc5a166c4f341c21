#pragma once

#include <string>

#include "nodes/query/words.hpp"

/// Texts to be found, in PostgreSQL's pattern languages. For query_sql.cpp.
namespace mesher::postgres {

/// Pattern of LIKE for a whole value.
[[nodiscard]] std::string like(const query::Text& text);

/// A regular expression that finds exactly what query::contains finds, letters beyond ASCII included, whatever the
/// database's locale.
[[nodiscard]] std::string regular_expression(const query::Needle& needle);

/// A pattern of ILIKE that every text with the needle fulfils; empty if there is none.
[[nodiscard]] std::string rough_pattern(const query::Needle& needle);

/// A tsquery for words that begin as the needle demands; empty if it demands none.
[[nodiscard]] std::string words_query(const query::Needle& needle);

}  // namespace mesher::postgres
