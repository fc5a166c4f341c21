#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "graph/base/clock.hpp"
#include "graph/base/result.hpp"
#include "io/postgres/connection.hpp"

/// The table of the servers that share a database. A node's lease is its epoch: it is raised by the node when it enters
/// and by another one that finds its heartbeat too old, in the rows of its journal's cursors too. A storing transaction
/// moves such a row and demands its own epoch there (EventStore), so what began before the epoch was raised is either
/// waited for or can't commit: no clock of the node has a say in it. Ages of heartbeats are told by PostgreSQL's clock.
///
/// Calls block. Errors: unavailable, internal, and what is said at the function.
namespace mesher::postgres {

struct NodeLoad {
  std::uint64_t journal_records = 0, journal_bytes = 0, stored_events = 0;
};

struct NodeRow {
  std::uint32_t id = 0;
  std::string journal_id, name;
  std::string state;  ///< "joining", "ready", "draining", "left" or "lost"
  std::int64_t epoch = 0;
  std::string address, version;
  std::uint32_t protocol = 0, oldest_protocol = 0, cores = 0;
  std::vector<std::string> services;
  NodeLoad load;
  UnixMicros started_at = 0, heartbeat_at = 0;
  std::int64_t silent_milliseconds = 0;  ///< age of the heartbeat

  /// Has a lease, if it beats.
  [[nodiscard]] bool present() const { return state == "joining" || state == "ready" || state == "draining"; }
};

struct NodeEntry {
  std::string journal_id;
  std::uint32_t partitions = 1;
  std::string name;
  bool name_is_chosen = false;  ///< by a person: refused if another node has it; else a number is added
  std::string version;
  std::uint32_t protocol = 1, oldest_protocol = 1, cores = 1;
  std::vector<std::string> services;
  std::string address;            ///< empty: not serving yet
  std::string state = "joining";  ///< or, if it enters again, what it was
  std::string shared_secret;
  std::string instance_secret;  ///< what the cluster's becomes if this is its first node
  std::chrono::milliseconds lease{5000};
};

struct Entered {
  std::uint32_t id = 0;
  std::string name;
  std::int64_t epoch = 0;
  std::string instance_secret;
};

/// Enters the cluster, or enters it again with a new epoch. Errors: denied (another shared secret), conflict (a name
/// that is taken, or a version that the nodes which are there don't understand), each saying so.
[[nodiscard]] Result<Entered> enter_cluster(Connection& connection, const NodeEntry& entry);

struct Heartbeat {
  std::uint32_t id = 0;
  std::int64_t epoch = 0;
  NodeLoad load;
};
/// Prolongs the lease, by one statement that answers all rows, as they were before it; nothing: the lease is lost.
[[nodiscard]] Result<std::optional<std::vector<NodeRow>>> beat(Connection& connection, const Heartbeat& heartbeat);

/// Tells where it serves; what was "joining" is "ready".
[[nodiscard]] Status announce_node(Connection& connection, std::uint32_t id, std::int64_t epoch,
                                   const std::string& address);

/// Takes the lease of a node that has been silent for longer than `lease`. False if it has beaten meanwhile, or
/// somebody else took it. Error unavailable too if a transaction of that node is still under way: try again.
[[nodiscard]] Result<bool> take_lease(Connection& connection, const NodeRow& node, std::chrono::milliseconds lease);

/// The name of the sessions that a node stores by.
[[nodiscard]] std::string writer_name(std::uint32_t node_id);

/// Ends such sessions that have stood in a transaction for longer than `lease`. Not every one ends by its own timeout:
/// not one that waits for the rest of a COPY.
[[nodiscard]] Status end_writers(Connection& connection, const NodeRow& node, std::chrono::milliseconds lease);

/// Gives the lease back.
[[nodiscard]] Status leave_cluster(Connection& connection, std::uint32_t id, std::int64_t epoch);

/// By name.
[[nodiscard]] Result<std::vector<NodeRow>> list_nodes(Connection& connection);

/// Asks a node to drain; it notices with its next heartbeat. False: there is none of this name that has a lease.
[[nodiscard]] Result<bool> ask_to_drain(Connection& connection, const std::string& name);

}  // namespace mesher::postgres
