#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <thread>

#include "graph/batch.hpp"
#include "graph/gate.hpp"

namespace mesher::graph {

class Stage;

/// One batch inside an AsyncNode. Answered once: by Done, by the batch's being given up, or, if the node forgot both,
/// by its own end. An answer that comes when the stage is gone, or a second one, changes nothing.
class AsyncCall final : public Keeper {
 public:
  AsyncCall(Stage& stage, std::shared_ptr<Gate> gate, std::uint64_t made, bool retried)
      : stage_(stage), gate_(std::move(gate)), made_(made), retried_(retried) {}
  ~AsyncCall() override;

  void done(Batch batch) noexcept;
  void given_up(Batch batch) noexcept override;

  /// Called by the submitting thread when submit() has returned or thrown: the batch, if it came back meanwhile.
  [[nodiscard]] std::optional<Batch> end_of_submit();

 private:
  Stage& stage_;  // only inside gate_
  const std::shared_ptr<Gate> gate_;
  const std::uint64_t made_;
  const bool retried_;
  const std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  const std::thread::id submitter_ = std::this_thread::get_id();
  std::atomic<bool> answered_{false};
  std::atomic<bool> submitting_{true};
  std::optional<Batch> returned_;  // by the submitting thread, to itself
};

}  // namespace mesher::graph
