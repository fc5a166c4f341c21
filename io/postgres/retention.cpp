#include "io/postgres/retention.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "graph/base/log.hpp"
#include "io/postgres/event_budget.hpp"
#include "io/postgres/event_days.hpp"
#include "io/postgres/event_rows.hpp"
#include "io/postgres/project_settings.hpp"
#include "io/postgres/storage_figures.hpp"
#include "io/postgres/sweep.hpp"

namespace mesher::postgres {
namespace {

constexpr std::string_view kTryLock = "select pg_try_advisory_lock(7308332192)";  // any number, the same everywhere
constexpr std::string_view kUnlock = "select pg_advisory_unlock(7308332192)";
// What waits for a lock on a partition that is leaving makes nobody wait but those who name that partition; still, a
// backup that reads for hours is better left alone and the day taken up at the next run.
constexpr const char* kLockTimeout = "set lock_timeout = '10s'";

struct Keeper {
  std::uint32_t project_id = 0;
  std::int64_t days = 0;  ///< after how many it lets go
  std::uint64_t budget = 0;
};

Result<std::vector<Keeper>> keepers(Connection& connection) {
  const auto rows = connection.query("select id, settings::text from projects order by id");
  if (!rows) return rows.error();
  std::vector<Keeper> all;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    nodes::ports::ProjectSettings settings;
    settings_from_json(rows->text(i, 1), settings);
    // Settings that no API has let in are no reason to delete everything.
    all.push_back({static_cast<std::uint32_t>(rows->integer(i, 0)), std::max<std::int64_t>(1, settings.retention_days),
                   settings.event_budget});
  }
  return all;
}

/// Does one run under the lock.
class Run {
 public:
  Run(Connection& connection, const Retention& retention)
      : connection_(connection), retention_(retention), today_(retention.now / kDay) {}

  Status all() {
    auto keepers_found = keepers(connection_);
    if (!keepers_found) return keepers_found.error();
    keepers_ = *std::move(keepers_found);
    const auto days = event_days(connection_);
    if (!days) return days.error();
    for (const auto& day : *days) {
      if (auto status = look_at(day); !status) return status;
      if (!retention_.go_on()) return {};
    }
    if (auto status = remove_others("quarantine"); !status) return status;
    if (auto status = remove_others("feedback"); !status) return status;
    if (auto status = thin(); !status || retention_.dry_run) return status;
    return measure();
  }

  [[nodiscard]] const RetentionReport& report() const { return report_; }

 private:
  [[nodiscard]] bool keeps(const Keeper& keeper, std::int64_t day) const { return day >= today_ - keeper.days; }

  Status look_at(const EventDay& day) {
    const auto longest = std::max_element(keepers_.begin(), keepers_.end(),
                                          [](const Keeper& a, const Keeper& b) { return a.days < b.days; });
    // Without any project nothing says how long; days to come and the last two are never touched.
    if (keepers_.empty() || day.day >= today_ - 1) return {};
    const bool interrupted = !day.whole();
    if (interrupted && keeps(*longest, day.day)) return {};  // not by us
    const auto kept = interrupted ? Result<bool>(false) : somebody_keeps(day);
    if (!kept) return kept.error();
    return *kept ? delete_stragglers(day) : drop(day);
  }

  /// Whether a project that has events of the day wants to keep them.
  Result<bool> somebody_keeps(const EventDay& day) {
    std::vector<std::int64_t> ids;
    for (const auto& keeper : keepers_) {
      if (keeps(keeper, day.day)) ids.push_back(keeper.project_id);
    }
    if (ids.empty()) return false;
    return has_rows(day.events_table(), ids);
  }

  Result<bool> has_rows(const std::string& table, const std::vector<std::int64_t>& ids) {
    const auto rows = connection_.query_once(fmt::format("select exists (select from unnest($1::integer[]) as p (id)"
                                                         " where exists (select from {} e where e.project_id = p.id))",
                                                         table),
                                             Params().integers(ids));
    if (!rows) return rows.error();
    return rows->boolean(0, 0);
  }

  Status drop(const EventDay& day) {
    const auto rows = connection_.query("select coalesce(sum(pg_stat_get_live_tuples(to_regclass($1))), 0)::bigint",
                                        Params().text(day.events_table()));
    if (!rows) return rows.error();
    const auto events = static_cast<std::uint64_t>(std::max<std::int64_t>(0, rows->integer(0, 0)));
    if (!retention_.dry_run) {
      const auto dropped = drop_day(connection_, day);
      if (!dropped) return dropped.error();
      if (!*dropped) {
        ++report_.days_postponed;
        return {};
      }
      log::info("retention", "dropped the events of {}", date_text(day.day));
    }
    ++report_.days_dropped;
    report_.events_dropped += events;
    return {};
  }

  Status delete_stragglers(const EventDay& day) {
    for (const auto& keeper : keepers_) {
      if (keeps(keeper, day.day)) continue;
      if (retention_.dry_run) {
        const auto rows = connection_.query_once(
            fmt::format("select count(*) from {} where project_id = $1::integer", day.events_table()),
            Params().integer(keeper.project_id));
        if (!rows) return rows.error();
        report_.events_deleted += static_cast<std::uint64_t>(rows->integer(0, 0));
        continue;
      }
      const auto events = remove_rows(connection_, {day.events_table()}, keeper.project_id, retention_.go_on);
      if (!events) return events.error();
      report_.events_deleted += *events;
      const auto blocks = remove_rows(connection_, {day.blocks_table()}, keeper.project_id, retention_.go_on);
      if (!blocks) return blocks.error();
      report_.blocks_deleted += *blocks;
      if (!retention_.go_on()) return {};
    }
    return {};
  }

  /// Texts of people and payloads that are no events go by the same age. `table` has project_id and received_at.
  Status remove_others(const std::string& table) {
    std::vector<std::int64_t> ids;
    std::vector<UnixMicros> before;
    for (const auto& keeper : keepers_) {
      ids.push_back(keeper.project_id);
      before.push_back((today_ - keeper.days) * kDay);
    }
    const auto chosen = fmt::format(
        "select t.ctid from unnest($1::integer[], $2::timestamptz[]) as p (id, before)"
        " join {} t on t.project_id = p.id and t.received_at < p.before limit $3::integer",
        table);
    while (!ids.empty()) {
      const auto sql = retention_.dry_run ? fmt::format("select count(*) from ({}) old", chosen)
                                          : fmt::format("delete from {} where ctid = any (array ({}))", table, chosen);
      const auto done = connection_.query_once(sql, Params().integers(ids).times(before).integer(kSweepBatch));
      if (!done) return done.error();
      const auto count = retention_.dry_run ? static_cast<std::uint64_t>(done->integer(0, 0)) : done->affected();
      report_.others_deleted += count;
      if (retention_.dry_run || count < kSweepBatch || !retention_.go_on()) break;
    }
    return {};
  }

  Status thin() {
    for (const auto& keeper : keepers_) {
      if (keeper.budget == 0) continue;
      const auto thinned =
          thin_project(connection_, keeper.project_id, keeper.budget, retention_.dry_run, retention_.go_on);
      if (!thinned) return thinned.error();
      report_.events_thinned += thinned->events;
      report_.blocks_deleted += thinned->blocks;
      if (!retention_.go_on()) return {};
    }
    return {};
  }

  Status measure() {
    const auto days = event_days(connection_);
    if (!days) return days.error();
    for (const auto& day : *days) {
      if (!day.whole() || day.day > today_) continue;
      if (auto status = measure_day(connection_, day, report_.blocks_deleted); !status) return status;
      if (!retention_.go_on()) return {};
    }
    return forget_days(connection_, *days);
  }

  Connection& connection_;
  const Retention& retention_;
  const std::int64_t today_;
  std::vector<Keeper> keepers_;
  RetentionReport report_;
};

}  // namespace

Result<RetentionReport> retain(Connection& connection, const Retention& retention) {
  const auto locked = connection.query(kTryLock);
  if (!locked) return locked.error();
  if (!locked->boolean(0, 0)) {
    RetentionReport busy;
    busy.busy = true;
    return busy;
  }
  Run run(connection, retention);
  auto status = connection.execute(kLockTimeout);
  if (status) status = run.all();
  const auto unlocked = connection.query(kUnlock);
  if (!status) return status.error();
  if (!unlocked) return unlocked.error();
  return run.report();
}

}  // namespace mesher::postgres
