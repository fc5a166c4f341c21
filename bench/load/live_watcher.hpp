#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bench/load/connection.hpp"
#include "bench/load/tally.hpp"
#include "bench/load/wire.hpp"

namespace mesher::bench {

/// Watches the live stream of a project and times each event of ours from its sending to its arrival here.
/// Not thread-safe; shares the sender's epoll set.
class LiveWatcher {
 public:
  LiveWatcher(int epoll, std::uint32_t tag, const LoadOptions& options, const Target& target, const EventIds& ids,
              Tally::Live& tally);

  [[nodiscard]] bool open(const sockaddr_in& address) { return connection_.open(address); }
  /// After epoll reported the socket. False: the stream ended.
  [[nodiscard]] bool on_ready(std::string& buffer);
  [[nodiscard]] bool subscribed() const { return subscribed_; }
  void close() { connection_.close(); }
  /// When the last message came; 0: never.
  [[nodiscard]] std::int64_t last_arrival_ns() const { return last_arrival_ns_; }
  void note_sent(std::uint64_t number, std::int64_t at_ns) { sent_[number % sent_.size()] = at_ns; }

 private:
  [[nodiscard]] bool read_upgrade(std::string_view bytes);
  [[nodiscard]] bool read_messages();
  void on_message(std::string_view text);
  void subscribe();

  Connection connection_;
  const LoadOptions& options_;
  const EventIds& ids_;
  Tally::Live& tally_;
  std::string request_, head_;
  FrameReader frames_;
  std::int64_t last_arrival_ns_ = 0;
  bool upgraded_ = false, subscribed_ = false;
  std::vector<std::int64_t> sent_;  ///< by number, the last 4 million
};

}  // namespace mesher::bench
