#include "io/postgres/event_writer.hpp"

/// What a writer asks of the alerts' engine, within its transaction.
namespace mesher::postgres {

/// Releases that are seen for the first time, of projects with rules about that.
Result<std::vector<KnownReleases::Release>> EventStore::Writer::first_seen_releases(const Attempt& attempt) {
  std::vector<KnownReleases::Release> asked;
  for (const auto& release : attempt.new_releases) {
    if (shared_.alerts.engine->awaits_releases(release.project_id)) asked.push_back(release);
  }
  return absent_releases(*connection_, std::move(asked));
}

Status EventStore::Writer::count_alerts(Attempt& attempt) {
  if (shared_.alerts.engine == nullptr) return {};
  const auto new_releases = first_seen_releases(attempt);
  if (!new_releases) return new_releases.error();
  std::vector<nodes::alerts::Happening::Issue> issues;
  for (const auto& issue : attempt.issues) {
    nodes::alerts::Happening::Issue happened{issue.project_id, issue.issue_id, issue.events_before == 0, false, false};
    if (issue.transition >= 0) {
      const auto step = attempt.transitions[static_cast<std::size_t>(issue.transition)].decision.step;
      happened.regressed = step == nodes::LifeStep::regressed;
      happened.escalating = step == nodes::LifeStep::escalating;
    }
    if (happened.is_new || happened.regressed || happened.escalating) issues.push_back(happened);
  }
  std::vector<nodes::alerts::Happening::Release> releases;
  for (const auto& release : *new_releases) {
    releases.push_back({release.project_id, release.version, release.first_seen});
  }
  attempt.counted = shared_.alerts.engine->count({attempt.stored, issues, releases});
  return {};
}

}  // namespace mesher::postgres
