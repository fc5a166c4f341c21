#include "io/postgres/user_sketches.hpp"

namespace mesher::postgres {

const HyperLogLog* UserSketches::find(std::uint32_t project_id, std::int64_t issue_id, std::int32_t epoch) {
  const auto found = by_issue_.find({project_id, issue_id});
  if (found == by_issue_.end() || found->second->epoch != epoch) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  return &found->second->sketch;
}

void UserSketches::put(std::uint32_t project_id, std::int64_t issue_id, std::int32_t epoch, HyperLogLog sketch) {
  const Key key{project_id, issue_id};
  if (const auto found = by_issue_.find(key); found != by_issue_.end()) {
    auto& entry = *found->second;
    // Two writers may come here in another order than that of their commits: keep what either knew.
    if (entry.epoch == epoch) {
      entry.sketch.merge(sketch);
    } else if (entry.epoch < epoch) {
      entry.epoch = epoch;
      entry.sketch = std::move(sketch);
    }
    entries_.splice(entries_.begin(), entries_, found->second);
    return;
  }
  entries_.push_front({key, epoch, std::move(sketch)});
  by_issue_.emplace(key, entries_.begin());
  if (entries_.size() <= kMaxIssues) return;
  by_issue_.erase(entries_.back().key);
  entries_.pop_back();
}

}  // namespace mesher::postgres
