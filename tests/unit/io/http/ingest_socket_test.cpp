#include <atomic>
#include <thread>

#include "io/http/server.hpp"
#include "tests/unit/io/http/client.hpp"
#include "tests/unit/io/http/ingest_fixture.hpp"

namespace mesher::http {
namespace {

using namespace testing;  // NOLINT: fixture and client

class IngestSocketTest : public IngestFixture {
 protected:
  IngestSocketTest() {
    ServerOptions options;
    options.listen = "127.0.0.1:0";
    options.threads = 1;
    options.body_budget = budget_;
    server_ = std::make_unique<Server>(options, router_, metrics_);
    EXPECT_TRUE(server_->start());
  }
  Client open() {
    Client client(server_->port());
    EXPECT_EQ(client.upgrade("/api/v1/events/stream", "X-Mesher-Auth: " + kKey + "\r\n"), 101);
    return client;
  }
  static nlohmann::json next(Client& client) {
    const auto text = client.receive_text();
    EXPECT_TRUE(text);
    return text ? nlohmann::json::parse(*text) : nlohmann::json();
  }
  std::unique_ptr<Server> server_;
};

TEST_F(IngestSocketTest, INGEST_05_every_frame_is_acknowledged_in_order) {
  auto client = open();
  client.send_text(R"({"message":"one","event_id":"9ec79c33ec9942ab8353589fcb2e04dc"})");
  client.send_text(R"([{"message":"two"},{"message":"three"}])");
  client.send_text("{\n  \"message\": \"over\\n several\",\r\n \"level\": \"info\"}");
  EXPECT_EQ(next(client), (nlohmann::json{{"type", "ack"}, {"ids", {"9ec79c33ec9942ab8353589fcb2e04dc"}}}));
  EXPECT_EQ(next(client)["ids"].size(), 2U);
  EXPECT_EQ(next(client)["ids"].size(), 1U);
  EXPECT_EQ(journal_.records().size(), 4U);
}

TEST_F(IngestSocketTest, INGEST_05_a_bad_frame_is_answered_and_the_stream_goes_on) {
  auto client = open();
  for (const auto* bad : {"garbage", "", "7", "{\"message\":7}", "\xff\xfe"}) {
    client.send(Client::frame(bad, 2));
    const auto answer = next(client);
    EXPECT_EQ(answer["type"], "error") << bad;
    EXPECT_EQ(answer["index"], 0) << bad;
    EXPECT_FALSE(answer["code"].get<std::string>().empty());
  }
  client.send_text(R"([{"message":"a"},{"message":5},{"message":"c"}])");
  const auto error = next(client);
  EXPECT_EQ(error["type"], "error");
  EXPECT_EQ(error["index"], 1);
  EXPECT_EQ(error["field"], "message");
  EXPECT_EQ(next(client)["ids"].size(), 2U);
}

TEST_F(IngestSocketTest, INGEST_05_a_frame_of_many_errors_has_a_bounded_answer) {
  auto client = open();
  std::string frame = "[1";
  for (int i = 0; i < 5000; ++i) frame += ",1";
  client.send_text(frame + "]");
  for (int i = 0; i < 100; ++i) EXPECT_EQ(next(client)["index"], i);
  EXPECT_EQ(next(client)["code"], "too_many_errors");
}

TEST_F(IngestSocketTest, INGEST_06_no_ack_before_the_journal_has_it_and_an_error_if_it_refuses) {
  auto client = open();
  journal_.hold();
  client.send_text(R"({"message":"m"})");
  client.send_text("garbage");
  while (journal_.waiting() == 0) std::this_thread::yield();
  EXPECT_FALSE(client.fill(std::chrono::milliseconds(50)));  // the error waits for its turn
  journal_.let_go();
  EXPECT_EQ(next(client)["type"], "ack");
  EXPECT_EQ(next(client)["type"], "error");
  journal_.refuse_with(Error{ErrorCode::exhausted, "journal quota reached", {}});
  client.send_text(R"({"message":"m"})");
  const auto refused = next(client);
  EXPECT_EQ(refused["code"], "overloaded");
  EXPECT_EQ(refused["retry_after"], 10);
  journal_.refuse_with(std::nullopt);
  client.send_text(R"({"message":"m"})");
  EXPECT_EQ(next(client)["type"], "ack");
}

TEST_F(IngestSocketTest, INGEST_05_a_client_that_never_reads_is_held_back_and_costs_bounded_memory) {
  Client client(server_->port(), 4096);
  ASSERT_EQ(client.upgrade("/api/v1/events/stream", "X-Mesher-Auth: " + kKey + "\r\n"), 101);
  std::atomic<int> sent{0};
  {
    std::jthread sender([&] {
      const auto frame = Client::frame(R"([1,2,3,4,5,6,7,8,9,10,{"message":"m"}])");
      while (sent < 200'000 && client.send(frame)) ++sent;
    });
    // The socket buffers fill up and the sender stands still.
    int before = -1;
    while (before != sent || sent == 0) {
      before = sent;
      std::this_thread::sleep_for(std::chrono::milliseconds(300));
    }
    EXPECT_LT(sent.load(), 200'000);
    EXPECT_LT(journal_.records().size(), 50'000U);
    auto other = open();
    other.send_text(R"({"message":"m"})");
    EXPECT_EQ(next(other)["type"], "ack");
    ::shutdown(client.fd(), SHUT_RDWR);
  }
}

TEST_F(IngestSocketTest, INGEST_05_a_revoked_key_ends_the_acknowledgements) {
  auto client = open();
  publish(0, 0, {}, false);
  client.send_text(R"({"message":"m"})");
  EXPECT_EQ(next(client)["code"], "disabled_key");
  EXPECT_TRUE(journal_.records().empty());
}

TEST_F(IngestSocketTest, INGEST_04_the_limit_holds_on_sockets_too) {
  publish(1, 0);
  auto client = open();
  client.send_text(R"([{"message":"a"},{"message":"b"}])");
  const auto error = next(client);
  EXPECT_EQ(error["code"], "rate_limited");
  EXPECT_EQ(error["index"], 1);
  EXPECT_EQ(error["retry_after"], 61);
  EXPECT_EQ(next(client)["ids"].size(), 1U);
}

TEST_F(IngestSocketTest, INGEST_01_the_upgrade_needs_a_key) {
  EXPECT_EQ(Client(server_->port()).upgrade("/api/v1/events/stream"), 401);
  EXPECT_EQ(Client(server_->port()).upgrade("/api/v1/events/stream?key=" + std::string(32, '0')), 403);
  EXPECT_EQ(Client(server_->port()).upgrade("/api/v1/events/stream?key=" + kKey), 101);
}

TEST_F(IngestSocketTest, INGEST_06_over_real_sockets_from_many_connections) {
  std::vector<std::jthread> clients;
  std::atomic<int> good{0};
  for (int c = 0; c < 8; ++c) {
    clients.emplace_back([&] {
      Client client(server_->port());
      for (int i = 0; i < 50; ++i) {
        if (client.request("POST", "/api/v1/events", R"({"message":"m"})", "X-Mesher-Auth: " + kKey + "\r\n").status ==
            202) {
          ++good;
        }
      }
    });
  }
  clients.clear();
  EXPECT_EQ(good.load(), 400);
  EXPECT_EQ(journal_.records().size(), 400U);
}

}  // namespace
}  // namespace mesher::http
