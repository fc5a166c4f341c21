#include "nodes/validate.hpp"

#include <gtest/gtest.h>

namespace mesher::nodes {
namespace {

struct Case {
  const char* json;
  const char* code;
  const char* field;
};

TEST(INGEST_02_validate, a_wrong_field_is_named) {
  const Case cases[] = {
      {R"({"message":7})", "invalid_event", "message"},
      {R"({"message":["a"]})", "invalid_event", "message"},
      {R"({"message":{"formatted":1}})", "invalid_event", "message.formatted"},
      {R"({"message":"x","level":"loud"})", "invalid_event", "level"},
      {R"({"message":"x","level":7})", "invalid_event", "level"},
      {R"({"message":"x","timestamp":"yesterday"})", "invalid_event", "timestamp"},
      {R"({"message":"x","timestamp":"2024-13-01T00:00:00Z"})", "invalid_event", "timestamp"},
      {R"({"message":"x","timestamp":true})", "invalid_event", "timestamp"},
      {R"({"message":"x","timestamp":1e300})", "invalid_event", "timestamp"},
      {R"({"message":"x","tags":"a"})", "invalid_event", "tags"},
      {R"({"message":"x","tags":{"a":{}}})", "invalid_event", "tags.a"},
      {R"({"message":"x","tags":[["a","b"],["c"]]})", "invalid_event", "tags[1]"},
      {R"({"exception":{"type":"E","value":7}})", "invalid_event", "exception.value"},
      {R"({"exception":{"type":7}})", "invalid_event", "exception.type"},
      {R"({"exception":"boom"})", "invalid_event", "exception"},
      {R"({"exception":[{"type":"E"},7]})", "invalid_event", "exception[1]"},
      {R"({"exception":{"values":[{"type":"E","value":[]}]}})", "invalid_event", "exception.values[0].value"},
      {R"({"exception":{"values":7}})", "invalid_event", "exception.values"},
      {R"({"exception":{"type":"E","stacktrace":7}})", "invalid_event", "exception.stacktrace"},
      {R"({"exception":{"type":"E","stacktrace":{"frames":[{},3]}}})", "invalid_event",
       "exception.stacktrace.frames[1]"},
      {R"({"message":"x","stacktrace":{"frames":7}})", "invalid_event", "stacktrace.frames"},
      {R"({"message":"x","fingerprint":{"a":1}})", "invalid_event", "fingerprint"},
      {R"({"message":"x","fingerprint":[["a"]]})", "invalid_event", "fingerprint"},
      {R"({"message":"x","event_id":"nope"})", "invalid_event", "event_id"},
      {R"({"message":"x","event_id":7})", "invalid_event", "event_id"},
      {R"({"message":"x","user":"me"})", "invalid_event", "user"},
      {R"({"message":"x","environment":7})", "invalid_event", "environment"},
      {R"({"message":"x","extra":[]})", "invalid_event", "extra"},
      {R"({"message":"x","breadcrumbs":7})", "invalid_event", "breadcrumbs"},
      {R"({})", "invalid_event", "message"},
      {R"({"level":"error"})", "invalid_event", "message"},
      {R"({"message":""})", "invalid_event", "message"},
      {R"({"exception":{}})", "invalid_event", "message"},
      {R"([])", "invalid_event", ""},
      {R"("message")", "invalid_event", ""},
      {R"({"message":"x")", "invalid_json", ""},
      {"", "invalid_json", ""},
      {"{\"message\":\"\xff\"}", "invalid_utf8", ""},
  };
  for (const auto& c : cases) {
    const auto result = validate_event(c.json, Strictness::strict);
    ASSERT_FALSE(result) << c.json;
    EXPECT_EQ(result.error->code, c.code) << c.json;
    EXPECT_EQ(result.error->field, c.field) << c.json;
    EXPECT_FALSE(result.error->message.empty()) << c.json;
  }
}

TEST(INGEST_02_validate, all_documented_forms_are_taken) {
  for (const std::string_view json : {R"({"message":"x"})",
                                      R"({"message":{"formatted":"x","params":[1]}})",
                                      R"({"logentry":{"message":"x"}})",
                                      R"({"exception":{"type":"E","value":"v"}})",
                                      R"({"exception":{"type":"E"}})",
                                      R"({"exception":{"type":"E","stacktrace":[{"function":"f","lineno":3}]}})",
                                      R"({"exception":{"type":"E","stacktrace":{"frames":[{"function":"f"}]}}})",
                                      R"j({"exception":{"type":"E","stacktrace":"at a.b(C.java:1)"}})j",
                                      R"({"exception":[{"type":"E"}]})",
                                      R"({"exception":{"values":[{"type":"E"},null]}})",
                                      R"({"message":"x","tags":{"a":"b","n":1,"t":true,"z":null}})",
                                      R"({"message":"x","tags":[["a","b"],["n",1]]})",
                                      R"({"message":"x","fingerprint":"a"})",
                                      R"({"message":"x","fingerprint":["a",1,true]})",
                                      R"({"message":"x","timestamp":1717243200})",
                                      R"({"message":"x","timestamp":1717243200.5})",
                                      R"({"message":"x","timestamp":"2024-06-01T12:00:00.123456789+02:00"})",
                                      R"({"message":"x","level":"fatal"})",
                                      R"({"message":"x","level":40})",
                                      R"({"message":"x","level":null,"user":null})",
                                      R"({"message":"x","breadcrumbs":[]})",
                                      R"({"message":"x","breadcrumbs":{"values":[]}})",
                                      R"({"message":"x","anything":{"else":[1,2]}})"}) {
    const auto result = validate_event(json, Strictness::strict);
    EXPECT_TRUE(result) << json << ": " << (result ? "" : result.error->message);
  }
}

TEST(INGEST_02_validate, size_and_depth_are_bounded) {
  const std::string fits = R"({"message":")" + std::string(kMaxEventBytes - 14, 'a') + R"("})";
  ASSERT_EQ(fits.size(), kMaxEventBytes);
  EXPECT_TRUE(validate_event(fits, Strictness::strict));
  const auto large = validate_event(fits + " ", Strictness::lenient);
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error->code, "too_large");
  const auto deep = validate_event(R"({"message":"x","extra":{"a":)" + std::string(100'000, '['), Strictness::lenient);
  ASSERT_FALSE(deep);
  EXPECT_EQ(deep.error->code, "too_deep");
}

TEST(INGEST_02_validate, the_id_is_the_payloads_or_a_new_one) {
  const auto with =
      validate_event(R"({"event_id":"01234567-89AB-cdef-0123-456789abcdef","message":"x"})", Strictness::strict);
  ASSERT_TRUE(with);
  EXPECT_TRUE(with.event.had_id);
  EXPECT_EQ(with.event.id.hex(), "0123456789abcdef0123456789abcdef");
  const auto one = validate_event(R"({"message":"x"})", Strictness::strict);
  const auto two = validate_event(R"({"message":"x","event_id":null})", Strictness::strict);
  ASSERT_TRUE(one && two);
  EXPECT_FALSE(one.event.had_id);
  EXPECT_NE(one.event.id, two.event.id);
}

TEST(INGEST_07_validate, sentry_endpoints_refuse_only_broken_json) {
  for (const std::string_view json :
       {R"({})", R"({"message":7})", R"({"exception":"boom","tags":7,"level":[],"timestamp":{},"event_id":"nope"})",
        R"({"type":"transaction","spans":[]})"}) {
    EXPECT_TRUE(validate_event(json, Strictness::lenient)) << json;
  }
  EXPECT_FALSE(validate_event(R"({"message":)", Strictness::lenient));
  EXPECT_FALSE(validate_event(R"([1])", Strictness::lenient));
  EXPECT_EQ(validate_event(R"({"type":"transaction"})", Strictness::lenient).event.type, "transaction");
}

TEST(INGEST_07_validate, bare_nan_is_rewritten_for_sentry_clients_only) {
  const std::string_view json = R"({"message":"x","extra":{"ratio":NaN}})";
  EXPECT_FALSE(validate_event(json, Strictness::strict));
  const auto result = validate_event(json, Strictness::lenient);
  ASSERT_TRUE(result);
  EXPECT_EQ(result.event.rewritten, R"({"message":"x","extra":{"ratio":null}})");
  EXPECT_TRUE(validate_event(R"({"message":"NaN"})", Strictness::lenient).event.rewritten.empty());
}

}  // namespace
}  // namespace mesher::nodes
