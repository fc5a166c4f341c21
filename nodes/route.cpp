#include "nodes/route.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "nodes/condition.hpp"

namespace mesher::nodes {
namespace {

/// Names and conditions as JSON text, in the order of the names.
std::vector<std::pair<std::string, std::string>> routes_of(const graph::Options& options) {
  std::vector<std::pair<std::string, std::string>> routes;
  const auto table = nlohmann::json::parse(options.table_json("routes"), nullptr, false);
  if (!table.is_object()) return routes;
  for (const auto& [name, condition] : table.items()) routes.emplace_back(name, condition.dump());
  return routes;
}

class RouteNode final : public graph::Node {
 public:
  explicit RouteNode(const graph::Options& options) {
    std::vector<graph::OptionMistake> mistakes;
    for (const auto& [name, condition] : routes_of(options)) {
      routes_.push_back(Condition::parse(condition, "routes." + name, mistakes));
    }
  }

  void process(graph::Batch& batch) override {
    const auto& events = batch.as<EventBatch>().events;
    for (std::size_t i = 0; i < events.size(); ++i) {
      for (std::uint32_t route = 0; route < routes_.size(); ++route) {
        if (!routes_[route]->matches(events[i])) continue;
        batch.route(i, route + 1);
        break;
      }
    }
  }

 private:
  std::vector<std::shared_ptr<const Condition>> routes_;
};

}  // namespace

graph::NodeSpec route_spec() {
  graph::NodeSpec spec;
  spec.type = "route";
  spec.help =
      "Sends each event to the first of its named outputs whose condition it meets, in the order of their names, and "
      "the "
      "rest to the default output. Consumers name an output as \"node.name\".";
  spec.consumes = EventBatch::kKind;
  spec.produces = EventBatch::kKind;
  spec.options = {{"routes", graph::OptionType::table, "",
                   "Output name = condition, e.g. { crashes = { field = \"level\", equals = \"fatal\" } }. Fields: " +
                       help_on_fields() + ".",
                   true}};
  spec.outputs = [](const graph::Options& options) {
    std::vector<std::string> names;
    for (const auto& [name, condition] : routes_of(options)) names.push_back(name);
    return names;
  };
  spec.check = [](const graph::Options& options) {
    std::vector<graph::OptionMistake> mistakes;
    const auto routes = routes_of(options);
    if (routes.empty()) mistakes.push_back({"routes", "there are no routes", "add NAME = { field = …, equals = … }"});
    for (const auto& [name, condition] : routes) {
      static_cast<void>(Condition::parse(condition, "routes." + name, mistakes));
    }
    return mistakes;
  };
  spec.make = [](const graph::Options& options) -> Result<graph::MadeNode> {
    return graph::MadeNode{std::make_unique<RouteNode>(options), nullptr};
  };
  return spec;
}

}  // namespace mesher::nodes
