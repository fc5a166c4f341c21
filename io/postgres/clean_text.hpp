#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace mesher::postgres {

/// Appends `text` so that PostgreSQL can store it as UTF-8 text: U+0000 and bytes that are no UTF-8 become U+FFFD.
/// Text that is fine, which is nearly all of it, is checked eight bytes at a time and copied once.
void append_clean(std::string& out, std::string_view text);

/// The first `characters` code points of `text`, which need not be valid UTF-8. No code point is cut.
[[nodiscard]] std::string_view first_characters(std::string_view text, std::size_t characters);

}  // namespace mesher::postgres
