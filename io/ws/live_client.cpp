#include "io/ws/live_client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "io/http/text.hpp"

namespace mesher::ws {
namespace {

// Frames handed to the socket and not yet written: enough to keep it busy. What waits beyond them can still be dropped.
constexpr std::size_t kSocketWindow = 16;
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
  bytes_ = 0;
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
  const std::lock_guard lock(mutex_);
  queue(text);
}

void LiveClient::offer_event(const nodes::Event& event, const Text& text) {
  const std::lock_guard lock(mutex_);
  const bool wanted = std::any_of(subscriptions_.begin(), subscriptions_.end(), [&](const auto& entry) {
    return entry.second.project_id == event.project_id && entry.second.filter.passes(event);
  });
  if (wanted) queue(text);
}

void LiveClient::send_more() {
  const std::lock_guard lock(mutex_);
  send();
}

bool LiveClient::subscribe(const LiveRequest& request, std::optional<std::uint32_t>& replaced) {
  const std::lock_guard lock(mutex_);
  const auto at = subscriptions_.find(request.id);
  if (at == subscriptions_.end() && subscriptions_.size() >= options_.max_subscriptions) return false;
  if (at != subscriptions_.end()) replaced = at->second.project_id;
  subscriptions_[request.id] = {request.project_id, request.filter};
  return true;
}

std::optional<std::uint32_t> LiveClient::unsubscribe(const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto at = subscriptions_.find(id);
  if (at == subscriptions_.end()) return std::nullopt;
  const auto project = at->second.project_id;
  subscriptions_.erase(at);
  return project;
}

bool LiveClient::subscribed_to(std::uint32_t project) const {
  const std::lock_guard lock(mutex_);
  return std::any_of(subscriptions_.begin(), subscriptions_.end(),
                     [&](const auto& entry) { return entry.second.project_id == project; });
}

std::int64_t LiveClient::forget_all() {
  const std::lock_guard lock(mutex_);
  return static_cast<std::int64_t>(std::exchange(subscriptions_, {}).size());
}

void LiveClient::queue(const Text& text) {
  if (!socket_) return;
  events_.push_back(text);
  bytes_ += text->size();
  while (events_.size() > options_.queue_frames || (bytes_ > options_.queue_bytes && events_.size() > 1)) {
    bytes_ -= events_.front()->size();
    events_.pop_front();
    ++dropped_;
    dropped_total_.add();
  }
  send();
}

void LiveClient::update_reading() {
  if (socket_) socket_->pause_reading(asking_ || answers_.size() > kMaxAnswers);
}

/// What was dropped was older than all that waits, so it is told first.
void LiveClient::send() {
  if (!socket_) return;
  while (socket_->queued() < kSocketWindow) {
    if (!answers_.empty()) {
      if (!socket_->send(answers_.front())) return;
      answers_.pop_front();
      update_reading();
    } else if (dropped_ > 0) {
      if (!socket_->send(live_frame("dropped", {}, fmt::format(R"(,"count":{})", dropped_)))) return;
      dropped_ = 0;
    } else if (!events_.empty()) {
      if (!socket_->send(events_.front())) return;
      bytes_ -= events_.front()->size();
      events_.pop_front();
      sent_.add();
    } else {
      return;
    }
  }
}

}  // namespace mesher::ws
