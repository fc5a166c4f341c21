#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>

namespace mesher::metrics {
namespace {

namespace fs = std::filesystem;

std::string file(const fs::path& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::set<std::string> found(const std::string& text, const std::regex& name) {
  std::set<std::string> all;
  for (std::sregex_iterator at(text.begin(), text.end(), name), end; at != end; ++at) all.insert((*at)[1]);
  return all;
}

TEST(OPS_metrics, documentation_has_every_figure_and_no_other) {
  const fs::path root(MESHER_SOURCE_DIR);
  const std::regex in_source("\"(mesher_[a-z_]*[a-z])\"");
  // Names of other things: the cookie of a session.
  const std::set<std::string> others{"mesher_session"};
  std::set<std::string> figures;
  for (const char* folder : {"graph", "nodes", "io", "cluster"}) {
    if (!fs::exists(root / folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      if (entry.path().extension() == ".cpp") figures.merge(found(file(entry.path()), in_source));
    }
  }
  for (const auto& other : others) figures.erase(other);
  EXPECT_GT(figures.size(), 20U);
  EXPECT_EQ(found(file(root / "docs/metrics.md"), std::regex("`(mesher_[a-z_]+)`")), figures);
}

}  // namespace
}  // namespace mesher::metrics
