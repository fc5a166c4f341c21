#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "graph/base/clock.hpp"
#include "graph/batch.hpp"

/// An error event or log entry as the nodes see it: what parse found in the payload, normalised and trimmed, plus what
/// later nodes added. All views point into memory that the EventBatch keeps alive. Field names and limits:
/// docs/events.md (the Sentry event payload).
namespace mesher::nodes {

/// 16 bytes; text form is 32 lower-case hex digits.
struct EventId {
  std::array<std::uint8_t, 16> bytes{};
  friend bool operator==(const EventId&, const EventId&) = default;
  friend auto operator<=>(const EventId&, const EventId&) = default;
  [[nodiscard]] std::string hex() const;
  /// Accepts 32 hex digits or the dashed form, in either case.
  static std::optional<EventId> parse(std::string_view text);
  static EventId random();
};

enum class Level : std::uint8_t { debug = 0, info = 1, warning = 2, error = 3, fatal = 4 };
std::string_view name_of(Level level);
std::optional<Level> level_from(std::string_view name);  ///< also "log", "critical", "warn"

/// One call of a stack, oldest first in its stack. Empty view: absent.
struct Frame {
  std::string_view function, raw_function, module, package, filename, abs_path, platform, context_line;
  std::uint32_t lineno = 0, colno = 0;
  std::optional<bool> in_app;
  bool has_sourcemap = false;  ///< data.sourcemap is set
};

struct Mechanism {
  std::string_view type, source;
  std::optional<bool> handled;
  bool synthetic = false;
  bool is_group = false;
  std::optional<std::int64_t> exception_id, parent_id;
};

/// Oldest cause first; the one that was finally raised is the last.
struct Exception {
  std::string_view type, value, module;
  Mechanism mechanism;
  std::span<const Frame> frames;
  std::optional<std::int64_t> ns_error_code;
  std::string_view ns_error_domain;
};

struct Thread {
  bool crashed = false, current = false;
  std::span<const Frame> frames;
};

struct Tag {
  std::string_view key, value;
};

/// What was changed to make the event fit ("message", 9000, "too_long").
struct Trimmed {
  std::string_view field;      ///< JSON path
  std::string_view reason;     ///< "too_long", "invalid", "out_of_range", "too_many", "scrubbed"
  std::uint64_t original = 0;  ///< length or count before, if it has one
};

struct User {
  std::string_view id, email, username, ip_address;
  /// A stable key of the person for counting: the first of id, email, username, ip_address that is not empty.
  [[nodiscard]] std::string_view key() const;
};

using Fingerprint = std::array<std::uint8_t, 16>;  ///< XXH3-128, big-endian

struct Event {
  EventId id;
  std::uint32_t project_id = 0;
  std::uint32_t key_id = 0;
  UnixMicros received = 0;   ///< when the door took it
  UnixMicros timestamp = 0;  ///< when it happened, corrected for clock drift; UTC
  Level level = Level::error;
  bool replayed = false;  ///< comes from quarantine for a second time

  std::string_view payload;  ///< the whole event, compact JSON as sent, scrubbed
  std::string_view type;     ///< "error" (has an exception) or "default"
  std::string_view platform, logger, release, environment, dist, transaction, server_name;
  std::string_view message;           ///< formatted text of logentry/message, at most 8192 characters
  std::string_view message_template;  ///< logentry.message when it differs from `message`
  std::string_view sdk_name, sdk_version, trace_id, request_url, user_agent, client_ip, checksum;
  User user;
  std::span<const Tag> tags;  ///< clean, unique keys, includes server_name/site; without environment and release
  std::span<const Exception> exceptions;
  std::span<const Frame> stacktrace;  ///< event-level stack, when it belongs to no exception
  std::span<const Thread> threads;
  std::span<const std::string_view> fingerprint;  ///< as sent; empty: {{ default }}
  std::span<const Trimmed> trimmed;

  // fingerprint adds:
  std::string_view title, culprit;
  std::span<const Fingerprint> hashes;  ///< first is the primary one
  std::uint16_t grouping_version = 0;

  // upsert adds:
  std::int64_t issue_id = 0;
  std::int32_t issue_epoch = 0;  ///< of the issue, when its hash was looked up; the store refuses an older one

  // batch_write adds, after the commit:
  bool new_issue = false;
  bool regressed = false;
};

/// In place of an issue's id: the hash is discarded, its events are dropped.
constexpr std::int64_t kDiscardedIssue = -1;

/// What one transaction did to an issue; the live stream and alerts live on it.
struct IssueChange {
  std::uint32_t project_id = 0;
  std::int64_t issue_id = 0;
  std::uint64_t event_count = 0;  ///< after the commit
  UnixMicros last_seen = 0;
  std::string status, substatus;
  bool is_new = false, regressed = false, escalating = false, unarchived = false;
  double hourly = 0, usual = 0;  ///< events an hour, of an escalation
};

/// A batch's own memory. Not thread-safe. What it hands out lives as long as it.
class Arena {
 public:
  Arena() : resource_(16 * 1024) {}
  [[nodiscard]] std::string_view copy(std::string_view text);
  [[nodiscard]] std::string_view concat(std::span<const std::string_view> parts);
  template <class T>
  [[nodiscard]] std::span<T> array(std::size_t n) {
    static_assert(std::is_trivially_destructible_v<T>);
    if (n == 0) return {};
    auto* memory = static_cast<T*>(resource_.allocate(n * sizeof(T), alignof(T)));
    for (std::size_t i = 0; i < n; ++i) new (memory + i) T{};
    return {memory, n};
  }
  template <class T>
  [[nodiscard]] std::span<const T> copy_array(const std::vector<T>& from) {
    auto to = array<T>(from.size());
    for (std::size_t i = 0; i < from.size(); ++i) to[i] = from[i];
    return to;
  }

 private:
  std::pmr::monotonic_buffer_resource resource_;
};

/// Content of kind "events".
class EventBatch final : public graph::Content {
 public:
  static constexpr std::string_view kKind = "events";

  EventBatch() : arena_(std::make_shared<Arena>()) {}
  [[nodiscard]] std::size_t size() const noexcept override { return events.size(); }
  [[nodiscard]] std::size_t bytes() const noexcept override;  ///< sum of the payloads
  [[nodiscard]] std::unique_ptr<graph::Content> copy() const override;
  [[nodiscard]] std::unique_ptr<graph::Content> take(std::span<const std::uint32_t> indices) override;
  [[nodiscard]] std::string_view kind() const noexcept override { return kKind; }

  /// Memory for what a node adds to these events. A copy gets an arena of its own and keeps the old one alive.
  [[nodiscard]] Arena& arena() { return *arena_; }
  /// Keeps memory alive that events point into (a journal chunk, another batch's arena).
  void keep(std::shared_ptr<const void> memory) { kept_.push_back(std::move(memory)); }

  std::vector<Event> events;
  /// Set by batch_write on one batch of each commit.
  std::vector<IssueChange> issue_changes;

 private:
  std::shared_ptr<Arena> arena_;
  std::vector<std::shared_ptr<const void>> kept_;
};

}  // namespace mesher::nodes
