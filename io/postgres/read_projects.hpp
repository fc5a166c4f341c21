#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "graph/base/clock.hpp"
#include "graph/base/result.hpp"

/// Organisations, projects and what belongs to them, for reading. Calls block; any thread. Errors: unavailable,
/// internal. Lists are ordered by id, at most `limit` of those with an id above `after`.
namespace mesher::postgres {

class Pool;

struct OrganizationRow {
  std::uint32_t id = 0;
  std::string slug, name;
  UnixMicros created_at = 0;
};
[[nodiscard]] Result<std::vector<OrganizationRow>> list_organizations(Pool& pool, const std::vector<std::uint32_t>& ids,
                                                                      std::uint32_t after, std::uint32_t limit);

struct ProjectRow {
  std::uint32_t id = 0, organization_id = 0;
  std::string slug, name, platform;
  std::string settings_json;  ///< as stored: what differs from the defaults
  UnixMicros created_at = 0;
};
[[nodiscard]] Result<std::vector<ProjectRow>> list_projects(Pool& pool, std::uint32_t organization_id,
                                                            std::uint32_t after, std::uint32_t limit);
/// All projects of these organisations.
[[nodiscard]] Result<std::vector<std::uint32_t>> project_ids(Pool& pool,
                                                             const std::vector<std::uint32_t>& organization_ids);
[[nodiscard]] Result<std::optional<ProjectRow>> find_project(Pool& pool, std::uint32_t id);

struct KeyRow {
  std::uint32_t id = 0;
  std::string name, public_key;
  bool enabled = true;
  std::uint32_t rate_limit_per_minute = 0;
  UnixMicros created_at = 0;
};
[[nodiscard]] Result<std::vector<KeyRow>> list_keys(Pool& pool, std::uint32_t project_id, std::uint32_t after,
                                                    std::uint32_t limit);

/// Sum over the keys of a project, for one hour.
struct OutcomeRow {
  UnixMicros hour = 0;
  std::string outcome, reason, category;
  std::int64_t quantity = 0;
};
/// Hours that begin in [from, to), oldest first.
[[nodiscard]] Result<std::vector<OutcomeRow>> list_outcomes(Pool& pool, std::uint32_t project_id, UnixMicros from,
                                                            UnixMicros to);

}  // namespace mesher::postgres
