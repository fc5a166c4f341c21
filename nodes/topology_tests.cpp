#include "nodes/topology_tests.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "graph/base/clock.hpp"
#include "graph/options.hpp"
#include "nodes/catalog.hpp"
#include "nodes/event.hpp"
#include "nodes/parse.hpp"
#include "nodes/ports/journal.hpp"
#include "nodes/ports/projects.hpp"
#include "nodes/record.hpp"
#include "nodes/topology_test_file.hpp"
#include "nodes/validate.hpp"

namespace mesher::nodes {
namespace {

constexpr UnixMicros kBegin = 1'767'225'600'000'000;  // 2026-01-01T00:00:00Z, unless the test says otherwise

/// What an event looked like when it left a node, or why it did not.
struct Seen {
  std::string output;
  std::map<std::string, std::string> fields;
  std::string dropped, detail;
};

std::string hex(std::span<const std::uint8_t> bytes) {
  std::string out;
  for (const auto byte : bytes) out += fmt::format("{:02x}", byte);
  return out;
}

std::map<std::string, std::string> fields_of(const Event& event) {
  std::map<std::string, std::string> fields{{"message", std::string(event.message)},
                                            {"level", std::string(name_of(event.level))},
                                            {"type", std::string(event.type)},
                                            {"title", std::string(event.title)},
                                            {"culprit", std::string(event.culprit)},
                                            {"platform", std::string(event.platform)},
                                            {"logger", std::string(event.logger)},
                                            {"release", std::string(event.release)},
                                            {"environment", std::string(event.environment)},
                                            {"dist", std::string(event.dist)},
                                            {"user", std::string(event.user.key())},
                                            {"transaction", std::string(event.transaction)},
                                            {"server_name", std::string(event.server_name)},
                                            {"payload", std::string(event.payload)},
                                            {"fingerprint", event.hashes.empty() ? "" : hex(event.hashes.front())}};
  for (const auto& tag : event.tags) fields["tags." + std::string(tag.key)] = tag.value;
  return fields;
}

/// The nodes of a topology for one test, without threads.
class Bench {
 public:
  Bench(const graph::Topology& topology, UnixMicros begin) : clock_(begin) {
    auto snapshot = std::make_shared<ports::ProjectSnapshot>();
    snapshot->projects[1].id = 1;
    projects_.publish(std::move(snapshot));
    register_nodes(registry_, {&projects_, &clock_, nullptr, nullptr, nullptr});
    for (const auto& config : topology.nodes) add(config);
  }

  void advance(std::chrono::microseconds by) { clock_.advance(by); }

  /// Sends an event in at a node and through all that follow. Error: what is wrong with the event.
  Status send(const std::string& at, const std::string& json);

  /// What has left a node so far, in order.
  [[nodiscard]] const std::vector<Seen>& seen(const std::string& node) const {
    static const std::vector<Seen> kNone;
    const auto found = seen_.find(node);
    return found == seen_.end() ? kNone : found->second;
  }

 private:
  struct Placed {
    graph::NodeConfig config;
    const graph::NodeSpec* spec;
    std::unique_ptr<graph::Node> node;  ///< null: lets everything pass
    std::vector<std::string> outputs{""};
    std::vector<graph::Batch> inbound;
  };

  void add(const graph::NodeConfig& config);
  void run(Placed& placed, graph::Batch batch);
  void leave(Placed& placed, std::uint32_t port, std::unique_ptr<graph::Content> content);
  void note(const Placed& placed, const graph::Content& content, std::size_t item, Seen seen);

  ManualClock clock_;
  ports::ProjectDirectory projects_;
  graph::Registry registry_;
  std::vector<Placed> nodes_;  // in topological order
  std::map<std::string, std::vector<Seen>> seen_;
};

void Bench::add(const graph::NodeConfig& config) {
  Placed placed{config, registry_.find(config.type), nullptr, {""}, {}};
  const auto options = graph::make_options(*placed.spec, config.name, config.options_json, config.options_given);
  if (placed.spec->outputs) {
    for (auto& name : placed.spec->outputs(*options)) placed.outputs.push_back(std::move(name));
  }
  // What ends here, stores, or asks the database has nothing to do in a test.
  static const std::vector<std::string> kOutside{"upsert", "batch_write"};
  const bool outside = std::find(kOutside.begin(), kOutside.end(), config.type) != kOutside.end();
  if (!outside && placed.spec->produces != "none" && placed.spec->make) {
    auto made = placed.spec->make(*options);
    if (made && made->node && made->node->start()) placed.node = std::move(made->node);
  }
  nodes_.push_back(std::move(placed));
}

Status Bench::send(const std::string& at, const std::string& json) {
  const auto judged = validate_event(json, Strictness::strict);
  if (!judged) {
    return Error{ErrorCode::invalid, fmt::format("the event would be refused: {}", judged.error->message), ""};
  }
  Record record;
  record.project_id = 1;
  record.received = clock_.now();
  record.event_id = judged.event.id;
  record.body = json;
  auto bytes = std::make_shared<std::string>();
  encode(record, *bytes);
  const auto size = bytes->size();
  bytes->append(ports::kReadPadding, '\0');
  auto records =
      std::make_unique<RecordBatch>(bytes, std::vector<std::string_view>{std::string_view(*bytes).substr(0, size)});
  const auto first =
      std::find_if(nodes_.begin(), nodes_.end(), [&](const Placed& placed) { return placed.config.name == at; });
  if (first != nodes_.end()) {
    if (first->spec->consumes == RecordBatch::kKind) {
      first->inbound.emplace_back(std::move(records));
    } else {
      first->inbound.emplace_back(parse_records(*records, nullptr));
    }
  }
  for (auto& placed : nodes_) {
    for (auto& batch : std::exchange(placed.inbound, {})) run(placed, std::move(batch));
  }
  return {};
}

void Bench::run(Placed& placed, graph::Batch batch) {
  try {
    if (placed.node) placed.node->process(batch);
  } catch (const std::exception& error) {
    for (std::size_t i = 0; i < batch.content().size(); ++i) {
      note(placed, batch.content(), i, {"", {}, "quarantined", error.what()});
    }
    return;
  }
  std::vector<std::uint32_t> ports(batch.content().size(), 0), gone;
  for (const auto& route : batch.routes()) ports[route.item] = route.port;
  for (const auto& drop : batch.drops()) {
    note(placed, batch.content(), drop.item,
         {"", {}, std::string(drop.reason.outcome), std::string(drop.reason.detail)});
    gone.push_back(drop.item);
  }
  for (auto item = gone.rbegin(); item != gone.rend(); ++item) ports.erase(ports.begin() + *item);
  if (!gone.empty()) static_cast<void>(batch.content().take(gone));
  for (std::uint32_t port = 1; port < placed.outputs.size(); ++port) {
    std::vector<std::uint32_t> items;
    for (std::size_t i = 0; i < ports.size(); ++i) {
      if (ports[i] == port) items.push_back(static_cast<std::uint32_t>(i));
    }
    if (items.empty()) continue;
    auto piece = batch.content().take(items);
    std::erase(ports, port);
    leave(placed, port, std::move(piece));
  }
  leave(placed, 0, batch.release_content());
}

void Bench::leave(Placed& placed, std::uint32_t port, std::unique_ptr<graph::Content> content) {
  if (content->size() == 0) return;
  const auto& output = placed.outputs[port];
  for (std::size_t i = 0; i < content->size(); ++i) note(placed, *content, i, {output, {}, "", ""});
  for (auto& next : nodes_) {
    for (const auto& input : next.config.inputs) {
      if (input.node == placed.config.name && input.output == output) next.inbound.emplace_back(content->copy());
    }
  }
}

void Bench::note(const Placed& placed, const graph::Content& content, std::size_t item, Seen seen) {
  if (content.kind() == EventBatch::kKind)
    seen.fields = fields_of(static_cast<const EventBatch&>(content).events[item]);
  seen_[placed.config.name].push_back(std::move(seen));
}

// ---- expectations

std::string quoted(std::string_view text) {
  return fmt::format("\"{}\"", text.size() > 500 ? std::string(text.substr(0, 500)) + "…" : std::string(text));
}

std::string summary(const Seen& seen) {
  if (!seen.dropped.empty()) return fmt::format("dropped: {} ({})", seen.dropped, seen.detail);
  const auto message = seen.fields.find("message");
  return fmt::format("{}{}", message == seen.fields.end() ? "a record" : quoted(message->second),
                     seen.output.empty() ? "" : " by output " + seen.output);
}

/// What differs, one line each; empty: it is as expected.
std::vector<std::string> differences(const TestExpectation& wanted, const Seen& seen) {
  std::vector<std::string> lines;
  if (wanted.dropped) {
    if (seen.dropped != *wanted.dropped && seen.detail != *wanted.dropped) {
      lines.push_back(fmt::format("expected to be dropped: {}\nfound   {}", *wanted.dropped, summary(seen)));
    }
  } else if (!seen.dropped.empty()) {
    lines.push_back("found   " + summary(seen));
    return lines;
  }
  if (!wanted.output.empty() && wanted.output != seen.output) {
    lines.push_back(fmt::format("output\n  expected {}\n  found    {}", quoted(wanted.output), quoted(seen.output)));
  }
  for (const auto& [name, value] : wanted.fields) {
    const auto found = seen.fields.find(name);
    const auto is = found == seen.fields.end() ? std::string() : found->second;
    if (is == value) continue;
    lines.push_back(fmt::format("{}\n  expected {}\n  found    {}", name, quoted(value),
                                found == seen.fields.end() ? "nothing" : quoted(is)));
  }
  return lines;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string out;
  for (const auto& line : lines) out += (out.empty() ? "" : "\n") + line;
  return out;
}

/// Each expectation of a node takes the event that fits it, each event once; one that fits none is shown beside the
/// nearest.
void check(const TestCase& test, const Bench& bench, TestOutcome& outcome) {
  std::map<std::string, std::vector<bool>> taken;
  const auto fail = [&](const TestExpectation& wanted, std::string message) {
    outcome.failures.push_back({wanted.place, wanted.node, std::move(message)});
  };
  for (const auto& wanted : test.expectations) {
    const auto& seen = bench.seen(wanted.node);
    if (wanted.count) {
      const auto left = std::count_if(seen.begin(), seen.end(), [&](const Seen& one) {
        return one.dropped.empty() == !wanted.dropped && differences(wanted, one).empty();
      });
      if (left != *wanted.count) fail(wanted, fmt::format("count\n  expected {}\n  found    {}", *wanted.count, left));
      continue;
    }
    auto& used = taken[wanted.node];
    used.resize(seen.size());
    std::optional<std::vector<std::string>> nearest;
    bool met = false;
    for (std::size_t i = 0; i < seen.size() && !met; ++i) {
      if (used[i]) continue;
      auto lines = differences(wanted, seen[i]);
      met = lines.empty();
      if (met) used[i] = true;
      if (!nearest || lines.size() < nearest->size()) nearest = std::move(lines);
    }
    if (met) continue;
    fail(wanted, nearest ? joined(*nearest) : "no event came here that is not taken by another expectation");
  }
}

TestOutcome run(const TestCase& test, const graph::Topology& topology) {
  TestOutcome outcome{test.name, test.place, {}};
  Bench bench(topology, test.at.value_or(kBegin));
  for (const auto& step : test.steps) {
    bench.advance(step.advance);
    if (step.event.empty()) continue;
    if (const auto status = bench.send(test.insert_at, step.event); !status) {
      outcome.failures.push_back({test.place, test.insert_at, status.error().message});
      return outcome;
    }
  }
  check(test, bench, outcome);
  return outcome;
}

}  // namespace

std::size_t TopologyTestRun::failed() const {
  return static_cast<std::size_t>(
      std::count_if(outcomes.begin(), outcomes.end(), [](const TestOutcome& one) { return !one.failures.empty(); }));
}

TopologyTestRun run_topology_tests(std::string_view toml, const graph::Topology& topology) {
  TopologyTestRun out;
  const auto tests = read_tests(toml, topology, out.mistakes);
  if (!out.mistakes.empty()) return out;
  for (const auto& test : tests) out.outcomes.push_back(run(test, topology));
  return out;
}

}  // namespace mesher::nodes
