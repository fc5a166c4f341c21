/// The composition root: reads the command line and the config, builds the pieces, joins them, waits for signals.
/// docs/architecture.md walks through what is built here.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "graph/base/log.hpp"
#include "graph/base/metrics.hpp"
#include "graph/runner.hpp"
#include "graph/tap.hpp"
#include "io/api/api.hpp"
#include "io/api/live.hpp"
#include "io/auth/secret_file.hpp"
#include "io/cli/command_line.hpp"
#include "io/cli/commands.hpp"
#include "io/cli/database.hpp"
#include "io/cli/first_start.hpp"
#include "io/cli/graph_service.hpp"
#include "io/cli/housekeeping.hpp"
#include "io/cli/replay.hpp"
#include "io/cli/replayer.hpp"
#include "io/cli/server_access.hpp"
#include "io/cli/signals.hpp"
#include "io/http/ingest.hpp"
#include "io/http/server.hpp"
#include "io/journal/local_journal.hpp"
#include "io/metrics/operations.hpp"
#include "io/notify/notifier.hpp"
#include "io/postgres/alert_keeper.hpp"
#include "io/postgres/event_store.hpp"
#include "io/postgres/issue_keeper.hpp"
#include "io/postgres/issue_store.hpp"
#include "io/postgres/project_loader.hpp"
#include "io/postgres/read_access.hpp"
#include "io/postgres/retainer.hpp"
#include "io/postgres/rights_watch.hpp"
#include "io/postgres/sweep.hpp"
#include "io/site/site.hpp"
#include "io/ws/live_hub.hpp"
#include "io/ws/tap_hub.hpp"
#include "nodes/alerts/engine.hpp"
#include "nodes/catalog.hpp"
#include "nodes/committer.hpp"
#include "nodes/journal_source.hpp"

namespace mesher {
namespace {

using namespace std::chrono_literals;

Result<std::unique_ptr<io::journal::LocalJournal>> open_journal(const cli::Config& config, Metrics& metrics) {
  io::journal::LocalJournalOptions options;
  options.directory = config.data_dir / "journal";
  options.partitions = config.journal_partitions;
  options.max_bytes = config.journal_max_size;
  options.min_free_disk = config.journal_min_free_disk;
  return io::journal::LocalJournal::open(std::move(options), metrics);
}

http::ServerOptions server_options(const cli::Config& config) {
  http::ServerOptions options;
  options.listen = config.listen;
  options.threads = config.http_threads;
  options.tls_certificate = config.tls_cert;
  options.tls_key = config.tls_key;
  options.max_connections = config.max_connections;
  options.max_connections_per_address = config.max_connections_per_address;
  return options;
}

api::AccessSettings access_settings(const cli::Config& config) {
  api::AccessSettings access;
  std::string_view rest = config.cors_origins;
  while (!rest.empty()) {
    const auto one = rest.substr(0, rest.find(','));
    access.allowed_origins.emplace_back(one);
    rest.remove_prefix(std::min(one.size() + 1, rest.size()));
  }
  access.session_idle = config.session_idle;
  access.session_lifetime = config.session_lifetime;
  access.sign_ins_per_account = config.sign_ins_per_account;
  access.sign_ins_per_address = config.sign_ins_per_address;
  access.requests_per_minute = config.api_requests_per_minute;
  access.secure = config.public_url.starts_with("https://");
  return access;
}

notify::NotifierOptions notifier_options(const cli::Config& config, const std::string& secret) {
  notify::NotifierOptions options;
  options.transport.allow_private = config.allow_private_notifications == "true";
  options.transport.smtp = {config.smtp_url, config.smtp_user, config.smtp_password, config.smtp_from, config.smtp_tls};
  options.transport.ca_file = config.notification_ca_file;
  options.secret = secret;
  options.public_url = config.public_url;
  // Behind port 0 it is not known yet what port that becomes: links then begin at the host's root.
  if (options.public_url.empty() && !config.listen.ends_with(":0")) {
    options.public_url = (config.tls_cert.empty() ? "http://" : "https://") + config.listen;
  }
  options.interval = config.notification_interval;
  return options;
}

ws::LiveHubOptions live_options(const cli::Config& config) {
  ws::LiveHubOptions options;
  options.allowed_origins = access_settings(config).allowed_origins;
  options.max_sockets = config.live_sockets;
  options.max_sockets_per_user = config.live_sockets_per_user;
  return options;
}

/// Everything that `mesher serve` consists of, in the order of construction: what comes later uses what comes earlier,
/// and is gone before it.
class Server {
 public:
  Server(const cli::Config& config, cli::Database database, std::unique_ptr<io::journal::LocalJournal> journal,
         std::unique_ptr<Metrics> metrics, std::string secret)
      : config_(config),
        secret_(std::move(secret)),
        metrics_(std::move(metrics)),
        database_(std::move(database)),
        journal_(std::move(journal)) {
    graph::Registry types;
    nodes::register_nodes(types, {&projects_, &clock_, metrics_.get(), &issues_, &hub_});
    graph::register_tapped(registry_, types, taps_);
    ingest_.add_routes(router_);
    api::add_routes(router_, {pool_, authenticator_, workers_, graph_, *metrics_, clock_, cli::replay_into(*journal_),
                              [this] { return this->nodes(); }, config.public_url, access_settings(config), &hashing_,
                              live_messages(), [this](const nodes::IssueChange& change) { hub_.update(change); },
                              alert_services()});
    metrics::add_routes(router_, *metrics_, probes());
    metrics::add_process_metrics(*metrics_, cli::version());
    hub_.add_routes(router_);
    tap_hub_.add_routes(router_);
    site::serve(router_, site::dashboard());
  }

  ~Server() { committer_.stop(); }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  Status start() {
    if (auto status = projects_loader_.load_now(); !status) return status;
    if (auto status = housekeeping_.start(); !status) return status;
    if (auto status = alert_keeper_.load_now(); !status) return status;
    for (std::uint32_t p = 0; p < journal_->partitions(); ++p) {
      const auto cursor = store_.cursor(journal_->id(), p);
      if (!cursor) return cursor.error();
      journal_->ensure_next_at_least(p, *cursor);
    }
    projects_loader_.start();
    issue_keeper_.start();
    rights_watch_.start();
    alert_keeper_.start();
    notifier_.start();
    sweeper_.start();
    retainer_.start();
    if (auto status = graph_.start(); !status) return status;
    replayer_.start();
    return server_.start();
  }

  /// Says where it listens and, at the very first start, how to sign in and send the first event.
  void welcome() {
    const auto url = config_.public_url.empty() ? server_.url() : config_.public_url;
    cli::note_address(config_, server_.url());
    fmt::print("listening on {}\n", server_.url());
    const auto first = cli::set_up_if_empty(database_.connect_options("mesher first start"), url);
    if (first) {
      fmt::print("{}", *first);
      if (const auto status = projects_loader_.load_now(); !status) log::warn("serve", "{}", status.error().message);
    }
    std::fflush(stdout);
  }

  void hang_up() { graph_.reload(); }

  /// Nothing acknowledged depends on what happens here: it only spares the next start some work.
  void stop() {
    server_.stop_accepting();
    server_.drain(10s);
    ingest_.flush(2s);
    runner_.stop(10s);
    committer_.stop();
    notifier_.stop();
    server_.stop();
    workers_.stop();
    hashing_.stop();
  }

 private:
  std::vector<metrics::ProbeReader> probes() {
    return {[this] {
              const auto trouble = committer_.trouble();
              const auto reason = trouble.empty() ? health_.reason() : "database: " + trouble;
              return metrics::Probe{"database", reason.empty(), reason};
            },
            [this] {
              const auto status = journal_->status();
              return metrics::Probe{"journal", status.accepting, status.reason};
            },
            [this] {
              std::string reason;
              const bool ok = runner_.healthy(&reason);
              return metrics::Probe{"graph", ok, reason};
            }};
  }

  std::vector<api::NodeInfo> nodes() const {
    const auto name = config_.node_name.empty() ? cli::host_name() : config_.node_name;
    return {{name, cli::version(), server_.url(), "ready", {"ingest", "process", "api"}, started_at_}};
  }

  std::function<void(std::uint32_t, std::string)> live_messages() {
    return [this](std::uint32_t project_id, std::string message) {
      if (hub_.watched(project_id)) hub_.publish(project_id, std::make_shared<const std::string>(std::move(message)));
    };
  }

  /// Sockets whose rights have ended are closed.
  void check_live_rights(postgres::Connection& connection) {
    authenticator_.forget();
    const ws::LiveRecheck ask = [&](const std::vector<std::string>& secrets) {
      std::optional<std::unordered_map<std::string, ws::LivePrincipal>> principals;
      auto rights = postgres::live_rights(connection, secrets, config_.session_idle);
      if (!rights) return principals;
      principals.emplace();
      for (auto& [secret, now] : *rights) {
        principals->emplace(secret, ws::LivePrincipal{now.user_id, false, std::move(now.project_ids), now.expires_at,
                                                      now.instance_owner});
      }
      return principals;
    };
    hub_.check_rights(ask);
    tap_hub_.check_rights(ask);
  }

  std::vector<std::string> node_names() const {
    std::vector<std::string> names;
    for (const auto& node : runner_.topology().nodes) names.push_back(node.name);
    return names;
  }

  api::AlertServices alert_services() {
    return {secret_, notifier_options(config_, secret_).public_url,
            [this](std::vector<postgres::StoredAlert> alerts) { notifier_.announce(std::move(alerts)); }};
  }

  /// Called by the writers. Fewer stored than fired: what the engine knows of open alerts is out of date.
  postgres::AlertHooks alert_hooks() {
    return {&alerts_,
            [this](std::span<const nodes::alerts::Firing> firings, std::vector<postgres::StoredAlert> stored) {
              if (stored.size() < firings.size()) {
                for (const auto& firing : firings) alert_keeper_.reload(firing.project_id);
              }
              notifier_.announce(std::move(stored));
            }};
  }

  nodes::Committer::Options committer_options() const { return {journal_->id(), journal_->partitions()}; }
  nodes::JournalSource::Options source_options() const {
    return {config_.graph_batch_events, config_.graph_batch_bytes};
  }
  graph::RunnerOptions runner_options() const { return {config_.graph_threads, config_.graph_in_flight, 10'000ms}; }

  const cli::Config& config_;
  const std::string secret_;
  SystemClock clock_;
  const UnixMicros started_at_ = clock_.now();
  std::unique_ptr<Metrics> metrics_;
  cli::Database database_;
  std::unique_ptr<io::journal::LocalJournal> journal_;

  postgres::Health health_;
  postgres::Partitions partitions_;
  postgres::Pool pool_{database_.asking_options("mesher api"), 6};
  nodes::alerts::Engine alerts_;
  postgres::EventStore store_{
      database_.background_options("mesher writer"), clock_, *metrics_, health_, partitions_, alert_hooks()};
  postgres::IssueStore issue_store_{database_.background_options("mesher issues"), health_};
  nodes::ports::ProjectDirectory projects_;
  postgres::ProjectLoader projects_loader_{database_.connect_options("mesher projects"), projects_, health_};
  cli::Housekeeping housekeeping_{database_.background_options("mesher housekeeping"), partitions_, clock_, health_};
  postgres::Retainer retainer_{database_.background_options("mesher retention"), clock_, *metrics_};
  postgres::Sweeper sweeper_{database_.background_options("mesher sweeper"), clock_};
  postgres::TokenReader tokens_{pool_};
  auth::Authenticator authenticator_{tokens_, clock_, config_.session_idle};
  cli::Replayer replayer_{database_.connect_options(cli::Replayer::kName), cli::replay_into(*journal_), health_};

  nodes::IssueDirectory issues_{issue_store_};
  nodes::Committer committer_{store_, issues_, *metrics_, committer_options()};
  nodes::JournalSource source_{*journal_, committer_, source_options()};
  api::WorkerPool workers_{4, 256};
  api::WorkerPool hashing_{2, 32};  // each of the two takes 64 MiB while it hashes
  ws::LiveHub hub_{live_options(config_), api::live_authenticate(pool_, authenticator_, workers_),
                   api::live_history(pool_, workers_), *metrics_};
  postgres::IssueKeeper issue_keeper_{database_.connect_options("mesher issue keeper"), clock_, health_,
                                      [this](const nodes::IssueChange& change) { hub_.update(change); }};

  graph::Taps taps_;
  notify::Notifier notifier_{database_.background_options("mesher notifier"),
                             notifier_options(config_, secret_),
                             clock_,
                             *metrics_,
                             health_,
                             live_messages()};
  postgres::AlertKeeper alert_keeper_{
      database_.background_options("mesher alert keeper"), alerts_, clock_, health_,
      [this](std::vector<postgres::StoredAlert> alerts) { notifier_.announce(std::move(alerts)); }};

  graph::Registry registry_;
  graph::Runner runner_{registry_, source_, *metrics_, runner_options()};
  cli::GraphService graph_{runner_, registry_, config_, *metrics_};
  ws::TapHub tap_hub_{{16, access_settings(config_).allowed_origins},
                      api::live_authenticate(pool_, authenticator_, workers_),
                      taps_,
                      [this] { return node_names(); },
                      projects_,
                      *metrics_};
  postgres::RightsWatch rights_watch_{database_.connect_options("mesher rights"), clock_, health_,
                                      [this](postgres::Connection& connection) { check_live_rights(connection); },
                                      [this] { return hub_.next_expiry(); }};

  http::Router router_;
  http::Server server_{server_options(config_), router_, *metrics_};
  http::Ingest ingest_{{}, projects_, *journal_, clock_, *metrics_, server_.body_budget()};
};

int fail(const Error& error) {
  fmt::print(stderr, "mesher: {}{}{}\n", error.message, error.hint.empty() ? "" : ": ", error.hint);
  return 1;
}

int serve(const cli::Config& config) {
  cli::Signals signals;
  if (auto status = cli::prepare_data_dir(config); !status) return fail(status.error());
  auto metrics = std::make_unique<Metrics>();
  auto journal = open_journal(config, *metrics);
  if (!journal) return fail(journal.error());
  auto secret =
      auth::load_or_make_secret(config.secret_file.empty() ? config.data_dir / "secret.key" : config.secret_file);
  if (!secret) return fail(secret.error());
  auto database = cli::Database::open_for_server(config);
  if (!database) return fail(database.error());
  Server server(config, std::move(*database), std::move(*journal), std::move(metrics), std::move(*secret));
  if (auto status = server.start(); !status) return fail(status.error());
  server.welcome();
  signals.wait([&] { server.hang_up(); });
  log::info("serve", "ending: answering what has begun");
  cli::Signals::give_back();
  server.stop();
  return 0;
}

}  // namespace
}  // namespace mesher

int main(int argc, char** argv) {
  auto parsed = mesher::cli::parse_command_line(argc, argv);
  if (!parsed.command) return parsed.exit_code;
  const auto& line = *parsed.command;
  if (line.command == "serve") return mesher::serve(line.config);
  return mesher::cli::run_command(line);
}
