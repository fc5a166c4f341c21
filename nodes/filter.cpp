#include "nodes/filter.hpp"

#include "nodes/condition.hpp"
#include "nodes/inbound_filters.hpp"
#include "nodes/project_cache.hpp"

namespace mesher::nodes {
namespace {

class FilterNode final : public graph::Node {
 public:
  FilterNode(const ports::ProjectDirectory* projects, const graph::Options& options)
      : projects_(options.boolean("inbound") ? projects : nullptr),
        drop_(options.string("action") == "drop"),
        reason_(options.string("reason")) {
    if (!options.given("where")) return;
    std::vector<graph::OptionMistake> mistakes;
    where_ = Condition::parse(options.table_json("where"), "where", mistakes);
    if (!options.given("inbound")) projects_ = nullptr;
  }

  void process(graph::Batch& batch) override {
    const auto& events = batch.as<EventBatch>().events;
    const auto snapshot = projects_ != nullptr ? projects_->snapshot() : nullptr;
    std::shared_ptr<const InboundFilters> filters;
    std::uint32_t project = 0;
    bool first = true;
    for (std::size_t i = 0; i < events.size(); ++i) {
      const auto& event = events[i];
      if (snapshot && (first || event.project_id != project)) {
        first = false;
        project = event.project_id;
        filters =
            filters_.get(*snapshot, project, [](const auto& settings) { return InboundFilters(settings.filters); });
      }
      const auto key = filters ? filters->match(event) : std::string_view{};
      if (!key.empty()) {
        batch.drop(i, {"filtered", key});
      } else if (where_ && where_->matches(event) == drop_) {
        batch.drop(i, {"filtered", reason_});
      }
    }
  }

 private:
  const ports::ProjectDirectory* projects_;
  bool drop_;
  std::string reason_;
  std::shared_ptr<const Condition> where_;
  ProjectCache<InboundFilters> filters_;
};

}  // namespace

graph::NodeSpec filter_spec(const ports::ProjectDirectory* projects) {
  graph::NodeSpec spec;
  spec.type = "filter";
  spec.help =
      "Takes events out. Without `where`, the inbound filters of each project's settings: localhost, crawlers, browser "
      "extensions, old browsers, messages, releases, addresses. With `where`, by the fields of the event.";
  spec.consumes = EventBatch::kKind;
  spec.produces = EventBatch::kKind;
  spec.options = {
      {"where", graph::OptionType::table, "", "Condition on the event's fields (" + help_on_fields() + ")."},
      {"action",
       graph::OptionType::string,
       "keep",
       "What happens to events that meet `where`; the others get the opposite.",
       false,
       {},
       {},
       {"keep", "drop"}},
      {"inbound", graph::OptionType::boolean, "true",
       "Apply the inbound filters of the projects. With `where`, only if it is set here."},
      {"reason", graph::OptionType::string, "condition",
       "Reason under which events that `where` takes out are counted."},
  };
  spec.check = [](const graph::Options& options) {
    std::vector<graph::OptionMistake> mistakes;
    if (options.given("where")) static_cast<void>(Condition::parse(options.table_json("where"), "where", mistakes));
    return mistakes;
  };
  spec.make = [projects](const graph::Options& options) -> Result<graph::MadeNode> {
    return graph::MadeNode{std::make_unique<FilterNode>(projects, options), nullptr};
  };
  return spec;
}

}  // namespace mesher::nodes
