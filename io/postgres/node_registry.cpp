#include "io/postgres/node_registry.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "io/auth/seal.hpp"

namespace mesher::postgres {
namespace {

// Any numbers, the same everywhere.
constexpr std::string_view kLock = "select pg_advisory_xact_lock(7308332193)";
constexpr std::string_view kColumns =
    "n.id, n.journal_id, n.name, n.state, n.epoch, n.address, n.version, n.protocol, n.oldest_protocol, n.cores, "
    "n.services, n.journal_records, n.journal_bytes, n.stored_events, n.started_at, n.heartbeat_at, "
    "(extract(epoch from clock_timestamp() - n.heartbeat_at) * 1000)::bigint";
constexpr std::string_view kPresent = "('joining', 'ready', 'draining')";

NodeRow node_at(const Rows& rows, std::size_t i) {
  NodeRow node;
  node.id = static_cast<std::uint32_t>(rows.integer(i, 0));
  node.journal_id = rows.text(i, 1);
  node.name = rows.text(i, 2);
  node.state = rows.text(i, 3);
  node.epoch = rows.integer(i, 4);
  node.address = rows.text(i, 5);
  node.version = rows.text(i, 6);
  node.protocol = static_cast<std::uint32_t>(rows.integer(i, 7));
  node.oldest_protocol = static_cast<std::uint32_t>(rows.integer(i, 8));
  node.cores = static_cast<std::uint32_t>(rows.integer(i, 9));
  node.services = rows.array(i, 10);
  node.load.journal_records = static_cast<std::uint64_t>(rows.integer(i, 11));
  node.load.journal_bytes = static_cast<std::uint64_t>(rows.integer(i, 12));
  node.load.stored_events = static_cast<std::uint64_t>(rows.integer(i, 13));
  node.started_at = rows.time(i, 14);
  node.heartbeat_at = rows.time(i, 15);
  node.silent_milliseconds = rows.integer(i, 16);
  return node;
}

std::vector<NodeRow> nodes_of(const Rows& rows) {
  std::vector<NodeRow> nodes;
  for (std::size_t i = 0; i < rows.size(); ++i) nodes.push_back(node_at(rows, i));
  return nodes;
}

/// The instance's secret, which only the shared one opens; the first node brings it.
Result<std::string> common_secret(Connection& connection, const NodeEntry& entry) {
  const auto made = connection.query("insert into cluster (instance_secret) values ($1) on conflict do nothing",
                                     Params().bytes(auth::seal(entry.instance_secret, entry.shared_secret)));
  if (!made) return made.error();
  const auto rows = connection.query("select instance_secret from cluster");
  if (!rows) return rows.error();
  auto secret = auth::unseal(rows->bytes(0, 0), entry.shared_secret);
  if (secret) return *std::move(secret);
  return Error{ErrorCode::denied, "the nodes of this database have another cluster secret than the one given here",
               "give this node theirs (--cluster-secret-file)"};
}

Status check_protocol(const NodeEntry& entry, const std::vector<NodeRow>& nodes) {
  const auto lease = entry.lease.count();
  for (const auto& node : nodes) {
    if (!node.present() || node.journal_id == entry.journal_id || node.silent_milliseconds > lease) continue;
    if (node.protocol >= entry.oldest_protocol && entry.protocol >= node.oldest_protocol) continue;
    return Error{ErrorCode::conflict,
                 fmt::format("node {} runs version {} (protocol {}, understands {} and later), which this version {} "
                             "(protocol {}, understands {} and later) can't work with",
                             node.name, node.version, node.protocol, node.oldest_protocol, entry.version,
                             entry.protocol, entry.oldest_protocol),
                 "upgrade by neighbouring versions, node by node"};
  }
  return {};
}

/// A node keeps the name that its journal has had, unless a person chose another.
Result<std::string> free_name(const NodeEntry& entry, const std::vector<NodeRow>& nodes) {
  const auto taken = [&](const std::string& name) {
    return std::any_of(nodes.begin(), nodes.end(),
                       [&](const NodeRow& node) { return node.name == name && node.journal_id != entry.journal_id; });
  };
  if (entry.name_is_chosen && taken(entry.name)) {
    return Error{ErrorCode::conflict,
                 fmt::format("another node, with another journal, is called {} already", entry.name),
                 "choose another name with --node-name"};
  }
  if (!entry.name_is_chosen) {
    const auto self = std::find_if(nodes.begin(), nodes.end(),
                                   [&](const NodeRow& node) { return node.journal_id == entry.journal_id; });
    if (self != nodes.end()) return self->name;
  }
  auto name = entry.name;
  for (int number = 2; taken(name); ++number) name = fmt::format("{}-{}", entry.name, number);
  return name;
}

Result<Entered> enter(Connection& connection, const NodeEntry& entry) {
  if (auto locked = connection.query(kLock); !locked) return locked.error();
  Entered entered;
  auto secret = common_secret(connection, entry);
  if (!secret) return secret.error();
  entered.instance_secret = *std::move(secret);
  const auto nodes = list_nodes(connection);
  if (!nodes) return nodes.error();
  if (auto status = check_protocol(entry, *nodes); !status) return status.error();
  auto name = free_name(entry, *nodes);
  if (!name) return name.error();
  entered.name = *std::move(name);
  Params params;
  params.text(entry.journal_id).text(entered.name).text(entry.version).integer(entry.protocol);
  params.integer(entry.oldest_protocol).integer(entry.cores).texts(entry.services).text(entry.address);
  params.text(entry.state);
  const auto row = connection.query(
      "insert into nodes as n (journal_id, name, state, epoch, version, protocol, oldest_protocol, cores, services, "
      "address, started_at) "
      "values ($1, $2, $9, 1, $3, $4::integer, $5::integer, $6::integer, $7::text[], $8, now()) "
      "on conflict (journal_id) do update set name = excluded.name, state = excluded.state, epoch = n.epoch + 1, "
      "version = excluded.version, protocol = excluded.protocol, oldest_protocol = excluded.oldest_protocol, "
      "cores = excluded.cores, services = excluded.services, address = excluded.address, heartbeat_at = now(), "
      "started_at = case when excluded.state = 'joining' then now() else n.started_at end "
      "returning id, epoch",
      params);
  if (!row) return row.error();
  entered.id = static_cast<std::uint32_t>(row->integer(0, 0));
  entered.epoch = row->integer(0, 1);
  // Waits for a transaction of an earlier epoch that is under way. Rows for all partitions, so that there is none left
  // that such a transaction could still insert.
  const auto cursors = connection.query(
      "insert into journal_cursors as c (journal_id, partition, position, epoch) "
      "select $1, p, 0, $3::bigint from generate_series(0, $2::integer - 1) as p "
      "on conflict (journal_id, partition) do update set epoch = excluded.epoch",
      Params().text(entry.journal_id).integer(entry.partitions).integer(entered.epoch));
  if (!cursors) return cursors.error();
  return entered;
}

}  // namespace

Result<Entered> enter_cluster(Connection& connection, const NodeEntry& entry) {
  auto transaction = Transaction::begin(connection);
  if (!transaction) return transaction.error();
  auto entered = enter(connection, entry);
  if (!entered) return entered;
  if (auto status = transaction->commit(); !status) return status.error();
  return entered;
}

Result<std::optional<std::vector<NodeRow>>> beat(Connection& connection, const Heartbeat& heartbeat) {
  static const std::string kSql = fmt::format(
      "with mine as (update nodes set heartbeat_at = now(), journal_records = $3::bigint, journal_bytes = $4::bigint, "
      "stored_events = $5::bigint where id = $1::integer and epoch = $2::bigint and state in {} returning id) "
      "select {}, exists (select from mine) from nodes n order by n.name",
      kPresent, kColumns);
  const auto rows = connection.query(kSql, Params()
                                               .integer(heartbeat.id)
                                               .integer(heartbeat.epoch)
                                               .integer(static_cast<std::int64_t>(heartbeat.load.journal_records))
                                               .integer(static_cast<std::int64_t>(heartbeat.load.journal_bytes))
                                               .integer(static_cast<std::int64_t>(heartbeat.load.stored_events)));
  if (!rows) return rows.error();
  if (rows->empty() || !rows->boolean(0, 17)) return std::optional<std::vector<NodeRow>>();
  return std::optional(nodes_of(*rows));
}

Status announce_node(Connection& connection, std::uint32_t id, std::int64_t epoch, const std::string& address) {
  const auto done = connection.query(
      "update nodes set address = $3, heartbeat_at = now(), state = case when state = 'joining' then 'ready' else "
      "state "
      "end where id = $1::integer and epoch = $2::bigint",
      Params().integer(id).integer(epoch).text(address));
  if (!done) return done.error();
  return {};
}

Result<bool> take_lease(Connection& connection, const NodeRow& node, std::chrono::milliseconds lease) {
  static const std::string kSql = fmt::format(
      "with taken as (update nodes set state = 'lost', epoch = epoch + 1 where id = $1::integer and epoch = $2::bigint "
      "and state in {} and heartbeat_at < clock_timestamp() - $3::integer * interval '1 ms' "
      "returning journal_id, epoch), "
      "fenced as (update journal_cursors c set epoch = t.epoch from taken t where c.journal_id = t.journal_id "
      "returning 1) select count(*) from taken",
      kPresent);
  const auto rows = connection.query(kSql, Params().integer(node.id).integer(node.epoch).integer(lease.count()));
  if (!rows) return rows.error();
  return rows->integer(0, 0) == 1;
}

std::string writer_name(std::uint32_t node_id) {
  return fmt::format("mesher writer of node {}", node_id);
}

Status end_writers(Connection& connection, const NodeRow& node, std::chrono::milliseconds lease) {
  const auto ended = connection.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1 "
      "and datname = current_database() and xact_start < clock_timestamp() - $2::integer * interval '1 ms'",
      Params().text(writer_name(node.id)).integer(lease.count()));
  if (!ended) return ended.error();
  return {};
}

Status leave_cluster(Connection& connection, std::uint32_t id, std::int64_t epoch) {
  const auto done = connection.query(
      "update nodes set state = 'left', heartbeat_at = now() where id = $1::integer and epoch = $2::bigint",
      Params().integer(id).integer(epoch));
  if (!done) return done.error();
  return {};
}

Result<std::vector<NodeRow>> list_nodes(Connection& connection) {
  static const std::string kSql = fmt::format("select {} from nodes n order by n.name", kColumns);
  const auto rows = connection.query(kSql);
  if (!rows) return rows.error();
  return nodes_of(*rows);
}

Result<bool> ask_to_drain(Connection& connection, const std::string& name) {
  static const std::string kSql =
      fmt::format("update nodes set state = 'draining' where name = $1 and state in {}", kPresent);
  const auto done = connection.query(kSql, Params().text(name));
  if (!done) return done.error();
  return done->affected() > 0;
}

}  // namespace mesher::postgres
