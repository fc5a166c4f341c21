#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "io/postgres/connection.hpp"
#include "io/postgres/hyperloglog.hpp"
#include "nodes/ports/event_store.hpp"

namespace mesher::postgres {

/// The sketches of a project's distinct users by UTC day of reception, as one writer (a journal's partition) keeps
/// them: nobody else writes its rows, so what it has stored it knows, and only what it does not know yet is read. Not
/// thread-safe.
///
/// For each transaction: add(), then store() among its statements, then stored() once it is committed. add() without
/// stored() since the last one forgets everything: who knows what became of that transaction.
class ProjectUsers {
 public:
  static constexpr std::size_t kMostKnown = 2'000;  ///< project days; at most 1.3 kB each

  Status add(Connection& connection, const nodes::ports::WriteSet& set, std::span<nodes::Event* const> events);
  /// The statement that stores what has changed; nothing if nothing has.
  [[nodiscard]] std::optional<Call> store() const;
  void stored();

 private:
  using Key = std::pair<std::uint32_t, std::int64_t>;  // project, day
  Status load(Connection& connection, std::span<nodes::Event* const> events);

  std::string writer_;
  std::map<Key, HyperLogLog> known_, changed_;
  bool pending_ = false;
};

}  // namespace mesher::postgres
