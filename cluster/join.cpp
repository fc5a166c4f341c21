#include "cluster/join.hpp"

#include <algorithm>
#include <thread>
#include <utility>

#include "cluster/secret.hpp"
#include "io/cli/commands.hpp"

namespace mesher::cluster {

Status check(const cli::Config& config) {
  if (config.join != "true") return {};
  if (config.database_url.empty()) {
    return Error{ErrorCode::invalid, "--join needs the database that the nodes share",
                 "give its address with --database-url"};
  }
  const auto secret = shared_secret(config.cluster_secret, config.cluster_secret_file);
  return secret ? Status() : Status(secret.error());
}

Result<std::unique_ptr<Membership>> join_if_asked(const cli::Config& config, const cli::Database& database,
                                                  const nodes::ports::Journal& journal, Metrics& metrics,
                                                  std::string& instance_secret) {
  if (config.join != "true") return std::unique_ptr<Membership>();
  auto secret = shared_secret(config.cluster_secret, config.cluster_secret_file);
  if (!secret) return secret.error();
  MembershipOptions options;
  options.database = database.connect_options("mesher cluster");
  options.node_name = config.node_name;
  options.host_name = cli::host_name();
  options.version = cli::version();
  options.shared_secret = *std::move(secret);
  options.instance_secret = instance_secret;
  options.services = {"ingest", "process", "api"};
  options.cores = std::max(1U, std::thread::hardware_concurrency());
  auto membership = Membership::join(std::move(options), journal, metrics);
  if (membership) instance_secret = (*membership)->instance_secret();
  return membership;
}

const std::atomic<std::int64_t>* lease_of(const Membership* membership) {
  return membership == nullptr ? nullptr : &membership->lease();
}

postgres::ConnectOptions writer_options(postgres::ConnectOptions options, const Membership* membership) {
  if (membership == nullptr) return options;
  options.name = postgres::writer_name(membership->id());
  options.idle_in_transaction_timeout = kLease;
  return options;
}

postgres::AlertKeeper::AskCompany company_of(const Membership* membership) {
  if (membership == nullptr) return nullptr;
  return [membership] {
    const auto place = membership->place();
    return postgres::AlertKeeper::Company{place.others, place.leads};
  };
}

std::vector<api::NodeInfo> node_infos(const Membership* membership, api::NodeInfo alone,
                                      const nodes::ports::Journal& journal) {
  std::vector<api::NodeInfo> infos;
  if (membership == nullptr) {
    const auto status = journal.status();
    alone.protocol = kProtocol;
    alone.cores = std::max(1U, std::thread::hardware_concurrency());
    alone.journal_records = status.records_waiting;
    alone.journal_bytes = status.bytes;
    infos.push_back(std::move(alone));
    return infos;
  }
  for (auto& node : membership->nodes()) {
    api::NodeInfo info;
    info.name = std::move(node.name);
    info.version = std::move(node.version);
    info.address = std::move(node.address);
    info.state = std::move(node.state);
    info.services = std::move(node.services);
    info.started_at = node.started_at;
    info.heartbeat_at = node.heartbeat_at;
    info.protocol = node.protocol;
    info.cores = node.cores;
    info.epoch = node.epoch;
    info.journal_records = node.load.journal_records;
    info.journal_bytes = node.load.journal_bytes;
    infos.push_back(std::move(info));
  }
  return infos;
}

}  // namespace mesher::cluster
