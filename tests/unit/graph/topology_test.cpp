#include "graph/topology.hpp"

#include <gtest/gtest.h>

#include "graph/options.hpp"
#include "toys.hpp"

namespace mesher::graph {
namespace {

OptionSpec option(std::string name, OptionType type, std::string fallback = "") {
  OptionSpec out;
  out.name = std::move(name);
  out.type = type;
  out.fallback = std::move(fallback);
  out.help = "An option of the toy.";
  return out;
}

/// Types with one of everything that the checks know.
Registry toy_types() {
  const auto make = [](const Options&) -> Result<MadeNode> {
    return MadeNode{std::make_unique<toys::Lambda>([](Batch&) {}), nullptr};
  };
  Registry out;
  NodeSpec parse;
  parse.type = "parse";
  parse.help = "Turns text into numbers.";
  parse.consumes = "text";
  parse.produces = "numbers";
  parse.make = make;
  out.add(parse);

  NodeSpec pass;
  pass.type = "pass";
  pass.help = "Passes on what comes in.";
  pass.make = make;
  out.add(pass);

  NodeSpec tuned;
  tuned.type = "tuned";
  tuned.help = "Has one option of each type.";
  tuned.consumes = "numbers";
  tuned.serial = true;
  tuned.make = make;
  tuned.options = {option("on", OptionType::boolean, "true"),
                   option("count", OptionType::integer, "3"),
                   option("rate", OptionType::number, "0.5"),
                   option("label", OptionType::string, "plain"),
                   option("size", OptionType::bytes, "4 MiB"),
                   option("every", OptionType::duration, "250 ms"),
                   option("tags", OptionType::string_list, "[\"a\"]"),
                   option("where", OptionType::table),
                   option("key", OptionType::string)};
  tuned.options[1].min = 1;
  tuned.options[1].max = 10;
  tuned.options[2].min = 0;
  tuned.options[2].max = 1;
  tuned.options[3].one_of = {"plain", "fancy"};
  tuned.options[5].min = 1'000;
  tuned.options[8].required = true;
  tuned.check = [](const Options& options) -> std::vector<OptionMistake> {
    if (options.string("key") == "bad") return {{"key", "is bad", "choose a better one"}};
    if (options.string("key") == "throws") throw std::runtime_error("a slip");
    return {};
  };
  out.add(tuned);

  NodeSpec route;
  route.type = "route";
  route.help = "Has named outputs.";
  route.consumes = "numbers";
  route.make = make;
  route.options = {option("names", OptionType::string_list)};
  route.outputs = [](const Options& options) { return options.strings("names"); };
  out.add(route);

  NodeSpec write;
  write.type = "write";
  write.help = "An ordered sink.";
  write.consumes = "numbers";
  write.ordered_sink = true;
  write.serial = true;
  write.make = make;
  out.add(write);

  NodeSpec made_up;
  made_up.type = "made_up";
  made_up.help = "A source.";
  made_up.produces = "numbers";
  made_up.make_source = [](const Options&) -> Result<std::unique_ptr<Source>> { return std::unique_ptr<Source>(); };
  out.add(made_up);

  NodeSpec end;
  end.type = "end";
  end.help = "Passes nothing on.";
  end.consumes = "numbers";
  end.produces = "none";
  end.default_when_full = "drop";
  end.default_buffer = 64;
  end.make = make;
  out.add(end);
  return out;
}

const Registry kTypes = toy_types();

ParsedTopology parsed(std::string_view toml) {
  return parse_topology(toml, kTypes, {{"journal", "text"}, {"feed", "numbers"}}, {"server"});
}

std::string mistakes_of(std::string_view toml) {
  std::string out;
  for (const auto& mistake : parsed(toml).mistakes) out += mistake.text("f") + "\n";
  return out;
}

TEST(GRAPH_01_topology, reads_nodes_in_topological_order_with_defaults) {
  const auto result = parsed(R"(
[server]
listen = "x"
[nodes.last]
type = "end"
inputs = ["r.odd", "write"]
[nodes.write]
type = "write"
inputs = ["r"]
[nodes.r]
type = "route"
inputs = ["p"]
names = ["odd", "even"]
buffer = 7
[nodes.p]
type = "parse"
inputs = ["journal"]
concurrency = 2
when_full = "wait"
)");
  ASSERT_TRUE(result.mistakes.empty()) << result.mistakes.front().text("f");
  const auto& nodes = result.topology.nodes;
  ASSERT_EQ(nodes.size(), 4U);
  EXPECT_EQ(nodes[0].name, "p");
  EXPECT_EQ(nodes[0].concurrency, 2U);
  EXPECT_EQ(nodes[0].buffer, 16U);
  EXPECT_EQ(nodes[1].name, "r");
  EXPECT_EQ(nodes[1].buffer, 7U);
  EXPECT_EQ(nodes[1].options_json, R"({"names":["odd","even"]})");
  EXPECT_EQ(nodes[1].options_given, std::vector<std::string>{"names"});
  EXPECT_EQ(nodes[2].name, "write");
  EXPECT_EQ(nodes[3].name, "last");
  EXPECT_EQ(nodes[3].buffer, 64U);
  EXPECT_EQ(nodes[3].when_full, "drop");
  EXPECT_EQ(nodes[3].inputs[0].node, "r");
  EXPECT_EQ(nodes[3].inputs[0].output, "odd");
  EXPECT_EQ(nodes[3].place.line, 4U);
}

TEST(GRAPH_01_topology, normalises_options_so_that_the_same_meaning_is_the_same_text) {
  const auto one = parsed("[nodes.a]\ntype = 'tuned'\ninputs = ['feed']\nkey = 'k'\nevery = '1 s'\nsize = '1 KiB'\n");
  const auto other =
      parsed("[nodes.a]\ninputs = ['feed']\nsize = 1024\nkey = \"k\"\ntype = 'tuned'\nevery = '1000 ms'\non = true\n");
  ASSERT_TRUE(one.mistakes.empty());
  ASSERT_TRUE(other.mistakes.empty());
  EXPECT_EQ(one.topology.nodes[0].options_json, other.topology.nodes[0].options_json);
  EXPECT_EQ(one.topology.nodes[0].options_json,
            R"({"count":3,"every":1000000,"key":"k","label":"plain","on":true,"rate":0.5,"size":1024,"tags":["a"]})");
  EXPECT_TRUE(diff(one.topology, other.topology).empty());
}

TEST(GRAPH_01_topology, a_node_sees_its_options_as_typed_values) {
  const auto made = options_from(*kTypes.find("tuned"), "n", R"(
    key = "k"
    rate = 1
    where = { level = "error", deep = { n = 1 } }
    every = "2 s"
    size = "1 KiB"
    tags = ["x", "y"]
  )");
  ASSERT_TRUE(made.has_value()) << made.error().message;
  const Options& options = **made;
  EXPECT_TRUE(options.boolean("on"));
  EXPECT_EQ(options.integer("count"), 3);
  EXPECT_EQ(options.number("rate"), 1.0);
  EXPECT_EQ(options.string("label"), "plain");
  EXPECT_EQ(options.integer("size"), 1024);
  EXPECT_EQ(options.micros("every"), 2'000'000);
  EXPECT_EQ(options.strings("tags"), (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(options.table_json("where"), R"({"deep":{"n":1},"level":"error"})");
  EXPECT_TRUE(options.given("rate"));
  EXPECT_FALSE(options.given("count"));
  EXPECT_EQ(options.node(), "n");
  EXPECT_DEATH(static_cast<void>(options.integer("rate")), "");
  EXPECT_DEATH(static_cast<void>(options.given("unheard")), "");
}

struct Case {
  const char* name;
  const char* toml;
  const char* expected;
};

class GRAPH_02_mistakes : public testing::TestWithParam<Case> {};

TEST_P(GRAPH_02_mistakes, is_reported_at_its_place_with_a_hint) {
  EXPECT_EQ(mistakes_of(GetParam().toml), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(
    topology, GRAPH_02_mistakes,
    testing::Values(
        Case{"unknown_key", "[nodes.a]\ntype = 'pass'\ninputs = ['feed']\nbufer = 3\n",
             "f:4:1: unknown key `bufer` of node `a` (pass) (did you mean `buffer`?)\n"},
        Case{"unknown_type", "[nodes.a]\ntype = 'pars'\ninputs = ['feed']\n",
             "f:2:8: unknown type `pars` of node `a` (did you mean `parse`?)\n"},
        Case{"no_type", "[nodes.a]\ninputs = ['feed']\n",
             "f:1:8: node `a` has no type (add type = \"…\"; there is `parse`, `pass`, `tuned`, `route`, `write`, "
             "`made_up`, `end`)\n"},
        Case{"type_not_text", "[nodes.a]\ntype = 3\ninputs = ['feed']\n",
             "f:2:8: `type` must be a string, not an integer\n"},
        Case{"no_inputs", "[nodes.a]\ntype = 'pass'\n",
             "f:1:8: nothing feeds node `a` (list where its batches come from: inputs = [\"…\"])\n"},
        Case{"empty_inputs", "[nodes.a]\ntype = 'pass'\ninputs = []\n",
             "f:3:10: nothing feeds node `a` (list where its batches come from: inputs = [\"…\"])\n"},
        Case{"inputs_not_a_list", "[nodes.a]\ntype = 'pass'\ninputs = 'feed'\n",
             "f:3:10: `inputs` must be a list of strings, not a string (write inputs = [\"…\"])\n"},
        Case{"input_not_text", "[nodes.a]\ntype = 'pass'\ninputs = ['feed', 3]\n",
             "f:3:19: an input must be a string, not an integer (write \"node\" or \"node.output\")\n"},
        Case{"input_without_output", "[nodes.a]\ntype = 'pass'\ninputs = ['feed', 'feed.']\n",
             "f:3:19: `feed.` is not an input (write \"node\" or \"node.output\")\n"},
        Case{"unknown_input",
             "[nodes.first]\ntype = 'pass'\ninputs = ['feed']\n[nodes.b]\ntype = 'pass'\ninputs = ['frist']\n",
             "f:6:11: node `b` takes input from `frist`, which does not exist (did you mean `first`?)\n"},
        Case{"doubled_input", "[nodes.a]\ntype = 'pass'\ninputs = ['feed', 'feed']\n",
             "f:3:19: node `a` names this input twice\n"},
        Case{"unknown_output",
             "[nodes.r]\ntype = 'route'\ninputs = ['feed']\nnames = ['odd']\n[nodes.b]\ntype = 'pass'\ninputs = "
             "['r.od']\n",
             "f:7:11: `r` has no output `od` (did you mean `odd`?)\n"},
        Case{"output_of_a_plain_node",
             "[nodes.a]\ntype = 'pass'\ninputs = ['feed']\n[nodes.b]\ntype = 'pass'\ninputs = ['a.x']\n",
             "f:6:11: `a` has no output `x` (it has only its default output: write \"a\")\n"},
        Case{"output_of_a_source", "[nodes.a]\ntype = 'pass'\ninputs = ['feed.x']\n",
             "f:3:11: `feed` has no output `x` (it has only its default output: write \"feed\")\n"},
        Case{"cycle",
             "[nodes.a]\ntype = 'pass'\ninputs = ['feed', 'c']\n[nodes.b]\ntype = 'pass'\ninputs = "
             "['a']\n[nodes.c]\ntype = 'pass'\ninputs = ['b']\n",
             "f:3:10: cycle: a → b → c → a (batches only go forward: take one of these inputs away)\n"},
        Case{"own_input", "[nodes.a]\ntype = 'pass'\ninputs = ['a']\n",
             "f:3:10: cycle: a → a (batches only go forward: take one of these inputs away)\n"},
        Case{"two_cycles",
             "[nodes.a]\ntype = 'pass'\ninputs = ['b']\n[nodes.b]\ntype = 'pass'\ninputs = ['a']\n[nodes.c]\ntype = "
             "'pass'\ninputs = ['c', 'b']\n",
             "f:3:10: cycle: a → b → a (batches only go forward: take one of these inputs away)\n"
             "f:9:10: cycle: c → c (batches only go forward: take one of these inputs away)\n"},
        Case{"wrong_kind",
             "[nodes.a]\ntype = 'route'\ninputs = ['journal']\n[nodes.p]\ntype = 'parse'\ninputs = ['journal']\n",
             "f:3:11: `journal` gives text, but `a` (route) takes numbers (numbers come from `feed`, `p`)\n"},
        Case{"kinds_through_a_passing_node",
             "[nodes.a]\ntype = 'pass'\ninputs = ['feed']\n[nodes.p]\ntype = 'parse'\ninputs = ['a']\n",
             "f:6:11: `a` gives numbers, but `p` (parse) takes text (text come from `journal`)\n"},
        Case{"mixed_kinds", "[nodes.a]\ntype = 'pass'\ninputs = ['feed', 'journal']\n",
             "f:3:19: the inputs of `a` give different kinds: numbers and text\n"},
        Case{"behind_a_sink", "[nodes.e]\ntype = 'end'\ninputs = ['feed']\n[nodes.a]\ntype = 'pass'\ninputs = ['e']\n",
             "f:6:11: `e` passes nothing on (take what `e` takes as input)\n"},
        Case{"concurrency_range", "[nodes.a]\ntype = 'pass'\ninputs = ['feed']\nconcurrency = 0\n",
             "f:4:15: `concurrency` must lie in 1 to 1024, got 0\n"},
        Case{"buffer_type", "[nodes.a]\ntype = 'pass'\ninputs = ['feed']\nbuffer = '16'\n",
             "f:4:10: `buffer` must be an integer, not a string\n"},
        Case{"serial_concurrency", "[nodes.a]\ntype = 'tuned'\ninputs = ['feed']\nkey = 'k'\nconcurrency = 2\n",
             "f:5:15: `concurrency` of a tuned is always 1 (its batches must stay in order)\n"},
        Case{"when_full_value", "[nodes.a]\ntype = 'pass'\ninputs = ['feed']\nwhen_full = 'drp'\n",
             "f:4:13: `when_full` must be \"wait\" or \"drop\" (did you mean \"drop\"?)\n"},
        Case{"buffer_of_an_ordered_sink", "[nodes.w]\ntype = 'write'\ninputs = ['feed']\nbuffer = 3\n",
             "f:4:10: `buffer` of a write can't be set (its room is the number of batches that the source may have in "
             "flight)\n"},
        Case{"dropping_ordered_sink", "[nodes.w]\ntype = 'write'\ninputs = ['feed']\nwhen_full = 'drop'\n",
             "f:4:13: a write can't drop batches (leave when_full out)\n"},
        Case{
            "ordered_sink_behind_a_dropping_node",
            "[nodes.a]\ntype = 'pass'\ninputs = ['feed']\nwhen_full = 'drop'\n[nodes.w]\ntype = 'write'\ninputs = "
            "['a']\n",
            "f:7:10: `w` (write) must get every batch with its books, but something before it drops batches, makes "
            "them up or has committed them (put it before nodes with when_full = \"drop\" and other sinks of its kind, "
            "and behind the journal)\n"},
        Case{"inputs_of_a_source",
             "[nodes.a]\ntype = 'made_up'\ninputs = ['feed']\n[nodes.b]\ntype = 'pass'\ninputs = ['a']\n",
             "f:3:10: `a` (made_up) makes its batches itself and takes no inputs (take the line `inputs` away)\n"},
        Case{
            "ordered_sink_behind_a_source", "[nodes.a]\ntype = 'made_up'\n[nodes.w]\ntype = 'write'\ninputs = ['a']\n",
            "f:5:10: `w` (write) must get every batch with its books, but something before it drops batches, makes "
            "them up or has committed them (put it before nodes with when_full = \"drop\" and other sinks of its kind, "
            "and behind the journal)\n"},
        Case{"option_type", "[nodes.a]\ntype = 'tuned'\ninputs = ['feed']\nkey = 'k'\nrate = 'half'\n",
             "f:5:8: `rate` must be a number, not a string\n"},
        Case{"option_range", "[nodes.a]\ntype = 'tuned'\ninputs = ['feed']\nkey = 'k'\nrate = 1.5\n",
             "f:5:8: `rate` must lie in 0 to 1, got 1.5\n"},
        Case{"option_not_finite", "[nodes.a]\ntype = 'tuned'\ninputs = ['feed']\nkey = 'k'\nrate = nan\n",
             "f:5:8: `rate` must be finite\n"},
        Case{"option_choice", "[nodes.a]\ntype = 'tuned'\ninputs = ['feed']\nkey = 'k'\nlabel = 'fancyy'\n",
             "f:5:9: `label` must be one of \"plain\", \"fancy\", got \"fancyy\" (did you mean \"fancy\"?)\n"},
        Case{"option_size", "[nodes.a]\ntype = 'tuned'\ninputs = ['feed']\nkey = 'k'\nsize = '4 Mb/s'\n",
             "f:5:8: `size` must be a size such as \"4 MiB\", got \"4 Mb/s\" (write a size as \"4 MiB\")\n"},
        Case{"option_duration_too_short", "[nodes.a]\ntype = 'tuned'\ninputs = ['feed']\nkey = 'k'\nevery = '10 us'\n",
             "f:5:9: `every` must be at least 1 ms, got 10 us\n"},
        Case{"option_list", "[nodes.a]\ntype = 'tuned'\ninputs = ['feed']\nkey = 'k'\ntags = ['a', 1]\n",
             "f:5:8: `tags` must be a list of strings, not an integer\n"},
        Case{"option_missing", "[nodes.a]\ntype = 'tuned'\ninputs = ['feed']\n",
             "f:1:8: node `a` (tuned) needs `key` (An option of the toy.)\n"},
        Case{"option_own_check", "[nodes.a]\ntype = 'tuned'\ninputs = ['feed']\nkey = 'bad'\n",
             "f:4:7: `key` is bad (choose a better one)\n"},
        Case{"option_own_check_throws", "[nodes.a]\ntype = 'tuned'\ninputs = ['feed']\nkey = 'throws'\n",
             "f:1:8: the options of `a` can't be checked: a slip\n"},
        Case{"unknown_table", "[nodes.a]\ntype = 'pass'\ninputs = ['feed']\n[srever]\nx = 1\n",
             "f:4:2: unknown table `srever` (did you mean `server`?)\n"},
        Case{"unknown_top_key", "colour = 1\n[nodes.a]\ntype = 'pass'\ninputs = ['feed']\n",
             "f:1:1: unknown key `colour` (there is `server`, `nodes`, `tests`)\n"},
        Case{"no_nodes", "[server]\nx = 1\n",
             "f:1:1: there are no nodes (describe each node in a table of its own: [nodes.NAME])\n"},
        Case{"empty_file", "", "f:1:1: there are no nodes (describe each node in a table of its own: [nodes.NAME])\n"},
        Case{"nodes_not_a_table", "nodes = 3\n",
             "f:1:9: `nodes` must be a table, not an integer (describe each node in a table of its own: "
             "[nodes.NAME])\n"},
        Case{"node_not_a_table", "[nodes]\na = 3\n", "f:2:5: node `a` must be a table, not an integer\n"},
        Case{"bad_name", "[nodes.'a.b']\ntype = 'pass'\ninputs = ['feed']\n",
             "f:1:8: `a.b` can't name a node (use letters, digits, `_` and `-`)\n"},
        Case{"name_of_a_source", "[nodes.feed]\ntype = 'pass'\ninputs = ['journal']\n",
             "f:1:8: `feed` is the name of a source (give the node another name)\n"},
        Case{"test_inserts_nowhere", "[nodes.scrub]\ntype = 'pass'\ninputs = ['feed']\n[[tests]]\ninsert_at = 'scrb'\n",
             "f:5:13: there is no node `scrb` to insert at (did you mean `scrub`?)\n"},
        Case{"tests_not_a_list", "[nodes.a]\ntype = 'pass'\ninputs = ['feed']\n[tests]\nx = 1\n",
             "f:4:2: `tests` must be a list of tables (begin each test with [[tests]])\n"}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(GRAPH_02_topology, locates_syntax_errors) {
  const auto result = parsed("[nodes.a]\ntype = 'pass'\ninputs = [\"feed\n");
  ASSERT_EQ(result.mistakes.size(), 1U);
  EXPECT_EQ(result.mistakes[0].place.line, 3U);
  EXPECT_NE(result.mistakes[0].message, "");
  EXPECT_EQ(parsed("[nodes.a]\n[nodes.a]\n").mistakes.size(), 1U);
  EXPECT_EQ(parsed("\xff\xfe").mistakes.size(), 1U);
}

TEST(GRAPH_02_topology, reports_all_mistakes_at_once_by_place) {
  const auto result = parsed(R"([nodes.a]
type = "pass"
inputs = ["nowhere"]
bufer = 1
[nodes.b]
type = "tuned"
inputs = ["feed"]
rate = 7
[nodes.c]
type = "gone"
inputs = ["a"]
[other]
)");
  std::vector<std::uint32_t> lines;
  for (const auto& mistake : result.mistakes) lines.push_back(mistake.place.line);
  EXPECT_EQ(lines, (std::vector<std::uint32_t>{3, 4, 5, 8, 10, 12}));
}

TEST(GRAPH_02_topology, a_wrong_option_does_not_hide_or_invent_mistakes_elsewhere) {
  // The outputs of `r` are not known while its options are wrong: whoever names one is not blamed.
  EXPECT_EQ(
      mistakes_of(
          "[nodes.r]\ntype = 'route'\ninputs = ['feed']\nnames = 3\n[nodes.b]\ntype = 'pass'\ninputs = ['r.odd']\n"),
      "f:4:9: `names` must be a list of strings, not an integer\n");
}

}  // namespace
}  // namespace mesher::graph
