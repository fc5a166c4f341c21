#include "io/http/worker.hpp"

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <ctime>
#include <exception>
#include <utility>

#include "graph/base/log.hpp"
#include "graph/base/thread.hpp"

namespace mesher::http {

void Mailbox::push(std::shared_ptr<Wakeable> who) {
  const std::lock_guard lock(mutex_);
  if (io_ == nullptr) return;
  waiting_.push_back(std::move(who));
  if (waiting_.size() == 1) boost::asio::post(*io_, [this] { deliver(); });  // closed before the io_context goes
}

void Mailbox::close() {
  std::vector<std::shared_ptr<Wakeable>> dropped;
  const std::lock_guard lock(mutex_);
  io_ = nullptr;
  dropped.swap(waiting_);
}

void Mailbox::deliver() {
  {
    const std::lock_guard lock(mutex_);
    delivering_.swap(waiting_);
  }
  for (auto& who : delivering_) who->woken();
  delivering_.clear();
}

void Peer::leave() {
  worker_.leave(*this);
}

namespace {

/// A fourth of the shortest timeout, so that no deadline is missed by more; at most twice a second on an idle server.
std::chrono::milliseconds tick_for(const ServerOptions& o) {
  const auto shortest =
      std::min({o.header_timeout, o.body_timeout, o.idle_timeout, o.write_timeout, o.websocket_timeout});
  return std::clamp(shortest / 4, std::chrono::milliseconds(5), std::chrono::milliseconds(500));
}

}  // namespace

Worker::Worker(std::shared_ptr<Shared> shared, std::uint32_t index)
    : shared_(std::move(shared)),
      index_(index),
      io_(1),
      timer_(io_),
      mailbox_(std::make_shared<Mailbox>(io_)),
      tick_interval_(tick_for(shared_->options)) {}

Worker::~Worker() {
  stop();
}

void Worker::start() {
  thread_ = std::thread([this] {
    name_thread("http");
    const ThreadTimes::Member member(*shared_->options.thread_times);
    mailbox_->set_thread(std::this_thread::get_id());
    const auto work = boost::asio::make_work_guard(io_);
    while (!io_.stopped()) {
      try {
        io_.run();
      } catch (const std::exception& e) {
        // A handler's exception ends in its connection (Connection::dispatch); what comes here is out of memory or a
        // defect. The other connections of this worker go on.
        log::error("http", "exception on an I/O thread: {}", e.what());
      }
    }
  });
}

void Worker::stop() {
  if (thread_.joinable()) {
    boost::asio::post(io_, [this] {
      draining_ = true;
      while (!peers_.empty()) peers_.front()->abort();
      io_.stop();
    });
    thread_.join();
  }
  mailbox_->close();
}

void Worker::drain() {
  boost::asio::post(io_, [this] {
    draining_ = true;
    const auto peers = peers_;
    for (const auto& peer : peers) peer->drain();
  });
}

void Worker::join(std::shared_ptr<Peer> peer) {
  peers_.push_back(std::move(peer));
  auto& joined = *peers_.back();
  joined.place_ = std::prev(peers_.end());
  joined.listed_ = true;
  arm_tick();
}

void Worker::leave(Peer& peer) {
  if (!std::exchange(peer.listed_, false)) return;
  // Not destroyed here: the caller is one of the peer's own functions.
  boost::asio::post(io_, [gone = std::move(*peer.place_)] {});
  peers_.erase(peer.place_);
}

void Worker::arm_tick() {
  if (ticking_ || peers_.empty()) return;
  ticking_ = true;
  timer_.expires_after(tick_interval_);
  timer_.async_wait([this](const boost::system::error_code& error) {
    ticking_ = false;
    if (!error) on_tick();
  });
}

void Worker::on_tick() {
  const auto now = std::chrono::steady_clock::now();
  for (auto at = peers_.begin(); at != peers_.end();) {
    const auto peer = *at++;  // a tick may remove its own peer, never another
    peer->tick(now);
  }
  arm_tick();
}

const std::string& Worker::http_date() {
  const auto now = std::time(nullptr);
  if (now != date_second_) {
    date_second_ = now;
    std::tm parts{};
    gmtime_r(&now, &parts);
    char text[40];
    date_.assign(text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts));
  }
  return date_;
}

}  // namespace mesher::http
