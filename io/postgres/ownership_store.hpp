#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "graph/base/clock.hpp"
#include "graph/base/result.hpp"
#include "nodes/ownership.hpp"

/// A project's ownership rules as people write them. Calls block; any thread. Errors: unavailable, internal.
namespace mesher::postgres {

class Pool;

struct OwnershipText {
  std::string text;
  std::int64_t version = 0;  ///< 0: none was ever stored
  std::optional<UnixMicros> updated_at;
};
[[nodiscard]] Result<OwnershipText> read_ownership(Pool& pool, std::uint32_t project_id);

/// Stores text and rules, if all owners are there; otherwise one mistake for each that is not. Error: conflict if
/// `expected_version` is given and another is stored.
[[nodiscard]] Result<std::vector<nodes::OwnershipMistake>> write_ownership(
    Pool& pool, std::uint32_t project_id, std::uint32_t organization_id, const std::string& text,
    std::span<const nodes::OwnershipLine> rules, std::optional<std::int64_t> expected_version, std::uint32_t user_id);

}  // namespace mesher::postgres
