#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "nodes/event.hpp"
#include "nodes/ports/event_store.hpp"

namespace mesher::nodes::ports {

/// Live watchers of projects (io/ws implements it). Methods never block; any thread.
class Broadcaster {
 public:
  virtual ~Broadcaster() = default;

  /// False: nobody watches, so nobody needs to serialise anything.
  [[nodiscard]] virtual bool watched(std::uint32_t project_id) const noexcept = 0;

  /// Told of all events in the order in which they are published, also of those that nobody watches: who comes back
  /// after a while is told what was missed. Answers the position of the first; the others follow it.
  virtual std::uint64_t note(std::span<const Event> events) = 0;

  /// Gives a stored event to the watchers of its project whose filter it passes. `message` is the complete text frame,
  /// serialised once.
  virtual void publish_event(const Event& event, std::uint64_t position,
                             std::shared_ptr<const std::string> message) = 0;

  /// Tells the watchers of its project what has become of an issue; of many changes in a short time only the last.
  virtual void update(const IssueChange& change) = 0;

  /// Gives any other message ("new_issue", "regression", "alert") to all watchers of the project.
  virtual void publish(std::uint32_t project_id, std::shared_ptr<const std::string> message) = 0;
};

}  // namespace mesher::nodes::ports
