// From the journal's bytes to an event with its hashes: the processor's part of storing an event, on one core, through
// the same nodes that the built-in topology has.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "bench/load/corpus.hpp"
#include "bench/load/event_maker.hpp"
#include "graph/base/assert.hpp"
#include "nodes/fingerprint_node.hpp"
#include "nodes/parse.hpp"
#include "nodes/ports/journal.hpp"
#include "nodes/record.hpp"
#include "nodes/scrub.hpp"

namespace {

using namespace mesher;  // NOLINT(google-build-using-namespace)

constexpr std::size_t kBatch = 256, kBatches = 16;  // 24 MB: more than the caches hold

/// The nodes of this benchmark have no options.
class NoOptions final : public graph::Options {
 public:
  [[nodiscard]] bool boolean(std::string_view) const override { none(); }
  [[nodiscard]] std::int64_t integer(std::string_view) const override { none(); }
  [[nodiscard]] double number(std::string_view) const override { none(); }
  [[nodiscard]] std::int64_t micros(std::string_view) const override { none(); }
  [[nodiscard]] std::string string(std::string_view) const override { none(); }
  [[nodiscard]] std::vector<std::string> strings(std::string_view) const override { none(); }
  [[nodiscard]] std::string table_json(std::string_view) const override { none(); }
  [[nodiscard]] bool given(std::string_view) const override { return false; }
  [[nodiscard]] std::string_view node() const override { return "benchmark"; }

 private:
  [[noreturn]] static void none() { std::abort(); }
};

std::vector<std::string> events() {
  const char* named = std::getenv("MESHER_CORPUS");
  const auto corpus = bench::read_corpus(named != nullptr ? named : bench::sample_corpus_path());
  MESHER_ASSERT(corpus.has_value());
  return bench::make_events(*corpus, kBatch * kBatches);
}

struct Chunk {
  std::shared_ptr<std::string> memory = std::make_shared<std::string>();
  std::vector<std::size_t> ends;

  void add(const std::string& body) {
    nodes::Record record;
    record.project_id = 1;
    record.received = 1'717'243'300'000'000;
    record.event_id = nodes::EventId::random();
    record.client = "sentry.java.spring-boot.jakarta/7.16.0";
    record.client_ip = "203.0.113.9";
    record.user_agent = "sentry.java.spring-boot.jakarta/7.16.0";
    record.body = body;
    encode(record, *memory);
    ends.push_back(memory->size());
  }

  [[nodiscard]] std::unique_ptr<nodes::RecordBatch> records() const {
    std::vector<std::string_view> entries;
    std::size_t from = 0;
    for (const auto end : ends) {
      entries.push_back(std::string_view(*memory).substr(from, end - from));
      from = end;
    }
    return std::make_unique<nodes::RecordBatch>(memory, std::move(entries));
  }
};

std::vector<Chunk> chunks() {
  std::vector<Chunk> made(kBatches);
  const auto texts = events();
  for (std::size_t i = 0; i < texts.size(); ++i) made[i / kBatch].add(texts[i]);
  for (auto& chunk : made) chunk.memory->append(nodes::ports::kReadPadding, '\0');
  return made;
}

std::unique_ptr<graph::Node> make(const graph::NodeSpec& spec) {
  return std::move(spec.make(NoOptions()).value().node);
}

void wire_to_fingerprint(benchmark::State& state) {
  const auto input = chunks();
  const nodes::ports::ProjectDirectory projects;
  const auto parse = make(nodes::parse_spec()), scrub = make(nodes::scrub_spec(&projects)),
             fingerprint = make(nodes::fingerprint_spec());
  std::size_t i = 0, bytes = 0;
  for (auto _ : state) {
    graph::Batch batch(input[i].records());
    bytes += batch.content().bytes();
    i = (i + 1) % input.size();
    parse->process(batch);
    scrub->process(batch);
    fingerprint->process(batch);
    MESHER_ASSERT(!batch.as<nodes::EventBatch>().events.back().hashes.empty());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kBatch));
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
}
BENCHMARK(wire_to_fingerprint)->Unit(benchmark::kMillisecond);

}  // namespace
