// docs/errors.md against the sources: what a client can get is there, and nothing else is.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>

namespace mesher::api {
namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& path) {
  std::ifstream in(path);
  EXPECT_TRUE(in.good()) << path;
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

/// The sources that answer clients.
std::string sources() {
  const fs::path root = MESHER_SOURCE_DIR;
  std::string all = text_of(root / "nodes/validate.cpp") + text_of(root / "nodes/split.cpp");
  for (const auto* folder : {"io/http", "io/ws", "io/api"}) {
    for (const auto& entry : fs::directory_iterator(root / folder)) {
      if (entry.path().extension() == ".cpp") all += text_of(entry.path());
    }
  }
  return all;
}

void collect(const std::string& text, const std::string& pattern, std::set<std::string>& found) {
  const std::regex regex(pattern);
  for (std::sregex_iterator at(text.begin(), text.end(), regex), end; at != end; ++at) found.insert((*at)[1]);
}

/// A code stands behind its status, or is the first thing in an error of the event, of an envelope or of the stream.
std::set<std::string> codes_in(const std::string& text) {
  std::set<std::string> found;
  collect(text, R"re(\b[45][0-9][0-9],\s*"([a-z_0-9]+)")re", found);
  collect(text, R"re(Error\{"([a-z_0-9]+)")re", found);
  collect(text, R"re(return \{"([a-z_0-9]+)", )re", found);
  collect(text, R"re((?:[^.]refuse\(|bad\(|Wrong)\{?"([a-z_0-9]+)")re", found);
  collect(text, R"re(mistake = \{\{\}, "([a-z_0-9]+)")re", found);
  collect(text, R"re(error_frame\(\{request\.id, "([a-z_0-9]+)")re", found);
  collect(text, R"re("code":"([a-z_0-9]+)")re", found);
  // Not codes but outcomes that are booked: refuse(outcome, refusal).
  found.erase("invalid");
  return found;
}

TEST(API_errors, every_code_that_a_client_can_get_is_in_the_documentation) {
  const auto document = text_of(fs::path(MESHER_SOURCE_DIR) / "docs/errors.md");
  const auto codes = codes_in(sources());
  EXPECT_GT(codes.size(), 40U);
  for (const auto& code : codes) {
    EXPECT_NE(document.find("| `" + code + "` |"), std::string::npos) << code << " is missing in docs/errors.md";
  }
}

TEST(API_errors, nothing_is_documented_that_no_client_can_get) {
  const auto code = sources();
  std::set<std::string> documented;
  collect(text_of(fs::path(MESHER_SOURCE_DIR) / "docs/errors.md"), R"re(\| `([a-z_0-9]+)` \|)re", documented);
  EXPECT_GT(documented.size(), 40U);
  for (const auto& name : documented) {
    EXPECT_NE(code.find('"' + name + '"'), std::string::npos) << name << " is nowhere in the sources";
  }
}

}  // namespace
}  // namespace mesher::api
