#include "nodes/split.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "nodes/coerce.hpp"

namespace mesher::nodes {
namespace {

/// What ends a run of uninteresting bytes outside of strings.
constexpr std::array<bool, 256> make_marks() {
  std::array<bool, 256> marks{};
  for (const char c : {'"', '{', '}', '[', ']', ','}) marks[static_cast<unsigned char>(c)] = true;
  return marks;
}
constexpr auto kMarks = make_marks();

/// Behind the string whose opening quote is at `at`, or npos if it never ends.
std::size_t behind_string(std::string_view body, std::size_t at) {
  const char* const end = body.data() + body.size();
  const char* from = body.data() + at + 1;
  for (;;) {
    const auto* quote = static_cast<const char*>(std::memchr(from, '"', static_cast<std::size_t>(end - from)));
    if (quote == nullptr) return std::string_view::npos;
    const char* before = quote;
    while (before > from && before[-1] == '\\') --before;
    if ((quote - before) % 2 == 0) return static_cast<std::size_t>(quote - body.data()) + 1;
    from = quote + 1;
  }
}

/// Behind the value that begins at `at`: at the comma or bracket of the array that holds it. npos: cut off, or brackets
/// that do not match.
std::size_t behind_value(std::string_view body, std::size_t at) {
  std::uint64_t objects = 0;  // one bit for each open bracket, newest lowest: 1 for an object
  std::size_t depth = 0;
  bool too_deep = false;  // for the bits; such an element is refused anyway, only its end matters
  while (at < body.size()) {
    while (at < body.size() && !kMarks[static_cast<unsigned char>(body[at])]) ++at;
    if (at == body.size()) break;
    switch (const char c = body[at]) {
      case '"':
        at = behind_string(body, at);
        if (at == std::string_view::npos) return at;
        continue;
      case '{':
      case '[':
        objects = (objects << 1) | (c == '{' ? 1 : 0);
        ++depth;
        too_deep = too_deep || depth > 64;
        break;
      case '}':
      case ']':
        if (depth == 0) return c == ']' ? at : std::string_view::npos;
        if (!too_deep && (objects & 1) != (c == '}' ? 1U : 0U)) return std::string_view::npos;
        objects >>= 1;
        --depth;
        break;
      default:  // comma
        if (depth == 0) return at;
    }
    ++at;
  }
  return std::string_view::npos;
}

}  // namespace

EventSplitter::EventSplitter(std::string_view body, BulkFormat format) : body_(body), format_(format) {}

std::optional<EventSplitter::Element> EventSplitter::next() {
  if (phase_ == Phase::done) return std::nullopt;
  return format_ == BulkFormat::lines ? next_line() : next_in_array();
}

std::optional<EventSplitter::Element> EventSplitter::next_line() {
  while (at_ < body_.size()) {
    const std::size_t newline = std::min(body_.find('\n', at_), body_.size());
    const auto line = trim(body_.substr(at_, newline - at_));
    at_ = newline + 1;
    if (!line.empty()) return Element{index_++, line, {}};
  }
  phase_ = Phase::done;
  return std::nullopt;
}

void EventSplitter::skip_space() {
  while (at_ < body_.size() && (body_[at_] == ' ' || body_[at_] == '\n' || body_[at_] == '\r' || body_[at_] == '\t'))
    ++at_;
}

std::optional<EventSplitter::Element> EventSplitter::broken(std::string_view what) {
  phase_ = Phase::done;
  return Element{index_, {}, ValidationError{"invalid_json", fmt::format("{} at byte {}", what, at_), {}}};
}

std::optional<EventSplitter::Element> EventSplitter::next_in_array() {
  if (phase_ == Phase::start) {
    skip_space();
    if (at_ == body_.size() || body_[at_] != '[') return broken("the body is not a JSON array");
    ++at_;
    skip_space();
    phase_ = Phase::element;
    if (at_ < body_.size() && body_[at_] == ']') {
      ++at_;
      phase_ = Phase::behind;
    }
  }
  skip_space();
  if (phase_ == Phase::behind) {
    if (at_ < body_.size()) return broken("there is something behind the array");
    phase_ = Phase::done;
    return std::nullopt;
  }
  const std::size_t end = behind_value(body_, at_);
  if (end == std::string_view::npos) return broken("the array is broken in the element");
  const auto element = trim(body_.substr(at_, end - at_));
  if (element.empty()) return broken("there is no element where one is expected");
  at_ = end + 1;
  if (body_[end] == ']') phase_ = Phase::behind;
  return Element{index_++, element, {}};
}

}  // namespace mesher::nodes
