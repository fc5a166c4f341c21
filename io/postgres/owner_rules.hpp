#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "io/postgres/connection.hpp"
#include "nodes/ownership.hpp"
#include "nodes/ports/event_store.hpp"

namespace mesher::postgres {

/// 0: none.
struct Owner {
  std::int64_t user = 0, team = 0;
};

/// The ownership rules of some projects, as read inside of a transaction that makes issues. Rules of people who have
/// left the organisation don't count.
class OwnerRules {
 public:
  /// Of the answer to select_owner_rules().
  explicit OwnerRules(const Rows& rows);
  /// Whom the issue of this event belongs to: the last rule that matches decides.
  [[nodiscard]] Owner of(const nodes::ports::IssueStore::Wanted& entry) const;

 private:
  struct Rule {
    nodes::OwnerPattern pattern;
    Owner owner;
  };
  std::unordered_map<std::int64_t, std::vector<Rule>> by_project_;
};

[[nodiscard]] Call select_owner_rules(std::span<const std::int64_t> project_ids);

}  // namespace mesher::postgres
