#include "nodes/sink.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <future>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "nodes/archive.hpp"
#include "nodes/http_post.hpp"
#include "tests/unit/nodes/read_event.hpp"

namespace mesher::nodes {
namespace {

namespace fs = std::filesystem;

/// A folder that goes away with the test.
class Folder {
 public:
  Folder() {
    std::string pattern = (fs::temp_directory_path() / "mesher-sink-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

std::unique_ptr<graph::AsyncNode> make_sink(const graph::NodeSpec& spec, const std::string& toml) {
  auto options = graph::options_from(spec, "under-test", toml);
  if (!options) throw std::runtime_error(options.error().message);
  auto made = spec.make(**options);
  if (!made) throw std::runtime_error(made.error().message);
  return std::move(made->async);
}

/// Gives the batch to the sink; the future is ready when it comes back.
std::future<graph::Batch> give(graph::AsyncNode& sink, graph::Batch batch) {
  auto promise = std::make_shared<std::promise<graph::Batch>>();
  auto future = promise->get_future();
  sink.submit(std::move(batch), [promise](graph::Batch back) { promise->set_value(std::move(back)); });
  return future;
}

constexpr auto kSoon = std::chrono::seconds(20);

std::string run(const std::string& command) {
  std::ostringstream out;
  FILE* pipe = popen(command.c_str(), "r");
  char buffer[4096];
  while (const std::size_t n = fread(buffer, 1, sizeof(buffer), pipe))
    out.write(buffer, static_cast<std::streamsize>(n));
  return pclose(pipe) == 0 ? out.str() : "failed";
}

TEST(sink, a_line_is_one_line_and_valid_json) {
  ReadEvent event("{\"message\":\n\"a\\nb\",\r\n\"x\":1}");
  event.event.issue_id = 7;
  std::string line;
  append_line(event.event, line);
  EXPECT_EQ(line.find_first_of("\r\n"), std::string::npos);
  const auto json = nlohmann::json::parse(line);
  EXPECT_EQ(json["event"]["message"], "a\nb");
  EXPECT_EQ(json["issue_id"], 7);
  EXPECT_EQ(json["received"], "2024-06-01T12:00:00.000Z");
}

TEST(archive, files_by_project_and_day_hold_every_event) {
  const Folder folder;
  ManualClock clock(kReceived);
  const auto sink = make_sink(archive_spec(&clock), "path = \"" + (folder.path() / "a/b").string() + "\"");
  ASSERT_TRUE(sink->start());
  auto batch = batch_of({R"({"message":"one"})", R"({"message":"two"})", R"({"message":"three"})"});
  auto& events = batch.as<EventBatch>().events;
  events[1].project_id = 2;
  events[2].received -= 86'400'000'000;
  ASSERT_EQ(give(*sink, std::move(batch)).wait_for(kSoon), std::future_status::ready);
  ASSERT_EQ(give(*sink, batch_of({R"({"message":"four"})"})).wait_for(kSoon), std::future_status::ready);
  sink->stop();
  const auto start = std::to_string(kReceived);
  const auto read = [&](const std::string& name) {
    const auto path = folder.path() / "a/b" / name;
    EXPECT_TRUE(fs::exists(path)) << path;
    return run("zstd -dcq " + path.string());
  };
  const auto today = read("1/2024-06-01." + start + ".ndjson.zst");
  EXPECT_NE(today.find("\"one\""), std::string::npos);
  EXPECT_NE(today.find("\"four\""), std::string::npos) << "a second batch is a second frame of the same file";
  EXPECT_NE(read("2/2024-06-01." + start + ".ndjson.zst").find("\"two\""), std::string::npos);
  EXPECT_NE(read("1/2024-05-31." + start + ".ndjson.zst").find("\"three\""), std::string::npos);
}

TEST(archive, refuses_a_folder_that_cannot_be_made) {
  const Folder folder;
  std::ofstream(folder.path() / "file") << "x";
  ManualClock clock;
  const auto sink = make_sink(archive_spec(&clock), "path = \"" + (folder.path() / "file/below").string() + "\"");
  EXPECT_FALSE(sink->start());
}

/// Answers one request after another with the given status lines, keeping the bodies.
class Receiver {
 public:
  explicit Receiver(std::deque<std::string> statuses) : statuses_(std::move(statuses)) {
    listener_ = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0) throw std::runtime_error("bind");
    listen(listener_, 8);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~Receiver() { finish(); }
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;

  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/in"; }
  /// The requests so far; call when no more will come.
  std::vector<std::string> finish() {
    if (thread_.joinable()) {
      shutdown(listener_, SHUT_RDWR);
      close(listener_);
      thread_.join();
    }
    return requests_;
  }

 private:
  void serve() {
    while (!statuses_.empty()) {
      const int connection = accept(listener_, nullptr, nullptr);
      if (connection < 0) return;
      std::string request;
      std::size_t wanted = std::string::npos;
      char buffer[4096];
      while (request.size() < wanted) {
        const auto n = recv(connection, buffer, sizeof(buffer), 0);
        if (n <= 0) break;
        request.append(buffer, static_cast<std::size_t>(n));
        const auto end = request.find("\r\n\r\n");
        const auto length = request.find("Content-Length: ");
        if (end != std::string::npos && length != std::string::npos) {
          wanted = end + 4 + std::stoul(request.substr(length + 16));
        }
      }
      requests_.push_back(request);
      const std::string answer = "HTTP/1.1 " + statuses_.front() + "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
      statuses_.pop_front();
      send(connection, answer.data(), answer.size(), MSG_NOSIGNAL);
      close(connection);
    }
  }

  std::deque<std::string> statuses_;
  std::vector<std::string> requests_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

TEST(http_post, posts_a_batch_and_tries_again_what_may_succeed_later) {
  Receiver receiver({"503 Service Unavailable", "200 OK"});
  const auto sink =
      make_sink(http_post_spec(), "url = \"" + receiver.url() + "\"\nmax_wait = \"10 ms\"\nheaders = [\"X-Own: 1\"]");
  ASSERT_TRUE(sink->start());
  auto done = give(*sink, batch_of({R"({"message":"one"})", R"({"message":"two"})"}));
  ASSERT_EQ(done.wait_for(kSoon), std::future_status::ready);
  EXPECT_EQ(done.get().as<EventBatch>().size(), 2U);
  sink->stop();
  const auto requests = receiver.finish();
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_EQ(requests[0].substr(requests[0].find("\r\n\r\n")), requests[1].substr(requests[1].find("\r\n\r\n")));
  EXPECT_NE(requests[1].find("application/x-ndjson"), std::string::npos);
  EXPECT_NE(requests[1].find("X-Own: 1"), std::string::npos);
  const auto body = requests[1].substr(requests[1].find("\r\n\r\n") + 4);
  EXPECT_EQ(std::count(body.begin(), body.end(), '\n'), 2);
}

TEST(http_post, gives_up_what_is_refused_for_good) {
  Receiver receiver({"400 Bad Request"});
  const auto sink = make_sink(http_post_spec(), "url = \"" + receiver.url() + "\"\nformat = \"array\"");
  ASSERT_TRUE(sink->start());
  ASSERT_EQ(give(*sink, batch_of({R"({"message":"one"})", R"({"message":"two"})"})).wait_for(kSoon),
            std::future_status::ready);
  sink->stop();
  const auto requests = receiver.finish();
  ASSERT_EQ(requests.size(), 1U);
  const auto list = nlohmann::json::parse(requests[0].substr(requests[0].find("\r\n\r\n") + 4));
  EXPECT_EQ(list.size(), 2U);
  EXPECT_EQ(list[1]["event"]["message"], "two");
}

TEST(http_post, stop_ends_the_waiting_and_keeps_the_batch_unfinished) {
  const auto sink = make_sink(http_post_spec(), "url = \"http://127.0.0.1:1/\"\nmax_wait = \"1 h\"");
  ASSERT_TRUE(sink->start());
  std::atomic<bool> finished{false};
  sink->submit(batch_of({R"({"message":"one"})"}), [&](graph::Batch) { finished = true; });
  sink->stop();
  EXPECT_FALSE(finished);
}

TEST(http_post, options_are_checked) {
  const auto spec = http_post_spec();
  EXPECT_TRUE(graph::options_from(spec, "x", "url = \"https://a.example/\""));
  EXPECT_FALSE(graph::options_from(spec, "x", "url = \"file:///etc/passwd\""));
  EXPECT_FALSE(graph::options_from(spec, "x", "url = \"http://a.example/\"\nheaders = [\"nonsense\"]"));
  EXPECT_FALSE(graph::options_from(spec, "x", ""));
}

}  // namespace
}  // namespace mesher::nodes
