#include "nodes/alerts/window_state.hpp"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <utility>

namespace mesher::nodes::alerts {
namespace {

constexpr int kLookedAtForRoom = 16;  // the longest unseen of so many keys goes: cheap, and good enough

}  // namespace

std::uint64_t hash_of(std::string_view text) {
  return XXH3_64bits(text.data(), text.size());
}

std::string Engine::WindowKey::text() const {
  return fmt::format("{}|{}|{}|{}|{}|{}", project_id, users, static_cast<int>(per), tag, window_seconds, filter);
}

WindowState::WindowState(Engine::WindowKey its_key, std::shared_ptr<std::atomic<std::size_t>> all_units)
    : key(std::move(its_key)), step(step_of(key.window_seconds)), all_units_(std::move(all_units)) {}

WindowState::~WindowState() {
  while (!entries.empty()) erase(entries.begin());
}

void WindowState::account(std::int64_t units) {
  // Relaxed: a sum that bounds memory, nothing is ordered by it.
  all_units_->fetch_add(static_cast<std::size_t>(units), std::memory_order_relaxed);
}

void WindowState::erase(std::unordered_map<std::uint64_t, Entry>::iterator at) {
  const auto users = at->second.users ? at->second.users->size() : 0;
  account(-static_cast<std::int64_t>(Engine::kUnitsOfKey + users));
  entries.erase(at);
}

void WindowState::make_room() {
  auto oldest = entries.begin();
  auto at = entries.begin();
  for (int i = 0; i < kLookedAtForRoom && at != entries.end(); ++i, ++at) {
    if (at->second.latest_step() < oldest->second.latest_step()) oldest = at;
  }
  if (oldest != entries.end()) erase(oldest);
}

WindowState::Entry* WindowState::find(std::uint64_t hash) {
  const auto found = entries.find(hash);
  return found == entries.end() ? nullptr : &found->second;
}

WindowState::Entry& WindowState::entry(std::uint64_t hash, std::string_view name) {
  if (auto* found = find(hash)) return *found;
  const bool full =
      entries.size() >= Engine::kMostKeysOfWindow || all_units_->load(std::memory_order_relaxed) >= Engine::kMostUnits;
  if (full) make_room();
  auto& made = entries[hash];
  made.name = name;
  if (key.users) {
    made.users = std::make_unique<UserWindow>();
  } else {
    made.counts = std::make_unique<CountWindow>();
  }
  account(Engine::kUnitsOfKey);
  return made;
}

std::int64_t WindowState::add(Entry& entry, UnixMicros at, std::uint64_t user, std::uint32_t count) {
  if (entry.counts) return entry.counts->add(at, step, count);
  const auto before = entry.users->size();
  const bool full = all_units_->load(std::memory_order_relaxed) >= Engine::kMostUnits;
  // With no room left, a key makes do with half of the users that it has.
  const auto most = full ? std::min(most_users, std::max<std::size_t>(1, before / 2)) : most_users;
  const auto total = entry.users->add(user, at, step, most);
  account(static_cast<std::int64_t>(entry.users->size()) - static_cast<std::int64_t>(before));
  return total;
}

std::int64_t WindowState::total(const Entry& entry, UnixMicros now) const {
  return entry.counts ? entry.counts->total(now, step) : entry.users->total(now, step);
}

void WindowState::undo(std::uint64_t hash, UnixMicros at, std::uint32_t count, std::uint64_t user,
                       UnixMicros user_before) {
  auto* const found = find(hash);
  if (found == nullptr) return;
  if (found->counts) {
    found->counts->undo(at, step, count);
    return;
  }
  const auto before = found->users->size();
  found->users->restore(user, user_before);
  account(static_cast<std::int64_t>(found->users->size()) - static_cast<std::int64_t>(before));
}

void WindowState::drop_empty(UnixMicros now) {
  for (auto at = entries.begin(); at != entries.end();) {
    const auto next = std::next(at);
    if (total(at->second, now) == 0) erase(at);
    at = next;
  }
}

bool WindowState::drop_after(UnixMicros limit) {
  const auto before = entries.size();
  for (auto at = entries.begin(); at != entries.end();) {
    const auto next = std::next(at);
    if (at->second.latest_step() > limit / step) erase(at);
    at = next;
  }
  return entries.size() < before;
}

}  // namespace mesher::nodes::alerts
