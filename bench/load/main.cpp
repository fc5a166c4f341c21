#include <chrono>
#include <cstdio>
#include "bench/load/event_pool.hpp"
using namespace mesher::bench;
int main(int c, char** v) {
  auto corpus = read_corpus(c > 1 ? v[1] : sample_corpus_path());
  if (!corpus) {
    std::puts(corpus.error().message.c_str());
    return 1;
  }
  auto events = make_events(*corpus, 2560);
  for (auto& e : events) {
    std::fwrite(e.data(), 1, e.size(), stdout);
    std::putchar('\n');
  }
  EventMaker maker(*corpus, {});
  auto t0 = std::chrono::steady_clock::now();
  EventPool pool(maker, 4096, 1);
  auto t1 = std::chrono::steady_clock::now();
  EventIds ids;
  std::string out;
  for (int i = 0; i < 1000000; ++i) {
    if (i % 100 == 0) out.clear();
    pool.append(out, ids, i, 1700000000000 + i / 100);
  }
  auto t2 = std::chrono::steady_clock::now();
  std::fprintf(stderr, "%f s pool, %f us/event, mean %f\n", std::chrono::duration<double>(t1 - t0).count(),
               std::chrono::duration<double>(t2 - t1).count(), pool.mean_bytes());
}
