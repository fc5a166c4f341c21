#include "nodes/title.hpp"

#include <array>

#include "nodes/fingerprint_variables.hpp"
#include "nodes/frames.hpp"

namespace mesher::nodes {
namespace {

constexpr std::size_t kTitleLength = 256;
constexpr std::size_t kCulpritLength = 200;

std::string_view trimmed(std::string_view text) {
  const auto space = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
  while (!text.empty() && space(text.front())) text.remove_prefix(1);
  while (!text.empty() && space(text.back())) text.remove_suffix(1);
  return text;
}

std::string_view first_line(std::string_view text) {
  text = trimmed(text);
  return trimmed(text.substr(0, text.find('\n')));
}

/// At most `most` characters (not bytes), the last three of them dots if something was cut.
std::string_view cut(std::string_view text, std::size_t most, Arena& arena) {
  if (text.size() <= most) return text;
  std::size_t characters = 0, keep = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0U) == 0x80U) continue;
    if (characters++ == most - 3) keep = i;
  }
  if (characters <= most) return text;
  return arena.concat(std::array<std::string_view, 2>{text.substr(0, keep), "..."});
}

}  // namespace

std::string_view title_of(const Event& event, Arena& arena) {
  if (const auto* main = main_exception(event)) {
    if (!main->type.empty() && !main->mechanism.synthetic) {
      const auto value = cut(first_line(main->value), kTitleLength, arena);
      if (value.empty()) return main->type;
      return arena.concat(std::array<std::string_view, 3>{main->type, ": ", value});
    }
    if (const auto* frame = crash_frame(event); frame != nullptr && !frame->function.empty()) return frame->function;
    const auto value = cut(first_line(main->value), kTitleLength, arena);
    return value.empty() ? "<unknown>" : value;
  }
  const auto message = first_line(event.message.empty() ? event.message_template : event.message);
  if (!message.empty()) return cut(message, kTitleLength, arena);
  if (const auto* frame = crash_frame(event); frame != nullptr && !frame->function.empty()) return frame->function;
  return "<unlabeled event>";
}

std::string_view cut_title(std::string_view text, Arena& arena) {
  return cut(first_line(text), kTitleLength, arena);
}

std::string_view culprit_of(const Event& event, Arena& arena) {
  if (!event.transaction.empty()) return cut(event.transaction, kCulpritLength, arena);
  const auto* frame = crash_frame(event);
  if (frame == nullptr) return {};
  const auto place = !frame->module.empty()     ? frame->module
                     : !frame->filename.empty() ? frame->filename
                                                : frame->abs_path;
  const auto function = frame->function.empty() ? std::string_view("?") : frame->function;
  if (place.empty()) return frame->function.empty() ? std::string_view{} : cut(function, kCulpritLength, arena);
  const auto platform = frame->platform.empty() ? event.platform : frame->platform;
  const auto whole = family_of(platform) == Family::javascript
                         ? arena.concat(std::array<std::string_view, 4>{function, "(", place, ")"})
                         : arena.concat(std::array<std::string_view, 3>{place, " in ", function});
  return cut(whole, kCulpritLength, arena);
}

}  // namespace mesher::nodes
