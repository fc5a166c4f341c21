#include "io/ws/live_hub.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "io/http/server.hpp"
#include "tests/unit/io/http/client.hpp"

namespace mesher::ws {
namespace {

using namespace std::chrono_literals;
using http::testing::Client;
using Json = nlohmann::json;

/// A server with the hub; the token "good" may see projects 1 and 2, "late" is answered from another thread.
class LiveHubTest : public ::testing::Test {
 protected:
  void start(LiveHubOptions options = {}) {
    hub_ = std::make_unique<LiveHub>(
        std::move(options),
        [this](const std::string& token, const auto& answer) {
          if (token == "late") {
            helper_ = std::jthread([answer] { answer(LivePrincipal{2, true, {}}); });
            return;
          }
          if (token == "good" && !revoked_) return answer(LivePrincipal{1, false, {1, 2}});
          answer(std::nullopt);
        },
        metrics_);
    hub_->add_routes(router_);
    http::ServerOptions server_options;
    server_options.listen = "127.0.0.1:0";
    server_options.threads = 2;
    server_ = std::make_unique<http::Server>(server_options, router_, metrics_);
    ASSERT_TRUE(server_->start());
  }
  Client open(int receive_buffer = 0) {
    Client client(server_->port(), receive_buffer);
    EXPECT_EQ(client.upgrade("/api/v1/live", "Authorization: Bearer good\r\n"), 101);
    return client;
  }
  Json ask(Client& client, const std::string& message) {
    client.send_text(message);
    return next(client);
  }
  static Json next(Client& client) {
    const auto text = client.receive_text();
    EXPECT_TRUE(text);
    return text ? Json::parse(*text) : Json();
  }
  static std::string subscribe(const std::string& id, int project, const std::string& filter = "{}") {
    return R"({"type":"subscribe","id":")" + id + R"(","project_id":)" + std::to_string(project) + R"(,"filter":)" +
           filter + "}";
  }
  void publish(std::uint32_t project, int n, nodes::Level level = nodes::Level::error, std::size_t pad = 0) {
    nodes::Event event;
    event.project_id = project;
    event.level = level;
    auto text = R"({"type":"event","n":)" + std::to_string(n) + R"(,"pad":")" + std::string(pad, 'p') + "\"}";
    hub_->publish_event(event, std::make_shared<const std::string>(std::move(text)));
  }

  std::atomic<bool> revoked_{false};
  std::jthread helper_;
  Metrics metrics_;
  http::Router router_;
  std::unique_ptr<LiveHub> hub_;
  std::unique_ptr<http::Server> server_;
};

TEST_F(LiveHubTest, STREAM_01_events_of_the_project_and_no_other) {
  start();
  EXPECT_FALSE(hub_->watched(1));
  auto client = open();
  EXPECT_EQ(ask(client, subscribe("s1", 1)), (Json{{"type", "subscribed"}, {"id", "s1"}, {"project_id", 1}}));
  EXPECT_TRUE(hub_->watched(1));
  EXPECT_FALSE(hub_->watched(2));
  publish(2, 1);
  publish(1, 2);
  EXPECT_EQ(next(client)["n"], 2);
  EXPECT_EQ(ask(client, subscribe("s2", 2, R"({"level":["fatal"]})"))["type"], "subscribed");
  publish(2, 3);
  publish(2, 4, nodes::Level::fatal);
  EXPECT_EQ(next(client)["n"], 4);
  EXPECT_EQ(ask(client, R"({"type":"unsubscribe","id":"s1"})")["type"], "unsubscribed");
  EXPECT_FALSE(hub_->watched(1));
  publish(1, 5);
  publish(2, 6, nodes::Level::fatal);
  EXPECT_EQ(next(client)["n"], 6);
}

TEST_F(LiveHubTest, STREAM_03_notices_go_to_all_watchers_of_the_project) {
  start();
  auto narrow = open();
  ask(narrow, subscribe("s", 1, R"({"level":["debug"]})"));
  hub_->publish(1, std::make_shared<const std::string>(R"({"type":"new_issue","issue_id":9})"));
  EXPECT_EQ(next(narrow)["issue_id"], 9);
}

TEST_F(LiveHubTest, STREAM_01_an_event_that_two_subscriptions_want_comes_once) {
  start();
  auto client = open();
  ask(client, subscribe("a", 1));
  ask(client, subscribe("b", 1, R"({"level":["error"]})"));
  publish(1, 1);
  publish(1, 2);
  EXPECT_EQ(next(client)["n"], 1);
  EXPECT_EQ(next(client)["n"], 2);
  ask(client, R"({"type":"unsubscribe","id":"a"})");
  publish(1, 3);
  EXPECT_EQ(next(client)["n"], 3);
  EXPECT_EQ(ask(client, subscribe("b", 2))["project_id"], 2);  // moves
  EXPECT_FALSE(hub_->watched(1));
}

TEST_F(LiveHubTest, STREAM_01_who_may_watch) {
  start();
  EXPECT_EQ(Client(server_->port()).upgrade("/api/v1/live"), 401);
  EXPECT_EQ(Client(server_->port()).upgrade("/api/v1/live?token=wrong"), 401);
  EXPECT_EQ(Client(server_->port()).upgrade("/api/v1/live?token=good"), 101);
  EXPECT_EQ(Client(server_->port()).upgrade("/api/v1/live", "Cookie: a=b; mesher_session=good\r\n"), 101);
  EXPECT_EQ(Client(server_->port()).upgrade("/api/v1/live", "Cookie: mesher_session=good\r\nOrigin: http://test\r\n"),
            101);
  EXPECT_EQ(Client(server_->port()).upgrade("/api/v1/live", "Cookie: mesher_session=good\r\nOrigin: http://evil\r\n"),
            401);
  auto client = open();
  EXPECT_EQ(ask(client, subscribe("s", 3))["code"], "not_found");
  EXPECT_FALSE(hub_->watched(3));
  revoked_ = true;
  EXPECT_EQ(ask(client, subscribe("s", 1))["code"], "unauthenticated");
}

TEST_F(LiveHubTest, answers_of_the_authenticator_may_come_later) {
  start();
  Client client(server_->port());
  ASSERT_EQ(client.upgrade("/api/v1/live?token=late"), 101);
  EXPECT_EQ(ask(client, subscribe("s", 77))["type"], "subscribed");
  publish(77, 1);
  EXPECT_EQ(next(client)["n"], 1);
}

TEST_F(LiveHubTest, bad_messages_are_answered_and_the_socket_goes_on) {
  start({.max_subscriptions = 2});
  auto client = open();
  EXPECT_EQ(ask(client, "garbage")["code"], "invalid_message");
  EXPECT_EQ(ask(client, subscribe("q", 1, R"({"query":"boom"})")),
            (Json{{"type", "error"},
                  {"id", "q"},
                  {"code", "not_supported"},
                  {"message", "filter.query is not supported yet"}}));
  EXPECT_EQ(ask(client, R"({"type":"unsubscribe","id":"none"})")["code"], "not_found");
  ask(client, subscribe("1", 1));
  ask(client, subscribe("2", 1));
  EXPECT_EQ(ask(client, subscribe("3", 1))["code"], "too_many");
  publish(1, 1);
  EXPECT_EQ(next(client)["n"], 1);
}

TEST_F(LiveHubTest, STREAM_05_a_slow_client_loses_its_oldest_and_is_told_how_many) {
  start({.queue_frames = 50});
  auto slow = open(4096);
  ask(slow, subscribe("s", 1));
  auto quick = open();
  ask(quick, subscribe("q", 1));
  constexpr int kEvents = 3000;
  for (int i = 0; i < kEvents; ++i) {
    publish(1, i, nodes::Level::error, 8000);
    ASSERT_EQ(next(quick)["n"], i);  // keeps up, and waits for nobody
  }
  int last = -1, received = 0, lost = 0;
  while (last != kEvents - 1) {
    const auto message = next(slow);
    if (message["type"] == "dropped") {
      lost += message["count"].get<int>();
      continue;
    }
    const auto n = message["n"].get<int>();
    EXPECT_EQ(n, received + lost);  // what is missing is exactly what was announced
    last = n;
    ++received;
  }
  EXPECT_GT(lost, 0);
  EXPECT_EQ(received + lost, kEvents);
  EXPECT_EQ(metrics_.counter("mesher_live_dropped_total", "").value(), static_cast<std::uint64_t>(lost));
}

TEST_F(LiveHubTest, STREAM_05_frames_are_bounded_in_bytes_too) {
  start({.queue_frames = 1'000'000, .queue_bytes = 1'000'000});
  auto slow = open(4096);
  ask(slow, subscribe("s", 1));
  const auto message =
      std::make_shared<const std::string>(R"({"type":"x","pad":")" + std::string(100'000, 'p') + "\"}");
  for (int i = 0; i < 1000; ++i) hub_->publish(1, message);
  // The queue, what the socket holds, and this one.
  EXPECT_LE(message.use_count(), 11 + 17 + 2);
  EXPECT_GT(metrics_.counter("mesher_live_dropped_total", "").value(), 900U);
}

TEST_F(LiveHubTest, a_client_that_asks_and_never_reads_is_held_back) {
  start();
  auto client = open(4096);
  std::atomic<int> sent{0};
  std::jthread sender([&] {
    const auto frame = Client::frame(R"({"type":"unsubscribe","id":")" + std::string(100, 'x') + "\"}");
    while (sent < 1'000'000 && client.send(frame)) ++sent;
  });
  int before = -1;
  while (before != sent || sent == 0) {
    before = sent;
    std::this_thread::sleep_for(300ms);
  }
  EXPECT_LT(sent.load(), 1'000'000);
  auto other = open();
  EXPECT_EQ(ask(other, subscribe("s", 1))["type"], "subscribed");
  ::shutdown(client.fd(), SHUT_RDWR);
}

TEST_F(LiveHubTest, who_leaves_is_forgotten) {
  start();
  {
    auto client = open();
    ask(client, subscribe("s", 1));
    ask(client, subscribe("t", 2));
    EXPECT_EQ(metrics_.gauge("mesher_live_subscriptions", "").value(), 2);
  }
  while (hub_->watched(1) || hub_->watched(2)) std::this_thread::yield();
  while (metrics_.gauge("mesher_live_sockets", "").value() > 0) std::this_thread::yield();
  EXPECT_EQ(metrics_.gauge("mesher_live_subscriptions", "").value(), 0);
}

TEST_F(LiveHubTest, at_most_so_many_sockets) {
  start({.max_sockets = 1});
  const auto first = open();
  EXPECT_EQ(Client(server_->port()).upgrade("/api/v1/live?token=good"), 503);
}

TEST_F(LiveHubTest, publishing_while_clients_come_and_go) {
  start();
  std::atomic<bool> stop{false};
  std::jthread publisher([&] {
    for (int i = 0; !stop; ++i) publish(1 + static_cast<std::uint32_t>(i % 2), i);
  });
  for (int i = 0; i < 30; ++i) {
    auto client = open();
    client.send_text(subscribe("s", 1 + i % 2));
    EXPECT_EQ(next(client)["type"], "subscribed");
    EXPECT_EQ(next(client)["type"], "event");
  }
  stop = true;
}

}  // namespace
}  // namespace mesher::ws
