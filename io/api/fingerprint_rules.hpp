#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/api/call.hpp"
#include "io/postgres/read_events.hpp"
#include "io/postgres/read_grouping.hpp"
#include "nodes/fingerprint_rules.hpp"
#include "nodes/grouping.hpp"

/// A project's fingerprint rules in the API: checking them, and what they would do.
namespace mesher::api {

/// 422 with every mistake and its place (`diagnostics`); nothing: the rules can be saved. `field`: of the body.
[[nodiscard]] std::optional<http::Response> refuse_bad_rules(std::string_view rules, std::string_view field);

/// The rules in force in a project; lines with mistakes are left out.
[[nodiscard]] nodes::FingerprintRules rules_in_force(const postgres::ProjectRow& project);

/// What one set of rules makes of one event.
struct Grouped {
  std::vector<nodes::Fingerprint> hashes;
  std::uint32_t rule_line = 0;  ///< 0: no rule matched
  friend bool operator==(const Grouped& a, const Grouped& b) { return a.hashes == b.hashes; }
};

/// One stored event under the rules in force and under others.
struct PreviewedEvent {
  nodes::EventId id;
  std::int64_t issue_id = 0;
  Grouped now, then;
};

/// Throws std::invalid_argument if the payload can't be read.
[[nodiscard]] PreviewedEvent preview_event(const postgres::EventRow& row, std::string payload,
                                           const nodes::FingerprintRules& now, const nodes::FingerprintRules& then);

/// Which issues would join and which would part, if events like these came under the other rules. `known`: which issues
/// the hashes of `then` lead to today; another one makes a new issue.
[[nodiscard]] Json preview_json(const std::vector<PreviewedEvent>& events,
                                const std::map<nodes::Fingerprint, std::int64_t>& known,
                                const std::vector<postgres::IssueName>& issues);

/// `{"id","short_id","title",…}`
[[nodiscard]] Json issue_name_json(const postgres::IssueName& issue);

}  // namespace mesher::api
