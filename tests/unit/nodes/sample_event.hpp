#pragma once

#include <string>
#include <string_view>

#include "nodes/event_json.hpp"
#include "nodes/grouping.hpp"
#include "nodes/ports/journal.hpp"

namespace mesher::testing {

/// An event read from JSON as the pipeline reads it, with the memory that it points into.
class SampleEvent {
 public:
  explicit SampleEvent(std::string_view json) : text_(json) {
    text_.append(nodes::ports::kReadPadding, '\0');
    nodes::Record record;
    record.body = std::string_view(text_).substr(0, json.size());
    event = nodes::EventReader().read(record, arena);
  }
  SampleEvent(const SampleEvent&) = delete;

  nodes::Arena arena;
  nodes::Event event;

 private:
  std::string text_;
};

inline nodes::GroupingResult group_of(std::string_view json) {
  const SampleEvent sample(json);
  return nodes::Grouper().group(sample.event);
}

/// The primary hash, as text.
inline std::string hash_of(std::string_view json) {
  return nodes::to_hex(group_of(json).hashes[0]);
}

}  // namespace mesher::testing
