#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "nodes/event.hpp"

/// The event as fingerprints and titles see it: its main exception, the frame that crashed, its variables.
namespace mesher::nodes {

/// The exception that names the event: the last one; the cause of wrappers that only say that there is one (React's
/// recovered rendering errors, RxJava's undeliverable ones). Null: there is none.
const Exception* main_exception(const Event& event);

/// Newest in-app frame of the main exception, the event's own stack or its single thread; else the newest one; or null.
const Frame* crash_frame(const Event& event);

/// "{{ transaction }}" -> "transaction"; nothing if the entry is not exactly one variable.
std::optional<std::string_view> variable_name(std::string_view entry);

/// Value of a variable other than `default`, as it stands in a fingerprint; "<no-…>" if the event has none. Views point
/// into the event or into `scratch`.
std::string_view variable(const Event& event, std::string_view name, std::string& scratch);

}  // namespace mesher::nodes
