#pragma once

#include <filesystem>
#include <string>

#include "graph/base/result.hpp"

namespace mesher::cluster {

/// The secret that the nodes of a cluster share: `given`, or else what `file` holds, without blanks around it. Errors:
/// invalid (neither, both, or shorter than 16 characters), not_found, denied.
[[nodiscard]] Result<std::string> shared_secret(const std::string& given, const std::filesystem::path& file);

}  // namespace mesher::cluster
