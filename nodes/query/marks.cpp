#include "nodes/query/marks.hpp"

#include <algorithm>
#include <functional>
#include <span>

#include "nodes/query/fields.hpp"

namespace mesher::query {
namespace {

// A query with more alternatives is asked of every event.
constexpr std::size_t kMostAlternatives = 100;

template <std::size_t kBits>
std::uint16_t place(const char* three) {
  const auto at = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(three[i])); };
  const std::uint32_t letters = at(0) << 16U | at(1) << 8U | at(2);
  return static_cast<std::uint16_t>((letters * 2'654'435'761U) >> 16U & (kBits - 1));
}

bool is_marked(Field field) {
  switch (field) {
    case Field::environment:
    case Field::release:
    case Field::platform:
    case Field::user_id:
    case Field::user_email:
    case Field::user_name:
    case Field::user_ip:
    case Field::tag:
      return true;
    default:
      return false;
  }
}

bool looks_at_texts(Field field) {
  return field == Field::text || field == Field::message || field == Field::culprit || field == Field::stack_function ||
         field == Field::stack_module || field == Field::stack_file;
}

Requirement of_term(const Term& term) {
  Requirement out;
  if (is_marked(term.field)) {
    for (const auto& value : term.values) {
      if (value.text.wild() || value.text.plain().empty()) return {};  // "": an event without it
      out.any_mark.push_back(mark_of(term.field, term.key, value.text.plain()));
    }
  } else if (looks_at_texts(term.field)) {
    for (const auto& value : term.values) {
      auto places = Letters::places_of(needle_of(value.text));
      if (places.empty()) return {};
      out.any_letters.push_back(std::move(places));
    }
  }
  return out;
}

/// The stricter one first: marks before letters, few before many.
bool is_better(const Requirement& a, const Requirement& b) {
  if (a.empty() || b.empty()) return !a.empty();
  if (a.any_mark.empty() != b.any_mark.empty()) return !a.any_mark.empty();
  return a.any_mark.size() + a.any_letters.size() < b.any_mark.size() + b.any_letters.size();
}

Requirement of_any(const Node& node) {
  Requirement out;
  for (const auto& child : node.children) {
    auto one = requirement_of(child);
    if (one.empty()) return {};
    out.any_mark.insert(out.any_mark.end(), one.any_mark.begin(), one.any_mark.end());
    out.any_letters.insert(out.any_letters.end(), one.any_letters.begin(), one.any_letters.end());
  }
  const bool mixed = !out.any_mark.empty() && !out.any_letters.empty();
  if (mixed || out.any_mark.size() + out.any_letters.size() > kMostAlternatives) return {};
  return out;
}

}  // namespace

Mark mark_of(Field field, std::string_view key, std::string_view value) {
  const std::hash<std::string_view> hash;
  constexpr std::uint64_t kOdd = 0x9E37'79B9'7F4A'7C15U;
  return (hash(key) * kOdd ^ hash(value)) * kOdd + static_cast<std::uint64_t>(field);
}

std::vector<Mark> marks_of(const nodes::Event& event) {
  std::vector<Mark> marks;
  marks.reserve(event.tags.size() + 8);
  const auto add = [&](Field field, std::string_view key, std::string_view value) {
    if (!value.empty()) marks.push_back(mark_of(field, key, value));
  };
  add(Field::environment, {}, event.environment);
  add(Field::release, {}, event.release);
  add(Field::platform, {}, event.platform);
  add(Field::user_id, {}, event.user.id);
  add(Field::user_email, {}, event.user.email);
  add(Field::user_name, {}, event.user.username);
  add(Field::user_ip, {}, event.user.ip_address);
  for (const auto& tag : event.tags) add(Field::tag, tag.key, tag.value);
  return marks;
}

Letters::Letters(const nodes::Event& event) {
  add(event.message);
  add(event.title);
  add(event.culprit);
  const auto add_frames = [&](std::span<const nodes::Frame> frames) {
    for (const auto& frame : frames) {
      add(frame.function);
      add(frame.module);
      add(frame.filename);
      add(frame.abs_path);
    }
  };
  for (const auto& exception : event.exceptions) {
    add(exception.type);
    add(exception.value);
    add_frames(exception.frames);
  }
  add_frames(event.stacktrace);
  for (const auto& thread : event.threads) add_frames(thread.frames);
}

void Letters::add(std::string_view text) {
  if (text.size() < 3) return;
  fold(text, folded_);
  for (std::size_t i = 0; i + 3 <= folded_.size(); ++i) {
    const auto at = place<kBits>(folded_.data() + i);
    bits_[at / 64] |= std::uint64_t{1} << (at % 64);
  }
}

std::vector<std::uint16_t> Letters::places_of(const Needle& needle) {
  std::vector<std::uint16_t> places;
  for (const auto& part : needle.parts) {
    for (std::size_t i = 0; i + 3 <= part.size(); ++i) places.push_back(place<kBits>(part.data() + i));
  }
  return places;
}

bool Letters::has_all(const std::vector<std::uint16_t>& places) const {
  return std::all_of(places.begin(), places.end(),
                     [&](std::uint16_t at) { return (bits_[at / 64] >> (at % 64) & 1U) != 0; });
}

Requirement requirement_of(const Node& query) {
  switch (query.kind) {
    case Node::Kind::term:
      return of_term(query.term);
    case Node::Kind::any:
      return of_any(query);
    case Node::Kind::no:
      return {};
    case Node::Kind::all:
      break;
  }
  Requirement best;
  for (const auto& child : query.children) {
    if (auto one = requirement_of(child); is_better(one, best)) best = std::move(one);
  }
  return best;
}

}  // namespace mesher::query
