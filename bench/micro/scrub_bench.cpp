#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "bench/micro/sample_event.hpp"
#include "nodes/scrub.hpp"

namespace {

using namespace mesher;  // NOLINT(google-build-using-namespace)

void scrub(benchmark::State& state) {
  std::vector<std::string> texts;
  std::size_t bytes = 0;
  for (int i = 0; i < 256; ++i) {
    texts.push_back(bench::sample_event(i));
    bytes += texts.back().size();
  }
  const nodes::ScrubRules rules(nodes::ports::ScrubSettings{});
  nodes::KeyCache cache;
  std::string out;
  std::size_t hits = 0;
  for (auto _ : state) {
    for (const auto& text : texts) {
      out.clear();
      hits += nodes::scrub_json(text, rules, cache, out);
    }
  }
  if (hits > 0) state.SkipWithError("the sample has no secrets");
  state.SetItemsProcessed(static_cast<std::int64_t>(static_cast<std::size_t>(state.iterations()) * texts.size()));
  state.SetBytesProcessed(static_cast<std::int64_t>(static_cast<std::size_t>(state.iterations()) * bytes));
}
BENCHMARK(scrub);

}  // namespace
