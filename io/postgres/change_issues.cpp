#include "io/postgres/change_issues.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "io/postgres/pool.hpp"
#include "nodes/release_order.hpp"

namespace mesher::postgres {
namespace {

constexpr std::string_view kBefore =
    "jsonb_build_object('status', {0}.status, 'substatus', {0}.substatus, 'is_regressed', {0}.is_regressed, 'life', "
    "{0}.life, 'wake_at', {0}.wake_at, 'assigned_user', {0}.assigned_user, 'assigned_team', {0}.assigned_team)";

// Events an hour over the last week, or since the issue is there.
constexpr std::string_view kUsual =
    "(select coalesce(sum(h.events), 0)::float8 from issue_hours h where h.project_id = c.project_id and "
    "h.issue_id = c.id and h.hour >= now() - interval '7 days') / greatest(1.0, least(168.0, "
    "extract(epoch from now() - c.first_seen)::float8 / 3600))";

std::string before_of(std::string_view alias) {
  return fmt::format(fmt::runtime(kBefore), alias);
}

/// Composes the statement; values go into its parameters. Its parts are joined by indexes of issues only: a table that
/// was never analysed must not make it join ten thousand rows with ten thousand.
class ChangeStatement {
 public:
  ChangeStatement(std::uint32_t project_id, const IssueSelection& selection, const IssueEdit& edit,
                  std::uint32_t user_id)
      : edit_(edit) {
    params_.integer(project_id).integer(user_id);
    compose(selection);
  }
  [[nodiscard]] const std::string& sql() const { return sql_; }
  [[nodiscard]] const Params& params() const { return params_; }

 private:
  std::string text(std::string_view value) { return fmt::format("${}::text", params_.text(value).size()); }
  std::string json(const std::string& value) {
    return value.empty() ? "null::jsonb" : fmt::format("${}::jsonb", params_.text(value).size());
  }
  std::string number(std::int64_t value) { return fmt::format("${}::bigint", params_.integer(value).size()); }
  std::string optional_id(const std::optional<std::uint32_t>& id) {
    return id ? fmt::format("${}::integer", params_.integer(*id).size()) : std::string("null::integer");
  }

  void compose(const IssueSelection& selection) {
    std::string where = "i.project_id = $1::integer and i.event_count > 0";
    if (selection.condition) {
      where += " and " + selection.condition(params_);
    } else {
      where += fmt::format(" and i.id = any(${}::bigint[])", params_.integers(selection.ids).size());
    }
    if (selection.version) where += " and i.version = " + number(*selection.version);
    const auto moves = state_differs(), assigns = assignee_differs();
    sql_ = fmt::format(
        "with change as materialized (select nextval('issue_change_ids') as id),"
        " chosen as materialized (select i.*, {1} as moves, {2} as assigns from issues i where {0} and ({1} or {2})"
        " order by i.project_id, i.id for update of i),"
        " changed as (update issues i set version = i.version + 1, changed_at = now(){3}{4} from chosen c"
        " where i.project_id = $1::integer and i.id = c.id"
        " returning i.id, i.version, i.event_count, i.last_seen, i.status, i.substatus, c.moves, c.assigns,"
        " {5} as before),"
        " noted as (insert into issue_activity (project_id, issue_id, user_id, kind, data, change_id, before, version)"
        " select $1::integer, c.id, $2::integer, k.kind, k.data, change.id, c.before, c.version"
        " from changed c cross join change"
        " cross join lateral ({6}) as k (kind, data, applies) where k.applies)"
        " select count(*) over (), change.id, changed.id, changed.event_count, changed.last_seen, changed.status,"
        " changed.substatus from changed cross join change limit {7}",
        where, moves, assigns, set_state(), set_assignee(), before_of("c"), activities(), IssueChanges::kListed);
  }

  std::string state_differs() {
    if (!edit_.state) return "false";
    return fmt::format("(i.status <> {} or (i.status <> 'unresolved' and i.life->'asked' is distinct from {}))",
                       text(edit_.state->status), json(edit_.state->life.asked));
  }
  std::string assignee_differs() {
    if (!edit_.assign) return "false";
    return fmt::format("(i.assigned_user is distinct from {} or i.assigned_team is distinct from {})",
                       optional_id(edit_.user), optional_id(edit_.team));
  }

  std::string set_state() {
    if (!edit_.state) return "";
    const auto& state = *edit_.state;
    const auto when = [](std::string_view column, std::string_view value) {
      return fmt::format(", {0} = case when c.moves then {1} else i.{0} end", column, value);
    };
    return when("status", text(state.status)) + when("substatus", text(state.substatus)) +
           when("is_regressed", "false") + when("life", life()) + when("wake_at", wake_at());
  }
  std::string life() {
    const auto& state = *edit_.state;
    if (state.life.asked.empty()) return "null::jsonb";
    auto value = json(state.life.to_json());
    if (state.more_events) {
      value += fmt::format(" || jsonb_build_object('event_count', i.event_count + {})", number(*state.more_events));
    }
    if (state.more_users) {
      value += fmt::format(" || jsonb_build_object('user_count', i.user_count + {})", number(*state.more_users));
    }
    if (state.life.escalating) value += fmt::format(" || jsonb_build_object('usual', {})", kUsual);
    return value;
  }
  std::string wake_at() {
    const auto& life = edit_.state->life;
    if (life.time) return fmt::format("${}::timestamptz", params_.time(*life.time).size());
    return life.escalating ? "now() + interval '1 day'" : "null::timestamptz";
  }
  std::string set_assignee() {
    if (!edit_.assign) return "";
    return fmt::format(", assigned_user = {}, assigned_team = {}", optional_id(edit_.user), optional_id(edit_.team));
  }

  std::string activities() {
    std::string all;
    if (edit_.state) {
      const auto& asked = edit_.state->life.asked;
      all = fmt::format("select {}, {}, c.moves", text(edit_.state->status), json(asked.empty() ? "{}" : asked));
    }
    if (edit_.assign) {
      const auto data = edit_.user   ? fmt::format(R"({{"user":{}}})", *edit_.user)
                        : edit_.team ? fmt::format(R"({{"team":{}}})", *edit_.team)
                                     : std::string("{}");
      if (!all.empty()) all += " union all ";
      all += fmt::format("select {}, {}, c.assigns", text(edit_.user || edit_.team ? "assigned" : "unassigned"),
                         json(data));
    }
    return all;
  }

  const IssueEdit& edit_;
  Params params_;
  std::string sql_;
};

IssueChanges changes_from(const Rows& rows) {
  IssueChanges changes;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    changes.changed = rows.integer(i, 0);
    changes.change_id = rows.integer(i, 1);
    changes.issues.push_back({rows.integer(i, 2), rows.integer(i, 3), rows.time(i, 4), std::string(rows.text(i, 5)),
                              std::string(rows.text(i, 6))});
  }
  return changes;
}

Result<IssueChanges> run_change(Pool& pool, std::string_view sql, const Params& params, const NoteChanges& note) {
  auto lease = pool.acquire();
  if (!lease) return lease.error();
  auto transaction = Transaction::begin(**lease);
  if (!transaction) return transaction.error();
  const auto rows = (*lease)->query(sql, params);
  if (!rows) return rows.error();
  auto changes = changes_from(*rows);
  if (note && changes.changed > 0) {
    if (auto status = note(**lease, changes); !status) return status.error();
  }
  if (auto status = transaction->commit(); !status) return status.error();
  return changes;
}

Result<bool> answers_something(Pool& pool, std::string_view sql, std::uint32_t a, std::uint32_t b) {
  auto rows = pool.query(sql, Params().integer(a).integer(b));
  if (!rows) return std::move(rows).error();
  return !rows->empty();
}

}  // namespace

Result<IssueChanges> change_issues(Pool& pool, std::uint32_t project_id, const IssueSelection& selection,
                                   const IssueEdit& edit, std::uint32_t user_id, const NoteChanges& note) {
  const ChangeStatement statement(project_id, selection, edit, user_id);
  return run_change(pool, statement.sql(), statement.params(), note);
}

Result<IssueChanges> undo_change(Pool& pool, std::uint32_t project_id, std::int64_t change_id, std::uint32_t user_id,
                                 const NoteChanges& note) {
  auto known = pool.query(
      "select count(distinct issue_id) from issue_activity where project_id = $1::integer and change_id = $2::bigint",
      Params().integer(project_id).integer(change_id));
  if (!known) return std::move(known).error();
  const auto issues = known->integer(0, 0);
  if (issues == 0) return Error{ErrorCode::not_found, "no such change", ""};
  static const std::string kSql = fmt::format(
      "with change as materialized (select nextval('issue_change_ids') as id),"
      " undone as materialized (select distinct on (a.issue_id) a.issue_id, a.before, a.version from issue_activity a"
      " where a.project_id = $1::integer and a.change_id = $2::bigint order by a.issue_id, a.id),"
      " chosen as materialized (select i.*, u.before as back from issues i join undone u on u.issue_id = i.id"
      " where i.project_id = $1::integer and i.version = u.version order by i.project_id, i.id for update of i),"
      " changed as (update issues i set version = i.version + 1, changed_at = now(), status = c.back->>'status',"
      " substatus = c.back->>'substatus', is_regressed = (c.back->>'is_regressed')::boolean,"
      " life = nullif(c.back->'life', 'null'::jsonb), wake_at = (c.back->>'wake_at')::timestamptz,"
      " assigned_user = (c.back->>'assigned_user')::integer, assigned_team = (c.back->>'assigned_team')::integer"
      " from chosen c where i.project_id = $1::integer and i.id = c.id"
      " returning i.id, i.version, i.event_count, i.last_seen, i.status, i.substatus, {} as before),"
      " noted as (insert into issue_activity (project_id, issue_id, user_id, kind, data, change_id, before, version)"
      " select $1::integer, c.id, $3::integer, 'undone', jsonb_build_object('change_id', $2::bigint), change.id,"
      " c.before, c.version from changed c cross join change)"
      " select count(*) over (), change.id, changed.id, changed.event_count, changed.last_seen, changed.status,"
      " changed.substatus from changed cross join change limit {}",
      before_of("c"), IssueChanges::kListed);
  auto changes = run_change(pool, kSql, Params().integer(project_id).integer(change_id).integer(user_id), note);
  if (!changes) return changes;
  changes->skipped = issues - changes->changed;
  return changes;
}

Status wait_for_next_release(Pool& pool, std::uint32_t project_id, nodes::IssueLife& life) {
  auto rows = pool.query("select id, version from releases where project_id = $1::integer order by id desc limit 2000",
                         Params().integer(project_id));
  if (!rows) return std::move(rows).error();
  life.next_release = true;
  if (!rows->empty()) life.after_release = rows->integer(0, 0);
  std::optional<nodes::ReleaseVersion> highest;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    const auto version = nodes::parse_release(rows->text(i, 1));
    if (!version || (highest && version->package != highest->package)) continue;
    if (highest && nodes::compare_releases(*version, *highest) <= 0) continue;
    highest = version;
    life.reference = rows->text(i, 1);
  }
  return {};
}

Result<bool> is_member(Pool& pool, std::uint32_t organization_id, std::uint32_t user_id) {
  return answers_something(pool, "select from members where organization_id = $1::integer and user_id = $2::integer",
                           organization_id, user_id);
}

Result<bool> is_team(Pool& pool, std::uint32_t organization_id, std::uint32_t team_id) {
  return answers_something(pool, "select from teams where organization_id = $1::integer and id = $2::integer",
                           organization_id, team_id);
}

Result<std::optional<LastChange>> last_change(Pool& pool, std::uint32_t project_id, std::int64_t issue_id) {
  auto rows = pool.query(
      "select coalesce(u.email, 'Mesher'), a.kind, a.at from issue_activity a left join users u on u.id = a.user_id "
      "where a.project_id = $1::integer and a.issue_id = $2::bigint and a.kind <> 'comment' "
      "order by a.project_id desc, a.issue_id desc, a.id desc limit 1",
      Params().integer(project_id).integer(issue_id));
  if (!rows) return std::move(rows).error();
  if (rows->empty()) return std::optional<LastChange>();
  return std::optional<LastChange>(
      LastChange{std::string(rows->text(0, 0)), std::string(rows->text(0, 1)), rows->time(0, 2)});
}

}  // namespace mesher::postgres
