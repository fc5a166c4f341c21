#pragma once

#include <span>
#include <string_view>

#include "nodes/event.hpp"

namespace mesher::nodes {

/// Frames, oldest first, of a stack trace in the textual form of Java, .NET, JavaScript (V8 and Firefox/Safari),
/// Python, Go, PHP or Ruby. Of a Java trace with causes, the frames of the exception that was finally raised. Lines
/// that look like no frame are passed over; none found: empty. Views point into `text`, the frames into the arena.
[[nodiscard]] std::span<const Frame> parse_trace_text(std::string_view text, Arena& arena);

}  // namespace mesher::nodes
