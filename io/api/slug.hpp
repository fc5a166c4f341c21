#pragma once

#include <optional>
#include <string>

#include "io/api/body.hpp"

namespace mesher::api {

/// The member `slug` of a body: lower-case letters, digits and dashes, at most 60, at least one letter or digit.
[[nodiscard]] std::optional<std::string> read_slug(Body& body);

/// As above, or else one that is made of the name.
[[nodiscard]] std::optional<std::string> read_slug(Body& body, const std::string& name, const char* otherwise);

}  // namespace mesher::api
