#pragma once

#include <span>
#include <string_view>

#include "nodes/event.hpp"
#include "nodes/event_json.hpp"

/// The parts of an event that hold stacks: exceptions, threads, the event's own stack.
namespace mesher::nodes {

/// `{"frames":[…]}`, a list of frames, or the text of a trace. `path` names it in notes.
[[nodiscard]] std::span<const Frame> read_stacktrace(Json value, std::string_view path, ReadContext& context);

/// `{"values":[…]}`, a list, or one object. Exceptions that say nothing are left out.
[[nodiscard]] std::span<Exception> read_exceptions(Json value, ReadContext& context);

/// `{"values":[…]}` or a list; only threads with a stack.
[[nodiscard]] std::span<const Thread> read_threads(Json value, ReadContext& context);

}  // namespace mesher::nodes
