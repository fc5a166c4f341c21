// What PostgreSQL and the event store take, without the rest of the program: whole transactions of 2,000 realistic
// events on an embedded cluster of its own, by one writer and by two. The counters say what it costs on disk.
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <random>

#include "bench/load/corpus.hpp"
#include "bench/load/event_maker.hpp"
#include "io/postgres/embedded.hpp"
#include "io/postgres/event_store.hpp"
#include "io/postgres/issue_store.hpp"
#include "io/postgres/migrations.hpp"
#include "nodes/parse.hpp"

namespace mesher::postgres {
namespace {

constexpr std::size_t kBatch = 2000;
constexpr std::size_t kPool = 20'000;

/// The cluster, one project, and events with issues, as they would come out of upsert. Made once; gone at the end.
class Bench {
 public:
  static Bench& instance() {
    static Bench bench;
    return bench;
  }

  std::unique_ptr<Embedded> server;
  ConnectOptions options;
  SystemClock clock;
  Metrics metrics;
  Health health;
  Partitions partitions;
  std::unique_ptr<EventStore> store;
  std::vector<std::unique_ptr<nodes::EventBatch>> batches;
  std::uint32_t project = 0;

  double number(const std::string& sql) {
    auto rows = connection_->query(sql);
    return rows ? rows->real(0, 0) : -1;
  }
  std::uint64_t& cursor(int partition) { return cursors_[partition]; }

 private:
  Bench() {
    const char* parent = std::getenv("TMPDIR");
    std::string pattern = std::string(parent ? parent : "/var/tmp") + "/mesher-bench-XXXXXX";
    folder_ = mkdtemp(pattern.data());
    chmod(folder_.c_str(), 0755);
    server = must(Embedded::start(folder_ / "data"));
    options.conninfo = server->conninfo();
    connection_ = std::make_unique<Connection>(must(Connection::open(options)));
    must(migrate(*connection_, built_in_migrations()));
    must(connection_->query("insert into organizations (slug, name) values ('o', 'o')"));
    project = static_cast<std::uint32_t>(
        must(connection_->query("insert into projects (organization_id, slug, name) values (1, 'p', 'p') returning id"))
            .integer(0, 0));
    store = std::make_unique<EventStore>(options, clock, metrics, health, partitions);
    make_batches();
  }
  ~Bench() {
    store.reset();
    connection_.reset();
    server.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  template <class T>
  static T must(Result<T> result) {
    if (result) return std::move(*result);
    fmt::print(stderr, "{}\n", result.error().message);
    std::abort();
  }

  void make_batches() {
    const auto corpus = must(bench::read_corpus(bench::sample_corpus_path()));
    const auto texts = std::make_shared<std::vector<std::string>>(bench::make_events(corpus, kPool));
    auto records = std::make_shared<std::vector<std::string>>();
    for (const auto& text : *texts) {
      nodes::Record record;
      record.project_id = project;
      record.key_id = 1;
      record.received = clock.now();
      record.event_id = nodes::EventId::random();
      record.body = text;
      nodes::encode(record, records->emplace_back());
      records->back().reserve(records->back().size() + nodes::ports::kReadPadding);
    }
    for (std::size_t at = 0; at < kPool; at += kBatch) {
      std::vector<std::string_view> entries(records->begin() + static_cast<std::ptrdiff_t>(at),
                                            records->begin() + static_cast<std::ptrdiff_t>(at + kBatch));
      batches.push_back(nodes::parse_records(nodes::RecordBatch(records, entries), nullptr));
      batches.back()->keep(records);
      give_issues(*batches.back());
    }
  }

  void give_issues(nodes::EventBatch& batch) {
    IssueStore issues(options, health);
    for (auto& event : batch.events) {
      std::string key(event.type);
      if (!event.exceptions.empty()) {
        key = fmt::format("{} in {}", event.exceptions.back().type,
                          event.exceptions.back().frames.empty() ? "" : event.exceptions.back().frames.back().function);
      }
      event.title = batch.arena().copy(key);
      nodes::Fingerprint hash{};
      const auto bits = std::hash<std::string>()(key);
      std::memcpy(hash.data(), &bits, sizeof bits);
      if (auto& known = issues_[key]; known == 0) {
        nodes::ports::IssueStore::Wanted wanted;
        wanted.project_id = project;
        wanted.hashes = {hash};
        wanted.title = key;
        wanted.first_seen = event.received;
        known = must(issues.find_or_create(std::span(&wanted, 1))).front().issue_id;
      }
      event.issue_id = issues_[key];
    }
  }

  std::filesystem::path folder_;
  std::unique_ptr<Connection> connection_;
  std::map<std::string, std::int64_t> issues_;
  std::map<int, std::uint64_t> cursors_{{0, 0}, {1, 0}};
};

void event_store_commit(benchmark::State& state) {
  auto& bench = Bench::instance();
  const int partition = state.thread_index();
  auto& cursor = bench.cursor(partition);
  std::mt19937_64 random(std::random_device{}());
  std::size_t next = static_cast<std::size_t>(partition);
  for (auto _ : state) {
    nodes::ports::WriteSet set;
    set.journal_id = "bench";
    set.partition = static_cast<std::uint32_t>(partition);
    set.cursor_from = cursor;
    set.cursor_to = cursor + kBatch;
    auto& batch = *bench.batches[next];
    next = (next + static_cast<std::size_t>(state.threads())) % bench.batches.size();
    for (auto& event : batch.events) {
      for (std::size_t i = 0; i < 16; i += 8) {
        const auto bits = random();
        std::memcpy(event.id.bytes.data() + i, &bits, 8);
      }
      event.received = event.timestamp = bench.clock.now();
      set.events.push_back(&event);
    }
    const auto committed = bench.store->commit(set);
    if (!committed) {
      state.SkipWithError(committed.error().message.c_str());
      break;
    }
    cursor = set.cursor_to;
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kBatch));
  if (partition != 0) return;
  const auto size = [&](const char* table) {
    return bench.number(
        fmt::format("select sum(pg_total_relation_size(relid)) from pg_partition_tree('{}') where isleaf", table));
  };
  const auto events = bench.number("select sum(events) from project_hours");
  state.counters["bytes/event"] = bench.number("select pg_database_size(current_database())") / events;
  state.counters["rows"] = size("events") / events;
  state.counters["blocks"] = size("event_blocks") / events;
  state.counters["issues"] = bench.number("select count(*) from issues");
}
BENCHMARK(event_store_commit)->Iterations(60)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(event_store_commit)->Iterations(60)->Threads(2)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace mesher::postgres
