#include "io/postgres/owner_rules.hpp"

#include <algorithm>
#include <utility>

namespace mesher::postgres {

Call select_owner_rules(std::span<const std::int64_t> project_ids) {
  Call call;
  call.sql =
      "select r.project_id, r.tag, r.pattern, r.user_id, r.team_id from ownership_rules r "
      "join projects p on p.id = r.project_id "
      "where r.project_id = any($1::integer[]) and (r.user_id is null or exists (select from members m"
      " where m.organization_id = p.organization_id and m.user_id = r.user_id)) order by r.project_id, r.position";
  call.params.integers(project_ids);
  return call;
}

OwnerRules::OwnerRules(const Rows& rows) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    by_project_[rows.integer(i, 0)].push_back(
        {nodes::OwnerPattern(rows.text(i, 1), rows.text(i, 2)), {rows.integer(i, 3), rows.integer(i, 4)}});
  }
}

Owner OwnerRules::of(const nodes::ports::IssueStore::Wanted& entry) const {
  const auto rules = by_project_.find(entry.project_id);
  if (rules == by_project_.end()) return {};
  const auto match = std::find_if(rules->second.rbegin(), rules->second.rend(),
                                  [&](const Rule& rule) { return rule.pattern.matches(entry.paths, entry.tags); });
  return match == rules->second.rend() ? Owner{} : match->owner;
}

}  // namespace mesher::postgres
