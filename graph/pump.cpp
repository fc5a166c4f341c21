#include "graph/pump.hpp"

#include <chrono>
#include <exception>

#include "graph/base/log.hpp"
#include "graph/base/thread.hpp"

namespace mesher::graph {
namespace {

// A source that throws has no other way to say that something is wrong; asking again at once would spin.
constexpr std::chrono::seconds kPauseAfterThrow{1};

void pause(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any changed;
  std::unique_lock lock(mutex);
  changed.wait_for(lock, stop, kPauseAfterThrow, [] { return false; });
}

}  // namespace

Permit Pump::Turns::begin() {
  const std::lock_guard lock(mutex_);
  out_ = true;
  return Permit(*this);
}

void Pump::Turns::give_back() noexcept {
  const std::lock_guard lock(mutex_);
  out_ = false;
  changed_.notify_all();
}

void Pump::Turns::wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !out_; });
}

Pump::Pump(Source& source, std::uint32_t partition, Outlet& outlet, std::shared_ptr<Window> window,
           std::shared_ptr<Gate> epoch, std::function<void()> ended)
    : source_(source),
      partition_(partition),
      outlet_(outlet),
      window_(std::move(window)),
      epoch_(std::move(epoch)),
      thread_([this, ended = std::move(ended)](const std::stop_token& stop) {
        begin_yielding_thread("pump");
        run(stop);
        ended();
      }) {}

void Pump::run(const std::stop_token& stop) {
  while (!stop.stop_requested() && window_->wait_for_room(stop)) {
    auto item = next(stop);
    if (!item) break;
    auto slot = window_->enter();
    if (slot == nullptr) break;  // abandoned: the source reads it again
    auto receipt = std::make_shared<Receipt>(source_, epoch_, item->origin, std::move(item->ledger), slot);
    Batch batch(std::move(item->content), std::move(receipt), std::move(slot));
    {
      Turn turn(turns_.begin());
      outlet_.hand_on(std::move(batch), turn);
    }
    turns_.wait();
  }
}

std::optional<Source::Item> Pump::next(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    try {
      return source_.next(partition_, stop);
    } catch (const std::exception& error) {
      log::error("graph", "the source failed on partition {}: {}", partition_, error.what());
      pause(stop);
    }
  }
  return std::nullopt;
}

}  // namespace mesher::graph
