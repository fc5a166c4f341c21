#include "io/demo/people_acts.hpp"

#include <nlohmann/json.hpp>

#include "io/postgres/change_issues.hpp"
#include "io/postgres/issue_talk.hpp"
#include "io/postgres/pool.hpp"

namespace mesher::demo {
namespace {

Error unknown(const std::string& what) {
  return Error{ErrorCode::invalid, "the demo does not know " + what, {}};
}

postgres::StateEdit archived(const std::string& until) {
  postgres::StateEdit state;
  state.status = "archived";
  state.substatus = "archived_forever";
  if (until.empty()) return state;
  const auto json = nlohmann::json::parse(until);
  state.substatus = "archived_until_condition";
  state.life.asked = until;
  if (json.value("escalating", false)) {
    state.substatus = "archived_until_escalating";
    state.life.escalating = true;
    state.life.hour = nodes::RateWindow(3600);
  } else if (json.contains("window_seconds")) {
    state.life.window_events = json.at("events");
    state.life.window_seconds = json.at("window_seconds");
    state.life.window = nodes::RateWindow(state.life.window_seconds);
  } else {
    state.more_events = json.at("events").get<std::int64_t>();
  }
  return state;
}

}  // namespace

Status act(postgres::Pool& pool, const Place& place, std::int64_t issue_id, const Action& action) {
  const auto who = place.people.find(action.who);
  if (who == place.people.end()) return unknown(action.who);
  if (action.what == "comment") {
    const auto made = postgres::add_comment(pool, place.project_id, issue_id, who->second, action.detail);
    return made ? Status() : Status(made.error());
  }
  postgres::IssueEdit edit;
  if (action.what == "assign") {
    edit.assign = true;
    const auto to = place.people.find(action.detail);
    if (to != place.people.end()) edit.user = to->second;
    if (action.detail == "team") edit.team = place.team_id;
    if (!edit.user && !edit.team) return unknown(action.detail);
  } else if (action.what == "archive") {
    edit.state = archived(action.detail);
  } else if (action.what == "resolve" || action.what == "resolve_next_release") {
    edit.state.emplace();
    edit.state->status = "resolved";
    if (action.what == "resolve_next_release") {
      edit.state->life.asked = R"({"in":"next_release"})";
      if (auto status = postgres::wait_for_next_release(pool, place.project_id, edit.state->life); !status)
        return status;
    }
  } else {
    return unknown(action.what);
  }
  postgres::IssueSelection selection;
  selection.ids = {issue_id};
  const auto changed = postgres::change_issues(pool, place.project_id, selection, edit, who->second);
  return changed ? Status() : Status(changed.error());
}

}  // namespace mesher::demo
