#include "io/http/server.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <latch>
#include <thread>

#include "tests/unit/io/http/client.hpp"

namespace mesher::http {
namespace {

using namespace std::chrono_literals;
using testing::Answer;
using testing::Client;

/// A running server with a few routes: /echo answers what it got, /later waits for release().
class ServerTest : public ::testing::Test {
 protected:
  ServerTest() {
    options_.listen = "127.0.0.1:0";
    options_.threads = 2;
    router_.add("POST", "/echo", [](Request request, Respond respond) {
      respond({200, "text/plain", request.body, {{"X-Path", request.path}, {"X-Query", request.query}}});
    });
    router_.add("GET", "/hello", [](Request, Respond respond) { respond({200, "text/plain", "hello", {}}); });
    router_.add("GET", "/big", [](Request, Respond respond) {
      respond({200, "text/plain", std::string(8 * 1024 * 1024, 'b'), {}});
    });
    router_.add("GET", "/items/{id}/parts/{part}", [](Request request, Respond respond) {
      respond({200, "text/plain", request.path_parameters.at("id") + "/" + request.path_parameters.at("part"), {}});
    });
    router_.add("GET", "/throws", [](Request, Respond) { throw std::runtime_error("on purpose"); });
    router_.add("GET", "/forgets", [](Request, Respond) {});
    router_.add("GET", "/later", [this](Request, Respond respond) {
      {
        const std::lock_guard lock(mutex_);
        held_.push_back(std::move(respond));
      }
      held_count_.fetch_add(1);
      held_count_.notify_all();
    });
    router_.add_upgrade("/socket", [this](Request request, AcceptSocket accept) {
      if (request.query == "no") return accept(nullptr, error_response(403, "denied", "no"));
      accept(std::make_unique<Echo>(*this), {});
    });
  }
  ~ServerTest() override {
    release();
    server_.reset();
  }

  struct Echo final : SocketHandler {
    explicit Echo(ServerTest& t) : test(t) {}
    void opened(std::shared_ptr<Socket> s) override {
      socket = std::move(s);
      test.sockets_open.fetch_add(1);
    }
    void received(std::string text) override {
      if (text == "throw") throw std::runtime_error("on purpose");
      if (text == "close") return socket->close(4000, "as you wish");
      if (text == "fill and dismiss") {
        const auto much = std::make_shared<const std::string>(100'000, 'm');
        while (socket->send(much)) {
        }
        return socket->close(1008, "no more");
      }
      socket->send(std::make_shared<const std::string>("echo " + text));
    }
    void closed() override { test.sockets_open.fetch_sub(1); }
    ServerTest& test;
    std::shared_ptr<Socket> socket;
  };

  void start() {
    server_ = std::make_unique<Server>(options_, router_, metrics_);
    const auto started = server_->start();
    ASSERT_TRUE(started) << started.error().message;
  }
  Client connect() { return Client(server_->port()); }
  void wait_held(int n) {
    for (int now = held_count_.load(); now < n; now = held_count_.load()) held_count_.wait(now);
  }
  void release() {
    const std::lock_guard lock(mutex_);
    for (auto& respond : held_) respond({200, "text/plain", "late", {}});
    held_.clear();
  }

  ServerOptions options_;
  Router router_;
  Metrics metrics_;
  std::mutex mutex_;
  std::vector<Respond> held_;
  std::atomic<int> held_count_{0};
  std::atomic<int> sockets_open{0};
  std::unique_ptr<Server> server_;
};

TEST_F(ServerTest, answers_and_keeps_the_connection) {
  start();
  auto client = connect();
  for (int i = 0; i < 3; ++i) {
    const auto answer = client.request("POST", "//echo//?a=1&b=%20", "body " + std::to_string(i));
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "body " + std::to_string(i));
    EXPECT_EQ(answer.header("x-path"), "/echo/");
    EXPECT_EQ(answer.header("x-query"), "a=1&b=%20");
    EXPECT_EQ(answer.header("connection"), "");
    EXPECT_NE(answer.header("date"), "");
  }
  EXPECT_EQ(client.request("GET", "/items/a%20b/parts/7").body, "a b/7");
}

TEST_F(ServerTest, unknown_path_is_404_and_wrong_method_405_with_allow) {
  start();
  auto client = connect();
  EXPECT_EQ(client.request("GET", "/nothing").status, 404);
  const auto wrong = client.request("GET", "/echo");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.header("allow"), "POST");
  EXPECT_EQ(wrong.body, R"({"error":{"code":"method_not_allowed","message":"/echo takes POST"}})");
  EXPECT_EQ(client.request("GET", "/socket").status, 426);
}

TEST_F(ServerTest, head_has_the_length_but_no_body) {
  start();
  auto client = connect();
  const auto head = client.request("HEAD", "/hello");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header("content-length"), "5");
  EXPECT_EQ(client.request("GET", "/hello").body, "hello");
}

TEST_F(ServerTest, pipelined_requests_are_answered_in_order) {
  start();
  auto client = connect();
  std::string all;
  for (int i = 0; i < 50; ++i) {
    const auto body = std::to_string(i);
    all += "POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }
  client.send(all);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(client.receive().body, std::to_string(i));
}

TEST_F(ServerTest, takes_chunked_bodies) {
  start();
  auto client = connect();
  client.send("POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n5;ext=1\r\nhello\r\n");
  client.send("6\r\n world\r\n0\r\nTrailer: x\r\n\r\n");
  EXPECT_EQ(client.receive().body, "hello world");
  EXPECT_EQ(client.request("GET", "/hello").body, "hello");
}

TEST_F(ServerTest, a_request_cut_into_single_bytes_is_understood) {
  start();
  auto client = connect();
  const std::string request =
      "POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
  for (const char c : request) client.send({&c, 1});
  EXPECT_EQ(client.receive().body, "abcde");
}

TEST_F(ServerTest, expect_100_continue) {
  start();
  auto client = connect();
  client.send("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.receive().status, 100);
  client.send("body");
  EXPECT_EQ(client.receive().body, "body");
}

TEST_F(ServerTest, http_1_0_closes_unless_asked_to_keep) {
  start();
  auto once = connect();
  once.send("GET /hello HTTP/1.0\r\n\r\n");
  EXPECT_EQ(once.receive().header("connection"), "close");
  EXPECT_TRUE(once.closed_by_peer());
  auto kept = connect();
  kept.send("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(kept.receive().header("connection"), "keep-alive");
  kept.send("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(kept.receive().body, "hello");
}

TEST_F(ServerTest, big_bodies_go_both_ways) {
  start();
  auto client = connect();
  std::string body(3 * 1024 * 1024, '.');
  for (std::size_t i = 0; i < body.size(); i += 1000) body[i] = static_cast<char>('a' + i / 1000 % 26);
  EXPECT_EQ(client.request("POST", "/echo", body).body, body);
  EXPECT_EQ(client.request("GET", "/big").body.size(), 8 * 1024 * 1024U);
  EXPECT_EQ(server_->body_budget()->used(), 0U);
}

TEST_F(ServerTest, garbage_is_400_and_closes) {
  start();
  for (const auto* bytes : {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 tls hello\r\n\r\n", "no http at all\r\n\r\n",
                            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "GET / HTTP/1.1\r\nno colon\r\n\r\n",
                            "POST /echo HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
                            "POST /echo HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
                            "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"}) {
    auto client = connect();
    client.send(bytes);
    const auto answer = client.receive();
    EXPECT_EQ(answer.status, 400) << bytes;
    EXPECT_EQ(answer.header("connection"), "close");
    client.finish_sending();
    EXPECT_TRUE(client.closed_by_peer());
  }
  EXPECT_EQ(connect().request("GET", "/hello").status, 200);
}

TEST_F(ServerTest, refuses_what_is_over_a_limit) {
  options_.max_header_bytes = 4096;
  options_.max_body_bytes = 10'000;
  start();
  EXPECT_EQ(connect().request("GET", "/" + std::string(5000, 'u')).status, 414);
  EXPECT_EQ(connect().request("GET", "/hello", {}, "X: " + std::string(5000, 'h') + "\r\n").status, 431);
  EXPECT_EQ(connect().request("POST", "/echo", std::string(10'001, 'b')).status, 413);
  EXPECT_EQ(connect().request("POST", "/echo", std::string(10'000, 'b')).status, 200);

  auto chunked = connect();
  chunked.send("POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2711\r\n" + std::string(0x2711, 'c') + "\r\n");
  EXPECT_EQ(chunked.receive().status, 413);
  auto endless_extension = connect();
  endless_extension.send("POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;" + std::string(60'000, 'e'));
  EXPECT_EQ(endless_extension.receive().status, 400);
}

TEST_F(ServerTest, a_client_that_sends_all_before_it_reads_still_sees_the_413) {
  options_.max_body_bytes = 1000;
  start();
  EXPECT_EQ(connect().request("POST", "/echo", std::string(5'000'000, 'b')).status, 413);
}

TEST_F(ServerTest, bodies_over_the_budget_are_503_until_memory_is_free) {
  options_.body_budget_bytes = 100'000;
  start();
  auto holder = connect();
  holder.send("POST /echo HTTP/1.1\r\nContent-Length: 90001\r\n\r\n" + std::string(90'000, 'x'));
  while (server_->body_budget()->used() < 90'000) std::this_thread::yield();
  auto other = connect();
  const auto answer = other.request("POST", "/echo", std::string(20'000, 'y'));
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.header("retry-after"), "1");
  holder.send("x");
  EXPECT_EQ(holder.receive().status, 200);
  EXPECT_EQ(connect().request("POST", "/echo", std::string(20'000, 'y')).status, 200);
}

TEST_F(ServerTest, slow_headers_are_408) {
  options_.header_timeout = 60ms;
  start();
  auto client = connect();
  client.send("GET /hello HTTP/1.1\r\nHost:");
  EXPECT_EQ(client.receive().status, 408);
  client.finish_sending();
  EXPECT_TRUE(client.closed_by_peer());
}

TEST_F(ServerTest, a_body_of_single_bytes_is_408_while_others_are_served) {
  options_.body_timeout = 200ms;
  start();
  auto slow = connect();
  slow.send("POST /echo HTTP/1.1\r\nContent-Length: 100000\r\n\r\n");
  Answer answer;
  for (int i = 0; i < 1000 && answer.status == 0; ++i) {
    slow.send("x");
    EXPECT_EQ(connect().request("GET", "/hello").status, 200);
    answer = slow.receive(false, 10ms);
  }
  EXPECT_EQ(answer.status, 408);
}

TEST_F(ServerTest, idle_connections_are_closed) {
  options_.idle_timeout = 50ms;
  start();
  auto client = connect();
  EXPECT_EQ(client.request("GET", "/hello").status, 200);
  EXPECT_TRUE(client.closed_by_peer());
  EXPECT_TRUE(connect().closed_by_peer());
}

TEST_F(ServerTest, a_client_that_does_not_read_its_answer_is_cut) {
  options_.write_timeout = 100ms;
  start();
  Client client(server_->port(), 4096);
  client.send("GET /big HTTP/1.1\r\nHost: t\r\n\r\n");
  while (server_->body_budget() && metrics_.counter("mesher_http_timeouts_total", "").value() == 0) {
    std::this_thread::yield();
  }
  EXPECT_EQ(connect().request("GET", "/hello").status, 200);
}

TEST_F(ServerTest, a_handler_that_throws_or_forgets_costs_one_answer) {
  start();
  auto client = connect();
  EXPECT_EQ(client.request("GET", "/throws").status, 500);
  EXPECT_EQ(client.request("GET", "/forgets").status, 500);
  EXPECT_EQ(client.request("GET", "/hello").status, 200);
}

TEST_F(ServerTest, answers_may_come_from_another_thread_and_after_the_client_left) {
  start();
  auto waiting = connect();
  waiting.send("GET /later HTTP/1.1\r\n\r\n");
  auto leaving = connect();
  leaving.send("GET /later HTTP/1.1\r\n\r\n");
  wait_held(2);
  leaving.close();
  release();
  EXPECT_EQ(waiting.receive().body, "late");
  EXPECT_EQ(connect().request("GET", "/hello").status, 200);
}

TEST_F(ServerTest, an_answer_after_the_server_is_gone_does_nothing) {
  start();
  auto waiting = connect();
  waiting.send("GET /later HTTP/1.1\r\n\r\n");
  wait_held(1);
  server_.reset();
  release();
  EXPECT_TRUE(waiting.closed_by_peer());
}

TEST_F(ServerTest, refuses_connections_over_the_limit) {
  options_.max_connections = 2;
  start();
  auto a = connect(), b = connect();
  EXPECT_EQ(a.request("GET", "/hello").status, 200);
  EXPECT_EQ(b.request("GET", "/hello").status, 200);
  auto c = connect();
  const auto refused = c.receive();
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.body, R"({"error":{"code":"overloaded","message":"too many connections now"}})");
  a.close();
  Answer answer;
  while (answer.status != 200) answer = connect().request("GET", "/hello");
  EXPECT_EQ(metrics_.counter("mesher_http_connections_refused_total", "").value() > 0, true);
}

TEST_F(ServerTest, a_port_in_use_is_a_clear_error) {
  start();
  ServerOptions same = options_;
  same.listen = "127.0.0.1:" + std::to_string(server_->port());
  Metrics metrics;
  Server second(same, router_, metrics);
  const auto started = second.start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, ErrorCode::conflict);
  EXPECT_EQ(started.error().message, "port " + std::to_string(server_->port()) + " is in use");
  EXPECT_EQ(started.error().hint, "choose another with --listen");
}

TEST_F(ServerTest, an_address_that_is_none_is_a_clear_error) {
  for (const auto* listen : {"", "8080", "localhost", "host:port", "127.0.0.1:99999", "nowhere.invalid:80"}) {
    options_.listen = listen;
    Metrics metrics;
    Server server(options_, router_, metrics);
    const auto started = server.start();
    ASSERT_FALSE(started) << listen;
    EXPECT_EQ(started.error().code, ErrorCode::invalid);
  }
}

TEST_F(ServerTest, drain_answers_what_has_begun_and_closes_the_rest) {
  start();
  auto idle = connect();
  EXPECT_EQ(idle.request("GET", "/hello").status, 200);
  auto socket = connect();
  ASSERT_EQ(socket.upgrade("/socket"), 101);
  auto busy = connect();
  busy.send("GET /later HTTP/1.1\r\n\r\n");
  wait_held(1);

  std::jthread drainer([&] { EXPECT_TRUE(server_->drain(10s)); });
  EXPECT_TRUE(idle.closed_by_peer());
  const auto close = socket.receive_frame();
  EXPECT_EQ(close.close_code(), 1001);
  socket.send(Client::frame(close.payload, 8));
  release();
  const auto answer = busy.receive();
  EXPECT_EQ(answer.body, "late");
  EXPECT_EQ(answer.header("connection"), "close");
}

TEST_F(ServerTest, drain_cuts_what_takes_too_long) {
  start();
  auto busy = connect();
  busy.send("GET /later HTTP/1.1\r\n\r\n");
  wait_held(1);
  EXPECT_FALSE(server_->drain(30ms));
  EXPECT_TRUE(busy.closed_by_peer());
}

TEST_F(ServerTest, websocket_echo_close_and_refusal) {
  start();
  EXPECT_EQ(connect().upgrade("/socket?no"), 403);
  EXPECT_EQ(connect().upgrade("/nothing"), 404);
  auto client = connect();
  ASSERT_EQ(client.upgrade("/socket"), 101);
  client.send_text("one");
  client.send(Client::frame("tw", 1, false) + Client::frame("o", 0, true));
  client.send(Client::frame("binary", 2));
  EXPECT_EQ(client.receive_text(), "echo one");
  EXPECT_EQ(client.receive_text(), "echo two");
  EXPECT_EQ(client.receive_text(), "echo binary");
  const std::string large(300'000, 'l');
  client.send_text(large);
  EXPECT_EQ(client.receive_text(), "echo " + large);
  client.send_text("close");
  EXPECT_EQ(client.receive_frame().close_code(), 4000);
}

TEST_F(ServerTest, frames_sent_together_with_the_upgrade_are_not_lost) {
  start();
  auto client = connect();
  client.send(
      "GET /socket HTTP/1.1\r\nHost: t\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n" +
      Client::frame("early"));
  EXPECT_EQ(client.receive().status, 101);
  EXPECT_EQ(client.receive_text(), "echo early");
}

TEST_F(ServerTest, RESIL_02_one_sockets_fault_touches_no_other) {
  start();
  auto good = connect();
  ASSERT_EQ(good.upgrade("/socket"), 101);
  auto throwing = connect();
  ASSERT_EQ(throwing.upgrade("/socket"), 101);
  throwing.send_text("throw");
  EXPECT_EQ(throwing.receive_frame().close_code(), 1011);
  auto garbage = connect();
  ASSERT_EQ(garbage.upgrade("/socket"), 101);
  garbage.send("\xff\xff\xff\xff this is no frame");
  garbage.receive_frame();
  auto vanishing = connect();
  ASSERT_EQ(vanishing.upgrade("/socket"), 101);
  vanishing.close();
  good.send_text("still here");
  EXPECT_EQ(good.receive_text(), "echo still here");
}

TEST_F(ServerTest, STREAM_01_who_is_dismissed_and_reads_nothing_is_cut_off) {
  options_.websocket_queue_bytes = 64U << 20U;  // more than the kernel takes
  start();
  auto client = connect();
  ASSERT_EQ(client.upgrade("/socket"), 101);
  client.send_text("fill and dismiss");
  while (sockets_open.load() == 0) std::this_thread::yield();
  while (sockets_open.load() > 0) std::this_thread::yield();
}

TEST_F(ServerTest, silent_websockets_are_pinged_and_dead_ones_closed) {
  options_.websocket_timeout = 100ms;
  start();
  auto client = connect();
  ASSERT_EQ(client.upgrade("/socket"), 101);
  EXPECT_EQ(client.receive_frame().opcode, 9);
  while (client.fill()) {
  }
  while (sockets_open.load() > 0) std::this_thread::yield();
}

}  // namespace
}  // namespace mesher::http
