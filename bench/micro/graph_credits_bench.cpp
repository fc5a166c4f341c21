#include <benchmark/benchmark.h>

#include "graph/credits.hpp"
#include "graph/receipt.hpp"

namespace {

using namespace mesher::graph;

void graph_credit_taken_and_given_back(benchmark::State& state) {
  static Credits credits(16);
  for (auto _ : state) {
    benchmark::DoNotOptimize(credits.try_acquire());
    credits.release();
  }
}
BENCHMARK(graph_credit_taken_and_given_back)->Threads(1)->Threads(2);

class Nobody final : public Credits::Waiter {
 public:
  void granted() noexcept override {}
};

/// A sender that has to wait: queue, hand over, destroy.
void graph_credit_handed_to_a_waiter(benchmark::State& state) {
  Credits credits(1);
  benchmark::DoNotOptimize(credits.try_acquire());
  for (auto _ : state) {
    std::unique_ptr<Credits::Waiter> waiter = std::make_unique<Nobody>();
    benchmark::DoNotOptimize(credits.acquire_or_wait(waiter));
    credits.release();
  }
}
BENCHMARK(graph_credit_handed_to_a_waiter);

void graph_gate_entered_and_left(benchmark::State& state) {
  static Gate gate;
  for (auto _ : state) {
    benchmark::DoNotOptimize(gate.enter());
    gate.leave();
  }
}
BENCHMARK(graph_gate_entered_and_left)->Threads(1)->Threads(2);

}  // namespace
