#include "io/ws/live_hub.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "io/http/server.hpp"
#include "nodes/broadcast.hpp"
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
        [this](LiveQuestion question, const auto& answer) { history_ ? history_(question, answer) : answer({}); },
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
    hub_->publish_event(event, 0, std::make_shared<const std::string>(std::move(text)));
  }
  /// As the broadcast node does it; the event's id is `n`.
  void store(int n, nodes::Level level = nodes::Level::error) {
    const auto event = stored(n, level);
    const auto position = hub_->note(std::span(&event, 1));
    hub_->publish_event(event, position, std::make_shared<const std::string>(nodes::event_message(event)));
  }
  static nodes::Event stored(int n, nodes::Level level = nodes::Level::error) {
    nodes::Event event;
    event.project_id = 1;
    event.level = level;
    event.id.bytes[14] = static_cast<std::uint8_t>(n >> 8);
    event.id.bytes[15] = static_cast<std::uint8_t>(n & 0xFF);
    return event;
  }
  static int number_of(const Json& message) {
    return std::stoi(message["id"].get<std::string>().substr(28), nullptr, 16);
  }
  static std::string id_of(int n) { return stored(n).id.hex(); }
  /// Answers with the events that are asked for.
  void remember() {
    history_ = [](const LiveQuestion& question, const std::function<void(LivePast)>& answer) {
      LivePast past;
      past.available = true;
      past.events = std::make_shared<nodes::EventBatch>();
      for (const auto& id : question.ids) {
        auto event = stored(id.bytes[14] << 8 | id.bytes[15]);
        past.events->events.push_back(event);
      }
      answer(std::move(past));
    };
  }
  static std::string resume(const std::string& id, int since, const std::string& filter = "{}") {
    return R"({"type":"subscribe","id":")" + id + R"(","project_id":1,"since":")" + id_of(since) + R"(","filter":)" +
           filter + "}";
  }

  std::function<void(const LiveQuestion&, const std::function<void(LivePast)>&)> history_;

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
  const auto mistake = ask(client, subscribe("q", 1, R"({"query":"boom level:loud"})"));
  EXPECT_EQ(mistake["code"], "invalid_query");
  EXPECT_EQ(mistake["id"], "q");
  EXPECT_EQ(mistake["position"], 12);
  EXPECT_EQ(ask(client, R"({"type":"unsubscribe","id":"none"})")["code"], "not_found");
  ask(client, subscribe("1", 1));
  ask(client, subscribe("2", 1));
  EXPECT_EQ(ask(client, subscribe("3", 1))["code"], "too_many");
  publish(1, 1);
  EXPECT_EQ(next(client)["n"], 1);
}

TEST_F(LiveHubTest, STREAM_05_a_slow_client_loses_its_oldest_and_is_told_how_many) {
  start({.queue_frames = 50, .pause = 0ms});
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

TEST_F(LiveHubTest, STREAM_05_what_comes_shortly_after_another_goes_out_together_and_in_order) {
  start({.pause = 50ms});
  auto client = open();
  ask(client, subscribe("s", 1));
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 300; ++i) publish(1, i);
    for (int i = 0; i < 300; ++i) EXPECT_EQ(next(client)["n"], i);
  }
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

TEST_F(LiveHubTest, STREAM_02_a_thousand_filters_give_each_watcher_its_own) {
  start({.max_subscriptions = 1000});
  auto client = open();
  for (int i = 0; i < 300; ++i) {
    const auto n = std::to_string(i);
    const std::string texts[] = {R"({"query":"n:)" + n + R"("})", R"({"tags":{"n":")" + n + R"("}})",
                                 R"({"query":"\"number )" + n + R"( end\""})"};
    const auto& text = texts[i % 3];
    ASSERT_EQ(ask(client, subscribe("s" + std::to_string(i), 1, text))["type"], "subscribed") << text;
  }
  for (int i = 0; i < 300; i += 7) {
    const auto value = std::to_string(i), message = "the number " + value + " end";
    const nodes::Tag tags[] = {{"n", value}};
    nodes::Event event;
    event.project_id = 1;
    event.message = message;
    event.tags = tags;
    hub_->publish_event(event, 0, std::make_shared<const std::string>(R"({"type":"event","n":)" + value + "}"));
    EXPECT_EQ(next(client)["n"], i);
  }
  for (int i = 0; i < 300; ++i) ask(client, R"({"type":"unsubscribe","id":"s)" + std::to_string(i) + "\"}");
  EXPECT_FALSE(hub_->watched(1));
}

TEST_F(LiveHubTest, STREAM_04_a_flood_of_updates_is_one_per_issue_and_interval) {
  start({.update_interval = 100ms});
  auto client = open();
  ask(client, subscribe("s", 1));
  const auto began = std::chrono::steady_clock::now();
  constexpr int kUpdates = 5000;
  for (int i = 1; i <= kUpdates; ++i) {
    nodes::IssueChange change;
    change.project_id = 1;
    change.issue_id = 7;
    change.event_count = static_cast<std::uint64_t>(i);
    change.status = "unresolved";
    hub_->update(change);
  }
  int updates = 0, count = 0;
  while (count != kUpdates) {
    const auto message = next(client);
    ASSERT_EQ(message["type"], "issue_update");
    EXPECT_GT(message["event_count"].get<int>(), count);  // the last one counts
    count = message["event_count"].get<int>();
    ++updates;
  }
  const auto intervals = (std::chrono::steady_clock::now() - began) / 100ms;
  EXPECT_LE(updates, intervals + 2);
  nodes::IssueChange resolved;
  resolved.project_id = 1;
  resolved.issue_id = 7;
  resolved.event_count = kUpdates;
  resolved.status = "resolved";
  hub_->update(resolved);
  EXPECT_EQ(next(client)["status"], "resolved");
}

TEST_F(LiveHubTest, STREAM_04_who_comes_back_gets_what_was_missed_once_and_in_order) {
  start();
  remember();
  for (int i = 1; i <= 5; ++i) store(i);
  auto client = open();
  EXPECT_EQ(ask(client, resume("s", 2))["type"], "subscribed");
  store(6);
  for (int i = 3; i <= 5; ++i) EXPECT_EQ(number_of(next(client)), i);
  const auto resumed = next(client);
  EXPECT_EQ(resumed, (Json{{"type", "resumed"}, {"id", "s"}, {"count", 3}}));
  EXPECT_EQ(number_of(next(client)), 6);
  // A second subscription tells only what the first does not.
  ask(client, resume("t", 1));
  EXPECT_EQ(number_of(next(client)), 2);
  EXPECT_EQ(next(client)["count"], 1);
  store(7);
  EXPECT_EQ(number_of(next(client)), 7);
}

TEST_F(LiveHubTest, STREAM_04_live_events_wait_for_what_was_missed) {
  start();
  std::function<void()> answer_now;
  history_ = [&](const LiveQuestion& question, const std::function<void(LivePast)>& answer) {
    ASSERT_EQ(question.ids.size(), 1U);
    answer_now = [answer] {
      LivePast past;
      past.available = true;
      past.events = std::make_shared<nodes::EventBatch>();
      past.events->events.push_back(stored(2));
      answer(std::move(past));
    };
  };
  store(1);
  store(2);
  auto client = open();
  EXPECT_EQ(ask(client, resume("s", 1))["type"], "subscribed");
  store(3);
  answer_now();
  EXPECT_EQ(number_of(next(client)), 2);
  EXPECT_EQ(next(client)["type"], "resumed");
  EXPECT_EQ(number_of(next(client)), 3);
}

TEST_F(LiveHubTest, STREAM_04_too_much_or_nothing_known_is_said) {
  start({.remembered = 100, .max_resumed = 3});
  remember();
  for (int i = 1; i <= 10; ++i) store(i);
  auto client = open();
  ask(client, resume("s", 1));
  EXPECT_EQ(next(client), (Json{{"type", "resume_incomplete"}, {"id", "s"}, {"reason", "too_many"}}));
  for (int i = 8; i <= 10; ++i) EXPECT_EQ(number_of(next(client)), i);
  EXPECT_EQ(next(client)["count"], 3);
  history_ = [](const LiveQuestion& question, const std::function<void(LivePast)>& answer) {
    EXPECT_TRUE(question.since && question.since->event);
    LivePast past;
    past.available = true;
    past.known = false;
    answer(std::move(past));
  };
  ask(client, resume("t", 999));
  EXPECT_EQ(next(client)["reason"], "unknown_event");
  EXPECT_EQ(next(client)["count"], 0);
}

TEST_F(LiveHubTest, STREAM_01_rights_that_end_close_the_socket_or_the_subscription) {
  start();
  auto one = open(), other = open();
  ask(one, subscribe("a", 1));
  ask(one, subscribe("b", 2));
  hub_->check_rights([](const std::vector<std::string>& tokens) {
    EXPECT_EQ(tokens, std::vector<std::string>{"good"});
    return std::unordered_map<std::string, LivePrincipal>{{"good", {1, false, {1}}}};
  });
  const auto lost = next(one);
  EXPECT_EQ(lost["id"], "b");
  EXPECT_EQ(lost["code"], "not_found");
  EXPECT_FALSE(hub_->watched(2));
  publish(1, 1);
  EXPECT_EQ(next(one)["n"], 1);
  hub_->check_rights([](const auto&) { return std::nullopt; });  // nobody to ask: goes on
  publish(1, 2);
  EXPECT_EQ(next(one)["n"], 2);
  hub_->check_rights([](const auto&) { return std::unordered_map<std::string, LivePrincipal>{}; });
  EXPECT_FALSE(one.receive_text());
  EXPECT_FALSE(other.receive_text());
  EXPECT_FALSE(hub_->watched(1));
}

TEST_F(LiveHubTest, STREAM_05_at_most_so_many_sockets_of_one_user) {
  start({.max_sockets_per_user = 2});
  {
    const auto first = open(), second = open();
    EXPECT_EQ(Client(server_->port()).upgrade("/api/v1/live?token=good"), 429);
    EXPECT_EQ(Client(server_->port()).upgrade("/api/v1/live?token=late"), 101);  // somebody else
  }
  while (metrics_.gauge("mesher_live_sockets", "").value() > 0) std::this_thread::yield();
  const auto again = open();
}

}  // namespace
}  // namespace mesher::ws
