#include "nodes/event_text.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "nodes/coerce.hpp"

namespace mesher::nodes {
namespace {

using Limits = EventLimits;

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

void append_value(Json value, std::string& to) {
  if (value.is_string()) {
    value.append_string(to);
  } else {
    to += value.raw();
  }
}

/// Parameters in order and by name.
class Params {
 public:
  explicit Params(Json params) {
    if (params.is_array()) params.elements([&](Json value) { list_.push_back(value); });
    if (params.is_object()) object_ = params;
  }
  [[nodiscard]] bool empty() const { return list_.empty() && !object_.present(); }
  [[nodiscard]] Json next() { return next_ < list_.size() ? list_[next_++] : Json{}; }
  [[nodiscard]] Json at(std::string_view name) const {
    if (object_.present()) return object_.member(name);
    const bool index =
        !name.empty() && std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
    return index && to_u32(name) < list_.size() ? list_[to_u32(name)] : Json{};
  }

 private:
  std::vector<Json> list_;
  Json object_;
  std::size_t next_ = 0;
};

/// A placeholder at the start of `text`: how long it is (0: none) and its value.
std::size_t placeholder(std::string_view text, Params& params, Json& value) {
  if (text[0] == '%') {
    if (text.size() < 2) return 0;
    std::size_t i = 1;
    if (text[1] == '(') {
      const auto close = text.find(')', 2);
      if (close == std::string_view::npos || close + 1 >= text.size()) return 0;
      value = params.at(text.substr(2, close - 2));
      i = close + 1;
    }
    const bool named = i > 1;
    while (i < text.size() &&
           (text[i] == '-' || text[i] == '+' || text[i] == '.' || (text[i] >= '0' && text[i] <= '9')))
      ++i;
    if (i >= text.size() || std::string_view("sdirfuxXoeEgGcjO").find(text[i]) == std::string_view::npos) return 0;
    if (!named) value = params.next();
    return i + 1;
  }
  std::size_t i = 1;
  while (i < text.size() && is_word(text[i])) ++i;
  if (i >= text.size() || text[i] != '}') return 0;
  value = i == 1 ? params.next() : params.at(text.substr(1, i - 1));
  return i + 1;
}

/// One of the two places where a message can be: as text, template and parameters.
struct Message {
  std::string_view text, formatted;
  Json params;
};

Message message_from(std::string_view field, Json value, ReadContext& context) {
  Message message;
  if (value.is_string()) {
    message.formatted = value.string(context.arena);
  } else if (value.is_object()) {
    value.members([&](Json key, Json part) {
      const auto name = key.raw_string();
      if (name == "message") message.text = context.lenient(part);
      if (name == "formatted") message.formatted = context.lenient(part);
      if (name == "params") message.params = part;
    });
  } else if (value.present()) {
    context.note(field, "invalid");
    message.formatted = context.lenient(value);
  }
  return message;
}

}  // namespace

std::string render_template(std::string_view text, Json params_json) {
  Params params(params_json);
  std::string out;
  if (params.empty()) return std::string(text);
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    if ((c == '%' || c == '{') && i + 1 < text.size() && text[i + 1] == c) {  // %% and {{ are escapes
      out += c;
      i += 2;
      continue;
    }
    Json value;
    const std::size_t length = c == '%' || c == '{' ? placeholder(text.substr(i), params, value) : 0;
    if (length > 0 && value.present()) {
      append_value(value, out);
      i += length;
    } else {
      out += c;
      ++i;
    }
    if (out.size() > 8 * Limits::message) break;  // it will be cut anyway
  }
  return out;
}

void read_message(Event& event, Json logentry, Json message, ReadContext& context) {
  Message entry;
  if (logentry.present()) entry = message_from("logentry", logentry, context);
  if (message.present()) {
    const auto other = message_from("message", message, context);
    if (entry.formatted.empty()) entry.formatted = other.formatted;
    if (entry.text.empty()) {
      entry.text = other.text;
      entry.params = other.params;
    }
  }
  if (entry.formatted.empty() && !entry.text.empty()) {
    entry.formatted =
        entry.params.present() ? context.arena.copy(render_template(entry.text, entry.params)) : entry.text;
  }
  event.message = context.clip("message", entry.formatted, Limits::message);
  event.message_template = {};
  if (!entry.text.empty() && entry.text != entry.formatted) {
    event.message_template = context.clip("logentry.message", entry.text, Limits::message);
  }
}

std::string_view clean_tag_key(std::string_view key, ReadContext& context) {
  key = trim(key);
  if (key.empty()) return {};
  bool spaces = false;
  bool good = key.size() <= Limits::tag;
  for (const char c : key) {
    spaces = spaces || c == ' ';
    good = good && (is_word(c) || c == '.' || c == ':' || c == '-' || c == ' ');
  }
  if (!good) {
    const auto name = first_characters(key, 64);
    context.note(context.arena.concat(std::array<std::string_view, 2>{"tags.", name}),
                 key.size() > Limits::tag ? "too_long" : "invalid", key.size());
    return {};
  }
  if (!spaces) return key;
  const auto clean = context.arena.array<char>(key.size());
  std::transform(key.begin(), key.end(), clean.begin(), [](char c) { return c == ' ' ? '-' : c; });
  return {clean.data(), clean.size()};
}

std::string_view clean_tag_value(std::string_view key, std::string_view value, ReadContext& context) {
  value = trim(value);
  if (key.empty() || value.empty()) return {};
  const bool breaks = value.find_first_of("\r\n") != std::string_view::npos;
  const std::size_t length = value.size() <= Limits::tag ? value.size() : characters(value);
  if (!breaks && length <= Limits::tag) return value;
  context.note(context.arena.concat(std::array<std::string_view, 2>{"tags.", key}), breaks ? "invalid" : "too_long",
               length);
  return {};
}

bool is_reserved_tag(std::string_view key) {
  switch (key.size()) {
    case 4:
      return key == "dist" || key == "user";
    case 7:
      return key == "release";
    case 8:
      return key == "filename" || key == "function";
    default:
      return false;
  }
}

}  // namespace mesher::nodes
