// Grouping alone, on one core: from events as parse leaves them to hashes, titles and culprits.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "bench/load/corpus.hpp"
#include "bench/load/event_maker.hpp"
#include "graph/base/assert.hpp"
#include "nodes/event_json.hpp"
#include "nodes/fingerprint_node.hpp"
#include "nodes/ports/journal.hpp"

namespace {

using namespace mesher;  // NOLINT(google-build-using-namespace)

void fingerprint(benchmark::State& state) {
  constexpr std::size_t kEvents = 1024;
  const char* named = std::getenv("MESHER_CORPUS");
  const auto corpus = bench::read_corpus(named != nullptr ? named : bench::sample_corpus_path());
  MESHER_ASSERT(corpus.has_value());
  auto bodies = bench::make_events(*corpus, kEvents);
  nodes::EventReader reader;
  nodes::Arena memory;
  std::vector<nodes::Event> events;
  for (auto& body : bodies) {
    const auto size = body.size();
    body.append(nodes::ports::kReadPadding, '\0');
    nodes::Record record;
    record.body = std::string_view(body).substr(0, size);
    events.push_back(reader.read(record, memory));
  }
  nodes::Grouper grouper;
  for (auto _ : state) {
    nodes::Arena arena;
    for (auto& event : events) nodes::fingerprint_event(event, grouper, arena);
    benchmark::DoNotOptimize(events.back().hashes.data());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kEvents));
}
BENCHMARK(fingerprint)->Name("fingerprint/events")->Unit(benchmark::kMillisecond);

}  // namespace
