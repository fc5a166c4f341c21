#include "io/postgres/alert_rules.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "io/postgres/pool.hpp"

namespace mesher::postgres {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kColumns =
    "r.project_id, r.id, r.name, r.enabled, r.severity, r.kind, r.threshold, r.window_seconds, r.per, r.against_days, "
    "r.filter, r.cooldown_seconds, r.notify_resolved, r.actions, r.channels, r.version, r.created_at, r.updated_at, "
    "r.created_by";

nodes::alerts::Condition condition_at(const Rows& rows, std::size_t i, int first) {
  nodes::alerts::Condition condition;
  condition.kind = nodes::alerts::kind_named(rows.text(i, first)).value_or(nodes::alerts::Kind::event_count);
  condition.threshold = rows.real(i, first + 1);
  condition.window_seconds = rows.integer(i, first + 2);
  (void)nodes::alerts::read_per(rows.text(i, first + 3), condition);
  condition.against_days = rows.integer(i, first + 4);
  return condition;
}

AlertRuleRow rule_at(const Rows& rows, std::size_t i) {
  AlertRuleRow rule;
  rule.project_id = static_cast<std::uint32_t>(rows.integer(i, 0));
  rule.id = rows.integer(i, 1);
  rule.name = rows.text(i, 2);
  rule.enabled = rows.boolean(i, 3);
  rule.severity = rows.text(i, 4);
  rule.condition = condition_at(rows, i, 5);
  rule.filter = rows.text(i, 10);
  rule.cooldown_seconds = rows.integer(i, 11);
  rule.notify_resolved = rows.boolean(i, 12);
  rule.actions_json = rows.text(i, 13);
  rule.channels = rows.array(i, 14);
  rule.version = static_cast<std::int32_t>(rows.integer(i, 15));
  rule.created_at = rows.time(i, 16);
  rule.updated_at = rows.time(i, 17);
  rule.created_by = static_cast<std::uint32_t>(rows.integer(i, 18));
  return rule;
}

/// $3 to $14 of the statements below.
void add_values(const AlertRuleRow& rule, Params& params) {
  params.text(rule.name).boolean(rule.enabled).text(rule.severity).text(name_of(rule.condition.kind));
  params.real(rule.condition.threshold).integer(rule.condition.window_seconds).text(per_text(rule.condition));
  params.integer(rule.condition.against_days).text(rule.filter).integer(rule.cooldown_seconds);
  params.boolean(rule.notify_resolved).text(rule.actions_json).texts(rule.channels);
}

Change rule_change(std::string_view action, const ProjectRow& project, const AlertRuleRow& rule) {
  return {project.organization_id, project.id, action, "alert_rule", std::to_string(rule.id), rule.name, "{}"};
}

template <class T>
void differ(Json& details, const char* name, const T& before, const T& after) {
  if (before != after) details[name] = {{"from", before}, {"to", after}};
}

/// What of the rule is no secret. Of the actions, that they have changed.
Json differences(const AlertRuleRow& before, const AlertRuleRow& after) {
  Json details = Json::object();
  const auto &was = before.condition, &is = after.condition;
  differ(details, "name", before.name, after.name);
  differ(details, "enabled", before.enabled, after.enabled);
  differ(details, "severity", before.severity, after.severity);
  differ(details, "filter", before.filter, after.filter);
  differ(details, "cooldown_seconds", before.cooldown_seconds, after.cooldown_seconds);
  differ(details, "notify_resolved", before.notify_resolved, after.notify_resolved);
  differ(details, "condition.type", std::string(name_of(was.kind)), std::string(name_of(is.kind)));
  differ(details, "condition.threshold", was.threshold, is.threshold);
  differ(details, "condition.window_seconds", was.window_seconds, is.window_seconds);
  differ(details, "condition.per", per_text(was), per_text(is));
  differ(details, "condition.against_days", was.against_days, is.against_days);
  if (Json::parse(before.actions_json, nullptr, false) != Json::parse(after.actions_json, nullptr, false)) {
    details["actions"] = "changed";
  }
  return details;
}

std::vector<std::int64_t> wide(const std::vector<std::uint32_t>& ids) {
  return {ids.begin(), ids.end()};
}

}  // namespace

Result<std::vector<AlertRuleRow>> list_alert_rules(Pool& pool, std::uint32_t project_id, std::int64_t after,
                                                   std::uint32_t limit) {
  static const std::string kSql = fmt::format(
      "select {} from alert_rules r where r.project_id = $1::integer and r.id > $2::bigint order by r.id limit "
      "$3::integer",
      kColumns);
  const auto rows = pool.query(kSql, Params().integer(project_id).integer(after).integer(limit));
  if (!rows) return rows.error();
  std::vector<AlertRuleRow> rules;
  for (std::size_t i = 0; i < rows->size(); ++i) rules.push_back(rule_at(*rows, i));
  return rules;
}

Result<std::optional<AlertRuleRow>> find_alert_rule(Pool& pool, std::int64_t id,
                                                    const std::vector<std::uint32_t>& organization_ids) {
  static const std::string kSql = fmt::format(
      "select {} from alert_rules r join projects p on p.id = r.project_id "
      "where r.id = $1::bigint and p.organization_id = any ($2::integer[])",
      kColumns);
  const auto rows = pool.query(kSql, Params().integer(id).integers(wide(organization_ids)));
  if (!rows) return rows.error();
  if (rows->empty()) return std::optional<AlertRuleRow>();
  return std::optional(rule_at(*rows, 0));
}

Result<AlertRuleRow> create_alert_rule(Pool& pool, const ProjectRow& project, AlertRuleRow rule, const Actor& actor,
                                       const std::function<void(AlertRuleRow&)>& prepare) {
  auto lease = pool.acquire();
  if (!lease) return lease.error();
  auto transaction = Transaction::begin(**lease);
  if (!transaction) return transaction.error();
  const auto locked =
      (*lease)->query("select 1 from projects where id = $1::integer for no key update", Params().integer(project.id));
  if (!locked) return locked.error();
  if (locked->empty()) return Error{ErrorCode::not_found, "no such project", ""};
  const auto count =
      (*lease)->query("select count(*) from alert_rules where project_id = $1::integer", Params().integer(project.id));
  if (!count) return count.error();
  if (count->integer(0, 0) >= kMostAlertRules) {
    return Error{ErrorCode::conflict, fmt::format("there are {} rules already: delete some first", kMostAlertRules),
                 ""};
  }
  const auto id = (*lease)->query("select nextval(pg_get_serial_sequence('alert_rules', 'id'))");
  if (!id) return id.error();
  rule.id = id->integer(0, 0);
  prepare(rule);
  static const std::string kSql = fmt::format(
      "insert into alert_rules as r (project_id, id, name, enabled, severity, kind, threshold, window_seconds, "
      "per, against_days, filter, cooldown_seconds, notify_resolved, actions, channels, created_by) "
      "values ($1::integer, $2::bigint, $3, $4, $5, $6, $7::float8, $8::integer, $9, $10::integer, $11, $12::integer, "
      "$13, "
      "$14::jsonb, $15::text[], nullif($16::integer, 0)) returning {}",
      kColumns);
  Params params;
  params.integer(project.id).integer(rule.id);
  add_values(rule, params);
  params.integer(actor.user_id);
  const auto made = (*lease)->query(kSql, params);
  if (!made) return made.error();
  auto row = rule_at(*made, 0);
  if (auto status = note_change(**lease, actor, rule_change("alert_rule.create", project, row)); !status) {
    return status.error();
  }
  if (auto status = transaction->commit(); !status) return status.error();
  return row;
}

Result<std::optional<AlertRuleRow>> edit_alert_rule(Pool& pool, const ProjectRow& project, std::int64_t id,
                                                    const std::function<bool(AlertRuleRow&)>& edit,
                                                    const Actor& actor) {
  auto lease = pool.acquire();
  if (!lease) return lease.error();
  auto transaction = Transaction::begin(**lease);
  if (!transaction) return transaction.error();
  static const std::string kFind = fmt::format(
      "select {} from alert_rules r where r.project_id = $1::integer and r.id = $2::bigint for no key update",
      kColumns);
  const auto found = (*lease)->query(kFind, Params().integer(project.id).integer(id));
  if (!found) return found.error();
  if (found->empty()) return std::optional<AlertRuleRow>();
  const auto before = rule_at(*found, 0);
  auto row = before;
  if (!edit(row)) return std::optional<AlertRuleRow>();
  const auto details = differences(before, row);
  if (details.empty()) return std::optional(row);
  static const std::string kSql = fmt::format(
      "update alert_rules as r set name = $3, enabled = $4, severity = $5, kind = $6, threshold = $7::float8, "
      "window_seconds = $8::integer, per = $9, against_days = $10::integer, filter = $11, "
      "cooldown_seconds = $12::integer, notify_resolved = $13, actions = $14::jsonb, channels = $15::text[], "
      "version = r.version + 1, updated_at = now() "
      "where r.project_id = $1::integer and r.id = $2::bigint returning {}",
      kColumns);
  Params params;
  params.integer(project.id).integer(id);
  add_values(row, params);
  const auto done = (*lease)->query(kSql, params);
  if (!done) return done.error();
  row = rule_at(*done, 0);
  auto change = rule_change("alert_rule.update", project, row);
  change.details_json = details.dump();
  if (auto status = note_change(**lease, actor, change); !status) return status.error();
  if (auto status = transaction->commit(); !status) return status.error();
  return std::optional(row);
}

Result<bool> delete_alert_rule(Pool& pool, const ProjectRow& project, std::int64_t id, const Actor& actor) {
  auto lease = pool.acquire();
  if (!lease) return lease.error();
  auto transaction = Transaction::begin(**lease);
  if (!transaction) return transaction.error();
  static const std::string kSql = fmt::format(
      "delete from alert_rules r where r.project_id = $1::integer and r.id = $2::bigint returning {}", kColumns);
  const auto gone = (*lease)->query(kSql, Params().integer(project.id).integer(id));
  if (!gone) return gone.error();
  if (gone->empty()) return false;
  if (auto status = note_change(**lease, actor, rule_change("alert_rule.delete", project, rule_at(*gone, 0)));
      !status) {
    return status.error();
  }
  if (auto status = transaction->commit(); !status) return status.error();
  return true;
}

Result<std::vector<nodes::alerts::Rule>> read_enabled_rules(Connection& connection, std::uint32_t project_id) {
  const auto rows = connection.query(
      "select r.project_id, r.id, r.kind, r.threshold, r.window_seconds, r.per, r.against_days, r.filter, "
      "r.cooldown_seconds from alert_rules r join projects p on p.id = r.project_id "
      "where r.enabled and ($1::integer = 0 or r.project_id = $1::integer) order by r.project_id, r.id",
      Params().integer(project_id));
  if (!rows) return rows.error();
  std::vector<nodes::alerts::Rule> rules;
  rules.reserve(rows->size());
  for (std::size_t i = 0; i < rows->size(); ++i) {
    rules.push_back({static_cast<std::uint32_t>(rows->integer(i, 0)), rows->integer(i, 1), condition_at(*rows, i, 2),
                     std::string(rows->text(i, 7)), rows->integer(i, 8)});
  }
  return rules;
}

}  // namespace mesher::postgres
