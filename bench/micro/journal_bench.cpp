// The journal on a real disk (TMPDIR decides which): appends by clients that wait for each answer, at full speed and at
// a fixed rate, and reading a backlog. One record is 5.7 KB, as an event with 20 frames and 8 breadcrumbs is.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <thread>
#include <vector>

#include "graph/base/log.hpp"
#include "graph/base/metrics.hpp"
#include "io/journal/local_journal.hpp"

namespace mesher::io::journal {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t kRecordBytes = 5700;

struct Disk {
  std::filesystem::path path;
  Metrics metrics;
  std::unique_ptr<LocalJournal> journal;

  Disk() {
    log::set_level(log::Level::error);
    std::string name = (std::filesystem::temp_directory_path() / "mesher-journal-bench-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    path = name;
    LocalJournalOptions options;
    options.directory = path;
    auto opened = LocalJournal::open(options, metrics);
    if (!opened) std::abort();
    journal = std::move(opened).value();
  }
  ~Disk() {
    journal.reset();
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
};

/// Consumes and releases all records, as a pipeline that keeps up does.
class Consumers {
 public:
  explicit Consumers(LocalJournal& journal) {
    for (std::uint32_t p = 0; p < journal.partitions(); ++p) {
      threads_.emplace_back([&journal, p](std::stop_token stop) {
        std::uint64_t next = 0;
        while (const auto chunk = journal.read(p, next, 512, 4 << 20, stop)) journal.release(p, next = chunk->next);
      });
    }
  }

 private:
  std::vector<std::jthread> threads_;
};

/// One thread of a server: has some requests under way, and sends the next when one is answered.
class Client {
 public:
  Client(LocalJournal& journal, std::uint32_t partition, std::size_t under_way)
      : journal_(journal), partition_(partition), under_way_(under_way), record_(kRecordBytes, 'x') {}

  /// Appends `count` records and waits for all answers.
  void run(std::size_t count, std::vector<double>& latencies) {
    std::size_t sent = 0;
    std::size_t answered = 0;
    while (answered < count) {
      while (sent < count && sent - answered < under_way_) send(), ++sent;
      std::unique_lock lock(mutex_);
      answered_.wait(lock, [this] { return !done_.empty(); });
      answered += done_.size();
      latencies.insert(latencies.end(), done_.begin(), done_.end());
      done_.clear();
    }
  }

  void send() {
    journal_.append(partition_, {record_, {static_cast<std::uint32_t>(kRecordBytes)}},
                    [this, began = Clock::now()](Status status) {
                      if (!status) std::abort();
                      const std::lock_guard lock(mutex_);
                      done_.push_back(std::chrono::duration<double>(Clock::now() - began).count());
                      answered_.notify_one();
                    });
  }

 private:
  LocalJournal& journal_;
  std::uint32_t partition_;
  std::size_t under_way_;
  std::string record_;
  std::mutex mutex_;
  std::condition_variable answered_;
  std::vector<double> done_;
};

void report(benchmark::State& state, std::vector<double>& latencies) {
  std::sort(latencies.begin(), latencies.end());
  const auto at = [&](double share) {
    return latencies[static_cast<std::size_t>(share * static_cast<double>(latencies.size() - 1))] * 1e3;
  };
  state.counters["p50_ms"] = at(0.5);
  state.counters["p99_ms"] = at(0.99);
  state.counters["max_ms"] = at(1);
  state.SetItemsProcessed(static_cast<std::int64_t>(latencies.size()));
}

/// The yardstick: what one write and fdatasync of this many bytes costs here and now, over a file full of zeros.
void disk_sync(benchmark::State& state) {
  Disk disk;
  constexpr std::size_t kWrites = 2'000;
  const std::string piece(static_cast<std::size_t>(state.range(0)), 'x');
  const std::string_view view = piece;
  auto file = std::move(Env::posix().open(disk.path / "yardstick", OpenMode::create)).value();
  const std::string zeros(piece.size(), '\0');
  const std::string_view zero_view = zeros;
  for (std::size_t i = 0; i < kWrites; ++i) {
    if (!file->write(i * piece.size(), {&zero_view, 1})) std::abort();
  }
  if (!file->sync()) std::abort();
  std::vector<double> latencies;
  for (auto _ : state) {
    for (std::size_t i = 0; i < kWrites; ++i) {
      const auto began = Clock::now();
      if (!file->write(i * piece.size(), {&view, 1}) || !file->sync()) std::abort();
      latencies.push_back(std::chrono::duration<double>(Clock::now() - began).count());
    }
  }
  report(state, latencies);
}

void append(benchmark::State& state) {
  Disk disk;
  const Consumers consumers(*disk.journal);
  const auto appenders = static_cast<std::size_t>(state.range(0));
  std::vector<double> latencies;
  for (auto _ : state) {
    const std::size_t threads = std::min<std::size_t>(appenders, 2);
    std::vector<std::vector<double>> each(threads);
    {
      std::vector<std::jthread> running;
      for (std::size_t i = 0; i < threads; ++i) {
        running.emplace_back([&, i] {
          Client client(*disk.journal, static_cast<std::uint32_t>(i), appenders / threads);
          client.run(appenders == 1 ? 5'000 : 50'000, each[i]);
        });
      }
    }
    for (const auto& part : each) latencies.insert(latencies.end(), part.begin(), part.end());
  }
  report(state, latencies);
}

/// 2,000 records a second for ten seconds, evenly: what a client waits when the server is not busy.
void append_paced(benchmark::State& state) {
  Disk disk;
  const Consumers consumers(*disk.journal);
  std::mutex mutex;
  std::vector<double> latencies;
  const std::string record(kRecordBytes, 'x');
  for (auto _ : state) {
    const auto begin = Clock::now();
    for (int i = 0; i < 20'000; ++i) {
      std::this_thread::sleep_until(begin + std::chrono::microseconds(500) * i);
      disk.journal->append(static_cast<std::uint32_t>(i % 2), {record, {static_cast<std::uint32_t>(kRecordBytes)}},
                           [&, began = Clock::now()](Status status) {
                             if (!status) std::abort();
                             const std::lock_guard lock(mutex);
                             latencies.push_back(std::chrono::duration<double>(Clock::now() - began).count());
                           });
    }
    while (true) {
      const std::lock_guard lock(mutex);
      if (latencies.size() % 20'000 == 0) break;
    }
  }
  report(state, latencies);
}

void read_backlog(benchmark::State& state) {
  Disk disk;
  constexpr std::size_t kRecords = 100'000;
  std::vector<double> ignored;
  Client(*disk.journal, 0, 64).run(kRecords, ignored);
  for (auto _ : state) {
    std::uint64_t next = 0;
    while (next < kRecords) {
      const auto chunk = disk.journal->read(0, next, 512, 4 << 20, {});
      benchmark::DoNotOptimize(chunk->entries.front().data());
      next = chunk->next;
    }
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * kRecords));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * kRecords * kRecordBytes));
}

BENCHMARK(disk_sync)
    ->Name("disk/write_and_fdatasync")
    ->Arg(6 << 10)
    ->Arg(96 << 10)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK(append)->Name("journal/append")->Arg(1)->Arg(32)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(append_paced)
    ->Name("journal/append_2000_a_second")
    ->Iterations(1)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK(read_backlog)->Name("journal/read")->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace mesher::io::journal
