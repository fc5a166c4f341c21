#include "bench/load/live_watcher.hpp"

#include <fmt/format.h>

#include <charconv>

namespace mesher::bench {
namespace {

constexpr std::size_t kRemembered = std::size_t{1} << 22;

std::uint64_t number_after(std::string_view text, std::string_view name) {
  std::uint64_t value = 0;
  const auto at = text.find(name);
  if (at != std::string_view::npos) std::from_chars(text.data() + at + name.size(), text.data() + text.size(), value);
  return value;
}

}  // namespace

LiveWatcher::LiveWatcher(int epoll, std::uint32_t tag, const LoadOptions& options, const Target& target,
                         const EventIds& ids, Tally::Live& tally)
    : connection_(epoll, tag), options_(options), ids_(ids), tally_(tally), sent_(kRemembered) {
  request_ = upgrade_request(target.host + ":" + target.port, "/api/v1/live",
                             fmt::format("Authorization: Bearer {}\r\n", options.live_token));
  tally_.watched = true;
}

bool LiveWatcher::on_ready(std::string& buffer) {
  if (connection_.state() == Connection::State::connecting) {
    if (!connection_.finish_open()) return false;
    connection_.out() = request_;
    return connection_.flush();
  }
  if (connection_.writing() && !connection_.flush()) return false;
  std::string_view got;
  const auto io = connection_.receive(buffer, got);
  if (io == Connection::Io::blocked) return true;
  if (io == Connection::Io::failed) return false;
  if (!upgraded_) return read_upgrade(got);
  frames_.feed(got);
  return read_messages();
}

bool LiveWatcher::read_upgrade(std::string_view bytes) {
  head_ += bytes;
  const auto end = head_.find("\r\n\r\n");
  if (end == std::string::npos) return true;
  if (!head_.starts_with("HTTP/1.1 101")) return false;
  upgraded_ = true;
  frames_.feed(std::string_view(head_).substr(end + 4));
  subscribe();
  return connection_.flush() && read_messages();
}

void LiveWatcher::subscribe() {
  append_frame(connection_.out(), Opcode::text,
               fmt::format(R"({{"type":"subscribe","id":"load","project_id":{}}})", options_.live_project));
}

bool LiveWatcher::read_messages() {
  while (const auto message = frames_.next()) {
    if (message->opcode == Opcode::close) return false;
    if (message->opcode == Opcode::text) on_message(message->payload);
    if (message->opcode != Opcode::ping || connection_.writing()) continue;
    append_frame(connection_.out(), Opcode::pong, message->payload);
    if (!connection_.flush()) return false;
  }
  return true;
}

void LiveWatcher::on_message(std::string_view text) {
  using namespace std::string_view_literals;
  const auto has = [&](std::string_view type) { return text.find(type) != std::string_view::npos; };
  if (has(R"("type":"event")")) {
    // The ids of events are the only ones of 32 digits.
    constexpr auto kId = R"("id":")"sv;
    for (auto at = text.find(kId); at != std::string_view::npos; at = text.find(kId, at + 1)) {
      const auto number = ids_.number(text.substr(at + kId.size(), EventIds::kLength));
      if (!number) continue;
      ++tally_.received;
      last_arrival_ns_ = now_ns();
      tally_.latency.record(last_arrival_ns_ - sent_[*number % sent_.size()]);
      return;
    }
  } else if (has(R"("type":"subscribed")")) {
    subscribed_ = true;
  } else if (has(R"("type":"dropped")")) {
    tally_.dropped += number_after(text, R"("count":)");
  } else if (has(R"("type":"new_issue")")) {
    ++tally_.new_issues;
  }
}

}  // namespace mesher::bench
