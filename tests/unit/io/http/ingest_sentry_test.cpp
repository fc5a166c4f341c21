#include "nodes/time_text.hpp"
#include "tests/unit/io/http/compress.hpp"
#include "tests/unit/io/http/ingest_fixture.hpp"

namespace mesher::http {
namespace {

using namespace testing;  // NOLINT: fixture and compressors
using Strings = std::vector<std::string>;

class IngestSentryTest : public IngestFixture {};

constexpr const char* kId = "9ec79c33ec9942ab8353589fcb2e04dc";
constexpr const char* kEvent = "{\"type\":\"event\"}\n{\"message\":\"m\"}";

std::string with_id(std::string_view items) {
  return std::string(R"({"event_id":")") + kId + "\"}\n" + std::string(items);
}

TEST_F(IngestSentryTest, INGEST_07_an_envelopes_event_is_stored_under_the_headers_id) {
  const auto answer =
      envelope(with_id("{\"type\":\"event\"}\n{\"message\":\"m\",\"event_id\":\"" + std::string(32, 'a') + "\"}"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, std::string(R"({"id":")") + kId + "\"}");
  ASSERT_EQ(journal_.records().size(), 1U);
  EXPECT_EQ(journal_.records()[0].event_id.hex(), kId);
}

TEST_F(IngestSentryTest, INGEST_07_ids_dashed_upper_or_only_in_the_payload) {
  EXPECT_EQ(json(envelope("{\"event_id\":\"9EC79C33-EC99-42AB-8353-589FCB2E04DC\"}\n" + std::string(kEvent)))["id"],
            kId);
  EXPECT_EQ(json(envelope(std::string("{}\n{\"type\":\"event\"}\n{\"event_id\":\"") + kId + "\"}"))["id"], kId);
  const auto made = json(envelope("{}\n" + std::string(kEvent)));
  EXPECT_EQ(made["id"], journal_.records().back().event_id.hex());
  EXPECT_EQ(envelope("{\"event_id\":\"short\"}\n" + std::string(kEvent)).status, 400);
}

TEST_F(IngestSentryTest, INGEST_07_an_empty_envelope_is_200) {
  EXPECT_EQ(envelope("{}").body, "{}");
  EXPECT_EQ(envelope("{}").status, 200);
  EXPECT_EQ(envelope(with_id("")).body, std::string(R"({"id":")") + kId + "\"}");
  EXPECT_TRUE(journal_.records().empty());
}

TEST_F(IngestSentryTest, INGEST_07_every_item_is_stored_or_counted) {
  std::string items = kEvent;
  for (const auto* type : {"transaction", "session", "attachment", "replay_event", "profile", "check_in", "nonsense"}) {
    items += std::string("\n{\"type\":\"") + type + "\"}\n{\"some\":\"thing\"}";
  }
  items += "\n{\"type\":\"log\",\"item_count\":3,\"content_type\":\"x\"}\n{\"items\":[1,2,3]}";
  const auto answer = envelope(with_id(items));
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(header(answer, "X-Sentry-Rate-Limits").starts_with("3600:transaction;span;"));
  EXPECT_TRUE(header(answer, "X-Sentry-Rate-Limits").ends_with(":organization:not_supported"));
  EXPECT_EQ(journal_.records().size(), 1U);
  EXPECT_EQ(flushed_outcomes(),
            (Strings{"discarded/not_supported/attachment=16", "discarded/not_supported/attachment_item=1",
                     "discarded/not_supported/log_byte=17", "discarded/not_supported/log_item=3",
                     "discarded/not_supported/monitor=1", "discarded/not_supported/profile=1",
                     "discarded/not_supported/replay=1", "discarded/not_supported/session=1",
                     "discarded/not_supported/transaction=1", "invalid/unknown_item_type/default=1"}));
}

TEST_F(IngestSentryTest, INGEST_07_without_unsupported_items_there_is_no_limit_header) {
  EXPECT_EQ(header(envelope(with_id(kEvent)), "X-Sentry-Rate-Limits"), "");
}

TEST_F(IngestSentryTest, INGEST_07_good_events_beside_bad_ones_are_stored) {
  const auto answer = envelope("{}\n{\"type\":\"event\"}\nnot json\n" + std::string(kEvent) + "\n" + kEvent);
  EXPECT_EQ(answer.status, 200);
  ASSERT_EQ(journal_.records().size(), 2U);
  EXPECT_NE(journal_.records()[0].event_id, journal_.records()[1].event_id);
  EXPECT_EQ(flushed_outcomes(), Strings{"invalid/invalid_json/error=1"});
}

TEST_F(IngestSentryTest, INGEST_07_bad_envelopes_and_events) {
  const struct {
    std::string body;
    int status;
  } cases[] = {{"", 400},
               {"not an envelope", 400},
               {"{}\n{\"type\":\"event\",\"length\":100}\n{}", 400},
               {"{}\n{\"type\":\"event\"}\nnot json", 400},
               {"{}\n{\"type\":\"event\"}\n[]", 400},
               {"{}\n{\"type\":\"event\"}\n{\"message\":\"" + std::string(1'100'000, 'x') + "\"}", 413}};
  for (const auto& c : cases) {
    const auto answer = envelope(c.body);
    EXPECT_EQ(answer.status, c.status) << c.body.substr(0, 60);
    EXPECT_FALSE(json(answer)["detail"].get<std::string>().empty());
    EXPECT_NE(header(answer, "X-Sentry-Error"), "");
  }
  EXPECT_TRUE(journal_.records().empty());
  EXPECT_EQ(flushed_outcomes(), (Strings{"invalid/invalid_envelope/error=3", "invalid/invalid_event/error=1",
                                         "invalid/invalid_json/error=1", "invalid/too_large/error=1"}));
}

TEST_F(IngestSentryTest, INGEST_07_the_dsn_in_the_header_authenticates_or_must_agree) {
  const auto dsn = [](const std::string& key, int project) {
    return "{\"dsn\":\"http://" + key + "@localhost/" + std::to_string(project) + "\"}\n" + kEvent;
  };
  const auto bare = [&](const std::string& body, const std::string& path = "/api/42/envelope/") {
    return send("POST", path, body).status;
  };
  EXPECT_EQ(bare(dsn(kKey, 42)), 200);
  EXPECT_EQ(bare(dsn(kKey, 43)), 403);
  EXPECT_EQ(bare(dsn(std::string(32, '0'), 42)), 403);
  EXPECT_EQ(bare(dsn("short", 42)), 400);
  EXPECT_EQ(bare("{\"dsn\":\"nonsense\"}\n"), 400);
  EXPECT_EQ(bare("{}\n" + std::string(kEvent)), 401);
  EXPECT_EQ(envelope(dsn(kKey, 42)).status, 200);
  EXPECT_EQ(envelope(dsn(kKey, 43)).status, 400);
  EXPECT_EQ(envelope(dsn(kDisabledKey, 42)).status, 400);
  EXPECT_EQ(journal_.records().size(), 2U);
}

TEST_F(IngestSentryTest, INGEST_07_paths) {
  const std::string query = "sentry_key=" + kKey;
  const auto status = [&](const std::string& path) { return send("POST", path, "{}", {}, query).status; };
  EXPECT_EQ(status("/api/42/envelope/"), 200);
  EXPECT_EQ(status("/api/42/envelope"), 200);
  EXPECT_EQ(status("/behind/a/proxy/api/42/envelope/"), 200);
  EXPECT_EQ(status("/api/43/envelope/"), 403);
  EXPECT_EQ(status("/api/shop/envelope/"), 400);
  EXPECT_EQ(status("/api/99999999999999/envelope/"), 400);
  EXPECT_EQ(status("/api/42/nothing/"), 404);
  EXPECT_EQ(send("GET", "/api/42/envelope/", "", {}, query).status, 405);
  EXPECT_EQ(send("GET", "/api/relay/healthcheck/live/", "").status, 200);
  EXPECT_EQ(send("GET", "/api/relay/healthcheck/ready/", "").status, 200);
}

TEST_F(IngestSentryTest, INGEST_07_content_type_does_not_matter_to_envelopes) {
  for (const auto* type : {"application/x-sentry-envelope", "text/plain;charset=UTF-8", "application/json", ""}) {
    EXPECT_EQ(envelope(with_id(kEvent), {{"content-type", type}}).status, 200);
  }
  EXPECT_EQ(envelope(gzipped(with_id(kEvent)), {{"content-encoding", "gzip"}}).status, 200);
  EXPECT_EQ(journal_.records().size(), 5U);
}

TEST_F(IngestSentryTest, INGEST_07_bare_nan_is_tolerated) {
  EXPECT_EQ(store(R"({"message":"m","extra":{"ratio":NaN,"limit":-Infinity}})").status, 200);
  EXPECT_EQ(journal_.records()[0].body, R"({"message":"m","extra":{"ratio":null,"limit":null}})");
}

TEST_F(IngestSentryTest, INGEST_07_store_bodies) {
  const std::string event = R"({"message":"old client"})";
  // base64 of `event`, and of its zlib form with spaces and line breaks as old clients send it.
  const std::string plain = "eyJtZXNzYWdlIjoib2xkIGNsaWVudCJ9";
  const auto zlib = [&] {
    static constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    std::uint32_t bits = 0;
    int have = 0;
    for (const char c : deflated(event, 15)) {
      bits = bits << 8 | static_cast<std::uint8_t>(c);
      have += 8;
      while (have >= 6) out += kAlphabet[bits >> (have -= 6) & 63];
    }
    if (have > 0) out += kAlphabet[bits << (6 - have) & 63];
    while (out.size() % 4 != 0) out += '=';
    return out;
  }();
  for (const auto& body : {event, "  " + event + "\n", plain, zlib, zlib.substr(0, 20) + "\r\n" + zlib.substr(20)}) {
    const auto answer = store(body);
    EXPECT_EQ(answer.status, 200) << body;
    EXPECT_EQ(json(answer)["id"], journal_.records().back().event_id.hex());
    EXPECT_EQ(journal_.records().back().body, event);
  }
  EXPECT_EQ(store(gzipped(event), {{"content-encoding", "gzip"}}).status, 200);
  EXPECT_EQ(store("{}\n" + std::string(kEvent), {{"content-type", "application/x-sentry-envelope"}}).status, 200);
  EXPECT_EQ(send("POST", "/api/store/", event, {{"x-sentry-auth", "Sentry sentry_key=" + kKey}}).status, 200);
  EXPECT_EQ(store("").status, 400);
  EXPECT_EQ(store("!!!").status, 400);
  EXPECT_EQ(store("aGVsbG8=").status, 400);
  EXPECT_EQ(store("{\"message\":").status, 400);
  EXPECT_EQ(send("POST", "/api/42/store/", event).status, 401);
}

TEST_F(IngestSentryTest, INGEST_07_a_transaction_by_store_is_dropped_and_counted) {
  const auto answer = store(R"({"type":"transaction","transaction":"/"})");
  EXPECT_EQ(answer.status, 200);
  EXPECT_NE(header(answer, "X-Sentry-Rate-Limits"), "");
  EXPECT_EQ(flushed_outcomes(), Strings{"discarded/not_supported/transaction=1"});
}

TEST_F(IngestSentryTest, INGEST_07_a_clock_that_is_off_is_noted) {
  const auto hour = std::int64_t{3600} * 1'000'000;
  const auto sent_at = [&](UnixMicros time) {
    envelope("{\"sent_at\":\"" + nodes::rfc3339_millis(time) + "\"}\n" + std::string(kEvent));
    return journal_.records().back().sent_drift;
  };
  EXPECT_EQ(sent_at(clock_.now() - hour), hour);
  EXPECT_EQ(sent_at(clock_.now() + hour), -hour);
  EXPECT_EQ(sent_at(clock_.now() - 5'000'000), 0);
  envelope("{\"sent_at\":\"yesterday\"}\n" + std::string(kEvent));
  EXPECT_EQ(journal_.records().back().sent_drift, 0);
}

TEST_F(IngestSentryTest, INGEST_04_rate_limited_events) {
  publish(1, 0);
  EXPECT_EQ(envelope(with_id(kEvent)).status, 200);
  const auto answer = envelope(with_id(kEvent));
  EXPECT_EQ(answer.status, 429);
  EXPECT_EQ(header(answer, "Retry-After"), "61");
  EXPECT_EQ(header(answer, "X-Sentry-Rate-Limits"), "61:default;error;security:key:key_quota");
  EXPECT_EQ(header(answer, "Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(store(R"({"message":"m"})").status, 429);
  // A client report is never limited, and is not lost with the event beside it.
  const auto both = envelope("{}\n" + std::string(kEvent) +
                             "\n{\"type\":\"client_report\"}\n{\"discarded_events\":[{\"reason\":\"sample_rate\","
                             "\"category\":\"error\",\"quantity\":4}]}");
  EXPECT_EQ(both.status, 429);
  EXPECT_EQ(journal_.outcomes(), Strings{"client_discard/sample_rate/error=4"});
  EXPECT_EQ(flushed_outcomes().back(), "rate_limited/rate_limited/error=3");
}

TEST_F(IngestSentryTest, INGEST_08_client_reports_are_durable_before_the_200) {
  const std::string report =
      "{}\n{\"type\":\"client_report\"}\n{\"timestamp\":" + std::to_string(clock_.now() / 1'000'000 - 60) +
      R"(,"discarded_events":[{"reason":"queue_overflow","category":"error","quantity":2},)"
      R"({"reason":"before_send","category":"transaction","quantity":1},{"reason":"x","quantity":-5}],)"
      R"("rate_limited_events":[{"reason":"quota","category":"error","quantity":9}]})";
  journal_.hold();
  EXPECT_EQ(envelope(report).status, 0);
  journal_.let_go();
  EXPECT_EQ(last_->status, 200);
  EXPECT_EQ(journal_.outcomes(), (Strings{"client_discard/queue_overflow/error=2",
                                          "client_discard/before_send/transaction=1", "rate_limited/quota/error=9"}));
  journal_.refuse_with(Error{ErrorCode::exhausted, "full", {}});
  EXPECT_EQ(envelope(report).status, 503);
}

TEST_F(IngestSentryTest, INGEST_08_bad_client_reports_and_endless_vocabularies_are_bounded) {
  EXPECT_EQ(envelope("{}\n{\"type\":\"client_report\"}\nnot json").status, 200);
  EXPECT_EQ(flushed_outcomes(), Strings{"invalid/client_report/internal=1"});
  for (int i = 0; i < 500; ++i) {
    envelope("{}\n{\"type\":\"client_report\"}\n{\"discarded_events\":[{\"reason\":\"r" + std::to_string(i) +
             "\",\"category\":\"error\",\"quantity\":1}]}");
  }
  EXPECT_EQ(journal_.outcomes().back(), "client_discard/other/error=1");
}

TEST_F(IngestSentryTest, endpoints_of_what_is_not_kept) {
  const std::string query = "sentry_key=" + kKey;
  EXPECT_EQ(send("POST", "/api/42/security/", "{}", {}, query).status, 200);
  EXPECT_EQ(send("POST", "/api/42/nel/", "{}", {}, query).status, 200);
  EXPECT_EQ(send("GET", "/api/42/cron/nightly", "", {}, query).status, 200);
  EXPECT_EQ(send("POST", "/api/42/security/", "{}").status, 401);
  EXPECT_EQ(flushed_outcomes(), (Strings{"discarded/not_supported/monitor=1", "discarded/not_supported/security=2"}));
}

}  // namespace
}  // namespace mesher::http
