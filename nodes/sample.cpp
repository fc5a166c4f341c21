#include "nodes/sample.hpp"

#include <xxhash.h>

#include "nodes/event.hpp"

namespace mesher::nodes {
namespace {

class SampleNode final : public graph::Node {
 public:
  SampleNode(const ports::ProjectDirectory* projects, const graph::Options& options)
      : projects_(projects),
        by_trace_(options.string("by") == "trace"),
        fixed_(options.given("rate")),
        rate_(fixed_ ? options.number("rate") : 1.0) {}

  void process(graph::Batch& batch) override {
    const auto& events = batch.as<EventBatch>().events;
    const auto snapshot = !fixed_ && projects_ != nullptr ? projects_->snapshot() : nullptr;
    double rate = rate_;
    std::uint32_t project = 0;
    bool first = true;
    for (std::size_t i = 0; i < events.size(); ++i) {
      const auto& event = events[i];
      if (snapshot && (first || event.project_id != project)) {
        first = false;
        project = event.project_id;
        const auto settings = snapshot->projects.find(project);
        rate = settings == snapshot->projects.end() ? 1.0 : settings->second.sample_rate;
      }
      if (rate < 1.0 && point_of(event) >= rate) batch.drop(i, {"sampled", "sample_rate"});
    }
  }

 private:
  [[nodiscard]] double point_of(const Event& event) const {
    if (by_trace_ && !event.trace_id.empty()) return sample_point(event.trace_id);
    return sample_point({reinterpret_cast<const char*>(event.id.bytes.data()), event.id.bytes.size()});
  }

  const ports::ProjectDirectory* projects_;
  bool by_trace_;
  bool fixed_;
  double rate_;
};

}  // namespace

double sample_point(std::string_view id) {
  constexpr std::uint64_t kSeed = 0x6D65736865722E31;  // never change: it decides which events exist
  return static_cast<double>(XXH3_64bits_withSeed(id.data(), id.size(), kSeed) >> 11) * 0x1.0p-53;
}

graph::NodeSpec sample_spec(const ports::ProjectDirectory* projects) {
  graph::NodeSpec spec;
  spec.type = "sample";
  spec.help =
      "Keeps a share of the events: each project's sample_rate, or one rate for all. The choice is made by the id of "
      "the "
      "trace or event, so it is the same wherever and however often it is made. What goes is counted as sampled.";
  spec.consumes = EventBatch::kKind;
  spec.produces = EventBatch::kKind;
  spec.options = {
      {"rate", graph::OptionType::number, "", "Share of events to keep; not set: each project's sample_rate.", false, 0,
       1},
      {"by",
       graph::OptionType::string,
       "trace",
       "Keep or drop whole traces, or decide event by event.",
       false,
       {},
       {},
       {"trace", "event"}},
  };
  spec.make = [projects](const graph::Options& options) -> Result<graph::MadeNode> {
    return graph::MadeNode{std::make_unique<SampleNode>(projects, options), nullptr};
  };
  return spec;
}

}  // namespace mesher::nodes
