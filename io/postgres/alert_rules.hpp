#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "graph/base/result.hpp"
#include "io/postgres/audit.hpp"
#include "io/postgres/read_projects.hpp"
#include "nodes/alerts/rule.hpp"

/// Alert rules: kept, changed with their entry in the audit log, and read by the engine. Every change is notified to
/// all servers (kAlertsChannel, the project's id). Calls block; any thread. Errors: unavailable, internal, conflict.
namespace mesher::postgres {

constexpr const char* kAlertsChannel = "mesher_alerts";
constexpr std::uint32_t kMostAlertRules = 200;  ///< of a project

struct AlertRuleRow {
  std::uint32_t project_id = 0;
  std::int64_t id = 0;
  std::string name, severity = "warning", filter;
  bool enabled = true, notify_resolved = false;
  nodes::alerts::Condition condition;
  std::int64_t cooldown_seconds = 0;
  std::string actions_json = "[]";    ///< a list; secrets are sealed
  std::vector<std::string> channels;  ///< parallel to the actions
  std::int32_t version = 1;
  UnixMicros created_at = 0, updated_at = 0;
  std::uint32_t created_by = 0;
};

/// By id, above `after`.
[[nodiscard]] Result<std::vector<AlertRuleRow>> list_alert_rules(Pool& pool, std::uint32_t project_id,
                                                                 std::int64_t after, std::uint32_t limit);
/// If one of these organisations owns its project.
[[nodiscard]] Result<std::optional<AlertRuleRow>> find_alert_rule(Pool& pool, std::int64_t id,
                                                                  const std::vector<std::uint32_t>& organization_ids);
/// `prepare` is given the row with its id before it is stored. Error: conflict if there are kMostAlertRules.
[[nodiscard]] Result<AlertRuleRow> create_alert_rule(Pool& pool, const ProjectRow& project, AlertRuleRow rule,
                                                     const Actor& actor,
                                                     const std::function<void(AlertRuleRow&)>& prepare);
/// `edit` changes the row as it is now, under its lock, or answers false to leave it. Nothing if it is gone.
[[nodiscard]] Result<std::optional<AlertRuleRow>> edit_alert_rule(Pool& pool, const ProjectRow& project,
                                                                  std::int64_t id,
                                                                  const std::function<bool(AlertRuleRow&)>& edit,
                                                                  const Actor& actor);
/// With its alerts and deliveries. False if there was none.
[[nodiscard]] Result<bool> delete_alert_rule(Pool& pool, const ProjectRow& project, std::int64_t id,
                                             const Actor& actor);

/// The enabled rules of a project, or of all for 0, by project.
[[nodiscard]] Result<std::vector<nodes::alerts::Rule>> read_enabled_rules(Connection& connection,
                                                                          std::uint32_t project_id);

}  // namespace mesher::postgres
