#pragma once

#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <string>

#include "bench/load/event_pool.hpp"
#include "bench/load/latency.hpp"
#include "graph/base/result.hpp"

namespace mesher::bench {

/// What became of the events. Every event that was sent ends in one of: acknowledged, refused, unknown, not_sent.
class Tally {
 public:
  explicit Tally(const EventIds& ids) : ids_(ids) {}

  /// Opens the file that gets the id of every acknowledged event. Error: invalid.
  [[nodiscard]] Status keep_ids(const std::string& path);

  void add_sent(std::uint64_t events) { sent_ += events; }
  void add_acknowledged(std::uint64_t number);
  /// `why`: an HTTP status or an error code of the answer.
  void add_refused(const std::string& why, std::uint64_t events = 1) { refused_[why] += events; }
  /// Sent, perhaps in part, and never answered.
  void add_unknown(std::uint64_t events) { unknown_ += events; }
  /// The connection failed before the first byte.
  void add_not_sent(std::uint64_t events) { not_sent_ += events; }
  /// `what`: connect, reset, timeout, answer. Counts happenings, not events.
  void add_error(const std::string& what) { ++errors_[what]; }
  void add_latency(std::int64_t ns) { latency_.record(ns); }

  [[nodiscard]] std::uint64_t acknowledged() const { return acknowledged_; }

  struct Live {
    bool watched = false;
    std::uint64_t received = 0, dropped = 0, new_issues = 0;
    LatencyHistogram latency;
  };
  [[nodiscard]] Live& live() { return live_; }
  /// Every acknowledged event came by the live stream or was reported as dropped.
  [[nodiscard]] bool live_done() const { return live_.received + live_.dropped >= acknowledged_; }

  /// `started_at`: Unix time of the first request; `seconds`: from then to the last answer.
  [[nodiscard]] std::string report(double started_at, double seconds, bool as_json) const;

 private:
  const EventIds& ids_;
  std::uint64_t sent_ = 0, acknowledged_ = 0, unknown_ = 0, not_sent_ = 0;
  std::map<std::string, std::uint64_t> refused_, errors_;
  LatencyHistogram latency_;
  Live live_;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> ids_file_{nullptr, std::fclose};
};

}  // namespace mesher::bench
