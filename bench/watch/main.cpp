/// mesher-watch: many watchers of the live stream in one process, for `bench/run live`. Opens the sockets, says
/// `ready`, counts what arrives until standard input ends, then writes for each event how many watchers got it and when
/// the last of them did.

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "bench/load/wire.hpp"

namespace mesher::bench {
namespace {

struct Options {
  std::string host = "127.0.0.1", token, filter = "{}", out;
  std::uint16_t port = 0;
  std::uint32_t project = 0, watchers = 1, lazy = 0;
};

[[noreturn]] void die(const std::string& why) {
  std::fprintf(stderr, "mesher-watch: %s\n", why.c_str());
  std::exit(1);
}

std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

struct Event {
  std::uint64_t count = 0;
  std::int64_t last_ns = 0;
};

class Watchers {
 public:
  explicit Watchers(const Options& options) : options_(options), epoll_(epoll_create1(0)) {}

  void open_all() {
    for (std::uint32_t i = 0; i < options_.watchers; ++i) open(i);
    std::printf("ready\n");
    std::fflush(stdout);
  }

  void run() {
    epoll_event input{EPOLLIN, {}};
    input.data.u32 = kInput;
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, STDIN_FILENO, &input) != 0) die("standard input must be a pipe");
    std::array<epoll_event, 256> ready{};
    while (true) {
      const int n = epoll_wait(epoll_, ready.data(), static_cast<int>(ready.size()), -1);
      for (int i = 0; i < n; ++i) {
        const auto index = ready[static_cast<std::size_t>(i)].data.u32;
        if (index == kInput) {
          char byte = 0;
          if (::read(STDIN_FILENO, &byte, 1) <= 0) return;
        } else {
          read(sockets_[index]);
        }
      }
    }
  }

  void write() const {
    std::ofstream out(options_.out);
    for (const auto& [id, event] : events_) out << id << ' ' << event.count << ' ' << event.last_ns << '\n';
    std::fprintf(stderr, "closed %u, dropped %llu\n", closed_, static_cast<unsigned long long>(dropped_));
  }

 private:
  static constexpr std::uint32_t kInput = ~std::uint32_t{0};
  struct Socket {
    int fd = -1;
    FrameReader frames;
  };

  void open(std::uint32_t index) {
    Socket socket;
    socket.fd = ::socket(AF_INET, SOCK_STREAM, 0);
    if (socket.fd < 0) die("no more sockets: raise the limit of open files");
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(options_.port);
    inet_pton(AF_INET, options_.host.c_str(), &to.sin_addr);
    const bool lazy = index < options_.lazy;
    const int small = 4096;
    if (lazy) setsockopt(socket.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    if (connect(socket.fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) die("can't connect");
    send(socket.fd, upgrade_request(options_.host, "/api/v1/live", "Authorization: Bearer " + options_.token + "\r\n"));
    std::string in;
    while (in.find("\r\n\r\n") == std::string::npos) receive(socket.fd, in);
    if (!in.starts_with("HTTP/1.1 101")) die("no upgrade: " + in.substr(0, 300));
    socket.frames.feed(std::string_view(in).substr(in.find("\r\n\r\n") + 4));
    auto filter = options_.filter;
    if (const auto at = filter.find("{n}"); at != std::string::npos) filter.replace(at, 3, std::to_string(index));
    std::string frame;
    append_frame(frame, Opcode::text,
                 R"({"type":"subscribe","id":"w","project_id":)" + std::to_string(options_.project) + R"(,"filter":)" +
                     filter + "}");
    send(socket.fd, frame);
    auto message = socket.frames.next();
    while (!message) {
      std::string more;
      receive(socket.fd, more);
      socket.frames.feed(more);
      message = socket.frames.next();
    }
    if (message->payload.find("\"subscribed\"") == std::string_view::npos) die(std::string(message->payload));
    fcntl(socket.fd, F_SETFL, O_NONBLOCK);
    epoll_event event{EPOLLIN, {}};
    event.data.u32 = index;
    if (!lazy) epoll_ctl(epoll_, EPOLL_CTL_ADD, socket.fd, &event);
    sockets_.push_back(std::move(socket));
  }

  static void send(int fd, std::string_view bytes) {
    if (::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(bytes.size())) die("can't send");
  }
  static void receive(int fd, std::string& in) {
    std::array<char, 4096> piece;
    const auto n = ::recv(fd, piece.data(), piece.size(), 0);
    if (n <= 0) die("the server has closed");
    in.append(piece.data(), static_cast<std::size_t>(n));
  }

  void read(Socket& socket) {
    const auto n = ::recv(socket.fd, buffer_.data(), buffer_.size(), 0);
    if (n <= 0) {
      if (n == 0 || errno != EAGAIN) {
        ++closed_;
        ::close(socket.fd);
      }
      return;
    }
    const auto at = now_ns();
    socket.frames.feed({buffer_.data(), static_cast<std::size_t>(n)});
    while (const auto message = socket.frames.next()) {
      if (message->opcode == Opcode::ping) {
        std::string pong;
        append_frame(pong, Opcode::pong, message->payload);
        send(socket.fd, pong);
        continue;
      }
      constexpr std::string_view kEvent = R"({"type":"event","id":")", kDropped = R"({"type":"dropped")";
      if (message->payload.starts_with(kEvent)) {
        auto& event = events_[std::string(message->payload.substr(kEvent.size(), 32))];
        ++event.count;
        event.last_ns = at;
      } else if (message->payload.starts_with(kDropped)) {
        ++dropped_;
      }
    }
  }

  const Options& options_;
  const int epoll_;
  std::vector<Socket> sockets_;
  std::unordered_map<std::string, Event> events_;
  std::array<char, 256 * 1024> buffer_{};
  std::uint64_t dropped_ = 0;
  std::uint32_t closed_ = 0;
};

}  // namespace
}  // namespace mesher::bench

int main(int argc, char** argv) {
  mesher::bench::Options options;
  CLI::App app{"Watches the live stream with many sockets."};
  app.add_option("--host", options.host);
  app.add_option("--port", options.port)->required();
  app.add_option("--token", options.token)->required();
  app.add_option("--project", options.project)->required();
  app.add_option("--watchers", options.watchers);
  app.add_option("--lazy", options.lazy, "So many of them never read.");
  app.add_option("--filter", options.filter, "JSON; {n} stands for the watcher's number.");
  app.add_option("--out", options.out)->required();
  CLI11_PARSE(app, argc, argv);
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  const auto watchers = std::make_unique<mesher::bench::Watchers>(options);
  watchers->open_all();
  watchers->run();
  watchers->write();
  return 0;
}
