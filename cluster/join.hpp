#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cluster/membership.hpp"
#include "io/api/api.hpp"
#include "io/cli/config.hpp"
#include "io/cli/database.hpp"
#include "io/postgres/alert_keeper.hpp"

/// What the composition root needs of the cluster: without --join nothing, and no thread, connection or statement more.
namespace mesher::cluster {

/// Whether there is all that --join needs; before anything is touched.
[[nodiscard]] Status check(const cli::Config& config);

/// Null without --join. With it, `instance_secret` becomes the one that all nodes share. Errors: those of check() and
/// of Membership::join().
[[nodiscard]] Result<std::unique_ptr<Membership>> join_if_asked(const cli::Config& config,
                                                                const cli::Database& database,
                                                                const nodes::ports::Journal& journal, Metrics& metrics,
                                                                std::string& instance_secret);

/// What transactions of this server demand; null if it is alone.
[[nodiscard]] const std::atomic<std::int64_t>* lease_of(const Membership* membership);

/// For sessions that store events: one of a node that is frozen in a transaction must not hold up the others.
[[nodiscard]] postgres::ConnectOptions writer_options(postgres::ConnectOptions options, const Membership* membership);

/// For alerts: which server does what time does. Null if it is alone.
[[nodiscard]] postgres::AlertKeeper::AskCompany company_of(const Membership* membership);

/// What GET /api/v1/nodes lists. `alone`: what is known of this server itself.
[[nodiscard]] std::vector<api::NodeInfo> node_infos(const Membership* membership, api::NodeInfo alone,
                                                    const nodes::ports::Journal& journal);

}  // namespace mesher::cluster
