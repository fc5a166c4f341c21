#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "graph/base/clock.hpp"
#include "io/http/envelope.hpp"
#include "io/http/outcome_recorder.hpp"
#include "nodes/record.hpp"

/// What Mesher does with each kind of item in an envelope. Pure but for the recorder's vocabulary.
namespace mesher::http {

enum class ItemKind : std::uint8_t { event, client_report, feedback, dropped, unknown };

/// `limited`: the SDK is told to stop sending this category (X-Sentry-Rate-Limits), because Mesher keeps no such thing.
struct ItemRule {
  ItemKind kind;
  std::string_view category;  ///< Sentry's data category
  bool limited = false;
};
[[nodiscard]] ItemRule rule_of(const EnvelopeItem& item);

/// How a dropped item is counted: (category, quantity), one or two of them.
struct ItemQuantity {
  std::string_view category;
  std::int64_t quantity;
};
[[nodiscard]] std::vector<ItemQuantity> quantities_of(const EnvelopeItem& item);

/// `3600:transaction;span;…:organization:not_supported`
extern const std::string_view kNotSupportedLimits;

/// The counts in a client report; nothing if it can't be read. Times far off count as now.
[[nodiscard]] std::optional<std::vector<nodes::OutcomeCount>> read_client_report(std::string_view json,
                                                                                 std::uint32_t project_id,
                                                                                 std::uint32_t key_id, UnixMicros now,
                                                                                 OutcomeRecorder& recorder);

/// What a user said, of an item `user_report` or `feedback`, cut to what is kept: names to 128 characters, e-mail
/// addresses to 254, comments to 4,096, URLs to 2,048. `event_id` is what the item says; the envelope's header wins.
/// Nothing: it can't be read, or says nothing.
[[nodiscard]] std::optional<nodes::Feedback> read_feedback(std::string_view type, std::string_view json);

}  // namespace mesher::http
