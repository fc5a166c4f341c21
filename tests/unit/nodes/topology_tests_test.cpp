#include "nodes/topology_tests.hpp"

#include <gtest/gtest.h>

#include <string>

#include "nodes/catalog.hpp"

namespace mesher::nodes {
namespace {

constexpr std::string_view kNodes = R"(
[nodes.parse]
type = "parse"
inputs = ["journal"]
[nodes.scrub]
type = "scrub"
inputs = ["parse"]
[nodes.by_level]
type = "route"
inputs = ["scrub"]
routes = { bad = { field = "level", equals = "error" } }
[nodes.slow]
type = "rate_limit"
inputs = ["by_level", "by_level.bad"]
limit = 2
per = "10 s"
[nodes.fingerprint]
type = "fingerprint"
inputs = ["slow"]
[nodes.upsert]
type = "upsert"
inputs = ["fingerprint"]
[nodes.write]
type = "batch_write"
inputs = ["upsert"]
)";

TopologyTestRun run(std::string tests) {
  const auto toml = std::string(kNodes) + tests;
  graph::Registry registry;
  register_nodes(registry, {});
  const auto parsed = graph::parse_topology(toml, registry, {{"journal", "records"}}, {});
  for (const auto& mistake : parsed.mistakes) ADD_FAILURE() << mistake.text("F");
  return run_topology_tests(toml, parsed.topology);
}

std::string only_failure(const TopologyTestRun& run) {
  for (const auto& mistake : run.mistakes) ADD_FAILURE() << mistake.text("F");
  if (run.outcomes.size() != 1 || run.outcomes.front().failures.size() != 1) return "not one failure";
  return run.outcomes.front().failures.front().message;
}

TEST(GRAPH_06_tests, events_go_through_all_nodes_behind_the_one_they_are_inserted_at) {
  const auto all = run(R"(
[[tests]]
name = "the whole way"
insert_at = "parse"
event = { message = "password=hunter2", level = "error", tags = { region = "eu" } }
expect = [
  { node = "parse", message = "password=hunter2" },
  { node = "scrub", message = "password=[Filtered]", level = "error", tags = { region = "eu" } },
  { node = "by_level", output = "bad" },
  { node = "write", title = "password=[Filtered]", count = 1 },
]
)");
  ASSERT_TRUE(all.mistakes.empty()) << all.mistakes.front().text("F");
  ASSERT_EQ(all.outcomes.size(), 1U);
  for (const auto& failure : all.outcomes.front().failures) ADD_FAILURE() << failure.node << ": " << failure.message;
  EXPECT_EQ(all.failed(), 0U);
}

TEST(GRAPH_06_tests, the_clock_stands_still_unless_it_is_moved) {
  const auto all = run(R"(
[[tests]]
name = "two in ten seconds"
insert_at = "scrub"
steps = [ { event = { message = "1" } }, { event = { message = "2" } }, { event = { message = "3" } },
          { advance = "1 min" }, { event = { message = "4" } } ]
expect = [ { node = "slow", count = 3 }, { node = "slow", message = "4" }, { node = "slow", dropped = "rate_limited", message = "3" },
           { node = "fingerprint", count = 3 } ]
)");
  for (const auto& failure : all.outcomes.front().failures) ADD_FAILURE() << failure.node << ": " << failure.message;
}

TEST(GRAPH_06_tests, what_differs_is_shown_with_its_place) {
  const auto wrong = run(R"(
[[tests]]
name = "wrong"
insert_at = "scrub"
event = { message = "it works", level = "info" }
expect = [{ node = "scrub", message = "it fails", level = "info" }]
)");
  EXPECT_EQ(only_failure(wrong), "message\n  expected \"it fails\"\n  found    \"it works\"");
  EXPECT_GT(wrong.outcomes.front().failures.front().place.line, 25U);
  EXPECT_EQ(wrong.failed(), 1U);
  EXPECT_EQ(only_failure(run(R"(
[[tests]]
name = "none comes there"
insert_at = "by_level"
event = { message = "x" }
expect = [{ node = "scrub", message = "x" }]
)")),
            "no event came here that is not taken by another expectation");
  EXPECT_EQ(only_failure(run(R"(
[[tests]]
name = "count"
insert_at = "scrub"
events = [{ message = "x" }, { message = "y" }]
expect = [{ node = "scrub", count = 3 }]
)")),
            "count\n  expected 3\n  found    2");
  EXPECT_NE(only_failure(run(R"(
[[tests]]
name = "refused at the door"
insert_at = "scrub"
event = { level = "info" }
expect = [{ node = "scrub", count = 1 }]
)"))
                .find("would be refused"),
            std::string::npos);
}

TEST(GRAPH_06_tests, mistakes_in_a_test_have_their_place_and_a_hint) {
  const auto mistaken = run(R"(
[[tests]]
insert_at = "scrub"
evnt = { message = "x" }
expect = [{ node = "scrup", mesage = "x" }]
[[tests]]
name = "steps"
insert_at = "scrub"
steps = [{ advance = "soon" }, { }]
)");
  EXPECT_TRUE(mistaken.outcomes.empty());
  std::string all;
  for (const auto& mistake : mistaken.mistakes) all += mistake.text("F") + "\n";
  for (const char* said : {"unknown key `evnt`", "no node `scrup`", "did you mean `scrub`", "unknown key `mesage`",
                           "needs a name", "needs an event", "`advance`", "a step is", "expects nothing"}) {
    EXPECT_NE(all.find(said), std::string::npos) << said << " not in\n" << all;
  }
}

}  // namespace
}  // namespace mesher::nodes
