#pragma once

#include <string>
#include <string_view>

#include "nodes/scrub_rules.hpp"

namespace mesher::nodes {

constexpr std::string_view kFiltered = "[Filtered]";

/// Secrets inside a text: values of sensitive names (`password=x`, `Authorization: Bearer x`, `{"token":"x"}`,
/// `?access_token=x`), user and password in URLs, card numbers. Appends the text with them replaced to `out` and
/// answers how many; 0: none, `out` is as before. `kind` is that of the name under which the text stands.
std::size_t scrub_text(std::string_view text, KeyKind kind, const ScrubRules& rules, KeyCache& cache, std::string& out);

/// Only card numbers: 13 to 19 digits, single spaces or dashes between, of a known issuer's range, with a right check
/// digit.
std::size_t scrub_cards(std::string_view text, std::string& out);

/// Is all of it one card number?
[[nodiscard]] bool is_card_number(std::string_view digits);

}  // namespace mesher::nodes
