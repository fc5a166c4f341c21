#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "graph/base/result.hpp"
#include "io/postgres/audit.hpp"
#include "io/postgres/read_projects.hpp"

/// Changes of projects and their DSN keys. Calls block; any thread. Each is one transaction with its entry in the audit
/// log; ingestion knows of it within a second, through the notification that a trigger sends. Errors: unavailable,
/// internal, and what is said at the function.
namespace mesher::postgres {

/// With a first key, "default". Error: conflict (hint "slug": the organisation has such a project).
[[nodiscard]] Result<ProjectRow> create_project(Pool& pool, const ProjectRow& project, const Actor& actor);

/// `edit` gets the row, locked, and changes slug, name, platform and settings_json, or answers false: then nothing is
/// changed. Nothing: no such project, or `edit` refused. Error: conflict (hint "slug").
[[nodiscard]] Result<std::optional<ProjectRow>> edit_project(Pool& pool, std::uint32_t id,
                                                             const std::function<bool(ProjectRow&)>& edit,
                                                             const Actor& actor);

/// The project and its keys are gone at once; what it has stored is removed in the background (sweep.hpp). False: no
/// such project.
[[nodiscard]] Result<bool> delete_project(Pool& pool, std::uint32_t id, const Actor& actor);

[[nodiscard]] Result<std::optional<KeyRow>> find_key(Pool& pool, std::uint32_t project_id, std::uint32_t key_id);

/// Error: conflict (the project has `most` keys already).
[[nodiscard]] Result<KeyRow> create_key(Pool& pool, const ProjectRow& project, const KeyRow& key, std::uint32_t most,
                                        const Actor& actor);

/// `edit` gets the row, locked, and changes name, enabled, rate_limit_per_minute or public_key, or answers false.
/// Nothing: no such key, or `edit` refused.
[[nodiscard]] Result<std::optional<KeyRow>> edit_key(Pool& pool, const ProjectRow& project, std::uint32_t key_id,
                                                     const std::function<bool(KeyRow&)>& edit, const Actor& actor);

/// False: no such key.
[[nodiscard]] Result<bool> delete_key(Pool& pool, const ProjectRow& project, std::uint32_t key_id, const Actor& actor);

}  // namespace mesher::postgres
