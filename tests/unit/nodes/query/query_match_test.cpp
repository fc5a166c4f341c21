#include <gtest/gtest.h>

#include <string>
#include <variant>
#include <vector>

#include "nodes/query/match.hpp"
#include "nodes/query/parse.hpp"
#include "nodes/query/words.hpp"

namespace mesher::query {
namespace {

using Words = std::vector<std::string>;

Words words(std::string_view text) {
  Words all;
  const auto folded = fold(text);
  for_each_word(text, folded, [&](std::string_view word) { all.emplace_back(word); });
  return all;
}

bool found(std::string_view text, std::string_view what) {
  const auto node = std::get<Node>(parse(what, Scope::stream));
  return contains(text, needle_of(node.term.values.front().text));
}

TEST(SEARCH_02_words, begin_at_letters_digits_and_humps) {
  EXPECT_EQ(words("disk_slow: 42%"), (Words{"disk", "slow", "42"}));
  EXPECT_EQ(words("parseHTTPRequest2"), (Words{"parsehttprequest2", "httprequest2", "request2"}));
  EXPECT_EQ(words("ÜBER straße"), (Words{"über", "straße"}));
  EXPECT_EQ(words(""), Words{});
  EXPECT_EQ(words("..a"), Words{"a"});
  EXPECT_EQ(words(std::string(100, 'x')).front().size(), kMaxWord);
}

TEST(SEARCH_02_words, are_found_by_their_beginning_in_any_case) {
  EXPECT_TRUE(found("Connection timed out", "time"));
  EXPECT_FALSE(found("Runtime failure", "time"));
  EXPECT_TRUE(found("runTime failure", "time"));
  EXPECT_TRUE(found("parseHTTPRequest", "request"));
  EXPECT_TRUE(found("parseHTTPRequest", "httpreq"));
  EXPECT_FALSE(found("parseHTTPRequest", "ttp"));
  EXPECT_TRUE(found("parseHTTPRequest", "*ttp"));
  EXPECT_TRUE(found("a b c d", "\"b c\""));
  EXPECT_FALSE(found("a b  c d", "\"b c\""));
  EXPECT_TRUE(found("user 17 of 20", "\"user * of\""));
  EXPECT_TRUE(found("Disk 100% full", "\"% full\""));
  EXPECT_TRUE(found("ΣΦΑΛΜΑ ОШИБКА", "ошиб"));
}

TEST(SEARCH_02_words, what_contains_a_needle_has_its_beginnings) {
  const Words texts{"parseHTTPRequest failed", "a.b.C::dEf", "Disk 100% full", "über_Straße 7", "x"};
  for (const auto& text : texts) {
    for (std::size_t from = 0; from < text.size(); ++from) {
      for (std::size_t length = 1; from + length <= text.size(); ++length) {
        const Text part{{text.substr(from, length)}};
        const auto needle = needle_of(part);
        if (!contains(text, needle)) continue;
        const auto all = words(text);
        for (const auto& beginning : beginnings(needle)) {
          EXPECT_TRUE(
              std::any_of(all.begin(), all.end(), [&](const auto& word) { return word.starts_with(beginning); }))
              << text << " has " << part.plain() << " and no word " << beginning;
        }
      }
    }
  }
}

struct Sample {
  Sample() {
    frames[0].function = "Cart.checkout";
    frames[0].module = "shop.cart";
    frames[0].filename = "shop/cart.py";
    exceptions[0].type = "ValueError";
    exceptions[0].value = "bad id 42";
    exceptions[0].frames = frames;
    event.level = nodes::Level::error;
    event.environment = "production";
    event.release = "shop@2.1.0";
    event.platform = "python";
    event.title = "ValueError: bad id 42";
    event.culprit = "shop.cart in checkout";
    event.exceptions = exceptions;
    event.tags = tags;
    event.user.id = "7";
    event.user.email = "ann@example.com";
  }
  nodes::Frame frames[1];
  nodes::Exception exceptions[1];
  nodes::Tag tags[2]{{"region", "eu-1"}, {"server_name", "web-3"}};
  nodes::Event event;
};

TEST(SEARCH_01_match, an_event_in_memory_is_judged_by_all_that_it_carries) {
  const Sample sample;
  const auto matches = [&](std::string_view text) {
    auto parsed = parse(text, Scope::stream);
    EXPECT_TRUE(std::holds_alternative<Node>(parsed)) << text;
    return Matcher(std::get<Node>(parsed)).matches(sample.event);
  };
  for (const char* text : {"",
                           "level:error",
                           "level:>=warning",
                           "level:[fatal, error]",
                           "environment:production",
                           "environment:prod*",
                           "release:*2.1*",
                           "-environment:staging",
                           "region:eu-1",
                           "region:[us, eu-1]",
                           "any.tag:web-3",
                           "has:region",
                           "has:user",
                           "!has:color",
                           "color:\"\"",
                           "user.id:7",
                           "user.email:ann@example.com",
                           "platform:python",
                           "type:valueerror",
                           "type:*Error",
                           "message:\"bad id\"",
                           "culprit:checkout",
                           "stack.function:checkout",
                           "stack.module:shop",
                           "stack.file:cart.py",
                           "checkout",
                           "\"bad id 42\"",
                           "bad OR nothing",
                           "valueerror -staging",
                           "(level:fatal OR region:eu*) bad"}) {
    EXPECT_TRUE(matches(text)) << text;
  }
  for (const char* text : {"level:fatal", "level:<error", "environment:Production", "environment:prod", "release:2.1",
                           "-region:eu-1", "has:color", "color:red", "color:*", "user.id:8", "type:Value", "heckout",
                           "bad AND nothing", "-(level:error bad)", "!bad"}) {
    EXPECT_FALSE(matches(text)) << text;
  }
}

}  // namespace
}  // namespace mesher::query
