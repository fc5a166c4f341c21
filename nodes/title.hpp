#pragma once

#include <string_view>

#include "nodes/event.hpp"

/// What people call an event.
namespace mesher::nodes {

/// "ValueError: the first line of its value"; without a telling type the function that crashed; for messages their
/// first line. At most 256 characters of value or message. Never empty.
std::string_view title_of(const Event& event, Arena& arena);

/// The first line of a title that somebody wrote, cut to 256 characters.
std::string_view cut_title(std::string_view text, Arena& arena);

/// Where: the transaction if the event names one; else "module in function" of the frame that crashed, for JavaScript
/// "function(module)". At most 200 characters; may be empty.
std::string_view culprit_of(const Event& event, Arena& arena);

}  // namespace mesher::nodes
