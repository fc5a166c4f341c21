#include "nodes/ownership.hpp"

#include <gtest/gtest.h>

#include <random>

namespace mesher::nodes {
namespace {

using Rules = std::vector<OwnershipLine>;
using Mistakes = std::vector<OwnershipMistake>;

Rules rules(std::string_view text) {
  auto parsed = parse_ownership(text);
  if (const auto* found = std::get_if<Mistakes>(&parsed)) ADD_FAILURE() << found->front().message;
  return std::holds_alternative<Rules>(parsed) ? std::get<Rules>(std::move(parsed)) : Rules{};
}

/// "line:column" of each mistake.
std::string mistakes(std::string_view text) {
  const auto parsed = parse_ownership(text);
  std::string places;
  if (const auto* found = std::get_if<Mistakes>(&parsed)) {
    for (const auto& one : *found) places += std::to_string(one.line) + ":" + std::to_string(one.column) + " ";
  }
  return places;
}

bool matches(const OwnerPattern& pattern, std::vector<std::string> paths,
             std::vector<std::pair<std::string, std::string>> tags = {}) {
  return pattern.matches(paths, tags);
}

TEST(ISSUE_04_ownership, is_read_line_by_line) {
  const auto read = rules(
      "# who does what\n\n  path:src/* #payments\r\npath:\"year end/*\"\tAnn@Example.com  \n"
      "tags.customer:acme* #\"Key \\\"big\\\" accounts\"");
  ASSERT_EQ(read.size(), 3U);
  EXPECT_EQ(read[0].pattern, "src/*");
  EXPECT_EQ(read[0].owner, "payments");
  EXPECT_TRUE(read[0].is_team);
  EXPECT_EQ(read[0].line, 3U);
  EXPECT_EQ(read[0].owner_column, 14U);
  EXPECT_EQ(read[1].pattern, "year end/*");
  EXPECT_EQ(read[1].owner, "ann@example.com");
  EXPECT_FALSE(read[1].is_team);
  EXPECT_EQ(read[2].tag, "customer");
  EXPECT_EQ(read[2].owner, "Key \"big\" accounts");
  EXPECT_TRUE(rules("").empty());
}

TEST(ISSUE_04_ownership, tells_all_mistakes_with_their_places) {
  EXPECT_EQ(mistakes("src/* #a"), "1:1 ");
  EXPECT_EQ(mistakes("path:src/*"), "1:11 ");
  EXPECT_EQ(mistakes("path: #a"), "1:6 ");
  EXPECT_EQ(mistakes("\nurl:x #a\npath:ö* ann\npath:a #a #b\n"), "2:1 3:9 4:11 ");
  EXPECT_EQ(mistakes("path:\"a #a"), "1:6 ");
  EXPECT_EQ(mistakes("path:a #"), "1:9 ");
  EXPECT_EQ(mistakes("tags.:a #b"), "1:1 ");
}

TEST(ISSUE_04_ownership, has_a_limit) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "path:a #b\n";
  EXPECT_EQ(rules(text).size(), 1000U);
  EXPECT_EQ(mistakes(text + "path:a #b\npath:a #b"), "1001:1 ");
}

TEST(ISSUE_04_ownership, finds_paths_from_any_folder_on_and_tags_as_a_whole) {
  const OwnerPattern path("", "src/pay/*");
  EXPECT_TRUE(matches(path, {"lib.py", "src/pay/card.py"}));
  EXPECT_TRUE(matches(path, {"/app/src/pay/card.py"}));
  EXPECT_FALSE(matches(path, {"/app/xsrc/pay/card.py"}));
  EXPECT_FALSE(matches(path, {}));
  const OwnerPattern tag("customer", "acme*");
  EXPECT_TRUE(matches(tag, {}, {{"customer", "ACME Ltd"}}));
  EXPECT_FALSE(matches(tag, {"acme"}, {{"customer", "the acme"}, {"other", "acme"}}));
}

TEST(ISSUE_04_ownership, answers_whatever_text_it_is_given) {
  std::mt19937 random(3);
  const std::string_view pieces[] = {"path:", "tags.a:", "#", "\"", "\\", " ", "\n", "x", "@", "*", "\xC3\xB6", "\r"};
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    for (auto n = random() % 12; n > 0; --n) text += pieces[random() % std::size(pieces)];
    const auto parsed = parse_ownership(text);
    if (const auto* found = std::get_if<Mistakes>(&parsed)) {
      EXPECT_GE(found->front().line, 1U);
      EXPECT_LE(found->front().column, text.size() + 1);
    }
  }
}

}  // namespace
}  // namespace mesher::nodes
