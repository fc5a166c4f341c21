#include "nodes/sink.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <iterator>
#include <utility>

#include "graph/base/log.hpp"
#include "graph/base/thread.hpp"

namespace mesher::nodes {
namespace {

void append_time(UnixMicros time, std::string& out) {
  const auto seconds = static_cast<std::time_t>(time / 1'000'000);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  fmt::format_to(std::back_inserter(out), "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900,
                 utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, time % 1'000'000 / 1000);
}

}  // namespace

void append_line(const Event& event, std::string& out) {
  fmt::format_to(std::back_inserter(out), R"({{"event_id":"{}","project_id":{},)", event.id.hex(), event.project_id);
  if (event.issue_id != 0) fmt::format_to(std::back_inserter(out), R"("issue_id":{},)", event.issue_id);
  out += R"("received":")";
  append_time(event.received, out);
  out += R"(","event":)";
  const std::size_t payload = out.size();
  out += event.payload;
  // Raw line breaks are only white space between tokens.
  std::replace_if(
      out.begin() + static_cast<std::ptrdiff_t>(payload), out.end(), [](char c) { return c == '\n' || c == '\r'; },
      ' ');
  out += '}';
}

Status Sink::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) {
    begin_yielding_thread("sink");
    run(stop);
  });
  return {};
}

void Sink::submit(graph::Batch batch, Done done) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back({std::move(batch), std::move(done)});
  }
  wake_.notify_one();
}

void Sink::stop() {
  join();
}

void Sink::join() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

bool Sink::pause(std::chrono::milliseconds time, const std::stop_token& stop) {
  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable_any timer;
  timer.wait_for(lock, stop, time, [] { return false; });
  return !stop.stop_requested();
}

void Sink::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    std::vector<Waiting> taken;
    {
      std::unique_lock lock(mutex_);
      if (!wake_.wait(lock, stop, [&] { return !waiting_.empty(); })) return;
      taken.swap(waiting_);
    }
    std::vector<const EventBatch*> batches;
    batches.reserve(taken.size());
    for (auto& entry : taken) batches.push_back(&entry.batch.as<EventBatch>());
    bool written = false;
    while (!written && !stop.stop_requested()) {
      try {
        written = write(batches, stop);
        if (!written) return;
      } catch (const std::exception& error) {
        log::error("sink", "writing failed, will try again: {}", error.what());
        if (!pause(std::chrono::seconds(1), stop)) return;
      }
    }
    if (!written) return;
    for (auto& entry : taken) entry.done(std::move(entry.batch));
  }
}

}  // namespace mesher::nodes
