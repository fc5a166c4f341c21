#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "nodes/event.hpp"

/// What event_blocks.words holds of a block's events: the words of their messages (nodes/query/words.hpp) and marks:
/// hashes of tags, environments, releases and users. A search asks the index for the blocks that may hold what it looks
/// for, and looks into the events of these only.
namespace mesher::postgres {

/// Enough for most blocks and little enough for a tsvector, which may have 1 MB; a block with more gets the word "*",
/// which stands for all.
constexpr std::size_t kMostWordBytes = 400'000;

/// "#" and five characters. 30 bits: taking one tag for another costs a look into a block, nothing else, and each
/// character costs its bytes twice for nearly every event.
[[nodiscard]] std::string mark_of(std::string_view key, std::string_view value);
/// Of Event::user.key().
[[nodiscard]] std::string mark_of_user(std::string_view user_key);

/// Collects the words of one block after another. Keeps its memory. Not thread-safe.
class BlockWords {
 public:
  BlockWords() : slots_(kSlots) {}
  void add(const nodes::Event& event);
  /// The words so far as text of a tsvector; begins anew.
  [[nodiscard]] std::string take();

 private:
  static constexpr std::size_t kSlots = 1024;  // a power of two; doubled when half full
  void add_message(std::string_view message);
  void add_mark(std::uint64_t hash);
  [[nodiscard]] bool is_new(std::uint64_t hash);
  void grow();

  std::vector<std::uint64_t> slots_;  // hashes of what is there, open addressing; 0: free
  std::vector<std::uint32_t> used_;   // the slots that are not free
  std::string text_, folded_, last_message_;
};

}  // namespace mesher::postgres
