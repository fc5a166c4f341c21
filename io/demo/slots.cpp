#include "io/demo/slots.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <utility>

namespace mesher::demo {
namespace {

struct List {
  std::string_view name;
  std::array<std::string_view, 8> words;
};
constexpr std::array<List, 7> kLists{{
    {"word", {"lamps", "chairs", "desks", "kitchen", "garden", "toys", "books", "carpets"}},
    {"country", {"NO", "CH", "GB", "IS", "NO", "CH", "TR", "UA"}},
    {"payment", {"card", "card", "card", "paypal", "sepa", "card", "invoice", "apple_pay"}},
    {"region", {"eu-central", "eu-central", "eu-central", "eu-west", "eu-west", "us-east", "eu-central", "ap-south"}},
    {"depot", {"hamburg", "hamburg", "lyon", "lyon", "gdansk", "hamburg", "porto", "lyon"}},
    {"supplier", {"northwood", "northwood", "lumen", "lumen", "lumen", "fabrica", "oak-and-co", "northwood"}},
    {"network", {"4g", "4g", "wifi", "3g", "4g", "wifi", "slow-2g", "5g"}},
}};

std::string hex(Random& random, int digits) {
  return fmt::format("{:016x}", random.next()).substr(0, static_cast<std::size_t>(digits));
}

/// "1-9" and "-90--40"
std::string number_between(std::string_view range, Random& random) {
  int low = 0, high = 0;
  const char* end = range.data() + range.size();
  const auto first = std::from_chars(range.data(), end, low);
  if (first.ptr != end) std::from_chars(first.ptr + 1, end, high);
  return std::to_string(low + static_cast<int>(random.below(static_cast<std::uint32_t>(high - low + 1))));
}

std::string value_of(std::string_view slot, Random& random) {
  if (slot.starts_with("n:")) return number_between(slot.substr(2), random);
  if (slot == "sku") return fmt::format("{}-{}", "ABKLMT"[random.below(6)], 1000 + random.below(800));
  if (slot == "hex") return hex(random, 8);
  if (slot == "ip") return fmt::format("198.51.100.{}", 1 + random.below(250));
  if (slot == "uuid") {
    return fmt::format("{}-{}-4{}-a{}-{}", hex(random, 8), hex(random, 4), hex(random, 3), hex(random, 3),
                       hex(random, 12));
  }
  for (const auto& list : kLists) {
    if (list.name == slot) return std::string(random.pick(list.words));
  }
  return std::string(slot);
}

}  // namespace

std::string fill_slots(std::string_view text, Random& random) {
  const auto order = std::to_string(700'000 + random.below(90'000));
  std::string out;
  out.reserve(text.size());
  while (true) {
    const auto at = text.find("${");
    out += text.substr(0, at);
    if (at == text.npos) return out;
    text.remove_prefix(at + 2);
    const auto end = text.find('}');
    const auto slot = text.substr(0, end);
    out += slot == "order" ? order : value_of(slot, random);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
  }
}

}  // namespace mesher::demo
