#include "io/postgres/alert_keeper.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <utility>

#include "graph/base/log.hpp"
#include "io/postgres/alert_rules.hpp"
#include "io/postgres/alert_windows.hpp"
#include "nodes/alerts/window.hpp"

namespace mesher::postgres {
namespace {

using namespace std::chrono_literals;
using nodes::alerts::Engine;
using nodes::alerts::Firing;
using nodes::alerts::Kind;
using nodes::alerts::Rule;

constexpr std::chrono::milliseconds kFirstPause = 100ms, kLongestPause = 5s, kTick = 1s, kNap = 50ms;
// In ticks.
constexpr unsigned kMomentsEvery = 5, kCompareEvery = 10, kPruneEvery = 600, kLookEvery = 5;
// Among other servers: between two fillings of all windows, and how much of the time they may take.
constexpr auto kRefillEvery = 3s;
constexpr int kRefillShare = 20;
constexpr UnixMicros kDayMicros = 86'400'000'000;
// A change in percent is quiet when it is a fifth below its threshold.
constexpr double kQuietShare = 0.8;

/// Shut from now on, until the end of the scope.
class ShutGate {
 public:
  explicit ShutGate(nodes::alerts::CommitGate& gate) : gate_(gate) { gate_.shut(); }
  ~ShutGate() { gate_.open(); }
  ShutGate(const ShutGate&) = delete;
  ShutGate& operator=(const ShutGate&) = delete;

 private:
  nodes::alerts::CommitGate& gate_;
};

/// store_firings() as a transaction of its own.
Result<std::vector<StoredAlert>> store(Connection& connection, const std::vector<Firing>& firings) {
  const auto call = store_firings(firings);
  const auto rows = connection.query(call.sql, call.params);
  if (!rows) return rows.error();
  return stored_alerts(*rows);
}

}  // namespace

AlertKeeper::AlertKeeper(ConnectOptions options, Engine& engine, const Clock& clock, Health& health, Changed changed,
                         AskCompany company)
    : options_(std::move(options)),
      engine_(engine),
      clock_(clock),
      health_(health),
      changed_(std::move(changed)),
      company_(std::move(company)) {}

AlertKeeper::~AlertKeeper() = default;

void AlertKeeper::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void AlertKeeper::reload(std::uint32_t project_id) {
  const std::lock_guard lock(mutex_);
  to_reload_.insert(project_id);
}

void AlertKeeper::tell(std::vector<StoredAlert> alerts) {
  if (!alerts.empty() && changed_) changed_(std::move(alerts));
}

// ---- loading

/// The rules of a project, or of all for 0, take effect with the first event that the connection's snapshot does not
/// hold: what is to be read of the past is then neither missed nor counted twice. Begins a transaction.
Result<AlertKeeper::Windows> AlertKeeper::exchange(Connection& connection, std::uint32_t project_id, Kept kept) {
  if (auto status = connection.execute("begin isolation level repeatable read read only"); !status) {
    return status.error();
  }
  const ShutGate shut(engine_.gate());
  const auto rules = read_enabled_rules(connection, project_id);
  if (!rules) return rules.error();
  const auto known = read_known(connection, project_id);
  if (!known) return known.error();
  std::map<std::uint32_t, std::vector<Rule>> by_project;
  for (const auto id : projects_) {
    if (project_id == 0 || id == project_id) by_project[id];  // they may have none any more
  }
  if (project_id != 0) by_project[project_id];
  for (const auto& rule : *rules) by_project[rule.project_id].push_back(rule);
  Windows fresh;
  for (const auto& entry : by_project) {
    const auto id = entry.first;
    const auto& its_rules = entry.second;
    const auto its_known =
        std::find_if(known->begin(), known->end(), [&](const KnownOfProject& one) { return one.project_id == id; });
    if (kept == Kept::nothing) engine_.exchange(id, {}, {});
    auto windows = engine_.exchange(
        id, its_rules,
        its_known == known->end() ? std::span<const nodes::alerts::Known>() : std::span(its_known->known));
    std::move(windows.begin(), windows.end(), std::back_inserter(fresh));
    std::erase_if(comparing_, [&](const Rule& rule) { return rule.project_id == id; });
    std::copy_if(its_rules.begin(), its_rules.end(), std::back_inserter(comparing_),
                 [](const Rule& rule) { return rule.condition.kind == Kind::percent_change; });
    if (its_rules.empty()) {
      projects_.erase(id);
    } else {
      projects_.insert(id);
    }
  }
  return fresh;
}

Status AlertKeeper::fill(Connection& connection, const Windows& windows) {
  for (const auto& window : windows) {
    const auto now = clock_.now();
    const auto from = now - window.window_seconds * 1'000'000;
    // Up to tomorrow: reception is told by this machine's clock, but may be a little ahead of a look at it.
    auto past = read_past(connection, window, from, now + kDayMicros, nodes::alerts::step_of(window.window_seconds));
    if (!past) {
      if (connection.broken()) return past.error();
      log::warn("alerts", "project {}: what happened before can't be read, counting from now on: {}", window.project_id,
                past.error().message);
      // The snapshot is gone with the failed statement; the others are read in one of their own.
      if (auto status = connection.execute("rollback"); !status) return status;
      if (auto status = connection.execute("begin isolation level repeatable read read only"); !status) return status;
      past = std::vector<Engine::Past>();
    }
    engine_.fill(window, *past);
  }
  return {};
}

Status AlertKeeper::load(Connection& connection, std::uint32_t project_id, Kept kept) {
  const auto windows = exchange(connection, project_id, kept);
  auto status = windows ? fill(connection, *windows) : Status(windows.error());
  if (connection.broken()) return status;
  const auto ended = connection.execute(status ? "commit" : "rollback");
  return status ? ended : status;
}

Status AlertKeeper::load_now() {
  auto connection = Connection::open(options_);
  if (!connection) return connection.error();
  const auto windows = exchange(*connection, 0, Kept::filled_windows);
  if (!windows) return windows.error();
  return {};
}

/// For the case that notifications do not pass (a connection pooler between).
Status AlertKeeper::look_for_changes(Connection& connection) {
  const auto rows = connection.query("select project_id, version from alert_rule_versions where version > $1::bigint",
                                     Params().integer(version_));
  if (!rows) return rows.error();
  for (std::size_t i = 0; i < rows->size(); ++i) {
    reload(static_cast<std::uint32_t>(rows->integer(i, 0)));
    version_ = std::max(version_, rows->integer(i, 1));
  }
  return {};
}

// ---- the timer

Status AlertKeeper::fire_overdue(Connection& connection, UnixMicros now) {
  const auto firings = engine_.overdue(now);
  if (firings.empty()) return {};
  auto stored = store(connection, firings);
  if (!stored || stored->size() < firings.size()) {
    for (const auto& firing : firings) reload(firing.project_id);
  }
  if (!stored) return stored.error();
  tell(std::move(*stored));
  return {};
}

Status AlertKeeper::compare_with_past(Connection& connection, UnixMicros now) {
  std::vector<Firing> firings;
  std::vector<Engine::Quiet> quiet;
  for (const auto& rule : comparing_) {
    const auto count = engine_.count_of(rule.project_id, rule.id, now);
    if (!count) continue;
    const auto& condition = rule.condition;
    const auto to = now - condition.against_days * kDayMicros;
    const Engine::WindowKey window{rule.project_id, false, condition.per, {}, condition.window_seconds, rule.filter};
    const auto before = count_past(connection, window, to - condition.window_seconds * 1'000'000, to);
    if (!before) {
      if (connection.broken()) return before.error();
      log::warn("alerts", "rule {}: the past can't be read: {}", rule.id, before.error().message);
      continue;
    }
    if (*before == 0) continue;  // nothing to compare with
    const auto change = 100.0 * static_cast<double>(*count - *before) / static_cast<double>(*before);
    const bool rises = condition.threshold > 0;
    if (rises ? change >= condition.threshold : change <= condition.threshold) {
      firings.push_back({rule.project_id, rule.id, "project", 0, std::nullopt, change, condition.threshold, now});
    } else if (rises ? change < condition.threshold * kQuietShare : change > condition.threshold * kQuietShare) {
      quiet.push_back({rule.project_id, rule.id, "project"});
    }
  }
  if (!firings.empty()) {
    auto stored = store(connection, firings);
    if (!stored) return stored.error();
    tell(std::move(*stored));
  }
  auto resolved = resolve_quiet(connection, quiet);
  if (!resolved) return resolved.error();
  tell(std::move(*resolved));
  return {};
}

/// Whether this server leads; if so, its windows are as good as they can be.
Result<bool> AlertKeeper::lead(Connection& connection) {
  const auto company = company_ ? company_() : Company();
  if (!company.leads) {
    whole_ = false;
    refill_at_ = {};
    return false;
  }
  const auto began = std::chrono::steady_clock::now();
  if (projects_.empty() || (company.others ? began < refill_at_ : whole_)) return true;
  if (auto status = load(connection, 0, Kept::nothing); !status) return status.error();
  whole_ = !company.others;
  const auto ended = std::chrono::steady_clock::now();
  refill_at_ = ended + std::max<std::chrono::steady_clock::duration>(kRefillEvery, kRefillShare * (ended - began));
  return true;
}

Status AlertKeeper::tick(Connection& connection) {
  ++ticks_;
  const auto leads = lead(connection);
  if (!leads) return leads.error();
  if (!*leads) return ticks_ % kLookEvery == 0 ? look_for_changes(connection) : Status();
  const auto now = clock_.now();
  if (auto status = fire_overdue(connection, now); !status) return status;
  const auto quiet = engine_.quiet(now);
  auto resolved = resolve_quiet(connection, quiet);
  if (!resolved) return resolved.error();
  tell(std::move(*resolved));
  if (ticks_ % kMomentsEvery == 0) {
    auto past = resolve_past_moments(connection);
    if (!past) return past.error();
    tell(std::move(*past));
  }
  if (ticks_ % kCompareEvery == 1) {
    if (auto status = compare_with_past(connection, now); !status) return status;
  }
  if (ticks_ % kLookEvery == 0) {
    if (auto status = look_for_changes(connection); !status) return status;
  }
  if (ticks_ % kPruneEvery == 0) return prune_alerts(connection);
  return {};
}

void AlertKeeper::run(const std::stop_token& stop) {
  auto pause = kFirstPause;
  while (!stop.stop_requested()) {
    const auto began = std::chrono::steady_clock::now();
    const auto status = keep(stop);
    if (status) return;
    health_.fails("alert keeper", status.error());
    log::warn("alerts", "rules and their times wait: {}", status.error().message);
    if (std::chrono::steady_clock::now() - began > kLongestPause) pause = kFirstPause;
    std::unique_lock lock(mutex_);
    stopping_.wait_for(lock, stop, pause, [] { return false; });
    pause = std::min(pause * 2, kLongestPause);
  }
}

/// One session, until the connection fails or a stop is requested.
Status AlertKeeper::keep(const std::stop_token& stop) {
  auto connection = Connection::open(options_);
  if (!connection) return connection.error();
  if (auto status = connection->execute(std::string("listen ") + kAlertsChannel); !status) return status;
  const auto version = connection->query("select coalesce(max(version), 0) from alert_rule_versions");
  if (!version) return version.error();
  version_ = version->integer(0, 0);
  if (auto status = load(*connection, 0); !status) return status;
  auto next_tick = std::chrono::steady_clock::now();
  while (!stop.stop_requested()) {
    if (auto notice = connection->wait_notification(kNap)) {
      std::uint32_t project = 0;
      std::from_chars(notice->data(), notice->data() + notice->size(), project);
      if (project != 0) reload(project);
    }
    std::set<std::uint32_t> changed;
    {
      const std::lock_guard lock(mutex_);
      changed.swap(to_reload_);
    }
    for (const auto project : changed) {
      if (auto status = load(*connection, project); !status) return status;
    }
    if (connection->broken()) return Error{ErrorCode::unavailable, "the connection is lost", {}};
    if (std::chrono::steady_clock::now() < next_tick) continue;
    next_tick = std::chrono::steady_clock::now() + kTick;
    if (auto status = tick(*connection); !status) return status;
    health_.works("alert keeper");
  }
  return {};
}

}  // namespace mesher::postgres
