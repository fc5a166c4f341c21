#include "io/api/fingerprint_rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "io/api/event_detail.hpp"
#include "io/api/times.hpp"
#include "io/postgres/project_settings.hpp"
#include "nodes/fingerprint_node.hpp"

namespace mesher::api {
namespace {

constexpr std::size_t kMostExamples = 10, kMostEventsOfExample = 3;

Grouped group(const nodes::Event& event, const nodes::FingerprintRules& rules) {
  nodes::Grouper grouper;
  nodes::Arena arena;
  nodes::Event copy = event;
  nodes::GroupingExplanation why;
  nodes::fingerprint_event(copy, grouper, arena, &rules, &why);
  return {{copy.hashes.begin(), copy.hashes.end()}, why.rule_line};
}

/// Where events would go: an issue of today, or a new one named by its hash.
struct Target {
  std::int64_t issue_id = 0;
  std::string fingerprint;
  friend auto operator<=>(const Target&, const Target&) = default;
};

/// Events by the issue that they are in and the target that they would go to.
class Moves {
 public:
  Moves(const std::vector<PreviewedEvent>& events, const std::map<nodes::Fingerprint, std::int64_t>& known) {
    for (const auto& event : events) {
      const auto target = target_of(event, known);
      from_[event.issue_id][target].push_back(&event);
      into_[target].insert(event.issue_id);
      if (target.issue_id != 0) into_[target].insert(target.issue_id);
    }
  }

  using Targets = std::map<Target, std::vector<const PreviewedEvent*>>;
  [[nodiscard]] const std::map<std::int64_t, Targets>& from() const { return from_; }
  [[nodiscard]] const std::map<Target, std::set<std::int64_t>>& into() const { return into_; }

 private:
  static Target target_of(const PreviewedEvent& event, const std::map<nodes::Fingerprint, std::int64_t>& known) {
    if (event.now == event.then) return {event.issue_id, {}};
    for (const auto& hash : event.then.hashes) {
      if (const auto issue = known.find(hash); issue != known.end()) return {issue->second, {}};
    }
    return {0, nodes::to_hex(event.then.hashes.front())};
  }

  std::map<std::int64_t, Targets> from_;
  std::map<Target, std::set<std::int64_t>> into_;
};

class PreviewText {
 public:
  PreviewText(const Moves& moves, const std::vector<postgres::IssueName>& issues) : moves_(moves) {
    for (const auto& issue : issues) names_[issue.id] = &issue;
  }

  Json json() {
    for (const auto& [target, issues] : moves_.into()) {
      if (issues.size() > 1) add_join(target, issues);
    }
    std::size_t parting = 0, replaced = 0, unchanged = 0;
    for (const auto& [issue, targets] : moves_.from()) {
      if (targets.size() > 1) {
        ++parting;
        if (parts_.size() < kMostExamples) parts_.push_back({{"issue", name(issue)}, {"groups", groups(targets)}});
      } else if (targets.begin()->first.issue_id == issue) {
        unchanged += joining_.contains(issue) ? 0 : 1;
      } else if (!joining_.contains(issue)) {
        ++replaced;
        if (replaced_.size() < kMostExamples) {
          replaced_.push_back({{"issue", name(issue)}, {"groups", groups(targets)}});
        }
      }
    }
    return {{"issues",
             {{"joining", joining_.size()},
              {"joined_into", joined_into_},
              {"parting", parting},
              {"replaced", replaced},
              {"unchanged", unchanged}}},
            {"joins", std::move(joins_)},
            {"parts", std::move(parts_)},
            {"replacements", std::move(replaced_)}};
  }

 private:
  void add_join(const Target& target, const std::set<std::int64_t>& issues) {
    ++joined_into_;
    joining_.insert(issues.begin(), issues.end());
    if (joins_.size() >= kMostExamples) return;
    Json members = Json::array();
    std::uint32_t line = 0;
    for (const auto issue : issues) {
      Json member = name(issue);
      Json ids = Json::array();
      if (const auto targets = moves_.from().find(issue); targets != moves_.from().end()) {
        if (const auto events = targets->second.find(target); events != targets->second.end()) {
          ids = event_ids(events->second);
          line = std::max(line, events->second.front()->then.rule_line);
        }
      }
      member["event_ids"] = std::move(ids);
      members.push_back(std::move(member));
      if (members.size() == kMostExamples) break;
    }
    Json join = target_json(target, line);
    join["issue_count"] = issues.size();
    join["issues"] = std::move(members);
    joins_.push_back(std::move(join));
  }

  [[nodiscard]] Json groups(const Moves::Targets& targets) const {
    Json all = Json::array();
    for (const auto& [target, events] : targets) {
      Json group = target_json(target, events.front()->then.rule_line);
      group["events"] = events.size();
      group["event_ids"] = event_ids(events);
      all.push_back(std::move(group));
      if (all.size() == kMostExamples) break;
    }
    return all;
  }

  static Json target_json(const Target& target, std::uint32_t line) {
    return {{"issue_id", target.issue_id == 0 ? Json() : Json(target.issue_id)},
            {"fingerprint", target.fingerprint.empty() ? Json() : Json(target.fingerprint)},
            {"rule_line", line == 0 ? Json() : Json(line)}};
  }

  static Json event_ids(const std::vector<const PreviewedEvent*>& events) {
    Json ids = Json::array();
    for (std::size_t i = 0; i < std::min(events.size(), kMostEventsOfExample); ++i) ids.push_back(events[i]->id.hex());
    return ids;
  }

  [[nodiscard]] Json name(std::int64_t issue) const {
    const auto known = names_.find(issue);
    return known == names_.end() ? Json{{"id", issue}} : issue_name_json(*known->second);
  }

  const Moves& moves_;
  std::map<std::int64_t, const postgres::IssueName*> names_;
  std::set<std::int64_t> joining_;
  std::size_t joined_into_ = 0;
  Json joins_ = Json::array(), parts_ = Json::array(), replaced_ = Json::array();
};

}  // namespace

std::optional<http::Response> refuse_bad_rules(std::string_view rules, std::string_view field) {
  const auto mistakes = nodes::check_fingerprint_rules(rules);
  if (mistakes.empty()) return std::nullopt;
  Json list = Json::array();
  for (const auto& mistake : mistakes) {
    list.push_back({{"line", mistake.place.line},
                    {"column", mistake.place.column},
                    {"message", mistake.message},
                    {"hint", mistake.hint}});
  }
  const auto& first = mistakes.front();
  const CodeInfo& info = info_of(Code::invalid_rules);
  return answer(
      {{"error",
        {{"code", info.name},
         {"message", fmt::format("line {}, column {}: {}", first.place.line, first.place.column, first.message)},
         {"field", field},
         {"diagnostics", std::move(list)}}}},
      info.status);
}

nodes::FingerprintRules rules_in_force(const postgres::ProjectRow& project) {
  nodes::ports::ProjectSettings settings;
  postgres::settings_from_json(project.settings_json, settings);
  std::vector<graph::Diagnostic> mistakes;
  return nodes::FingerprintRules::parse(settings.fingerprint_rules, mistakes);
}

PreviewedEvent preview_event(const postgres::EventRow& row, std::string payload, const nodes::FingerprintRules& now,
                             const nodes::FingerprintRules& then) {
  const StoredEvent stored(row, std::move(payload));
  return {row.id, row.issue_id, group(stored.event(), now), group(stored.event(), then)};
}

Json preview_json(const std::vector<PreviewedEvent>& events, const std::map<nodes::Fingerprint, std::int64_t>& known,
                  const std::vector<postgres::IssueName>& issues) {
  const Moves moves(events, known);
  return PreviewText(moves, issues).json();
}

Json issue_name_json(const postgres::IssueName& issue) {
  std::string short_id = issue.project_slug;
  std::transform(short_id.begin(), short_id.end(), short_id.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return {{"id", issue.id},
          {"short_id", fmt::format("{}-{}", short_id, issue.short_id)},
          {"title", issue.title},
          {"culprit", issue.culprit},
          {"type", issue.type},
          {"level", name_of(issue.level)},
          {"status", issue.status},
          {"event_count", issue.event_count},
          {"last_seen", rfc3339(issue.last_seen)}};
}

}  // namespace mesher::api
