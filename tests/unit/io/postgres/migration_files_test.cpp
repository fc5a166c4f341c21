#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "io/postgres/migrations.hpp"

namespace mesher::postgres {
namespace {

TEST(OPS_migrations, every_file_of_the_schema_is_part_of_the_program_in_order) {
  std::vector<std::string> files, names;
  const std::filesystem::path folder = std::filesystem::path(MESHER_SOURCE_DIR) / "schema/migrations";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) files.push_back(entry.path().stem().string());
  std::sort(files.begin(), files.end());
  for (const auto& migration : built_in_migrations()) names.emplace_back(migration.name);
  EXPECT_EQ(names, files);
}

}  // namespace
}  // namespace mesher::postgres
