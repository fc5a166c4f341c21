#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "graph/base/result.hpp"
#include "io/postgres/audit.hpp"
#include "io/postgres/connection.hpp"
#include "io/postgres/read_projects.hpp"
#include "nodes/alerts/engine.hpp"
#include "nodes/alerts/rule.hpp"

/// Alerts as rows. Calls block; any thread with its own connection. Errors: unavailable, internal.
namespace mesher::postgres {

/// Stores what fires, with a notice for each action of its rule; leaves out what has an open alert already, whose rule
/// cools down, and rules that are gone or off. Answers project, id of the alert, rule and key of those that were
/// stored. To be run in the transaction that stores what made them fire, as its last statement.
[[nodiscard]] Call store_firings(std::span<const nodes::alerts::Firing> firings);

/// Of an answer to store_firings().
struct StoredAlert {
  std::uint32_t project_id = 0;
  std::int64_t id = 0;
};
[[nodiscard]] std::vector<StoredAlert> stored_alerts(const Rows& answer);

/// Resolves open alerts whose window is quiet, or that are about a moment that is over, with a notice where the rule
/// wants it. Answers which.
[[nodiscard]] Result<std::vector<StoredAlert>> resolve_quiet(Connection& connection,
                                                             std::span<const nodes::alerts::Engine::Quiet> quiet);
[[nodiscard]] Result<std::vector<StoredAlert>> resolve_past_moments(Connection& connection);

/// Alerts of a project (or of all, for 0) that are open, or triggered so lately that their rule cools down.
struct KnownOfProject {
  std::uint32_t project_id = 0;
  std::vector<nodes::alerts::Known> known;
};
[[nodiscard]] Result<std::vector<KnownOfProject>> read_known(Connection& connection, std::uint32_t project_id);

/// Removes alerts that were resolved, and deliveries that ended, long ago; a bounded number at a time.
[[nodiscard]] Status prune_alerts(Connection& connection);

struct AlertRow {
  std::uint32_t project_id = 0;
  std::int64_t id = 0, rule_id = 0;
  std::string rule_name, kind, key, status, severity;
  double value = 0, threshold = 0;
  std::int64_t issue_id = 0;  ///< 0: about none
  std::int64_t issue_short_id = 0;
  std::string issue_title, issue_culprit, issue_level, issue_status;  ///< empty: none, or it is gone
  std::string project_slug, project_name;
  std::string event_id;  ///< empty: none
  UnixMicros triggered_at = 0;
  std::optional<UnixMicros> acknowledged_at, resolved_at;
  std::uint32_t acknowledged_by = 0, resolved_by = 0;  ///< 0: nobody
};

struct AlertListing {
  std::uint32_t project_id = 0;
  std::string status;                  ///< empty: any
  std::int64_t rule_id = 0;            ///< 0: any
  std::optional<std::int64_t> before;  ///< those with smaller ids
  std::uint32_t limit = 25;
};
/// Latest first.
[[nodiscard]] Result<std::vector<AlertRow>> list_alerts(Pool& pool, const AlertListing& listing);
[[nodiscard]] Result<std::vector<AlertRow>> find_alerts(Connection& connection, std::uint32_t project_id,
                                                        std::span<const std::int64_t> ids);
[[nodiscard]] Result<std::optional<AlertRow>> find_alert(Pool& pool, std::int64_t id,
                                                         const std::vector<std::uint32_t>& organization_ids);

/// What a person does: "acknowledged" (an active one) or "resolved" (an open one); anything else stays as it is.
/// Answers whether it changed.
[[nodiscard]] Result<bool> set_alert_status(Pool& pool, const ProjectRow& project, const AlertRow& alert,
                                            const std::string& status, const Actor& actor);

}  // namespace mesher::postgres
