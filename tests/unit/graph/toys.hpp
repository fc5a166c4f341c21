#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "graph/base/metrics.hpp"
#include "graph/batch.hpp"
#include "graph/node.hpp"
#include "graph/runner.hpp"
#include "graph/topology.hpp"

/// Toy content, ledger, source and nodes for the tests of the engine: items are numbers.
namespace mesher::graph::toys {

class Numbers final : public Content {
 public:
  explicit Numbers(std::vector<std::uint64_t> values, std::string_view kind = "numbers")
      : values(std::move(values)), kind_(kind) {}
  std::size_t size() const noexcept override { return values.size(); }
  std::size_t bytes() const noexcept override { return values.size() * sizeof(std::uint64_t); }
  std::unique_ptr<Content> copy() const override { return std::make_unique<Numbers>(values, kind_); }
  std::unique_ptr<Content> take(std::span<const std::uint32_t> indices) override {
    std::vector<std::uint64_t> taken, kept;
    std::size_t next = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const bool wanted = next < indices.size() && indices[next] == i;
      if (wanted) ++next;
      (wanted ? taken : kept).push_back(values[i]);
    }
    values = std::move(kept);
    return std::make_unique<Numbers>(std::move(taken), kind_);
  }
  std::string_view kind() const noexcept override { return kind_; }

  std::vector<std::uint64_t> values;

 private:
  std::string_view kind_;
};

inline Numbers& numbers(Batch& batch) {
  return batch.as<Numbers>();
}

/// What became of the items of one source batch.
class Book final : public Ledger {
 public:
  void dropped(const Content& content, std::size_t item, DropReason reason) override {
    const std::lock_guard lock(mutex);
    drops.emplace_back(static_cast<const Numbers&>(content).values[item], reason.outcome);
  }
  void quarantined(const Content& content, std::size_t item, std::string_view node, std::string_view reason) override {
    const std::lock_guard lock(mutex);
    poison.push_back({static_cast<const Numbers&>(content).values[item], std::string(node), std::string(reason)});
  }
  struct Poison {
    std::uint64_t value;
    std::string node;
    std::string reason;
  };
  std::mutex mutex;
  std::vector<std::pair<std::uint64_t, std::string>> drops;
  std::vector<Poison> poison;
  std::vector<std::uint64_t> stored;  // put in by an ordered sink
};

/// Hands out batches of consecutive numbers, per partition, as many as offered with offer() (or without end). Remembers
/// what settled. Durably finished is what has settled without a gap, as with a journal's cursor.
class Counting final : public Source {
 public:
  Counting(std::uint32_t partitions, std::size_t batch_size) : states_(partitions), batch_size_(batch_size) {}

  std::uint32_t partitions() const override { return static_cast<std::uint32_t>(states_.size()); }
  std::string_view produces() const override { return "numbers"; }

  std::optional<Item> next(std::uint32_t partition, std::stop_token stop) override {
    std::unique_lock lock(mutex_);
    auto& state = states_[partition];
    if (!changed_.wait(lock, stop, [&] { return state.next < state.offered; })) return std::nullopt;
    const std::uint64_t batch = state.next++;
    ++handed_out_;
    most_in_flight_ = std::max(most_in_flight_, ++in_flight_);
    std::vector<std::uint64_t> values(batch_size_);
    for (std::size_t i = 0; i < batch_size_; ++i) values[i] = value_of(partition, batch, i);
    return Item{
        {partition, batch - state.base}, std::make_unique<Numbers>(std::move(values)), std::make_unique<Book>()};
  }

  void settled(Origin origin, std::unique_ptr<Ledger> ledger) override {
    std::unique_ptr<Book> book(static_cast<Book*>(ledger.release()));
    const std::lock_guard lock(mutex_);
    auto& state = states_[origin.partition];
    const std::uint64_t batch = origin.sequence + state.base;
    if (batch >= state.next || batch < state.finished || !state.settled.emplace(batch, std::move(book)).second) {
      ++wrongly_settled_;
      return;
    }
    --in_flight_;
    while (!state.settled.empty() && state.settled.begin()->first == state.finished) {
      if (on_finished) on_finished(origin.partition, state.finished, *state.settled.begin()->second);
      for (auto& drop : state.settled.begin()->second->drops) dropped_.push_back(drop);
      for (auto& poison : state.settled.begin()->second->poison) poison_.push_back(poison);
      state.settled.erase(state.settled.begin());
      ++state.finished;
    }
    changed_.notify_all();
  }

  void rewind() override {
    const std::lock_guard lock(mutex_);
    ++rewinds_;
    in_flight_ = 0;
    for (auto& state : states_) {
      state.settled.clear();
      state.next = state.base = state.finished;
    }
    changed_.notify_all();
  }

  void offer(std::uint64_t batches) {
    const std::lock_guard lock(mutex_);
    for (auto& state : states_) state.offered += batches;
    changed_.notify_all();
  }
  /// Blocks until all that was offered is settled.
  void wait_finished() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] {
      return std::all_of(states_.begin(), states_.end(), [](const State& s) { return s.finished == s.offered; });
    });
  }
  /// Blocks until something more is finished, or all is.
  void wait_for_progress() {
    std::unique_lock lock(mutex_);
    const auto finished = [this] {
      std::uint64_t sum = 0;
      for (const auto& state : states_) sum += state.finished;
      return sum;
    };
    const std::uint64_t before = finished();
    changed_.wait(lock, [&] {
      return finished() > before ||
             std::all_of(states_.begin(), states_.end(), [](const State& s) { return s.finished == s.offered; });
    });
  }
  /// Most batches that were handed out and not settled at one time.
  std::uint64_t most_in_flight() const {
    const std::lock_guard lock(mutex_);
    return most_in_flight_;
  }
  /// Batches that were handed out in total.
  std::uint64_t handed_out() const {
    const std::lock_guard lock(mutex_);
    return handed_out_;
  }
  std::uint64_t finished(std::uint32_t partition) const {
    const std::lock_guard lock(mutex_);
    return states_[partition].finished;
  }
  std::uint64_t wrongly_settled() const {
    const std::lock_guard lock(mutex_);
    return wrongly_settled_;
  }
  std::uint64_t rewinds() const {
    const std::lock_guard lock(mutex_);
    return rewinds_;
  }
  std::vector<std::pair<std::uint64_t, std::string>> dropped() const {
    const std::lock_guard lock(mutex_);
    return dropped_;
  }
  std::vector<Book::Poison> poison() const {
    const std::lock_guard lock(mutex_);
    return poison_;
  }
  std::uint64_t value_of(std::uint32_t partition, std::uint64_t batch, std::size_t item) const {
    return (static_cast<std::uint64_t>(partition) << 48) + batch * batch_size_ + item;
  }

  /// Called under a lock, in order, when a batch is durably finished. Set before anything runs.
  std::function<void(std::uint32_t partition, std::uint64_t batch, Book& book)> on_finished;

 private:
  struct State {
    std::uint64_t offered = 0;
    std::uint64_t next = 0;
    std::uint64_t base = 0;      // batch whose sequence is 0
    std::uint64_t finished = 0;  // batches below are durably finished
    std::map<std::uint64_t, std::unique_ptr<Book>> settled;
  };
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<State> states_;
  const std::size_t batch_size_;
  std::uint64_t handed_out_ = 0, wrongly_settled_ = 0, rewinds_ = 0;
  std::uint64_t in_flight_ = 0, most_in_flight_ = 0;
  std::vector<std::pair<std::uint64_t, std::string>> dropped_;
  std::vector<Book::Poison> poison_;
};

/// A node from a function.
class Lambda final : public Node {
 public:
  explicit Lambda(std::function<void(Batch&)> body) : body_(std::move(body)) {}
  void process(Batch& batch) override { body_(batch); }

 private:
  std::function<void(Batch&)> body_;
};

/// An AsyncNode with one thread that answers in the order of arrival, after `body`.
class Slow final : public AsyncNode {
 public:
  explicit Slow(std::function<void(Batch&)> body) : body_(std::move(body)), thread_([this] { run(); }) {}
  ~Slow() override { stop(); }
  void submit(Batch batch, Done done) override {
    const std::lock_guard lock(mutex_);
    queue_.emplace_back(std::move(batch), std::move(done));
    changed_.notify_all();
  }
  void stop() override {
    {
      const std::lock_guard lock(mutex_);
      stopped_ = true;
      changed_.notify_all();
    }
    if (thread_.joinable()) thread_.join();
    queue_.clear();
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return stopped_ || !queue_.empty(); });
      if (stopped_) return;
      auto [batch, done] = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      if (body_) body_(batch);
      done(std::move(batch));
      lock.lock();
    }
  }
  std::function<void(Batch&)> body_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::pair<Batch, Done>> queue_;
  bool stopped_ = false;
  std::thread thread_;
};

/// An AsyncNode that keeps what it gets until release(); shared with the test, which outlives the node.
class Held {
 public:
  NodeSpec type(std::string name) {
    NodeSpec spec;
    spec.type = std::move(name);
    spec.make = [this](const Options&) -> Result<MadeNode> {
      return MadeNode{nullptr, std::make_unique<Holder>(*this)};
    };
    return spec;
  }
  /// Blocks until `n` batches are held.
  void wait_for(std::size_t n) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return held_.size() >= n; });
  }
  std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return held_.size();
  }
  /// Answers what is held, last come first, and from now on at once.
  void release() {
    std::deque<std::pair<Batch, AsyncNode::Done>> out;
    {
      const std::lock_guard lock(mutex_);
      open_ = true;
      out.swap(held_);
    }
    while (!out.empty()) {
      out.back().second(std::move(out.back().first));
      out.pop_back();
    }
  }
  /// What is held, without answering it: for a test that answers late or never.
  std::deque<std::pair<Batch, AsyncNode::Done>> take() {
    const std::lock_guard lock(mutex_);
    return std::move(held_);
  }

 private:
  class Holder final : public AsyncNode {
   public:
    explicit Holder(Held& held) : held_(held) {}
    void submit(Batch batch, Done done) override {
      {
        const std::lock_guard lock(held_.mutex_);
        if (!held_.open_) {
          held_.held_.emplace_back(std::move(batch), std::move(done));
          held_.changed_.notify_all();
          return;
        }
      }
      done(std::move(batch));
    }
    void stop() override {
      std::deque<std::pair<Batch, Done>> gone;
      const std::lock_guard lock(held_.mutex_);
      gone.swap(held_.held_);
    }

   private:
    Held& held_;
  };
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::pair<Batch, AsyncNode::Done>> held_;
  bool open_ = false;
};

/// A type whose nodes run `body`.
inline NodeSpec lambda_type(std::string type, std::function<void(Batch&)> body) {
  NodeSpec spec;
  spec.type = std::move(type);
  spec.make = [body = std::move(body)](const Options&) -> Result<MadeNode> {
    return MadeNode{std::make_unique<Lambda>(body), nullptr};
  };
  return spec;
}

inline NodeSpec slow_type(std::string type, std::function<void(Batch&)> body) {
  NodeSpec spec;
  spec.type = std::move(type);
  spec.make = [body = std::move(body)](const Options&) -> Result<MadeNode> {
    return MadeNode{nullptr, std::make_unique<Slow>(body)};
  };
  return spec;
}

/// Collects the items that reach it; a sink.
class Collected {
 public:
  NodeSpec type(std::string name) {
    NodeSpec spec = lambda_type(std::move(name), [this](Batch& batch) {
      const std::lock_guard lock(mutex_);
      for (const auto value : numbers(batch).values) values_.push_back(value);
    });
    spec.produces = "none";
    return spec;
  }
  std::vector<std::uint64_t> sorted() const {
    const std::lock_guard lock(mutex_);
    auto out = values_;
    std::sort(out.begin(), out.end());
    return out;
  }
  std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return values_.size();
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::uint64_t> values_;
};

/// An ordered sink: puts the items into the book, lets the source settle, and hands the batch back only after the
/// source has finished it in order, as a transaction per batch would.
class Stored {
 public:
  explicit Stored(Counting& source) {
    source.on_finished = [this](std::uint32_t, std::uint64_t, Book& book) { commit(book); };
  }
  NodeSpec type(std::string name) {
    NodeSpec spec;
    spec.type = std::move(name);
    spec.ordered_sink = true;
    spec.make = [this](const Options&) -> Result<MadeNode> { return MadeNode{nullptr, std::make_unique<Sink>(*this)}; };
    return spec;
  }

 private:
  class Sink final : public AsyncNode {
   public:
    explicit Sink(Stored& stored) : stored_(stored) {}
    void submit(Batch batch, Done done) override {
      auto receipt = batch.receipt();  // the book must not be finished before the batch waits for it
      auto& book = static_cast<Book&>(*batch.ledger());
      {
        const std::lock_guard lock(book.mutex);
        for (const auto value : numbers(batch).values) book.stored.push_back(value);
      }
      batch.release_receipt();
      {
        const std::lock_guard lock(stored_.mutex_);
        stored_.waiting_.emplace(&book, std::pair(std::move(batch), std::move(done)));
      }
    }
    void stop() override {
      std::multimap<const Book*, std::pair<Batch, Done>> gone;
      const std::lock_guard lock(stored_.mutex_);
      gone.swap(stored_.waiting_);
    }

   private:
    Stored& stored_;
  };
  void commit(const Book& book) {
    std::vector<std::pair<Batch, AsyncNode::Done>> out;
    {
      const std::lock_guard lock(mutex_);
      const auto [begin, end] = waiting_.equal_range(&book);
      for (auto at = begin; at != end; ++at) out.push_back(std::move(at->second));
      waiting_.erase(begin, end);
    }
    for (auto& [batch, done] : out) done(std::move(batch));
  }
  std::mutex mutex_;
  std::multimap<const Book*, std::pair<Batch, AsyncNode::Done>> waiting_;
};

/// A topology that must be without mistakes.
inline Topology topology(const Registry& registry, const std::string& toml) {
  auto parsed = parse_topology(toml, registry, {{"source", "numbers"}}, {});
  for (const auto& mistake : parsed.mistakes) throw std::runtime_error(mistake.text("topology.toml"));
  return parsed.topology;
}

inline const NodeFigures& figures_of(const std::vector<NodeFigures>& all, std::string_view name) {
  for (const auto& figures : all) {
    if (figures.name == name) return figures;
  }
  throw std::runtime_error("no such node");
}

/// Waits until no batch is inside any node: lossy branches work on when the source has settled all.
inline std::vector<NodeFigures> figures_at_rest(const Runner& runner) {
  while (true) {
    auto all = runner.figures();
    if (std::all_of(all.begin(), all.end(), [](const NodeFigures& f) { return f.inside == 0; })) return all;
    std::this_thread::yield();
  }
}

}  // namespace mesher::graph::toys
