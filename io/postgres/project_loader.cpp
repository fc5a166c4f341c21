#include "io/postgres/project_loader.hpp"

#include <algorithm>
#include <utility>

#include "graph/base/log.hpp"
#include "io/postgres/project_settings.hpp"

namespace mesher::postgres {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kFirstPause = 100ms, kLongestPause = 2s;

nodes::ports::ProjectSettings project_from(const Rows& rows, std::size_t row) {
  nodes::ports::ProjectSettings project;
  settings_from_json(rows.text(row, 5), project);
  project.id = static_cast<std::uint32_t>(rows.integer(row, 0));
  project.organization_id = static_cast<std::uint32_t>(rows.integer(row, 1));
  project.slug = rows.text(row, 2);
  project.name = rows.text(row, 3);
  project.platform = rows.text(row, 4);
  return project;
}

nodes::ports::ProjectKey key_from(const Rows& rows, std::size_t row) {
  nodes::ports::ProjectKey key;
  key.id = static_cast<std::uint32_t>(rows.integer(row, 0));
  key.project_id = static_cast<std::uint32_t>(rows.integer(row, 1));
  key.public_key = rows.text(row, 2);
  key.enabled = rows.boolean(row, 3);
  key.rate_limit_per_minute = static_cast<std::uint32_t>(std::max<std::int64_t>(0, rows.integer(row, 4)));
  return key;
}

}  // namespace

Result<nodes::ports::ProjectSnapshot> read_projects_and_keys(Connection& connection) {
  // One snapshot for all three: version, projects and keys fit together.
  std::vector<Call> calls(5);
  calls[0].sql = "begin isolation level repeatable read read only";
  calls[1].sql = "select version from project_version";
  calls[2].sql = "select id, organization_id, slug, name, platform, settings from projects";
  calls[3].sql = "select id, project_id, public_key, enabled, rate_limit_per_minute from project_keys";
  calls[4].sql = "commit";
  const auto answers = connection.run(calls);
  if (!answers) {
    if (!connection.broken() && connection.in_transaction()) (void)connection.execute("rollback");
    return answers.error();
  }
  nodes::ports::ProjectSnapshot snapshot;
  const auto &version = answers->at(1), &projects = answers->at(2), &keys = answers->at(3);
  if (!version.empty()) snapshot.version = static_cast<std::uint64_t>(version.integer(0, 0));
  for (std::size_t i = 0; i < projects.size(); ++i) {
    auto project = project_from(projects, i);
    snapshot.projects.emplace(project.id, std::move(project));
  }
  for (std::size_t i = 0; i < keys.size(); ++i) {
    auto key = key_from(keys, i);
    snapshot.keys.emplace(key.public_key, std::move(key));
  }
  return snapshot;
}

ProjectLoader::ProjectLoader(ConnectOptions options, nodes::ports::ProjectDirectory& directory, Health& health)
    : options_(std::move(options)), directory_(directory), health_(health) {}

ProjectLoader::~ProjectLoader() = default;

Status ProjectLoader::load(Connection& connection) {
  auto snapshot = read_projects_and_keys(connection);
  if (!snapshot) return snapshot.error();
  directory_.publish(std::make_shared<const nodes::ports::ProjectSnapshot>(std::move(*snapshot)));
  return {};
}

Status ProjectLoader::load_now() {
  auto connection = Connection::open(options_);
  if (!connection) return connection.error();
  return load(*connection);
}

void ProjectLoader::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void ProjectLoader::run(const std::stop_token& stop) {
  auto pause = kFirstPause;
  while (!stop.stop_requested()) {
    const auto began = std::chrono::steady_clock::now();
    const auto status = keep_up(stop);
    if (status) return;
    health_.fails("projects", status.error());
    if (std::chrono::steady_clock::now() - began > kLongestPause) pause = kFirstPause;
    std::unique_lock lock(mutex_);
    stopping_.wait_for(lock, stop, pause, [] { return false; });
    pause = std::min(pause * 2, kLongestPause);
  }
}

Result<std::uint64_t> ProjectLoader::stored_version(Connection& connection) {
  const auto rows = connection.query("select version from project_version");
  if (!rows) return rows.error();
  return rows->empty() ? 0 : static_cast<std::uint64_t>(rows->integer(0, 0));
}

/// One session: listens until the connection fails or a stop is requested.
Status ProjectLoader::keep_up(const std::stop_token& stop) {
  auto connection = Connection::open(options_);
  if (!connection) return connection.error();
  if (auto status = connection->execute("listen mesher_projects"); !status) return status;
  while (!stop.stop_requested()) {
    const auto version = stored_version(*connection);
    if (!version) return version.error();
    if (*version != directory_.snapshot()->version) {
      if (auto status = load(*connection); !status) return status;
      log::debug("projects", "loaded version {}", *version);
      // `mesher setup` waits for this, so that the key it prints works at once.
      const auto told =
          connection->query("select pg_notify('mesher_projects_loaded', version::text) from project_version");
      if (!told) return told.error();
    }
    health_.works("projects");
    // Short waits, so that a stop is noticed soon.
    const auto until = std::chrono::steady_clock::now() + kAskEvery;
    while (!stop.stop_requested() && !connection->broken() && std::chrono::steady_clock::now() < until) {
      if (connection->wait_notification(250ms)) break;
    }
  }
  return {};
}

}  // namespace mesher::postgres
