#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <vector>

#include "bench/micro/sample_event.hpp"
#include "nodes/parse.hpp"
#include "nodes/split.hpp"
#include "nodes/validate.hpp"

namespace {

using namespace mesher;  // NOLINT(google-build-using-namespace)

constexpr int kEvents = 256;

std::vector<std::string> events() {
  std::vector<std::string> texts;
  for (int i = 0; i < kEvents; ++i) texts.push_back(bench::sample_event(i));
  return texts;
}

nodes::RecordBatch records() {
  auto memory = std::make_shared<std::string>();
  std::vector<std::size_t> ends;
  for (const auto& text : events()) {
    nodes::Record record;
    record.project_id = 1;
    record.received = 1'717'243'300'000'000;
    record.event_id = nodes::EventId::random();
    record.client = "sentry.java/7.9.0";
    record.client_ip = "203.0.113.9";
    record.body = text;
    encode(record, *memory);
    ends.push_back(memory->size());
  }
  memory->append(64, ' ');
  std::vector<std::string_view> entries;
  std::size_t from = 0;
  for (const auto end : ends) {
    entries.push_back(std::string_view(*memory).substr(from, end - from));
    from = end;
  }
  return {memory, entries};
}

void set_rates(benchmark::State& state, std::size_t events, std::size_t bytes) {
  state.SetItemsProcessed(static_cast<std::int64_t>(static_cast<std::size_t>(state.iterations()) * events));
  state.SetBytesProcessed(static_cast<std::int64_t>(static_cast<std::size_t>(state.iterations()) * bytes));
}

void validate(benchmark::State& state) {
  const auto texts = events();
  std::size_t bytes = 0;
  for (const auto& text : texts) bytes += text.size();
  for (auto _ : state) {
    for (const auto& text : texts) benchmark::DoNotOptimize(nodes::validate_event(text, nodes::Strictness::strict));
  }
  set_rates(state, texts.size(), bytes);
}
BENCHMARK(validate);

void split(benchmark::State& state) {
  std::string bulk = "[";
  for (const auto& text : events()) bulk += text + ",";
  bulk.back() = ']';
  for (auto _ : state) {
    nodes::EventSplitter splitter(bulk, nodes::BulkFormat::array);
    while (auto element = splitter.next()) benchmark::DoNotOptimize(element->json);
  }
  set_rates(state, kEvents, bulk.size());
}
BENCHMARK(split);

void parse(benchmark::State& state) {
  const auto batch = records();
  for (auto _ : state) benchmark::DoNotOptimize(nodes::parse_records(batch, nullptr));
  set_rates(state, batch.size(), batch.bytes());
}
BENCHMARK(parse);

}  // namespace
