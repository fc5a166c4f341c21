#include "bench/load/options.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <map>

#include "bench/load/corpus.hpp"

namespace mesher::bench {
namespace {

// "max" or a number of events a second.
std::string rate_check(const std::string& text) {
  char* end = nullptr;
  const bool number = std::strtod(text.c_str(), &end) > 0 && *end == '\0';
  return text == "max" || number ? "" : "the rate is a number of events a second, or max";
}

void add_what(CLI::App& app, LoadOptions& options) {
  const std::map<std::string, Mode> modes{
      {"single", Mode::single}, {"bulk", Mode::bulk}, {"envelope", Mode::envelope}, {"ws", Mode::ws}};
  app.add_option("--mode", options.mode, "single, bulk, envelope or ws")->transform(CLI::CheckedTransformer(modes));
  app.add_option("--corpus", options.corpus, "recorded failures to make events from (.jsonl or .jsonl.gz)");
  app.add_option("--batch", options.batch, "events per bulk request (100) or WebSocket frame (1)");
  app.add_option("--issues", options.issues, "how many issues the events belong to, by Zipf's law")
      ->check(CLI::Range(1, 1'000'000));
  app.add_option("--pool", options.pool, "bodies made in advance")->check(CLI::Range(1, 1'000'000));
  app.add_option("--seed", options.seed, "the same seed makes the same events, but for ids and times");
  app.add_flag("--gzip", options.gzip, "compress bodies (HTTP modes)");
}

void add_how(CLI::App& app, LoadOptions& options) {
  app.add_option("--duration", options.duration_s, "seconds to send for")->check(CLI::PositiveNumber);
  app.add_option("--events", options.events, "stop after so many events");
  app.add_option("--connections", options.connections, "connections kept open")->check(CLI::Range(1, 10'000));
  app.add_option("--window", options.window, "unanswered frames per WebSocket")->check(CLI::Range(1, 10'000));
  app.add_option("--timeout", options.timeout_s, "seconds to wait for an answer")->check(CLI::PositiveNumber);
  app.add_flag("--json", options.json, "print one JSON object");
  app.add_option("--ids-out", options.ids_out, "file for the id of every acknowledged event");
  app.add_option("--write", options.write_out, "write the events (--events) to this file as NDJSON, send nothing");
  auto* live = app.add_option("--live", options.live_token, "API token: watch the live stream too, and time it");
  app.add_option("--project", options.live_project, "project to watch with --live")->needs(live);
  live->needs(app.get_option("--project"));
}

}  // namespace

LoadOptions parse_options(int argc, char** argv) {
  CLI::App app("Sends realistic error events to Mesher and tells what became of them.", "mesher-load");
  LoadOptions options;
  std::string rate = "max";
  auto* url = app.add_option("--url", options.url, "where to, as http://host:port");
  app.add_option("--dsn", options.dsn, "DSN of the project, as printed by mesher setup");
  app.add_option("--rate", rate, "events a second by a fixed schedule, or max")->check(rate_check);
  add_what(app, options);
  add_how(app, options);
  try {
    app.parse(argc, argv);
    if (url->count() == 0 && options.write_out.empty()) throw CLI::RequiredError("--url");
  } catch (const CLI::ParseError& wrong) {
    std::exit(app.exit(wrong));
  }
  if (rate != "max") options.rate = std::strtod(rate.c_str(), nullptr);
  if (options.batch == 0) options.batch = options.mode == Mode::bulk ? 100 : 1;
  if (options.mode == Mode::single || options.mode == Mode::envelope) options.batch = 1;
  if (options.corpus.empty()) options.corpus = sample_corpus_path();
  return options;
}

Result<Target> target_of(const LoadOptions& options) {
  constexpr std::string_view kScheme = "http://";
  const auto wrong = [](std::string_view what, std::string_view text) {
    return Error{ErrorCode::invalid, fmt::format("{} is no {}", text, what), "only plain http is spoken here"};
  };
  std::string_view url = options.url, dsn = options.dsn;
  if (!url.starts_with(kScheme)) return wrong("URL", url);
  url.remove_prefix(kScheme.size());
  url = url.substr(0, url.find('/'));
  const auto colon = url.rfind(':');
  Target target{std::string(url.substr(0, colon)), "80", "", ""};
  if (colon != std::string_view::npos) target.port = url.substr(colon + 1);
  if (dsn.empty()) return target;
  const auto at = dsn.find('@'), slash = dsn.rfind('/'), scheme = dsn.find("://");
  if (scheme == std::string_view::npos || at == std::string_view::npos || slash < at) return wrong("DSN", dsn);
  target.key = dsn.substr(scheme + 3, at - scheme - 3);
  target.project = dsn.substr(slash + 1);
  return target;
}

}  // namespace mesher::bench
