#include "io/postgres/clean_text.hpp"

#include <cstdint>
#include <cstring>

namespace mesher::postgres {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

/// True for eight bytes of ASCII none of which is 0.
bool plain(const char* bytes) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof word);
  constexpr std::uint64_t kHigh = 0x8080808080808080, kOnes = 0x0101010101010101;
  return (word & kHigh) == 0 && ((word - kOnes) & ~word & kHigh) == 0;
}

/// Length of the well-formed code point at the front of `text` (Unicode 15, table 3-7); 0 if there is none, or U+0000.
std::size_t code_point(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto continues = [&](std::size_t i) { return i < text.size() && (byte(i) & 0xC0) == 0x80; };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return lead == 0 ? 0 : 1;
  if (lead < 0xC2 || lead > 0xF4) return 0;
  if (!continues(1)) return 0;
  if (lead < 0xE0) return 2;
  if (!continues(2)) return 0;
  if (lead < 0xF0) {
    const bool overlong = lead == 0xE0 && byte(1) < 0xA0;
    const bool surrogate = lead == 0xED && byte(1) > 0x9F;
    return overlong || surrogate ? 0 : 3;
  }
  if (!continues(3)) return 0;
  const bool overlong = lead == 0xF0 && byte(1) < 0x90;
  const bool beyond = lead == 0xF4 && byte(1) > 0x8F;
  return overlong || beyond ? 0 : 4;
}

}  // namespace

void append_clean(std::string& out, std::string_view text) {
  std::size_t kept = 0, i = 0;  // [kept, i) is fine and not copied yet
  while (i < text.size()) {
    if (i + 8 <= text.size() && plain(text.data() + i)) {
      i += 8;
      continue;
    }
    const auto length = code_point(text.substr(i));
    if (length > 0) {
      i += length;
      continue;
    }
    out.append(text.substr(kept, i - kept)).append(kReplacement);
    kept = ++i;
  }
  out.append(text.substr(kept));
}

std::string_view first_characters(std::string_view text, std::size_t characters) {
  if (text.size() <= characters) return text;
  std::size_t seen = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool starts = (static_cast<unsigned char>(text[i]) & 0xC0) != 0x80;
    if (starts && seen++ == characters) return text.substr(0, i);
  }
  return text;
}

}  // namespace mesher::postgres
