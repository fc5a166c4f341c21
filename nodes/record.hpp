#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "graph/base/result.hpp"
#include "graph/batch.hpp"
#include "nodes/event.hpp"
#include "nodes/ports/journal.hpp"

/// What the door writes into the journal and the parse node reads: one record per event, or per bundle of outcomes.
namespace mesher::nodes {

enum class RecordKind : std::uint8_t {
  event = 1,     ///< body: the event as JSON, checked by validate_event
  outcomes = 2,  ///< body: OutcomeCounts as JSON (refusals counted at the door, client reports)
  feedback = 3,  ///< body: what a user said, as JSON; event id: of the feedback itself
};

/// Layout, little-endian: version u8 (1) · kind u8 · flags u8 (1: replayed) · reserved u8 · project_id u32 · key_id u32
/// · received i64 · sent_drift i64 · event id 16 bytes · client length u8 · client ip length u8 · user agent length u16
/// · client · client ip · user agent · body (the rest).
struct Record {
  RecordKind kind = RecordKind::event;
  bool replayed = false;
  std::uint32_t project_id = 0;
  std::uint32_t key_id = 0;
  UnixMicros received = 0;
  std::int64_t sent_drift =
      0;  ///< micros to add to the client's times (envelope header `sent_at`); 0: unknown or small
  EventId event_id;
  std::string_view client;      ///< "sentry.python/2.1", at most 255 bytes
  std::string_view client_ip;   ///< peer's address, text
  std::string_view user_agent;  ///< of the request, at most 1024 bytes
  std::string_view body;
};

/// Appends the encoded record to `out`.
void encode(const Record& record, std::string& out);

/// Views in the answer point into `bytes`. Error: corrupt.
[[nodiscard]] Result<Record> decode(std::string_view bytes);

/// One line of the outcome books. `outcome`: accepted, filtered, rate_limited, sampled, discarded, invalid,
/// quarantined, client_discard. `category` as the Sentry data category ("error", "transaction", …).
struct OutcomeCount {
  std::uint32_t project_id = 0;
  std::uint32_t key_id = 0;
  UnixMicros at = 0;  ///< stored by its hour
  std::string outcome, reason, category;
  std::int64_t quantity = 0;
};
[[nodiscard]] std::string outcomes_to_json(const std::vector<OutcomeCount>& counts);
[[nodiscard]] Result<std::vector<OutcomeCount>> outcomes_from_json(std::string_view json);

/// What a user of the program that failed said about it.
struct Feedback {
  std::uint32_t project_id = 0;
  EventId id;
  UnixMicros received = 0;
  EventId event_id;  ///< of the event that it is about; zero: of none
  std::string name, email, comments, url;
};
/// Everything but project, id and time, which are in the record's head.
[[nodiscard]] std::string feedback_to_json(const Feedback& feedback);
/// Error: corrupt.
[[nodiscard]] Result<Feedback> feedback_from(const Record& record);

/// Content of kind "records": journal entries, not yet parsed.
class RecordBatch final : public graph::Content {
 public:
  static constexpr std::string_view kKind = "records";

  RecordBatch(std::shared_ptr<const void> memory, std::vector<std::string_view> entries)
      : memory_(std::move(memory)), entries(std::move(entries)) {}
  [[nodiscard]] std::size_t size() const noexcept override { return entries.size(); }
  [[nodiscard]] std::size_t bytes() const noexcept override;
  [[nodiscard]] std::unique_ptr<graph::Content> copy() const override;
  [[nodiscard]] std::unique_ptr<graph::Content> take(std::span<const std::uint32_t> indices) override;
  [[nodiscard]] std::string_view kind() const noexcept override { return kKind; }
  [[nodiscard]] const std::shared_ptr<const void>& memory() const { return memory_; }

 private:
  std::shared_ptr<const void> memory_;

 public:
  /// Encoded records; at least ports::kReadPadding readable bytes follow each.
  std::vector<std::string_view> entries;
};

}  // namespace mesher::nodes
