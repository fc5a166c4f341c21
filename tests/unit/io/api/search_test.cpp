#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <set>
#include <vector>

#include "io/api/times.hpp"
#include "nodes/event_json.hpp"
#include "nodes/ports/journal.hpp"
#include "nodes/query/match.hpp"
#include "nodes/query/parse.hpp"
#include "test_api.hpp"

namespace mesher::api {
namespace {

constexpr UnixMicros kSecond = 1'000'000;
constexpr UnixMicros kDay = 86'400 * kSecond;
using Titles = std::vector<std::string>;

/// A project of its own.
class SearchTest : public testing::Test {
 protected:
  SearchTest() {
    const auto org = db_.add_org(unique_name("org"));
    user_ = db_.add_user(unique_name("user") + "@example.com");
    db_.add_member(org, user_);
    token_ = db_.add_token(user_);
    project_ = db_.add_project(org, unique_name("shop"));
  }

  void store(const TestJson& payload, const std::string& group) {
    db_.store(project_, {{payload.dump(), now_ - ++stored_ * 1000, group}});
  }
  std::string path(const std::string& list) const {
    return "/api/v1/projects/" + std::to_string(project_) + "/" + list;
  }
  Answer ask(const std::string& list, const std::string& query, const std::string& more = "") {
    return api_.get(path(list) + "?limit=100&query=" + encoded(query) + more, token_);
  }
  /// Titles of issues, or messages of events, sorted.
  Titles found(const std::string& list, const std::string& query) {
    const auto answer = ask(list, query);
    EXPECT_EQ(answer.status, 200) << query << ": " << answer.text;
    Titles all;
    if (answer.status != 200) return all;
    for (const auto& row : answer.body["data"]) all.push_back(row[list == "issues" ? "title" : "message"]);
    std::sort(all.begin(), all.end());
    return all;
  }
  Titles issues(const std::string& query) { return found("issues", query); }
  Titles events(const std::string& query) { return found("events", query); }
  void set(const std::string& group, const std::string& what) {
    db_.sql("update issues set " + what + " where id = " + std::to_string(db_.issue_of(project_, group)));
  }

  TestApi api_;
  TestDatabase& db_ = api_.database;
  UnixMicros now_ = SystemClock().now();
  std::uint32_t project_ = 0, user_ = 0;
  std::int64_t stored_ = 0;
  std::string token_;
};
using SEARCH_01_search = SearchTest;
using SEARCH_02_search = SearchTest;
using SEARCH_03_search = SearchTest;
using SEARCH_05_search = SearchTest;

TEST_F(SEARCH_01_search, issues_are_found_by_state_numbers_times_and_people) {
  for (const char* name : {"alpha", "beta", "gamma"}) {
    store({{"message", name}, {"level", name[0] == 'a' ? "fatal" : "info"}, {"user", {{"id", name}}}}, name);
  }
  store({{"message", "alpha"}, {"level", "fatal"}, {"timestamp", rfc3339(now_ - 40 * kDay)}}, "alpha");
  set("beta", "status = 'resolved', substatus = ''");
  set("gamma", "status = 'archived', substatus = 'ongoing', assigned_user = " + std::to_string(user_));
  EXPECT_EQ(issues("is:unresolved"), Titles{"alpha"});
  EXPECT_EQ(issues("is:resolved,archived"), (Titles{"beta", "gamma"}));
  EXPECT_EQ(issues("-is:resolved"), (Titles{"alpha", "gamma"}));
  EXPECT_EQ(issues("is:new"), Titles{"alpha"});
  EXPECT_EQ(issues("is:ongoing OR is:regressed"), Titles{"gamma"});
  EXPECT_EQ(issues("assigned:me"), Titles{"gamma"});
  EXPECT_EQ(issues("assigned:none"), (Titles{"alpha", "beta"}));
  EXPECT_EQ(issues("is:assigned"), Titles{"gamma"});
  EXPECT_EQ(issues("-assigned:" + db_.sql("select email from users where id = " + std::to_string(user_))),
            (Titles{"alpha", "beta"}));
  EXPECT_EQ(issues("-assigned:nobody@example.com").size(), 3U);
  EXPECT_EQ(issues("level:>=error"), Titles{"alpha"});
  EXPECT_EQ(issues("level:info,debug"), (Titles{"beta", "gamma"}));
  EXPECT_EQ(issues("events:>1"), Titles{"alpha"});
  EXPECT_EQ(issues("events:1 users:<=1"), (Titles{"beta", "gamma"}));
  EXPECT_EQ(issues("first_seen:-7d"), (Titles{"beta", "gamma"}));
  EXPECT_EQ(issues("first_seen:+7d"), Titles{"alpha"});
  EXPECT_EQ(issues("last_seen:>2020-01-01").size(), 3U);
  EXPECT_EQ(issues("last_seen:" + iso_day(now_) + " OR last_seen:" + iso_day(now_ - kDay)).size(), 3U);
  EXPECT_EQ(issues("user.id:beta"), Titles{"beta"});
  EXPECT_EQ(issues("-user.id:[beta, gamma]"), Titles{"alpha"});
  EXPECT_EQ(issues("has:user").size(), 3U);
  EXPECT_EQ(issues("platform:python").size(), 3U);
  // Events by what their issues are.
  EXPECT_EQ(events("is:archived"), Titles{"gamma"});
  EXPECT_EQ(events("events:>1"), (Titles{"alpha", "alpha"}));
}

TEST_F(SEARCH_01_search, issues_are_found_by_the_tags_of_any_of_their_events) {
  store({{"message", "a"}, {"environment", "production"}, {"release", "2.1.0"}, {"tags", {{"region", "eu-1"}}}}, "a");
  store({{"message", "a"}, {"environment", "staging"}, {"tags", {{"region", "us"}, {"level", "high"}}}}, "a");
  store({{"message", "b"}, {"environment", "staging"}, {"release", "1.9"}}, "b");
  store({{"message", "c"}}, "c");
  EXPECT_EQ(issues("environment:production"), Titles{"a"});
  EXPECT_EQ(issues("environment:[production, staging]"), (Titles{"a", "b"}));
  EXPECT_EQ(issues("-environment:production"), (Titles{"b", "c"}));
  EXPECT_EQ(issues("environment:\"\""), Titles{"c"});
  EXPECT_EQ(issues("environment:*"), (Titles{"a", "b"}));
  EXPECT_EQ(issues("release:2.*"), Titles{"a"});
  EXPECT_EQ(issues("region:eu-1"), Titles{"a"});
  EXPECT_EQ(issues("region:EU-1"), Titles{});
  EXPECT_EQ(issues("!region:eu*"), (Titles{"b", "c"}));
  EXPECT_EQ(issues("has:region"), Titles{"a"});
  EXPECT_EQ(issues("any.tag:us"), Titles{"a"});
  EXPECT_EQ(issues("tags[level]:high"), Titles{"a"});
  EXPECT_EQ(issues("has:[region, release]"), (Titles{"a", "b"}));
}

TEST_F(SEARCH_01_search, issues_are_found_by_the_names_of_their_stack) {
  store(TestJson::parse(R"({"exception":{"values":[{"type":"ConnectionError","value":"refused by peer"},
    {"type":"CheckoutFailed","value":"could not reach 100% of the shops","stacktrace":{"frames":[
      {"function":"main","module":"shop.app","filename":"shop/app.py"},
      {"function":"Cart.submitOrder","module":"shop.cart","filename":"shop/cart_view.py"}]}}]}})"),
        "stack");
  store({{"message", "nothing of the kind"}}, "message");
  const Titles stack{"CheckoutFailed: could not reach 100% of the shops"};
  for (const char* query :
       {"stack.function:submitOrder", "stack.function:order", "stack.function:Cart.submit", "stack.function:c*order",
        "stack.module:shop.cart", "stack.file:cart_view.py", "stack.file:shop/*.py", "type:CheckoutFailed",
        "type:checkout*", "message:\"100% of\"", "order", "cart_view", "refused", "connectionerror",
        "\"could not reach\"", "checkoutFailed -nothing", "submitorder OR xyz"}) {
    EXPECT_EQ(issues(query), stack) << query;
  }
  for (const char* query : {"stack.function:rder", "stack.module:submitOrder", "type:Checkout", "\"not could\"",
                            "hop.cart", "message:shop.cart", "-order -nothing"}) {
    EXPECT_EQ(issues(query), Titles{}) << query;
  }
  EXPECT_EQ(issues("*rder"), stack);
  EXPECT_EQ(events("stack.function:order").size(), 1U);
  EXPECT_EQ(events("type:CheckoutFailed").size(), 1U);
}

TEST_F(SEARCH_02_search, events_are_found_by_the_words_of_their_messages) {
  for (const char* message :
       {"Connection to db-7 refused", "connection reset", "Runtime error: 42 of 100%", "naïve ÜBER"}) {
    store({{"message", message}}, "all");
  }
  EXPECT_EQ(events("connection"), (Titles{"Connection to db-7 refused", "connection reset"}));
  EXPECT_EQ(events("conn"), (Titles{"Connection to db-7 refused", "connection reset"}));
  EXPECT_EQ(events("connection -reset"), Titles{"Connection to db-7 refused"});
  EXPECT_EQ(events("\"to db-7\""), Titles{"Connection to db-7 refused"});
  EXPECT_EQ(events("time"), Titles{});
  EXPECT_EQ(events("*time"), Titles{"Runtime error: 42 of 100%"});
  EXPECT_EQ(events("message:\"42 * 100%\""), Titles{"Runtime error: 42 of 100%"});
  EXPECT_EQ(events("über"), Titles{"naïve ÜBER"});
  EXPECT_EQ(events("null OR nothing"), Titles{});
  EXPECT_EQ(events("refused OR reset OR naïve").size(), 3U);
}

TEST_F(SEARCH_03_search, events_are_found_by_tags_and_users) {
  store({{"message", "a"}, {"environment", "production"}, {"tags", {{"region", "eu-1"}, {"odd key", "x y"}}}}, "g");
  store({{"message", "b"}, {"release", "2.1"}, {"tags", {{"region", "us"}}}, {"user", {{"email", "ann@example.com"}}}},
        "g");
  store({{"message", "c"}}, "g");
  EXPECT_EQ(events("region:eu-1"), Titles{"a"});
  EXPECT_EQ(events("region:[eu-1, us]"), (Titles{"a", "b"}));
  EXPECT_EQ(events("-region:us"), (Titles{"a", "c"}));
  EXPECT_EQ(events("region:\"\""), Titles{"c"});
  EXPECT_EQ(events("!has:region"), Titles{"c"});
  EXPECT_EQ(events("environment:prod*"), Titles{"a"});
  EXPECT_EQ(events("release:2.1 region:us"), Titles{"b"});
  EXPECT_EQ(events("user.email:ann@example.com"), Titles{"b"});
  EXPECT_EQ(events("has:user"), Titles{"b"});
  EXPECT_EQ(events("any.tag:us OR any.tag:production"), (Titles{"a", "b"}));
  const auto issue = "/api/v1/issues/" + std::to_string(db_.issue_of(project_, "g")) + "/events?query=region:us";
  EXPECT_EQ(api_.get(issue, token_).body["data"].size(), 1U);
}

TEST_F(SEARCH_03_search, tags_and_values_are_offered_for_completion) {
  for (int i = 0; i < 6; ++i) {
    store({{"message", "m"}, {"environment", i < 4 ? "production" : "staging"}, {"tags", {{"region", "eu"}}}}, "g");
  }
  store({{"message", "m"}, {"tags", {{"Reason", "a/b \x1f c"}}}}, "g");
  const auto keys = api_.all_pages(path("tags?limit=1&prefix=re"), token_);
  ASSERT_EQ(keys.size(), 2U);
  EXPECT_EQ(keys[0], (TestJson{{"key", "region"}, {"events", 6}, {"values", 1}}));
  const auto values = api_.all_pages(path("tags/environment/values?limit=1"), token_);
  ASSERT_EQ(values.size(), 2U);
  EXPECT_EQ(values[0], (TestJson{{"value", "production"}, {"events", 4}}));
  EXPECT_EQ(api_.get(path("tags/environment/values?prefix=ST"), token_).body["data"].size(), 1U);
  EXPECT_EQ(api_.get(path("tags/environment/values?prefix=%25"), token_).body["data"].size(), 0U);

  const auto issue = "/api/v1/issues/" + std::to_string(db_.issue_of(project_, "g")) + "/tags";
  const auto tags = api_.get(issue, token_);
  ASSERT_EQ(tags.status, 200) << tags.text;
  EXPECT_EQ(tags.body["sampled_events"], 7);
  EXPECT_EQ(tags.body["data"][0]["key"], "environment");
  EXPECT_EQ(tags.body["data"][0]["events"], 6);
  EXPECT_EQ(tags.body["data"][0]["values"][1], (TestJson{{"value", "staging"}, {"events", 2}}));
}

/// Events in memory and in the database must agree about any query.
class SEARCH_01_agreement : public SearchTest {
 protected:
  SEARCH_01_agreement() {
    static const std::vector<std::string> kWords{
        "timeout", "Connection", "parseHTTPRequest", "db-7", "100%", "über", "order_id", "null", "ÜBER",
        "a.b.c",   "*",          "say \"hi\""};
    std::vector<TestDatabase::Sent> sent;
    for (int i = 0; i < 60; ++i) {
      TestJson payload{{"level", pick({"debug", "info", "warning", "error", "fatal"})}};
      std::string message = std::to_string(i);
      for (int n = below(4); n >= 0; --n) message += " " + kWords[static_cast<std::size_t>(below(kWords.size()))];
      payload["message"] = message;
      if (below(2)) payload["environment"] = pick({"production", "staging"});
      if (below(2)) payload["release"] = pick({"2.0", "2.1.1", "shop@3"});
      if (below(2)) payload["tags"]["region"] = pick({"eu-1", "us west", "a\\b%"});
      if (below(3) == 0) payload["tags"]["color"] = pick({"red", "Red"});
      if (below(3) == 0) payload["user"]["id"] = pick({"7", "8"});
      sent.push_back({payload.dump(), now_ - i * kSecond, "one"});
    }
    db_.store(project_, sent);
    read(sent);
  }

  int below(std::size_t n) { return static_cast<int>(random_() % n); }
  std::string pick(const std::vector<std::string>& from) { return from[static_cast<std::size_t>(below(from.size()))]; }

  void read(const std::vector<TestDatabase::Sent>& sent) {
    nodes::EventReader reader;
    for (const auto& each : sent) {
      texts_.push_back(std::make_unique<std::string>(each.payload + std::string(nodes::ports::kReadPadding, '\0')));
      nodes::Record record;
      record.project_id = project_;
      record.event_id = each.id;
      record.received = each.received;
      record.body = std::string_view(*texts_.back()).substr(0, each.payload.size());
      in_memory_.push_back(reader.read(record, arena_));
      in_memory_.back().title = in_memory_.back().message;
    }
  }

  std::string random_term() {
    switch (below(9)) {
      case 0:
        return "level:" + pick({"error", ">=warning", "<info", "[debug, fatal]"});
      case 1:
        return "environment:" + pick({"production", "prod*", "*ing", "\"\"", "*", "[staging, x]"});
      case 2:
        return "release:" + pick({"2.0", "2.*", "*@3", "*.1*"});
      case 3:
        return "region:" + pick({"eu-1", "\"us west\"", "*west", "a\\\\\\\\b%", "\"\"", "%"});
      case 4:
        return "has:" + pick({"region", "color", "user", "environment", "[color, release]"});
      case 5:
        return "user.id:" + pick({"7", "8", "*", "\"\""});
      case 6:
        return "any.tag:" + pick({"red", "production", "R*", "2.0"});
      case 7:
        return "message:" +
               pick({"timeout", "\"db-7\"", "http", "REQUEST", "\"* 100%\"", "übe", "\\*", "connection*null"});
      default:
        return pick(
            {"timeout", "conn", "request", "\"a.b\"", "*eout", "order_", "null", "ÜBER", "1", "\"say \\\"hi\"", "id"});
    }
  }
  std::string random_query(int depth) {
    if (depth == 0 || below(3) == 0) return random_term();
    switch (below(3)) {
      case 0:
        return "-(" + random_query(depth - 1) + ")";
      case 1:
        return "(" + random_query(depth - 1) + " OR " + random_query(depth - 1) + ")";
      default:
        return random_query(depth - 1) + " " + random_query(depth - 1);
    }
  }

  std::mt19937 random_{20261121};
  nodes::Arena arena_;
  std::vector<std::unique_ptr<std::string>> texts_;
  std::vector<nodes::Event> in_memory_;
};

TEST_F(SEARCH_01_agreement, of_sql_index_and_memory_about_random_queries) {
  int some = 0;
  for (int i = 0; i < 300; ++i) {
    const auto text = random_query(3);
    const auto parsed = query::parse(text, query::Scope::stream);
    ASSERT_TRUE(std::holds_alternative<query::Node>(parsed)) << text;
    const query::Matcher matcher(std::get<query::Node>(parsed));
    std::set<std::string> expected, got;
    for (const auto& event : in_memory_) {
      if (matcher.matches(event)) expected.insert(event.id.hex());
    }
    const auto answer = ask("events", text);
    ASSERT_EQ(answer.status, 200) << text << ": " << answer.text;
    for (const auto& row : answer.body["data"]) got.insert(row["id"].get<std::string>());
    ASSERT_EQ(got, expected) << text;
    if (!expected.empty() && expected.size() < in_memory_.size()) ++some;
  }
  EXPECT_GT(some, 100);
}

TEST_F(SEARCH_05_search, pages_of_a_search_show_everything_once_and_hold_their_time_range) {
  std::vector<TestDatabase::Sent> sent;
  for (int i = 0; i < 30; ++i) {
    const auto message = std::string(i % 2 == 0 ? "even " : "odd ") + std::to_string(i);
    sent.push_back({TestJson{{"message", message}}.dump(), now_ - (i / 3) * kSecond, message});
  }
  db_.store(project_, sent);
  for (const std::string list : {"events?", "issues?sort=first_seen&", "issues?sort=trend&", "issues?sort=users&"}) {
    const auto all = api_.all_pages(path(list) + "limit=4&query=even", token_);
    EXPECT_EQ(all.size(), 15U) << list;
    std::set<std::string> ids;
    for (const auto& row : all) ids.insert(row["id"].dump());
    EXPECT_EQ(ids.size(), 15U) << list;
  }
  const auto cursor = api_.get(path("events?limit=4&query=even"), token_).body["next_cursor"].get<std::string>();
  for (const std::string other :
       {"events?query=odd&cursor=", "events?query=even&from=0&cursor=", "issues?query=even&cursor=", "tags?cursor="}) {
    EXPECT_EQ(api_.get(path(other) + cursor, token_).code(), "invalid_cursor") << other;
  }
  // The same query in other words.
  EXPECT_EQ(api_.get(path("events?query=%20%22even%22&cursor=") + cursor, token_).status, 200);
}

TEST_F(SEARCH_01_search, bad_queries_are_refused_with_their_place) {
  const auto answer = ask("issues", "ü is:open");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.code(), "invalid_query");
  EXPECT_EQ(answer.field(), "query");
  EXPECT_EQ(answer.body["error"]["position"], 6);
  EXPECT_EQ(ask("events", std::string(1 << 20, 'a')).status, 400);
  EXPECT_EQ(ask("events", "\xff\xfe").status, 400);
  EXPECT_EQ(ask("events", std::string("a\0b", 3)).status, 400);
  for (const char* text : {"'; drop table issues; --", "a' OR '1'='1", "region:\"' or true --\"", "$1 $2 {} %s ?",
                           "release:'*'", "\"\\u0027\"", "user.id:');"}) {
    for (const char* list : {"issues", "events"}) {
      const auto quiet = ask(list, text);
      EXPECT_EQ(quiet.status, 200) << text << quiet.text;
      EXPECT_EQ(quiet.body["data"].size(), 0U) << text;
    }
  }
}

}  // namespace
}  // namespace mesher::api
