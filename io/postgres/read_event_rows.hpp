#pragma once

#include <string_view>

#include "io/postgres/read_events.hpp"
#include "io/postgres/rows.hpp"

/// For read_events.cpp and list_events.cpp.
namespace mesher::postgres {

/// The columns of `events e` that make an EventRow.
[[nodiscard]] std::string_view event_columns();
[[nodiscard]] EventRow event_of(const Rows& rows, std::size_t row);

}  // namespace mesher::postgres
