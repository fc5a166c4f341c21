#pragma once

#include <string>
#include <string_view>

#include "graph/base/random.hpp"

namespace mesher::demo {

/// `text` with its slots filled: `${order}`, `${sku}`, `${hex}`, `${uuid}`, `${ip}`, a word of one of the lists
/// (`${word}`, `${country}`, `${payment}`, `${region}`, `${depot}`, `${supplier}`, `${network}`), or a number
/// `${n:1-9}`. What is filled in needs no escaping in JSON. An order stays the same within one text.
[[nodiscard]] std::string fill_slots(std::string_view text, Random& random);

}  // namespace mesher::demo
