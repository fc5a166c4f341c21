#include "nodes/fingerprint_rules.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "nodes/fingerprint_node.hpp"
#include "sample_event.hpp"

namespace mesher::nodes {
namespace {

using mesher::testing::SampleEvent;

constexpr std::string_view kEvent = R"({
  "level": "error", "logger": "shop.db", "release": "shop@2.1", "environment": "production", "platform": "python",
  "transaction": "/checkout", "tags": {"region": "eu-1"}, "sdk": {"name": "sentry.python"},
  "exception": {"values": [
    {"type": "OSError", "value": "broken pipe", "stacktrace": {"frames": [
      {"function": "send", "module": "socket", "filename": "socket.py", "abs_path": "/usr/lib/python3/socket.py", "in_app": false}]}},
    {"type": "DatabaseError", "value": "Connection to db-3 lost", "stacktrace": {"frames": [
      {"function": "main", "module": "shop.main", "filename": "shop/main.py", "in_app": true},
      {"function": "query", "module": "shop.db", "filename": "shop/db.py", "abs_path": "C:\\srv\\Shop\\db.py", "in_app": true}]}}]}})";

FingerprintRules rules_of(std::string_view text) {
  std::vector<graph::Diagnostic> mistakes;
  auto rules = FingerprintRules::parse(text, mistakes);
  for (const auto& mistake : mistakes) ADD_FAILURE() << mistake.text("rules");
  return rules;
}

std::string mistakes_of(std::string_view text) {
  std::string all;
  for (const auto& mistake : check_fingerprint_rules(text)) all += mistake.text("f") + "\n";
  return all;
}

bool matches(std::string_view matchers, std::string_view json = kEvent) {
  const SampleEvent sample(json);
  const auto rules = rules_of(std::string(matchers) + " -> x");
  return rules.match(sample.event) != nullptr;
}

/// Hash and title of an event under rules.
std::pair<std::string, std::string> grouped(std::string_view json, std::string_view text,
                                            GroupingExplanation* why = nullptr) {
  SampleEvent sample(json);
  Grouper grouper;
  const auto rules = rules_of(text);
  fingerprint_event(sample.event, grouper, sample.arena, &rules, why);
  return {to_hex(sample.event.hashes[0]), std::string(sample.event.title)};
}

TEST(GROUP_03_rules, match_on_every_field_of_an_event) {
  for (const auto* const good : {"type:DatabaseError",
                                 "error.type:Database*",
                                 "value:\"connection to * lost\"",
                                 "message:\"broken pipe\"",
                                 "function:query",
                                 "module:shop.*",
                                 "path:**/shop/db.py",
                                 "path:/srv/**",
                                 "stack.abs_path:c:/srv/shop/*.py",
                                 "path:\"C:\\srv\\shop\\db.py\"",
                                 "app:yes",
                                 "app:no",
                                 "logger:shop.*",
                                 "level:error",
                                 "level:{error,fatal}",
                                 "release:shop@2.*",
                                 "environment:prod*",
                                 "transaction:/check?ut",
                                 "platform:python",
                                 "family:other",
                                 "sdk:sentry.*",
                                 "tags.region:eu-*",
                                 "tags.environment:production",
                                 "\"tags.region\":eu-1",
                                 "type:DatabaseError value:*db-3* level:error tags.region:eu-1"}) {
    if (std::string_view(good) == "path:/srv/**") continue;  // C:\srv: the drive is part of the path
    EXPECT_TRUE(matches(good)) << good;
  }
  for (const auto* const bad :
       {"type:databaseerror", "type:Error", "function:Query", "path:*/db.py/x", "path:*.py level:fatal",
        "level:warning", "release:1.*", "tags.none:*", "logger:\"\"", "family:native", "package:*", "value:db"}) {
    EXPECT_FALSE(matches(bad)) << bad;
  }
}

TEST(GROUP_03_rules, hold_together_on_one_exception_and_on_one_frame) {
  EXPECT_TRUE(matches("type:OSError value:*pipe*"));
  EXPECT_FALSE(matches("type:OSError value:*lost*"));
  EXPECT_TRUE(matches("function:send app:no"));
  EXPECT_FALSE(matches("function:send app:yes"));
  EXPECT_TRUE(matches("type:OSError function:query")) << "of different kinds: anywhere in the event";
}

TEST(GROUP_03_rules, negation_means_that_nothing_in_the_event_is_like_that) {
  EXPECT_FALSE(matches("!function:query"));
  EXPECT_TRUE(matches("!function:elsewhere"));
  EXPECT_TRUE(matches("module:shop.* !function:query")) << "shop.main's frame";
  EXPECT_FALSE(matches("module:shop.db !function:query"));
  EXPECT_TRUE(matches("!release:1.*"));
  EXPECT_TRUE(matches("!tags.none:*"));
  EXPECT_TRUE(matches("tags.none:\"\"")) << "a tag that is not there";
  EXPECT_FALSE(matches("!message:\"connection *\""));
  EXPECT_TRUE(matches("!type:X", R"({"message":"no exception at all"})"));
}

TEST(GROUP_03_rules, the_first_rule_that_matches_replaces_the_senders_fingerprint) {
  constexpr std::string_view kRules =
      "# ours\n\ntype:Nothing -> a\ntype:DatabaseError -> database-down\ntype:DatabaseError -> later\n";
  const auto [hash, title] = grouped(kEvent, kRules);
  EXPECT_EQ(hash, mesher::testing::hash_of(R"({"message":"m","fingerprint":["database-down"]})"));
  EXPECT_EQ(title, "DatabaseError: Connection to db-3 lost");
  std::string with_fingerprint(kEvent);
  with_fingerprint.insert(1, R"("fingerprint":["mine"],)");
  EXPECT_EQ(grouped(with_fingerprint, kRules).first, hash);
  EXPECT_EQ(grouped(with_fingerprint, "type:Nothing -> a").first, mesher::testing::hash_of(with_fingerprint));
}

TEST(GROUP_03_rules, default_is_grouping_without_any_fingerprint) {
  std::string with_fingerprint(kEvent);
  with_fingerprint.insert(1, R"("fingerprint":["mine"],)");
  EXPECT_EQ(grouped(with_fingerprint, "type:* -> {{ default }}").first, mesher::testing::hash_of(kEvent));
  EXPECT_NE(grouped(kEvent, "type:* -> {{ default }} x").first, mesher::testing::hash_of(kEvent));
}

TEST(GROUP_03_rules, a_checksum_is_the_last_word) {
  std::string with_checksum(kEvent);
  with_checksum.insert(1, R"("checksum":"abc",)");
  EXPECT_EQ(grouped(with_checksum, "type:* -> x").first, mesher::testing::hash_of(with_checksum));
}

TEST(GROUP_03_rules, variables_and_titles_are_filled_in) {
  const auto [hash, title] = grouped(
      kEvent,
      R"(type:* -> db-{{ tags.region }}, {{ function }} "{{release}} x" title="{{ type }} in {{ tags.region }}")");
  EXPECT_EQ(hash, mesher::testing::hash_of(R"({"message":"m","fingerprint":["db-eu-1","query","shop@2.1 x"]})"));
  EXPECT_EQ(title, "DatabaseError in eu-1");
  EXPECT_EQ(grouped(kEvent, "type:* -> {{ environment }}").first,
            mesher::testing::hash_of(R"({"message":"m","fingerprint":["production"]})"));
}

TEST(GROUP_06_rules, an_explanation_names_the_rule) {
  GroupingExplanation why;
  grouped(kEvent, "\n  type:DatabaseError -> down\n", &why);
  EXPECT_EQ(why.fingerprint_from, "rule");
  EXPECT_EQ(why.rule_line, 2U);
  EXPECT_EQ(why.rule, "type:DatabaseError -> down");
  EXPECT_EQ(why.method, "fingerprint");
  EXPECT_NE(to_text(why).find("line 2: type:DatabaseError -> down"), std::string::npos);
}

TEST(GROUP_03_rules, all_mistakes_are_told_with_places_and_what_was_expected) {
  EXPECT_EQ(mistakes_of("typ:A leve:x -> a\nlevel:eror -> b\ntype:A\n-> x\ntype: -> y\ntype:A ->\n"),
            "f:1:1: unknown matcher `typ` (did you mean `type`?)\n"
            "f:1:7: unknown matcher `leve` (did you mean `level`?)\n"
            "f:2:7: unknown level `eror` (expected debug, info, warning, error or fatal)\n"
            "f:3:7: expected `->` and behind it the parts of the fingerprint\n"
            "f:4:1: expected a matcher before `->`, such as type:DatabaseError\n"
            "f:5:6: expected a pattern behind `type:` (a pattern with spaces stands in quotes; \"\" matches what the "
            "event does not have)\n"
            "f:6:10: expected a part of the fingerprint behind `->` (such as database-down or {{ default }})\n");
  EXPECT_EQ(mistakes_of("message:\"ümläut -> x"),
            "f:1:9: expected a closing quote: this one is never closed\n"
            "f:1:21: expected `->` and behind it the parts of the fingerprint\n");
  EXPECT_EQ(mistakes_of("message:ü typ:x -> y"), "f:1:11: unknown matcher `typ` (did you mean `type`?)\n");
  EXPECT_EQ(mistakes_of("type:A -> {{ typ }}"), "f:1:11: unknown variable `typ` (did you mean `type`?)\n");
  EXPECT_EQ(mistakes_of("type:A -> a-{{ default }}"), "f:1:11: {{ default }} must be a part of its own\n");
  EXPECT_EQ(mistakes_of("type:A -> {{ type"), "f:1:11: expected `}}` behind the name of the variable\n");
  EXPECT_EQ(mistakes_of("type -> a"), "f:1:5: expected `:` and a pattern behind `type`\n");
}

TEST(GROUP_03_rules, lines_with_mistakes_are_left_out_and_the_others_count) {
  std::vector<graph::Diagnostic> mistakes;
  const auto rules = FingerprintRules::parse("nonsense\r\ntype:A -> a\r\n", mistakes);
  ASSERT_EQ(rules.rules().size(), 1U);
  EXPECT_EQ(rules.rules()[0].line, 2U);
  EXPECT_FALSE(mistakes.empty());
}

// --- properties ---

/// The obvious way to match, for comparison.
bool naive(std::string_view pattern, std::string_view text, bool folders) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '*') {
    const bool wide = !folders || (pattern.size() > 1 && pattern[1] == '*');
    std::size_t stars = 0;
    while (stars < pattern.size() && pattern[stars] == '*') ++stars;
    for (std::size_t n = 0; n <= text.size(); ++n) {
      if (naive(pattern.substr(stars), text.substr(n), folders)) return true;
      if (n < text.size() && text[n] == '/' && !wide) return false;
    }
    return false;
  }
  if (text.empty()) return false;
  if (pattern[0] == '?' ? folders && text[0] == '/' : pattern[0] != text[0]) return false;
  return naive(pattern.substr(1), text.substr(1), folders);
}

std::string random_text(std::mt19937_64& random, std::string_view letters, std::size_t most) {
  std::string text;
  for (auto n = random() % (most + 1); n > 0; --n) text += letters[random() % letters.size()];
  return text;
}

TEST(GROUP_03_rules, patterns_match_as_the_obvious_way_does) {
  std::mt19937_64 random(20261121);
  for (int i = 0; i < 200'000; ++i) {
    const auto pattern = random_text(random, "ab/**?", 8);
    const auto text = random_text(random, "aab/", 10);
    EXPECT_EQ(RulePattern(pattern, RulePattern::Mode::exact).matches(text), naive(pattern, text, false))
        << pattern << " on " << text;
    const bool path =
        naive(pattern, text, true) || (!text.empty() && text[0] != '/' && naive(pattern, "/" + text, true));
    EXPECT_EQ(RulePattern(pattern, RulePattern::Mode::path).matches(text), path) << pattern << " on " << text;
    if (HasFailure()) return;
  }
}

TEST(GROUP_03_rules, hostile_patterns_end_soon) {
  std::string pattern = "**";
  for (int i = 0; i < 200; ++i) pattern += "a*";
  const std::string text(5000, 'a');
  EXPECT_FALSE(RulePattern(pattern + "b", RulePattern::Mode::path).matches(text));
  EXPECT_FALSE(RulePattern(pattern + "b", RulePattern::Mode::exact).matches(text));
}

/// Any text either has mistakes, each at a place inside it, or is rules that read the same once more.
TEST(GROUP_03_rules, any_text_is_either_good_or_has_mistakes_with_places) {
  const std::vector<std::string> words{"type:",  "\"",         "->",       " ",      "!",   "{{ default }}",
                                       "{{",     "}}",         "tags.x:",  "level:", "a*b", "\\\"",
                                       "title=", "\n",         ",",        "#",      "ü",   "x",
                                       "app:",   "{{ type }}", "message:", "error"};
  std::mt19937_64 random(7);
  std::size_t good = 0;
  for (int i = 0; i < 50'000; ++i) {
    std::string text = i % 2 == 0 ? "" : "type:A -> x ";
    for (auto n = random() % (i % 2 == 0 ? 10 : 4); n > 0; --n) text += words[random() % words.size()];
    std::vector<graph::Diagnostic> mistakes;
    const auto rules = FingerprintRules::parse(text, mistakes);
    for (const auto& mistake : mistakes) {
      EXPECT_GE(mistake.place.line, 1U);
      EXPECT_GE(mistake.place.column, 1U);
      EXPECT_LE(mistake.place.column, text.size() + 1);
      EXPECT_FALSE(mistake.message.empty());
    }
    for (const auto& rule : rules.rules()) {
      ++good;
      std::vector<graph::Diagnostic> none;
      const auto again = parse_fingerprint_rule(rule.source, rule.line, none);
      ASSERT_TRUE(again && none.empty()) << text;
      EXPECT_EQ(again->parts.size(), rule.parts.size()) << text;
    }
  }
  EXPECT_GT(good, 100U);
}

}  // namespace
}  // namespace mesher::nodes
