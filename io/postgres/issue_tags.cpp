#include "io/postgres/issue_tags.hpp"

#include <xxhash.h>

#include <algorithm>
#include <string_view>
#include <tuple>
#include <utility>

#include "io/postgres/clean_text.hpp"

namespace mesher::postgres {
namespace {

constexpr std::size_t kLabelCharacters = 200;  // as in tag_days

std::string label(std::string_view text) {
  std::string clean;
  append_clean(clean, first_characters(text, kLabelCharacters));
  return clean;
}

std::uint64_t hash_of(const nodes::Event& event, std::string_view key, std::string_view value) {
  // Issues' ids never repeat over projects.
  const auto of_key = XXH3_64bits_withSeed(key.data(), key.size(), static_cast<std::uint64_t>(event.issue_id));
  return XXH3_64bits_withSeed(value.data(), value.size(), of_key);
}

}  // namespace

std::vector<IssueTag> SeenIssueTags::unseen(std::span<nodes::Event* const> events, std::span<const EventPlace> places,
                                            TagLimits& limits) {
  std::vector<IssueTag> fresh;
  std::unordered_set<std::uint64_t> here;
  for (std::size_t i = 0; i < events.size(); ++i) {
    const auto& event = *events[i];
    const auto look = [&](std::string_view key, std::string_view value) {
      const auto hash = hash_of(event, key, value);
      if (knows(hash) || !here.insert(hash).second) return;
      const auto clean_key = label(key), clean_value = label(value);
      const auto admitted = limits.admit(event.project_id, places[i].day, clean_key, clean_value);
      if (admitted.first.empty() || admitted.second.empty()) return;
      fresh.push_back({event.project_id, clean_key, clean_value, event.issue_id, hash});
    };
    for (const auto& tag : event.tags) look(tag.key, tag.value);
    if (!event.environment.empty()) look("environment", event.environment);
    if (!event.release.empty()) look("release", event.release);
  }
  const auto order = [](const IssueTag& tag) { return std::tie(tag.project_id, tag.key, tag.value, tag.issue_id); };
  std::sort(fresh.begin(), fresh.end(), [&](const auto& a, const auto& b) { return order(a) < order(b); });
  return fresh;
}

void SeenIssueTags::remember(const std::vector<IssueTag>& tags) {
  for (const auto& tag : tags) {
    if (young_.size() >= kRemembered) {
      old_ = std::move(young_);
      young_.clear();
    }
    young_.insert(tag.hash);
  }
}

Call add_issue_tags(const std::vector<IssueTag>& tags) {
  std::vector<std::int64_t> projects, issues;
  std::vector<std::string_view> keys, values;
  for (const auto& tag : tags) {
    projects.push_back(tag.project_id);
    issues.push_back(tag.issue_id);
    keys.push_back(tag.key);
    values.push_back(tag.value);
  }
  Call call;
  call.sql =
      "insert into issue_tags (project_id, issue_id, key, value) "
      "select * from unnest($1::integer[], $2::bigint[], $3::text[], $4::text[]) on conflict do nothing";
  call.params.integers(projects).integers(issues).texts(keys).texts(values);
  return call;
}

}  // namespace mesher::postgres
