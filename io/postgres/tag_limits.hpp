#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace mesher::postgres {

/// Keeps tag_days small whatever clients send: per project and day at most kMaxKeys keys with kMaxValues values each.
/// What is beyond counts under an empty value (and an empty key). Knows what the table has by remembering what it
/// admitted; a project and day that it does not know yet is to be loaded first. With several nodes the bound holds for
/// each of them. Not thread-safe.
class TagLimits {
 public:
  static constexpr std::size_t kMaxKeys = 200;
  static constexpr std::size_t kMaxValues = 1000;
  /// Values remembered in all, 8 to 40 bytes each; beyond, the projects that were used least lately are forgotten.
  static constexpr std::size_t kMaxRemembered = 200'000;

  [[nodiscard]] bool knows(std::uint32_t project_id, std::int64_t day);
  /// Notes that a project and day are known, and one value that the table has already.
  void begin_loading(std::uint32_t project_id, std::int64_t day);
  void loaded(std::uint32_t project_id, std::int64_t day, std::string_view key, std::string_view value);

  /// The key and value under which to count.
  [[nodiscard]] std::pair<std::string_view, std::string_view> admit(std::uint32_t project_id, std::int64_t day,
                                                                    std::string_view key, std::string_view value);

 private:
  struct Group {
    std::unordered_map<std::uint64_t, std::unordered_set<std::uint64_t>> values_of_key;  // hashes
    std::size_t size = 0;
    std::uint64_t used_at = 0;
  };
  using GroupKey = std::pair<std::uint32_t, std::int64_t>;
  void forget_some(const GroupKey& keep);

  std::map<GroupKey, Group> groups_;
  std::size_t remembered_ = 0;
  std::uint64_t ticks_ = 0;
};

}  // namespace mesher::postgres
