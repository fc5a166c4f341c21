#include "nodes/json_document.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "nodes/validate.hpp"

namespace mesher::nodes {
namespace {

using Fault = JsonDocument::Fault;

Fault open(std::string_view text, bool nan = false) {
  static JsonDocument document;
  return document.open(text, nan);
}

TEST(INGEST_02_json, every_kind_of_value_is_taken) {
  for (const std::string_view text : {"{}", "[]", "0", "-0", "-1.5e+10", "1E5", "true", "false", "null", R"("")",
                                      R"("\u00e9\n\"\\\/")", " [ ] ", R"({"a":[1,{"b":null}],"c":"d"})", "[[[]],{}]",
                                      "{\"a\" : 1 , \"b\" : 2}\n", R"("\ud83d\ude00")", R"("\ud800")"}) {
    EXPECT_EQ(open(text), Fault::none) << text;
  }
}

TEST(INGEST_02_json, what_is_no_json_is_refused) {
  for (const std::string_view text : {"{",
                                      "}",
                                      "[",
                                      "]",
                                      "[1,]",
                                      "[,1]",
                                      "[1 2]",
                                      "{1:2}",
                                      "{\"a\"}",
                                      "{\"a\":}",
                                      "{\"a\":1,}",
                                      "{\"a\" 1}",
                                      "{\"a\":1 \"b\":2}",
                                      "01",
                                      "1.",
                                      ".5",
                                      "+1",
                                      "1e",
                                      "--1",
                                      "-",
                                      "tru",
                                      "trueish",
                                      "nul",
                                      "NaN",
                                      "Infinity",
                                      "'a'",
                                      "\"a",
                                      "\"a\"b",
                                      "a\"b\"",
                                      R"("\x")",
                                      R"("\u12")",
                                      R"("\u12g4")",
                                      "\"\t\"",
                                      "\"\n\"",
                                      "[1]]",
                                      "{}{}",
                                      "1 2",
                                      "[1\"a\"]",
                                      "[\"a\"1]",
                                      "\\",
                                      "[\\]",
                                      "{]",
                                      "[}",
                                      "/**/1",
                                      "[1}",
                                      ",",
                                      ":",
                                      "{\"a\":1]",
                                      "{,}",
                                      "{\"a\":1:2}"}) {
    EXPECT_EQ(open(text), Fault::invalid_json) << text;
  }
  EXPECT_EQ(open(""), Fault::empty);
  EXPECT_EQ(open("  \n"), Fault::empty);
}

TEST(INGEST_02_json, nesting_is_bounded) {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_EQ(open(nested(kMaxDepth)), Fault::none);
  EXPECT_EQ(open(nested(kMaxDepth + 1)), Fault::too_deep);
  EXPECT_EQ(open(std::string(1'000'000, '[')), Fault::too_deep);
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += "{\"a\":";
  EXPECT_EQ(open(objects), Fault::too_deep);
}

TEST(INGEST_02_json, invalid_utf8_is_found_at_every_position) {
  const std::string good =
      R"({"message":"h\u00e4llo wörld","extra":{"a":[1,2,3],"b":"some longer text, longer than a block of sixty-four"}})";
  ASSERT_EQ(open(good), Fault::none);
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const char bad : {'\xff', '\xc0', '\xf8'}) {
      std::string text = good;
      text[i] = bad;
      EXPECT_NE(open(text), Fault::none) << i;
    }
  }
  for (std::size_t i = 12; i < 16; ++i) {
    std::string text = good;
    text.insert(i, "\x80");
    EXPECT_EQ(open(text), Fault::invalid_utf8) << i;
  }
}

TEST(INGEST_02_json, cut_off_anywhere_is_refused) {
  const std::string good =
      R"({"message":"a \"b\" c","tags":{"a":"b","n":-1.5e3},"list":[true,false,null,{"x":"\u00e9"}]})";
  for (std::size_t n = 0; n < good.size(); ++n) EXPECT_NE(open(std::string_view(good).substr(0, n)), Fault::none) << n;
}

TEST(INGEST_07_json, bare_nan_and_infinity_become_null_if_tolerated) {
  JsonDocument document;
  const std::string text = R"({"a":NaN,"b":[-Infinity, Infinity ,-1],"c":"NaN"})";
  EXPECT_EQ(document.open(text), Fault::invalid_json);
  ASSERT_EQ(document.open(text, true), Fault::none);
  EXPECT_EQ(document.nan_count(), 3U);
  EXPECT_EQ(document.replace_nan(), R"({"a":null,"b":[null, null ,-1],"c":"NaN"})");
  const std::string large = "[1e999,-1E+400,1e-999," + std::string(400, '9') + ",7]";
  EXPECT_EQ(document.open(large), Fault::invalid_json);
  ASSERT_EQ(document.open(large, true), Fault::none);
  EXPECT_EQ(document.replace_nan(), "[null,null,1e-999,null,7]");
}

/// A random JSON text.
std::string random_json(std::mt19937& random, int depth) {
  const auto below = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
  const auto string = [&] {
    static const std::string parts[] = {"a", "é", "\\n", "\\u0041", "\\\"", " ",  "{",
                                        "]", ",", ":",   "\\\\",    "😀",    "key"};
    std::string s = "\"";
    for (unsigned i = below(8); i > 0; --i) s += parts[below(13)];
    return s + "\"";
  };
  switch (depth > 6 ? below(4) : below(6)) {
    case 0:
      return string();
    case 1:
      return std::to_string(static_cast<int>(random()) / 3);
    case 2:
      return below(2) == 0 ? "true" : "null";
    case 3:
      return below(2) == 0 ? "-0.5e-3" : "12.25";
    case 4: {
      std::string s = "[";
      for (unsigned i = below(5), n = 0; n < i; ++n) s += (n > 0 ? "," : "") + random_json(random, depth + 1);
      return s + (below(3) == 0 ? " ]" : "]");
    }
    default: {
      std::string s = "{";
      for (unsigned i = below(5), n = 0; n < i; ++n) {
        s += (n > 0 ? ", " : "") + string() + (below(2) == 0 ? ":" : " : ") + random_json(random, depth + 1);
      }
      return s + "}";
    }
  }
}

nlohmann::json rebuild(Json value) {
  Arena arena;
  if (value.is_object()) {
    auto object = nlohmann::json::object();
    value.members([&](Json key, Json member) {
      Arena key_arena;
      object[std::string(key.string(key_arena))] = rebuild(member);
    });
    return object;
  }
  if (value.is_array()) {
    auto list = nlohmann::json::array();
    value.elements([&](Json element) { list.push_back(rebuild(element)); });
    return list;
  }
  if (value.is_string()) return std::string(value.string(arena));
  return nlohmann::json::parse(value.raw());
}

TEST(INGEST_02_json, random_texts_read_as_another_parser_reads_them) {
  std::mt19937 random(7);
  for (int i = 0; i < 3000; ++i) {
    const auto text = random_json(random, 0);
    JsonDocument document;
    ASSERT_EQ(document.open(text), Fault::none) << text;
    EXPECT_EQ(rebuild(document.root()), nlohmann::json::parse(text)) << text;
  }
}

TEST(INGEST_02_json, damaged_texts_are_judged_as_another_parser_judges_them) {
  std::mt19937 random(11);
  const std::string alphabet = "{}[]\",:\\ntrue0123456789.-+eE \nu\t/";
  int refused = 0;
  for (int i = 0; i < 30'000; ++i) {
    auto text = random_json(random, 2);
    const auto at = random() % text.size();
    switch (random() % 3) {
      case 0:
        text[at] = alphabet[random() % alphabet.size()];
        break;
      case 1:
        text.erase(at, 1 + random() % 3);
        break;
      default:
        text.insert(at, 1, alphabet[random() % alphabet.size()]);
    }
    const bool good = nlohmann::json::accept(text);
    refused += good ? 0 : 1;
    ASSERT_EQ(open(text) == Fault::none, good) << text;
  }
  EXPECT_GT(refused, 10'000);
}

TEST(json_text, zero_and_lone_surrogates_become_the_replacement_character) {
  char buffer[32];
  const auto undo = [&](std::string_view raw) { return std::string(buffer, unescape(raw, buffer)); };
  EXPECT_EQ(undo(R"(a\u0000b)"), "a\uFFFDb");
  EXPECT_EQ(undo(R"(\ud83dx)"), "\uFFFDx");
  EXPECT_EQ(undo(R"(\ude00)"), "\uFFFD");
  EXPECT_EQ(undo(R"(\ud83d\u0041)"), "\uFFFD\x41");
  EXPECT_EQ(undo(R"(\ud83d\ude00)"), "😀");
}

TEST(json_text, escaping_round_trips) {
  std::string all;
  for (int c = 1; c < 128; ++c) all += static_cast<char>(c);
  std::string escaped;
  append_escaped(all, escaped);
  std::string back(escaped.size(), '\0');
  back.resize(unescape(escaped, back.data()));
  EXPECT_EQ(back, all);
  EXPECT_TRUE(nlohmann::json::accept("\"" + escaped + "\""));
}

}  // namespace
}  // namespace mesher::nodes
