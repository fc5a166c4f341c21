#pragma once

#include <cstdint>
#include <string>

namespace mesher::bench {

/// What to fill a database with. The same options make the same data, but for the days, which end today.
struct FillOptions {
  std::string database_url;
  std::uint64_t events = 100'000;
  std::uint32_t days = 30, projects = 50, issues = 20'000, tag_keys = 200;
  std::uint64_t seed = 1;
};

}  // namespace mesher::bench
