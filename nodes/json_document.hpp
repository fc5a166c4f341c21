#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "nodes/event.hpp"

/// JSON as a table of its tokens: simdjson's first stage finds where each token begins (and checks UTF-8), one pass
/// over the table checks the grammar and notes where containers and strings end. Nothing is copied; skipping a value
/// costs one step. The whole text is checked, also what nobody looks at, because payloads are stored and handed out as
/// they came.
namespace mesher::nodes {

class Json;

/// Scratch memory for one text at a time; keep it and open() again. Not thread-safe.
class JsonDocument {
 public:
  enum class Fault : std::uint8_t { none, empty, invalid_json, invalid_utf8, too_deep };

  JsonDocument();
  ~JsonDocument();
  JsonDocument(const JsonDocument&) = delete;
  JsonDocument& operator=(const JsonDocument&) = delete;

  /// `text` must outlive the use of root() and of all strings without escapes taken from it. No padding needed.
  /// With `tolerate_nan`, bare NaN, Infinity and -Infinity count as values (see replace_nan), and so do numbers that no
  /// double holds.
  Fault open(std::string_view text, bool tolerate_nan = false);

  /// Byte at which open() saw the fault, as far as it knows.
  [[nodiscard]] std::size_t fault_at() const { return fault_at_; }

  /// Only after open() answered none.
  [[nodiscard]] inline Json root() const;

  /// How many of those there are; the text with null in their places.
  [[nodiscard]] std::size_t nan_count() const { return nan_tokens_; }
  [[nodiscard]] std::string replace_nan() const;

 private:
  friend class Json;

  static constexpr std::uint32_t kEscapes = 0x8000'0000;

  bool reserve(std::size_t size);
  Fault check(bool tolerate_nan);
  Fault fault(Fault what, std::uint32_t token);
  bool check_string(std::uint32_t token);
  bool check_scalar(std::uint32_t token, bool tolerate_nan);
  [[nodiscard]] std::string_view scalar(std::uint32_t token) const;

  std::string_view text_;
  const std::uint32_t* at_ = nullptr;      ///< where token i begins; one more entry: the text's end
  std::unique_ptr<std::uint32_t[]> ends_;  ///< of an opening bracket: its closing token; of a string: length | kEscapes
  std::uint32_t tokens_ = 0;
  std::size_t capacity_ = 0;
  std::size_t fault_at_ = 0;
  std::size_t next_escape_ = 0;  ///< first backslash not yet passed by check()
  std::size_t nan_tokens_ = 0;
  struct Stage1;
  std::unique_ptr<Stage1> stage1_;
};

/// One value of an open document: two words, copied freely. Default made: an absent value, which is of no type.
class Json {
 public:
  Json() = default;

  [[nodiscard]] bool present() const { return document_ != nullptr; }
  [[nodiscard]] bool is_object() const { return first() == '{'; }
  [[nodiscard]] bool is_array() const { return first() == '['; }
  [[nodiscard]] bool is_string() const { return first() == '"'; }
  [[nodiscard]] bool is_null() const { return first() == 'n'; }
  [[nodiscard]] bool is_bool() const { return first() == 't' || first() == 'f'; }
  [[nodiscard]] bool is_true() const { return first() == 't'; }
  [[nodiscard]] bool is_number() const {
    const char c = first();
    return c == '-' || (c >= '0' && c <= '9');
  }

  /// The text of the whole value.
  [[nodiscard]] std::string_view raw() const;

  /// Of a string: what is between the quotes, escapes not undone.
  [[nodiscard]] std::string_view raw_string() const {
    return {text() + 1, document_->ends_[token_] & ~JsonDocument::kEscapes};
  }
  [[nodiscard]] bool has_escapes() const { return (document_->ends_[token_] & JsonDocument::kEscapes) != 0; }

  /// Of a string: its text, in the document if there are no escapes, else in the arena. U+0000 (which PostgreSQL can't
  /// store) and lone surrogates become U+FFFD.
  [[nodiscard]] std::string_view string(Arena& arena) const;
  void append_string(std::string& to) const;

  /// Of an object: calls `visit(key, value)` for each member, keys as Json strings.
  template <class F>
  void members(F&& visit) const {
    const auto& d = *document_;
    const char* text = d.text_.data();
    std::uint32_t token = token_ + 1;
    if (text[d.at_[token]] == '}') return;
    for (;;) {
      const Json key(document_, token);
      const Json value(document_, token + 2);
      visit(key, value);
      token = value.after();
      if (text[d.at_[token]] != ',') return;
      ++token;
    }
  }

  /// Of an array: calls `visit(element)` for each.
  template <class F>
  void elements(F&& visit) const {
    const auto& d = *document_;
    const char* text = d.text_.data();
    std::uint32_t token = token_ + 1;
    if (text[d.at_[token]] == ']') return;
    for (;;) {
      const Json element(document_, token);
      visit(element);
      token = element.after();
      if (text[d.at_[token]] != ',') return;
      ++token;
    }
  }

  /// Of an object: the first member of that name (compared with the raw text), or an absent value.
  [[nodiscard]] Json member(std::string_view name) const;

  /// Of an array: number of elements. Walks them.
  [[nodiscard]] std::size_t count() const;

 private:
  friend class JsonDocument;
  Json(const JsonDocument* document, std::uint32_t token) : document_(document), token_(token) {}

  [[nodiscard]] const char* text() const { return document_->text_.data() + document_->at_[token_]; }
  [[nodiscard]] char first() const { return document_ == nullptr ? '\0' : *text(); }
  [[nodiscard]] std::uint32_t after() const {
    const char c = *text();
    return (c == '{' || c == '[' ? document_->ends_[token_] : token_) + 1;
  }

  const JsonDocument* document_ = nullptr;
  std::uint32_t token_ = 0;
};

inline Json JsonDocument::root() const {
  return Json(this, 0);
}

/// Undoes the escapes of a checked JSON string into `to`, which has room for raw.size() bytes (three bytes a replaced
/// character never exceed the escape's six). Returns the length.
std::size_t unescape(std::string_view raw, char* to);

/// Appends `text` as the inside of a JSON string, escaping what must be.
void append_escaped(std::string_view text, std::string& to);

}  // namespace mesher::nodes
