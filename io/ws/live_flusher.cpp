#include "io/ws/live_flusher.hpp"

#include <utility>

#include "graph/base/thread.hpp"
#include "io/ws/live_client.hpp"

namespace mesher::ws {

LiveFlusher::LiveFlusher(std::chrono::milliseconds pause)
    : pause_(pause), thread_([this](const std::stop_token& stop) { run(stop); }) {}

LiveFlusher::~LiveFlusher() {
  thread_.request_stop();
  thread_.join();
}

void LiveFlusher::later(std::shared_ptr<LiveClient> client) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    first = waiting_.empty();
    waiting_.push_back(std::move(client));
  }
  if (first) wake_.notify_one();
}

void LiveFlusher::run(const std::stop_token& stop) {
  name_thread("live flush");
  std::vector<std::shared_ptr<LiveClient>> now;
  while (true) {
    {
      std::unique_lock lock(mutex_);
      if (!wake_.wait(lock, stop, [&] { return !waiting_.empty(); })) return;
      // Whoever comes in the pause goes along.
      wake_.wait_for(lock, stop, pause_, [] { return false; });
      now.swap(waiting_);
    }
    for (const auto& client : now) client->flush();
    now.clear();
  }
}

}  // namespace mesher::ws
