#include "io/postgres/alert_outbox.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "io/postgres/rows.hpp"

namespace mesher::postgres {
namespace {

constexpr std::string_view kColumns =
    "d.project_id, d.id, d.kind, d.status, d.action, d.attempts, d.rule_id, d.attempt_count, d.alert_ids, "
    "d.created_at, "
    "d.next_attempt_at, d.finished_at";

std::string undashed(std::string_view uuid) {
  std::string id(uuid);
  std::erase(id, '-');
  return id;
}

DeliveryRow delivery_at(const Rows& rows, std::size_t i) {
  DeliveryRow row;
  row.project_id = static_cast<std::uint32_t>(rows.integer(i, 0));
  row.id = undashed(rows.text(i, 1));
  row.kind = rows.text(i, 2);
  row.status = rows.text(i, 3);
  row.action_json = rows.text(i, 4);
  row.attempts_json = rows.text(i, 5);
  row.rule_id = rows.integer(i, 6);
  row.attempt_count = rows.integer(i, 7);
  row.alert_ids = rows.array(i, 8);
  row.created_at = rows.time(i, 9);
  if (row.status == "pending") row.next_attempt_at = rows.time(i, 10);
  if (!rows.is_null(i, 11)) row.finished_at = rows.time(i, 11);
  return row;
}

}  // namespace

Result<std::vector<ReadyChannel>> ready_channels(Connection& connection, std::chrono::milliseconds interval,
                                                 std::uint32_t limit) {
  const auto rows = connection.query(
      "select n.project_id, n.channel from alert_notices n "
      "left join alert_channels c on c.project_id = n.project_id and c.channel = n.channel "
      // What was told in the time to come, was told before the clock was set back.
      "where (c.told_at is null or c.told_at <= now() - $1::integer * interval '1 ms' "
      "or c.told_at > now() + interval '1 minute') "
      "and not exists (select 1 from alert_deliveries d where d.project_id = n.project_id and d.channel = n.channel "
      "and d.status = 'pending') group by 1, 2 limit $2::integer",
      Params().integer(interval.count()).integer(limit));
  if (!rows) return rows.error();
  std::vector<ReadyChannel> ready;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    ready.push_back({static_cast<std::uint32_t>(rows->integer(i, 0)), std::string(rows->text(i, 1))});
  }
  return ready;
}

Result<std::optional<NoticeGroup>> take_notices(Connection& connection, const ReadyChannel& ready,
                                                std::chrono::milliseconds interval, std::size_t most) {
  // Whose row this becomes tells: the other servers find it told just now.
  const auto mine = connection.query(
      "insert into alert_channels as c (project_id, channel, told_at) values ($1::integer, $2, now()) "
      "on conflict (project_id, channel) do update set told_at = now() "
      "where c.told_at <= now() - $3::integer * interval '1 ms' or c.told_at > now() + interval '1 minute' returning 1",
      Params().integer(ready.project_id).text(ready.channel).integer(interval.count()));
  if (!mine) return mine.error();
  if (mine->empty()) return std::optional<NoticeGroup>();
  const auto rows = connection.query(
      "with taken as (delete from alert_notices where project_id = $1::integer and channel = $2 "
      "returning id, alert_id, rule_id, action, status) "
      "select t.alert_id, t.status, t.rule_id, r.actions->(t.action - 1), r.channels[t.action] = $2, p.slug, p.name "
      "from taken t join projects p on p.id = $1::integer "
      "left join alert_rules r on r.project_id = $1::integer and r.id = t.rule_id order by t.id",
      Params().integer(ready.project_id).text(ready.channel));
  if (!rows) return rows.error();
  if (rows->empty()) return std::optional<NoticeGroup>();
  NoticeGroup group;
  group.project_id = ready.project_id;
  group.channel = ready.channel;
  group.project_slug = rows->text(0, 5);
  group.project_name = rows->text(0, 6);
  std::map<std::int64_t, std::string> latest;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    if (!rows->boolean(i, 4)) continue;  // the action was changed since; what was fired before is not told there
    if (group.action_json.empty()) {
      group.rule_id = rows->integer(i, 2);
      group.action_json = rows->text(i, 3);
    }
    const auto alert = rows->integer(i, 0);
    if (latest.size() >= most && !latest.contains(alert)) {
      ++group.more;
    } else {
      latest[alert] = rows->text(i, 1);
    }
  }
  for (auto& [alert, status] : latest) group.notices.push_back({alert, std::move(status)});
  return std::optional(std::move(group));
}

Result<std::string> add_delivery(Connection& connection, const NewDelivery& delivery) {
  Params params;
  params.integer(delivery.project_id).integer(delivery.rule_id).text(delivery.channel).text(delivery.kind);
  params.text(delivery.action_json).integers(delivery.alert_ids).text(delivery.subject).text(delivery.body);
  params.text(delivery.html).text(delivery.thread);
  const auto rows = connection.query(
      "insert into alert_deliveries (project_id, id, rule_id, channel, kind, action, alert_ids, subject, body, html, "
      "thread) values ($1::integer, gen_random_uuid(), $2::bigint, $3, $4, $5::jsonb, $6::bigint[], $7, $8, $9, $10) "
      "returning id",
      params);
  if (!rows) return rows.error();
  return undashed(rows->text(0, 0));
}

Result<std::vector<DueDelivery>> claim_deliveries(Connection& connection, std::chrono::seconds lease,
                                                  std::size_t limit) {
  const auto rows = connection.query(
      "update alert_deliveries d set next_attempt_at = now() + $1::integer * interval '1 s' from ("
      // Attempts that are more than an hour and a minute away were planned before the clock was set back.
      "select project_id, id from alert_deliveries where status = 'pending' and (next_attempt_at <= now() "
      "or next_attempt_at > now() + interval '61 minutes') "
      "order by next_attempt_at limit $2::integer for update skip locked) as due "
      "where d.project_id = due.project_id and d.id = due.id "
      "returning d.project_id, d.id, d.action, d.subject, d.body, d.html, d.thread, d.attempt_count, d.created_at",
      Params().integer(lease.count()).integer(static_cast<std::int64_t>(limit)));
  if (!rows) return rows.error();
  std::vector<DueDelivery> due;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    due.push_back({static_cast<std::uint32_t>(rows->integer(i, 0)), undashed(rows->text(i, 1)),
                   std::string(rows->text(i, 2)), std::string(rows->text(i, 3)), std::string(rows->text(i, 4)),
                   std::string(rows->text(i, 5)), std::string(rows->text(i, 6)), rows->integer(i, 7),
                   rows->time(i, 8)});
  }
  return due;
}

Status note_attempt(Connection& connection, const DueDelivery& delivery, const AttemptMade& attempt,
                    const std::string& status, std::chrono::milliseconds again) {
  nlohmann::ordered_json json{{"at", timestamp_text(attempt.at)}, {"milliseconds", attempt.milliseconds}};
  json["status"] = attempt.status == 0 ? nlohmann::ordered_json() : nlohmann::ordered_json(attempt.status);
  json["error"] = attempt.error;
  json["answer"] = attempt.answer;
  Params params;
  params.integer(delivery.project_id).text(delivery.id);
  params.text(json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
  params.text(status).integer(again.count());
  // The last twenty attempts are kept.
  const auto done = connection.query(
      "update alert_deliveries set attempt_count = attempt_count + 1, "
      "attempts = case when jsonb_array_length(attempts) >= 20 then attempts - 0 else attempts end "
      "|| jsonb_build_array($3::jsonb), "
      "status = $4, next_attempt_at = now() + $5::bigint * interval '1 ms', "
      "finished_at = case when $4 = 'pending' then null else now() end "
      "where project_id = $1::integer and id = $2::uuid",
      params);
  if (!done) return done.error();
  return {};
}

Result<std::vector<DeliveryRow>> list_deliveries(Pool& pool, std::uint32_t project_id, std::int64_t rule_id,
                                                 const std::optional<DeliveryPlace>& after, std::uint32_t limit) {
  Params params;
  params.integer(project_id).integer(rule_id).integer(limit);
  std::string place;
  if (after) {
    params.time(after->created_at).text(after->id);
    place = "and (d.created_at, d.id) < ($4::timestamptz, $5::uuid) ";
  }
  const auto rows = pool.query(
      fmt::format("select {} from alert_deliveries d where d.project_id = $1::integer and d.rule_id = $2::bigint {}"
                  "order by d.created_at desc, d.id desc limit $3::integer",
                  kColumns, place),
      params);
  if (!rows) return rows.error();
  std::vector<DeliveryRow> deliveries;
  for (std::size_t i = 0; i < rows->size(); ++i) deliveries.push_back(delivery_at(*rows, i));
  return deliveries;
}

Result<std::optional<DeliveryRow>> find_delivery(Pool& pool, const std::string& id,
                                                 const std::vector<std::uint32_t>& organization_ids) {
  static const std::string kSql = fmt::format(
      "select {}, d.subject, d.body from alert_deliveries d join projects p on p.id = d.project_id "
      "where d.id = $1::uuid and p.organization_id = any ($2::integer[])",
      kColumns);
  const std::vector<std::int64_t> organizations(organization_ids.begin(), organization_ids.end());
  const auto rows = pool.query(kSql, Params().text(id).integers(organizations));
  if (!rows) return rows.error();
  if (rows->empty()) return std::optional<DeliveryRow>();
  auto row = delivery_at(*rows, 0);
  row.subject = rows->text(0, 12);
  row.body = rows->text(0, 13);
  return std::optional(std::move(row));
}

Result<bool> redeliver(Pool& pool, std::uint32_t project_id, const std::string& id) {
  const auto rows = pool.query(
      "update alert_deliveries set status = 'pending', next_attempt_at = now(), finished_at = null, attempt_count = 0 "
      "where project_id = $1::integer and id = $2::uuid and status <> 'pending' returning 1",
      Params().integer(project_id).text(id));
  if (!rows) return rows.error();
  return !rows->empty();
}

}  // namespace mesher::postgres
