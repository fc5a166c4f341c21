#pragma once

#include <string>

#include "io/api/body.hpp"

namespace mesher::api {

/// The member `settings` of a body, checked against the table of settings: unknown ones are refused with a suggestion,
/// each value with its place. Null where there is none. A new setting is one line in settings_patch.cpp, beside its
/// reading in io/postgres/project_settings.cpp.
[[nodiscard]] Json read_settings(Call& call, Body& body);

/// What is stored, with what the caller gave in place of it; `null` puts a setting back to its default.
[[nodiscard]] std::string patched_settings(const std::string& stored, const Json& given);

}  // namespace mesher::api
