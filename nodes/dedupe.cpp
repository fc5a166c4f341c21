#include "nodes/dedupe.hpp"

#include <xxhash.h>

#include <mutex>

#include "nodes/event.hpp"
#include "nodes/field_key.hpp"

namespace mesher::nodes {
namespace {

/// Which entry of the journal this is: a client that sends an event again gets another time of reception.
std::uint64_t bringer_of(const Event& event) {
  return XXH3_64bits_withSeed(event.id.bytes.data(), event.id.bytes.size(), static_cast<std::uint64_t>(event.received));
}

class DedupeNode final : public graph::Node {
 public:
  DedupeNode(const Clock& clock, const graph::Options& options)
      : clock_(clock),
        fields_(options.strings("by")),
        seen_(std::make_shared<Shared>(options.micros("window"),
                                       static_cast<std::size_t>(options.integer("max_keys")))) {}

  void process(graph::Batch& batch) override {
    const auto& events = batch.as<EventBatch>().events;
    const auto now = clock_.now();
    const std::lock_guard lock(seen_->mutex);
    for (std::size_t i = 0; i < events.size(); ++i) {
      if (events[i].replayed) continue;  // sent round again on purpose
      if (seen_->keys.duplicate(field_key(events[i], fields_), bringer_of(events[i]), now)) {
        batch.drop(i, {"invalid", "duplicate"});
      }
    }
  }

  std::shared_ptr<void> save_state() override { return seen_; }
  void load_state(std::shared_ptr<void> state) override {
    if (state) seen_ = std::static_pointer_cast<Shared>(state);
  }

 private:
  struct Shared {
    Shared(UnixMicros window, std::size_t max_keys) : keys(window, max_keys) {}
    std::mutex mutex;
    SeenKeys keys;
  };

  const Clock& clock_;
  std::vector<std::string> fields_;
  std::shared_ptr<Shared> seen_;
};

}  // namespace

bool SeenKeys::duplicate(std::uint64_t key, std::uint64_t bringer, UnixMicros now) {
  if (now - young_since_ >= half_ || young_.size() >= max_keys_ / 2) {
    if (now - young_since_ >= 2 * half_) young_.clear();  // a pause so long that nothing of it counts any more
    old_ = std::move(young_);
    young_.clear();
    young_since_ = now;
  }
  const auto young = young_.find(key);
  if (young != young_.end()) return young->second != bringer;
  const auto old = old_.find(key);
  if (old != old_.end()) return old->second != bringer;
  young_.emplace(key, bringer);
  return false;
}

graph::NodeSpec dedupe_spec(const Clock* clock) {
  graph::NodeSpec spec;
  spec.type = "dedupe";
  spec.help =
      "Drops events that repeat an earlier one of the same project within a window: the same id, or the same values of "
      "chosen fields. Counted as invalid, reason duplicate. Repeated ids are caught without this node too, when "
      "stored.";
  spec.consumes = EventBatch::kKind;
  spec.produces = EventBatch::kKind;
  spec.options = {
      {"by", graph::OptionType::string_list, "[\"event_id\"]", "Fields that make two events the same, together."},
      {"window", graph::OptionType::duration, "10 min",
       "How long an event is remembered, at most; at least half of it."},
      {"max_keys", graph::OptionType::integer, "200000", "Events remembered, at most.", false, 2, 50'000'000},
  };
  spec.check = [](const graph::Options& options) { return check_fields(options, "by"); };
  spec.make = [clock](const graph::Options& options) -> Result<graph::MadeNode> {
    return graph::MadeNode{std::make_unique<DedupeNode>(*clock, options), nullptr};
  };
  return spec;
}

}  // namespace mesher::nodes
