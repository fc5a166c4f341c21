#pragma once

#include <cstdint>
#include <cstring>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/// Sixteen bytes of JSON text at a time: which of them are of interest, as bit masks (bit i: byte i).
namespace mesher::nodes {

struct ByteMasks {
  std::uint32_t quote = 0;      ///< "
  std::uint32_t backslash = 0;  ///<
  std::uint32_t mark = 0;       ///< = and :
  std::uint32_t digit = 0;      ///< 0 to 9
};

/// Reads 16 bytes from `at`, or as many as there are before `end`.
inline ByteMasks masks_of(const char* at, const char* end) {
  char buffer[16];
  if (end - at < 16) {
    std::memset(buffer, 0, sizeof(buffer));
    std::memcpy(buffer, at, static_cast<std::size_t>(end - at));
    at = buffer;
  }
  ByteMasks masks;
#if defined(__SSE2__)
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
  const auto equal = [&](char c) { return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(c)); };
  const auto bits = [](__m128i mask) { return static_cast<std::uint32_t>(_mm_movemask_epi8(mask)); };
  masks.quote = bits(equal('"'));
  masks.backslash = bits(equal('\\'));
  masks.mark = bits(_mm_or_si128(equal('='), equal(':')));
  masks.digit =
      bits(_mm_and_si128(_mm_cmpgt_epi8(bytes, _mm_set1_epi8('0' - 1)), _mm_cmplt_epi8(bytes, _mm_set1_epi8('9' + 1))));
#else
  for (std::uint32_t i = 0; i < 16; ++i) {
    const char c = at[i];
    masks.quote |= static_cast<std::uint32_t>(c == '"') << i;
    masks.backslash |= static_cast<std::uint32_t>(c == '\\') << i;
    masks.mark |= static_cast<std::uint32_t>(c == '=' || c == ':') << i;
    masks.digit |= static_cast<std::uint32_t>(c >= '0' && c <= '9') << i;
  }
#endif
  return masks;
}

}  // namespace mesher::nodes
