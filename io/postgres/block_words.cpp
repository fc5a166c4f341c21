#include "io/postgres/block_words.hpp"

#include <xxhash.h>

#include <utility>

#include "io/postgres/event_rows.hpp"
#include "nodes/query/words.hpp"

namespace mesher::postgres {
namespace {

constexpr std::string_view kUser = "@";  // no tag has this key

std::uint64_t hash_of(std::string_view key, std::string_view value) {
  return XXH3_64bits_withSeed(value.data(), value.size(), XXH3_64bits(key.data(), key.size()));
}

void append_mark(std::string& out, std::uint64_t hash) {
  constexpr std::string_view kDigits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-";
  out += '#';
  for (int i = 0; i < 5; ++i, hash >>= 6) out += kDigits[hash & 63];
}

}  // namespace

std::string mark_of(std::string_view key, std::string_view value) {
  std::string mark;
  append_mark(mark, hash_of(key, value));
  return mark;
}

std::string mark_of_user(std::string_view user_key) {
  return mark_of(kUser, user_key);
}

void BlockWords::add(const nodes::Event& event) {
  if (text_.size() > kMostWordBytes) return;
  add_message(stored_message(event));
  for (const auto& tag : event.tags) add_mark(hash_of(tag.key, tag.value));
  if (!event.environment.empty()) add_mark(hash_of("environment", event.environment));
  if (!event.release.empty()) add_mark(hash_of("release", event.release));
  if (const auto user = event.user.key(); !user.empty()) add_mark(hash_of(kUser, user));
}

void BlockWords::add_message(std::string_view message) {
  // Blocks are sorted by issue, and events of an issue often say the same.
  if (message == last_message_) return;
  last_message_.assign(message);
  query::fold(message, folded_);
  query::for_each_word(message, folded_, [this](std::string_view word) {
    if (!is_new(XXH3_64bits(word.data(), word.size()))) return;
    text_ += word;
    text_ += ' ';
  });
}

void BlockWords::add_mark(std::uint64_t hash) {
  if (!is_new(hash)) return;
  append_mark(text_, hash);
  text_ += ' ';
}

bool BlockWords::is_new(std::uint64_t hash) {
  if (hash == 0) hash = 1;
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = hash & mask;
  while (slots_[at] != 0) {
    if (slots_[at] == hash) return false;
    at = (at + 1) & mask;
  }
  slots_[at] = hash;
  used_.push_back(static_cast<std::uint32_t>(at));
  if (used_.size() * 2 > slots_.size()) grow();
  return true;
}

void BlockWords::grow() {
  std::vector<std::uint64_t> old(slots_.size() * 2);
  old.swap(slots_);
  const std::size_t mask = slots_.size() - 1;
  for (auto& place : used_) {
    const std::uint64_t hash = old[place];
    std::size_t at = hash & mask;
    while (slots_[at] != 0) at = (at + 1) & mask;
    slots_[at] = hash;
    place = static_cast<std::uint32_t>(at);
  }
}

std::string BlockWords::take() {
  std::string words = text_.size() > kMostWordBytes ? std::string("*") : std::move(text_);
  for (const auto place : used_) slots_[place] = 0;
  used_.clear();
  text_.clear();
  last_message_.clear();
  return words;
}

}  // namespace mesher::postgres
