#include "nodes/grouping.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "nodes/fingerprint_node.hpp"
#include "tests/unit/nodes/sample_event.hpp"

namespace mesher {
namespace {

using nlohmann::json;
using testing::group_of;
using testing::hash_of;
using testing::SampleEvent;

/// Frames from the oldest to the newest.
json stack(std::initializer_list<json> frames) {
  return {{"frames", frames}};
}
json java_frame(const char* module, const char* function, int line = 1) {
  return {{"module", module}, {"function", function}, {"filename", "X.java"}, {"lineno", line}};
}
json event(const char* platform, json exception) {
  return {{"platform", platform}, {"exception", {{"values", {std::move(exception)}}}}};
}
json java_event(const char* type, const char* value, std::initializer_list<json> frames) {
  return event("java", {{"type", type}, {"value", value}, {"stacktrace", stack(frames)}});
}
std::string hash(const json& event) {
  return hash_of(event.dump());
}

TEST(GROUP_01_grouping, line_numbers_and_values_do_not_matter_where_a_stack_speaks) {
  const auto one = java_event("E", "order 17", {java_frame("a.Main", "main", 3), java_frame("a.Shop", "buy", 40)});
  const auto other = java_event("E", "user bob", {java_frame("a.Main", "main", 9), java_frame("a.Shop", "buy", 41)});
  EXPECT_EQ(hash(one), hash(other));
}

TEST(GROUP_01_grouping, type_and_functions_matter) {
  const auto one = java_event("E", "x", {java_frame("a.Shop", "buy")});
  EXPECT_NE(hash(one), hash(java_event("F", "x", {java_frame("a.Shop", "buy")})));
  EXPECT_NE(hash(one), hash(java_event("E", "x", {java_frame("a.Shop", "sell")})));
  EXPECT_NE(hash(one), hash(java_event("E", "x", {java_frame("a.Bank", "buy")})));
}

TEST(GROUP_01_grouping, app_frames_come_first_and_all_frames_give_a_second_hash) {
  const auto one = java_event("E", "x", {java_frame("a.Shop", "buy"), java_frame("java.util.HashMap", "get")});
  const auto other = java_event("E", "x", {java_frame("a.Shop", "buy"), java_frame("java.util.TreeMap", "get")});
  const auto a = group_of(one.dump()), b = group_of(other.dump());
  ASSERT_EQ(a.count, 2U);
  EXPECT_EQ(a.hashes[0], b.hashes[0]);
  EXPECT_NE(a.hashes[1], b.hashes[1]);
}

TEST(GROUP_01_grouping, without_app_frames_all_frames_decide) {
  const auto result = group_of(java_event("E", "x", {java_frame("java.util.HashMap", "get")}).dump());
  EXPECT_EQ(result.count, 1U);
  EXPECT_NE(hash(java_event("E", "x", {java_frame("java.util.HashMap", "get")})),
            hash(java_event("E", "x", {java_frame("java.util.HashMap", "put")})));
}

TEST(GROUP_01_grouping, an_error_is_the_same_from_whichever_endpoint_it_was_reached) {
  const auto from = [](const char* endpoint) {
    return java_event(
        "E", "x",
        {java_frame("a.web.Routes", endpoint), java_frame("a.Orders", "load"), java_frame("a.Cart", "total"),
         java_frame("a.Price", "of"), java_frame("a.Tax", "rate"), java_frame("a.Table", "look")});
  };
  EXPECT_EQ(hash(from("checkout")), hash(from("preview")));
}

TEST(GROUP_01_grouping, callers_next_to_the_crash_tell_users_of_a_helper_apart) {
  EXPECT_NE(hash(java_event("E", "x", {java_frame("a.Cart", "total"), java_frame("a.Db", "query")})),
            hash(java_event("E", "x", {java_frame("a.Login", "check"), java_frame("a.Db", "query")})));
}

TEST(GROUP_01_grouping, tests_reach_the_same_bug_on_many_ways) {
  EXPECT_EQ(hash(java_event("E", "x", {java_frame("a.CartTest", "testOne"), java_frame("a.Cart", "total")})),
            hash(java_event("E", "x", {java_frame("a.ShopTest", "testTwo"), java_frame("a.Cart", "total")})));
  EXPECT_NE(hash(java_event("E", "x", {java_frame("a.CartTest", "testOne")})),
            hash(java_event("E", "x", {java_frame("a.CartTest", "testTwo")})));
}

TEST(GROUP_01_grouping, recursion_of_any_depth_is_one_group) {
  const auto deep = [](int depth) {
    json frames = json::array({java_frame("a.Main", "main")});
    for (int i = 0; i < depth; ++i) {
      frames.push_back(java_frame("a.Tree", "walk", 10 + i % 3));
      frames.push_back(java_frame("a.Node", "visit", 20));
    }
    frames.push_back(java_frame("a.Leaf", "read"));
    return event("java", {{"type", "E"}, {"value", "x"}, {"stacktrace", {{"frames", frames}}}});
  };
  EXPECT_EQ(hash(deep(1)), hash(deep(2)));
  EXPECT_EQ(hash(deep(1)), hash(deep(40)));
}

TEST(GROUP_01_grouping, endless_recursion_is_one_group_wherever_the_stack_ran_out) {
  const auto overflow = [](int newest) {
    json frames = json::array({java_frame("a.Main", "main")});
    for (int i = 0; i < 120 + newest; ++i)
      frames.push_back(java_frame(i % 3 == 0 ? "a.A" : i % 3 == 1 ? "a.B" : "a.C", "run"));
    return event("java", {{"type", "java.lang.StackOverflowError"}, {"stacktrace", {{"frames", frames}}}});
  };
  EXPECT_EQ(hash(overflow(0)), hash(overflow(1)));
  EXPECT_EQ(hash(overflow(0)), hash(overflow(2)));
}

TEST(GROUP_01_grouping, one_bug_in_four_browsers_is_one_issue) {
  const auto in_browser = [](const char* value, std::initializer_list<std::pair<const char*, const char*>> frames) {
    json list = json::array();
    for (const auto& [function, path] : frames) {
      list.push_back({{"function", function},
                      {"filename", path},
                      {"abs_path", path},
                      {"lineno", 1},
                      {"colno", 2},
                      {"in_app", true}});
    }
    return event("javascript", {{"type", "TypeError"}, {"value", value}, {"stacktrace", {{"frames", list}}}});
  };
  constexpr auto* kUrl = "https://shop.example.com/assets/app.js";
  const auto chrome =
      in_browser("Cannot read properties of undefined (reading 'price')", {{"HTMLButtonElement.<anonymous>", kUrl},
                                                                           {"Cart.addItem", kUrl},
                                                                           {"Array.map", "<anonymous>"},
                                                                           {"priceOf", kUrl}});
  const auto firefox = in_browser("item is undefined", {{"init/<", kUrl}, {"addItem", kUrl}, {"priceOf", kUrl}});
  const auto safari = in_browser("undefined is not an object (evaluating 'item.price')",
                                 {{"?", kUrl}, {"addItem", kUrl}, {"map", "[native code]"}, {"priceOf", kUrl}});
  const auto edge = in_browser("Unable to get property 'price' of undefined or null reference",
                               {{"Anonymous function", kUrl}, {"Cart.prototype.addItem", kUrl}, {"priceOf", kUrl}});
  EXPECT_EQ(hash(chrome), hash(firefox));
  EXPECT_EQ(hash(chrome), hash(safari));
  EXPECT_EQ(hash(chrome), hash(edge));
}

TEST(GROUP_01_grouping, generated_names_do_not_split_an_issue) {
  const auto proxy = [](const char* module) {
    return java_event("E", "x", {java_frame(module, "call"), java_frame("a.Shop", "buy")});
  };
  EXPECT_EQ(hash(proxy("a.Shop$$EnhancerBySpringCGLIB$$1a2b3c")), hash(proxy("a.Shop$$EnhancerBySpringCGLIB$$99ffaa")));
  EXPECT_EQ(hash(proxy("a.Shop$$Lambda$14/0x0000000800066840")), hash(proxy("a.Shop$$Lambda/0x00007f12")));
  EXPECT_EQ(hash(proxy("a.Shop$1")), hash(proxy("a.Shop$2")));
}

TEST(GROUP_02_grouping, without_a_stack_type_and_form_of_the_value_decide) {
  const auto bare = [](const char* type, const char* value) {
    return event("python", {{"type", type}, {"value", value}});
  };
  EXPECT_EQ(hash(bare("KeyError", "user 17 unknown")), hash(bare("KeyError", "user 99 unknown")));
  EXPECT_NE(hash(bare("KeyError", "user 17 unknown")), hash(bare("KeyError", "order 17 unknown")));
  EXPECT_NE(hash(bare("KeyError", "x")), hash(bare("ValueError", "x")));
}

TEST(GROUP_02_grouping, without_exception_the_form_of_the_message_decides) {
  EXPECT_EQ(hash({{"message", "took 5 ms"}}), hash({{"message", "took 17 ms"}}));
  EXPECT_NE(hash({{"message", "took 5 ms"}}), hash({{"message", "lost 5 ms"}}));
  // The template groups all its fillings, whatever they hold.
  EXPECT_EQ(hash({{"logentry", {{"message", "user %s left"}, {"formatted", "user bob left"}}}}),
            hash({{"logentry", {{"message", "user %s left"}, {"formatted", "user eve of accounting left"}}}}));
  EXPECT_EQ(hash({{"message", "a\n\nb\nc"}}), hash({{"message", "a\n\nb\nd"}}));
}

TEST(GROUP_02_grouping, events_that_say_nothing_fall_together) {
  EXPECT_EQ(hash({{"platform", "python"}, {"message", ""}}), hash({{"platform", "java"}, {"message", "  "}}));
}

TEST(GROUP_02_grouping, a_synthetic_type_does_not_contribute) {
  const auto made_up = [](const char* type) {
    return event("cocoa", {{"type", type},
                           {"value", "crash at 0x1"},
                           {"mechanism", {{"type", "x"}, {"synthetic", true}}},
                           {"stacktrace", stack({{{"function", "buy"}, {"package", "/app/Shop"}}})}});
  };
  EXPECT_EQ(hash(made_up("SIGSEGV")), hash(made_up("EXC_BAD_ACCESS")));
}

TEST(GROUP_02_grouping, a_page_as_only_frame_leaves_it_to_the_value) {
  const auto page = [](const char* value) {
    return event(
        "javascript",
        {{"type", "Error"},
         {"value", value},
         {"stacktrace", stack({{{"filename", "https://x.org/"}, {"abs_path", "https://x.org/"}, {"in_app", true}}})}});
  };
  EXPECT_NE(hash(page("lost the basket")), hash(page("lost the session")));
  EXPECT_EQ(hash(page("lost 17")), hash(page("lost 18")));
}

TEST(GROUP_01_chains, causes_take_part_by_type_and_stack) {
  const auto chain = [](const char* cause, const char* value) {
    return json{{"platform", "java"},
                {"exception",
                 {{"values",
                   {{{"type", cause}, {"value", value}},
                    {{"type", "E"}, {"value", "x"}, {"stacktrace", stack({java_frame("a.Shop", "buy")})}}}}}}};
  };
  EXPECT_NE(hash(chain("IOException", "x")), hash(chain("SQLException", "x")));
  EXPECT_EQ(hash(chain("IOException", "disk full")), hash(chain("IOException", "no such file")));
}

json member(int id, int parent, const char* type, const char* function, bool group = false) {
  json mechanism = {{"type", "chained"}, {"exception_id", id}};
  if (id != parent) mechanism["parent_id"] = parent;
  if (group) mechanism["is_exception_group"] = true;
  return {{"type", type},
          {"value", "x"},
          {"mechanism", mechanism},
          {"stacktrace", stack({{{"module", "shop"}, {"function", function}, {"in_app", true}}})}};
}
json group_event(std::initializer_list<json> values) {
  return {{"platform", "python"}, {"exception", {{"values", values}}}};
}

TEST(GROUP_01_exception_groups, equal_members_count_once_and_the_group_is_dropped) {
  const auto two = group_event(
      {member(2, 0, "IOError", "read"), member(1, 0, "IOError", "read"), member(0, 0, "ExceptionGroup", "main", true)});
  const auto three = group_event({member(3, 0, "IOError", "read"), member(2, 0, "IOError", "read"),
                                  member(1, 0, "IOError", "read"), member(0, 0, "ExceptionGroup", "other_main", true)});
  const auto alone = group_event({member(0, 0, "IOError", "read")});
  EXPECT_EQ(hash(two), hash(three));
  EXPECT_EQ(hash(two), hash(alone));
}

TEST(GROUP_01_exception_groups, members_of_several_kinds_are_another_issue_in_any_order) {
  const auto ab = group_event(
      {member(2, 0, "IOError", "read"), member(1, 0, "KeyError", "get"), member(0, 0, "ExceptionGroup", "main", true)});
  const auto ba = group_event(
      {member(2, 0, "KeyError", "get"), member(1, 0, "IOError", "read"), member(0, 0, "ExceptionGroup", "main", true)});
  const auto a = group_event({member(1, 0, "IOError", "read"), member(0, 0, "ExceptionGroup", "main", true)});
  EXPECT_EQ(hash(ab), hash(ba));
  EXPECT_NE(hash(ab), hash(a));
}

TEST(GROUP_01_exception_groups, broken_links_are_read_as_a_plain_chain) {
  auto looped =
      group_event({member(1, 2, "A", "a", true), member(2, 1, "B", "b", true), member(0, 0, "G", "main", true)});
  const auto alone = group_event({member(0, 0, "G", "main", true), member(1, 0, "A", "a", true)});
  EXPECT_NE(hash(looped), hash(alone));
  auto doubled = group_event({member(1, 0, "A", "a"), member(1, 0, "A", "a"), member(0, 0, "G", "main", true)});
  EXPECT_NE(hash(doubled), hash(group_event({member(1, 0, "A", "a"), member(0, 0, "G", "main", true)})));
}

TEST(GROUP_01_threads, the_crashed_thread_speaks) {
  const auto threads = [](const char* crashed, const char* other) {
    const auto thread = [](const char* function, bool crash) {
      return json{{"crashed", crash}, {"stacktrace", stack({{{"function", function}, {"package", "/app/x"}}})}};
    };
    return json{{"platform", "native"}, {"threads", {{"values", {thread(other, false), thread(crashed, true)}}}}};
  };
  EXPECT_EQ(hash(threads("boom", "idle")), hash(threads("boom", "poll")));
  EXPECT_NE(hash(threads("boom", "idle")), hash(threads("bang", "idle")));
}

json with_fingerprint(json fingerprint) {
  auto e = java_event("KeyError", "user 17", {java_frame("a.Shop", "buy")});
  e["fingerprint"] = std::move(fingerprint);
  e["transaction"] = "/checkout";
  e["tags"] = {{"tenant", "acme"}};
  return e;
}

TEST(GROUP_03_fingerprint, the_senders_fingerprint_overrides) {
  auto other = java_event("Other", "y", {java_frame("b.C", "d")});
  other["fingerprint"] = {"mine"};
  EXPECT_EQ(hash(with_fingerprint({"mine"})), hash(other));
  EXPECT_EQ(group_of(other.dump()).count, 1U);
  EXPECT_NE(hash(with_fingerprint({"mine"})), hash(with_fingerprint({"mine", "2"})));
  EXPECT_NE(hash(with_fingerprint({"a", "bc"})), hash(with_fingerprint({"ab", "c"})));
}

TEST(GROUP_03_fingerprint, default_alone_is_the_default) {
  EXPECT_EQ(hash(with_fingerprint({"{{ default }}"})),
            hash(java_event("KeyError", "user 17", {java_frame("a.Shop", "buy")})));
  EXPECT_EQ(hash(with_fingerprint({"{{default}}"})), hash(with_fingerprint({"{{ default }}"})));
}

TEST(GROUP_03_fingerprint, default_with_more_splits_the_default_further) {
  const auto hybrid = with_fingerprint({"{{ default }}", "{{ transaction }}"});
  EXPECT_NE(hash(hybrid), hash(with_fingerprint({"{{ default }}"})));
  EXPECT_EQ(hash(hybrid), hash(with_fingerprint({"{{ default }}", "/checkout"})));
  auto elsewhere = hybrid;
  elsewhere["exception"]["values"][0]["type"] = "ValueError";
  EXPECT_NE(hash(hybrid), hash(elsewhere));
}

TEST(GROUP_03_fingerprint, variables_are_replaced_by_what_the_event_says) {
  for (const auto& [variable, value] : std::initializer_list<std::pair<const char*, const char*>>{
           {"{{ transaction }}", "/checkout"},
           {"{{ type }}", "KeyError"},
           {"{{ error.type }}", "KeyError"},
           {"{{ function }}", "buy"},
           {"{{ stack.function }}", "buy"},
           {"{{ module }}", "a.Shop"},
           {"{{ stack.filename }}", "X.java"},
           {"{{ path }}", "X.java"},
           {"{{ package }}", "<no-package>"},
           {"{{ level }}", "error"},
           {"{{ logger }}", "<no-logger>"},
           {"{{ tags.tenant }}", "acme"},
           {"{{ tags.none }}", "<no-value-for-tag-none>"},
           {"{{ colour }}", "<unrecognized-variable-colour>"},
       }) {
    EXPECT_EQ(hash(with_fingerprint({"a", variable})), hash(with_fingerprint({"a", value}))) << variable;
  }
  // An entry must be exactly one variable.
  EXPECT_NE(hash(with_fingerprint({"in {{ type }}"})), hash(with_fingerprint({"in KeyError"})));
}

TEST(GROUP_03_fingerprint, the_message_as_an_entry_counts_by_its_form) {
  auto one = java_event("E", "order 17 lost", {java_frame("a.B", "c")});
  auto other = java_event("E", "order 18 lost", {java_frame("a.B", "c")});
  one["fingerprint"] = {"order 17 lost"};
  other["fingerprint"] = {"order 18 lost"};
  EXPECT_EQ(hash(one), hash(other));
  one["fingerprint"] = {"tenant 17"};
  other["fingerprint"] = {"tenant 18"};
  EXPECT_NE(hash(one), hash(other));
}

TEST(GROUP_03_fingerprint, a_checksum_decides_alone) {
  auto e = with_fingerprint({"mine"});
  e["checksum"] = "0123456789abcdef0123456789abcdef";
  EXPECT_EQ(hash(e), "0123456789abcdef0123456789abcdef");
  e["checksum"] = "something";
  EXPECT_EQ(hash(e), hash({{"message", "x"}, {"checksum", "something"}}));
}

TEST(GROUP_01_grouping, hashes_never_change_within_a_version) {
  // Golden values: if one of these fails, stored issues would split. Raise kGroupingVersion and keep the old algorithm
  // beside the new one for the transition.
  ASSERT_EQ(nodes::kGroupingVersion, 1);
  EXPECT_EQ(hash({{"message", "took 5 ms"}}), "a097f53846879e606b28b5838972b954");
  EXPECT_EQ(hash(java_event("E", "x", {java_frame("a.Main", "main"), java_frame("a.Shop", "buy")})),
            "1e18660b233e44647315cef51248199f");
  EXPECT_EQ(hash(with_fingerprint({"mine"})), "ba7abcf28abdcc2e381dcafe029aa292");
}

TEST(GROUP_01_explanation, tells_the_hashes_it_explains_and_why_parts_do_not_contribute) {
  const SampleEvent sample(java_event("E", "order 17",
                                      {java_frame("java.lang.Thread", "run"), java_frame("a.Shop", "buy"),
                                       java_frame("java.util.HashMap", "get")})
                               .dump());
  nodes::Grouper grouper;
  nodes::GroupingExplanation why;
  const auto explained = grouper.group(sample.event, &why);
  const auto plain = grouper.group(sample.event);
  ASSERT_EQ(explained.count, plain.count);
  EXPECT_EQ(explained.hashes, plain.hashes);
  ASSERT_EQ(why.variants.size(), 2U);
  EXPECT_EQ(why.method, "exception");
  EXPECT_EQ(why.variants[0].hash, plain.hashes[0]);
  EXPECT_EQ(why.variants[1].hash, plain.hashes[1]);
  const auto text = to_text(why);
  EXPECT_NE(text.find("function: buy"), text.npos) << text;
  EXPECT_NE(text.find("not in-app"), text.npos) << text;
  EXPECT_NE(text.find("the stack says more"), text.npos) << text;
}

TEST(GROUP_01_node, adds_hashes_title_culprit_and_version_and_is_harmless_twice) {
  SampleEvent sample(java_event("KeyError", "user 17", {java_frame("a.Shop", "buy")}).dump());
  nodes::Grouper grouper;
  nodes::fingerprint_event(sample.event, grouper, sample.arena);
  const auto first = std::vector<nodes::Fingerprint>(sample.event.hashes.begin(), sample.event.hashes.end());
  nodes::fingerprint_event(sample.event, grouper, sample.arena);
  EXPECT_EQ(first, std::vector<nodes::Fingerprint>(sample.event.hashes.begin(), sample.event.hashes.end()));
  EXPECT_EQ(first.size(), 1U);  // all frames are the app's: both hashes are the same
  EXPECT_EQ(sample.event.title, "KeyError: user 17");
  EXPECT_EQ(sample.event.culprit, "a.Shop in buy");
  EXPECT_EQ(sample.event.grouping_version, nodes::kGroupingVersion);
}

}  // namespace
}  // namespace mesher
