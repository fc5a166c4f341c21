#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "nodes/event.hpp"
#include "nodes/query/ast.hpp"
#include "nodes/query/words.hpp"

/// What lets thousands of queries be asked of an event at little cost: a query that asks for `region:eu-1` need not be
/// looked at for an event without that mark, nor one that asks for words of which not even three letters in a row are
/// anywhere in the event.
namespace mesher::query {

/// A field with a value, as one number. Different ones may rarely have the same.
using Mark = std::uint64_t;
[[nodiscard]] Mark mark_of(Field field, std::string_view key, std::string_view value);

/// The names of an event: tags, environment, release, platform, user.
[[nodiscard]] std::vector<Mark> marks_of(const nodes::Event& event);

/// Which three letters in a row are somewhere in an event's texts, folded; may say yes to some that are not.
class Letters {
 public:
  explicit Letters(const nodes::Event& event);

  /// The places of a needle's letters, for has_all.
  [[nodiscard]] static std::vector<std::uint16_t> places_of(const Needle& needle);
  [[nodiscard]] bool has_all(const std::vector<std::uint16_t>& places) const;

 private:
  static constexpr std::size_t kBits = 8192;
  void add(std::string_view text);

  std::array<std::uint64_t, kBits / 64> bits_{};
  std::string folded_;
};

/// Something that every event which satisfies a query has. At most one of both is set; none: nothing can be said.
struct Requirement {
  std::vector<Mark> any_mark;                           ///< one of these
  std::vector<std::vector<std::uint16_t>> any_letters;  ///< all places of one of these
  [[nodiscard]] bool empty() const { return any_mark.empty() && any_letters.empty(); }
};
[[nodiscard]] Requirement requirement_of(const Node& query);

}  // namespace mesher::query
