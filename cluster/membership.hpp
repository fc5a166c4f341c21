#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "graph/base/metrics.hpp"
#include "graph/base/result.hpp"
#include "io/postgres/connection.hpp"
#include "io/postgres/health.hpp"
#include "io/postgres/node_registry.hpp"
#include "nodes/ports/journal.hpp"

namespace mesher::cluster {

/// What nodes say to each other. A node works with those that speak its own protocol, or the one before.
inline constexpr std::uint32_t kProtocol = 1, kOldestProtocol = 1;

inline constexpr std::chrono::milliseconds kHeartbeat{1000}, kLease{5000};

struct MembershipOptions {
  postgres::ConnectOptions database;
  std::string node_name;  ///< of the settings; empty: `host_name`, with a number if that is taken
  std::string host_name;
  std::string version;
  std::string shared_secret;
  std::string instance_secret;  ///< becomes the cluster's, if this is its first node
  std::vector<std::string> services;
  std::uint32_t cores = 1;
  std::chrono::milliseconds heartbeat = kHeartbeat, lease = kLease;
};

/// This node's place among those that share the database: a row of the table nodes, kept fresh by a heartbeat, and the
/// lease that its transactions need (node_registry.hpp). Where the heartbeat can't be written for the length of a
/// lease, the lease is given up; where another node has taken it, this one enters anew. Looks after the others too:
/// takes the leases of those that are silent. One thread, one connection, one statement a second.
class Membership {
 public:
  /// Enters, and beats from then on. `journal` and `metrics` must outlive it. Errors: those of
  /// postgres::enter_cluster().
  static Result<std::unique_ptr<Membership>> join(MembershipOptions options, const nodes::ports::Journal& journal,
                                                  Metrics& metrics);
  ~Membership();  ///< leaves
  Membership(const Membership&) = delete;
  Membership& operator=(const Membership&) = delete;

  /// What transactions of this node demand (EventStore); 0 while there is none.
  [[nodiscard]] const std::atomic<std::int64_t>& lease() const { return lease_; }
  [[nodiscard]] const std::string& instance_secret() const { return instance_secret_; }
  [[nodiscard]] std::string name() const;
  [[nodiscard]] std::uint32_t id() const { return id_; }

  struct Server {
    std::string address;  ///< where it serves HTTP
    /// Called once, by the membership's thread, when somebody asks this node to drain: it should have the server stop.
    std::function<void()> drain;
    postgres::Health* health = nullptr;  ///< is told of a lost lease; until leave()
  };
  /// Tells the others that this node is ready, with this heartbeat or a later one.
  void serve(Server server);

  /// Somebody has asked this node to drain.
  [[nodiscard]] bool draining() const { return draining_.load(); }
  /// Waits until everything that the journal holds is stored; the lease is kept meanwhile.
  void empty_journal();

  /// Gives the lease back; nothing is stored any more.
  void leave();

  /// As the last heartbeat saw it: other nodes have a lease; and of those that serve, it is the first by age, so
  /// that it does what one alone has to do. Two may think so for as long as a lease: only what bears that.
  struct Place {
    bool others = false, leads = true;
  };
  [[nodiscard]] Place place() const;

  /// All nodes as the last heartbeat saw them, by name.
  [[nodiscard]] std::vector<postgres::NodeRow> nodes() const;

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;

  Membership(MembershipOptions options, const nodes::ports::Journal& journal, Metrics& metrics);
  Status connect();
  Status enter();
  void run(const std::stop_token& stop);
  Status step();
  void see(std::vector<postgres::NodeRow> nodes);
  void take_over(const std::vector<postgres::NodeRow>& nodes);
  void lose(const std::string& why);
  [[nodiscard]] postgres::NodeLoad load() const;

  const MembershipOptions options_;
  const nodes::ports::Journal& journal_;
  Counter &stored_events_, &leases_lost_, &leases_taken_;
  Gauge& ready_;
  std::string instance_secret_;

  std::atomic<std::int64_t> lease_{0};
  std::atomic<bool> draining_{false};

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable_any wake_;
  std::string name_;
  Server server_;
  std::vector<postgres::NodeRow> seen_;
  Place place_;

  std::mutex session_;  // guards what follows: used by the thread, and by who announces and leaves
  std::optional<postgres::Connection> connection_;
  std::uint32_t id_ = 0;     ///< the same from join() on
  std::int64_t epoch_ = 0;   ///< the last that was ours
  bool held_ = false;        ///< it is still ours, as far as we know
  SteadyTime beaten_{};      ///< the heartbeat that the lease rests on was begun then
  SteadyTime held_since_{};  ///< without a gap
  std::jthread thread_;
};

}  // namespace mesher::cluster
