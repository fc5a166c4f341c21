#include "io/http/envelope.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "io/http/envelope_items.hpp"

namespace mesher::http {
namespace {

using Items = std::vector<std::pair<std::string, std::string>>;

Items items_of(std::string_view bytes) {
  const auto envelope = parse_envelope(bytes);
  EXPECT_TRUE(envelope) << (envelope ? "" : envelope.error().message);
  Items out;
  if (envelope) {
    for (const auto& item : envelope->items) out.emplace_back(item.type, item.payload);
  }
  return out;
}

TEST(INGEST_07_envelope, as_javascript_sends_it_without_lengths_and_last_line_feed) {
  const auto envelope = parse_envelope(
      "{\"event_id\":\"9ec79c33ec9942ab8353589fcb2e04dc\",\"sent_at\":\"2026-01-31T12:00:00.000Z\","
      "\"sdk\":{\"name\":\"sentry.javascript.browser\",\"version\":\"10.1.0\"},\"trace\":{\"public_key\":\"x\"}}\n"
      "{\"type\":\"event\"}\n{\"message\":\"a\"}\n{\"type\":\"client_report\"}\n{}");
  ASSERT_TRUE(envelope);
  EXPECT_EQ(envelope->event_id, "9ec79c33ec9942ab8353589fcb2e04dc");
  EXPECT_EQ(envelope->sent_at, "2026-01-31T12:00:00.000Z");
  EXPECT_EQ(envelope->sdk, "sentry.javascript.browser/10.1.0");
  ASSERT_EQ(envelope->items.size(), 2U);
  EXPECT_EQ(envelope->items[0].payload, "{\"message\":\"a\"}");
  EXPECT_EQ(envelope->items[1].type, "client_report");
  EXPECT_EQ(envelope->items[1].payload, "{}");
}

TEST(INGEST_07_envelope, payload_forms) {
  const struct {
    std::string_view bytes;
    Items items;
  } cases[] = {
      {"{}", {}},
      {"{}\n", {}},
      {"{}\n\n\n", {}},
      {"{}\n{\"type\":\"a\"}", {{"a", ""}}},
      {"{}\n{\"type\":\"a\"}\n", {{"a", ""}}},
      {"{}\n{\"type\":\"a\"}\n\n{\"type\":\"b\"}\nx\n", {{"a", ""}, {"b", "x"}}},
      {"{}\n{\"type\":\"a\",\"length\":0}\n\n{\"type\":\"b\"}\nx", {{"a", ""}, {"b", "x"}}},
      {"{}\n{\"type\":\"a\",\"length\":0}\n", {{"a", ""}}},
      {"{}\n{\"type\":\"a\",\"length\":5}\n1\n2\n3\n{\"type\":\"b\"}\nx", {{"a", "1\n2\n3"}, {"b", "x"}}},
      {"{}\n{\"type\":\"a\",\"length\":3}\nabc", {{"a", "abc"}}},
      {"{}\n{\"type\":\"a\",\"length\":3}\nabc\n\n \n", {{"a", "abc"}}},
      {"{}\n\n{\"type\":\"a\"}\nabc\n\n\n{\"type\":\"b\",\"x\":[1,{\"y\":null}]}\nz\n", {{"a", "abc"}, {"b", "z"}}},
      {"{}\r\n{\"type\":\"a\"}\r\nabc\r\n", {{"a", "abc\r"}}},
      {"{}\n{\"type\":\"a\",\"length\":null}\nabc\n", {{"a", "abc"}}},
      {"{}\n{\"type\":\"\xc3\xa9v\\u00e9\"}\nx", {{"\xc3\xa9v\xc3\xa9", "x"}}},
  };
  for (const auto& c : cases) EXPECT_EQ(items_of(c.bytes), c.items) << c.bytes;
}

TEST(INGEST_07_envelope, malformed) {
  for (const auto* bytes :
       {"", "\n", "[]\n", "\"x\"", "{\n", "{}{}\n", "no\n{\"type\":\"event\"}\n{}", "{}\n[]\n", "{}\n{}\n{}", "{}\nx",
        "{}\n{\"type\":1}\n{}", "{}\n{\"type\":\"a\",\"length\":4}\nabc", "{}\n{\"type\":\"a\",\"length\":2}\nabc",
        "{}\n{\"type\":\"a\",\"length\":-1}\nabc", "{}\n{\"type\":\"a\",\"length\":\"3\"}\nabc",
        "{}\n{\"type\":\"a\",\"length\":1e2}\nabc", "{}\n{\"type\":\"a\",\"length\":99999999999999999999}\nabc",
        "{\"x\":\"\xff\"}\n", "{}\n{\"type\":\"\xff\"}\nx"}) {
    const auto envelope = parse_envelope(bytes);
    ASSERT_FALSE(envelope) << bytes;
    EXPECT_EQ(envelope.error().code, ErrorCode::invalid);
    EXPECT_TRUE(envelope.error().message.starts_with("invalid envelope: ")) << envelope.error().message;
  }
  EXPECT_EQ(parse_envelope("{}\n{\"type\":\"a\"}\nx\n{\"type\":7}\n").error().message,
            "invalid envelope: an item has no type (item 1)");
}

TEST(INGEST_07_envelope, at_most_a_thousand_items) {
  std::string bytes = "{}";
  for (int i = 0; i < 1000; ++i) bytes += "\n{\"type\":\"a\"}\nx";
  EXPECT_EQ(items_of(bytes).size(), 1000U);
  EXPECT_FALSE(parse_envelope(bytes + "\n{\"type\":\"a\"}\nx"));
}

TEST(INGEST_07_envelope, cut_off_anywhere_it_is_read_or_refused) {
  const std::string whole =
      "{\"event_id\":\"9ec79c33ec9942ab8353589fcb2e04dc\"}\n{\"type\":\"event\",\"length\":15}\n{\"message\":\"a\"}\n"
      "{\"type\":\"attachment\",\"length\":3,\"filename\":\"a.txt\"}\n\n\n\n\n{\"type\":\"session\"}\n{}\n";
  EXPECT_EQ(items_of(whole), (Items{{"event", "{\"message\":\"a\"}"}, {"attachment", "\n\n\n"}, {"session", "{}"}}));
  for (std::size_t n = 0; n < whole.size(); ++n) {
    const auto cut = parse_envelope(std::string_view(whole).substr(0, n));
    if (!cut) continue;
    for (const auto& item : cut->items) EXPECT_LE(item.payload.size(), n);
  }
}

TEST(INGEST_07_envelope, every_item_type_has_a_category) {
  for (const auto* type :
       {"transaction", "span", "profile", "profile_chunk", "replay_event", "replay_recording", "session", "sessions",
        "check_in", "log", "otel_log", "trace_metric", "statsd", "metric_buckets"}) {
    EnvelopeItem item;
    item.type = type;
    const auto rule = rule_of(item);
    EXPECT_EQ(rule.kind, ItemKind::dropped) << type;
    EXPECT_TRUE(rule.limited) << type;
    EXPECT_NE(kNotSupportedLimits.find(rule.category), std::string_view::npos) << type;
  }
  EnvelopeItem attachment;
  attachment.type = "attachment";
  attachment.payload = "12345";
  EXPECT_FALSE(rule_of(attachment).limited);
  ASSERT_EQ(quantities_of(attachment).size(), 2U);
  EXPECT_EQ(quantities_of(attachment)[0].quantity, 5);
  EnvelopeItem logs;
  logs.type = "log";
  logs.item_count = 7;
  EXPECT_EQ(quantities_of(logs)[0].quantity, 7);
  EnvelopeItem future;
  future.type = "something_new";
  EXPECT_EQ(rule_of(future).kind, ItemKind::unknown);
}

}  // namespace
}  // namespace mesher::http
