#include "io/cli/command_line.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <map>
#include <utility>

#include "io/cli/graph_service.hpp"
#include "nodes/catalog.hpp"
#include "nodes/default_topology.hpp"

namespace mesher::cli {
namespace {

/// What CLI11 filled in for the settings of one command, before it is checked.
struct Given {
  std::map<std::string, std::string> values;  ///< by option
  std::string config_file;
};

void add_settings(CLI::App& app, Given& given, const std::vector<std::string>& only = {}) {
  app.add_option("--config", given.config_file, "Config file (TOML): settings and topology.")->envname("MESHER_CONFIG");
  for (const auto& setting : settings()) {
    if (!only.empty() && std::find(only.begin(), only.end(), setting.option) == only.end()) continue;
    auto help = setting.help;
    if (!setting.fallback.empty()) help += " Default: " + setting.fallback;
    if (setting.fallback == "false") {  // a switch: its name alone turns it on
      app.add_flag_function(
             setting.option,
             [&given, name = setting.option](std::int64_t count) { given.values[name] = count > 0 ? "true" : "false"; },
             help)
          ->envname(setting.variable);
      continue;
    }
    app.add_option_function<std::string>(
           setting.option, [&given, name = setting.option](const std::string& value) { given.values[name] = value; },
           help)
        ->envname(setting.variable);
  }
}

/// All mistakes of a file at once, in its order, whoever finds them.
void add_topology_mistakes(const Config& config, std::vector<graph::Diagnostic>& mistakes) {
  graph::Registry registry;
  nodes::register_nodes(registry, {});
  for (auto& mistake : parse_config_topology(config.topology_text, registry).mistakes) {
    const auto same = [&](const graph::Diagnostic& other) { return other.text("") == mistake.text(""); };
    if (std::none_of(mistakes.begin(), mistakes.end(), same)) mistakes.push_back(std::move(mistake));
  }
  std::stable_sort(mistakes.begin(), mistakes.end(), [](const graph::Diagnostic& a, const graph::Diagnostic& b) {
    return std::pair(a.place.line, a.place.column) < std::pair(b.place.line, b.place.column);
  });
}

/// Applies command line, variables and file to `config`. False: mistakes were printed.
bool settle(const Given& given, Config& config) {
  std::vector<std::string> names;
  for (const auto& setting : settings()) {
    const auto at = given.values.find(setting.option);
    if (at == given.values.end()) continue;
    names.push_back(setting.option);
    if (const auto status = setting.apply(config, at->second); !status) {
      fmt::print(stderr, "mesher: {}: {}\n", setting.option, status.error().message);
      return false;
    }
  }
  config.file = given.config_file;
  config.topology_text = std::string(nodes::kDefaultTopology);
  if (given.config_file.empty()) return true;
  const auto text = read_file(given.config_file);
  if (!text) {
    fmt::print(stderr, "mesher: --config: {}\n", text.error().message);
    return false;
  }
  auto mistakes = apply_file(*text, names, config);
  if (!mistakes.empty()) add_topology_mistakes(config, mistakes);
  for (const auto& mistake : mistakes) fmt::print(stderr, "{}\n", mistake.text(given.config_file));
  return mistakes.empty();
}

const std::vector<std::string> kDatabaseSettings = {"--data-dir", "--database-url", "--public-url", "--listen",
                                                    "--log-level"};

class Commands {
 public:
  Commands() {
    app_.require_subcommand(1);
    app_.set_version_flag("--version", "mesher " MESHER_VERSION);
    auto* serve = add("serve", "Run the server.");
    add_settings(*serve, given_);
    add_setup();
    add_topology_commands();
    auto* fingerprint = add("fingerprint", "Print the fingerprint of each event (NDJSON) or line on standard input.");
    fingerprint->add_flag("--lines", line_.lines, "Standard input is plain lines, each a message.");
    fingerprint->add_flag("--explain", line_.explain, "Print the components that made each fingerprint.");
    fingerprint->add_option("--rules", line_.rules_file, "File of fingerprint rules to apply (docs/grouping.md).");
    add_maintenance();
    add_watching();
    add("version", "Print the version.");
  }

  Parsed parse(int argc, const char* const* argv) {
    try {
      app_.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      const int code = app_.exit(error);
      return {std::nullopt, code == 0 ? 0 : 2};
    }
    const auto* command = app_.get_subcommands().front();
    line_.command = command->get_name();
    if (line_.command == "help") line_.topic = command->get_subcommands().front()->get_name();
    if (!settle(given_, line_.config)) return {std::nullopt, 1};
    return {std::move(line_), 0};
  }

 private:
  CLI::App* add(const std::string& name, const std::string& help) { return app_.add_subcommand(name, help); }

  void add_setup() {
    auto* setup =
        add("setup", "Create, or find, an owner, an organisation and a project; print keys and a fresh token.");
    add_settings(*setup, given_, kDatabaseSettings);
    setup->add_option("--org", line_.organization, "Name of the organisation.")->required();
    setup->add_option("--project", line_.project, "Name of the project.")->required();
    setup->add_option("--platform", line_.platform, "Platform of the project, such as python or javascript.");
    setup->add_option("--email", line_.email, "The owner's e-mail address.")->required();
    setup->add_option("--password", line_.password, "The owner's password, if the owner is new: 8 characters or more.")
        ->required();
    setup->add_flag("--json", line_.json, "Print one line of JSON.");
  }

  void add_topology_commands() {
    auto* validate = add("validate", "Check a config file; every mistake with its place.");
    add_settings(*validate, given_);
    auto* graph = add("graph", "Draw the topology of a config file, or the built-in one.");
    add_settings(*graph, given_);
    graph->add_option("--format", line_.format, "text, mermaid, dot or json.")
        ->check(CLI::IsMember({"text", "mermaid", "dot", "json"}));
    auto* test = add("test", "Run the [[tests]] of a config file.");
    add_settings(*test, given_);
    auto* help = add("help", "Explain node types: mesher help node [TYPE].");
    auto* node = help->add_subcommand("node", "Options of a node type.");
    node->add_option("type", line_.node_type, "The type; without it all are explained.");
    help->add_subcommand("settings", "All settings of the server, as the table of docs/config.md.");
    help->add_subcommand("rights", "Who may do what, as docs/rights.md.");
    help->require_subcommand(1);
  }

  void add_maintenance() {
    auto* psql = add("psql", "Open psql on the database.");
    add_settings(*psql, given_, kDatabaseSettings);
    psql->add_option("arguments", line_.rest, "Passed on to psql (after --).");
    auto* doctor = add("doctor", "Look at a data directory and its server: what is well, what is not, what to do.");
    add_settings(*doctor, given_, kDatabaseSettings);
    auto* passwd = add("passwd", "Set an account's password, from standard input; its sessions end.");
    add_settings(*passwd, given_, kDatabaseSettings);
    passwd->add_option("--email", line_.email, "The account's e-mail address.")->required();
    auto* replay = add("replay", "Send quarantined events round again; prints how many.");
    add_settings(*replay, given_, kDatabaseSettings);
    replay->add_flag("--all", line_.replay_all, "All that are in quarantine.");
    replay->add_option("--id", line_.replay_ids, "Number of an entry or id of an event; may be given several times.");
    replay->add_option("--project", line_.replay_project, "Only events of the project with this id.")
        ->check(CLI::Range(1, 2147483647));
    replay->add_option("--reason", line_.replay_reason, "Only events whose reason contains this text.");
    replay->add_flag("--json", line_.json, "Print one line of JSON.");
    add_demo();
    auto* backup = add("backup", "Write a backup of everything that is stored, while a server runs or not.");
    add_settings(*backup, given_, kDatabaseSettings);
    backup->add_option("file", line_.backup_file, "File to write.")->required();
    backup
        ->add_option("--wait", line_.wait_seconds, "Wait up to so many seconds until what was acknowledged is stored.")
        ->check(CLI::Range(0, 86400));
    auto* restore = add("restore", "Fill an empty database from a backup.");
    add_settings(*restore, given_, kDatabaseSettings);
    restore->add_option("file", line_.backup_file, "File that mesher backup has written.")->required();
    auto* retain =
        add("retain", "Delete what is older than its project keeps, as the server does every hour; prints what went.");
    add_settings(*retain, given_, kDatabaseSettings);
    retain->add_flag("--dry-run", line_.dry_run, "Only count what would go.");
    retain->add_flag("--json", line_.json, "Print one line of JSON.");
    add_cluster();
    auto* migrate = add("migrate", "Bring the database's tables up to this version.");
    add_settings(*migrate, given_, kDatabaseSettings);
  }

  void add_cluster() {
    auto* nodes = add("nodes", "The nodes that share the database: state, load, when each was heard of.");
    add_settings(*nodes, given_, kDatabaseSettings);
    nodes->add_flag("--json", line_.json, "Print one line of JSON.");
    auto* drain = add("drain", "Have a node take nothing more, store what it has acknowledged, and stop.");
    add_settings(*drain, given_, kDatabaseSettings);
    drain->add_option("node", line_.node, "Name of the node.")->required();
    drain
        ->add_option("--wait", line_.wait_seconds,
                     "Look on for so many seconds at most; by default until the node has left.")
        ->check(CLI::Range(0, 86400));
  }

  void add_demo() {
    auto* demo = add("demo", "Fill a project with a believable fortnight, then keep events coming until Ctrl-C.");
    add_settings(*demo, given_, kDatabaseSettings);
    line_.project = "Shop";
    demo->add_option("--project", line_.project, "Its name; it is made if need be. Default: Shop");
    demo->add_option("--url", line_.url, "Address of the server; by default the one that runs on the data directory.")
        ->envname("MESHER_URL");
    demo->add_flag("--once", line_.demo_once, "End when it is filled; needs no running server.");
    demo->add_option("--per-minute", line_.demo_per_minute, "Events a minute that keep coming. Default: 40")
        ->check(CLI::Range(0.1, 6000.0));
    demo->add_option("--seed", line_.demo_seed, "The same seed makes the same events. Default: 1");
  }

  void add_watching() {
    auto* tap = add("tap", "Show events that leave a node of the running graph: a sample, scrubbed.");
    add_server(*tap);
    tap->add_option("node", line_.node, "Name of the node.")->required();
    tap->add_option("--filter", line_.filter, "Only events that satisfy this query (docs/search.md).");
    tap->add_option("--format", line_.format, "pretty or json, one line each.")
        ->check(CLI::IsMember({"pretty", "json"}))
        ->default_str("pretty");
    tap->add_option("--count", line_.count, "End after so many events.");
    auto* top = add("top", "The running graph in the terminal: rates, fill, errors, back-pressure of each node.");
    add_server(*top);
    top->add_option("--interval", line_.interval, "Seconds between two looks.")->check(CLI::Range(0.1, 3600.0));
    top->add_option("--count", line_.count, "Without a terminal: so many tables; by default one.");
    top->add_flag("--plain", line_.plain, "Tables one after the other, for scripts.");
  }

  void add_server(CLI::App& app) {
    add_settings(app, given_, kDatabaseSettings);
    app.add_option("--url", line_.url, "Address of the server; by default the one that runs on the data directory.")
        ->envname("MESHER_URL");
    app.add_option("--token", line_.token, "API token of an owner of the instance.")->envname("MESHER_TOKEN");
  }

  CLI::App app_{"Mesher takes in error events, groups them into issues, streams and shows them."};
  CommandLine line_;
  Given given_;
};

}  // namespace

Parsed parse_command_line(int argc, const char* const* argv) {
  return Commands().parse(argc, argv);
}

}  // namespace mesher::cli
