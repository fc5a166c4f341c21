#include "io/postgres/query_sql.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <variant>

#include "nodes/query/parse.hpp"

namespace mesher::postgres {
namespace {

std::size_t values_in(const query::Node& node) {
  std::size_t n = node.term.values.size();
  for (const auto& child : node.children) n += values_in(child);
  return n;
}

std::string random_query(std::mt19937& random) {
  static const std::vector<std::string> kTerms{"is:unresolved",
                                               "assigned:[me, a@b.c]",
                                               "level:>=error",
                                               "environment:[a, b, c*]",
                                               "release:\"\"",
                                               "first_seen:-7d",
                                               "last_seen:[2026-11-01, 2026-11-02]",
                                               "events:>100",
                                               "users:1",
                                               "type:[A*, b]",
                                               "message:\"x y\"",
                                               "culprit:z",
                                               "stack.function:[f, g*h]",
                                               "stack.file:a/b",
                                               "user.id:[1, 2]",
                                               "has:[user, region]",
                                               "region:[eu*, \"us 1\"]",
                                               "any.tag:[v, w*]",
                                               "word",
                                               "\"exact 'words'\"",
                                               "platform:p*"};
  std::string text;
  const int terms = static_cast<int>(random() % 12);
  for (int i = 0; i < terms; ++i) {
    text += (random() % 3 == 0 ? "-" : "") + kTerms[random() % kTerms.size()] +
            (random() % 4 == 0 && i + 1 < terms ? " OR " : " ");
  }
  return text;
}

TEST(SEARCH_01_sql, has_few_parameters_for_a_value_and_no_value_in_its_text) {
  std::mt19937 random(7);
  for (int i = 0; i < 3000; ++i) {
    const auto text = random_query(random);
    for (const auto scope : {query::Scope::issues, query::Scope::events}) {
      const auto parsed = query::parse(text, scope);
      ASSERT_TRUE(std::holds_alternative<query::Node>(parsed)) << text << std::get<query::Mistake>(parsed).message;
      const auto& node = std::get<query::Node>(parsed);
      Params params;
      params.integer(1);
      const auto sql =
          scope == query::Scope::issues ? issue_condition(node, {}, params) : event_condition(node, {}, params);
      EXPECT_LE(params.size(), 1 + kMostParametersOfValue * static_cast<int>(values_in(node))) << text;
      for (const char* value : {"exact", "us 1", "a@b.c", "2026"}) EXPECT_EQ(sql.find(value), std::string::npos) << sql;
    }
  }
}

TEST(SEARCH_02_sql, blocks_are_asked_for_what_every_hit_has) {
  const auto blocks = [](std::string_view text) {
    return block_condition(std::get<query::Node>(query::parse(text, query::Scope::events)));
  };
  EXPECT_EQ(blocks(""), "");
  EXPECT_EQ(blocks("-timeout level:error"), "");
  EXPECT_EQ(blocks("timeout"), "((('timeout':*))) | '*'");
  EXPECT_EQ(blocks("timeout OR level:error"), "");
  EXPECT_NE(blocks("\"db timeout\" region:eu"), "");
  EXPECT_EQ(blocks("*timeout"), "");
  EXPECT_EQ(blocks("region:eu*"), "");
}

}  // namespace
}  // namespace mesher::postgres
