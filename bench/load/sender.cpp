#include "bench/load/sender.hpp"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "graph/base/clock.hpp"

namespace mesher::bench {
namespace {

constexpr std::int64_t kMillisecond = 1'000'000, kSecond = 1'000'000'000;
constexpr std::int64_t kFirstBackOff = 10 * kMillisecond, kLongestBackOff = 250 * kMillisecond;
constexpr std::int64_t kConnectTimeout = 10 * kSecond, kExpiryInterval = 100 * kMillisecond;
constexpr std::int64_t kLiveQuiet = 3 * kSecond;  // the live stream is over when nothing came for so long

}  // namespace

Sender::Sender(const LoadOptions& options, const Target& target, EventPool& pool, const EventIds& ids, Tally& tally)
    : options_(options),
      target_(target),
      tally_(tally),
      ids_(ids),
      writer_(options, target, pool, ids),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      buffer_(std::size_t{256} << 10, '\0') {
  if (options.rate > 0) interval_ns_ = 1e9 * options.batch / options.rate;
  for (std::uint32_t i = 0; i < options.connections; ++i) lanes_.push_back(std::make_unique<Lane>(epoll_, i));
  if (!options.live_token.empty())
    live_ = std::make_unique<LiveWatcher>(epoll_, options.connections, options, target, ids, tally.live());
}

Sender::~Sender() {
  lanes_.clear();
  live_.reset();
  ::close(epoll_);
}

Result<Sender::Span> Sender::run() {
  const auto address = resolve(target_);
  if (!address) return address.error();
  address_ = *address;
  if (const auto connected = connect_all(); !connected) return connected.error();
  const auto started_at = static_cast<double>(SystemClock().now()) * 1e-6;
  start_ns_ = last_answer_ns_ = now_ns();
  sending_ = true;
  for (auto now = start_ns_; !finished(now); now = now_ns()) {
    open_closed(now);
    expire(now);
    if (sending_) dispatch(now);
    wait(now);
  }
  return Span{started_at, static_cast<double>(last_answer_ns_ - start_ns_) * 1e-9};
}

// The clock starts when all connections stand (and the live stream), so that their making is not measured.
Status Sender::connect_all() {
  const auto began = now_ns();
  if (live_ && !live_->open(address_)) return Error{ErrorCode::unavailable, "can't connect to the live stream", ""};
  const auto standing = [&] {
    const bool all = std::all_of(lanes_.begin(), lanes_.end(), [&](const auto& lane) { return usable(*lane); });
    return all && (!live_ || live_->subscribed());
  };
  while (!standing()) {
    const auto now = now_ns();
    if (now - began > kConnectTimeout)
      return Error{ErrorCode::unavailable, fmt::format("not all connections to {} stand after 10 s", options_.url), ""};
    open_closed(now);
    wait(now);
  }
  return {};
}

bool Sender::finished(std::int64_t now) const {
  if (sending_) return false;
  const auto patience = static_cast<std::int64_t>(options_.timeout_s * 1e9) + kSecond;
  if (on_the_way_ > 0) return now - last_answer_ns_ > patience;
  if (!live_ || tally_.live_done()) return true;
  return now - std::max(last_answer_ns_, live_->last_arrival_ns()) > kLiveQuiet;
}

std::int64_t Sender::due_ns(std::uint64_t request) const {
  return start_ns_ + static_cast<std::int64_t>(static_cast<double>(request) * interval_ns_);
}

bool Sender::usable(const Lane& lane) const {
  const bool ws = options_.mode == Mode::ws;
  return lane.connection.state() == Connection::State::open && !lane.connection.writing() && (!ws || lane.upgraded) &&
         lane.waiting.size() < (ws ? options_.window : 1);
}

void Sender::queue_if_usable(std::uint32_t index) {
  auto& lane = *lanes_[index];
  if (lane.queued || !usable(lane)) return;
  lane.queued = true;
  ready_.push_back(index);
}

void Sender::open_closed(std::int64_t now) {
  if (now < next_open_ns_) return;
  next_open_ns_ = now + kSecond;
  for (auto& lane : lanes_) {
    if (lane->connection.state() != Connection::State::closed) continue;
    if (lane->retry_at_ns <= now && !lane->connection.open(address_)) fail(*lane, "connect");
    if (lane->connection.state() == Connection::State::closed)
      next_open_ns_ = std::min(next_open_ns_, lane->retry_at_ns);
  }
}

void Sender::expire(std::int64_t now) {
  if (now < next_expiry_ns_) return;
  next_expiry_ns_ = now + kExpiryInterval;
  const auto oldest = now - static_cast<std::int64_t>(options_.timeout_s * 1e9);
  for (auto& lane : lanes_)
    if (!lane->waiting.empty() && lane->waiting.front().sent_ns < oldest) fail(*lane, "timeout");
}

void Sender::dispatch(std::int64_t now) {
  const auto now_ms = SystemClock().now() / 1000;
  const auto end = start_ns_ + static_cast<std::int64_t>(options_.duration_s * 1e9);
  const auto over = [&] { return now >= end || (options_.events > 0 && events_ >= options_.events); };
  while (!ready_.empty() && !over()) {
    const auto due = interval_ns_ > 0 ? due_ns(requests_) : now;
    if (due > now) return;
    const auto index = ready_.front();
    ready_.pop_front();
    auto& lane = *lanes_[index];
    lane.queued = false;
    if (!usable(lane)) continue;
    send(lane, due, now_ms);
    queue_if_usable(index);  // a WebSocket takes more than one
    if (interval_ns_ <= 0) now = now_ns();
  }
  if (over()) sending_ = false;
}

void Sender::send(Lane& lane, std::int64_t due, std::int64_t now_ms) {
  auto events = options_.batch;
  if (options_.events > 0)
    events = static_cast<std::uint32_t>(std::min<std::uint64_t>(events, options_.events - events_));
  writer_.append(lane.connection.out(), events_, events, now_ms);
  lane.waiting.push_back({events_, events, events, due, now_ns()});
  if (live_)
    for (std::uint32_t i = 0; i < events; ++i) live_->note_sent(events_ + i, due);
  ++requests_;
  ++on_the_way_;
  events_ += events;
  tally_.add_sent(events);
  if (!lane.connection.flush()) fail(lane, "reset");
}

void Sender::wait(std::int64_t now) {
  auto until = std::min({now + kExpiryInterval, std::max(next_open_ns_, now)});
  if (sending_ && !ready_.empty() && interval_ns_ > 0) until = std::min(until, due_ns(requests_));
  if (sending_) until = std::min(until, start_ns_ + static_cast<std::int64_t>(options_.duration_s * 1e9));
  const auto nap = std::max<std::int64_t>(0, until - now_ns());
  const timespec timeout{nap / kSecond, nap % kSecond};
  std::array<epoll_event, 256> events{};
  const int n = epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &timeout, nullptr);
  for (int i = 0; i < n; ++i)
    on_ready(events[static_cast<std::size_t>(i)].data.u32, events[static_cast<std::size_t>(i)].events);
}

void Sender::on_ready(std::uint32_t index, std::uint32_t events) {
  if (index == lanes_.size()) {
    if (!live_->on_ready(buffer_)) live_->close();
    return;
  }
  auto& lane = *lanes_[index];
  if (lane.connection.state() == Connection::State::connecting) {
    if (!lane.connection.finish_open()) return fail(lane, "connect");
    on_open(lane);
  } else if ((events & EPOLLOUT) != 0 && !lane.connection.flush()) {
    return fail(lane, "reset");
  } else if ((events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0) {
    std::string_view got;
    const auto io = lane.connection.receive(buffer_, got);
    if (io == Connection::Io::failed) return fail(lane, "reset");
    if (io == Connection::Io::more) on_bytes(lane, got);
  }
  queue_if_usable(index);
}

void Sender::on_open(Lane& lane) {
  lane.in.clear();
  lane.frames.reset();
  lane.upgraded = false;
  if (options_.mode != Mode::ws) return;
  lane.connection.out() = writer_.handshake();
  if (!lane.connection.flush()) fail(lane, "reset");
}

void Sender::fail(Lane& lane, const char* what) {
  tally_.add_error(what);
  // Only the last request can be one of which nothing went out.
  const bool untouched = lane.connection.writing() && !lane.connection.began();
  for (std::size_t i = 0; i < lane.waiting.size(); ++i) {
    const auto& request = lane.waiting[i];
    if (untouched && i + 1 == lane.waiting.size())
      tally_.add_not_sent(request.left);
    else
      tally_.add_unknown(request.left);
  }
  on_the_way_ -= lane.waiting.size();
  lane.waiting.clear();
  lane.connection.close();
  lane.back_off_ns = std::clamp(lane.back_off_ns * 2, kFirstBackOff, kLongestBackOff);
  lane.retry_at_ns = now_ns() + lane.back_off_ns;
  next_open_ns_ = std::min(next_open_ns_, lane.retry_at_ns);
}

}  // namespace mesher::bench
