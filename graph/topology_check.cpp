#include "graph/topology_check.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <set>

#include "graph/suggest.hpp"

namespace mesher::graph {
namespace {

class WiringCheck {
 public:
  WiringCheck(std::vector<CheckedNode>& nodes, const std::map<std::string, std::string>& sources,
              std::vector<Diagnostic>& mistakes)
      : nodes_(nodes), sources_(sources), mistakes_(mistakes) {
    for (std::size_t i = 0; i < nodes_.size(); ++i) index_[nodes_[i].config.name] = i;
    for (const auto& [name, kind] : sources_) names_.push_back(name);
    for (const auto& node : nodes_) names_.push_back(node.config.name);
  }

  void run() {
    for (const auto& node : nodes_) check_inputs(node);
    if (!order()) return;
    for (const std::size_t i : order_) check_kinds(nodes_[i]);
    for (const std::size_t i : order_) check_ordered_sink(nodes_[i]);
    std::vector<CheckedNode> sorted;
    for (const std::size_t i : order_) sorted.push_back(std::move(nodes_[i]));
    nodes_ = std::move(sorted);
  }

 private:
  CheckedNode* find(const std::string& name) {
    const auto at = index_.find(name);
    return at == index_.end() ? nullptr : &nodes_[at->second];
  }

  static bool is_source(const CheckedNode& node) { return node.spec != nullptr && node.spec->make_source != nullptr; }

  void check_inputs(const CheckedNode& node) {
    if (is_source(node)) {
      if (!node.config.inputs.empty()) {
        mistakes_.push_back(
            {node.inputs_place,
             fmt::format("`{}` ({}) makes its batches itself and takes no inputs", node.config.name, node.spec->type),
             "take the line `inputs` away"});
      }
      return;
    }
    if (node.config.inputs.empty()) {
      mistakes_.push_back({node.inputs_place, fmt::format("nothing feeds node `{}`", node.config.name),
                           "list where its batches come from: inputs = [\"…\"]"});
    }
    std::set<std::pair<std::string, std::string>> seen;
    for (const auto& input : node.config.inputs) {
      if (!seen.insert({input.node, input.output}).second) {
        mistakes_.push_back({input.place, fmt::format("node `{}` names this input twice", node.config.name), {}});
      }
      check_input(node, input);
    }
  }

  void check_input(const CheckedNode& node, const Input& input) {
    const CheckedNode* from = find(input.node);
    if (from == nullptr && !sources_.contains(input.node)) {
      mistakes_.push_back(
          {input.place,
           fmt::format("node `{}` takes input from `{}`, which does not exist", node.config.name, input.node),
           suggestion(input.node, names_)});
      return;
    }
    if (input.output.empty() || (from != nullptr && !from->outputs_known)) return;
    const std::vector<std::string> outputs = from == nullptr ? std::vector<std::string>{} : from->outputs;
    if (std::find(outputs.begin(), outputs.end(), input.output) != outputs.end()) return;
    mistakes_.push_back({input.place, fmt::format("`{}` has no output `{}`", input.node, input.output),
                         outputs.empty() ? "it has only its default output: write \"" + input.node + "\""
                                         : suggestion(input.output, outputs)});
  }

  /// Fills order_. False if there are cycles, which are reported.
  bool order() {
    std::vector<bool> done(nodes_.size());
    bool moved = true;
    while (moved) {
      moved = false;
      for (std::size_t i = 0; i < nodes_.size() && !moved; ++i) {
        if (done[i] || !ready(nodes_[i], done)) continue;
        done[i] = moved = true;
        order_.push_back(i);
      }
    }
    if (order_.size() == nodes_.size()) return true;
    report_cycles(done);
    return false;
  }

  bool ready(const CheckedNode& node, const std::vector<bool>& done) const {
    return std::all_of(node.config.inputs.begin(), node.config.inputs.end(), [&](const Input& input) {
      const auto at = index_.find(input.node);
      return at == index_.end() || done[at->second];
    });
  }

  /// Every node that is left is in a cycle or behind one. From each, going back along inputs ends in a cycle.
  void report_cycles(const std::vector<bool>& done) {
    std::vector<bool> told(nodes_.size());
    for (std::size_t start = 0; start < nodes_.size(); ++start) {
      if (done[start]) continue;
      std::vector<std::size_t> path;
      std::size_t at = start;
      while (std::find(path.begin(), path.end(), at) == path.end()) {
        path.push_back(at);
        at = unfinished_input(nodes_[at], done);
      }
      path.erase(path.begin(), std::find(path.begin(), path.end(), at));
      if (std::any_of(path.begin(), path.end(), [&](std::size_t i) { return told[i]; })) continue;
      std::reverse(path.begin(), path.end());
      std::rotate(path.begin(), std::min_element(path.begin(), path.end()), path.end());
      std::string names;
      for (const std::size_t i : path) {
        told[i] = true;
        names += nodes_[i].config.name + " → ";
      }
      mistakes_.push_back({nodes_[path.front()].inputs_place, "cycle: " + names + nodes_[path.front()].config.name,
                           "batches only go forward: take one of these inputs away"});
    }
  }

  std::size_t unfinished_input(const CheckedNode& node, const std::vector<bool>& done) const {
    for (const auto& input : node.config.inputs) {
      const auto at = index_.find(input.node);
      if (at != index_.end() && !done[at->second]) return at->second;
    }
    return 0;
  }

  /// Kind of what an input brings; nothing if it isn't known because of another mistake.
  std::optional<std::string> kind_of(const Input& input) const {
    if (const auto source = sources_.find(input.node); !index_.contains(input.node) && source != sources_.end()) {
      return source->second;
    }
    const auto at = kinds_.find(input.node);
    return at == kinds_.end() ? std::nullopt : std::optional(at->second);
  }

  void check_kinds(const CheckedNode& node) {
    if (node.spec == nullptr) return;
    std::optional<std::string> brought;
    for (const auto& input : node.config.inputs) {
      const auto kind = kind_of(input);
      if (!kind) continue;
      if (*kind == "none") {
        mistakes_.push_back({input.place, fmt::format("`{}` passes nothing on", input.node),
                             fmt::format("take what `{}` takes as input", input.node)});
      } else if (!node.spec->consumes.empty() && *kind != node.spec->consumes) {
        mistakes_.push_back({input.place,
                             fmt::format("`{}` gives {}, but `{}` ({}) takes {}", input.node, *kind, node.config.name,
                                         node.spec->type, node.spec->consumes),
                             kind_hint(node.spec->consumes)});
      } else if (brought && *brought != *kind) {
        mistakes_.push_back(
            {input.place,
             fmt::format("the inputs of `{}` give different kinds: {} and {}", node.config.name, *brought, *kind),
             {}});
      } else {
        brought = kind;
      }
    }
    if (!node.spec->produces.empty()) {
      kinds_[node.config.name] = node.spec->produces;
    } else if (brought) {
      kinds_[node.config.name] = *brought;
    }
  }

  std::string kind_hint(const std::string& wanted) const {
    std::vector<std::string> givers;
    for (const auto& [name, kind] : sources_) {
      if (kind == wanted) givers.push_back(name);
    }
    for (const auto& node : nodes_) {
      if (node.spec != nullptr && node.spec->produces == wanted) givers.push_back(node.config.name);
    }
    return givers.empty() ? std::string() : fmt::format("{} come from `{}`", wanted, fmt::join(givers, "`, `"));
  }

  /// An ordered sink keeps the books of its source batches: it must get them, and all of them.
  void check_ordered_sink(const CheckedNode& node) {
    if (node.spec == nullptr) return;
    const bool after_commit = std::any_of(node.config.inputs.begin(), node.config.inputs.end(),
                                          [&](const Input& input) { return without_books_.contains(input.node); });
    if (node.spec->ordered_sink && after_commit) {
      mistakes_.push_back(
          {node.inputs_place,
           fmt::format("`{}` ({}) must get every batch with its books, but something before it drops "
                       "batches, makes them up or has committed them",
                       node.config.name, node.spec->type),
           "put it before nodes with when_full = \"drop\" and other sinks of its kind, and behind the journal"});
    }
    if (after_commit || node.config.when_full == "drop" || node.spec->ordered_sink || is_source(node))
      without_books_.insert(node.config.name);
  }

  std::vector<CheckedNode>& nodes_;
  const std::map<std::string, std::string>& sources_;
  std::vector<Diagnostic>& mistakes_;
  std::map<std::string, std::size_t> index_;
  std::vector<std::string> names_;
  std::vector<std::size_t> order_;
  std::map<std::string, std::string> kinds_;
  std::set<std::string> without_books_;
};

}  // namespace

void check_wiring(std::vector<CheckedNode>& nodes, const std::map<std::string, std::string>& sources,
                  std::vector<Diagnostic>& mistakes) {
  WiringCheck(nodes, sources, mistakes).run();
}

}  // namespace mesher::graph
