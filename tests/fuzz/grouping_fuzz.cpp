// Events whose texts and links are made from the input: grouping is deterministic, explaining changes nothing, titles
// are never empty.
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "nodes/grouping.hpp"
#include "nodes/title.hpp"

namespace {

using namespace mesher::nodes;

/// Takes an event apart from bytes.
class Maker {
 public:
  Maker(const std::uint8_t* data, std::size_t size) : text_(reinterpret_cast<const char*>(data), size) {}

  std::uint8_t byte() {
    if (text_.empty()) return 0;
    const auto b = static_cast<std::uint8_t>(text_.front());
    text_.remove_prefix(1);
    return b;
  }
  std::string_view text() {
    const auto n = std::min<std::size_t>(byte(), text_.size());
    const auto t = text_.substr(0, n);
    text_.remove_prefix(n);
    return t;
  }
  std::span<const Frame> frames(Arena& arena) {
    auto all = arena.array<Frame>(byte() % 40);
    for (auto& f : all) {
      const auto flags = byte();
      if ((flags & 32U) != 0 && &f != all.data()) {
        f = *(&f - 1 - (flags % 2 == 0 || &f - all.data() < 2 ? 0 : 1));  // recursion
        continue;
      }
      f.function = text();
      if ((flags & 1U) != 0) f.module = text();
      if ((flags & 2U) != 0) f.filename = text();
      if ((flags & 4U) != 0) f.abs_path = text();
      if ((flags & 8U) != 0) f.in_app = (flags & 16U) != 0;
      if ((flags & 64U) != 0) f.context_line = text();
      f.has_sourcemap = (flags & 128U) != 0;
    }
    return all;
  }

 private:
  std::string_view text_;
};

constexpr std::string_view kPlatforms[] = {"java", "javascript", "python", "native", "csharp",
                                           "go",   "php",        "ruby",   "node",   "x"};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Maker maker(data, size);
  Arena arena;
  Event event;
  event.platform = kPlatforms[maker.byte() % std::size(kPlatforms)];
  const auto flags = maker.byte();
  if ((flags & 1U) != 0) event.message = maker.text();
  if ((flags & 2U) != 0) event.stacktrace = maker.frames(arena);
  auto exceptions = arena.array<Exception>(maker.byte() % 6);
  for (auto& e : exceptions) {
    e.type = maker.text();
    e.value = maker.text();
    const auto link = maker.byte();
    if ((link & 1U) != 0) e.mechanism.exception_id = maker.byte() % 6;
    if ((link & 2U) != 0) e.mechanism.parent_id = maker.byte() % 6;
    e.mechanism.is_group = (link & 4U) != 0;
    e.mechanism.synthetic = (link & 8U) != 0;
    e.frames = maker.frames(arena);
  }
  event.exceptions = exceptions;
  auto fingerprint = arena.array<std::string_view>(maker.byte() % 4);
  for (auto& entry : fingerprint) entry = maker.byte() % 2 == 0 ? "{{ default }}" : maker.text();
  event.fingerprint = fingerprint;

  Grouper grouper;
  GroupingExplanation why;
  const auto first = grouper.group(event);
  const auto explained = grouper.group(event, &why);
  const auto fresh = Grouper().group(event);
  if (first.count == 0 || first.count != explained.count || first.hashes != explained.hashes ||
      first.hashes != fresh.hashes)
    std::abort();
  if (to_text(why).empty() || title_of(event, arena).empty()) std::abort();
  static_cast<void>(culprit_of(event, arena));
  return 0;
}
