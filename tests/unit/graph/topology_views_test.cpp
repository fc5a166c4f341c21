#include <gtest/gtest.h>

#include "graph/options.hpp"
#include "graph/topology.hpp"
#include "toys.hpp"

namespace mesher::graph {
namespace {

using namespace toys;

Registry toy_types() {
  Registry out;
  for (const char* type : {"parse", "store", "live"}) out.add(lambda_type(type, [](Batch&) {}));
  NodeSpec route = lambda_type("route", [](Batch&) {});
  route.help = "Sends items to the output that their last digit names.";
  route.consumes = "numbers";
  route.options.push_back({"names", OptionType::string_list, R"(["odd"])", "Names of the outputs."});
  OptionSpec rate{"rate", OptionType::number, "1.0", "Share of items to route."};
  rate.min = 0;
  rate.max = 1;
  route.options.push_back(rate);
  OptionSpec key{"key", OptionType::string, "", "What to look at."};
  key.required = true;
  route.options.push_back(key);
  route.outputs = [](const Options& options) { return options.strings("names"); };
  out.add(route);
  return out;
}

const Registry kTypes = toy_types();
constexpr const char* kFile = R"(
[nodes.parse]
type = "parse"
inputs = ["source"]
concurrency = 2
[nodes.by-kind]
type = "route"
inputs = ["parse"]
key = "digit"
[nodes.end]
type = "live"
inputs = ["by-kind.odd", "by-kind"]
buffer = 64
when_full = "drop"
)";

TEST(GRAPH_02_drawings, text) {
  EXPECT_EQ(draw_text(topology(kTypes, kFile)),
            "source   (source)\n"
            "parse    parse  ← source  [buffer 16, concurrency 2]\n"
            "by-kind  route  ← parse  [buffer 16, concurrency 1]\n"
            "end      live   ← by-kind.odd, by-kind  [buffer 64, concurrency 1, drops when full]\n");
}

TEST(GRAPH_02_drawings, mermaid) {
  EXPECT_EQ(draw_mermaid(topology(kTypes, kFile)),
            "flowchart LR\n"
            "  n_source[(\"source\")]\n"
            "  n_parse[\"parse\"]\n"
            "  n_by__kind[\"by-kind<br/>route\"]\n"
            "  n_end[\"end<br/>live\"]\n"
            "  n_source --> n_parse\n"
            "  n_parse --> n_by__kind\n"
            "  n_by__kind -.->|odd| n_end\n"
            "  n_by__kind -.-> n_end\n");
}

TEST(GRAPH_02_drawings, dot) {
  EXPECT_EQ(draw_dot(topology(kTypes, kFile)),
            "digraph mesher {\n"
            "  rankdir=LR;\n"
            "  node [shape=box];\n"
            "  \"source\" [shape=cylinder];\n"
            "  \"parse\" [label=\"parse\"];\n"
            "  \"by-kind\" [label=\"by-kind\\nroute\"];\n"
            "  \"end\" [label=\"end\\nlive\"];\n"
            "  \"source\" -> \"parse\";\n"
            "  \"parse\" -> \"by-kind\";\n"
            "  \"by-kind\" -> \"end\" [label=\"odd\", style=dashed];\n"
            "  \"by-kind\" -> \"end\" [style=dashed];\n"
            "}\n");
}

TEST(GRAPH_02_drawings, json) {
  const std::string json = to_json(topology(kTypes, kFile));
  EXPECT_EQ(json.substr(0, json.find("\"nodes\"")), "{\n  \"sources\": [\n    \"source\"\n  ],\n  ");
  EXPECT_NE(json.find(R"("options": {
        "key": "digit",
        "names": [
          "odd"
        ],
        "rate": 1.0
      })"),
            std::string::npos)
      << json;
}

TEST(GRAPH_02_help, tells_all_about_a_type) {
  EXPECT_EQ(help_text(*kTypes.find("route")),
            "route\n"
            "\n"
            "Sends items to the output that their last digit names.\n"
            "\n"
            "takes numbers; passes on what came in\n"
            "\n"
            "Keys of every node: type, inputs, concurrency, buffer, when_full\n"
            "  concurrency  batches worked on at a time; default 1\n"
            "  buffer       batches inside, waiting or running; default 16\n"
            "  when_full    \"wait\" (push back) or \"drop\" (count and drop); default \"wait\"\n"
            "\n"
            "Options\n"
            "  names  (a list of strings; default [\"odd\"])\n"
            "      Names of the outputs.\n"
            "  rate  (a number; 0 to 1; default 1.0)\n"
            "      Share of items to route.\n"
            "  key  (a string; required)\n"
            "      What to look at.\n");
}

TEST(GRAPH_04_diff, names_what_was_added_removed_retuned_and_rewired) {
  const Topology from = topology(kTypes, R"(
[nodes.a]
type = "parse"
inputs = ["source"]
[nodes.b]
type = "store"
inputs = ["a"]
[nodes.c]
type = "live"
inputs = ["b"]
[nodes.d]
type = "live"
inputs = ["a", "b"]
)");
  const Topology to = topology(kTypes, R"(
[nodes.a]
type = "parse"
inputs = ["source"]
buffer = 3
[nodes.new]
type = "store"
inputs = ["a"]
[nodes.c]
type = "live"
inputs = ["new"]
[nodes.b]
type = "store"
inputs = ["a"]
)");
  const TopologyDiff change = diff(from, to);
  EXPECT_EQ(change.added, std::vector<std::string>{"new"});
  EXPECT_EQ(change.removed, std::vector<std::string>{"d"});
  EXPECT_EQ(change.retuned, std::vector<std::string>{"a"});
  EXPECT_EQ(change.rewired, std::vector<std::string>{"c"});
  EXPECT_FALSE(change.empty());
  EXPECT_TRUE(diff(from, from).empty());
}

TEST(GRAPH_04_diff, sees_neither_comments_nor_the_order_of_nodes_and_inputs) {
  const Topology one =
      topology(kTypes, "[nodes.a]\ntype='parse'\ninputs=['source']\n[nodes.b]\ntype='live'\ninputs=['source','a']\n");
  const Topology other = topology(
      kTypes, "# said\n[nodes.b]\ninputs=['a','source']\ntype='live'\n[nodes.a]\ntype='parse'\ninputs=['source']\n");
  EXPECT_TRUE(diff(one, other).empty());
  EXPECT_EQ(diff({}, one).added.size(), 2U);
}

}  // namespace
}  // namespace mesher::graph
