#include <gtest/gtest.h>

#include <set>

#include "io/api/times.hpp"
#include "test_api.hpp"

namespace mesher::api {
namespace {

constexpr UnixMicros kSecond = 1'000'000;
constexpr UnixMicros kDay = 86'400 * kSecond;

constexpr const char* kFullEvent = R"JSON({
  "timestamp": "2026-01-02T03:04:05Z", "level": "warning", "platform": "python", "release": "shop@1.2.3",
  "environment": "production", "transaction": "checkout", "logger": "orders", "server_name": "web-1",
  "message": "cannot ship",
  "user": {"id": 7, "email": "a@b.c", "username": "ann", "ip_address": "192.0.2.7"},
  "tags": {"team": "blue", "shard": 4},
  "sdk": {"name": "sentry.python", "version": "2.1"},
  "breadcrumbs": {"values": [{"category": "auth", "message": "signed in"}, {"category": "http", "message": "GET /"}]},
  "exception": {"values": [
    {"type": "KeyError", "value": "'sku'"},
    {"type": "ShipError", "value": "no carrier", "module": "shop.errors", "mechanism": {"type": "generic", "handled": false},
     "stacktrace": {"frames": [
       {"filename": "lib/http.py", "function": "handle", "lineno": 10, "in_app": false},
       {"filename": "shop/ship.py", "abs_path": "/srv/shop/ship.py", "module": "shop.ship", "function": "ship", "lineno": 42,
        "colno": 7, "in_app": true, "pre_context": ["def ship(o):"], "context_line": "  raise ShipError('no carrier')",
        "post_context": ["", "x"], "vars": {"o": "<Order 1>"}}]}}]},
  "extra": {"exact": 12345678901234567890, "float": 1.10}
})JSON";

class EventsTest : public testing::Test {
 protected:
  EventsTest() {
    const auto org = db_.add_org(unique_name("org"));
    const auto user = db_.add_user(unique_name("user") + "@example.com");
    db_.add_member(org, user);
    token_ = db_.add_token(user);
    project_ = db_.add_project(org, unique_name("shop"));
  }

  static TestDatabase::Sent event(const std::string& group, UnixMicros received, const std::string& level = "error") {
    return {TestJson{{"message", group}, {"level", level}}.dump(), received, group};
  }
  Answer detail(const nodes::EventId& id) { return api_.get("/api/v1/events/" + id.hex(), token_); }
  std::string of_project() const { return "/api/v1/projects/" + std::to_string(project_) + "/events"; }
  std::string of_issue(const std::string& group) {
    return "/api/v1/issues/" + std::to_string(db_.issue_of(project_, group)) + "/events";
  }

  TestApi api_;
  TestDatabase& db_ = api_.database;
  UnixMicros now_ = SystemClock().now();
  std::uint32_t project_ = 0;
  std::string token_;
};
using DETAIL_01_payload = EventsTest;
using DETAIL_02_stack = EventsTest;
using DETAIL_04_fields = EventsTest;
using DETAIL_05_neighbours = EventsTest;
using INGEST_02_trimmed = EventsTest;
using GROUP_06_grouping = EventsTest;
using SEARCH_05_events = EventsTest;

TEST_F(DETAIL_01_payload, is_given_back_byte_for_byte) {
  const TestDatabase::Sent sent{kFullEvent, now_, "full"};
  db_.store(project_, {event("before", now_), sent, event("after", now_)});
  const auto answer = detail(sent.id);
  ASSERT_EQ(answer.status, 200) << answer.text;
  EXPECT_NE(answer.text.find("\"payload\":" + sent.payload + "}"), std::string::npos) << answer.text;
  EXPECT_EQ(answer.body["id"], sent.id.hex());
  EXPECT_EQ(answer.body["issue_id"], db_.issue_of(project_, "full"));
  EXPECT_EQ(answer.body["project_id"], project_);
  EXPECT_EQ(answer.body["received_at"], rfc3339(now_));
}

TEST_F(DETAIL_01_payload, of_events_in_any_place_of_many_blocks_is_the_right_one) {
  std::vector<TestDatabase::Sent> events;
  for (int i = 0; i < 600; ++i) events.push_back(event("number " + std::to_string(i), now_ - i % 3 * kDay));
  db_.store(project_, events);
  for (std::size_t i = 0; i < events.size(); i += 37) {
    EXPECT_EQ(detail(events[i].id).body["payload"]["message"], "number " + std::to_string(i));
  }
}

TEST_F(DETAIL_01_payload, is_found_by_an_id_with_dashes_and_in_capitals) {
  const auto sent = event("hello", now_);
  db_.store(project_, {sent});
  auto id = sent.id.hex();
  for (const std::size_t at : {20, 16, 12, 8}) id.insert(at, "-");
  for (auto& c : id) c = static_cast<char>(c >= 'a' && c <= 'f' ? c - 'a' + 'A' : c);
  EXPECT_EQ(api_.get("/api/v1/events/" + id, token_).status, 200);
}

TEST_F(DETAIL_02_stack, has_chained_exceptions_frames_and_their_context) {
  const TestDatabase::Sent sent{kFullEvent, now_, "full"};
  db_.store(project_, {sent});
  const auto body = detail(sent.id).body;
  ASSERT_EQ(body["exceptions"].size(), 2U);
  EXPECT_EQ(body["exceptions"][0]["type"], "KeyError");
  const auto& raised = body["exceptions"][1];
  EXPECT_EQ(raised["value"], "no carrier");
  EXPECT_EQ(raised["module"], "shop.errors");
  EXPECT_EQ(raised["mechanism"], (TestJson{{"type", "generic"}, {"handled", false}}));
  ASSERT_EQ(raised["frames"].size(), 2U);
  EXPECT_EQ(raised["frames"][0]["in_app"], false);
  const auto& frame = raised["frames"][1];
  EXPECT_EQ(frame["filename"], "shop/ship.py");
  EXPECT_EQ(frame["abs_path"], "/srv/shop/ship.py");
  EXPECT_EQ(frame["function"], "ship");
  EXPECT_EQ(frame["lineno"], 42);
  EXPECT_EQ(frame["colno"], 7);
  EXPECT_EQ(frame["in_app"], true);
  EXPECT_EQ(frame["context_line"], "  raise ShipError('no carrier')");
  EXPECT_EQ(frame["pre_context"], TestJson::array({"def ship(o):"}));
  EXPECT_EQ(frame["post_context"], TestJson::array({"", "x"}));
  EXPECT_EQ(frame["vars"]["o"], "<Order 1>");
}

TEST_F(DETAIL_04_fields, are_read_from_the_payload) {
  const TestDatabase::Sent sent{kFullEvent, now_, "full"};
  db_.store(project_, {sent});
  const auto body = detail(sent.id).body;
  EXPECT_EQ(body["title"], "ShipError: no carrier");
  EXPECT_EQ(body["culprit"], "checkout");
  EXPECT_EQ(body["message"], "cannot ship");
  EXPECT_EQ(body["level"], "warning");
  EXPECT_EQ(body["platform"], "python");
  EXPECT_EQ(body["release"], "shop@1.2.3");
  EXPECT_EQ(body["environment"], "production");
  EXPECT_EQ(body["transaction"], "checkout");
  EXPECT_EQ(body["logger"], "orders");
  EXPECT_EQ(body["type"], "error");
  EXPECT_EQ(body["sdk"]["name"], "sentry.python");
  EXPECT_EQ(body["tags"]["team"], "blue");
  EXPECT_EQ(body["tags"]["shard"], "4");
  EXPECT_EQ(body["user"],
            (TestJson{{"id", "7"}, {"email", "a@b.c"}, {"username", "ann"}, {"ip_address", "192.0.2.7"}}));
  ASSERT_EQ(body["breadcrumbs"].size(), 2U);
  EXPECT_EQ(body["breadcrumbs"][0]["message"], "signed in");
}

TEST_F(DETAIL_04_fields, that_were_not_sent_are_null_or_empty) {
  const auto sent = event("bare", now_);
  db_.store(project_, {sent});
  const auto body = detail(sent.id).body;
  EXPECT_TRUE(body["user"].is_null());
  EXPECT_TRUE(body["release"].is_null());
  EXPECT_TRUE(body["exceptions"].empty());
  EXPECT_TRUE(body["breadcrumbs"].empty());
  EXPECT_TRUE(body["trimmed"].empty());
  EXPECT_TRUE(body["tags"].is_object());
}

TEST_F(INGEST_02_trimmed, what_was_cut_is_noted_on_the_event) {
  const TestDatabase::Sent sent{TestJson{{"message", std::string(9000, 'm')}, {"level", "loud"}}.dump(), now_, "long"};
  db_.store(project_, {sent});
  const auto body = detail(sent.id).body;
  EXPECT_EQ(body["message"].get<std::string>().size(), 8192U);
  EXPECT_EQ(body["payload"]["message"].get<std::string>().size(), 9000U);
  const auto noted = [&](const std::string& field) {
    for (const auto& note : body["trimmed"]) {
      if (note["field"] == field) return note;
    }
    return TestJson();
  };
  EXPECT_EQ(noted("message")["reason"], "too_long");
  EXPECT_EQ(noted("message")["original"], 9000);
}

TEST_F(GROUP_06_grouping, tells_what_went_into_the_fingerprint) {
  const TestDatabase::Sent sent{kFullEvent, now_, "full"};
  db_.store(project_, {sent});
  const auto answer = api_.get("/api/v1/events/" + sent.id.hex() + "/grouping", token_);
  ASSERT_EQ(answer.status, 200) << answer.text;
  EXPECT_EQ(answer.body["method"], "exception");
  ASSERT_FALSE(answer.body["variants"].empty());
  const auto& variant = answer.body["variants"][0];
  EXPECT_EQ(variant["hash"].get<std::string>().size(), 32U);
  bool ship_counts = false;
  for (const auto& component : variant["components"]) {
    ship_counts = ship_counts || (component["contributes"] == true && component["value"] == "ship");
  }
  EXPECT_TRUE(ship_counts) << answer.text;
}

TEST_F(DETAIL_05_neighbours, lead_through_the_issue_in_order_of_reception_across_days) {
  std::vector<TestDatabase::Sent> events;
  for (int i = 0; i < 12; ++i) {
    // Pairs received at the same moment, over four days, with a day in which there is nothing.
    const UnixMicros received = now_ - (11 - i) / 3 * kDay * (i < 6 ? 2 : 1) - (11 - i) / 2 * kSecond;
    events.push_back(event("chain", received));
    events.push_back(event("other", received));
  }
  db_.store(project_, events);
  const auto listed = api_.all_pages(of_issue("chain"), token_);
  ASSERT_EQ(listed.size(), 12U);
  for (std::size_t i = 0; i < listed.size(); ++i) {
    const auto body = api_.get("/api/v1/events/" + listed[i]["id"].get<std::string>(), token_).body;
    EXPECT_EQ(body["next_event_id"], i == 0 ? TestJson() : listed[i - 1]["id"]);
    EXPECT_EQ(body["previous_event_id"], i + 1 == listed.size() ? TestJson() : listed[i + 1]["id"]);
  }
}

TEST_F(SEARCH_05_events, come_page_by_page_exactly_once_latest_first) {
  std::vector<TestDatabase::Sent> events;
  for (int i = 0; i < 50; ++i) events.push_back(event("flood", now_ - i / 10 * kSecond));
  db_.store(project_, events);
  for (const auto& target : {of_project(), of_issue("flood")}) {
    const auto all = api_.all_pages(target + "?limit=7", token_);
    ASSERT_EQ(all.size(), 50U) << target;
    std::set<std::string> ids;
    for (std::size_t i = 0; i < all.size(); ++i) {
      ids.insert(all[i]["id"].get<std::string>());
      EXPECT_GE(all[i == 0 ? 0 : i - 1]["received_at"], all[i]["received_at"]);
    }
    EXPECT_EQ(ids.size(), 50U) << target;
  }
}

TEST_F(SEARCH_05_events, cursors_belong_to_their_list) {
  db_.store(project_, {event("one", now_), event("one", now_), event("two", now_)});
  const auto cursor = api_.get(of_project() + "?limit=1", token_).body["next_cursor"].get<std::string>();
  EXPECT_EQ(api_.get(of_issue("one") + "?cursor=" + cursor, token_).code(), "invalid_cursor");
  EXPECT_EQ(api_.get(of_project() + "?query=one&cursor=" + cursor, token_).code(), "invalid_cursor");
}

TEST_F(SEARCH_05_events, of_a_project_are_those_of_the_last_day_and_of_an_issue_all) {
  db_.store(project_, {event("twice", now_), event("twice", now_ - 3 * kDay, "info")});
  EXPECT_EQ(api_.get(of_project(), token_).body["data"].size(), 1U);
  EXPECT_EQ(api_.get(of_project() + "?from=" + rfc3339(now_ - 4 * kDay), token_).body["data"].size(), 2U);
  EXPECT_EQ(api_.get(of_issue("twice"), token_).body["data"].size(), 2U);
  EXPECT_EQ(api_.get(of_issue("twice") + "?to=" + rfc3339(now_ - kDay), token_).body["data"].size(), 1U);
  EXPECT_EQ(api_.get(of_issue("twice") + "?query=level:info", token_).body["data"].size(), 1U);
  EXPECT_EQ(api_.get(of_issue("twice") + "?query=TWI", token_).body["data"].size(), 2U);
  EXPECT_EQ(api_.get(of_issue("twice") + "?query=once", token_).body["data"].size(), 0U);
}

}  // namespace
}  // namespace mesher::api
