#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "io/postgres/connection.hpp"
#include "nodes/event.hpp"

namespace mesher::postgres {

/// The release of an event as it is stored: its first 250 characters.
[[nodiscard]] std::string_view release_label(std::string_view release);

/// Which releases are in table releases for certain, so that ordinary batches need not say them again. Remembers hashes
/// of 64 bits; at kMost it starts anew. Not thread-safe.
class KnownReleases {
 public:
  static constexpr std::size_t kMost = 65'536;  ///< about 3 MB
  struct Release {
    std::uint32_t project_id = 0;
    std::string_view version;  ///< of the event
    UnixMicros first_seen = 0;
  };

  /// The releases of the events that are not known yet, sorted by project and version.
  [[nodiscard]] std::vector<Release> unknown(std::span<nodes::Event* const> events) const;
  /// They are stored.
  void add(std::span<const Release> releases);

 private:
  std::unordered_set<std::uint64_t> known_;
};

/// Those of `releases` that are not in the table.
[[nodiscard]] Result<std::vector<KnownReleases::Release>> absent_releases(Connection& connection,
                                                                          std::vector<KnownReleases::Release> releases);

/// Sorted as unknown() answers, so that writers wait for each other in one direction only.
[[nodiscard]] Call insert_releases(std::span<const KnownReleases::Release> releases);

}  // namespace mesher::postgres
