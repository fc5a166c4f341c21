#include "io/api/issue_edit.hpp"

#include <limits>

#include "io/api/times.hpp"

namespace mesher::api {
namespace {

constexpr std::int64_t kMostEvents = 1'000'000'000;
constexpr std::int64_t kLongestWindow = 7 * 24 * 3600;
constexpr std::int64_t kMostId = std::numeric_limits<std::int32_t>::max();

void read_until(Call& call, Body& until, postgres::StateEdit& edit) {
  Json asked = Json::object();
  auto& life = edit.life;
  if (const auto events = until.integer("events", 1, kMostEvents)) {
    asked["events"] = *events;
    edit.more_events = *events;
  }
  if (const auto seconds = until.integer("window_seconds", 1, kLongestWindow)) {
    if (!edit.more_events) until.refuse("window_seconds", "needs events beside it");
    asked["window_seconds"] = *seconds;
    life.window_seconds = *seconds;
    life.window_events = edit.more_events.value_or(1);
    edit.more_events.reset();
  }
  if (const auto users = until.integer("users", 1, kMostEvents)) {
    asked["users"] = *users;
    edit.more_users = *users;
  }
  if (const auto time = until.time("time")) {
    if (*time <= call.api.clock.now()) until.refuse("time", "is not in the future");
    asked["time"] = rfc3339(*time);
    life.time = *time;
  }
  if (until.boolean("escalating").value_or(false)) {
    asked["escalating"] = life.escalating = true;
    if (until.boolean("rearchive").value_or(false)) asked["rearchive"] = life.rearchive = true;
  } else if (until.boolean("rearchive").value_or(false)) {
    until.refuse("rearchive", "needs escalating beside it");
  }
  until.finish();
  if (asked.empty()) until.refuse("events", "or users, time or escalating is needed");
  life.asked = asked.dump();
  edit.substatus = life.escalating ? "archived_until_escalating" : "archived_until_condition";
}

}  // namespace

postgres::StateEdit resolved() {
  postgres::StateEdit edit;
  edit.status = "resolved";
  return edit;
}

postgres::StateEdit unresolved() {
  postgres::StateEdit edit;
  edit.status = "unresolved";
  edit.substatus = "ongoing";
  return edit;
}

postgres::StateEdit archived(Call& call, Body& body) {
  postgres::StateEdit edit;
  edit.status = "archived";
  edit.substatus = "archived_forever";
  const auto* until = body.member("until");
  if (until == nullptr || until->is_null()) return edit;
  Body part(call, *until, "until");
  if (!call.parameters.failed()) read_until(call, part, edit);
  return edit;
}

void read_resolved_in(Call& call, Body& body, const postgres::ProjectRow& project, postgres::StateEdit& edit) {
  if (!body.choice("in", {"next_release"}) || call.parameters.failed()) return;
  edit.life.asked = R"({"in":"next_release"})";
  if (const auto status = postgres::wait_for_next_release(call.api.database, project.id, edit.life); !status) {
    call.parameters.refuse(fail(status.error()));
  }
}

void read_assignee(Call& call, Body& body, const postgres::ProjectRow& project, postgres::IssueEdit& edit) {
  const auto user = body.integer("user", 1, kMostId), team = body.integer("team", 1, kMostId);
  if (user.has_value() == team.has_value()) body.refuse("user", "or team is needed, and only one of them");
  if (call.parameters.failed()) return;
  edit.assign = true;
  auto& database = call.api.database;
  const auto id = static_cast<std::uint32_t>(user ? *user : *team);
  const auto known = user ? postgres::is_member(database, project.organization_id, id)
                          : postgres::is_team(database, project.organization_id, id);
  if (!known) return call.parameters.refuse(fail(known.error()));
  if (!*known) {
    return user ? body.refuse("user", "is not a member of the organisation")
                : body.refuse("team", "is not one of the organisation's");
  }
  (user ? edit.user : edit.team) = id;
}

postgres::IssueEdit read_edit(Call& call, Body& body, const postgres::ProjectRow& project) {
  postgres::IssueEdit edit;
  const auto status = body.choice("status", {"unresolved", "resolved", "archived"});
  if (status == "unresolved") edit.state = unresolved();
  if (status == "resolved") read_resolved_in(call, body, project, edit.state.emplace(resolved()));
  if (status == "archived") edit.state = archived(call, body);
  if (const auto* assignee = body.member("assigned_to"); assignee != nullptr) {
    edit.assign = true;
    if (!assignee->is_null()) {
      Body part(call, *assignee, "assigned_to");
      read_assignee(call, part, project, edit);
      part.finish();
    }
  }
  body.finish();
  if (!edit.state && !edit.assign) body.refuse("status", "or assigned_to is needed");
  return edit;
}

}  // namespace mesher::api
