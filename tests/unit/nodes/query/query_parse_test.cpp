#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "nodes/query/parse.hpp"

namespace mesher::query {
namespace {

Node good(std::string_view text, Scope scope = Scope::issues) {
  auto parsed = parse(text, scope);
  if (const auto* mistake = std::get_if<Mistake>(&parsed)) {
    ADD_FAILURE() << text << ": position " << mistake->position << ": " << mistake->message;
    return {};
  }
  return std::get<Node>(std::move(parsed));
}

Mistake bad(std::string_view text, Scope scope = Scope::issues) {
  auto parsed = parse(text, scope);
  if (const auto* mistake = std::get_if<Mistake>(&parsed)) return *mistake;
  ADD_FAILURE() << text << " is taken for " << print(std::get<Node>(parsed));
  return {};
}

/// The same query in the form that print() gives it.
std::string canonical(std::string_view text) {
  return print(good(text));
}

TEST(SEARCH_01_query, all_terms_of_the_language_are_read) {
  EXPECT_EQ(canonical("is:unresolved is:resolved,archived"), "is:unresolved is:[resolved, archived]");
  EXPECT_EQ(canonical("assigned:me assigned:none assigned:ann@example.com assigned:#backend"),
            "assigned:me assigned:none assigned:ann@example.com assigned:#backend");
  EXPECT_EQ(canonical("level:error,warn level:>=warning"), "level:[error, warning] level:>=warning");
  EXPECT_EQ(canonical("release:2.* -environment:staging"), "release:2.* -environment:staging");
  EXPECT_EQ(canonical("first_seen:-7d last_seen:>2026-11-01"), "first_seen:>=-7d last_seen:>2026-11-01");
  EXPECT_EQ(canonical("first_seen:+2w lastSeen:2026-11-01T10:00:00+02:00"),
            "first_seen:<-2w last_seen:2026-11-01T08:00:00.000Z");
  EXPECT_EQ(canonical("events:>100 users:>=5 events:2k"), "events:>100 users:>=5 events:2000");
  EXPECT_EQ(canonical(R"("exact words" free text)"), R"("exact words" free text)");
  EXPECT_EQ(canonical("stack.function:checkout stack.module:shop.* stack.file:a/b.py"),
            "stack.function:checkout stack.module:shop.* stack.file:a/b.py");
  EXPECT_EQ(canonical("type:ValueError message:\"timed out\" culprit:find platform:python"),
            "type:ValueError message:\"timed out\" culprit:find platform:python");
  EXPECT_EQ(canonical("user.id:7 user.email:a@b.c has:user !region:eu any.tag:blue"),
            "user.id:7 user.email:a@b.c has:user -tags[region]:eu any.tag:blue");
  EXPECT_EQ(canonical("tags[level]:x"), "tags[level]:x");
  EXPECT_EQ(canonical("region:[eu-1, \"us west\", a*]"), "tags[region]:[\"eu-1\", \"us west\", a*]");
  EXPECT_EQ(canonical("environment:\"\""), "environment:\"\"");
}

TEST(SEARCH_01_query, and_or_not_and_parentheses_bind_as_usual) {
  EXPECT_EQ(canonical("a AND b c"), "a b c");
  EXPECT_EQ(canonical("a b OR c d"), "a b OR c d");
  EXPECT_EQ(canonical("a (b OR c) d"), "a (b OR c) d");
  EXPECT_EQ(canonical("(a b) OR ((c))"), "a b OR c");
  EXPECT_EQ(canonical("NOT a -b !c -(d e) NOT NOT f --g"), "-a -b -c -(d e) f g");
  EXPECT_EQ(canonical("a OR (b OR c)"), "a OR b OR c");
  EXPECT_EQ(canonical("android ORDER NOTHING"), "android ORDER NOTHING");
  EXPECT_EQ(canonical("\"OR\" x"), "\"OR\" x");
}

TEST(SEARCH_01_query, of_nothing_asks_for_everything) {
  for (const char* text : {"", "   ", "\"\"", "*", "-\"\""}) EXPECT_TRUE(good(text).empty()) << text;
}

TEST(SEARCH_01_query, takes_pieces_of_code_and_messages_as_words) {
  for (const char* text : {"std::bad_alloc", "TypeError:", "http://x/y", ":a", "C:\\dir\\file", "main()", "12:30", "-",
                           "f(a,b)", "tags[", "x[1]", "{}", "a-b", "1+1"}) {
    const auto node = good(text);
    ASSERT_EQ(node.kind, Node::Kind::term) << text;
    EXPECT_EQ(node.term.field, Field::text) << text;
    EXPECT_EQ(node.term.values.front().text.plain(), text);
  }
  EXPECT_EQ(good(R"("level:error")").term.values.front().text.plain(), "level:error");
  EXPECT_EQ(good(R"("say \"hi\"")").term.values.front().text.plain(), "say \"hi\"");
  EXPECT_EQ(good(R"(100\*)").term.values.front().text.plain(), "100*");
}

TEST(SEARCH_01_query, tells_where_the_mistake_is_and_what_was_expected) {
  const auto expect = [](std::string_view text, std::size_t position, std::string_view says,
                         Scope scope = Scope::issues) {
    const auto mistake = bad(text, scope);
    EXPECT_EQ(mistake.position, position) << text << ": " << mistake.message;
    EXPECT_NE(mistake.message.find(says), std::string::npos) << text << ": " << mistake.message;
  };
  expect("is:open", 4, "one of unresolved, resolved");
  expect("is:", 4, "expected a value");
  expect("words level:loud", 13, "one of debug, info");
  expect("events:many", 8, "whole number");
  expect("first_seen:yesterday", 12, "first_seen:-7d");
  expect("last_seen:0000-01-01", 11, "takes a time");
  expect("last_seen:99999-01-01", 11, "takes a time");
  expect("assigned:bob", 10, "me, none, an e-mail address or #team");
  expect("ünder \"open", 7, "not closed");
  expect("(a b", 1, "not closed");
  expect("a ) b", 3, "closes nothing");
  expect("a ()", 3, "expected a term");
  expect("a OR", 5, "both sides of OR");
  expect("OR a", 1, "both sides of OR");
  expect("AND a", 1, "before AND");
  expect("a AND", 6, "after AND");
  expect("NOT", 4, "after NOT");
  expect("level:[error, warning", 7, "not closed");
  expect("region:[a b]", 11, "expected , or ]");
  expect("events:>[1, 2]", 1, "being equal");
  expect("is:un*", 4, "takes no *");
  expect("is:resolved", 1, "asks about an issue", Scope::stream);
}

TEST(SEARCH_01_query, has_limits) {
  EXPECT_EQ(bad(std::string(kMaxLength + 1, 'a')).position, 1U);
  EXPECT_FALSE(good(std::string(kMaxLength, 'a')).empty());
  EXPECT_NE(bad(std::string(100, '(') + "a" + std::string(100, ')')).message.find("inside each other"),
            std::string::npos);
  EXPECT_NE(bad(std::string(1000, '-') + "a").message.find("inside each other"), std::string::npos);
  std::string terms, values = "level:[error";
  for (std::size_t i = 0; i <= kMaxTerms; ++i) terms += "a ";
  for (std::size_t i = 0; i <= kMaxValues; ++i) values += ",error";
  EXPECT_NE(bad(terms).message.find("more than 50 terms"), std::string::npos);
  EXPECT_NE(bad(values + "]").message.find("more than 100 values"), std::string::npos);
}

/// A random query in source form, made of pieces that are likely to meet badly.
std::string random_query(std::mt19937& random) {
  static const std::vector<std::string> kPieces{
      "is:",         "level:",   "error",    "release:",    "2.*",  "-",          "!",
      "(",           ")",        "\"",       "\\",          "*",    " ",          " ",
      " ",           "AND",      "OR",       "NOT",         "[",    "]",          ",",
      ":",           "events:>", "100",      "first_seen:", "-7d",  "2026-11-01", "tags[a b]:",
      "any.tag:",    "x",        "ü",        "has:user",    "<",    ">=",         "\t",
      "#",           "@",        "user.id:", "\xff",        "word", "A",          "stack.function:",
      "assigned:me", "''"};
  std::string text;
  const auto pieces = std::uniform_int_distribution<int>(0, 14)(random);
  for (int i = 0; i < pieces; ++i) {
    text += kPieces[std::uniform_int_distribution<std::size_t>(0, kPieces.size() - 1)(random)];
  }
  return text;
}

TEST(SEARCH_01_query_property, what_is_printed_parses_to_the_same_tree) {
  std::mt19937 random(20261121);
  int parsed = 0;
  for (int i = 0; i < 200'000; ++i) {
    const auto text = random_query(random);
    auto first = parse(text, Scope::events);
    if (const auto* mistake = std::get_if<Mistake>(&first)) {
      ASSERT_GE(mistake->position, 1U) << text;
      ASSERT_LE(mistake->position, text.size() + 1) << text;
      ASSERT_FALSE(mistake->message.empty());
      continue;
    }
    ++parsed;
    const auto& node = std::get<Node>(first);
    const auto printed = print(node);
    const auto second = parse(printed, Scope::events);
    ASSERT_TRUE(std::holds_alternative<Node>(second))
        << text << " -> " << printed << ": " << std::get<Mistake>(second).message;
    ASSERT_EQ(std::get<Node>(second), node) << text << " -> " << printed;
    ASSERT_EQ(print(std::get<Node>(second)), printed);
  }
  EXPECT_GT(parsed, 20'000);
}

/// The examples of docs/search.md: lines of its code blocks that are marked as queries.
TEST(SEARCH_01_query, every_example_of_the_documentation_is_one) {
  std::ifstream in(std::filesystem::path(MESHER_SOURCE_DIR) / "docs/search.md");
  ASSERT_TRUE(in.good());
  std::stringstream whole;
  whole << in.rdbuf();
  const auto text = whole.str();
  int examples = 0;
  bool in_queries = false;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("```")) {
      in_queries = line == "```query";
      continue;
    }
    if (!in_queries || line.empty()) continue;
    good(line.substr(0, line.find(" # ")));
    ++examples;
  }
  EXPECT_GE(examples, 15);
  for (const auto& info : fields()) {
    if (!info.name.empty()) {
      EXPECT_NE(text.find("`" + std::string(info.name) + ":"), std::string::npos) << info.name;
    }
  }
}

}  // namespace
}  // namespace mesher::query
