#pragma once

#include <memory>
#include <string>

#include "graph/base/metrics.hpp"
#include "graph/base/result.hpp"
#include "io/api/access.hpp"
#include "io/cli/config.hpp"
#include "io/http/server.hpp"
#include "io/journal/local_journal.hpp"
#include "io/notify/notifier.hpp"
#include "io/ws/live_hub.hpp"
#include "io/ws/tap_hub.hpp"

/// What the config says to each of the server's pieces.
namespace mesher::cli {

[[nodiscard]] Result<std::unique_ptr<io::journal::LocalJournal>> open_journal(const Config& config, Metrics& metrics);
[[nodiscard]] http::ServerOptions server_options(const Config& config);
[[nodiscard]] api::AccessSettings access_settings(const Config& config);
/// `secret`: what the secrets of webhooks are sealed with.
[[nodiscard]] notify::NotifierOptions notifier_options(const Config& config, const std::string& secret);
[[nodiscard]] ws::LiveHubOptions live_options(const Config& config);
[[nodiscard]] ws::TapHubOptions tap_options(const Config& config);

}  // namespace mesher::cli
