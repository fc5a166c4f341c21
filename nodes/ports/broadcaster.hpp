#pragma once

#include <cstdint>
#include <memory>
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

  /// Gives a stored event to the watchers of its project whose filter it passes. `message` is the complete text frame,
  /// serialised once.
  virtual void publish_event(const Event& event, std::shared_ptr<const std::string> message) = 0;

  /// Gives any other message ("new_issue", "issue_update", "regression") to all watchers of the project.
  virtual void publish(std::uint32_t project_id, std::shared_ptr<const std::string> message) = 0;
};

}  // namespace mesher::nodes::ports
