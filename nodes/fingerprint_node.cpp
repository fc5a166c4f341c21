#include "nodes/fingerprint_node.hpp"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "graph/base/log.hpp"
#include "nodes/fingerprint_variables.hpp"
#include "nodes/project_cache.hpp"
#include "nodes/title.hpp"

namespace mesher::nodes {
namespace {

class FingerprintNode final : public graph::Node {
 public:
  explicit FingerprintNode(const ports::ProjectDirectory* projects) : projects_(projects) {}

  void process(graph::Batch& batch) override {
    thread_local Grouper grouper;
    auto& events = batch.as<EventBatch>();
    const auto snapshot = projects_ != nullptr ? projects_->snapshot() : nullptr;
    std::shared_ptr<const FingerprintRules> rules;
    std::uint32_t project = 0;
    for (auto& event : events.events) {
      if (snapshot && event.project_id != project) {
        project = event.project_id;
        rules = rules_.get(*snapshot, project, compile);
      }
      fingerprint_event(event, grouper, events.arena(), rules.get());
    }
  }

 private:
  static FingerprintRules compile(const ports::ProjectSettings& settings) {
    std::vector<graph::Diagnostic> mistakes;
    auto rules = FingerprintRules::parse(settings.fingerprint_rules, mistakes);
    for (const auto& mistake : mistakes) {
      log::warn("fingerprint", "{}", mistake.text("fingerprint rules of project " + settings.slug));
    }
    return rules;
  }

  const ports::ProjectDirectory* projects_;
  ProjectCache<FingerprintRules> rules_;
};

/// Adds what grouping by itself would have done, where a checksum or a fingerprint without {{ default }} has decided.
void explain_what_was_overruled(const Event& event, Grouper& grouper, GroupingExplanation& why) {
  const bool by_default = std::any_of(event.fingerprint.begin(), event.fingerprint.end(),
                                      [](auto part) { return variable_name(part) == "default"; });
  if (why.method != "checksum" && (why.method != "fingerprint" || by_default)) return;
  Event plain = event;
  plain.checksum = {};
  plain.fingerprint = {};
  GroupingExplanation overruled;
  grouper.group(plain, &overruled);
  for (auto& variant : overruled.variants) {
    variant.contributes = false;
    for (auto& component : variant.components) {
      if (!component.contributes) continue;
      component.contributes = false;
      component.reason = why.method == "checksum" ? "the checksum decides" : "the fingerprint decides";
    }
    why.variants.push_back(std::move(variant));
  }
}

}  // namespace

void fingerprint_event(Event& event, Grouper& grouper, Arena& arena, const FingerprintRules* rules,
                       GroupingExplanation* why) {
  const auto* rule = rules == nullptr || rules->empty() || !event.checksum.empty() ? nullptr : rules->match(event);
  if (rule != nullptr) apply_rule(*rule, event, arena);
  const auto result = grouper.group(event, why);
  auto hashes = arena.array<Fingerprint>(result.count);
  for (std::size_t i = 0; i < result.count; ++i) hashes[i] = result.hashes[i];
  event.hashes = hashes;
  event.title = rule != nullptr && rule->title ? rule_title(*rule, event, arena) : std::string_view{};
  if (event.title.empty()) event.title = title_of(event, arena);
  event.culprit = culprit_of(event, arena);
  event.grouping_version = kGroupingVersion;
  if (why == nullptr) return;
  if (rule != nullptr) {
    why->fingerprint_from = "rule";
    why->rule_line = rule->line;
    why->rule = rule->source;
  } else if (why->method == "fingerprint") {
    why->fingerprint_from = "sender";
  }
  explain_what_was_overruled(event, grouper, *why);
}

graph::NodeSpec fingerprint_spec(const ports::ProjectDirectory* projects) {
  graph::NodeSpec spec;
  spec.type = "fingerprint";
  spec.help =
      "Decides which events are the same issue: by the project's fingerprint rules, the sender's fingerprint, by "
      "exceptions and the app's stack frames "
      "next to the crash, or by the message without its values. Adds title and culprit. See what made a fingerprint "
      "with `mesher fingerprint --explain`.";
  spec.consumes = EventBatch::kKind;
  spec.produces = EventBatch::kKind;
  spec.make = [projects](const graph::Options&) -> Result<graph::MadeNode> {
    return graph::MadeNode{std::make_unique<FingerprintNode>(projects), nullptr};
  };
  return spec;
}

}  // namespace mesher::nodes
