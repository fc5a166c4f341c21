#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "graph/node.hpp"
#include "graph/tap.hpp"
#include "nodes/event.hpp"
#include "nodes/ports/projects.hpp"
#include "nodes/query/match.hpp"

namespace mesher::nodes {

/// Shows events that leave a node, as JSON: a sample, so that the node does not notice. At most kLooks batches a second
/// are looked at, and kShown events shown; what went by unseen is counted. Whatever the node, what is shown has been
/// scrubbed as the settings of the event's project ask.
class EventTap final : public graph::TapListener {
 public:
  static constexpr double kLooks = 20, kShown = 40;  ///< a second
  static constexpr std::size_t kShownOfABatch = 4;
  static constexpr std::size_t kMostPayload = 64 * 1024;  ///< a larger payload is left out

  /// False: there is no room for it now, it counts as unseen.
  using Emit = std::function<bool(std::string message)>;
  /// `filter`: only these events are shown; null: all. `projects` must outlive the tap.
  EventTap(std::string node, std::shared_ptr<const query::Matcher> filter, const ports::ProjectDirectory* projects,
           Emit emit);

  void passed(graph::Batch& batch) override;

 private:
  void show(graph::Batch& batch);
  void refill();

  const std::string node_;
  const std::shared_ptr<const query::Matcher> filter_;
  const Emit emit_;
  const std::unique_ptr<graph::Node> scrub_;
  std::atomic<std::uint64_t> unseen_{0};
  std::mutex mutex_;  // the rest
  std::chrono::steady_clock::time_point filled_;
  double looks_ = kLooks, shown_ = kShown;  ///< what is left
};

/// The message for one event. `skipped`: events that went by unseen before it.
[[nodiscard]] std::string tap_message(std::string_view node, std::uint32_t port, std::uint64_t skipped,
                                      const Event& event);

}  // namespace mesher::nodes
