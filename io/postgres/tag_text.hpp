#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nodes/event.hpp"

/// An event's tags as its row holds them (events.tags): RS key US value RS key US value RS, with ASCII's record and
/// unit separators (1E and 1F hex). The functions tag_value, has_any_tag and tag_pairs of the schema read it in SQL.
///
/// Rows are read whole by whoever lists events, so their size is what counts: with jsonb, eight tags took 197 bytes
/// instead of 146, and PostgreSQL parsed them for each event that it stored.
namespace mesher::postgres {

/// A longer key or value is cut in the row; the payload has it whole.
constexpr std::size_t kTagCharacters = 250;

/// Separators inside keys and values become spaces.
void append_tag_text(std::string& out, std::span<const nodes::Tag> tags);

/// Of text that append_tag_text() made; of anything else, what can be made of it.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> read_tag_text(std::string_view text);

}  // namespace mesher::postgres
