#include <gtest/gtest.h>

#include "io/api/times.hpp"
#include "test_api.hpp"

namespace mesher::api {
namespace {

class OperationsTest : public testing::Test {
 protected:
  OperationsTest() {
    org_ = db_.add_org(unique_name("org"));
    const auto user = db_.add_user(unique_name("owner") + "@example.com", true);
    db_.add_member(org_, user, "owner");
    token_ = db_.add_token(user);
    project_ = db_.add_project(org_, unique_name("web"));
    db_.sql("delete from quarantine");
  }

  std::string quarantine(const std::string& reason) {
    return db_.sql(
        "insert into quarantine (project_id, key_id, event_id, received_at, node, reason, payload) values (" +
        std::to_string(project_) + ", 1, gen_random_uuid(), now(), 'scrub', '" + reason +
        "', '{\"message\":\"poison\"}') returning id");
  }

  TestApi api_;
  TestDatabase& db_ = api_.database;
  std::uint32_t org_ = 0, project_ = 0;
  std::string token_;
};
using ORG_01_account = OperationsTest;
using ORG_02_projects = OperationsTest;
using ORG_03_keys = OperationsTest;
using INGEST_08_outcomes = OperationsTest;
using RETAIN_03_storage = OperationsTest;
using GRAPH_05_api = OperationsTest;
using GRAPH_04_api = OperationsTest;
using RESIL_03_quarantine = OperationsTest;

TEST_F(ORG_01_account, says_who_one_is) {
  const auto answer = api_.get("/api/v1/me", token_);
  ASSERT_EQ(answer.status, 200) << answer.text;
  EXPECT_EQ(answer.body["user"]["is_instance_owner"], true);
  ASSERT_EQ(answer.body["organizations"].size(), 1U);
  EXPECT_EQ(answer.body["organizations"][0]["id"], org_);
  EXPECT_EQ(answer.body["organizations"][0]["role"], "owner");
  EXPECT_EQ(answer.body["token"]["scope"], "admin");
  EXPECT_EQ(api_.get("/api/v1/orgs", token_).body["data"], answer.body["organizations"]);
  EXPECT_EQ(api_.get("/api/v1/orgs/" + std::to_string(org_), token_).body, answer.body["organizations"][0]);
}

TEST_F(ORG_02_projects, are_listed_page_by_page) {
  for (int i = 0; i < 5; ++i) db_.add_project(org_, "more-" + std::to_string(i));
  const auto all = api_.all_pages("/api/v1/orgs/" + std::to_string(org_) + "/projects?limit=2", token_);
  ASSERT_EQ(all.size(), 6U);
  EXPECT_EQ(all[0]["id"], project_);
  EXPECT_EQ(all[5]["slug"], "more-4");
  const auto one = api_.get("/api/v1/projects/" + std::to_string(project_), token_);
  EXPECT_EQ(one.body, all[0]);
  EXPECT_EQ(one.body["platform"], "python");
  EXPECT_EQ(one.body["settings"]["retention_days"], 90);
  EXPECT_EQ(one.body["settings"]["sample_rate"], 1.0);
}

TEST_F(ORG_03_keys, are_shown_with_the_dsn_that_sdks_take) {
  db_.add_key(project_);
  db_.add_key(project_);
  const auto keys = api_.all_pages("/api/v1/projects/" + std::to_string(project_) + "/keys?limit=1", token_);
  ASSERT_EQ(keys.size(), 2U);
  const auto key = keys[0]["public_key"].get<std::string>();
  EXPECT_EQ(key.size(), 32U);
  EXPECT_EQ(keys[0]["dsn"], "https://" + key + "@errors.example.com/" + std::to_string(project_));
  EXPECT_EQ(keys[0]["enabled"], true);
}

TEST_F(INGEST_08_outcomes, are_summed_over_keys_and_reconcile) {
  const auto id = std::to_string(project_);
  db_.sql(
      "insert into outcomes (project_id, key_id, hour, outcome, reason, category, quantity) values"
      " (" +
      id +
      ", 1, date_trunc('hour', now()), 'accepted', '', 'error', 5),"
      " (" +
      id +
      ", 2, date_trunc('hour', now()), 'accepted', '', 'error', 7),"
      " (" +
      id +
      ", 1, date_trunc('hour', now()), 'rate_limited', 'project', 'error', 3),"
      " (" +
      id +
      ", 1, date_trunc('hour', now()) - interval '2 hours', 'filtered', 'localhost', 'error', 2),"
      " (" +
      id + ", 1, date_trunc('hour', now()) - interval '2 days', 'accepted', '', 'error', 100)");
  const auto answer = api_.get("/api/v1/projects/" + id + "/outcomes", token_);
  ASSERT_EQ(answer.status, 200) << answer.text;
  EXPECT_EQ(answer.body["data"].size(), 3U);
  EXPECT_EQ(answer.body["data"][0]["outcome"], "filtered");
  EXPECT_EQ(answer.body["data"][1]["quantity"], 12);
  EXPECT_EQ(answer.body["totals"]["error"], (TestJson{{"accepted", 12}, {"rate_limited", 3}, {"filtered", 2}}));
  EXPECT_TRUE(answer.body["next_cursor"].is_null());
  EXPECT_EQ(api_.get("/api/v1/projects/" + id + "/outcomes?from=0", token_).field(), "from");
}

TEST_F(RETAIN_03_storage, counts_what_is_kept) {
  const auto path = "/api/v1/projects/" + std::to_string(project_) + "/storage";
  const auto empty = api_.get(path, token_).body;
  EXPECT_EQ(empty["events"], 0);
  EXPECT_EQ(empty["bytes"]["total"], 0);
  EXPECT_EQ(empty["retention_days"], 90);
  db_.store(project_,
            {{R"({"message":"a"})", SystemClock().now(), "a"}, {R"({"message":"b"})", SystemClock().now(), "b"}});
  const auto body = api_.get(path, token_).body;
  EXPECT_EQ(body["issues"], 2);
  EXPECT_EQ(body["events"], 2);
  EXPECT_GT(body["payload_bytes"], 20);
}

TEST_F(GRAPH_05_api, shows_the_topology_with_figures) {
  graph::NodeConfig parse;
  parse.name = "parse";
  parse.type = "parse";
  parse.inputs = {{"journal", "", {}}, {"route", "slow", {}}};
  parse.options_json = R"({"strict":true})";
  api_.graph.its_topology.nodes = {parse};
  api_.graph.its_topology.source_text = "[nodes.parse]\n";
  graph::NodeFigures figures;
  figures.name = "parse";
  figures.health = "ok";
  figures.items_in = 42;
  figures.drops["sampled"] = 3;
  api_.graph.its_figures = {figures};
  const auto body = api_.get("/api/v1/graph", token_).body;
  EXPECT_EQ(body["generation"], 1);
  EXPECT_EQ(body["healthy"], true);
  ASSERT_EQ(body["nodes"].size(), 1U);
  EXPECT_EQ(body["nodes"][0]["inputs"], TestJson::array({"journal", "route.slow"}));
  EXPECT_EQ(body["nodes"][0]["options"]["strict"], true);
  EXPECT_EQ(body["nodes"][0]["figures"]["items_in"], 42);
  EXPECT_EQ(body["nodes"][0]["figures"]["drops"]["sampled"], 3);
  EXPECT_EQ(body["source"], "[nodes.parse]\n");
}

TEST_F(GRAPH_04_api, puts_a_topology_in_force_or_only_tries_it) {
  const auto dry = api_.send("PUT", "/api/v1/graph?dry_run=1", token_, "text");
  EXPECT_EQ(dry.status, 200);
  EXPECT_EQ(dry.body["applied"], false);
  EXPECT_EQ(api_.graph.applied, "");
  const auto real = api_.send("PUT", "/api/v1/graph", token_, "text");
  EXPECT_EQ(real.body["applied"], true);
  EXPECT_EQ(real.body["generation"], 2);
  EXPECT_EQ(real.body["changes"]["added"], TestJson::array({"archive"}));
  EXPECT_EQ(api_.graph.applied, "text");
}

TEST_F(GRAPH_04_api, tells_every_mistake_with_its_place) {
  api_.graph.its_mistakes = {{{3, 10}, "no node is called \"journa\"", "did you mean \"journal\"?"},
                             {{5, 1}, "no input", ""}};
  const auto answer = api_.send("PUT", "/api/v1/graph", token_, "text");
  EXPECT_EQ(answer.status, 422);
  EXPECT_EQ(answer.code(), "invalid_topology");
  ASSERT_EQ(answer.body["error"]["diagnostics"].size(), 2U);
  EXPECT_EQ(answer.body["error"]["diagnostics"][0]["line"], 3);
  EXPECT_EQ(answer.body["error"]["diagnostics"][0]["hint"], "did you mean \"journal\"?");
  for (const std::string& body : {std::string(), std::string("\xff"), std::string(2 << 20, ' ')}) {
    EXPECT_EQ(api_.send("PUT", "/api/v1/graph", token_, body).code(), "invalid_body");
  }
}

TEST_F(GRAPH_05_api, lists_the_nodes_of_the_installation) {
  const auto body = api_.get("/api/v1/nodes", token_).body;
  ASSERT_EQ(body["data"].size(), 1U);
  EXPECT_EQ(body["data"][0]["name"], "one");
  EXPECT_EQ(body["data"][0]["state"], "alive");
}

TEST_F(RESIL_03_quarantine, is_listed_latest_first) {
  for (int i = 0; i < 5; ++i) quarantine("reason " + std::to_string(i));
  const auto all = api_.all_pages("/api/v1/quarantine?limit=2", token_);
  ASSERT_EQ(all.size(), 5U);
  EXPECT_EQ(all[0]["reason"], "reason 4");
  EXPECT_EQ(all[4]["reason"], "reason 0");
  EXPECT_EQ(all[0]["node"], "scrub");
  EXPECT_EQ(all[0]["payload"], R"({"message":"poison"})");
  EXPECT_EQ(all[0]["event_id"].get<std::string>().size(), 32U);
}

TEST_F(RESIL_03_quarantine, sends_chosen_events_round_again) {
  const auto first = quarantine("first");
  const auto second = quarantine("second");
  const auto answer = api_.send("POST", "/api/v1/quarantine", token_, "{\"ids\":[" + second + ",999999999]}");
  ASSERT_EQ(answer.status, 200) << answer.text;
  EXPECT_EQ(answer.body["replayed"], 1);
  ASSERT_EQ(api_.replayed.size(), 1U);
  EXPECT_EQ(api_.replayed[0].reason, "second");
  EXPECT_EQ(api_.replayed[0].project_id, project_);
  const auto left = api_.all_pages("/api/v1/quarantine", token_);
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(std::to_string(left[0]["id"].get<int>()), first);
}

TEST_F(RESIL_03_quarantine, sends_all_of_many_round_again) {
  db_.sql(
      "insert into quarantine (project_id, key_id, event_id, received_at, node, reason, payload)"
      " select 1, 1, gen_random_uuid(), now(), 'scrub', 'many', '{}' from generate_series(1, 450)");
  EXPECT_EQ(api_.send("POST", "/api/v1/quarantine", token_, R"({"all":true})").body["replayed"], 450);
  EXPECT_EQ(api_.replayed.size(), 450U);
  EXPECT_EQ(api_.send("POST", "/api/v1/quarantine", token_, R"({"all":true})").body["replayed"], 0);
}

TEST_F(RESIL_03_quarantine, keeps_what_the_journal_does_not_take) {
  quarantine("kept");
  api_.replay_answer = Error{ErrorCode::exhausted, "journal quota reached", ""};
  EXPECT_EQ(api_.send("POST", "/api/v1/quarantine", token_, R"({"all":true})").status, 503);
  EXPECT_EQ(api_.all_pages("/api/v1/quarantine", token_).size(), 1U);
}

TEST_F(RESIL_03_quarantine, refuses_orders_that_make_no_sense) {
  const std::string deep(100'000, '[');
  for (const std::string& body :
       {std::string(), std::string("{}"), std::string("[]"), std::string("null"), std::string(R"({"ids":[]})"),
        std::string(R"({"ids":["1"]})"), std::string(R"({"ids":[-1]})"), std::string(R"({"ids":[1.5]})"),
        std::string(R"({"ids":1})"), std::string(R"({"all":1})"), std::string(R"({"all":false})"),
        std::string(R"({"all":true,"ids":[1]})"), std::string(R"({"ids":[99999999999999999999]})"),
        std::string("{\xff}"), deep}) {
    const auto answer = api_.send("POST", "/api/v1/quarantine", token_, body);
    EXPECT_EQ(answer.status, 400) << body.substr(0, 50);
    EXPECT_EQ(answer.code(), "invalid_body") << body.substr(0, 50);
  }
  EXPECT_TRUE(api_.replayed.empty());
}

}  // namespace
}  // namespace mesher::api
