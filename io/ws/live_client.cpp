#include "io/ws/live_client.hpp"

#include <fmt/format.h>

#include <utility>

#include "io/http/text.hpp"

namespace mesher::ws {
namespace {

// Frames handed to the socket and not yet written: enough to keep it busy. What waits beyond them can still be dropped.
constexpr std::size_t kSocketWindow = 64;
// Answers waiting for a client that does not read; it is not read from until they are gone.
constexpr std::size_t kMaxAnswers = 32;

}  // namespace

std::shared_ptr<const std::string> live_frame(std::string_view type, std::string_view id, std::string_view more) {
  std::string out = fmt::format(R"({{"type":"{}")", type);
  if (!id.empty()) {
    out += R"(,"id":)";
    http::append_json_string(id, out);
  }
  out += more;
  out += '}';
  return std::make_shared<const std::string>(std::move(out));
}

void LiveClient::open(std::shared_ptr<http::Socket> socket) {
  const std::lock_guard lock(mutex_);
  socket_ = std::move(socket);
}

void LiveClient::close() {
  const std::lock_guard lock(mutex_);
  socket_.reset();
  events_.clear();
  answers_.clear();
  missed_.clear();
  bytes_ = 0;
}

void LiveClient::dismiss(std::string_view reason) {
  constexpr std::uint16_t kPolicyViolation = 1008;
  const std::lock_guard lock(mutex_);
  events_.clear();
  missed_.clear();
  bytes_ = 0;
  if (socket_) socket_->close(kPolicyViolation, reason);
}

void LiveClient::begin_resume() {
  const std::lock_guard lock(mutex_);
  ++resuming_;
}

void LiveClient::end_resume(std::vector<Text> missed) {
  const std::lock_guard lock(mutex_);
  --resuming_;
  if (!socket_) return;
  for (auto& text : missed) missed_.push_back(std::move(text));
  send();
}

bool LiveClient::is_open() const {
  const std::lock_guard lock(mutex_);
  return socket_ != nullptr;
}

void LiveClient::pause(bool paused) {
  const std::lock_guard lock(mutex_);
  asking_ = paused;
  update_reading();
}

void LiveClient::answer(Text text) {
  const std::lock_guard lock(mutex_);
  answers_.push_back(std::move(text));
  update_reading();
  send();
}

void LiveClient::offer(const Text& text) {
  const auto now = std::chrono::steady_clock::now();
  const std::lock_guard lock(mutex_);
  if (!socket_) return;
  queue(text);
  if (flush_waits_) return;
  if (now - sent_at_ >= flusher_.pause()) {
    sent_at_ = now;
    return send();
  }
  flush_waits_ = true;
  flusher_.later(shared_from_this());
}

void LiveClient::flush() {
  const std::lock_guard lock(mutex_);
  flush_waits_ = false;
  sent_at_ = std::chrono::steady_clock::now();
  send();
}

void LiveClient::send_more() {
  const std::lock_guard lock(mutex_);
  send();
}

void LiveClient::queue(const Text& text) {
  events_.push_back(text);
  bytes_ += text->size();
  while (events_.size() > options_.queue_frames || (bytes_ > options_.queue_bytes && events_.size() > 1)) {
    bytes_ -= events_.front()->size();
    events_.pop_front();
    ++dropped_;
    dropped_total_.add();
  }
}

void LiveClient::update_reading() {
  if (socket_) socket_->pause_reading(asking_ || answers_.size() > kMaxAnswers);
}

void LiveClient::send() {
  if (!socket_) return;
  while (socket_->queued() < kSocketWindow && send_next()) {
  }
}

/// What was missed is older than all that waits, and so is what was dropped: it is told first. False: there is nothing,
/// or no room.
bool LiveClient::send_next() {
  if (!answers_.empty()) {
    if (!socket_->send(answers_.front())) return false;
    answers_.pop_front();
    update_reading();
    return true;
  }
  if (!missed_.empty()) {
    if (!socket_->send(missed_.front())) return false;
    missed_.pop_front();
    sent_.add();
    return true;
  }
  if (resuming_ > 0) return false;
  if (dropped_ > 0) {
    if (!socket_->send(live_frame("dropped", {}, fmt::format(R"(,"count":{})", dropped_)))) return false;
    dropped_ = 0;
    return true;
  }
  if (events_.empty() || !socket_->send(events_.front())) return false;
  bytes_ -= events_.front()->size();
  events_.pop_front();
  sent_.add();
  return true;
}

}  // namespace mesher::ws
