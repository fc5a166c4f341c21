#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "nodes/event.hpp"

namespace mesher::postgres {

/// The ids that were stored last, so that most repetitions are found before PostgreSQL refuses a whole batch for one.
/// Remembers at least `capacity` of the latest and at most twice as many, in 48 bytes each or less. Not thread-safe.
class RecentIds {
 public:
  explicit RecentIds(std::size_t capacity) : capacity_(capacity) {}

  [[nodiscard]] bool contains(std::uint32_t project_id, const nodes::EventId& id) const;
  void add(std::uint32_t project_id, const nodes::EventId& id);
  [[nodiscard]] std::size_t size() const { return young_.used + old_.used; }

 private:
  /// Open addressing; project 0 marks a free slot.
  struct Slot {
    std::uint32_t project_id = 0;
    nodes::EventId id;
  };
  struct Table {
    std::vector<Slot> slots;
    std::size_t used = 0;
    [[nodiscard]] bool contains(std::uint32_t project_id, const nodes::EventId& id) const;
    void add(std::uint32_t project_id, const nodes::EventId& id);
  };

  std::size_t capacity_;
  Table young_, old_;  // when the young one is full it becomes the old one
};

}  // namespace mesher::postgres
