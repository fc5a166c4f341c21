#include "io/cli/config.hpp"

#include <fmt/format.h>

#include <toml++/toml.h>
#include <algorithm>
#include <cctype>
#include <charconv>
#include <fstream>
#include <iterator>
#include <set>
#include <utility>

#include "graph/suggest.hpp"
#include "graph/units.hpp"

namespace mesher::cli {
namespace {

using Apply = std::function<Status(Config&, const std::string&)>;

Apply text(std::string Config::*member) {
  return [member](Config& config, const std::string& value) -> Status {
    config.*member = value;
    return {};
  };
}

Apply path(std::filesystem::path Config::*member) {
  return [member](Config& config, const std::string& value) -> Status {
    if (value.empty()) return Error{ErrorCode::invalid, "must not be empty", {}};
    config.*member = value;
    return {};
  };
}

Apply number(std::uint32_t Config::*member, std::uint32_t least, std::uint32_t most) {
  return [=](Config& config, const std::string& value) -> Status {
    std::uint32_t parsed = 0;
    const auto* end = value.data() + value.size();
    const auto [stopped, failure] = std::from_chars(value.data(), end, parsed);
    if (failure != std::errc{} || stopped != end || parsed < least || parsed > most) {
      return Error{ErrorCode::invalid, fmt::format("`{}` is not a whole number from {} to {}", value, least, most), {}};
    }
    config.*member = parsed;
    return {};
  };
}

Apply size(std::uint64_t Config::*member, std::uint64_t least) {
  return [=](Config& config, const std::string& value) -> Status {
    const auto parsed = graph::parse_bytes(value);
    if (!parsed) return parsed.error();
    if (*parsed < static_cast<std::int64_t>(least)) {
      return Error{ErrorCode::invalid, fmt::format("`{}` is less than {} bytes", value, least), {}};
    }
    config.*member = static_cast<std::uint64_t>(*parsed);
    return {};
  };
}

Apply duration(std::chrono::seconds Config::*member, std::chrono::seconds least) {
  return [=](Config& config, const std::string& value) -> Status {
    const auto parsed = graph::parse_duration(value);
    if (!parsed) return parsed.error();
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::microseconds(*parsed));
    if (seconds < least) {
      return Error{ErrorCode::invalid, fmt::format("`{}` is less than {} s", value, least.count()), {}};
    }
    config.*member = seconds;
    return {};
  };
}

/// "https://one.example.com,http://two:3000", or "*".
Apply origins(std::string Config::*member) {
  return [member](Config& config, const std::string& value) -> Status {
    std::string_view rest = value;
    while (!rest.empty()) {
      const auto one = rest.substr(0, rest.find(','));
      rest.remove_prefix(std::min(one.size() + 1, rest.size()));
      const bool web = one.starts_with("https://") || one.starts_with("http://");
      const auto host = web ? one.substr(one.find("//") + 2) : std::string_view();
      if (one != "*" && (host.empty() || host.find_first_of("/?# \t\"") != std::string_view::npos)) {
        return Error{ErrorCode::invalid, fmt::format("`{}` is no origin such as https://errors.example.com", one), {}};
      }
    }
    config.*member = value;
    return {};
  };
}

Apply one_of(std::string Config::*member, std::vector<std::string> allowed) {
  return [member, allowed = std::move(allowed)](Config& config, const std::string& value) -> Status {
    if (std::find(allowed.begin(), allowed.end(), value) == allowed.end()) {
      return Error{ErrorCode::invalid, fmt::format("`{}` is not one of {}", value, fmt::join(allowed, ", ")), {}};
    }
    config.*member = value;
    return {};
  };
}

std::vector<Setting> make_settings() {
  constexpr std::uint64_t kMebi = std::uint64_t{1} << 20;
  return {
      {"--listen", "MESHER_LISTEN", "server", "listen", "Address and port to serve on; port 0 picks a free one.",
       "127.0.0.1:8080", text(&Config::listen)},
      {"--data-dir", "MESHER_DATA_DIR", "server", "data_dir", "Folder of the journal and of the embedded PostgreSQL.",
       "data", path(&Config::data_dir)},
      {"--public-url", "MESHER_PUBLIC_URL", "server", "public_url",
       "How clients reach this server, for DSNs and links; by default the address it listens on.", "",
       text(&Config::public_url)},
      {"--node-name", "MESHER_NODE_NAME", "server", "node_name", "Name of this node; by default the host's.", "",
       text(&Config::node_name)},
      {"--tls-cert", "MESHER_TLS_CERT", "server", "tls_cert", "Certificate chain (PEM); with --tls-key, serves HTTPS.",
       "", text(&Config::tls_cert)},
      {"--tls-key", "MESHER_TLS_KEY", "server", "tls_key", "Private key (PEM) of --tls-cert.", "",
       text(&Config::tls_key)},
      {"--http-threads", "MESHER_HTTP_THREADS", "server", "http_threads", "Threads that serve connections.", "2",
       number(&Config::http_threads, 1, 256)},
      {"--max-connections", "MESHER_MAX_CONNECTIONS", "server", "max_connections", "Connections at a time.", "20000",
       number(&Config::max_connections, 1, 1'000'000)},
      {"--max-connections-per-address", "MESHER_MAX_CONNECTIONS_PER_ADDRESS", "server", "max_connections_per_address",
       "Connections at a time from one address.", "5000", number(&Config::max_connections_per_address, 1, 1'000'000)},
      {"--live-sockets", "MESHER_LIVE_SOCKETS", "server", "live_sockets", "Sockets of the live stream at a time.",
       "10000", number(&Config::live_sockets, 1, 1'000'000)},
      {"--live-sockets-per-user", "MESHER_LIVE_SOCKETS_PER_USER", "server", "live_sockets_per_user",
       "The same of one user.", "500", number(&Config::live_sockets_per_user, 1, 1'000'000)},
      {"--cors-origins", "MESHER_CORS_ORIGINS", "server", "cors_origins",
       "Origins whose pages may call the API from a browser, separated by commas; `*`: any may, with a token. "
       "Ingestion "
       "is open to all.",
       "", origins(&Config::cors_origins)},
      {"--session-idle", "MESHER_SESSION_IDLE", "server", "session_idle",
       "A sign-in ends when it is not used for so long.", "14 d",
       duration(&Config::session_idle, std::chrono::seconds(1))},
      {"--session-lifetime", "MESHER_SESSION_LIFETIME", "server", "session_lifetime",
       "A sign-in ends after this, used or not.", "90 d", duration(&Config::session_lifetime, std::chrono::seconds(1))},
      {"--sign-in-attempts", "MESHER_SIGN_IN_ATTEMPTS", "server", "sign_in_attempts",
       "Failed attempts to sign in to one account in 15 minutes, before they are refused; 0: no limit.", "10",
       number(&Config::sign_ins_per_account, 0, 1'000'000)},
      {"--sign-in-attempts-per-address", "MESHER_SIGN_IN_ATTEMPTS_PER_ADDRESS", "server",
       "sign_in_attempts_per_address", "The same for one address, whatever the account.", "100",
       number(&Config::sign_ins_per_address, 0, 1'000'000)},
      {"--api-rate-limit", "MESHER_API_RATE_LIMIT", "server", "api_rate_limit",
       "API requests of one token or session in a minute; 0: no limit.", "30000",
       number(&Config::api_requests_per_minute, 0, 100'000'000)},
      {"--allow-private-notifications", "MESHER_ALLOW_PRIVATE_NOTIFICATIONS", "notifications", "allow_private",
       "Webhooks of alerts may go to private, loopback and link-local addresses.", "false",
       one_of(&Config::allow_private_notifications, {"true", "false"})},
      {"--notification-interval", "MESHER_NOTIFICATION_INTERVAL", "notifications", "interval",
       "What fires within this time after a place was told something is told there together.", "30 s",
       duration(&Config::notification_interval, std::chrono::seconds(1))},
      {"--secret-file", "MESHER_SECRET_FILE", "notifications", "secret_file",
       "File with the secret that webhooks' secrets are sealed with; made at the first start. By default `secret.key` "
       "in the data directory. Servers that share a database share it, those with --join by themselves.",
       "", path(&Config::secret_file)},
      {"--notification-ca-file", "MESHER_NOTIFICATION_CA_FILE", "notifications", "ca_file",
       "Certificates (PEM) to trust for webhooks and mail; by default the system's.", "",
       text(&Config::notification_ca_file)},
      {"--smtp-url", "MESHER_SMTP_URL", "notifications", "smtp_url",
       "The mail server: smtp://host:587, or smtps://host:465 for TLS from the start. Without it no mail is sent.", "",
       text(&Config::smtp_url)},
      {"--smtp-tls", "MESHER_SMTP_TLS", "notifications", "smtp_tls",
       "For smtp://: STARTTLS is a must (`require`), wanted (`try`) or not used (`off`).", "require",
       one_of(&Config::smtp_tls, {"require", "try", "off"})},
      {"--smtp-user", "MESHER_SMTP_USER", "notifications", "smtp_user", "Name to sign in to the mail server with.", "",
       text(&Config::smtp_user)},
      {"--smtp-password", "MESHER_SMTP_PASSWORD", "notifications", "smtp_password",
       "Its password; better given by the variable or the file.", "", text(&Config::smtp_password)},
      {"--smtp-from", "MESHER_SMTP_FROM", "notifications", "smtp_from", "Sender of mails.", "mesher@localhost",
       text(&Config::smtp_from)},
      {"--log-level", "MESHER_LOG_LEVEL", "server", "log_level", "debug, info, warn or error.", "info",
       one_of(&Config::log_level, {"debug", "info", "warn", "error"})},
      {"--database-url", "MESHER_DATABASE_URL", "database", "url",
       "A PostgreSQL 14 or newer to use, as postgresql://…; by default an embedded one.", "",
       text(&Config::database_url)},
      {"--join", "MESHER_JOIN", "cluster", "join",
       "Serve as one of several nodes that share the database: docs/cluster.md. Needs --database-url and the secret.",
       "false", one_of(&Config::join, {"true", "false"})},
      {"--cluster-secret", "MESHER_CLUSTER_SECRET", "cluster", "secret",
       "The secret that the nodes share, 16 characters or more; better given by the variable or in a file.", "",
       text(&Config::cluster_secret)},
      {"--cluster-secret-file", "MESHER_CLUSTER_SECRET_FILE", "cluster", "secret_file",
       "A file that holds the secret that the nodes share.", "", path(&Config::cluster_secret_file)},
      {"--journal-partitions", "MESHER_JOURNAL_PARTITIONS", "journal", "partitions",
       "Parts of the journal that are written and stored side by side.", "2",
       number(&Config::journal_partitions, 1, 64)},
      {"--journal-max-size", "MESHER_JOURNAL_MAX_SIZE", "journal", "max_size",
       "Bytes that the journal may take; at this size clients get 503 until it drains.", "4 GiB",
       size(&Config::journal_max_size, 8 * kMebi)},
      {"--journal-min-free-disk", "MESHER_JOURNAL_MIN_FREE_DISK", "journal", "min_free_disk",
       "Free bytes that the journal leaves on its disk.", "256 MiB", size(&Config::journal_min_free_disk, 0)},
      {"--graph-threads", "MESHER_GRAPH_THREADS", "graph", "threads", "Threads of the graph; 0: one per core.", "0",
       number(&Config::graph_threads, 0, 1024)},
      {"--graph-in-flight", "MESHER_GRAPH_IN_FLIGHT", "graph", "in_flight",
       "Batches that may be anywhere in the graph: with the batch's size, the bound of its memory.", "16",
       number(&Config::graph_in_flight, 1, 4096)},
      {"--graph-batch-events", "MESHER_GRAPH_BATCH_EVENTS", "graph", "batch_events", "Events of one batch, at most.",
       "256", number(&Config::graph_batch_events, 1, 65'536)},
      {"--graph-batch-bytes", "MESHER_GRAPH_BATCH_BYTES", "graph", "batch_bytes",
       "Bytes of one batch, about (one event may be larger).", "2 MiB", size(&Config::graph_batch_bytes, 4096)},
  };
}

graph::Place place_of(const toml::node& node) {
  return {static_cast<std::uint32_t>(node.source().begin.line), static_cast<std::uint32_t>(node.source().begin.column)};
}

graph::Place place_of(const toml::key& key) {
  return {static_cast<std::uint32_t>(key.source().begin.line), static_cast<std::uint32_t>(key.source().begin.column)};
}

/// Scalars as the text that the command line would take.
std::optional<std::string> as_text(const toml::node& node) {
  if (const auto* s = node.as_string()) return s->get();
  if (const auto* i = node.as_integer()) return fmt::format("{}", i->get());
  if (const auto* b = node.as_boolean()) return b->get() ? "true" : "false";
  return std::nullopt;
}

void apply_table(const std::string& name, const toml::table& table, const std::vector<std::string>& given,
                 Config& config, std::vector<graph::Diagnostic>& mistakes) {
  for (const auto& [key, node] : table) {
    const auto& all = settings();
    const auto at = std::find_if(all.begin(), all.end(),
                                 [&, k = key.str()](const Setting& s) { return s.table == name && s.key == k; });
    if (at == all.end()) {
      std::vector<std::string> known;
      for (const auto& s : all) {
        if (s.table == name) known.push_back(s.key);
      }
      mistakes.push_back({place_of(key), fmt::format("unknown key `{}` in [{}]", key.str(), name),
                          graph::suggestion(key.str(), known)});
      continue;
    }
    const auto value = as_text(node);
    if (!value) {
      mistakes.push_back({place_of(node), fmt::format("`{}` must be a string or a number", at->key), {}});
      continue;
    }
    if (std::find(given.begin(), given.end(), at->option) != given.end()) continue;
    if (const auto status = at->apply(config, *value); !status) {
      mistakes.push_back({place_of(node), fmt::format("{}.{}: {}", name, at->key, status.error().message), {}});
    }
  }
}

/// A file without nodes runs the built-in topology, so that nobody else looks at its other tables.
void check_tables(const toml::table& root, std::vector<graph::Diagnostic>& mistakes) {
  auto known = setting_tables();
  known.insert(known.end(), {"nodes", "tests"});
  for (const auto& [key, node] : root) {
    if (std::find(known.begin(), known.end(), key.str()) != known.end()) continue;
    mistakes.push_back(
        {place_of(key), fmt::format("unknown table `{}`", key.str()), graph::suggestion(key.str(), known)});
  }
}

}  // namespace

const std::vector<Setting>& settings() {
  static const std::vector<Setting> kAll = make_settings();
  return kAll;
}

std::vector<std::string> setting_tables() {
  std::vector<std::string> tables;
  for (const auto& setting : settings()) {
    if (std::find(tables.begin(), tables.end(), setting.table) == tables.end()) tables.push_back(setting.table);
  }
  return tables;
}

std::vector<graph::Diagnostic> apply_file(std::string_view toml, const std::vector<std::string>& already_given,
                                          Config& config) {
  std::vector<graph::Diagnostic> mistakes;
  try {
    const auto root = toml::parse(toml);
    if (root.contains("nodes")) {
      config.topology_text = toml;
    } else {
      check_tables(root, mistakes);
    }
    for (const auto& name : setting_tables()) {
      const auto* node = root.get(name);
      if (node == nullptr) continue;
      if (const auto* table = node->as_table()) {
        apply_table(name, *table, already_given, config, mistakes);
      } else {
        mistakes.push_back({place_of(*node), fmt::format("`{}` must be a table", name), {}});
      }
    }
  } catch (const toml::parse_error& error) {
    const auto& at = error.source().begin;
    mistakes.push_back({{static_cast<std::uint32_t>(at.line), static_cast<std::uint32_t>(at.column)},
                        std::string(error.description()),
                        {}});
  }
  return mistakes;
}

std::string settings_markdown() {
  std::string out = "| option | variable | config file | default | |\n|---|---|---|---|---|\n";
  for (const auto& s : settings()) {
    out += fmt::format("| `{}` | `{}` | `[{}] {}` | {} | {} |\n", s.option, s.variable, s.table, s.key,
                       s.fallback.empty() ? "" : "`" + s.fallback + "`", s.help);
  }
  return out;
}

Result<std::string> read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return Error{ErrorCode::not_found, fmt::format("{} can't be read", path.string()), "check the path"};
  return std::string(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
}

}  // namespace mesher::cli
