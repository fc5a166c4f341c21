#include "io/http/envelope.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "nodes/json_document.hpp"

namespace mesher::http {
namespace {

using nodes::Json;
using nodes::JsonDocument;

Error malformed(std::string message) {
  return {ErrorCode::invalid, "invalid envelope: " + std::move(message), {}};
}

std::string text_of(Json value) {
  std::string out;
  if (value.is_string()) value.append_string(out);
  return out;
}

/// The text up to the next line feed, which is consumed too.
std::string_view take_line(std::string_view& bytes) {
  const auto end = std::min(bytes.find('\n'), bytes.size());
  const auto line = bytes.substr(0, end);
  bytes.remove_prefix(std::min(end + 1, bytes.size()));
  return line;
}

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

std::optional<std::size_t> whole_number(Json value) {
  if (!value.is_number()) return std::nullopt;
  const auto text = value.raw();
  std::size_t number = 0;
  const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (bad != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// An open header line, or nothing if it is not a JSON object.
std::optional<Json> open_object(JsonDocument& document, std::string_view line) {
  if (document.open(line) != JsonDocument::Fault::none || !document.root().is_object()) return std::nullopt;
  return document.root();
}

Status read_header(JsonDocument& document, std::string_view line, Envelope& envelope) {
  const auto header = open_object(document, line);
  if (!header) return malformed("its header is not a JSON object");
  header->members([&](Json key, Json value) {
    const auto name = key.raw_string();
    if (name == "event_id") envelope.event_id = text_of(value);
    if (name == "dsn") envelope.dsn = text_of(value);
    if (name == "sent_at") envelope.sent_at = text_of(value);
    if (name == "sdk" && value.is_object()) {
      envelope.sdk = text_of(value.member("name"));
      if (const auto version = text_of(value.member("version")); !version.empty()) envelope.sdk += "/" + version;
    }
  });
  return {};
}

Result<EnvelopeItem> read_item(JsonDocument& document, std::string_view line, std::string_view& bytes) {
  const auto header = open_object(document, line);
  if (!header) return malformed("an item's header is not a JSON object");
  EnvelopeItem item;
  Json length, type;
  header->members([&](Json key, Json value) {
    const auto name = key.raw_string();
    if (name == "type") type = value;
    if (name == "length") length = value;
    if (name == "content_type") item.content_type = text_of(value);
    if (name == "attachment_type") item.attachment_type = text_of(value);
    if (name == "item_count") item.item_count = whole_number(value).value_or(0);
  });
  if (!type.is_string()) return malformed("an item has no type");
  item.type = text_of(type);
  if (!length.present() || length.is_null()) {
    item.payload = take_line(bytes);
    return item;
  }
  const auto size = whole_number(length);
  if (!size) return malformed("an item's length is not a number of bytes");
  if (*size > bytes.size()) return malformed("an item's length goes beyond the end");
  item.payload = bytes.substr(0, *size);
  bytes.remove_prefix(*size);
  if (!bytes.empty()) {
    if (bytes.front() != '\n') return malformed("an item's payload is longer than its length");
    bytes.remove_prefix(1);
  }
  return item;
}

}  // namespace

Result<Envelope> parse_envelope(std::string_view bytes) {
  thread_local JsonDocument document;
  Envelope envelope;
  if (auto read = read_header(document, take_line(bytes), envelope); !read) return std::move(read).error();
  while (!bytes.empty()) {
    const auto line = take_line(bytes);
    if (is_blank(line)) continue;
    if (envelope.items.size() == kMaxEnvelopeItems) {
      return malformed("more than " + std::to_string(kMaxEnvelopeItems) + " items");
    }
    auto item = read_item(document, line, bytes);
    if (!item)
      return malformed(item.error().message.substr(18) + " (item " + std::to_string(envelope.items.size()) + ")");
    envelope.items.push_back(*std::move(item));
  }
  return envelope;
}

}  // namespace mesher::http
