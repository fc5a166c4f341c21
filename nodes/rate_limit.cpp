#include "nodes/rate_limit.hpp"

#include <algorithm>
#include <cmath>
#include <mutex>

#include "nodes/event.hpp"
#include "nodes/field_key.hpp"

namespace mesher::nodes {
namespace {

class RateLimitNode final : public graph::Node {
 public:
  RateLimitNode(const Clock& clock, const graph::Options& options) : clock_(clock), fields_(options.strings("key")) {
    const double limit = options.number("limit");
    const double seconds = static_cast<double>(options.micros("per")) / 1e6;
    const double burst = options.given("burst") ? options.number("burst") : std::max(1.0, limit);
    buckets_ = std::make_shared<Shared>(limit / seconds, burst, static_cast<std::size_t>(options.integer("max_keys")));
  }

  void process(graph::Batch& batch) override {
    const auto& events = batch.as<EventBatch>().events;
    const auto now = clock_.now();
    const std::lock_guard lock(buckets_->mutex);
    for (std::size_t i = 0; i < events.size(); ++i) {
      if (!buckets_->buckets.take(field_key(events[i], fields_), now)) batch.drop(i, {"rate_limited", "node"});
    }
  }

  std::shared_ptr<void> save_state() override { return buckets_; }
  void load_state(std::shared_ptr<void> state) override {
    if (state) buckets_ = std::static_pointer_cast<Shared>(state);
  }

 private:
  struct Shared {
    Shared(double per_second, double burst, std::size_t max_keys) : buckets(per_second, burst, max_keys) {}
    std::mutex mutex;
    TokenBuckets buckets;
  };

  const Clock& clock_;
  std::vector<std::string> fields_;
  std::shared_ptr<Shared> buckets_;
};

}  // namespace

TokenBuckets::TokenBuckets(double per_second, double burst, std::size_t max_keys) : max_keys_(max_keys) {
  constexpr double kLongest = 1e18;  // thirty years, far from overflow when added to a time
  token_ns_ = std::llround(std::min(1e9 / per_second, kLongest));
  burst_ns_ = std::llround(std::min((burst - 1) * 1e9 / per_second, kLongest));
}

bool TokenBuckets::take(std::uint64_t key, UnixMicros now) {
  auto found = buckets_.find(key);
  if (found == buckets_.end()) {
    if (buckets_.size() >= max_keys_) {
      buckets_.erase(by_use_.front());
      by_use_.pop_front();
    }
    by_use_.push_back(key);
    found = buckets_.emplace(key, Bucket{0, std::prev(by_use_.end())}).first;
  } else {
    by_use_.splice(by_use_.end(), by_use_, found->second.used);
  }
  const std::int64_t now_ns = now * 1000;
  auto& full_at = found->second.full_at;
  if (full_at - now_ns > burst_ns_) return false;
  full_at = std::max(full_at, now_ns) + token_ns_;
  return true;
}

graph::NodeSpec rate_limit_spec(const Clock* clock) {
  graph::NodeSpec spec;
  spec.type = "rate_limit";
  spec.help =
      "Lets through at most `limit` events in `per` for each key, with a token bucket. What is too much is counted as "
      "rate_limited. The limits of projects and keys need no such node: they are kept at the door.";
  spec.consumes = EventBatch::kKind;
  spec.produces = EventBatch::kKind;
  spec.options = {
      {"limit", graph::OptionType::number, "", "Events let through in `per`, for each key.", true, 0.001},
      {"per", graph::OptionType::duration, "1 s", "Time over which `limit` counts.", false, 0.001},
      {"burst", graph::OptionType::number, "", "Events let through at once after a pause; not set: `limit`.", false, 1},
      {"key", graph::OptionType::string_list, "[]", "Fields whose values make a key, beside the project."},
      {"max_keys", graph::OptionType::integer, "100000", "Keys remembered; the longest unused are forgotten.", false, 1,
       10'000'000},
  };
  spec.check = [](const graph::Options& options) { return check_fields(options, "key"); };
  spec.make = [clock](const graph::Options& options) -> Result<graph::MadeNode> {
    return graph::MadeNode{std::make_unique<RateLimitNode>(*clock, options), nullptr};
  };
  return spec;
}

}  // namespace mesher::nodes
