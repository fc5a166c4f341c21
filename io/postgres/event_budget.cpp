#include "io/postgres/event_budget.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "io/postgres/params.hpp"
#include "io/postgres/rows.hpp"

namespace mesher::postgres {
namespace {

constexpr std::int64_t kBatch = 1000;

struct Place {
  UnixMicros received = 0;
  std::string event_id;
};

/// Between the first and the latest events of an issue, exclusively: those that are sampled. Of them, those stay whose
/// hash is below `threshold`.
struct Middle {
  std::uint32_t project_id = 0;
  std::int64_t issue_id = 0;
  Place from, to;
  std::int64_t threshold = 0;

  [[nodiscard]] Params params() const {
    Params params;
    params.integer(project_id).integer(issue_id).time(from.received).text(from.event_id);
    params.time(to.received).text(to.event_id);
    return params;
  }
};

constexpr std::string_view kInTheMiddle =
    " from events where project_id = $1::integer and issue_id = $2::bigint"
    " and (received_at, event_id) > ($3::timestamptz, $4::uuid) and (received_at, event_id) < ($5::timestamptz, "
    "$6::uuid)"
    // Implied, for the index:
    " and received_at >= $3::timestamptz and received_at <= $5::timestamptz";

Result<Place> nth(Connection& connection, std::uint32_t project_id, std::int64_t issue_id, std::uint64_t n,
                  bool from_end) {
  const std::string order = from_end ? "received_at desc, event_id desc" : "received_at, event_id";
  Params params;
  params.integer(project_id).integer(issue_id).integer(static_cast<std::int64_t>(n - 1));
  const auto rows = connection.query(
      "select received_at, event_id from events where project_id = $1::integer and issue_id = $2::bigint order by " +
          order + " offset $3::bigint limit 1",
      params);
  if (!rows) return rows.error();
  if (rows->empty()) return Error{ErrorCode::not_found, "the issue has fewer events now", ""};
  return Place{rows->time(0, 0), std::string(rows->text(0, 1))};
}

/// The hash from which on `kept` events of the middle are left.
Status find_threshold(Connection& connection, Middle& middle, std::uint64_t kept) {
  auto params = middle.params();
  params.integer(static_cast<std::int64_t>(kept));
  const auto rows = connection.query("select uuid_hash_extended(event_id, 0) as hash" + std::string(kInTheMiddle) +
                                         " order by hash offset $7::bigint limit 1",
                                     params);
  if (!rows) return rows.error();
  if (rows->empty()) return Error{ErrorCode::not_found, "the issue has fewer events now", ""};
  middle.threshold = rows->integer(0, 0);
  return {};
}

struct Victims {
  std::map<std::string, std::vector<std::string>> ids_by_day;
  std::map<std::string, std::vector<std::int64_t>> blocks_by_day;
  std::uint64_t count = 0;
};

/// The next batch of those that go; moves `middle.from` past it.
Result<Victims> next_victims(Connection& connection, Middle& middle) {
  auto params = middle.params();
  params.integer(middle.threshold).integer(kBatch);
  const auto rows = connection.query("select event_id, day, block_id, received_at" + std::string(kInTheMiddle) +
                                         " and uuid_hash_extended(event_id, 0) >= $7::bigint"
                                         " order by received_at, event_id limit $8::bigint",
                                     params);
  if (!rows) return rows.error();
  Victims victims;
  victims.count = rows->size();
  for (std::size_t i = 0; i < rows->size(); ++i) {
    const std::string day(rows->text(i, 1));
    victims.ids_by_day[day].emplace_back(rows->text(i, 0));
    victims.blocks_by_day[day].push_back(rows->integer(i, 2));
  }
  if (!rows->empty()) {
    const auto last = rows->size() - 1;
    middle.from = {rows->time(last, 3), std::string(rows->text(last, 0))};
  }
  return victims;
}

/// One transaction. A block goes with the last of its events.
Status remove(Connection& connection, const Middle& middle, const Victims& victims, Thinned& thinned) {
  std::vector<Call> calls;
  for (const auto& [day, ids] : victims.ids_by_day) {
    auto& call = calls.emplace_back();
    call.sql = "delete from events where project_id = $1::integer and day = $2::date and event_id = any($3::uuid[])";
    call.params.integer(middle.project_id).text(day).texts(ids);
  }
  const auto events = calls.size();
  for (const auto& [day, blocks] : victims.blocks_by_day) {
    auto& call = calls.emplace_back();
    call.sql =
        "delete from event_blocks b where b.project_id = $1::integer and b.day = $2::date"
        " and b.block_id = any($3::bigint[])"
        " and not exists (select from events e where e.day = $2::date and e.block_id = b.block_id)";
    call.params.integer(middle.project_id).text(day).integers(blocks);
  }
  const auto done = connection.run(calls);
  if (!done) return done.error();
  for (std::size_t i = 0; i < done->size(); ++i) {
    (i < events ? thinned.events : thinned.blocks) += done->at(i).affected();
  }
  return {};
}

Status thin_issue(Connection& connection, std::uint32_t project_id, std::int64_t issue_id, std::uint64_t kept,
                  const std::function<bool()>& go_on, Thinned& thinned) {
  Middle middle{project_id, issue_id, {}, {}, 0};
  const auto latest = kept / 2;
  const auto from = nth(connection, project_id, issue_id, kFirstOfIssue, false);
  if (!from) return from.error();
  const auto to = nth(connection, project_id, issue_id, latest, true);
  if (!to) return to.error();
  middle.from = *from;
  middle.to = *to;
  if (auto status = find_threshold(connection, middle, kept - latest - kFirstOfIssue); !status) return status;
  while (true) {
    const auto victims = next_victims(connection, middle);
    if (!victims) return victims.error();
    if (victims->count == 0) return {};
    if (auto status = remove(connection, middle, *victims, thinned); !status) return status;
    if (!go_on()) return {};
  }
}

}  // namespace

std::uint64_t share_of_budget(std::vector<std::uint64_t> counts, std::uint64_t budget) {
  std::sort(counts.begin(), counts.end());
  std::uint64_t left = budget;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const auto each = left / (counts.size() - i);
    if (counts[i] > each) return std::max(each, kFewestOfIssue);
    left -= counts[i];
  }
  return std::max(budget, kFewestOfIssue);  // all fit
}

Result<Thinned> thin_project(Connection& connection, std::uint32_t project_id, std::uint64_t budget, bool dry_run,
                             const std::function<bool()>& go_on) {
  const auto rows = connection.query(
      "select issue_id, count(*) from events where project_id = $1::integer group by issue_id order by issue_id",
      Params().integer(project_id));
  if (!rows) return rows.error();
  std::vector<std::uint64_t> counts;
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    counts.push_back(static_cast<std::uint64_t>(rows->integer(i, 1)));
    total += counts.back();
  }
  Thinned thinned;
  if (total <= budget + budget / 20) return thinned;
  const auto share = share_of_budget(counts, budget);
  for (std::size_t i = 0; i < rows->size(); ++i) {
    if (counts[i] <= share) continue;
    if (dry_run) {
      thinned.events += counts[i] - share;
      continue;
    }
    const auto status = thin_issue(connection, project_id, rows->integer(i, 0), share, go_on, thinned);
    // Merged or deleted meanwhile: the next run sees how it is then.
    if (!status && status.error().code != ErrorCode::not_found) return status.error();
    if (!go_on()) break;
  }
  return thinned;
}

}  // namespace mesher::postgres
