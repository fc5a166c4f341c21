#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>

#include "graph/credits.hpp"
#include "graph/gate.hpp"
#include "graph/node.hpp"
#include "graph/outlet.hpp"
#include "graph/receipt.hpp"

namespace mesher::graph {

/// The thread that brings the batches of one partition into the graph: when the window has room, asks the source for
/// the next one, hands it on, and waits until every node that it feeds has taken it. Never polls.
class Pump {
 public:
  /// What `outlet` and `source` refer to outlives the pump. `ended` is called once, on the pump's thread.
  Pump(Source& source, std::uint32_t partition, Outlet& outlet, std::shared_ptr<Window> window,
       std::shared_ptr<Gate> epoch, std::function<void()> ended);

  /// No further batch is asked for; the one in hand still goes in, unless the window is closed.
  void request_stop() { thread_.request_stop(); }

 private:
  /// Back when all consumers have taken the batch.
  class Turns final : public PermitHolder {
   public:
    [[nodiscard]] Permit begin();
    void give_back() noexcept override;
    void wait();

   private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool out_ = false;
  };

  void run(const std::stop_token& stop);
  std::optional<Source::Item> next(const std::stop_token& stop);

  Source& source_;
  const std::uint32_t partition_;
  Outlet& outlet_;
  const std::shared_ptr<Window> window_;
  const std::shared_ptr<Gate> epoch_;
  Turns turns_;
  std::jthread thread_;  // last: ends before what it uses
};

}  // namespace mesher::graph
