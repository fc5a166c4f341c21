#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
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

/// Names between two of `quote` that begin like a figure of ours.
std::set<std::string> found(const std::string& text, char quote) {
  const std::string prefix = std::string(1, quote) + "mesher_";
  std::set<std::string> all;
  for (auto at = text.find(prefix); at != std::string::npos; at = text.find(prefix, at + 1)) {
    const auto end = text.find_first_not_of("abcdefghijklmnopqrstuvwxyz_", at + 1);
    const auto name = text.substr(at + 1, end - at - 1);
    if (end != std::string::npos && text[end] == quote && name.back() != '_') all.insert(name);
  }
  return all;
}

TEST(OPS_metrics, documentation_has_every_figure_and_no_other) {
  const fs::path root(MESHER_SOURCE_DIR);
  // Names of other things: the cookie of a session, a channel of notifications.
  const std::set<std::string> others{"mesher_session", "mesher_issue_moves", "mesher_alerts"};
  std::set<std::string> figures;
  for (const char* folder : {"graph", "nodes", "io", "cluster"}) {
    if (!fs::exists(root / folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      const auto kind = entry.path().extension();
      if (kind == ".cpp" || kind == ".hpp") figures.merge(found(file(entry.path()), '"'));
    }
  }
  for (const auto& other : others) figures.erase(other);
  EXPECT_GT(figures.size(), 20U);
  EXPECT_EQ(found(file(root / "docs/metrics.md"), '`'), figures);
}

}  // namespace
}  // namespace mesher::metrics
