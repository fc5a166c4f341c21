#include "io/postgres/recent_ids.hpp"

#include <xxhash.h>

#include <utility>

namespace mesher::postgres {
namespace {

constexpr std::size_t kFirstSlots = 1024;

std::size_t slot_of(std::uint32_t project_id, const nodes::EventId& id, std::size_t slots) {
  return XXH3_64bits_withSeed(id.bytes.data(), id.bytes.size(), project_id) & (slots - 1);
}

}  // namespace

bool RecentIds::Table::contains(std::uint32_t project_id, const nodes::EventId& id) const {
  if (slots.empty()) return false;
  for (auto at = slot_of(project_id, id, slots.size()); slots[at].project_id != 0; at = (at + 1) & (slots.size() - 1)) {
    if (slots[at].project_id == project_id && slots[at].id == id) return true;
  }
  return false;
}

void RecentIds::Table::add(std::uint32_t project_id, const nodes::EventId& id) {
  if (used * 2 >= slots.size()) {
    std::vector<Slot> before(slots.empty() ? kFirstSlots : slots.size() * 2);
    before.swap(slots);
    used = 0;
    for (const auto& slot : before) {
      if (slot.project_id != 0) add(slot.project_id, slot.id);
    }
  }
  auto at = slot_of(project_id, id, slots.size());
  while (slots[at].project_id != 0) {
    if (slots[at].project_id == project_id && slots[at].id == id) return;
    at = (at + 1) & (slots.size() - 1);
  }
  slots[at] = {project_id, id};
  ++used;
}

bool RecentIds::contains(std::uint32_t project_id, const nodes::EventId& id) const {
  return young_.contains(project_id, id) || old_.contains(project_id, id);
}

void RecentIds::add(std::uint32_t project_id, const nodes::EventId& id) {
  if (project_id == 0) return;
  if (young_.used >= capacity_) {
    old_ = std::move(young_);
    young_ = {};
  }
  young_.add(project_id, id);
}

}  // namespace mesher::postgres
