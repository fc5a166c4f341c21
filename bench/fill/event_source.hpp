#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "bench/fill/options.hpp"
#include "nodes/event.hpp"
#include "nodes/ports/event_store.hpp"

namespace mesher::bench {

/// Makes events that a database is filled with: projects and issues by a power law, messages of common and rare words,
/// seven tags of two hundred keys, users, environments, releases. Payloads are small and alike: what they cost to store
/// is not what a filled database is for. One thread.
class EventSource {
 public:
  EventSource(const FillOptions& options, std::vector<std::uint32_t> projects);

  /// The issues to be made; issue i of project p is entry p × issues_of_project() + i.
  [[nodiscard]] std::vector<nodes::ports::IssueStore::Wanted> issues(UnixMicros first_seen) const;
  [[nodiscard]] std::size_t issues_of_project() const { return issues_of_project_; }
  void set_issues(std::vector<std::int64_t> ids) { issue_ids_ = std::move(ids); }

  /// Replaces `events` by `count` events received in [from, to), in that order. They point into memory of the source
  /// that lives until the next call.
  void make(std::size_t count, UnixMicros from, UnixMicros to, std::vector<nodes::Event>& events);

 private:
  [[nodiscard]] double uniform() { return std::uniform_real_distribution<double>(0, 1)(random_); }
  /// Below n; small numbers are likelier.
  [[nodiscard]] std::size_t skewed(std::size_t n, double power);
  std::string_view keep(std::string text);

  const FillOptions options_;
  const std::vector<std::uint32_t> projects_;
  const std::size_t issues_of_project_;
  std::vector<std::int64_t> issue_ids_;
  std::mt19937_64 random_;
  std::vector<std::string> tag_keys_, payloads_;
  std::vector<std::string> texts_;
  std::vector<std::vector<nodes::Tag>> tags_;
  std::size_t used_ = 0;
};

}  // namespace mesher::bench
