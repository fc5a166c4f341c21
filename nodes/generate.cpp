#include "nodes/generate.hpp"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "nodes/event_json.hpp"
#include "nodes/ports/journal.hpp"

namespace mesher::nodes {
namespace {

constexpr std::size_t kPayloads = 1024;
constexpr std::size_t kFrames = 12;

constexpr std::array kTypes{"ValueError", "KeyError",          "TimeoutError",    "DatabaseError",
                            "TypeError",  "ConnectionRefused", "PaymentDeclined", "PermissionDenied"};
constexpr std::array kWhat{"can't reach host db-{} after {} ms", "no such key: order-{} of {}",
                           "took {} ms, which is more than {}", "user {} has no credit: {} EUR missing"};
constexpr std::array kVerbs{"load", "store", "check", "charge", "render", "parse", "send", "merge"};
constexpr std::array kNouns{"order", "user", "basket", "page", "invoice", "session", "report", "image"};
constexpr std::array kEnvironments{"production", "production", "production", "staging"};

template <class List, class Random>
auto pick(const List& list, Random& random) {
  return list[random() % list.size()];
}

std::string frame_json(std::mt19937_64& random, bool in_app) {
  const auto* const noun = pick(kNouns, random);
  return fmt::format(R"({{"function":"{}_{}","module":"{}.{}s","filename":"{}/{}s.py","lineno":{},"in_app":{}}})",
                     pick(kVerbs, random), noun, in_app ? "shop" : "framework", noun, in_app ? "shop" : "framework",
                     noun, random() % 900 + 1, in_app);
}

/// The frames are those of the issue, the values those of the event.
std::string payload_json(std::uint64_t seed, std::uint64_t issue, std::mt19937_64& random) {
  std::mt19937_64 of_issue(seed * 1'000'003 + issue);
  const auto* const type = pick(kTypes, of_issue);
  const auto* const what = pick(kWhat, of_issue);
  std::string frames;
  for (std::size_t i = 0; i < kFrames; ++i) {
    if (i != 0) frames += ',';
    frames += frame_json(of_issue, i % 3 != 0);
  }
  // What makes the issue one of its own, whatever names the others drew.
  frames +=
      fmt::format(R"(,{{"function":"handle_{}","module":"shop.main","filename":"shop/main.py","in_app":true}})", issue);
  return fmt::format(
      R"({{"level":"error","platform":"python","release":"shop@2.{}.0","environment":"{}","server_name":"web-{}",)"
      R"("transaction":"/{}s","user":{{"id":"{}"}},"tags":{{"region":"eu-{}","queue":"q{}"}},)"
      R"("sdk":{{"name":"mesher.generate","version":"1"}},)"
      R"("exception":{{"values":[{{"type":"{}","value":"{}","stacktrace":{{"frames":[{}]}}}}]}}}})",
      random() % 5, pick(kEnvironments, random), random() % 8, pick(kNouns, of_issue), random() % 5000, random() % 3,
      random() % 20, type, fmt::format(fmt::runtime(what), random() % 100'000, random() % 10'000), frames);
}

}  // namespace

/// The payloads, read once; all events point into it.
struct Generator::Pool {
  Pool(std::uint64_t seed, std::uint32_t issues) {
    std::mt19937_64 random(seed);
    EventReader reader;
    for (std::size_t i = 0; i < kPayloads; ++i) {
      // Squared: a few errors make up most of the events, as in life.
      const double place = static_cast<double>(random() >> 11) * 0x1.0p-53;
      const auto issue = static_cast<std::uint64_t>(place * place * issues);
      auto text = payload_json(seed, issue, random);
      const auto size = text.size();
      text.append(ports::kReadPadding, '\0');
      Record record;
      record.body = arena.copy(text).substr(0, size);
      events.push_back(reader.read(record, arena));
    }
  }

  Arena arena;
  std::vector<Event> events;
};

/// When the next batch is due; waits for it, or for the end.
class Generator::Pace {
 public:
  using SteadyClock = std::chrono::steady_clock;

  explicit Pace(double rate) : rate_(rate) {}

  /// False: stop was requested.
  bool wait_for(std::size_t events, const std::stop_token& stop) {
    if (rate_ <= 0) return !stop.stop_requested();
    const auto now = SteadyClock::now();
    // After a stall there is no burst to catch up.
    if (due_ < now - std::chrono::seconds(1)) due_ = now;
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, stop, due_, [] { return false; });
    due_ += std::chrono::duration_cast<SteadyClock::duration>(
        std::chrono::duration<double>(static_cast<double>(events) / rate_));
    return !stop.stop_requested();
  }

  void wait_for_end(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, stop, [] { return false; });
  }

 private:
  const double rate_;
  SteadyClock::time_point due_{};
  std::mutex mutex_;
  std::condition_variable_any changed_;
};

Generator::Generator(Options options, const Clock& clock)
    : options_(options),
      clock_(clock),
      pool_(std::make_shared<const Pool>(options.seed, options.issues)),
      pace_(std::make_unique<Pace>(options.rate)) {}

Generator::~Generator() = default;

std::string_view Generator::produces() const {
  return EventBatch::kKind;
}

std::optional<graph::Source::Item> Generator::next(std::uint32_t partition, std::stop_token stop) {
  const auto left = options_.events == 0 ? options_.batch : options_.events - made_;
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(options_.batch, left));
  if (count == 0) pace_->wait_for_end(stop);
  if (count == 0 || !pace_->wait_for(count, stop)) return std::nullopt;
  auto batch = std::make_unique<EventBatch>();
  batch->keep(pool_);
  batch->events.reserve(count);
  const auto now = clock_.now();
  for (std::size_t i = 0; i < count; ++i) {
    const auto mixed = XXH3_128bits_withSeed(&made_, sizeof made_, options_.seed);
    Event event = pool_->events[mixed.low64 % pool_->events.size()];
    std::memcpy(event.id.bytes.data(), &mixed, sizeof mixed);
    event.project_id = options_.project;
    event.received = event.timestamp = now;
    batch->events.push_back(event);
    ++made_;
  }
  return Item{{partition, batches_++}, std::move(batch), nullptr};
}

graph::NodeSpec generate_spec(const Clock* clock) {
  using graph::OptionType;
  graph::NodeSpec spec;
  spec.type = "generate";
  spec.help =
      "Makes up events, for benchmarks of the nodes behind it: a source of its own, without inputs. The same options "
      "give "
      "the same events. They are in no journal, so batch_write does not take them; to measure storage send events with "
      "mesher-load.";
  spec.produces = EventBatch::kKind;
  spec.serial = true;
  spec.options = {
      {"rate", OptionType::number, "0", "Events a second; 0: as many as the nodes behind it take.", false, 0, 1e9},
      {"events", OptionType::integer, "0", "Ends after so many events; 0: never.", false, 0, {}},
      {"batch", OptionType::integer, "256", "Events in a batch.", false, 1, 4096},
      {"issues", OptionType::integer, "100", "Different errors among the events.", false, 1, 1'000'000},
      {"project", OptionType::integer, "1", "Id of the project that the events belong to.", false, 1, 2147483647},
      {"seed", OptionType::integer, "1", "Another seed gives other events.", false, 0, {}},
  };
  spec.make_source = [clock](const graph::Options& options) -> Result<std::unique_ptr<graph::Source>> {
    Generator::Options wanted;
    wanted.rate = options.number("rate");
    wanted.events = static_cast<std::uint64_t>(options.integer("events"));
    wanted.batch = static_cast<std::size_t>(options.integer("batch"));
    wanted.issues = static_cast<std::uint32_t>(options.integer("issues"));
    wanted.project = static_cast<std::uint32_t>(options.integer("project"));
    wanted.seed = static_cast<std::uint64_t>(options.integer("seed"));
    return std::unique_ptr<graph::Source>(std::make_unique<Generator>(wanted, *clock));
  };
  return spec;
}

}  // namespace mesher::nodes
