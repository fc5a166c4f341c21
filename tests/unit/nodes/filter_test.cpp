#include "nodes/filter.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "nodes/condition.hpp"
#include "nodes/inbound_filters.hpp"
#include "tests/unit/nodes/read_event.hpp"

namespace mesher::nodes {
namespace {

TEST(INGEST_09_filters, crawlers) {
  for (const std::string_view agent :
       {"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Mozilla/5.0 (compatible; bingbot/2.0)", "facebookexternalhit/1.1", "Slackbot-LinkExpanding 1.0", "SomeBot/1.0",
        "a spider;", "Pingdom.com_bot_version_1.4", "Mozilla/5.0 (compatible; Baiduspider/2.0)"}) {
    EXPECT_TRUE(is_web_crawler(agent)) << agent;
  }
  for (const std::string_view agent :
       {"", "Mozilla/5.0 (X11; Linux x86_64) Chrome/125.0", "Slackbot 1.0(+https://api.slack.com/robots)",
        "Robotics Weekly", "curl/8.0", "bottle"}) {
    EXPECT_FALSE(is_web_crawler(agent)) << agent;
  }
}

TEST(INGEST_09_filters, old_browsers) {
  for (const std::string_view agent :
       {"Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1)", "Mozilla/5.0 (compatible; MSIE 9.0; Windows NT 6.1)",
        "Opera/9.80 (Windows NT 6.1) Presto/2.12 Version/12.16",
        "Opera/9.80 (Android; Opera Mini/7.5/35) Presto/2.8 Version/11.10",
        "Mozilla/5.0 (Linux; U; Android 2.3.6; en) AppleWebKit/533.1 Version/4.0 Mobile Safari/533.1",
        "Mozilla/5.0 (Macintosh) AppleWebKit/534.59 (KHTML, like Gecko) Version/5.1.9 Safari/534.59",
        "Mozilla/5.0 (compatible; MSIE 9.0; Windows Phone OS 7.5; IEMobile/9.0)"}) {
    EXPECT_TRUE(is_legacy_browser(agent)) << agent;
  }
  for (const std::string_view agent :
       {"", "Mozilla/5.0 (compatible; MSIE 10.0; Windows NT 6.2)",
        "Mozilla/5.0 (Windows NT 6.1; Trident/7.0; rv:11.0) like Gecko",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/125.0 Safari/537.36",
        "Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 Version/17.4 Safari/605.1.15",
        "Mozilla/5.0 (Linux; Android 13) AppleWebKit/537.36 Chrome/112.0 Mobile Safari/537.36", "sentry.python/2.1"}) {
    EXPECT_FALSE(is_legacy_browser(agent)) << agent;
  }
}

TEST(INGEST_09_filters, localhost) {
  for (const std::string_view json :
       {R"({"user":{"ip_address":"127.0.0.1"}})", R"({"user":{"ip_address":"::1"}})",
        R"({"request":{"url":"http://localhost:3000/x"}})", R"({"request":{"url":"https://shop.LOCALHOST/"}})",
        R"({"request":{"url":"http://127.0.0.1/"}})", R"({"request":{"url":"http://[::1]:80/"}})",
        R"({"request":{"url":"file:///home/a/index.html"}})"}) {
    EXPECT_TRUE(is_from_localhost(ReadEvent(std::string(json)).event)) << json;
  }
  for (const std::string_view json :
       {R"({})", R"({"user":{"ip_address":"10.0.0.1"}})", R"({"request":{"url":"https://localhost.example/"}})",
        R"({"request":{"url":"https://a.example/localhost"}})", R"({"request":{"url":"/x"}})"}) {
    EXPECT_FALSE(is_from_localhost(ReadEvent(std::string(json)).event)) << json;
  }
}

TEST(INGEST_09_filters, browser_extensions_look_at_the_first_exception_and_its_newest_frame) {
  const auto exceptions = [](std::string_view first_value, std::string_view path) {
    return ReadEvent(fmt::format(
        R"({{"exception":[{{"type":"E","value":"{}","stacktrace":[{{"abs_path":"https://a.example/x.js"}},{{"abs_path":"{}"}},)"
        R"({{"abs_path":"<anonymous>"}}]}},{{"type":"F","value":"top.GLOBALS"}}]}})",
        first_value, path));
  };
  EXPECT_TRUE(is_from_extension(exceptions("Extension context invalidated.", "https://a.example/y.js").event));
  EXPECT_TRUE(is_from_extension(exceptions("CAN'T ACCESS DEAD OBJECT", "https://a.example/y.js").event));
  EXPECT_TRUE(is_from_extension(exceptions("x", "chrome-extension://abc/y.js").event));
  EXPECT_TRUE(is_from_extension(exceptions("x", "https://connect.facebook.net/en/sdk.js").event));
  EXPECT_FALSE(is_from_extension(exceptions("x", "https://a.example/y.js").event));
  EXPECT_FALSE(is_from_extension(ReadEvent(R"({"message":"top.GLOBALS"})").event));
}

TEST(INGEST_09_filters, address_ranges) {
  EXPECT_TRUE(AddressRange("10.0.0.0/8").contains("10.255.1.2"));
  EXPECT_FALSE(AddressRange("10.0.0.0/8").contains("11.0.0.1"));
  EXPECT_TRUE(AddressRange("192.168.1.128/25").contains("192.168.1.200"));
  EXPECT_FALSE(AddressRange("192.168.1.128/25").contains("192.168.1.100"));
  EXPECT_TRUE(AddressRange("203.0.113.9").contains("203.0.113.9"));
  EXPECT_TRUE(AddressRange("2001:db8::/32").contains("2001:db8:1::1"));
  EXPECT_TRUE(AddressRange("0.0.0.0/0").contains("8.8.8.8"));
  for (const std::string_view bad :
       {"", "10.0.0.0/33", "10.0.0.0/x", "10.0.0.0/", "nowhere", "10.0.0.0/999999999999"}) {
    EXPECT_FALSE(AddressRange(bad).contains("10.0.0.0")) << bad;
  }
}

TEST(INGEST_09_filters, globs) {
  const auto matches = [](std::string_view pattern, std::string_view text) { return Glob(pattern).matches(text); };
  EXPECT_TRUE(matches("*timeout*", "Connection TIMEOUT after 3s"));
  EXPECT_TRUE(matches("{a,b,}c", "BC") && matches("{a,b,}c", "c"));
  EXPECT_FALSE(matches("{a,b}c", "cc"));
  EXPECT_TRUE(matches("a?c", "abc"));
  EXPECT_TRUE(matches("", ""));
  EXPECT_TRUE(matches("*", ""));
  EXPECT_FALSE(matches("a", "ab"));
  EXPECT_TRUE(matches("{a", "{a"));
  EXPECT_FALSE(matches(std::string(200, '*') + "b", std::string(100'000, 'a'))) << "and soon";
}

std::string_view match(ports::FilterSettings settings, const ReadEvent& event) {
  return InboundFilters(settings).match(event.event);
}

TEST(INGEST_09_filters, message_and_release_globs) {
  ports::FilterSettings settings;
  settings.messages = {"*connection reset*", "TypeError: *"};
  settings.releases = {"shop@1.*", "*-dev"};
  EXPECT_EQ(match(settings, ReadEvent(R"({"message":"Connection reset by peer"})")), "error-message");
  EXPECT_EQ(match(settings, ReadEvent(R"({"exception":[{"type":"TypeError","value":"x"},{"type":"B","value":"y"}]})")),
            "error-message");
  EXPECT_EQ(match(settings, ReadEvent(R"({"message":"x","release":"shop@1.4"})")), "release-version");
  EXPECT_EQ(match(settings, ReadEvent(R"({"message":"x","release":"shop@2.0"})")), "");
  EXPECT_EQ(match({}, ReadEvent(R"({"user":{"ip_address":"127.0.0.1"},"message":"x"})")), "")
      << "everything is off by default";
}

TEST(INGEST_09_filter_node, applies_the_filters_of_each_project) {
  auto snapshot = std::make_shared<ports::ProjectSnapshot>();
  snapshot->version = 1;
  snapshot->projects[1].filters.localhost = true;
  snapshot->projects[2].filters.localhost = false;
  ports::ProjectDirectory projects;
  projects.publish(snapshot);
  const auto node = make_node(filter_spec(&projects));
  const std::vector<std::string> texts{R"({"message":"x"})", R"({"user":{"ip_address":"127.0.0.1"},"message":"x"})"};
  auto one = batch_of(texts, 1);
  node->process(one);
  EXPECT_EQ(dropped(one), std::vector<std::uint32_t>{1});
  EXPECT_EQ(one.drops()[0].reason.outcome, "filtered");
  EXPECT_EQ(one.drops()[0].reason.detail, "localhost");
  auto two = batch_of(texts, 2);
  node->process(two);
  EXPECT_TRUE(two.drops().empty());
  auto changed = std::make_shared<ports::ProjectSnapshot>(*snapshot);
  changed->version = 2;
  changed->projects[2].filters.localhost = true;
  projects.publish(changed);
  auto again = batch_of(texts, 2);
  node->process(again);
  EXPECT_EQ(dropped(again), std::vector<std::uint32_t>{1}) << "a change of settings is seen";
}

std::vector<std::uint32_t> kept_by(std::string_view toml) {
  auto batch =
      batch_of({R"({"message":"timeout of 7","level":"fatal","tags":{"region":"eu-1","n":"10"},"release":"a@1"})",
                R"({"message":"Not Found","level":"warning","tags":{"region":"us-1","n":"9"}})",
                R"({"exception":{"type":"IOError","value":"disk"},"level":"error","user":{"id":"7"}})"});
  make_node(filter_spec(nullptr), toml)->process(batch);
  std::vector<std::uint32_t> kept;
  const auto gone = dropped(batch);
  for (std::uint32_t i = 0; i < 3; ++i) {
    if (std::find(gone.begin(), gone.end(), i) == gone.end()) kept.push_back(i);
  }
  return kept;
}

TEST(filter_node, keeps_what_meets_the_condition) {
  using Kept = std::vector<std::uint32_t>;
  EXPECT_EQ(kept_by(R"(where = { field = "level", equals = "fatal" })"), Kept({0}));
  EXPECT_EQ(kept_by(R"(where = { field = "level", in = ["fatal", "error"] })"), Kept({0, 2}));
  EXPECT_EQ(kept_by(R"(where = { field = "level", gt = "warning" })"), Kept({0, 2}));
  EXPECT_EQ(kept_by(R"(where = { field = "tags.n", gt = 9 })"), Kept({0}));
  EXPECT_EQ(kept_by(R"(where = { field = "tags.n", lt = 10 })"), Kept({1}));
  EXPECT_EQ(kept_by(R"(where = { field = "tags.region", glob = "eu-*" })"), Kept({0}));
  EXPECT_EQ(kept_by(R"(where = { field = "message", contains = "not found" })"), Kept({1}));
  EXPECT_EQ(kept_by(R"(where = { field = "release", exists = true })"), Kept({0}));
  EXPECT_EQ(kept_by(R"(where = { field = "release", exists = false })"), Kept({1, 2}));
  EXPECT_EQ(kept_by(R"(where = { field = "exception.type", equals = "IOError" })"), Kept({2}));
  EXPECT_EQ(kept_by(R"(where = { field = "user.id", equals = 7 })"), Kept({2}));
  EXPECT_EQ(
      kept_by(R"(where = { any = [{ field = "level", equals = "fatal" }, { field = "type", equals = "error" }] })"),
      Kept({0, 2}));
  EXPECT_EQ(
      kept_by(
          R"(where = { all = [{ field = "level", gt = "info" }, { not = { field = "type", equals = "error" } }] })"),
      Kept({0, 1}));
  EXPECT_EQ(kept_by("action = \"drop\"\nwhere = { field = \"level\", equals = \"fatal\" }"), Kept({1, 2}));
}

TEST(condition, mistakes_are_told) {
  const auto mistake = [](std::string_view json) {
    std::vector<graph::OptionMistake> mistakes;
    EXPECT_EQ(Condition::parse(json, "where", mistakes), nullptr) << json;
    EXPECT_FALSE(mistakes.empty()) << json;
    return mistakes.empty() ? "" : mistakes[0].message;
  };
  EXPECT_EQ(mistake(R"({"field":"levle","equals":"x"})"), "unknown field `levle`");
  EXPECT_EQ(mistake(R"({"field":"level","like":"x"})"), "unknown operator `like`");
  EXPECT_EQ(mistake(R"({"field":"level"})"), "nothing is asked of field `level`");
  EXPECT_EQ(mistake(R"({"field":"tags.","exists":true})"), "unknown field `tags.`");
  mistake("{}");
  mistake("[]");
  mistake("nonsense");
  mistake(R"({"any":[{"field":"level"}]})");
  mistake(R"({"any":7})");
  mistake(R"({"all":[],"any":[]})");
  mistake(R"({"field":"level","in":"fatal"})");
  mistake(R"({"field":"level","exists":"yes"})");
  mistake(R"({"field":"level","gt":"loud"})");
  mistake(R"({"field":7,"equals":"x"})");
  mistake(R"({"field":"level","equals":{}})");
}

}  // namespace
}  // namespace mesher::nodes
