#pragma once

#include <cstring>
#include <string>
#include <string_view>

#include "nodes/normalise.hpp"
#include "nodes/normalise_token.hpp"

/// How the message normaliser writes. For normalise.cpp only.
namespace mesher::nodes::token {

/// Between the values of a list.
inline constexpr Bytes kListSeparator(" ,;:/-.#|+&~_!*");

/// Longest run of list separators between two values that are merged.
inline constexpr std::ptrdiff_t kLongestSeparator = 8;

/// Writes the output. A placeholder that follows another one with nothing but list separators between is merged into
/// it.
template <bool Typed>
class Output {
 public:
  Output(std::string& memory, std::size_t input) {
    // Worst case: every second byte a value. The longest placeholder has 9 bytes, a separator stays.
    const std::size_t worst = input * (Typed ? 6 : 3) + 16;
    if (memory.size() < worst) memory.resize(worst);
    begin_ = at_ = memory.data();
  }

  void text(const char* from, const char* to) {
    const auto n = static_cast<std::size_t>(to - from);
    std::memcpy(at_, from, n);
    at_ += n;
  }
  void space() {
    if (at_ != begin_ && at_[-1] != ' ') *at_++ = ' ';
  }
  void value(ValueKind kind) {
    if (merges(kind)) {
      at_ = last_end_;
      return;
    }
    *at_++ = '<';
    if constexpr (Typed) {
      const auto name = name_of(kind);
      std::memcpy(at_, name.data(), name.size());
      at_ += name.size();
    } else {
      *at_++ = '*';
    }
    *at_++ = '>';
    last_end_ = at_;
    last_kind_ = kind;
  }
  /// "<1 sec" is a time as "2 sec" is.
  void drop_comparison() {
    if (at_ != begin_ && (at_[-1] == '<' || at_[-1] == '~') && at_ != last_end_) --at_;
  }
  [[nodiscard]] bool at_value() const { return at_ == last_end_; }
  [[nodiscard]] std::string_view view() {
    if (at_ != begin_ && at_[-1] == ' ') --at_;
    return {begin_, static_cast<std::size_t>(at_ - begin_)};
  }

 private:
  [[nodiscard]] bool merges(ValueKind kind) {
    if (last_end_ == nullptr || at_ - last_end_ > kLongestSeparator) return false;
    for (const char* c = last_end_; c != at_; ++c) {
      if (!kListSeparator(*c)) return false;
    }
    if constexpr (Typed) {
      if (last_kind_ == ValueKind::date && (kind == ValueKind::time || kind == ValueKind::integer)) return true;
      if (last_kind_ == ValueKind::time && kind == ValueKind::integer && at_ - last_end_ == 1) return true;
      if (last_kind_ == ValueKind::ip && kind == ValueKind::integer && at_ - last_end_ == 1) return true;
      if (last_kind_ == ValueKind::host && kind == ValueKind::integer && at_ - last_end_ == 1) return true;
      return kind == last_kind_;
    } else {
      return true;
    }
  }

  char* begin_;
  char* at_;
  char* last_end_ = nullptr;
  ValueKind last_kind_ = ValueKind::value;
};

}  // namespace mesher::nodes::token
