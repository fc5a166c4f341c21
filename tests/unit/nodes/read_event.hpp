#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "graph/batch.hpp"
#include "graph/options.hpp"
#include "nodes/event_json.hpp"
#include "nodes/record.hpp"

/// What tests of nodes share: events from JSON texts, nodes from TOML options.
namespace mesher::nodes {

constexpr UnixMicros kReceived = 1'717'243'200'000'000;  // 2024-06-01T12:00:00Z

/// An event read from a text, with the memory that it points into.
struct ReadEvent {
  explicit ReadEvent(std::string json, Record record = {}) : text(std::make_unique<std::string>(std::move(json))) {
    record.body = *text;
    if (record.received == 0) record.received = kReceived;
    if (record.project_id == 0) record.project_id = 1;
    event = EventReader().read(record, *arena);
  }
  const Event* operator->() const { return &event; }

  std::unique_ptr<std::string> text;
  std::unique_ptr<Arena> arena = std::make_unique<Arena>();
  Event event;
};

/// Has the event a note on `field` with that reason?
inline bool trimmed(const Event& event, std::string_view field, std::string_view reason) {
  for (const auto& note : event.trimmed) {
    if (note.field == field && note.reason == reason) return true;
  }
  return false;
}

inline std::string_view tag(const Event& event, std::string_view key) {
  for (const auto& tag : event.tags) {
    if (tag.key == key) return tag.value;
  }
  return {};
}

/// A batch of events read from texts.
inline graph::Batch batch_of(const std::vector<std::string>& texts, std::uint32_t project = 1) {
  auto events = std::make_unique<EventBatch>();
  auto memory = std::make_shared<std::vector<std::string>>(texts);
  std::uint8_t number = 0;
  for (const auto& text : *memory) {
    Record record;
    record.project_id = project;
    record.received = kReceived + number;
    record.event_id.bytes[15] = ++number;
    record.body = text;
    events->events.push_back(EventReader().read(record, events->arena()));
  }
  events->keep(memory);
  return graph::Batch(std::move(events));
}

/// Indices of the dropped items.
inline std::vector<std::uint32_t> dropped(graph::Batch& batch) {
  std::vector<std::uint32_t> items;
  for (const auto& drop : batch.drops()) items.push_back(drop.item);
  return items;
}

/// A node of this type with the options that the TOML text sets.
inline std::unique_ptr<graph::Node> make_node(const graph::NodeSpec& spec, std::string_view toml = "") {
  auto options = graph::options_from(spec, "under-test", toml);
  if (!options) throw std::runtime_error(options.error().message);
  auto made = spec.make(**options);
  if (!made) throw std::runtime_error(made.error().message);
  return std::move(made->node);
}

}  // namespace mesher::nodes
