#include "io/postgres/tag_limits.hpp"

#include <xxhash.h>

#include <algorithm>

namespace mesher::postgres {
namespace {

std::uint64_t hash_of(std::string_view text) {
  return XXH3_64bits(text.data(), text.size());
}

}  // namespace

bool TagLimits::knows(std::uint32_t project_id, std::int64_t day) {
  const auto found = groups_.find({project_id, day});
  if (found == groups_.end()) return false;
  found->second.used_at = ++ticks_;
  return true;
}

void TagLimits::begin_loading(std::uint32_t project_id, std::int64_t day) {
  groups_[{project_id, day}].used_at = ++ticks_;
  forget_some({project_id, day});
}

void TagLimits::loaded(std::uint32_t project_id, std::int64_t day, std::string_view key, std::string_view value) {
  auto& group = groups_[{project_id, day}];
  if (!group.values_of_key[hash_of(key)].insert(hash_of(value)).second) return;
  ++group.size;
  ++remembered_;
}

std::pair<std::string_view, std::string_view> TagLimits::admit(std::uint32_t project_id, std::int64_t day,
                                                               std::string_view key, std::string_view value) {
  auto& group = groups_[{project_id, day}];
  const auto key_hash = hash_of(key);
  auto known = group.values_of_key.find(key_hash);
  if (known == group.values_of_key.end()) {
    if (group.values_of_key.size() >= kMaxKeys) return {{}, {}};
    known = group.values_of_key.try_emplace(key_hash).first;
  }
  auto& values = known->second;
  const auto value_hash = hash_of(value);
  if (values.contains(value_hash)) return {key, value};
  if (values.size() >= kMaxValues) return {key, {}};
  values.insert(value_hash);
  ++group.size;
  ++remembered_;
  return {key, value};
}

void TagLimits::forget_some(const GroupKey& keep) {
  while (remembered_ > kMaxRemembered && groups_.size() > 1) {
    auto oldest = groups_.end();
    for (auto at = groups_.begin(); at != groups_.end(); ++at) {
      if (at->first == keep) continue;
      if (oldest == groups_.end() || at->second.used_at < oldest->second.used_at) oldest = at;
    }
    if (oldest == groups_.end()) return;
    remembered_ -= oldest->second.size;
    groups_.erase(oldest);
  }
}

}  // namespace mesher::postgres
