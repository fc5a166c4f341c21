#include "nodes/split.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>
#include <vector>

namespace mesher::nodes {
namespace {

struct Pieces {
  std::vector<std::string> good;
  bool broken = false;
};

Pieces split(std::string_view body, BulkFormat format = BulkFormat::array) {
  EventSplitter splitter(body, format);
  Pieces pieces;
  while (auto element = splitter.next()) {
    EXPECT_FALSE(pieces.broken) << "nothing comes behind a broken element";
    EXPECT_EQ(element->index, pieces.good.size());
    if (element->error) {
      EXPECT_EQ(element->error->code, "invalid_json");
      pieces.broken = true;
    } else {
      pieces.good.emplace_back(element->json);
    }
  }
  EXPECT_FALSE(splitter.next());
  return pieces;
}

using List = std::vector<std::string>;

TEST(INGEST_03_split, arrays_fall_into_their_elements) {
  EXPECT_EQ(split("[]").good, List());
  EXPECT_EQ(split(" [ ] \n").good, List());
  EXPECT_EQ(split(R"([{"a":1}])").good, List({R"({"a":1})"}));
  EXPECT_EQ(split(R"( [ {"a":"],{\"}"} , [1,[2]] ,3, "x,\\" ] )").good,
            List({R"({"a":"],{\"}"})", "[1,[2]]", "3", R"("x,\\")"}));
  EXPECT_FALSE(split(R"([{"a":1}])").broken);
}

TEST(INGEST_03_split, an_element_wrong_inside_does_not_hide_those_behind_it) {
  const auto pieces = split(R"([{"a":1},{"a" nonsense 7..},{"b":2}])");
  EXPECT_EQ(pieces.good.size(), 3U);
  EXPECT_EQ(pieces.good[2], R"({"b":2})");
  EXPECT_FALSE(pieces.broken);
}

TEST(INGEST_03_split, an_element_nested_too_deep_does_not_hide_those_behind_it) {
  std::string bomb;
  for (int i = 0; i < 200; ++i) bomb += R"({"a":[)";
  for (int i = 0; i < 200; ++i) bomb += "]}";
  const auto pieces = split("[" + bomb + R"(,{"b":2}])");
  ASSERT_EQ(pieces.good.size(), 2U);
  EXPECT_EQ(pieces.good[0], bomb);
  EXPECT_FALSE(pieces.broken);
}

TEST(INGEST_03_split, a_broken_array_keeps_what_was_before) {
  for (const std::string_view body : {R"([{"a":1},{"b":)", R"([{"a":1},{"b":"x)", R"([{"a":1},{"b":2])",
                                      R"([{"a":1},,{"c":3}])", R"([{"a":1},])", R"([{"a":1},{"b":2]})"}) {
    const auto pieces = split(body);
    EXPECT_EQ(pieces.good, List({R"({"a":1})"})) << body;
    EXPECT_TRUE(pieces.broken) << body;
  }
}

TEST(INGEST_03_split, what_is_no_array_is_broken_from_the_start) {
  for (const std::string_view body : {"", "  ", "{}", "x", "\"[]\""}) {
    const auto pieces = split(body);
    EXPECT_TRUE(pieces.good.empty()) << body;
    EXPECT_TRUE(pieces.broken) << body;
  }
}

TEST(INGEST_03_split, text_behind_the_array_is_reported) {
  const auto pieces = split(R"([{"a":1}] x)");
  EXPECT_EQ(pieces.good.size(), 1U);
  EXPECT_TRUE(pieces.broken);
  EXPECT_TRUE(split("[] x").broken);
}

TEST(INGEST_03_split, every_truncation_keeps_exactly_the_whole_elements) {
  std::string body = "[";
  List elements;
  std::vector<std::size_t> ends;
  for (int i = 0; i < 6; ++i) {
    elements.push_back(R"({"message":"a ] \" , { )" + std::to_string(i) + R"(","x":[1,{"y":[]}]})");
    body += (i > 0 ? ", " : "") + elements.back();
    ends.push_back(body.size());
  }
  body += "]";
  for (std::size_t n = 0; n <= body.size(); ++n) {
    const auto pieces = split(std::string_view(body).substr(0, n));
    // An element counts as whole once the comma or bracket behind it is there.
    const auto whole =
        static_cast<std::size_t>(std::count_if(ends.begin(), ends.end(), [&](std::size_t e) { return e < n; }));
    EXPECT_EQ(pieces.good, List(elements.begin(), elements.begin() + static_cast<std::ptrdiff_t>(whole))) << n;
    EXPECT_EQ(pieces.broken, n < body.size()) << n;
  }
}

TEST(INGEST_03_split, lines_are_events_and_empty_ones_are_not) {
  const auto pieces = split("{\"a\":1}\r\n\n  {\"b\":2} \nnot json\n{\"c\":3}", BulkFormat::lines);
  EXPECT_EQ(pieces.good, List({R"({"a":1})", R"({"b":2})", "not json", R"({"c":3})"}));
  EXPECT_FALSE(pieces.broken);
  EXPECT_TRUE(split("", BulkFormat::lines).good.empty());
  EXPECT_TRUE(split("\n\n", BulkFormat::lines).good.empty());
}

TEST(INGEST_03_split, random_lists_fall_into_what_another_parser_finds) {
  std::mt19937 random(3);
  for (int i = 0; i < 500; ++i) {
    auto list = nlohmann::json::array();
    for (auto n = random() % 6; n > 0; --n) {
      nlohmann::json event = {{"message", std::string(random() % 50, "a\"\\]}[{,"[random() % 8])},
                              {"n", random() % 100}};
      if (random() % 2 == 0) event["nested"] = {{"list", {1, "x", nullptr}}, {"empty", nlohmann::json::object()}};
      list.push_back(event);
    }
    const auto pieces = split(list.dump(random() % 2 == 0 ? -1 : 2));
    ASSERT_FALSE(pieces.broken);
    ASSERT_EQ(pieces.good.size(), list.size());
    for (std::size_t k = 0; k < list.size(); ++k) EXPECT_EQ(nlohmann::json::parse(pieces.good[k]), list[k]);
  }
}

}  // namespace
}  // namespace mesher::nodes
