#pragma once

#include <filesystem>
#include <string>

#include "graph/base/result.hpp"

namespace mesher::auth {

/// A secret of this installation, kept in a file that only its owner can read; made at the first call. Whoever has the
/// database but not this file can't open what is sealed with it. Errors: unavailable, invalid (the file is empty).
[[nodiscard]] Result<std::string> load_or_make_secret(const std::filesystem::path& file);

}  // namespace mesher::auth
