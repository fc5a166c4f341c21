// mesher-load: the load generator. bench/README.md says how to use it.
#include <cstdio>
#include <memory>

#include "bench/load/corpus.hpp"
#include "bench/load/event_pool.hpp"
#include "bench/load/options.hpp"
#include "bench/load/sender.hpp"
#include "bench/load/tally.hpp"
#include "graph/base/clock.hpp"

namespace {

using namespace mesher;
using namespace mesher::bench;

int complain(const Error& error) {
  std::fprintf(stderr, "mesher-load: %s%s%s\n", error.message.c_str(), error.hint.empty() ? "" : ": ",
               error.hint.c_str());
  return 1;
}

// One event a line, as they would be sent.
int write_events(const LoadOptions& options, EventPool& pool, const EventIds& ids) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(options.write_out.c_str(), "w"), std::fclose);
  if (!file) return complain({ErrorCode::invalid, "can't write " + options.write_out, ""});
  std::string line;
  for (std::uint64_t number = 0; number < options.events; ++number) {
    line.clear();
    pool.append(line, ids, number, SystemClock().now() / 1000);
    line += '\n';
    if (std::fwrite(line.data(), 1, line.size(), file.get()) != line.size())
      return complain({ErrorCode::unavailable, "can't write " + options.write_out, ""});
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const auto options = parse_options(argc, argv);
  const auto corpus = read_corpus(options.corpus);
  if (!corpus) return complain(corpus.error());
  EventMaker maker(*corpus, {.seed = options.seed, .issues = options.issues});
  EventPool pool(maker, options.pool, options.seed);
  const EventIds ids;
  if (!options.write_out.empty()) return write_events(options, pool, ids);

  const auto target = target_of(options);
  if (!target) return complain(target.error());
  Tally tally(ids);
  if (!options.ids_out.empty())
    if (const auto kept = tally.keep_ids(options.ids_out); !kept) return complain(kept.error());
  Sender sender(options, *target, pool, ids, tally);
  const auto span = sender.run();
  if (!span) return complain(span.error());
  std::fputs(tally.report(span->started_at, span->seconds, options.json).c_str(), stdout);
  return 0;
}
