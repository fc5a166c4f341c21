#pragma once

#include <string>
#include <string_view>

#include "io/api/call.hpp"
#include "io/postgres/read_events.hpp"
#include "nodes/event.hpp"

namespace mesher::api {

/// A stored event, read from its payload as the pipeline reads it. Throws std::invalid_argument if the payload is no
/// JSON object, which the door does not let in.
class StoredEvent {
 public:
  StoredEvent(const postgres::EventRow& row, std::string payload);
  StoredEvent(const StoredEvent&) = delete;
  StoredEvent& operator=(const StoredEvent&) = delete;

  [[nodiscard]] const nodes::Event& event() const { return event_; }
  [[nodiscard]] std::string_view payload() const { return payload_; }
  [[nodiscard]] std::string_view title() const { return title_; }
  [[nodiscard]] std::string_view culprit() const { return culprit_; }

 private:
  std::string text_;  // payload and padding
  std::string_view payload_;
  nodes::Arena arena_;
  nodes::Event event_;
  std::string_view title_, culprit_;
};

/// An event in full, as JSON text: what the columns say, the fields as the pipeline's parser reads them from the
/// payload (normalised, trimmed, with notes of what was trimmed), and the payload itself, byte for byte.
[[nodiscard]] std::string event_detail(const postgres::EventRow& row, const postgres::Neighbours& neighbours,
                                       const StoredEvent& stored);

}  // namespace mesher::api
