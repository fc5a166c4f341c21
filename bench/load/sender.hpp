#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "bench/load/connection.hpp"
#include "bench/load/live_watcher.hpp"
#include "bench/load/options.hpp"
#include "bench/load/request_writer.hpp"
#include "bench/load/tally.hpp"
#include "bench/load/wire.hpp"

namespace mesher::bench {

/// Sends on all connections from one thread. With a rate, request k is due at start + k × interval whatever became of
/// the ones before (an open loop), and its latency counts from then: a server that stalls can't slow down the
/// questions. Without one, each connection sends as soon as it has its answer.
///
/// A failed connection is opened again after 10 ms, then 20, … up to 250. What was on the way counts as unknown.
class Sender {
 public:
  Sender(const LoadOptions& options, const Target& target, EventPool& pool, const EventIds& ids, Tally& tally);
  ~Sender();
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;

  struct Span {
    double started_at = 0;  ///< Unix time in seconds when the first request was due
    double seconds = 0;     ///< from then to the last answer
  };
  /// Sends everything and waits for the answers.
  /// Errors: not_found (no such host), unavailable (nothing answers within 10 s, or the live stream refuses).
  [[nodiscard]] Result<Span> run();

 private:
  struct Request {
    std::uint64_t first = 0;
    std::uint32_t events = 0, left = 0;  ///< left: not yet answered (ws)
    std::int64_t due_ns = 0, sent_ns = 0;
  };
  struct Lane {  // a connection and what it waits for
    explicit Lane(int epoll, std::uint32_t tag) : connection(epoll, tag) {}
    Connection connection;
    std::deque<Request> waiting;
    std::string in;  ///< the beginning of an answer
    FrameReader frames;
    bool upgraded = false, queued = false;
    std::int64_t retry_at_ns = 0, back_off_ns = 0;
  };

  [[nodiscard]] Status connect_all();
  [[nodiscard]] bool finished(std::int64_t now) const;
  [[nodiscard]] std::int64_t due_ns(std::uint64_t request) const;
  [[nodiscard]] bool usable(const Lane& lane) const;
  void queue_if_usable(std::uint32_t index);
  void open_closed(std::int64_t now);
  void expire(std::int64_t now);
  void dispatch(std::int64_t now);
  void send(Lane& lane, std::int64_t due, std::int64_t now_ms);
  void wait(std::int64_t now);

  void on_ready(std::uint32_t index, std::uint32_t events);
  void on_open(Lane& lane);
  void on_bytes(Lane& lane, std::string_view bytes);
  [[nodiscard]] bool read_answers(Lane& lane, std::string_view bytes);
  [[nodiscard]] bool read_upgrade(Lane& lane, std::string_view bytes);
  [[nodiscard]] bool read_messages(Lane& lane);
  void on_answer(Lane& lane, const Answer& answer, std::string_view body);
  void on_bulk_answer(const Request& request, std::string_view body);
  void on_reply(Lane& lane, std::string_view text);
  void answered(Lane& lane, std::uint32_t events);
  void fail(Lane& lane, const char* what);

  const LoadOptions& options_;
  const Target& target_;
  Tally& tally_;
  const EventIds& ids_;
  RequestWriter writer_;
  sockaddr_in address_{};
  int epoll_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::deque<std::uint32_t> ready_;  ///< lanes that may send; may hold ones that failed since
  std::unique_ptr<LiveWatcher> live_;
  std::string buffer_;
  std::uint64_t requests_ = 0, events_ = 0;  ///< given out so far
  std::uint64_t on_the_way_ = 0;
  std::int64_t start_ns_ = 0, last_answer_ns_ = 0, next_expiry_ns_ = 0, next_open_ns_ = 0;
  double interval_ns_ = 0;
  bool sending_ = false;
};

}  // namespace mesher::bench
