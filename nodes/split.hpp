#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "nodes/validate.hpp"

namespace mesher::nodes {

enum class BulkFormat : std::uint8_t {
  array,  ///< one JSON array of events
  lines,  ///< NDJSON: an event a line; empty lines are skipped and not counted
};

/// Finds the texts of the events in a bulk body, one after another, without judging them: that is validate_event's
/// business. Looks only at quotes, brackets and commas, so an element that is wrong inside does not hide those behind
/// it. Where the array itself is broken (cut off, brackets that do not match, no comma), the elements before are good,
/// and the rest is reported as one broken element, the last one. Not thread-safe; views point into the body.
class EventSplitter {
 public:
  struct Element {
    std::size_t index = 0;
    std::string_view json;                 ///< without surrounding white space
    std::optional<ValidationError> error;  ///< set: this and everything behind it is lost
  };

  EventSplitter(std::string_view body, BulkFormat format);

  /// The next element; nothing at the end.
  [[nodiscard]] std::optional<Element> next();

 private:
  std::optional<Element> next_line();
  std::optional<Element> next_in_array();
  std::optional<Element> broken(std::string_view what);
  void skip_space();

  std::string_view body_;
  std::size_t at_ = 0;
  std::size_t index_ = 0;
  BulkFormat format_;
  enum class Phase : std::uint8_t { start, element, behind, done } phase_ = Phase::start;
};

}  // namespace mesher::nodes
