#include "nodes/event_json.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/unit/nodes/read_event.hpp"

namespace mesher::nodes {
namespace {

TEST(INGEST_02_parse, the_least_event_has_sensible_defaults) {
  const ReadEvent event(R"({"message":"hello"})");
  EXPECT_EQ(event->message, "hello");
  EXPECT_EQ(event->message_template, "");
  EXPECT_EQ(event->type, "default");
  EXPECT_EQ(event->platform, "other");
  EXPECT_EQ(event->level, Level::error);
  EXPECT_EQ(event->timestamp, kReceived);
  EXPECT_TRUE(event->tags.empty());
  EXPECT_TRUE(event->fingerprint.empty());
  EXPECT_TRUE(event->trimmed.empty());
  EXPECT_EQ(event->payload, *event.text);
}

TEST(INGEST_02_parse, messages_in_all_their_forms) {
  struct Case {
    const char* json;
    const char* message;
    const char* text;
  };
  const Case cases[] = {
      {R"({"message":"plain"})", "plain", ""},
      {R"({"message":{"formatted":"hi 7","message":"hi %s","params":[7]}})", "hi 7", "hi %s"},
      {R"({"logentry":{"message":"hi %s, %d","params":["bob",7]}})", "hi bob, 7", "hi %s, %d"},
      {R"({"logentry":{"message":"hi %(name)s","params":{"name":"bob"}}})", "hi bob", "hi %(name)s"},
      {R"({"logentry":{"message":"{} of {1}, {{}}","params":[1,2]}})", "1 of 2, {}}", "{} of {1}, {{}}"},
      {R"({"logentry":{"message":"{name} 100%","params":{"name":"a\"b"}}})", "a\"b 100%", "{name} 100%"},
      {R"({"logentry":{"message":"%s and %s","params":["one"]}})", "one and %s", "%s and %s"},
      {R"({"logentry":{"message":"no params %s"}})", "no params %s", ""},
      {R"({"logentry":"text"})", "text", ""},
      {R"({"sentry.interfaces.Message":{"formatted":"legacy"}})", "legacy", ""},
      {R"({"message":"rendered","logentry":{"message":"tpl {}","params":[1]}})", "rendered", "tpl {}"},
      {R"({"message":7})", "7", ""},
      {R"({"message":"tab\t\u00e9\u0000"})", "tab\té\uFFFD", ""},
      {R"({"message":null,"logentry":null})", "", ""},
  };
  for (const auto& c : cases) {
    const ReadEvent event(c.json);
    EXPECT_EQ(event->message, c.message) << c.json;
    EXPECT_EQ(event->message_template, c.text) << c.json;
  }
}

TEST(INGEST_02_parse, message_of_8192_characters_stays_and_a_longer_one_is_cut_and_noted) {
  const ReadEvent fits(fmt::format(R"({{"message":"{}"}})", std::string(8192, 'a')));
  EXPECT_EQ(fits->message.size(), 8192U);
  EXPECT_TRUE(fits->trimmed.empty());
  const ReadEvent cut(fmt::format(R"({{"message":"{}"}})", std::string(9000, 'a')));
  EXPECT_EQ(cut->message.size(), 8192U);
  EXPECT_EQ(cut->message.substr(8188), "a...");
  ASSERT_EQ(cut->trimmed.size(), 1U);
  EXPECT_EQ(cut->trimmed[0].field, "message");
  EXPECT_EQ(cut->trimmed[0].reason, "too_long");
  EXPECT_EQ(cut->trimmed[0].original, 9000U);
  std::string wide;
  for (int i = 0; i < 8192; ++i) wide += "é";
  EXPECT_TRUE(ReadEvent(R"({"message":")" + wide + R"("})")->trimmed.empty()) << "characters count, not bytes";
}

TEST(INGEST_02_parse, levels) {
  const std::pair<const char*, Level> cases[] = {
      {"\"fatal\"", Level::fatal},    {"\"critical\"", Level::fatal}, {"\"warn\"", Level::warning},
      {"\"log\"", Level::info},       {"10", Level::debug},           {"\"30\"", Level::warning},
      {"\"nonsense\"", Level::error}, {"[]", Level::error},           {"null", Level::error}};
  for (const auto& [json, level] : cases) {
    EXPECT_EQ(ReadEvent(fmt::format(R"({{"message":"x","level":{}}})", json))->level, level) << json;
  }
  EXPECT_TRUE(trimmed(ReadEvent(R"({"level":"nonsense"})").event, "level", "invalid"));
}

TEST(INGEST_02_parse, times_become_utc_and_stay_within_the_window) {
  const auto time = [](std::string_view json, std::int64_t drift = 0) {
    Record record;
    record.sent_drift = drift;
    return ReadEvent(fmt::format(R"({{"message":"x","timestamp":{}}})", json), record);
  };
  constexpr UnixMicros kSecond = 1'000'000;
  EXPECT_EQ(time("\"2024-06-01T13:59:59.5+02:00\"")->timestamp, kReceived - kSecond / 2);
  EXPECT_EQ(time("1717243100.125")->timestamp, kReceived - 100 * kSecond + 125'000);
  EXPECT_EQ(time("1717243100")->timestamp, kReceived - 100 * kSecond);
  EXPECT_EQ(time("\"1717243100\"")->timestamp, kReceived - 100 * kSecond);
  EXPECT_EQ(time("1717243260")->timestamp, kReceived + 60 * kSecond);
  EXPECT_TRUE(time("1717243260")->trimmed.empty());
  EXPECT_EQ(time("1717239500", 3600 * kSecond)->timestamp, kReceived - 100 * kSecond) << "corrected by the drift";
  for (const std::string_view outside :
       {"1717243261", "\"1970-01-01T00:00:00Z\"", "\"2100-01-01T00:00:00Z\"", "0", "1714651199"}) {
    const auto event = time(outside);
    EXPECT_EQ(event->timestamp, kReceived) << outside;
    EXPECT_TRUE(trimmed(event.event, "timestamp", "out_of_range")) << outside;
  }
  EXPECT_EQ(time("1714651200")->timestamp, kReceived - 30LL * 86400 * kSecond) << "thirty days are still inside";
  for (const std::string_view bad : {"\"soon\"", "{}", "true", "1e99"}) {
    const auto event = time(bad);
    EXPECT_EQ(event->timestamp, kReceived) << bad;
    EXPECT_TRUE(trimmed(event.event, "timestamp", "invalid")) << bad;
  }
}

TEST(INGEST_02_parse, tags_in_all_their_forms) {
  const ReadEvent event(
      R"({"tags":{"plain":"v","number":1.50,"yes":true,"no":false,"none":null,"list":[],"two words":" padded ","empty":"","":"x",)"
      R"("release":"r","dist":"d","user":"u","filename":"f","function":"g","environment":"staging","esc\u0061pe":"\u00e9"},)"
      R"("server_name":"web-1","site":"eu"})");
  const Event& e = event.event;
  EXPECT_EQ(tag(e, "plain"), "v");
  EXPECT_EQ(tag(e, "number"), "1.50");
  EXPECT_EQ(tag(e, "yes"), "True");
  EXPECT_EQ(tag(e, "no"), "False");
  EXPECT_EQ(tag(e, "two-words"), "padded");
  EXPECT_EQ(tag(e, "escape"), "é");
  EXPECT_EQ(tag(e, "server_name"), "web-1");
  EXPECT_EQ(tag(e, "site"), "eu");
  EXPECT_EQ(e.tags.size(), 8U);
  EXPECT_EQ(e.environment, "staging");
}

TEST(INGEST_02_parse, tag_pairs_and_duplicates) {
  const ReadEvent event(
      R"({"tags":[["a","1"],["a","2"],["b",2],null,["c"],["d","x","y"],["environment","prod"]],"environment":"dev"})");
  EXPECT_EQ(event->tags.size(), 2U);
  EXPECT_EQ(tag(event.event, "a"), "1");
  EXPECT_EQ(tag(event.event, "b"), "2");
  EXPECT_EQ(event->environment, "dev");
}

TEST(INGEST_02_parse, tags_that_do_not_fit_are_removed_and_noted) {
  const std::string fits(200, 'v');
  const std::string over(201, 'v');
  const ReadEvent event(fmt::format(R"({{"tags":{{"fits":"{}","over":"{}","{}":"x","bad key!":"x","broken":"a\nb"}}}})",
                                    fits, over, std::string(201, 'k')));
  EXPECT_EQ(event->tags.size(), 1U);
  EXPECT_EQ(tag(event.event, "fits"), fits);
  EXPECT_TRUE(trimmed(event.event, "tags.over", "too_long"));
  EXPECT_TRUE(trimmed(event.event, "tags.bad key!", "invalid"));
  EXPECT_TRUE(trimmed(event.event, "tags.broken", "invalid"));
  EXPECT_EQ(event->trimmed.size(), 4U);
}

TEST(INGEST_02_parse, fields_with_rules_of_their_own) {
  const ReadEvent good(
      R"({"release":" shop@1.2 ","dist":"b_1.2-3","environment":" prod ","logger":"app","transaction":" /a "})");
  EXPECT_EQ(good->release, "shop@1.2");
  EXPECT_EQ(good->dist, "b_1.2-3");
  EXPECT_EQ(good->environment, "prod");
  EXPECT_EQ(good->transaction, "/a");
  EXPECT_TRUE(good->trimmed.empty());
  const ReadEvent bad(R"({"release":"latest","dist":"a b","environment":"a/b"})");
  EXPECT_EQ(bad->release, "");
  EXPECT_EQ(bad->dist, "");
  EXPECT_EQ(bad->environment, "");
  EXPECT_EQ(bad->trimmed.size(), 3U);
  EXPECT_EQ(ReadEvent(R"({"release":42})")->release, "42");
  EXPECT_EQ(ReadEvent(R"({"environment":"none"})")->environment, "");
  const ReadEvent java(
      R"({"platform":"java","logger":"com.example.a.very.long.package.name.that.goes.on.and.on.forever.OrderService"})");
  EXPECT_EQ(java->logger, "*.long.package.name.that.goes.on.and.on.forever.OrderService");
  EXPECT_LE(java->logger.size(), 64U);
  EXPECT_EQ(ReadEvent(R"({"platform":"cobol"})")->platform, "other");
}

TEST(INGEST_02_parse, fingerprints) {
  EXPECT_EQ(ReadEvent(R"({"fingerprint":"one"})")->fingerprint[0], "one");
  const ReadEvent list(R"({"fingerprint":["{{ default }}",7,true,null,{}]})");
  ASSERT_EQ(list->fingerprint.size(), 3U);
  EXPECT_EQ(list->fingerprint[0], "{{ default }}");
  EXPECT_EQ(list->fingerprint[1], "7");
  EXPECT_EQ(list->fingerprint[2], "True");
  EXPECT_TRUE(ReadEvent(R"({"fingerprint":[]})")->fingerprint.empty());
  EXPECT_TRUE(ReadEvent(R"({"fingerprint":{}})")->fingerprint.empty());
}

TEST(INGEST_02_parse, exceptions_in_all_their_forms) {
  for (const std::string_view json :
       {R"({"exception":{"type":"E","value":"v","module":"m"}})",
        R"({"exception":[{"type":"E","value":"v","module":"m"}]})",
        R"({"exception":{"values":[{"type":"E","value":"v","module":"m"},null,{}]}})",
        R"({"sentry.interfaces.Exception":{"values":[{"type":"E","value":"v","module":"m"}]}})"}) {
    const ReadEvent event{std::string(json)};
    ASSERT_EQ(event->exceptions.size(), 1U) << json;
    EXPECT_EQ(event->exceptions[0].type, "E");
    EXPECT_EQ(event->exceptions[0].value, "v");
    EXPECT_EQ(event->exceptions[0].module, "m");
    EXPECT_EQ(event->type, "error");
  }
  EXPECT_EQ(ReadEvent(R"({"exception":{"type":"E","value":{"unauthorized":true}}})")->exceptions[0].value,
            R"({"unauthorized":true})");
  EXPECT_TRUE(ReadEvent(R"({"exception":{"values":[]}})")->exceptions.empty());
  EXPECT_TRUE(ReadEvent(R"({"exception":"boom","message":"x"})")->exceptions.empty());
}

TEST(INGEST_02_parse, a_value_that_begins_with_its_type_is_split) {
  const auto first = [](std::string_view value) {
    const ReadEvent event(fmt::format(R"({{"exception":{{"value":"{}"}}}})", value));
    return std::string(event->exceptions[0].type) + "|" + std::string(event->exceptions[0].value);
  };
  EXPECT_EQ(first("ValueError: bad input"), "ValueError|bad input");
  EXPECT_EQ(first("java.io.IOException: gone"), "java.io.IOException|gone");
  EXPECT_EQ(first("could not open: x"), "|could not open: x");
  EXPECT_EQ(first("http://a.example/b"), "|http://a.example/b");
  EXPECT_EQ(first("12:30"), "|12:30");
  const ReadEvent typed(R"({"exception":{"type":"E","value":"ValueError: x"}})");
  EXPECT_EQ(typed->exceptions[0].value, "ValueError: x");
}

TEST(DETAIL_02_parse, frames_carry_what_was_sent) {
  const ReadEvent event(
      R"({"platform":"python","exception":{"type":"E","stacktrace":{"frames":[)"
      R"({"function":"f","raw_function":"rf","module":"m","package":"p","filename":"a.py","abs_path":"/x/a.py","platform":"native",)"
      R"("lineno":7,"colno":"3","in_app":true,"context_line":"  x = 1","data":{"sourcemap":"a.map"},"vars":{"a":1}},)"
      R"({"function":null,"lineno":-1,"in_app":null},null,{"in_app":false}]},)"
      R"("mechanism":{"type":"chained","handled":false,"synthetic":true,"exception_id":1,"parent_id":0,"is_exception_group":true,"source":"__cause__",)"
      R"("meta":{"ns_error":{"code":-5,"domain":"D"}}}}})");
  ASSERT_EQ(event->exceptions.size(), 1U);
  const auto& exception = event->exceptions[0];
  ASSERT_EQ(exception.frames.size(), 3U);
  const auto& frame = exception.frames[0];
  EXPECT_EQ(frame.function, "f");
  EXPECT_EQ(frame.raw_function, "rf");
  EXPECT_EQ(frame.module, "m");
  EXPECT_EQ(frame.package, "p");
  EXPECT_EQ(frame.filename, "a.py");
  EXPECT_EQ(frame.abs_path, "/x/a.py");
  EXPECT_EQ(frame.platform, "native");
  EXPECT_EQ(frame.lineno, 7U);
  EXPECT_EQ(frame.colno, 3U);
  EXPECT_EQ(frame.in_app, true);
  EXPECT_EQ(frame.context_line, "  x = 1");
  EXPECT_TRUE(frame.has_sourcemap);
  EXPECT_EQ(exception.frames[1].lineno, 0U);
  EXPECT_FALSE(exception.frames[1].in_app.has_value());
  EXPECT_EQ(exception.frames[2].in_app, false);
  EXPECT_EQ(exception.mechanism.type, "chained");
  EXPECT_EQ(exception.mechanism.handled, false);
  EXPECT_TRUE(exception.mechanism.synthetic);
  EXPECT_TRUE(exception.mechanism.is_group);
  EXPECT_EQ(exception.mechanism.exception_id, 1);
  EXPECT_EQ(exception.mechanism.parent_id, 0);
  EXPECT_EQ(exception.mechanism.source, "__cause__");
  EXPECT_EQ(exception.ns_error_code, -5);
  EXPECT_EQ(exception.ns_error_domain, "D");
}

TEST(INGEST_07_parse, urls_in_frames_become_path_and_abs_path) {
  const ReadEvent event(
      R"({"exception":{"type":"E","stacktrace":[{"filename":"https://a.example/js/app.js?v=2"},{"filename":"app.js"},)"
      R"({"abs_path":"https://a.example/b.js"},{"filename":"b.js","abs_path":"https://a.example/x/b.js"},{"filename":"https://a.example/"}]}})");
  const auto& frames = event->exceptions[0].frames;
  EXPECT_EQ(frames[0].filename, "/js/app.js");
  EXPECT_EQ(frames[0].abs_path, "https://a.example/js/app.js?v=2");
  EXPECT_EQ(frames[1].filename, "app.js");
  EXPECT_EQ(frames[1].abs_path, "app.js");
  EXPECT_EQ(frames[2].filename, "/b.js");
  EXPECT_EQ(frames[3].filename, "b.js");
  EXPECT_EQ(frames[4].filename, "https://a.example/");
}

TEST(INGEST_02_parse, of_too_many_frames_the_oldest_50_and_newest_200_are_kept) {
  const auto stack = [](int n) {
    std::string frames;
    for (int i = 0; i < n; ++i) frames += fmt::format(R"({}{{"lineno":{}}})", i > 0 ? "," : "", i + 1);
    return ReadEvent(fmt::format(R"({{"exception":{{"type":"E","stacktrace":[{}]}}}})", frames));
  };
  const auto fits = stack(250);
  EXPECT_EQ(fits->exceptions[0].frames.size(), 250U);
  EXPECT_TRUE(fits->trimmed.empty());
  const auto cut = stack(1000);
  const auto& frames = cut->exceptions[0].frames;
  ASSERT_EQ(frames.size(), 250U);
  EXPECT_EQ(frames[49].lineno, 50U);
  EXPECT_EQ(frames[50].lineno, 801U);
  EXPECT_EQ(frames[249].lineno, 1000U);
  EXPECT_TRUE(trimmed(cut.event, "exception.stacktrace.frames", "too_many"));
}

TEST(INGEST_02_parse, a_stack_of_the_event_goes_to_its_only_exception_without_one) {
  const ReadEvent one(R"({"exception":{"type":"E"},"stacktrace":[{"function":"f"}]})");
  EXPECT_EQ(one->exceptions[0].frames.size(), 1U);
  EXPECT_TRUE(one->stacktrace.empty());
  const ReadEvent two(R"({"exception":[{"type":"E"},{"type":"F"}],"stacktrace":[{"function":"f"}]})");
  EXPECT_TRUE(two->exceptions[1].frames.empty());
  EXPECT_EQ(two->stacktrace.size(), 1U);
  const ReadEvent text(R"j({"message":"x","stacktrace":"at a.B.c(B.java:7)\nat a.B.d(B.java:8)"})j");
  ASSERT_EQ(text->stacktrace.size(), 2U);
  EXPECT_EQ(text->stacktrace[1].function, "c");
}

TEST(INGEST_02_parse, threads_with_stacks_only) {
  const ReadEvent event(
      R"({"threads":{"values":[{"id":1},{"id":"a","crashed":true,"current":false,"stacktrace":{"frames":[{"function":"f"}]}}]}})");
  ASSERT_EQ(event->threads.size(), 1U);
  EXPECT_TRUE(event->threads[0].crashed);
  EXPECT_FALSE(event->threads[0].current);
}

TEST(DETAIL_06_parse, users_and_their_addresses) {
  Record record;
  record.client_ip = "203.0.113.9";
  const ReadEvent full(R"({"user":{"id":7,"email":"a@b.c","username":"ann","ip_address":"10.0.0.1"}})", record);
  EXPECT_EQ(full->user.id, "7");
  EXPECT_EQ(full->user.email, "a@b.c");
  EXPECT_EQ(full->user.username, "ann");
  EXPECT_EQ(full->user.ip_address, "10.0.0.1");
  EXPECT_EQ(ReadEvent(R"({"user":{"ip_address":"{{auto}}"}})", record)->user.ip_address, "203.0.113.9");
  EXPECT_EQ(ReadEvent(R"({"platform":"python","user":{"id":"1"}})", record)->user.ip_address, "");
  EXPECT_EQ(ReadEvent(R"({"platform":"javascript"})", record)->user.ip_address, "203.0.113.9");
  EXPECT_EQ(ReadEvent(R"({"platform":"javascript","sdk":{"settings":{"infer_ip":"never"}}})", record)->user.ip_address,
            "");
  EXPECT_EQ(ReadEvent(R"({"platform":"python","sdk":{"settings":{"infer_ip":"auto"}}})", record)->user.ip_address,
            "203.0.113.9");
  EXPECT_EQ(ReadEvent(R"({"request":{"env":{"REMOTE_ADDR":"10.1.1.1"}}})", record)->user.ip_address, "10.1.1.1");
  const ReadEvent bad(R"({"user":{"ip_address":"nowhere"}})", record);
  EXPECT_EQ(bad->user.ip_address, "");
  EXPECT_TRUE(trimmed(bad.event, "user.ip_address", "invalid"));
}

TEST(INGEST_07_parse, client_and_request) {
  Record record;
  record.client = "sentry.python/2.1";
  record.user_agent = "curl/8";
  const ReadEvent bare(R"({"message":"x"})", record);
  EXPECT_EQ(bare->sdk_name, "sentry.python");
  EXPECT_EQ(bare->sdk_version, "2.1");
  EXPECT_EQ(bare->user_agent, "curl/8");
  const ReadEvent own(
      R"({"sdk":{"name":"own","version":"1"},"request":{"url":"https://a.example/","headers":{"user-agent":"Mozilla"}},)"
      R"("contexts":{"trace":{"trace_id":"4bf92f3577b34da6a3ce929d0e0e4736"}}})",
      record);
  EXPECT_EQ(own->sdk_name, "own");
  EXPECT_EQ(own->user_agent, "Mozilla");
  EXPECT_EQ(own->request_url, "https://a.example/");
  EXPECT_EQ(own->trace_id, "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(ReadEvent(R"({"request":{"headers":[["User-Agent","Pairs"]]}})", record)->user_agent, "Pairs");
}

TEST(INGEST_07_parse, a_field_of_any_wrong_type_never_costs_the_event) {
  const char* fields[] = {"message",     "logentry",    "exception",   "stacktrace", "threads",     "tags",
                          "user",        "request",     "contexts",    "sdk",        "level",       "timestamp",
                          "release",     "dist",        "logger",      "platform",   "server_name", "site",
                          "environment", "transaction", "fingerprint", "checksum",   "breadcrumbs", "event_id"};
  const char* values[] = {"null",
                          "true",
                          "-7.5",
                          "\"text\"",
                          "[]",
                          "{}",
                          "[[]]",
                          "[{}]",
                          "{\"values\":7}",
                          "{\"values\":[1,[],{}]}",
                          "{\"frames\":{}}",
                          "[[1,2],[3]]",
                          "{\"a\":{\"b\":[null]}}",
                          "[\"a\",[\"b\"]]"};
  for (const auto* field : fields) {
    for (const auto* value : values) {
      const ReadEvent event(
          fmt::format(R"({{"extra":1,"{}":{},"sentry.interfaces.User":{{"id":"7"}}}})", field, value));
      EXPECT_EQ(event->project_id, 1U);
    }
  }
}

TEST(INGEST_02_parse, a_payload_that_is_no_object_throws) {
  EXPECT_THROW(ReadEvent("[]"), std::invalid_argument);
  EXPECT_THROW(ReadEvent("{"), std::invalid_argument);
  EXPECT_THROW(ReadEvent(""), std::invalid_argument);
}

}  // namespace
}  // namespace mesher::nodes
