// How events are grouped: why an event is in its issue, what other rules would do, which issues are alike.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "io/api/event_detail.hpp"
#include "io/api/fingerprint_rules.hpp"
#include "io/api/routes.hpp"
#include "io/api/times.hpp"
#include "nodes/fingerprint_node.hpp"

namespace mesher::api {
namespace {

constexpr UnixMicros kDay = 86'400'000'000;
constexpr std::size_t kMostBody = 1 << 20;
constexpr std::uint32_t kDefaultIssues = 100, kMostIssues = 300;
constexpr std::uint32_t kEventsOfIssue = 3;
constexpr double kLeastLikeness = 0.2;

Json text_or_null(std::string_view text) {
  return text.empty() ? Json() : Json(text);
}

Json components_json(const std::vector<nodes::GroupingComponent>& components) {
  Json list = Json::array();
  for (const auto& component : components) {
    list.push_back({{"depth", component.depth},
                    {"name", component.name},
                    {"value", component.value},
                    {"contributes", component.contributes},
                    {"reason", text_or_null(component.reason)}});
  }
  return list;
}

using Known = std::map<nodes::Fingerprint, std::int64_t>;

Json variants_json(const nodes::GroupingExplanation& why, const Known& known) {
  Json list = Json::array();
  for (const auto& variant : why.variants) {
    const auto issue = known.find(variant.hash);
    list.push_back({{"name", variant.name},
                    {"hash", nodes::to_hex(variant.hash)},
                    {"contributes", variant.contributes},
                    {"issue_id", issue == known.end() ? Json() : Json(issue->second)},
                    {"components", components_json(variant.components)}});
  }
  return list;
}

/// The issue that an event with these hashes would go to today; 0: a new one.
std::int64_t leads_to(const nodes::Event& event, const Known& known) {
  for (const auto& hash : event.hashes) {
    if (const auto issue = known.find(hash); issue != known.end()) return issue->second;
  }
  return 0;
}

std::string verdict(std::int64_t stored, std::int64_t today) {
  if (today == stored) return "today's grouping and rules lead to the same issue";
  if (today == 0) return "grouping or rules have changed since: today this event would make a new issue";
  return fmt::format(
      "grouping or rules have changed since, or issues were merged or split: today this event would go "
      "to issue {}",
      today);
}

struct PreviewOrder {
  std::string rules;
  UnixMicros from = 0, to = 0;
  std::uint32_t issues = kDefaultIssues;
};

/// A time of the body; `fallback` if there is none.
UnixMicros body_time(Call& call, const Json& body, const char* name, UnixMicros fallback) {
  const auto found = body.find(name);
  if (found == body.end() || found->is_null()) return fallback;
  const auto time = found->is_string() ? parse_time(found->get<std::string>()) : std::nullopt;
  if (!time) call.parameters.refuse(fail(Code::invalid_body, "must be a time, such as 2026-01-02T03:04:05Z", name));
  return time.value_or(fallback);
}

/// `{"rules":"…"}`, and perhaps from, to, limit.
PreviewOrder preview_order(Call& call) {
  PreviewOrder order;
  const auto refuse = [&](std::string_view message, std::string_view field = {}) {
    call.parameters.refuse(fail(Code::invalid_body, message, field));
    return order;
  };
  if (call.request.body.size() > kMostBody) return refuse("the body is longer than 1 MiB");
  const Json body = Json::parse(call.request.body, nullptr, false);
  if (!body.is_object()) return refuse(R"(expected {"rules":"…"})");
  const auto rules = body.find("rules");
  if (rules == body.end() || !rules->is_string()) return refuse("rules must be a text", "rules");
  order.rules = rules->get<std::string>();
  const auto now = call.api.clock.now();
  order.from = body_time(call, body, "from", now - 30 * kDay);
  order.to = body_time(call, body, "to", now + kDay);
  if (const auto limit = body.find("limit"); limit != body.end()) {
    if (!limit->is_number_unsigned() || *limit < 1 || *limit > kMostIssues) {
      return refuse(fmt::format("limit must be a number of issues from 1 to {}", kMostIssues), "limit");
    }
    order.issues = limit->get<std::uint32_t>();
  }
  if (order.from > order.to) return refuse("from must not be after to", "from");
  return order;
}

Json rule_counts(const nodes::FingerprintRules& rules, const std::vector<PreviewedEvent>& events) {
  std::map<std::uint32_t, std::size_t> matched;
  for (const auto& event : events) ++matched[event.then.rule_line];
  Json list = Json::array();
  for (const auto& rule : rules.rules()) {
    list.push_back({{"line", rule.line}, {"rule", rule.source}, {"events", matched[rule.line]}});
  }
  return list;
}

}  // namespace

http::Response get_grouping(Call& call) {
  const auto row = visible_event(call);
  if (call.parameters.failed()) return call.parameters.failure();
  auto payload = postgres::payload_of(call.api.database, *row);
  if (!payload) return fail(payload.error());
  const auto project = postgres::find_project(call.api.database, row->project_id);
  if (!project) return fail(project.error());
  const auto rules = *project ? rules_in_force(**project) : nodes::FingerprintRules{};

  const StoredEvent stored(*row, *std::move(payload));
  nodes::Event event = stored.event();
  nodes::Grouper grouper;
  nodes::Arena arena;
  nodes::GroupingExplanation why;
  nodes::fingerprint_event(event, grouper, arena, &rules, &why);
  std::vector<nodes::Fingerprint> hashes;
  for (const auto& variant : why.variants) hashes.push_back(variant.hash);
  const auto known = postgres::issues_of_hashes(call.api.database, row->project_id, hashes);
  if (!known) return fail(known.error());

  const auto today = leads_to(event, *known);
  return answer({{"event_id", row->id.hex()},
                 {"issue_id", row->issue_id},
                 {"version", nodes::kGroupingVersion},
                 {"method", why.method},
                 {"fingerprint_from", text_or_null(why.fingerprint_from)},
                 {"rule", why.rule.empty() ? Json() : Json{{"line", why.rule_line}, {"text", why.rule}}},
                 {"title", event.title},
                 {"leads_to_issue_id", today == 0 ? Json() : Json(today)},
                 {"changed", today != row->issue_id},
                 {"verdict", verdict(row->issue_id, today)},
                 {"variants", variants_json(why, *known)},
                 {"text", nodes::to_text(why)}});
}

http::Response preview_fingerprint_rules(Call& call) {
  const auto project = visible_project(call);
  if (call.parameters.failed()) return call.parameters.failure();
  const auto order = preview_order(call);
  if (call.parameters.failed()) return call.parameters.failure();
  if (auto refusal = refuse_bad_rules(order.rules, "rules")) return *std::move(refusal);
  std::vector<graph::Diagnostic> none;
  const auto then = nodes::FingerprintRules::parse(order.rules, none);
  const auto now = rules_in_force(*project);

  auto& database = call.api.database;
  auto issues = postgres::latest_issues(database, project->id, order.from, order.to, order.issues);
  if (!issues) return fail(issues.error());
  std::vector<std::int64_t> ids;
  for (const auto& issue : *issues) ids.push_back(issue.id);
  const auto rows = postgres::latest_events(database, project->id, ids, order.from, order.to, kEventsOfIssue);
  if (!rows) return fail(rows.error());
  auto payloads = postgres::payloads_of(database, *rows);
  if (!payloads) return fail(payloads.error());

  std::vector<PreviewedEvent> events;
  std::set<nodes::Fingerprint> distinct;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    events.push_back(preview_event((*rows)[i], std::move((*payloads)[i]), now, then));
    distinct.insert(events.back().then.hashes.begin(), events.back().then.hashes.end());
  }
  const auto known = postgres::issues_of_hashes(database, project->id, {distinct.begin(), distinct.end()});
  if (!known) return fail(known.error());
  // Issues that were not looked at may be joined too.
  std::vector<std::int64_t> others;
  for (const auto& [hash, issue] : *known) {
    if (std::find(ids.begin(), ids.end(), issue) == ids.end()) others.push_back(issue);
  }
  auto more = postgres::issues_by_id(database, project->id, others);
  if (!more) return fail(more.error());
  const auto looked_at = issues->size();
  std::move(more->begin(), more->end(), std::back_inserter(*issues));

  Json body{{"looked_at",
             {{"issues", looked_at},
              {"events", events.size()},
              {"events_of_an_issue", kEventsOfIssue},
              {"from", rfc3339(order.from)},
              {"to", rfc3339(order.to)}}},
            {"rules", rule_counts(then, events)}};
  body.update(preview_json(events, *known, *issues));
  return answer(body);
}

http::Response list_similar_issues(Call& call) {
  const auto issue = visible_issue(call);
  const std::uint32_t limit = call.parameters.limit();
  if (call.parameters.failed()) return call.parameters.failure();
  const auto similar = postgres::similar_issues(call.api.database, issue->project_id, issue->id, limit, kLeastLikeness);
  if (!similar) return fail(similar.error());
  Json data = Json::array();
  for (const auto& entry : *similar) {
    Json row = issue_name_json(entry.issue);
    row["likeness"] = std::round(entry.likeness * 100) / 100;
    data.push_back(std::move(row));
  }
  return list_answer(std::move(data), std::nullopt);
}

}  // namespace mesher::api
