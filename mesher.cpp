/// The composition root: reads the command line and the config, builds the pieces, joins them, waits for signals.
/// docs/architecture.md walks through what is built here.

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "cluster/join.hpp"
#include "graph/base/log.hpp"
#include "graph/base/metrics.hpp"
#include "graph/runner.hpp"
#include "graph/tap.hpp"
#include "io/api/api.hpp"
#include "io/api/live.hpp"
#include "io/auth/secret_file.hpp"
#include "io/cli/alerting.hpp"
#include "io/cli/command_line.hpp"
#include "io/cli/commands.hpp"
#include "io/cli/database.hpp"
#include "io/cli/first_start.hpp"
#include "io/cli/graph_service.hpp"
#include "io/cli/housekeeping.hpp"
#include "io/cli/live_rights.hpp"
#include "io/cli/probes.hpp"
#include "io/cli/replay.hpp"
#include "io/cli/replayer.hpp"
#include "io/cli/server_access.hpp"
#include "io/cli/server_options.hpp"
#include "io/cli/signals.hpp"
#include "io/http/ingest.hpp"
#include "io/http/server.hpp"
#include "io/journal/local_journal.hpp"
#include "io/metrics/operations.hpp"
#include "io/postgres/event_store.hpp"
#include "io/postgres/issue_keeper.hpp"
#include "io/postgres/issue_store.hpp"
#include "io/postgres/project_loader.hpp"
#include "io/postgres/read_access.hpp"
#include "io/postgres/retainer.hpp"
#include "io/postgres/sweep.hpp"
#include "io/site/site.hpp"
#include "io/ws/live_hub.hpp"
#include "io/ws/tap_hub.hpp"
#include "nodes/catalog.hpp"
#include "nodes/committer.hpp"
#include "nodes/door_first.hpp"
#include "nodes/journal_source.hpp"

namespace mesher {
namespace {

using namespace std::chrono_literals;

/// Everything that `mesher serve` consists of, in the order of construction: what comes later uses what comes earlier,
/// and is gone before it.
class Server {
 public:
  Server(const cli::Config& config, cli::Database database, std::unique_ptr<io::journal::LocalJournal> journal,
         std::unique_ptr<Metrics> metrics, std::string secret, std::unique_ptr<cluster::Membership> membership)
      : config_(config),
        secret_(std::move(secret)),
        metrics_(std::move(metrics)),
        database_(std::move(database)),
        journal_(std::move(journal)),
        membership_(std::move(membership)) {
    graph::Registry types;
    nodes::register_nodes(types, {&projects_, &clock_, metrics_.get(), &issues_, &hub_});
    graph::register_tapped(registry_, types, taps_);
    ingest_.add_routes(router_);
    api::add_routes(router_, {pool_, authenticator_, workers_, graph_, *metrics_, clock_, cli::replay_into(*journal_),
                              [this] { return this->nodes(); }, config.public_url, cli::access_settings(config),
                              &hashing_, live_messages(),
                              [this](const nodes::IssueChange& change) { hub_.update(change); }, alerting_.for_api()});
    metrics::add_routes(router_, *metrics_, cli::probes(committer_, health_, *journal_, runner_));
    metrics::add_process_metrics(*metrics_, cli::version());
    hub_.add_routes(router_);
    tap_hub_.add_routes(router_);
    site::serve(router_, site::dashboard());
  }

  ~Server() {
    committer_.stop();
    if (membership_) membership_->leave();
    alerting_.stop();
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  Status start() {
    if (auto status = projects_loader_.load_now(); !status) return status;
    if (auto status = housekeeping_.start(); !status) return status;
    if (auto status = alerting_.load_now(); !status) return status;
    for (std::uint32_t p = 0; p < journal_->partitions(); ++p) {
      const auto cursor = store_.cursor(journal_->id(), p);
      if (!cursor) return cursor.error();
      journal_->ensure_next_at_least(p, *cursor);
    }
    projects_loader_.start();
    issue_keeper_.start();
    live_rights_.start();
    alerting_.start();
    sweeper_.start();
    retainer_.start();
    if (auto status = graph_.start(); !status) return status;
    replayer_.start();
    if (auto status = server_.start(); !status) return status;
    if (membership_) membership_->serve({server_.url(), &cli::Signals::end, &health_});
    return {};
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
    if (membership_ && membership_->draining()) membership_->empty_journal();
    runner_.stop(10s);
    committer_.stop();
    alerting_.stop();
    server_.stop();
    workers_.stop();
    hashing_.stop();
  }

 private:
  std::vector<api::NodeInfo> nodes() const {
    const auto name = config_.node_name.empty() ? cli::host_name() : config_.node_name;
    return cluster::node_infos(
        membership_.get(),
        {name, cli::version(), server_.url(), "ready", {"ingest", "process", "api"}, started_at_, clock_.now()},
        *journal_);
  }

  std::function<void(std::uint32_t, std::string)> live_messages() {
    return [this](std::uint32_t project_id, std::string message) {
      if (hub_.watched(project_id)) hub_.publish(project_id, std::make_shared<const std::string>(std::move(message)));
    };
  }

  std::vector<std::string> node_names() const {
    std::vector<std::string> names;
    for (const auto& node : runner_.topology().nodes) names.push_back(node.name);
    return names;
  }

  nodes::Committer::Options committer_options() const { return {journal_->id(), journal_->partitions()}; }
  nodes::JournalSource::Options source_options() const {
    return {config_.graph_batch_events, config_.graph_batch_bytes};
  }
  graph::RunnerOptions runner_options() const { return {config_.graph_threads, config_.graph_in_flight, 10'000ms}; }

  const cli::Config& config_;
  const std::string secret_;
  const http::ServerOptions http_options_ = cli::server_options(config_);
  SystemClock clock_;
  const UnixMicros started_at_ = clock_.now();
  std::unique_ptr<Metrics> metrics_;
  cli::Database database_;
  std::unique_ptr<io::journal::LocalJournal> journal_;
  std::unique_ptr<cluster::Membership> membership_;  // null: it is alone

  postgres::Health health_;
  postgres::Partitions partitions_;
  postgres::Pool pool_{database_.background_options("mesher api"), 6};
  cli::Alerting alerting_{database_,       cli::notifier_options(config_, secret_), clock_, *metrics_, health_,
                          live_messages(), cluster::company_of(membership_.get())};
  postgres::EventStore store_{cluster::writer_options(database_.connect_options("mesher writer"), membership_.get()),
                              clock_,
                              *metrics_,
                              health_,
                              partitions_,
                              alerting_.hooks(),
                              cluster::lease_of(membership_.get())};
  postgres::IssueStore issue_store_{database_.connect_options("mesher issues"), health_};
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
  nodes::DoorFirst door_first_{[this] { return http_options_.thread_times->total(); },
                               std::thread::hardware_concurrency()};
  nodes::JournalSource source_{*journal_, committer_, source_options(), &door_first_};
  api::WorkerPool workers_{4, 256};
  api::WorkerPool hashing_{2, 32};  // each of the two takes 64 MiB while it hashes
  ws::LiveHub hub_{cli::live_options(config_), api::live_authenticate(pool_, authenticator_, workers_),
                   api::live_history(pool_, workers_), *metrics_};
  postgres::IssueKeeper issue_keeper_{database_.connect_options("mesher issue keeper"), clock_, health_,
                                      [this](const nodes::IssueChange& change) { hub_.update(change); }};

  graph::Taps taps_;
  graph::Registry registry_;
  graph::Runner runner_{registry_, source_, *metrics_, runner_options()};
  cli::GraphService graph_{runner_, registry_, config_, *metrics_};
  ws::TapHub tap_hub_{cli::tap_options(config_),
                      api::live_authenticate(pool_, authenticator_, workers_),
                      taps_,
                      [this] { return node_names(); },
                      projects_,
                      *metrics_};
  cli::LiveRights live_rights_{database_.connect_options("mesher rights"),
                               clock_,
                               health_,
                               config_.session_idle,
                               authenticator_,
                               hub_,
                               tap_hub_};

  http::Router router_;
  http::Server server_{http_options_, router_, *metrics_};
  http::Ingest ingest_{{}, projects_, *journal_, clock_, *metrics_, server_.body_budget()};
};

int fail(const Error& error) {
  fmt::print(stderr, "mesher: {}{}{}\n", error.message, error.hint.empty() ? "" : ": ", error.hint);
  return 1;
}

int serve(const cli::Config& config) {
  cli::Signals signals;
  if (auto status = cluster::check(config); !status) return fail(status.error());
  if (auto status = cli::prepare_data_dir(config); !status) return fail(status.error());
  auto metrics = std::make_unique<Metrics>();
  auto journal = cli::open_journal(config, *metrics);
  if (!journal) return fail(journal.error());
  auto secret =
      auth::load_or_make_secret(config.secret_file.empty() ? config.data_dir / "secret.key" : config.secret_file);
  if (!secret) return fail(secret.error());
  auto database = cli::Database::open_for_server(config);
  if (!database) return fail(database.error());
  auto membership = cluster::join_if_asked(config, *database, **journal, *metrics, *secret);
  if (!membership) return fail(membership.error());
  Server server(config, std::move(*database), std::move(*journal), std::move(metrics), std::move(*secret),
                std::move(*membership));
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
