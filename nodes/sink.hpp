#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "graph/node.hpp"
#include "nodes/event.hpp"

/// What the sinks beside the database share: a thread that waits for them, and the form in which they write events.
namespace mesher::nodes {

/// An event as one line of JSON without line break at the end:
/// {"event_id":…,"project_id":…,"issue_id":…,"received":…,"event":{the payload}}. `issue_id` only if there is one.
void append_line(const Event& event, std::string& out);

/// A sink whose work blocks. submit() queues (the engine's credits bound the queue); one thread takes all that waits
/// and gives it to write(), which tries until it succeeds or a stop is requested. Delivery is at least once: what was
/// not finished when it stops comes again from the journal.
class Sink : public graph::AsyncNode {
 public:
  Status start() override;
  void submit(graph::Batch batch, Done done) override;
  void stop() override;
  ~Sink() override { join(); }  ///< derived classes call join() in their own destructor, before their members go

 protected:
  /// Writes all events durably. False: not done because a stop was requested.
  virtual bool write(const std::vector<const EventBatch*>& batches, std::stop_token stop) = 0;

  /// Sleeps, unless a stop is requested meanwhile. False then.
  bool pause(std::chrono::milliseconds time, const std::stop_token& stop);
  void join();

 private:
  struct Waiting {
    graph::Batch batch;
    Done done;
  };
  void run(const std::stop_token& stop);

  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::vector<Waiting> waiting_;
  std::jthread thread_;
};

}  // namespace mesher::nodes
