#include "nodes/issue_directory.hpp"

#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "nodes/issue_text.hpp"
#include "nodes/similarity.hpp"

namespace mesher::nodes {

std::size_t IssueDirectory::KeyHash::operator()(const Key& key) const noexcept {
  // The fingerprint is a hash already; the project only has to tell equal ones of several projects apart.
  std::uint64_t bits = 0;
  std::memcpy(&bits, key.hash.data(), sizeof bits);
  return static_cast<std::size_t>(bits ^ (static_cast<std::uint64_t>(key.project_id) * 0x9E3779B97F4A7C15ULL));
}

IssueDirectory::IssueDirectory(ports::IssueStore& store, std::size_t capacity)
    : store_(store), generation_size_(capacity / 2 + 1) {}

IssueDirectory::Found IssueDirectory::find_locked(const Key& key) {
  auto it = young_.find(key);
  const bool in_young = it != young_.end();
  if (!in_young) {
    it = old_.find(key);
    if (it == old_.end()) return {};
  }
  const Entry entry = it->second;
  const bool discarded = entry.found.issue_id == kDiscardedIssue;
  if (discarded && std::chrono::steady_clock::now() - entry.asked_at > kTrustDiscarded) return {};
  if (!in_young) remember_locked(key, entry);
  return entry.found;
}

void IssueDirectory::remember_locked(const Key& key, const Entry& entry) {
  if (young_.size() >= generation_size_) {
    old_ = std::move(young_);
    young_.clear();
  }
  young_[key] = entry;
}

namespace {

void add_paths(std::span<const Frame> frames, std::vector<std::string>& paths) {
  for (const auto& frame : frames) {
    for (const auto path : {frame.filename, frame.abs_path}) {
      if (!path.empty()) paths.emplace_back(path);
    }
  }
}

ports::IssueStore::Wanted wanted_for(const Event& event) {
  ports::IssueStore::Wanted wanted;
  wanted.project_id = event.project_id;
  wanted.hashes = {event.hashes.begin(), event.hashes.end()};
  wanted.title = event.title;
  wanted.culprit = event.culprit;
  wanted.type = event.type;
  wanted.platform = event.platform;
  wanted.level = event.level;
  wanted.first_seen = event.received;
  wanted.grouping_version = event.grouping_version;
  wanted.first_release = event.release;
  wanted.signature = similarity_signature(event);
  wanted.text = issue_text(event);
  for (const auto& exception : event.exceptions) add_paths(exception.frames, wanted.paths);
  add_paths(event.stacktrace, wanted.paths);
  for (const auto& tag : event.tags) wanted.tags.emplace_back(tag.key, tag.value);
  if (!event.environment.empty()) wanted.tags.emplace_back("environment", event.environment);
  if (!event.release.empty()) wanted.tags.emplace_back("release", event.release);
  return wanted;
}

void set_issue(Event& event, const ports::IssueStore::Found& found) {
  event.issue_id = found.issue_id;
  event.issue_epoch = found.epoch;
}

}  // namespace

std::size_t IssueDirectory::fill_known(std::span<Event> events) {
  std::size_t missing = 0;
  const std::lock_guard lock(mutex_);
  for (auto& event : events) {
    if (event.issue_id != 0) continue;
    MESHER_ASSERT(!event.hashes.empty());
    set_issue(event, find_locked({event.project_id, event.hashes.front()}));
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
    wanted.push_back(wanted_for(event));
  }
  if (wanted.empty()) return {};
  auto found = store_.find_or_create(wanted);
  if (!found) return std::move(found).error();
  MESHER_ASSERT(found->size() == wanted.size());
  const auto now = std::chrono::steady_clock::now();
  const std::lock_guard lock(mutex_);
  for (auto& event : events) {
    if (event.issue_id != 0) continue;
    const Key key{event.project_id, event.hashes.front()};
    const auto& answer = (*found)[place.at(key)];
    set_issue(event, answer);
    remember_locked(key, {answer, now});
  }
  return {};
}

void IssueDirectory::forget(std::span<Event* const> events) {
  const std::lock_guard lock(mutex_);
  for (auto* event : events) {
    const Key key{event->project_id, event->hashes.front()};
    young_.erase(key);
    old_.erase(key);
    set_issue(*event, {});
  }
}

}  // namespace mesher::nodes
