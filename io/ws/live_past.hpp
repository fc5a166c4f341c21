#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "io/ws/live_filter.hpp"
#include "nodes/event.hpp"

/// What a client has missed when it comes back.
namespace mesher::ws {

/// The order in which this server has told events since it began, as far as it is kept: position 1 is the first. Any
/// thread.
class LiveOrder {
 public:
  explicit LiveOrder(std::size_t kept) : kept_(kept) {}

  /// The position of the first of these, which follow each other.
  std::uint64_t add(std::span<const nodes::Event> events);
  [[nodiscard]] std::uint64_t last() const;

  struct Missed {
    std::vector<nodes::EventId> ids;  ///< in order, the latest of them
    std::uint64_t skipped = 0;        ///< earlier ones, over the limit
    std::uint64_t from = 0;           ///< position of the event that the client had
    std::vector<std::uint64_t> positions;
  };
  /// Events of a project behind `event` up to the position `to`; nothing if it is not known.
  [[nodiscard]] std::optional<Missed> behind(const nodes::EventId& event, std::uint32_t project, std::uint64_t to,
                                             std::size_t limit) const;

 private:
  struct Told {
    nodes::EventId id;
    std::uint32_t project;
  };
  const std::size_t kept_;
  mutable std::mutex mutex_;
  std::deque<Told> told_;
  std::uint64_t end_ = 1;  ///< position of the next
};

/// Asks for stored events of a project: those with `ids`, in this order, or the latest received behind an event or a
/// time.
struct LiveQuestion {
  std::uint32_t project_id = 0;
  std::vector<nodes::EventId> ids;
  std::optional<LiveSince> since;  ///< instead of ids
  std::size_t limit = 0;
};

struct LivePast {
  bool available = false;                     ///< false: nobody could be asked
  bool known = true;                          ///< false: there is no such event
  bool all = true;                            ///< false: there were more than the limit
  std::shared_ptr<nodes::EventBatch> events;  ///< oldest first; as the broadcast node gets them
};

/// Answers from what is stored. Called on an I/O thread, must not block; answers once, from any thread.
using LiveHistory = std::function<void(LiveQuestion, std::function<void(LivePast)>)>;

}  // namespace mesher::ws
