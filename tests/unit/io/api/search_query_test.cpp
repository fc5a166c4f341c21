#include "io/api/search_query.hpp"

#include <gtest/gtest.h>

namespace mesher::api {
namespace {

SearchQuery good(std::string_view text, bool with_status = true) {
  auto parsed = parse_query(text, with_status);
  EXPECT_TRUE(std::holds_alternative<SearchQuery>(parsed)) << text;
  return std::holds_alternative<SearchQuery>(parsed) ? std::get<SearchQuery>(parsed) : SearchQuery{};
}

QueryMistake bad(std::string_view text, bool with_status = true) {
  auto parsed = parse_query(text, with_status);
  EXPECT_TRUE(std::holds_alternative<QueryMistake>(parsed)) << text;
  return std::holds_alternative<QueryMistake>(parsed) ? std::get<QueryMistake>(parsed) : QueryMistake{};
}

TEST(SEARCH_01_query, reads_states_levels_and_words) {
  const auto query = good(R"(is:unresolved  level:error time "out of memory" user)");
  EXPECT_EQ(query.status, "unresolved");
  EXPECT_EQ(query.level, nodes::Level::error);
  EXPECT_EQ(query.words, (std::vector<std::string>{"time", "out of memory", "user"}));
}

TEST(SEARCH_01_query, of_nothing_asks_for_everything) {
  for (const char* text : {"", "   ", "\"\""}) {
    const auto query = good(text);
    EXPECT_FALSE(query.status || query.level || !query.words.empty()) << text;
  }
}

TEST(SEARCH_01_query, takes_pieces_of_code_as_words) {
  EXPECT_EQ(good("std::bad_alloc TypeError: http://x :a").words,
            (std::vector<std::string>{"std::bad_alloc", "TypeError:", "http://x", ":a"}));
  EXPECT_EQ(good(R"("level:error" "say \"hi\"")").words, (std::vector<std::string>{"level:error", "say \"hi\""}));
}

TEST(SEARCH_01_query, tells_where_the_mistake_is) {
  EXPECT_EQ(bad("is:open").position, 4U);
  EXPECT_EQ(bad("is:").position, 4U);
  EXPECT_EQ(bad("words level:loud").position, 13U);
  EXPECT_EQ(bad("release:2.0").position, 1U);
  EXPECT_EQ(bad("a -level:error").position, 3U);
  EXPECT_EQ(bad("a !level:error").position, 3U);
  EXPECT_EQ(bad("is:resolved is:archived").position, 13U);
  EXPECT_EQ(bad("ünder \"open").position, 7U);
  EXPECT_EQ(bad("a b c d e f g h i j k l m n o p q").position, 33U);
  EXPECT_EQ(bad("is:unresolved", false).position, 1U);
}

}  // namespace
}  // namespace mesher::api
