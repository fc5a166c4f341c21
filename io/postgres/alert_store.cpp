#include "io/postgres/alert_store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "io/postgres/alert_rules.hpp"
#include "io/postgres/pool.hpp"

namespace mesher::postgres {
namespace {

constexpr int kPrunedAtOnce = 5000;

/// Appends the notices of the alerts in `changed (project_id, id, rule_id)`.
std::string notices(std::string_view status, std::string_view condition) {
  return fmt::format(
      "noted as (insert into alert_notices (project_id, alert_id, rule_id, action, channel, status) "
      "select c.project_id, c.id, c.rule_id, a.n, a.channel, '{}' from changed c "
      "join alert_rules r on r.project_id = c.project_id and r.id = c.rule_id "
      "cross join lateral unnest(r.channels) with ordinality as a (channel, n) where {} "
      "order by c.project_id, c.id, a.n returning project_id) ",
      status, condition);
}

/// PagerDuty closes its incident only if it is told.
constexpr std::string_view kWantsResolved =
    "(r.notify_resolved or r.actions->(a.n - 1)::integer->>'format' = 'pagerduty')";

constexpr std::string_view kColumns =
    "a.project_id, a.id, a.rule_id, r.name, r.kind, a.key, a.status, a.severity, a.value, a.threshold, a.issue_id, "
    "i.short_id, i.title, i.culprit, i.level, i.status, p.slug, p.name, a.event_id, a.triggered_at, a.acknowledged_at, "
    "a.resolved_at, a.acknowledged_by, a.resolved_by";
constexpr std::string_view kTables =
    "alerts a join alert_rules r on r.project_id = a.project_id and r.id = a.rule_id "
    "join projects p on p.id = a.project_id "
    "left join issues i on i.project_id = a.project_id and i.id = a.issue_id ";

std::optional<UnixMicros> time_at(const Rows& rows, std::size_t i, int column) {
  if (rows.is_null(i, column)) return std::nullopt;
  return rows.time(i, column);
}

AlertRow alert_at(const Rows& rows, std::size_t i) {
  AlertRow alert;
  alert.project_id = static_cast<std::uint32_t>(rows.integer(i, 0));
  alert.id = rows.integer(i, 1);
  alert.rule_id = rows.integer(i, 2);
  alert.rule_name = rows.text(i, 3);
  alert.kind = rows.text(i, 4);
  alert.key = rows.text(i, 5);
  alert.status = rows.text(i, 6);
  alert.severity = rows.text(i, 7);
  alert.value = rows.real(i, 8);
  alert.threshold = rows.real(i, 9);
  alert.issue_id = rows.integer(i, 10);
  if (!rows.is_null(i, 11)) {
    alert.issue_short_id = rows.integer(i, 11);
    alert.issue_title = rows.text(i, 12);
    alert.issue_culprit = rows.text(i, 13);
    alert.issue_level = nodes::name_of(static_cast<nodes::Level>(rows.integer(i, 14)));
    alert.issue_status = rows.text(i, 15);
  }
  alert.project_slug = rows.text(i, 16);
  alert.project_name = rows.text(i, 17);
  alert.event_id = rows.text(i, 18);
  std::erase(alert.event_id, '-');
  alert.triggered_at = rows.time(i, 19);
  alert.acknowledged_at = time_at(rows, i, 20);
  alert.resolved_at = time_at(rows, i, 21);
  alert.acknowledged_by = static_cast<std::uint32_t>(rows.integer(i, 22));
  alert.resolved_by = static_cast<std::uint32_t>(rows.integer(i, 23));
  return alert;
}

Result<std::vector<AlertRow>> alerts_of(const Result<Rows>& rows) {
  if (!rows) return rows.error();
  std::vector<AlertRow> alerts;
  for (std::size_t i = 0; i < rows->size(); ++i) alerts.push_back(alert_at(*rows, i));
  return alerts;
}

/// Tells the servers that alerts of these projects changed.
Status notify(Connection& connection, const std::vector<StoredAlert>& alerts) {
  std::vector<std::int64_t> projects;
  projects.reserve(alerts.size());
  for (const auto& alert : alerts) projects.push_back(alert.project_id);
  std::sort(projects.begin(), projects.end());
  projects.erase(std::unique(projects.begin(), projects.end()), projects.end());
  if (projects.empty()) return {};
  const auto told = connection.query("select pg_notify('mesher_alerts', p::text) from unnest($1::integer[]) as p",
                                     Params().integers(projects));
  if (!told) return told.error();
  return {};
}

}  // namespace

Call store_firings(std::span<const nodes::alerts::Firing> firings) {
  std::vector<const nodes::alerts::Firing*> sorted;
  for (const auto& firing : firings) sorted.push_back(&firing);
  // In the order of their keys, so that writers wait for each other in one direction only.
  std::sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) {
    return std::tie(a->project_id, a->rule_id, a->key) < std::tie(b->project_id, b->rule_id, b->key);
  });
  std::vector<std::int64_t> projects, rules, issues;
  std::vector<std::string> keys, events, values, thresholds;
  std::vector<UnixMicros> times;
  for (const auto* firing : sorted) {
    projects.push_back(firing->project_id);
    rules.push_back(firing->rule_id);
    keys.push_back(firing->key);
    issues.push_back(firing->issue_id);
    events.push_back(firing->event_id ? firing->event_id->hex() : std::string());
    values.push_back(fmt::format("{}", firing->value));
    thresholds.push_back(fmt::format("{}", firing->threshold));
    times.push_back(firing->at);
  }
  Call call;
  call.sql =
      "with fired as (select * from unnest($1::integer[], $2::bigint[], $3::text[], $4::bigint[], $5::text[], "
      "$6::text[], $7::text[], $8::timestamptz[]) "
      "as f (project_id, rule_id, key, issue_id, event_id, value, threshold, at)), "
      "changed as (insert into alerts (project_id, rule_id, key, severity, value, threshold, issue_id, event_id, "
      "triggered_at) select f.project_id, f.rule_id, f.key, r.severity, f.value::float8, f.threshold::float8, "
      "nullif(f.issue_id, 0), nullif(f.event_id, '')::uuid, f.at from fired f "
      "join alert_rules r on r.project_id = f.project_id and r.id = f.rule_id and r.enabled "
      "where not exists (select 1 from alerts a where a.project_id = f.project_id and a.rule_id = f.rule_id "
      "and a.key = f.key and (a.status <> 'resolved' "
      "or a.triggered_at > f.at - make_interval(secs => r.cooldown_seconds))) "
      "order by f.project_id, f.rule_id, f.key on conflict do nothing returning project_id, id, rule_id, key), " +
      notices("active", "true") + "select project_id, id, rule_id, key from changed";
  call.params.integers(projects).integers(rules).texts(keys).integers(issues).texts(events).texts(values);
  call.params.texts(thresholds).times(times);
  return call;
}

std::vector<StoredAlert> stored_alerts(const Rows& answer) {
  std::vector<StoredAlert> alerts;
  for (std::size_t i = 0; i < answer.size(); ++i) {
    alerts.push_back({static_cast<std::uint32_t>(answer.integer(i, 0)), answer.integer(i, 1)});
  }
  return alerts;
}

Result<std::vector<StoredAlert>> resolve_quiet(Connection& connection,
                                               std::span<const nodes::alerts::Engine::Quiet> quiet) {
  if (quiet.empty()) return std::vector<StoredAlert>();
  std::vector<std::int64_t> projects, rules;
  std::vector<std::string> keys;
  for (const auto& one : quiet) {
    projects.push_back(one.project_id);
    rules.push_back(one.rule_id);
    keys.push_back(one.key);
  }
  static const std::string kSql =
      "with changed as (update alerts a set status = 'resolved', resolved_at = now() "
      "from unnest($1::integer[], $2::bigint[], $3::text[]) as q (project_id, rule_id, key) "
      "where a.project_id = q.project_id and a.rule_id = q.rule_id and a.key = q.key and a.status <> 'resolved' "
      "returning a.project_id, a.id, a.rule_id), " +
      notices("resolved", kWantsResolved) + "select project_id, id from changed";
  const auto rows = connection.query(kSql, Params().integers(projects).integers(rules).texts(keys));
  if (!rows) return rows.error();
  auto resolved = stored_alerts(*rows);
  if (auto status = notify(connection, resolved); !status) return status.error();
  return resolved;
}

Result<std::vector<StoredAlert>> resolve_past_moments(Connection& connection) {
  static const std::string kSql =
      "with changed as (update alerts a set status = 'resolved', resolved_at = now() from alerts o "
      "join alert_rules r on r.project_id = o.project_id and r.id = o.rule_id "
      "left join issues i on i.project_id = o.project_id and i.id = o.issue_id "
      "where o.status <> 'resolved' and a.project_id = o.project_id and a.id = o.id and a.status <> 'resolved' "
      "and r.kind in ('new_issue', 'regression', 'escalation', 'new_release') "
      "and (o.triggered_at < now() - make_interval(secs => $1::integer) "
      "or (o.issue_id is not null and r.kind <> 'new_release' and i.status is distinct from 'unresolved')) "
      "returning a.project_id, a.id, a.rule_id), " +
      notices("resolved", kWantsResolved) + "select project_id, id from changed";
  const auto rows = connection.query(kSql, Params().integer(nodes::alerts::kMomentSeconds));
  if (!rows) return rows.error();
  auto resolved = stored_alerts(*rows);
  if (auto status = notify(connection, resolved); !status) return status.error();
  return resolved;
}

Result<std::vector<KnownOfProject>> read_known(Connection& connection, std::uint32_t project_id) {
  const auto rows = connection.query(
      "select a.project_id, a.rule_id, a.key, bool_or(a.status <> 'resolved'), max(a.triggered_at) from alerts a "
      "join alert_rules r on r.project_id = a.project_id and r.id = a.rule_id "
      "where ($1::integer = 0 or a.project_id = $1::integer) and (a.status <> 'resolved' "
      "or a.triggered_at > now() - make_interval(secs => r.cooldown_seconds + 60)) "
      "group by 1, 2, 3 order by 1",
      Params().integer(project_id));
  if (!rows) return rows.error();
  std::vector<KnownOfProject> all;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    const auto project = static_cast<std::uint32_t>(rows->integer(i, 0));
    if (all.empty() || all.back().project_id != project) all.push_back({project, {}});
    all.back().known.push_back(
        {rows->integer(i, 1), std::string(rows->text(i, 2)), rows->boolean(i, 3), rows->time(i, 4)});
  }
  return all;
}

Status prune_alerts(Connection& connection) {
  for (const char* sql :
       {"delete from alerts where ctid = any (array (select ctid from alerts where status = 'resolved' "
        "and resolved_at < now() - interval '90 days' limit $1::integer))",
        "delete from alert_deliveries where ctid = any (array (select ctid from alert_deliveries "
        "where status <> 'pending' and finished_at < now() - interval '30 days' limit $1::integer))"}) {
    const auto done = connection.query(sql, Params().integer(kPrunedAtOnce));
    if (!done) return done.error();
  }
  return {};
}

Result<std::vector<AlertRow>> list_alerts(Pool& pool, const AlertListing& listing) {
  Params params;
  params.integer(listing.project_id);
  std::string where = "a.project_id = $1::integer";
  if (!listing.status.empty()) where += fmt::format(" and a.status = ${}", params.text(listing.status).size());
  if (listing.rule_id != 0)
    where += fmt::format(" and a.rule_id = ${}::bigint", params.integer(listing.rule_id).size());
  if (listing.before) where += fmt::format(" and a.id < ${}::bigint", params.integer(*listing.before).size());
  const auto sql = fmt::format("select {} from {} where {} order by a.id desc limit ${}::integer", kColumns, kTables,
                               where, params.integer(listing.limit).size());
  return alerts_of(pool.query_once(sql, params));
}

Result<std::vector<AlertRow>> find_alerts(Connection& connection, std::uint32_t project_id,
                                          std::span<const std::int64_t> ids) {
  static const std::string kSql =
      fmt::format("select {} from {} where a.project_id = $1::integer and a.id = any ($2::bigint[]) order by a.id",
                  kColumns, kTables);
  return alerts_of(connection.query(kSql, Params().integer(project_id).integers(ids)));
}

Result<std::optional<AlertRow>> find_alert(Pool& pool, std::int64_t id,
                                           const std::vector<std::uint32_t>& organization_ids) {
  static const std::string kSql = fmt::format(
      "select {} from {} where a.id = $1::bigint and p.organization_id = any ($2::integer[])", kColumns, kTables);
  const std::vector<std::int64_t> organizations(organization_ids.begin(), organization_ids.end());
  const auto rows = pool.query(kSql, Params().integer(id).integers(organizations));
  if (!rows) return rows.error();
  if (rows->empty()) return std::optional<AlertRow>();
  return std::optional(alert_at(*rows, 0));
}

Result<bool> set_alert_status(Pool& pool, const ProjectRow& project, const AlertRow& alert, const std::string& status,
                              const Actor& actor) {
  auto lease = pool.acquire();
  if (!lease) return lease.error();
  auto transaction = Transaction::begin(**lease);
  if (!transaction) return transaction.error();
  static const std::string kAcknowledge =
      "update alerts a set status = 'acknowledged', acknowledged_at = now(), acknowledged_by = nullif($3::integer, 0) "
      "where a.project_id = $1::integer and a.id = $2::bigint and a.status = 'active' returning a.project_id, a.id";
  static const std::string kResolve =
      "with changed as (update alerts a set status = 'resolved', resolved_at = now(), "
      "resolved_by = nullif($3::integer, 0) where a.project_id = $1::integer and a.id = $2::bigint "
      "and a.status <> 'resolved' returning a.project_id, a.id, a.rule_id), " +
      notices("resolved", kWantsResolved) + "select project_id, id from changed";
  const auto& sql = status == "acknowledged" ? kAcknowledge : kResolve;
  const auto rows = (*lease)->query(sql, Params().integer(alert.project_id).integer(alert.id).integer(actor.user_id));
  if (!rows) return rows.error();
  if (rows->empty()) return false;
  const Change change{project.organization_id,
                      project.id,
                      status == "acknowledged" ? "alert.acknowledge" : "alert.resolve",
                      "alert",
                      std::to_string(alert.id),
                      alert.rule_name,
                      "{}"};
  if (auto noted = note_change(**lease, actor, change); !noted) return noted.error();
  if (auto told = notify(**lease, stored_alerts(*rows)); !told) return told.error();
  if (auto done = transaction->commit(); !done) return done.error();
  return true;
}

}  // namespace mesher::postgres
