#include "io/cli/server_options.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace mesher::cli {

Result<std::unique_ptr<io::journal::LocalJournal>> open_journal(const Config& config, Metrics& metrics) {
  io::journal::LocalJournalOptions options;
  options.directory = config.data_dir / "journal";
  options.partitions = config.journal_partitions;
  options.max_bytes = config.journal_max_size;
  options.min_free_disk = config.journal_min_free_disk;
  return io::journal::LocalJournal::open(std::move(options), metrics);
}

http::ServerOptions server_options(const Config& config) {
  http::ServerOptions options;
  options.listen = config.listen;
  options.threads = config.http_threads;
  options.tls_certificate = config.tls_cert;
  options.tls_key = config.tls_key;
  options.max_connections = config.max_connections;
  options.max_connections_per_address = config.max_connections_per_address;
  return options;
}

api::AccessSettings access_settings(const Config& config) {
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

notify::NotifierOptions notifier_options(const Config& config, const std::string& secret) {
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

ws::LiveHubOptions live_options(const Config& config) {
  ws::LiveHubOptions options;
  options.allowed_origins = access_settings(config).allowed_origins;
  options.max_sockets = config.live_sockets;
  options.max_sockets_per_user = config.live_sockets_per_user;
  return options;
}

ws::TapHubOptions tap_options(const Config& config) {
  ws::TapHubOptions options;
  options.allowed_origins = access_settings(config).allowed_origins;
  return options;
}

}  // namespace mesher::cli
