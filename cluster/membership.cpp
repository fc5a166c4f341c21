#include "cluster/membership.hpp"

#include <algorithm>
#include <utility>

#include "graph/base/log.hpp"

namespace mesher::cluster {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr const char* kHealth = "cluster";
// A heartbeat that takes longer than this is given up and tried on a new connection; nobody is waited for longer.
constexpr std::chrono::milliseconds kPatience = 2000ms, kLockPatience = 300ms;
constexpr std::chrono::milliseconds kStartPatience = 30s;
constexpr std::chrono::milliseconds kLookAtJournal = 50ms, kSayEvery = 5s;

}  // namespace

Membership::Membership(MembershipOptions options, const nodes::ports::Journal& journal, Metrics& metrics)
    : options_([&] {
        options.database.connect_timeout = options.database.statement_timeout = kPatience;
        options.database.lock_timeout = kLockPatience;
        return std::move(options);
      }()),
      journal_(journal),
      stored_events_(metrics.counter("mesher_store_events_total", "Events stored")),
      leases_lost_(metrics.counter("mesher_cluster_leases_lost_total", "Times that this node lost its lease")),
      leases_taken_(metrics.counter("mesher_cluster_leases_taken_total",
                                    "Leases of silent nodes that this node has taken from them")),
      ready_(metrics.gauge("mesher_cluster_nodes_ready", "Nodes that are ready, as this one sees it")) {}

Result<std::unique_ptr<Membership>> Membership::join(MembershipOptions options, const nodes::ports::Journal& journal,
                                                     Metrics& metrics) {
  std::unique_ptr<Membership> self(new Membership(std::move(options), journal, metrics));
  {
    const std::lock_guard lock(self->session_);
    const auto give_up = steady_clock::now() + kStartPatience;
    while (true) {
      auto status = self->step();
      if (status) break;
      if (!status.error().worth_retry() || steady_clock::now() > give_up) return status.error();
      std::this_thread::sleep_for(kLookAtJournal);
    }
  }
  self->thread_ = std::jthread([raw = self.get()](const std::stop_token& stop) { raw->run(stop); });
  return self;
}

Membership::~Membership() {
  leave();
}

std::string Membership::name() const {
  const std::lock_guard lock(mutex_);
  return name_;
}

std::vector<postgres::NodeRow> Membership::nodes() const {
  const std::lock_guard lock(mutex_);
  return seen_;
}

Membership::Place Membership::place() const {
  const std::lock_guard lock(mutex_);
  // Without a lease others may have taken over already.
  return {place_.others, place_.leads && lease_.load() != 0};
}

postgres::NodeLoad Membership::load() const {
  const auto journal = journal_.status();
  return {journal.records_waiting, journal.bytes, stored_events_.value()};
}

// ---- the session, under its mutex

Status Membership::connect() {
  if (connection_ && !connection_->broken()) return {};
  auto connection = postgres::Connection::open(options_.database);
  if (!connection) return connection.error();
  connection_ = std::move(*connection);
  connection_->set_timeout(kPatience + 500ms);
  return {};
}

/// Takes a new epoch.
Status Membership::enter() {
  postgres::NodeEntry entry;
  entry.journal_id = journal_.id();
  entry.partitions = journal_.partitions();
  entry.name_is_chosen = !options_.node_name.empty();
  entry.name = entry.name_is_chosen ? options_.node_name : options_.host_name;
  entry.version = options_.version;
  entry.protocol = kProtocol;
  entry.oldest_protocol = kOldestProtocol;
  entry.cores = options_.cores;
  entry.services = options_.services;
  entry.shared_secret = options_.shared_secret;
  entry.instance_secret = options_.instance_secret;
  entry.lease = options_.lease;
  {
    const std::lock_guard lock(mutex_);
    entry.address = server_.address;
  }
  if (!entry.address.empty()) entry.state = draining() ? "draining" : "ready";
  const auto began = steady_clock::now();
  const auto entered = postgres::enter_cluster(*connection_, entry);
  if (!entered) return entered.error();
  id_ = entered->id;
  epoch_ = entered->epoch;
  held_ = true;
  beaten_ = held_since_ = began;
  // Once, at the start: later it is the same, or enter_cluster() has refused.
  if (instance_secret_.empty()) instance_secret_ = entered->instance_secret;
  const std::lock_guard lock(mutex_);
  name_ = entered->name;
  return {};
}

/// One heartbeat, or a new entry if there is no lease to prolong.
Status Membership::step() {
  if (auto status = connect(); !status) return status;
  if (!held_) {
    if (auto status = enter(); !status) return status;
    log::info("cluster", "entered as {}, epoch {}", name(), epoch_);
  }
  const auto began = steady_clock::now();
  auto nodes = postgres::beat(*connection_, {id_, epoch_, load()});
  if (!nodes) return nodes.error();
  if (!*nodes) {
    held_ = false;
    lose("another node has taken it, because no heartbeat came");
    return step();
  }
  if (lease_.load() == 0) held_since_ = began;
  beaten_ = began;
  lease_.store(epoch_);
  if (server_.health != nullptr) server_.health->works(kHealth);
  see(**nodes);
  const auto self = std::find_if((*nodes)->begin(), (*nodes)->end(), [&](const auto& node) { return node.id == id_; });
  if (self != (*nodes)->end() && self->state == "joining" && !server_.address.empty()) {
    return postgres::announce_node(*connection_, id_, epoch_, server_.address);
  }
  take_over(**nodes);
  return {};
}

void Membership::see(std::vector<postgres::NodeRow> nodes) {
  ready_.set(std::count_if(nodes.begin(), nodes.end(), [](const auto& node) { return node.state == "ready"; }));
  std::function<void()> drain;
  Place place;
  {
    const std::lock_guard lock(mutex_);
    for (auto& node : nodes) {
      if (node.id != id_) {
        if (!node.present() || node.silent_milliseconds > options_.lease.count()) continue;
        place.others = true;
        if (node.id < id_ && node.state != "joining") place.leads = false;
        continue;
      }
      node.silent_milliseconds = 0;
      if (node.state == "draining" && !draining_.exchange(true)) drain = server_.drain;
    }
    seen_ = std::move(nodes);
    place_ = place;
  }
  if (!drain) return;
  log::info("cluster", "asked to drain");
  drain();
}

/// Who has not been there for long can't tell who is silent: after an outage of the database all seem to be.
void Membership::take_over(const std::vector<postgres::NodeRow>& nodes) {
  if (steady_clock::now() - held_since_ < options_.lease) return;
  for (const auto& node : nodes) {
    if (node.id == id_ || !node.present() || node.silent_milliseconds <= options_.lease.count()) continue;
    const auto taken = postgres::take_lease(*connection_, node, options_.lease);
    if (!taken) {
      log::warn("cluster", "{} is silent, but its lease can't be taken yet: {}", node.name, taken.error().message);
      if (const auto ended = postgres::end_writers(*connection_, node, options_.lease); !ended) return;
    } else if (*taken) {
      leases_taken_.add();
      log::warn("cluster", "{} has been silent for {} ms: its lease is taken", node.name, node.silent_milliseconds);
    }
  }
}

void Membership::lose(const std::string& why) {
  if (lease_.exchange(0) == 0) return;
  leases_lost_.add();
  if (server_.health != nullptr) {
    server_.health->fails(kHealth, {ErrorCode::unavailable, "the lease is lost: " + why, {}});
  }
  log::warn("cluster", "the lease is lost: {}", why);
}

// ---- the thread

void Membership::run(const std::stop_token& stop) {
  auto next = steady_clock::now();
  while (true) {
    next = std::max(next + options_.heartbeat, steady_clock::now());
    {
      std::unique_lock lock(mutex_);
      wake_.wait_until(lock, stop, next, [] { return false; });
    }
    if (stop.stop_requested()) return;
    const std::lock_guard lock(session_);
    const auto status = step();
    if (status) continue;
    log::warn("cluster", "no heartbeat: {}", status.error().message);
    if (steady_clock::now() - beaten_ > options_.lease) lose(status.error().message);
  }
}

void Membership::serve(Server server) {
  const std::lock_guard lock(session_);
  {
    const std::lock_guard also(mutex_);
    server_ = std::move(server);
  }
  // If the database is slow just now, a later heartbeat does it.
  if (const auto status = step(); !status) log::warn("cluster", "no heartbeat: {}", status.error().message);
}

void Membership::empty_journal() {
  auto said = steady_clock::now() - kSayEvery;
  std::mutex mutex;
  std::condition_variable_any never;
  while (true) {
    const auto waiting = journal_.status().records_waiting;
    if (waiting == 0) break;
    if (steady_clock::now() - said >= kSayEvery) {
      log::info("cluster", "draining: {} records of the journal are to be stored", waiting);
      said = steady_clock::now();
    }
    std::unique_lock lock(mutex);
    never.wait_for(lock, kLookAtJournal);
  }
  log::info("cluster", "drained: the journal is empty");
}

void Membership::leave() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
  const std::lock_guard lock(session_);
  lease_.store(0);
  server_.health = nullptr;
  if (!held_ || !connection_ || connection_->broken()) return;
  // The last figures, for who looks at what it has left behind.
  if (const auto last = postgres::beat(*connection_, {id_, epoch_, load()}); !last) return;
  if (const auto status = postgres::leave_cluster(*connection_, id_, epoch_); !status) {
    log::warn("cluster", "the others will notice for themselves that this node is gone: {}", status.error().message);
  }
}

}  // namespace mesher::cluster
