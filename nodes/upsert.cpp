#include "nodes/upsert.hpp"

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>

#include "graph/base/log.hpp"
#include "graph/base/thread.hpp"
#include "nodes/backoff.hpp"

namespace mesher::nodes {
namespace {

class Upsert final : public graph::AsyncNode {
 public:
  explicit Upsert(IssueDirectory& directory) : directory_(directory) {}
  ~Upsert() override { Upsert::stop(); }

  Status start() override {
    worker_ = std::jthread([this](const std::stop_token& stop) {
      begin_yielding_thread("upsert");
      run(stop);
    });
    return {};
  }

  void submit(graph::Batch batch, Done done) override {
    if (directory_.fill_known(batch.as<EventBatch>().events) == 0) {
      hand_on(std::move(batch), done);
      return;
    }
    {
      const std::lock_guard lock(mutex_);
      waiting_.push_back({std::move(batch), std::move(done)});
    }
    wake_.notify_one();
  }

  void stop() override {
    if (!worker_.joinable()) return;
    worker_.request_stop();
    worker_.join();
    std::deque<Job> left;
    const std::lock_guard lock(mutex_);
    left.swap(waiting_);
  }

 private:
  struct Job {
    graph::Batch batch;
    Done done;
  };

  void run(const std::stop_token& stop) {
    while (true) {
      Job job;
      {
        std::unique_lock lock(mutex_);
        if (!wake_.wait(lock, stop, [this] { return !waiting_.empty(); })) return;
        job = std::move(waiting_.front());
        waiting_.pop_front();
      }
      if (resolve(job.batch.as<EventBatch>().events, stop)) hand_on(std::move(job.batch), job.done);
    }
  }

  static void hand_on(graph::Batch batch, const Done& done) {
    const auto& events = batch.as<EventBatch>().events;
    for (std::size_t i = 0; i < events.size(); ++i) {
      if (events[i].issue_id == kDiscardedIssue) batch.drop(i, kDiscarded);
    }
    done(std::move(batch));
  }

  bool resolve(std::span<Event> events, const std::stop_token& stop) {
    Backoff backoff;
    // Batches before this one may have brought what was unknown when it came.
    if (directory_.fill_known(events) == 0) return true;
    while (true) {
      const auto status = directory_.fill_missing(events);
      if (status) return true;
      if (backoff.first()) log::warn("upsert", "issues can't be looked up: {}", status.error().message);
      if (!backoff.wait(stop)) return false;
    }
  }

  IssueDirectory& directory_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::deque<Job> waiting_;
  std::jthread worker_;
};

}  // namespace

graph::NodeSpec upsert_spec(IssueDirectory* directory) {
  graph::NodeSpec spec;
  spec.type = "upsert";
  spec.help =
      "Gives every event its issue, creating issues that do not exist yet, and drops events whose fingerprint is "
      "discarded. Waits for PostgreSQL only for fingerprints that it has not seen lately.";
  spec.consumes = "events";
  spec.make = [directory](const graph::Options&) -> Result<graph::MadeNode> {
    return graph::MadeNode{nullptr, std::make_unique<Upsert>(*directory)};
  };
  return spec;
}

}  // namespace mesher::nodes
