#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <stop_token>

#include "graph/base/metrics.hpp"
#include "graph/batch.hpp"
#include "graph/gate.hpp"
#include "graph/node.hpp"

namespace mesher::graph {

/// The bound on source batches that are anywhere in the graph. Any thread.
class Window : public std::enable_shared_from_this<Window> {
 public:
  /// `gauge` follows the number inside and outlives the window's last slot.
  Window(std::uint32_t limit, Gauge& gauge) : limit_(limit), gauge_(gauge) {}

  /// Blocks until there is room, without taking it. False: stop was requested or the window was closed.
  bool wait_for_room(const std::stop_token& stop);

  /// Blocks until there is room and takes it. The slot is free again when the last copy of the answer is gone. Null:
  /// closed.
  [[nodiscard]] std::shared_ptr<const void> enter();

  /// Wakes who waits; nobody gets in any more.
  void close();

  [[nodiscard]] std::uint32_t inside() const;

 private:
  class Slot;
  void leave() noexcept;

  const std::uint32_t limit_;
  Gauge& gauge_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::uint32_t inside_ = 0;
  bool closed_ = false;
};

/// Shared by all pieces of a source batch; its end is the batch's end: it gives the ledger back to the source. Once the
/// epoch's gate is closed (the graph was abandoned) it lets go without a word, and no settled() is running any more.
///
/// A side receipt holds a batch's end up as well, but has no ledger: for copies on branches that do not lead to the
/// ordered sink. What becomes of those copies is not what becomes of the items.
class Receipt {
 public:
  Receipt(Source& source, std::shared_ptr<Gate> epoch, Origin origin, std::unique_ptr<Ledger> ledger,
          std::shared_ptr<const void> slot)
      : source_(source),
        epoch_(std::move(epoch)),
        origin_(origin),
        ledger_(std::move(ledger)),
        slot_(std::move(slot)) {}
  /// The side receipt of `main`.
  explicit Receipt(std::shared_ptr<const Receipt> main)
      : source_(main->source_), origin_(main->origin_), main_(std::move(main)) {}
  ~Receipt();
  Receipt(const Receipt&) = delete;
  Receipt& operator=(const Receipt&) = delete;

  [[nodiscard]] Ledger* ledger() const { return ledger_.get(); }
  [[nodiscard]] Origin origin() const { return origin_; }

 private:
  Source& source_;
  std::shared_ptr<Gate> epoch_;
  Origin origin_;
  std::unique_ptr<Ledger> ledger_;
  std::shared_ptr<const void> slot_;
  std::shared_ptr<const Receipt> main_;  // of a side receipt
};

}  // namespace mesher::graph
