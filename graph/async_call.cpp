#include "graph/async_call.hpp"

#include "graph/stage.hpp"

namespace mesher::graph {

AsyncCall::~AsyncCall() {
  if (answered_.load() || !gate_->enter()) return;
  stage_.lost();
  gate_->leave();
}

void AsyncCall::done(Batch batch) noexcept {
  batch.set_keeper(nullptr);
  if (answered_.exchange(true) || !gate_->enter()) return;
  stage_.finished(std::move(batch), begun_);
  gate_->leave();
}

void AsyncCall::given_up(Batch batch) noexcept {
  if (answered_.exchange(true)) return;
  if (submitting_.load() && std::this_thread::get_id() == submitter_) {
    // An exception is on its way through submit(): its text is not known yet.
    returned_ = std::move(batch);
    return;
  }
  if (!gate_->enter()) return;
  stage_.given_up(std::move(batch), made_, retried_, "the node gave the batch up");
  gate_->leave();
}

std::optional<Batch> AsyncCall::end_of_submit() {
  submitting_.store(false);
  return std::exchange(returned_, std::nullopt);
}

}  // namespace mesher::graph
