#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "graph/base/log.hpp"
#include "graph/config_tree.hpp"
#include "io/api/graph_test.hpp"
#include "io/api/routes.hpp"
#include "io/api/times.hpp"
#include "nodes/catalog.hpp"
#include "nodes/topology_tests.hpp"

namespace mesher::api {
namespace {

constexpr std::size_t kMostTopology = 1 << 20;
constexpr std::size_t kMostIds = 1000;
constexpr std::uint32_t kReplayChunk = 200;  // entries in memory at a time; a payload is at most 1 MiB
constexpr std::chrono::seconds kReplayPatience{30};

Json inputs_json(const graph::NodeConfig& node) {
  Json inputs = Json::array();
  for (const auto& input : node.inputs) {
    inputs.push_back(input.output.empty() ? input.node : input.node + "." + input.output);
  }
  return inputs;
}

Json figures_json(const graph::NodeFigures& figures) {
  return {
      {"health", figures.health},           {"batches_in", figures.batches_in}, {"batches_out", figures.batches_out},
      {"items_in", figures.items_in},       {"items_out", figures.items_out},   {"bytes_in", figures.bytes_in},
      {"bytes_out", figures.bytes_out},     {"errors", figures.errors},         {"restarts", figures.restarts},
      {"quarantined", figures.quarantined}, {"drops", figures.drops},           {"buffer", figures.buffer},
      {"inside", figures.inside},           {"waits", figures.waits},           {"busy_seconds", figures.busy_seconds}};
}

Json node_json(const graph::NodeConfig& node, const std::vector<graph::NodeFigures>& all) {
  const auto at = std::find_if(all.begin(), all.end(), [&](const auto& figures) { return figures.name == node.name; });
  return {{"name", node.name},
          {"type", node.type},
          {"inputs", inputs_json(node)},
          {"concurrency", node.concurrency},
          {"buffer", node.buffer},
          {"when_full", node.when_full},
          {"options", Json::parse(node.options_json.empty() ? "{}" : node.options_json, nullptr, false)},
          {"figures", at == all.end() ? Json() : figures_json(*at)}};
}

Json mistakes_json(const std::vector<graph::Diagnostic>& mistakes) {
  Json list = Json::array();
  for (const auto& mistake : mistakes) {
    list.push_back({{"line", mistake.place.line},
                    {"column", mistake.place.column},
                    {"message", mistake.message},
                    {"hint", mistake.hint}});
  }
  return list;
}

http::Response refuse_topology(const std::vector<graph::Diagnostic>& mistakes) {
  const auto& first = mistakes.front();
  const CodeInfo& info = info_of(Code::invalid_topology);
  return answer(
      {{"error",
        {{"code", info.name},
         {"message", fmt::format("line {}, column {}: {}", first.place.line, first.place.column, first.message)},
         {"diagnostics", mistakes_json(mistakes)}}}},
      info.status);
}

/// Hands one chunk to the journal and waits until it is safe there.
Status replay_chunk(const Call& call, std::vector<postgres::QuarantineEntry> entries) {
  std::vector<std::int64_t> ids;
  ids.reserve(entries.size());
  for (const auto& entry : entries) ids.push_back(entry.id);
  // Shared, because an answer that comes after our patience has ended must still find it.
  auto promise = std::make_shared<std::promise<Status>>();
  auto appended = promise->get_future();
  call.api.replay(std::move(entries), [promise](Status status) { promise->set_value(std::move(status)); });
  if (appended.wait_for(kReplayPatience) != std::future_status::ready) {
    return Error{ErrorCode::unavailable, "the journal does not answer", ""};
  }
  if (Status status = appended.get(); !status) return status;
  return postgres::remove_quarantined(call.api.database, ids);
}

/// The change has been made: the answer does not depend on its note.
void note(const Call& call, std::string_view action, std::string_view target) {
  postgres::Change change;
  change.action = action;
  change.target_type = target;
  const auto status = postgres::note_change(call.api.database, call.actor(), change);
  if (!status) log::warn("api", "{} is not in the audit log: {}", action, status.error().message);
}

struct Chosen {
  std::vector<std::int64_t> ids;
  bool all = false;
};

/// `{"ids":[…]}` or `{"all":true}`.
std::optional<Chosen> chosen_entries(Call& call) {
  const auto refuse = [&](std::string_view message, std::string_view field = {}) {
    call.parameters.refuse(fail(Code::invalid_body, message, field));
    return std::nullopt;
  };
  if (call.request.body.size() > kMostTopology) return refuse("the body is longer than 1 MiB");
  const Json body = Json::parse(call.request.body, nullptr, false);
  if (!body.is_object()) return refuse(R"(expected {"ids":[…]} or {"all":true})");
  Chosen chosen;
  if (const auto all = body.find("all"); all != body.end()) {
    if (!all->is_boolean()) return refuse("all must be true or false", "all");
    chosen.all = all->get<bool>();
  }
  const auto ids = body.find("ids");
  if (chosen.all == (ids != body.end())) return refuse("give either ids or all", "ids");
  if (chosen.all) return chosen;
  if (!ids->is_array() || ids->empty() || ids->size() > kMostIds) {
    return refuse(fmt::format("ids must be a list of 1 to {} ids", kMostIds), "ids");
  }
  for (const auto& id : *ids) {
    if (!id.is_number_unsigned() || id.get<std::uint64_t>() > std::numeric_limits<std::int64_t>::max()) {
      return refuse("ids must be whole numbers", "ids");
    }
    chosen.ids.push_back(id.get<std::int64_t>());
  }
  return chosen;
}

}  // namespace

http::Response get_graph(Call& call) {
  const auto& graph = call.api.graph;
  const auto topology = graph.topology();
  const auto figures = graph.figures();
  std::string reason;
  const bool healthy = graph.healthy(&reason);
  Json nodes = Json::array();
  for (const auto& node : topology.nodes) nodes.push_back(node_json(node, figures));
  return answer({{"generation", graph.generation()},
                 {"healthy", healthy},
                 {"reason", healthy ? Json() : Json(reason)},
                 {"nodes", std::move(nodes)},
                 {"source", topology.source_text}});
}

http::Response put_graph(Call& call) {
  const bool dry_run = call.parameters.flag("dry_run");
  if (call.request.body.empty() || call.request.body.size() > kMostTopology || !is_clean_text(call.request.body)) {
    call.parameters.refuse(fail(Code::invalid_body, "the body must be a topology file: TOML, UTF-8, at most 1 MiB"));
  }
  if (call.parameters.failed()) return call.parameters.failure();
  const auto change = call.api.graph.apply(call.request.body, dry_run);
  if (!change) {
    return change.error().code == ErrorCode::unavailable ? fail(Code::unavailable, change.error().message)
                                                         : fail(change.error());
  }
  if (!change->mistakes.empty()) return refuse_topology(change->mistakes);
  if (change->applied) note(call, "graph.update", "graph");
  return answer({{"applied", change->applied},
                 {"generation", call.api.graph.generation()},
                 {"changes",
                  {{"added", change->diff.added},
                   {"removed", change->diff.removed},
                   {"retuned", change->diff.retuned},
                   {"rewired", change->diff.rewired}}}});
}

http::Response test_graph(Call& call) {
  const auto& toml = call.request.body;
  if (toml.empty() || toml.size() > kMostTopology || !is_clean_text(toml)) {
    return fail(Code::invalid_body, "the body must be a topology file: TOML, UTF-8, at most 1 MiB");
  }
  const auto checked = call.api.graph.apply(toml, true);
  if (!checked) return fail(checked.error());
  if (!checked->mistakes.empty()) return refuse_topology(checked->mistakes);
  // The file is good; here it is read for nodes of its own.
  graph::Registry registry;
  nodes::register_nodes(registry, {});
  std::vector<graph::Diagnostic> mistakes;
  std::vector<std::string> tables;
  for (const auto& entry : graph::parse_toml(toml, mistakes).entries) tables.push_back(entry.key);
  const auto parsed = graph::parse_topology(toml, registry, {{"journal", "records"}}, tables);
  const auto run = nodes::run_topology_tests(toml, parsed.topology);
  if (!run.mistakes.empty()) return refuse_topology(run.mistakes);
  Json tests = Json::array();
  for (const auto& one : run.outcomes) {
    Json failures = Json::array();
    for (const auto& failure : one.failures) {
      failures.push_back({{"line", failure.place.line},
                          {"column", failure.place.column},
                          {"node", failure.node},
                          {"message", failure.message}});
    }
    tests.push_back({{"name", one.name},
                     {"line", one.place.line},
                     {"passed", one.failures.empty()},
                     {"failures", std::move(failures)}});
  }
  return answer(
      {{"passed", run.outcomes.size() - run.failed()}, {"failed", run.failed()}, {"tests", std::move(tests)}});
}

http::Response list_nodes(Call& call) {
  Json data = Json::array();
  for (const auto& node : call.api.nodes()) {
    data.push_back({{"name", node.name},
                    {"version", node.version},
                    {"address", node.address},
                    {"state", node.state},
                    {"services", node.services},
                    {"started_at", rfc3339(node.started_at)},
                    {"heartbeat_at", rfc3339(node.heartbeat_at)},
                    {"protocol", node.protocol},
                    {"epoch", node.epoch},
                    {"cores", node.cores},
                    {"journal", {{"records", node.journal_records}, {"bytes", node.journal_bytes}}}});
  }
  return list_answer(std::move(data), std::nullopt);
}

http::Response list_quarantine(Call& call) {
  constexpr std::string_view kList = "quarantine";
  const std::uint32_t limit = call.parameters.limit();
  std::optional<std::int64_t> before;
  if (const auto values = call.parameters.cursor(kList, 1)) before = number_of(values->front());
  if (call.parameters.failed()) return call.parameters.failure();
  auto entries = postgres::list_quarantine(call.api.database, before, limit + 1);
  if (!entries) return fail(entries.error());
  std::optional<std::string> next;
  if (cut_to_page(*entries, limit)) next = encode_cursor(kList, {std::to_string(entries->back().id)});
  Json data = Json::array();
  for (const auto& entry : *entries) {
    data.push_back({{"id", entry.id},
                    {"project_id", entry.project_id},
                    {"event_id", entry.event_id.hex()},
                    {"received_at", rfc3339(entry.received_at)},
                    {"quarantined_at", rfc3339(entry.quarantined_at)},
                    {"node", entry.node},
                    {"reason", entry.reason},
                    {"is_event", entry.is_event},
                    {"payload", entry.payload}});
  }
  return list_answer(std::move(data), next);
}

http::Response replay_quarantine(Call& call) {
  auto chosen = chosen_entries(call);
  if (call.parameters.failed()) return call.parameters.failure();
  // What comes into quarantine meanwhile, perhaps the same events again, is not chosen.
  const auto last = postgres::last_quarantined(call.api.database);
  if (!last) return fail(last.error());
  std::size_t replayed = 0;
  while (true) {
    auto entries = postgres::quarantined(call.api.database, chosen->ids, *last, kReplayChunk);
    if (!entries) return fail(entries.error());
    if (entries->empty()) break;
    const std::size_t count = entries->size();
    if (const Status status = replay_chunk(call, *std::move(entries)); !status) return fail(status.error());
    replayed += count;
  }
  if (replayed > 0) note(call, "quarantine.replay", "quarantine");
  const auto skipped = postgres::quarantined_without_event(call.api.database, chosen->ids, *last);
  if (!skipped) return fail(skipped.error());
  return answer({{"replayed", replayed}, {"skipped", *skipped}});
}

}  // namespace mesher::api
