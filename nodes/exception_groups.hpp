#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "nodes/event.hpp"

/// Exception groups (Python's ExceptionGroup, JavaScript's AggregateError, .NET's AggregateException): several errors
/// in one event, linked by mechanism.exception_id and parent_id.
namespace mesher::nodes {

/// Fills `chosen` with the indices, in the event's order, of the exceptions that take part in grouping. Without a
/// well-formed group: all. With one: the errors that the group was made for, equal ones (by `key`) once, so that five
/// failures of one kind are the same issue as three; the group itself only if errors of several kinds are left.
void top_level_exceptions(const Event& event, std::vector<std::uint32_t>& chosen,
                          const std::function<std::uint64_t(std::uint32_t)>& key);

/// The crashed thread if there is exactly one; else the current one if exactly one; else the only one; else null.
const Thread* thread_that_speaks(const Event& event);

}  // namespace mesher::nodes
