#include "nodes/issue_directory.hpp"

#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace mesher::nodes {

std::size_t IssueDirectory::KeyHash::operator()(const Key& key) const noexcept {
  // The fingerprint is a hash already; the project only has to tell equal ones of several projects apart.
  std::uint64_t bits = 0;
  std::memcpy(&bits, key.hash.data(), sizeof bits);
  return static_cast<std::size_t>(bits ^ (static_cast<std::uint64_t>(key.project_id) * 0x9E3779B97F4A7C15ULL));
}

IssueDirectory::IssueDirectory(ports::IssueStore& store, std::size_t capacity)
    : store_(store), generation_size_(capacity / 2 + 1) {}

std::int64_t IssueDirectory::find_locked(const Key& key) {
  if (const auto it = young_.find(key); it != young_.end()) return it->second;
  const auto it = old_.find(key);
  if (it == old_.end()) return 0;
  const auto id = it->second;
  remember_locked(key, id);
  return id;
}

void IssueDirectory::remember_locked(const Key& key, std::int64_t issue_id) {
  if (young_.size() >= generation_size_) {
    old_ = std::move(young_);
    young_.clear();
  }
  young_[key] = issue_id;
}

std::size_t IssueDirectory::fill_known(std::span<Event> events) {
  std::size_t missing = 0;
  const std::lock_guard lock(mutex_);
  for (auto& event : events) {
    if (event.issue_id != 0) continue;
    MESHER_ASSERT(!event.hashes.empty());
    event.issue_id = find_locked({event.project_id, event.hashes.front()});
    if (event.issue_id == 0) ++missing;
  }
  return missing;
}

Status IssueDirectory::fill_missing(std::span<Event> events) {
  std::vector<ports::IssueStore::Wanted> wanted;
  std::unordered_map<Key, std::size_t, KeyHash> place;
  for (const auto& event : events) {
    if (event.issue_id != 0) continue;
    const Key key{event.project_id, event.hashes.front()};
    if (!place.try_emplace(key, wanted.size()).second) continue;
    wanted.push_back({event.project_id,
                      {event.hashes.begin(), event.hashes.end()},
                      std::string(event.title),
                      std::string(event.culprit),
                      std::string(event.type),
                      std::string(event.platform),
                      event.level,
                      event.received,
                      event.grouping_version,
                      std::string(event.release)});
  }
  if (wanted.empty()) return {};
  auto found = store_.find_or_create(wanted);
  if (!found) return std::move(found).error();
  MESHER_ASSERT(found->size() == wanted.size());
  const std::lock_guard lock(mutex_);
  for (auto& event : events) {
    if (event.issue_id != 0) continue;
    event.issue_id = (*found)[place.at({event.project_id, event.hashes.front()})];
    remember_locked({event.project_id, event.hashes.front()}, event.issue_id);
  }
  return {};
}

void IssueDirectory::forget(std::span<Event* const> events) {
  const std::lock_guard lock(mutex_);
  for (auto* event : events) {
    const Key key{event->project_id, event->hashes.front()};
    young_.erase(key);
    old_.erase(key);
    event->issue_id = 0;
  }
}

}  // namespace mesher::nodes
