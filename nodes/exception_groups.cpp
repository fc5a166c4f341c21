#include "nodes/exception_groups.hpp"

#include <algorithm>
#include <numeric>
#include <optional>
#include <set>

namespace mesher::nodes {
namespace {

using Index = std::uint32_t;

/// Index of the root (id 0), if every exception has an id of its own and no one is its own parent.
std::optional<Index> well_formed(std::span<const Exception> all) {
  if (all.size() < 2) return std::nullopt;
  std::set<std::int64_t> ids;
  std::optional<Index> root;
  for (Index i = 0; i < all.size(); ++i) {
    const auto& m = all[i].mechanism;
    if (!m.exception_id || m.parent_id == m.exception_id || !ids.insert(*m.exception_id).second) return std::nullopt;
    if (*m.exception_id == 0) root = i;
  }
  return root;
}

/// Children of the exception at `parent`, by id.
std::vector<Index> children_of(std::span<const Exception> all, Index parent) {
  std::vector<Index> children;
  for (Index i = 0; i < all.size(); ++i) {
    if (all[i].mechanism.parent_id == all[parent].mechanism.exception_id) children.push_back(i);
  }
  std::sort(children.begin(), children.end(),
            [&](Index a, Index b) { return all[a].mechanism.exception_id < all[b].mechanism.exception_id; });
  return children;
}

/// First non-groups on each path from the root. Ids are unique, so a walk ends unless parents form a cycle: `seen`.
void top_level(std::span<const Exception> all, Index at, std::vector<bool>& seen, std::vector<Index>& out) {
  if (seen[at]) return;
  seen[at] = true;
  if (!all[at].mechanism.is_group) {
    out.push_back(at);
    return;
  }
  for (const Index child : children_of(all, at)) top_level(all, child, seen, out);
}

}  // namespace

void top_level_exceptions(const Event& event, std::vector<Index>& chosen,
                          const std::function<std::uint64_t(Index)>& key) {
  const auto all = event.exceptions;
  chosen.resize(all.size());
  std::iota(chosen.begin(), chosen.end(), 0U);
  const auto root = well_formed(all);
  if (!root || !all[*root].mechanism.is_group) return;

  std::vector<bool> seen(all.size(), false);
  std::vector<Index> top;
  top_level(all, *root, seen, top);
  if (top.empty()) return;
  std::vector<std::pair<std::uint64_t, Index>> distinct;
  for (const Index i : top) {
    const auto k = key(i);
    if (std::none_of(distinct.begin(), distinct.end(), [&](const auto& d) { return d.first == k; }))
      distinct.emplace_back(k, i);
  }
  chosen.clear();
  if (distinct.size() == 1) {
    // The one kind of error and its first causes; the group around it says nothing.
    std::fill(seen.begin(), seen.end(), false);
    for (auto at = std::optional<Index>(distinct[0].second); at && !seen[*at];) {
      seen[*at] = true;
      chosen.push_back(*at);
      const auto children = children_of(all, *at);
      at = children.empty() ? std::nullopt : std::optional<Index>(children[0]);
    }
    std::reverse(chosen.begin(), chosen.end());
    return;
  }
  std::sort(distinct.begin(), distinct.end(), [&](const auto& a, const auto& b) {
    return all[a.second].type != all[b.second].type ? all[a.second].type > all[b.second].type : a.first < b.first;
  });
  for (const auto& d : distinct) chosen.push_back(d.second);
  chosen.push_back(*root);
}

const Thread* thread_that_speaks(const Event& event) {
  const auto only = [&](auto matches) -> const Thread* {
    const Thread* found = nullptr;
    for (const auto& thread : event.threads) {
      if (!matches(thread)) continue;
      if (found != nullptr) return nullptr;
      found = &thread;
    }
    return found;
  };
  if (const auto* t = only([](const Thread& thread) { return thread.crashed; })) return t;
  if (const auto* t = only([](const Thread& thread) { return thread.current; })) return t;
  return event.threads.size() == 1 ? &event.threads[0] : nullptr;
}

}  // namespace mesher::nodes
