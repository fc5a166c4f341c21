#include "io/postgres/known_releases.hpp"

#include <xxhash.h>

#include <algorithm>
#include <map>
#include <utility>

#include "io/postgres/clean_text.hpp"

namespace mesher::postgres {
namespace {

constexpr std::size_t kReleaseCharacters = 250;  // as in table events

std::uint64_t key_of(std::uint32_t project_id, std::string_view version) {
  return XXH3_64bits_withSeed(version.data(), version.size(), project_id);
}

}  // namespace

std::string_view release_label(std::string_view release) {
  return first_characters(release, kReleaseCharacters);
}

std::vector<KnownReleases::Release> KnownReleases::unknown(std::span<nodes::Event* const> events) const {
  std::map<std::pair<std::uint32_t, std::string_view>, UnixMicros> found;
  std::uint32_t last_project = 0;
  std::string_view last;
  for (const auto* event : events) {
    if (event->release.empty()) continue;
    const auto version = release_label(event->release);
    if (version == last && event->project_id == last_project) continue;  // most have the release of the one before
    last_project = event->project_id;
    last = version;
    if (known_.contains(key_of(last_project, version))) continue;
    const auto [place, fresh] = found.try_emplace({last_project, version}, event->received);
    if (!fresh) place->second = std::min(place->second, event->received);
  }
  std::vector<Release> releases;
  releases.reserve(found.size());
  for (const auto& [key, first_seen] : found) releases.push_back({key.first, key.second, first_seen});
  return releases;
}

void KnownReleases::add(std::span<const Release> releases) {
  if (known_.size() + releases.size() > kMost) known_.clear();
  for (const auto& release : releases) known_.insert(key_of(release.project_id, release.version));
}

Result<std::vector<KnownReleases::Release>> absent_releases(Connection& connection,
                                                            std::vector<KnownReleases::Release> releases) {
  if (releases.empty()) return releases;
  std::vector<std::int64_t> projects;
  std::vector<std::string_view> versions;
  for (const auto& release : releases) {
    projects.push_back(release.project_id);
    versions.push_back(release.version);
  }
  const auto rows = connection.query(
      "select d.n from unnest($1::integer[], $2::text[]) with ordinality as d (project_id, version, n) where exists "
      "(select 1 from releases r where r.project_id = d.project_id and r.version = d.version) order by 1 desc",
      Params().integers(projects).texts(versions));
  if (!rows) return rows.error();
  for (std::size_t i = 0; i < rows->size(); ++i) releases.erase(releases.begin() + rows->integer(i, 0) - 1);
  return releases;
}

Call insert_releases(std::span<const KnownReleases::Release> releases) {
  std::vector<std::int64_t> projects;
  std::vector<std::string_view> versions;
  std::vector<UnixMicros> first_seen;
  for (const auto& release : releases) {
    projects.push_back(release.project_id);
    versions.push_back(release.version);
    first_seen.push_back(release.first_seen);
  }
  Call call;
  call.sql =
      "insert into releases (project_id, version, first_seen) "
      "select * from unnest($1::integer[], $2::text[], $3::timestamptz[]) on conflict (project_id, version) do nothing";
  call.params.integers(projects).texts(versions).times(first_seen);
  return call;
}

}  // namespace mesher::postgres
