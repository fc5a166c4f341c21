#include "io/http/envelope_items.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include "nodes/coerce.hpp"
#include "nodes/json_document.hpp"

namespace mesher::http {
namespace {

struct Named {
  std::string_view type;
  ItemRule rule;
};

// SENTRY_PROTOCOL's table of item types, for a product that keeps errors.
constexpr Named kRules[] = {
    {"event", {ItemKind::event, "error"}},
    {"client_report", {ItemKind::client_report, "internal"}},
    {"transaction", {ItemKind::dropped, "transaction", true}},
    {"span", {ItemKind::dropped, "span", true}},
    {"otel_span", {ItemKind::dropped, "span", true}},
    {"otel_traces_data", {ItemKind::dropped, "span", true}},
    {"profile", {ItemKind::dropped, "profile", true}},
    {"profile_chunk", {ItemKind::dropped, "profile_chunk", true}},
    {"profile_chunk_ui", {ItemKind::dropped, "profile_chunk_ui", true}},
    {"replay_event", {ItemKind::dropped, "replay", true}},
    {"replay_recording", {ItemKind::dropped, "replay", true}},
    {"replay_video", {ItemKind::dropped, "replay", true}},
    {"session", {ItemKind::dropped, "session", true}},
    {"sessions", {ItemKind::dropped, "session", true}},
    {"check_in", {ItemKind::dropped, "monitor", true}},
    {"log", {ItemKind::dropped, "log_item", true}},
    {"otel_log", {ItemKind::dropped, "log_item", true}},
    {"trace_metric", {ItemKind::dropped, "trace_metric", true}},
    {"metric", {ItemKind::dropped, "trace_metric", true}},
    {"statsd", {ItemKind::dropped, "metric_bucket", true}},
    {"metric_buckets", {ItemKind::dropped, "metric_bucket", true}},
    {"metric_meta", {ItemKind::dropped, "metric_bucket", true}},
    {"feedback", {ItemKind::feedback, "feedback"}},
    {"user_report", {ItemKind::feedback, "feedback"}},
    {"attachment", {ItemKind::dropped, "attachment"}},
    {"security", {ItemKind::dropped, "security"}},
    {"raw_security", {ItemKind::dropped, "security"}},
    {"nel", {ItemKind::dropped, "security"}},
    {"form_data", {ItemKind::dropped, "error"}},
    {"unreal_report", {ItemKind::dropped, "error"}},
};

constexpr std::size_t kMaxReport = 64 * 1024;
constexpr std::size_t kMaxReportEntries = 200;
constexpr std::size_t kMaxWord = 200;
constexpr std::size_t kMaxName = 128, kMaxEmail = 254, kMaxComments = 4096, kMaxUrl = 2048;
constexpr std::int64_t kMaxQuantity = 1'000'000'000;
constexpr UnixMicros kDay = UnixMicros{86'400} * 1'000'000;

std::string word_of(nodes::Json value, OutcomeRecorder& recorder) {
  std::string word;
  if (value.is_string()) value.append_string(word);
  word = nodes::first_characters(word, kMaxWord);
  return recorder.known_word(word.empty() ? "unknown" : word);
}

/// A member's text, at most `most` characters; empty if it is none.
std::string text_of(nodes::Json object, std::string_view name, std::size_t most) {
  std::string text;
  if (const auto value = object.member(name); value.is_string()) value.append_string(text);
  text.resize(nodes::first_characters(text, most).size());
  return text;
}

std::optional<UnixMicros> time_of(nodes::Json value) {
  if (value.is_number()) return nodes::parse_unix_seconds(value.raw());
  if (!value.is_string()) return std::nullopt;
  return nodes::parse_rfc3339(value.raw_string());
}

std::int64_t quantity_of(nodes::Json value) {
  std::int64_t quantity = 0;
  if (!value.is_number()) return 0;
  const auto text = value.raw();
  std::from_chars(text.data(), text.data() + text.size(), quantity);
  return std::clamp<std::int64_t>(quantity, 0, kMaxQuantity);
}

}  // namespace

const std::string_view kNotSupportedLimits =
    "3600:transaction;span;profile;profile_chunk;profile_chunk_ui;replay;session;monitor;log_item;log_byte;trace_"
    "metric;"
    "metric_bucket:organization:not_supported";

ItemRule rule_of(const EnvelopeItem& item) {
  const auto* at =
      std::find_if(std::begin(kRules), std::end(kRules), [&](const Named& n) { return n.type == item.type; });
  return at == std::end(kRules) ? ItemRule{ItemKind::unknown, "default"} : at->rule;
}

std::vector<ItemQuantity> quantities_of(const EnvelopeItem& item) {
  const auto category = rule_of(item).category;
  const auto items = static_cast<std::int64_t>(std::clamp<std::size_t>(item.item_count, 1, 100'000));
  const auto bytes = static_cast<std::int64_t>(std::max<std::size_t>(1, item.payload.size()));
  if (category == "attachment") return {{"attachment", bytes}, {"attachment_item", 1}};
  if (category == "log_item") return {{"log_item", items}, {"log_byte", bytes}};
  return {{category, items}};
}

std::optional<std::vector<nodes::OutcomeCount>> read_client_report(std::string_view json, std::uint32_t project_id,
                                                                   std::uint32_t key_id, UnixMicros now,
                                                                   OutcomeRecorder& recorder) {
  thread_local nodes::JsonDocument document;
  if (json.size() > kMaxReport || document.open(json) != nodes::JsonDocument::Fault::none) return std::nullopt;
  const auto root = document.root();
  if (!root.is_object()) return std::nullopt;
  auto at = time_of(root.member("timestamp")).value_or(now);
  if (at > now || at < now - 30 * kDay) at = now;

  std::vector<nodes::OutcomeCount> counts;
  const auto read = [&](std::string_view list, std::string_view outcome) {
    const auto entries = root.member(list);
    if (!entries.is_array()) return;
    entries.elements([&](nodes::Json entry) {
      if (!entry.is_object() || counts.size() == kMaxReportEntries) return;
      const auto quantity = quantity_of(entry.member("quantity"));
      if (quantity == 0) return;
      counts.push_back({project_id, key_id, at, std::string(outcome), word_of(entry.member("reason"), recorder),
                        word_of(entry.member("category"), recorder), quantity});
    });
  };
  read("discarded_events", "client_discard");
  read("rate_limited_events", "rate_limited");
  read("filtered_events", "filtered");
  read("filtered_sampling_events", "sampled");
  return counts;
}

std::optional<nodes::Feedback> read_feedback(std::string_view type, std::string_view json) {
  thread_local nodes::JsonDocument document;
  if (json.size() > kMaxReport || document.open(json) != nodes::JsonDocument::Fault::none) return std::nullopt;
  auto said = document.root();
  const bool report = type == "user_report";
  if (said.is_object() && !report) {
    const auto contexts = said.member("contexts");
    said = contexts.is_object() ? contexts.member("feedback") : nodes::Json();
  }
  if (!said.is_object()) return std::nullopt;
  nodes::Feedback feedback;
  feedback.name = text_of(said, "name", kMaxName);
  feedback.email = text_of(said, report ? "email" : "contact_email", kMaxEmail);
  feedback.comments = text_of(said, report ? "comments" : "message", kMaxComments);
  feedback.url = text_of(said, "url", kMaxUrl);
  const auto event_id = text_of(said, report ? "event_id" : "associated_event_id", kMaxWord);
  feedback.event_id = nodes::EventId::parse(event_id).value_or(nodes::EventId{});
  if (feedback.comments.find_first_not_of(" \t\r\n") == std::string::npos) return std::nullopt;
  return feedback;
}

}  // namespace mesher::http
