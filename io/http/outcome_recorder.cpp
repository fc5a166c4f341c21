#include "io/http/outcome_recorder.hpp"

#include <set>
#include <stop_token>
#include <utility>

#include "graph/base/log.hpp"

namespace mesher::http {
namespace {

constexpr std::chrono::seconds kInterval{1};
constexpr UnixMicros kHour = UnixMicros{3600} * 1'000'000;
constexpr std::size_t kCountsPerRecord = 500;

}  // namespace

struct OutcomeRecorder::Books {
  mutable std::mutex mutex;
  std::condition_variable_any changed;
  std::map<Key, std::int64_t> sums;  // guarded by mutex
  std::set<std::string, std::less<>> words;
  bool appending = false;  // one append at a time

  void put(Key key, std::int64_t quantity) {
    const std::lock_guard lock(mutex);
    if (sums.size() >= kMaxEntries && !sums.contains(key)) std::get<4>(key) = "other";
    sums[std::move(key)] += quantity;
    changed.notify_all();
  }
};

void append_outcomes(const std::vector<nodes::OutcomeCount>& counts, UnixMicros now, nodes::ports::AppendBlock& block) {
  const auto body = nodes::outcomes_to_json(counts);
  nodes::Record record;
  record.kind = nodes::RecordKind::outcomes;
  record.project_id = counts.front().project_id;
  record.received = now;
  record.event_id = nodes::EventId::random();
  record.body = body;
  nodes::encode(record, block.bytes);
  block.ends.push_back(static_cast<std::uint32_t>(block.bytes.size()));
}

OutcomeRecorder::OutcomeRecorder(nodes::ports::Journal& journal, const Clock& clock, Metrics& metrics)
    : journal_(journal),
      clock_(clock),
      metrics_(metrics),
      books_(std::make_shared<Books>()),
      thread_([this](std::stop_token stop) { run(std::move(stop)); }) {}

OutcomeRecorder::~OutcomeRecorder() {
  thread_.request_stop();
  thread_.join();
  if (!flush(kInterval)) log::warn("http", "{} outcome counts could not be stored", pending());
}

void OutcomeRecorder::add(std::uint32_t project_id, std::uint32_t key_id, std::string_view outcome,
                          std::string_view reason, std::string_view category, std::int64_t quantity) {
  metrics_
      .counter("mesher_ingest_outcomes_total", "Events and items refused at the door, by outcome.",
               {{"outcome", std::string(outcome)}})
      .add(static_cast<std::uint64_t>(quantity));
  const auto now = clock_.now();
  books_->put({project_id, key_id, now - now % kHour, std::string(outcome), std::string(reason), std::string(category)},
              quantity);
}

std::string OutcomeRecorder::known_word(std::string_view word) {
  const std::lock_guard lock(books_->mutex);
  if (books_->words.contains(word)) return std::string(word);
  if (books_->words.size() >= kMaxVocabulary) return "other";
  return *books_->words.emplace(word).first;
}

std::size_t OutcomeRecorder::pending() const {
  const std::lock_guard lock(books_->mutex);
  return books_->sums.size();
}

/// Sleeps until there is something, then a second more to gather.
void OutcomeRecorder::run(std::stop_token stop) {
  while (!stop.stop_requested()) {
    {
      std::unique_lock lock(books_->mutex);
      if (!books_->changed.wait(lock, stop, [this] { return !books_->sums.empty(); })) return;
      books_->changed.wait_for(lock, stop, kInterval, [] { return false; });
    }
    if (!stop.stop_requested()) append_pending();
  }
}

/// False if an append is under way already.
bool OutcomeRecorder::append_pending() {
  std::map<Key, std::int64_t> sums;
  {
    const std::lock_guard lock(books_->mutex);
    if (books_->appending) return false;
    sums.swap(books_->sums);
    books_->appending = !sums.empty();
  }
  if (sums.empty()) return true;
  nodes::ports::AppendBlock block;
  std::vector<nodes::OutcomeCount> counts;
  for (const auto& [key, quantity] : sums) {
    const auto& [project, key_id, hour, outcome, reason, category] = key;
    counts.push_back({project, key_id, hour, outcome, reason, category, quantity});
    if (counts.size() == kCountsPerRecord) append_outcomes(std::exchange(counts, {}), clock_.now(), block);
  }
  if (!counts.empty()) append_outcomes(counts, clock_.now(), block);
  journal_.append(std::move(block), [books = books_, sums = std::move(sums)](Status done) {
    if (!done) {
      for (const auto& [key, quantity] : sums) books->put(key, quantity);
    }
    const std::lock_guard lock(books->mutex);
    books->appending = false;
    books->changed.notify_all();
  });
  return true;
}

bool OutcomeRecorder::flush(std::chrono::milliseconds patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  append_pending();
  std::unique_lock lock(books_->mutex);
  return books_->changed.wait_until(lock, until, [this] { return !books_->appending; }) && books_->sums.empty();
}

}  // namespace mesher::http
