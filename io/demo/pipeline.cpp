#include "io/demo/pipeline.hpp"

#include <chrono>
#include <map>
#include <utility>

#include "graph/base/metrics.hpp"
#include "graph/runner.hpp"
#include "graph/topology.hpp"
#include "io/demo/memory_journal.hpp"
#include "io/postgres/alert_rules.hpp"
#include "io/postgres/event_store.hpp"
#include "io/postgres/issue_store.hpp"
#include "io/postgres/project_loader.hpp"
#include "nodes/alerts/engine.hpp"
#include "nodes/catalog.hpp"
#include "nodes/committer.hpp"
#include "nodes/default_topology.hpp"
#include "nodes/journal_source.hpp"

namespace mesher::demo {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds kPatience{60};

/// The built-in topology up to batch_write: what comes behind it is for those who watch now.
std::string_view stored_part() {
  const auto text = nodes::kDefaultTopology;
  const auto last = text.find("[nodes.batch_write]");
  return text.substr(0, text.find("\n[nodes.", last));
}

/// As of a project that nothing was sent to yet. Nobody looks after time here: an alert stays open once it has fired.
Status load_rules(const postgres::ConnectOptions& options, nodes::alerts::Engine& engine) {
  auto connection = postgres::Connection::open(options);
  if (!connection) return std::move(connection).error();
  const auto rules = postgres::read_enabled_rules(*connection, 0);
  if (!rules) return rules.error();
  std::map<std::uint32_t, std::vector<nodes::alerts::Rule>> by_project;
  for (const auto& rule : *rules) by_project[rule.project_id].push_back(rule);
  for (const auto& entry : by_project) {
    for (const auto& window : engine.exchange(entry.first, entry.second, {})) engine.fill(window, {});
  }
  return {};
}

}  // namespace

/// In the order of construction: what comes later uses what comes earlier.
struct Pipeline::Parts {
  explicit Parts(const postgres::ConnectOptions& connect) : options(connect) {
    nodes::register_nodes(registry, {&projects, &clock, &metrics, &issues});
  }
  ~Parts() {
    runner.stop(1s);  // before the committer lets go of what it holds
    committer.stop();
  }
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;

  const postgres::ConnectOptions options;
  ManualClock clock{0};
  Metrics metrics;
  postgres::Health health;
  postgres::Partitions partitions;
  nodes::alerts::Engine alerts;
  postgres::EventStore store{options, clock, metrics, health, partitions, {&alerts, [](auto, auto) {}}};
  postgres::IssueStore issue_store{options, health};
  nodes::ports::ProjectDirectory projects;
  postgres::ProjectLoader loader{options, projects, health};
  MemoryJournal journal{"demo-" + nodes::EventId::random().hex()};
  nodes::IssueDirectory issues{issue_store};
  nodes::Committer committer{store, issues, metrics, {journal.id(), journal.partitions()}};
  nodes::JournalSource source{journal, committer, {}};
  graph::Registry registry;
  graph::Runner runner{registry, source, metrics, {2, 16, 10'000ms}};
};

Pipeline::Pipeline(const postgres::ConnectOptions& options) : parts_(std::make_unique<Parts>(options)) {}

Pipeline::~Pipeline() = default;

Status Pipeline::start() {
  if (auto status = parts_->loader.load_now(); !status) return status;
  if (auto status = load_rules(parts_->options, parts_->alerts); !status) return status;
  const auto parsed = graph::parse_topology(stored_part(), parts_->registry, {{"journal", "records"}}, {});
  if (!parsed.mistakes.empty()) return Error{ErrorCode::internal, parsed.mistakes.front().text("topology"), {}};
  return parts_->runner.apply(parsed.topology);
}

Status Pipeline::store(std::vector<std::string> records, UnixMicros now) {
  parts_->clock.advance(std::chrono::microseconds(now - parts_->clock.now()));
  nodes::ports::AppendBlock block;
  for (auto& record : records) {
    block.bytes += record;
    block.ends.push_back(static_cast<std::uint32_t>(block.bytes.size()));
  }
  parts_->journal.append(std::move(block), [](const Status&) {});
  if (parts_->journal.wait_released(kPatience)) return {};
  const auto trouble = parts_->committer.trouble();
  return Error{ErrorCode::unavailable, trouble.empty() ? "the pipeline stands still" : "the database: " + trouble, {}};
}

Status Pipeline::finish() {
  parts_->runner.stop(10s);
  parts_->committer.stop();
  auto connection = postgres::Connection::open(parts_->options);
  if (!connection) return std::move(connection).error();
  const auto removed = connection->query("delete from journal_cursors where journal_id = $1",
                                         postgres::Params().text(parts_->journal.id()));
  if (!removed) return removed.error();
  return {};
}

}  // namespace mesher::demo
