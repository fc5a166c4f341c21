#include <algorithm>

#include "tests/unit/io/http/compress.hpp"
#include "tests/unit/io/http/ingest_fixture.hpp"

namespace mesher::http {
namespace {

using namespace testing;  // NOLINT: fixture and compressors

class IngestNativeTest : public IngestFixture {};

using Strings = std::vector<std::string>;

TEST_F(IngestNativeTest, INGEST_01_an_event_becomes_a_record) {
  const auto answer = post(R"({"message":"boom","level":"warning"})", {{"user-agent", "curl/8"}});
  EXPECT_EQ(answer.status, 202);
  const auto records = journal_.records();
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(json(answer), (nlohmann::json{{"id", records[0].event_id.hex()}}));
  EXPECT_EQ(records[0].project_id, kProject);
  EXPECT_EQ(records[0].key_id, 7U);
  EXPECT_EQ(records[0].received, clock_.now());
  EXPECT_EQ(records[0].client_ip, "192.0.2.7");
  EXPECT_EQ(records[0].user_agent, "curl/8");
  EXPECT_EQ(records[0].body, R"({"message":"boom","level":"warning"})");
}

TEST_F(IngestNativeTest, INGEST_01_the_events_own_id_is_kept) {
  const auto answer = post(R"({"message":"m","event_id":"9EC79C33-EC99-42AB-8353-589FCB2E04DC"})");
  EXPECT_EQ(json(answer)["id"], "9ec79c33ec9942ab8353589fcb2e04dc");
}

TEST_F(IngestNativeTest, INGEST_01_who_has_no_good_key_stores_nothing) {
  const struct {
    Headers headers;
    int status;
    std::string code;
  } cases[] = {{{}, 401, "missing_key"},
               {{{"x-mesher-auth", "zzz"}}, 400, "invalid_key"},
               {{{"x-mesher-auth", std::string(32, '0')}}, 403, "unknown_key"},
               {{{"x-mesher-auth", kDisabledKey}}, 403, "disabled_key"}};
  for (const auto& c : cases) {
    const auto answer = send("POST", "/api/v1/events", R"({"message":"m"})", c.headers);
    EXPECT_EQ(answer.status, c.status);
    EXPECT_EQ(json(answer)["error"]["code"], c.code);
    EXPECT_EQ(header(answer, "Access-Control-Allow-Origin"), "*");
  }
  EXPECT_TRUE(journal_.records().empty());
  EXPECT_EQ(flushed_outcomes(), Strings{"invalid/disabled_key/error=1"});
}

TEST_F(IngestNativeTest, INGEST_02_bad_events_name_the_field_and_are_counted) {
  const struct {
    std::string body, code, field;
    int status;
  } cases[] = {{"", "invalid_json", "", 400},
               {"nonsense", "invalid_json", "", 400},
               {R"({"message":7})", "invalid_event", "message", 400},
               {R"({"message":"m","type":"transaction"})", "invalid_event", "type", 400},
               {"{\"message\":\"\xff\"}", "invalid_utf8", "", 400},
               {R"({"message":"m","extra":")" + std::string(1'100'000, 'x') + "\"}", "too_large", "", 413}};
  for (const auto& c : cases) {
    const auto answer = post(c.body);
    EXPECT_EQ(answer.status, c.status) << c.body.substr(0, 50);
    const auto error = json(answer)["error"];
    EXPECT_EQ(error["code"], c.code);
    EXPECT_FALSE(error["message"].get<std::string>().empty());
    EXPECT_EQ(error.value("field", ""), c.field);
  }
  EXPECT_TRUE(journal_.records().empty());
  EXPECT_EQ(flushed_outcomes(), (Strings{"invalid/invalid_event/error=2", "invalid/invalid_json/error=2",
                                         "invalid/invalid_utf8/error=1", "invalid/too_large/error=1"}));
}

TEST_F(IngestNativeTest, INGEST_03_bulk_keeps_the_good_and_names_the_bad) {
  const auto answer = bulk(
      R"([{"message":"a"},{"message":7},{"message":"c","event_id":"9ec79c33ec9942ab8353589fcb2e04dc"},[],{"x":1}])");
  EXPECT_EQ(answer.status, 202);
  const auto body = json(answer);
  EXPECT_EQ(body["accepted"], 2);
  EXPECT_EQ(body["ids"].size(), 2U);
  EXPECT_EQ(body["ids"][1], "9ec79c33ec9942ab8353589fcb2e04dc");
  ASSERT_EQ(body["rejected"].size(), 3U);
  EXPECT_EQ(body["rejected"][0]["index"], 1);
  EXPECT_EQ(body["rejected"][0]["field"], "message");
  EXPECT_EQ(body["rejected"][1]["index"], 3);
  EXPECT_EQ(body["rejected"][2]["code"], "invalid_event");
  EXPECT_EQ(journal_.records().size(), 2U);
  EXPECT_EQ(flushed_outcomes(), Strings{"invalid/invalid_event/error=3"});
}

TEST_F(IngestNativeTest, INGEST_03_ndjson) {
  const auto answer = bulk("{\"message\":\"a\"}\n\ngarbage\n{\"message\":\"b\"}",
                           {{"content-type", "application/x-ndjson; charset=utf-8"}});
  EXPECT_EQ(answer.status, 202);
  EXPECT_EQ(json(answer)["accepted"], 2);
  EXPECT_EQ(json(answer)["rejected"][0]["index"], 1);
}

TEST_F(IngestNativeTest, INGEST_03_only_a_body_of_which_nothing_can_be_read_is_400) {
  for (const auto* body : {"", "  ", "nothing at all", "{", "[", "[nope"}) {
    const auto answer = bulk(body);
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_EQ(json(answer)["error"]["code"], "invalid_json") << body;
  }
  EXPECT_EQ(bulk("[]").status, 202);
  EXPECT_EQ(bulk("[1]").status, 202);
  EXPECT_EQ(bulk(R"([{"message":"cut off"},{"mess)").status, 202);
}

TEST_F(IngestNativeTest, INGEST_03_a_flood_of_bad_elements_has_a_bounded_answer) {
  std::string body = "[";
  for (int i = 0; i < 200'000; ++i) body += "1,";
  body += R"({"message":"never read"}])";
  const auto answer = bulk(body);
  EXPECT_EQ(answer.status, 202);
  const auto parsed = json(answer);
  EXPECT_EQ(parsed["rejected"].size(), 1000U);
  EXPECT_EQ(parsed["rejected_count"], 10'001);
  EXPECT_LT(answer.body.size(), 200'000U);
}

TEST_F(IngestNativeTest, INGEST_04_over_the_limit_is_429_and_counted) {
  publish(3, 0);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(post(R"({"message":"m"})").status, 202);
  const auto answer = post(R"({"message":"m"})");
  EXPECT_EQ(answer.status, 429);
  EXPECT_EQ(json(answer)["error"]["code"], "rate_limited");
  EXPECT_EQ(header(answer, "Retry-After"), "61");
  EXPECT_EQ(header(answer, "X-Sentry-Rate-Limits"), "61:default;error;security:key:key_quota");
  EXPECT_EQ(flushed_outcomes(), Strings{"rate_limited/rate_limited/error=1"});
  clock_.advance(std::chrono::seconds(61));
  EXPECT_EQ(post(R"({"message":"m"})").status, 202);
}

TEST_F(IngestNativeTest, INGEST_04_bad_events_use_up_no_limit) {
  publish(0, 1);
  EXPECT_EQ(post("nonsense").status, 400);
  EXPECT_EQ(post(R"({"message":"m"})").status, 202);
  EXPECT_EQ(post("nonsense").status, 429);
}

TEST_F(IngestNativeTest, INGEST_04_a_bulk_is_taken_as_far_as_the_limit_goes) {
  publish(0, 3);
  const auto answer = bulk(R"([{"message":"0"},1,{"message":"2"},{"message":"3"},{"message":"4"},{"message":"5"}])");
  EXPECT_EQ(answer.status, 202);
  const auto body = json(answer);
  EXPECT_EQ(body["accepted"], 3);
  ASSERT_EQ(body["rejected"].size(), 3U);
  EXPECT_EQ(body["rejected"][0]["index"], 1);
  EXPECT_EQ(body["rejected"][1]["index"], 4);
  EXPECT_EQ(body["rejected"][2]["code"], "rate_limited");
  EXPECT_EQ(header(answer, "Retry-After"), "61");
  EXPECT_EQ(journal_.records().size(), 3U);
  EXPECT_EQ(bulk(R"([{"message":"x"}])").status, 429);
  EXPECT_EQ(flushed_outcomes(), (Strings{"invalid/invalid_event/error=1", "rate_limited/rate_limited/error=3"}));
}

TEST_F(IngestNativeTest, INGEST_06_202_only_after_the_journal_has_it) {
  journal_.hold();
  EXPECT_EQ(post(R"({"message":"m"})").status, 0);
  const auto single = last_;
  EXPECT_EQ(bulk(R"([{"message":"m"}])").status, 0);
  EXPECT_EQ(journal_.waiting(), 2U);
  journal_.let_go();
  EXPECT_EQ(single->status, 202);
  EXPECT_EQ(last_->status, 202);
}

TEST_F(IngestNativeTest, INGEST_06_a_full_or_broken_journal_is_503_with_retry_after) {
  for (const auto code : {ErrorCode::exhausted, ErrorCode::unavailable}) {
    journal_.refuse_with(Error{code, "journal quota reached", {}});
    for (const auto& answer : {post(R"({"message":"m"})"), bulk(R"([{"message":"m"}])")}) {
      EXPECT_EQ(answer.status, 503);
      EXPECT_EQ(json(answer)["error"]["message"], "journal quota reached");
      EXPECT_EQ(header(answer, "Retry-After"), "10");
      EXPECT_EQ(header(answer, "Access-Control-Allow-Origin"), "*");
    }
    EXPECT_EQ(envelope("{}\n{\"type\":\"event\"}\n{\"message\":\"m\"}").status, 503);
  }
  EXPECT_FALSE(ingest_->flush(std::chrono::milliseconds(10)));
  journal_.refuse_with(std::nullopt);
  EXPECT_EQ(post(R"({"message":"m"})").status, 202);
  EXPECT_EQ(flushed_outcomes(), (Strings{"rate_limited/journal_full/error=3", "rate_limited/unavailable/error=3"}));
}

TEST_F(IngestNativeTest, INGEST_07_encodings_and_bombs) {
  const std::string event = R"({"message":"compressed"})";
  EXPECT_EQ(post(gzipped(event), {{"content-encoding", "gzip"}}).status, 202);
  EXPECT_EQ(post(deflated(event, 15), {{"content-encoding", "deflate"}}).status, 202);
  EXPECT_EQ(post(brotlied(event), {{"content-encoding", "br"}}).status, 202);
  EXPECT_EQ(post(zstded(event), {{"content-encoding", "zstd"}}).status, 202);
  for (const auto& record : journal_.records()) EXPECT_EQ(record.body, event);
  EXPECT_EQ(post(gzipped(std::string(100'000'000, ' ')), {{"content-encoding", "gzip"}}).status, 413);
  EXPECT_EQ(post("not gzip", {{"content-encoding", "gzip"}}).status, 400);
  EXPECT_EQ(post(event, {{"content-encoding", "lzma"}}).status, 415);
  EXPECT_EQ(post(event, {{"content-encoding", "gzip, gzip"}}).status, 415);
  EXPECT_EQ(budget_->used(), 0U);
}

TEST_F(IngestNativeTest, bodies_that_do_not_fit_in_memory_are_503) {
  ByteBudget::Reservation all(budget_);
  ASSERT_TRUE(all.grow(budget_->limit() - 100));
  const auto answer = bulk(gzipped("[" + std::string(100'000, ' ') + "]"), {{"content-encoding", "gzip"}});
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(header(answer, "Retry-After"), "1");
}

TEST_F(IngestNativeTest, INGEST_07_cors_on_every_answer_and_preflight) {
  publish(1, 0, {"https://app.example"});
  for (const auto& answer :
       {post(R"({"message":"m"})"), post(R"({"message":"m"})"), post("x"),
        post("", {{"origin", "https://evil.example"}}), bulk("nothing"), send("POST", "/api/v1/events", "{}"),
        store(""), envelope("no"), send("POST", "/api/42/envelope/", "{}", {}, "sentry_key=" + std::string(32, '0'))}) {
    EXPECT_EQ(header(answer, "Access-Control-Allow-Origin"), "*") << answer.status;
    EXPECT_NE(header(answer, "Access-Control-Expose-Headers").find("x-sentry-rate-limits"), std::string::npos);
    EXPECT_EQ(header(answer, "Access-Control-Allow-Credentials"), "");
  }
  for (const auto* path :
       {"/api/v1/events", "/api/v1/events/bulk", "/api/42/envelope/", "/api/42/store/", "/api/store/"}) {
    const auto answer = send("OPTIONS", path, "");
    EXPECT_EQ(answer.status, 204) << path;
    EXPECT_EQ(header(answer, "Access-Control-Allow-Origin"), "*");
    EXPECT_EQ(header(answer, "Access-Control-Allow-Methods"), "POST");
    EXPECT_NE(header(answer, "Access-Control-Allow-Headers").find("x-sentry-auth"), std::string::npos);
    EXPECT_EQ(header(answer, "Access-Control-Max-Age"), "3600");
  }
}

TEST_F(IngestNativeTest, the_clients_address_comes_from_a_proxy_on_this_machine_only) {
  EXPECT_EQ(post(R"({"message":"m"})", {{"x-forwarded-for", "203.0.113.9"}}).status, 202);
  EXPECT_EQ(journal_.records()[0].client_ip, "192.0.2.7");
  Request request;
  request.remote_address = "127.0.0.1";
  request.headers = {{"x-forwarded-for", "10.9.9.9, 203.0.113.9"}, {"x-mesher-auth", kKey}};
  request.method = "POST";
  request.path = "/prefix/of/a/proxy/api/v1/events";
  request.body = R"({"message":"m"})";
  router_.handle(request, [](const Response& r) { EXPECT_EQ(r.status, 202); });
  EXPECT_EQ(journal_.records()[1].client_ip, "203.0.113.9");
}

}  // namespace
}  // namespace mesher::http
