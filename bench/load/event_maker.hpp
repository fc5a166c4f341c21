#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bench/load/corpus.hpp"
#include "graph/base/random.hpp"

/// Realistic error events of about 5.7 KB, made from recorded failures of Java programs: a stack of 20 frames with
/// source lines around the innermost ones, 8 breadcrumbs, tags, user, contexts, request, SDK, release, environment.
/// Which issue an event belongs to follows Zipf's law. The same seed makes the same events, but for ids and times.
namespace mesher::bench {

struct MakerOptions {
  std::uint64_t seed = 1;
  std::uint32_t issues = 500;
  double zipf = 1.0;  ///< exponent: issue k is 1/k^zipf as frequent as the first
};

/// A place in an event that gets a fresh value each time the event is sent.
struct Slot {
  enum class Kind : std::uint8_t {
    event_id,  ///< 32 hex digits
    time,      ///< RFC 3339 with milliseconds, 24 characters
    hex,       ///< random hex digits (trace and span ids)
    number,    ///< random decimal digits (order numbers, amounts in messages)
    user,      ///< the user's number, 5 digits, the same everywhere in one event
  };
  Kind kind = Kind::hex;
  std::uint16_t length = 0;
  std::uint32_t offset = 0;
};

/// The JSON of an event, with zeros where its slots are.
struct EventBody {
  std::string json;
  std::vector<Slot> slots;
  std::uint32_t issue = 0;
};

/// Not thread-safe.
class EventMaker {
 public:
  /// `corpus` must not be empty.
  EventMaker(const std::vector<Failure>& corpus, const MakerOptions& options);
  ~EventMaker();
  EventMaker(const EventMaker&) = delete;
  EventMaker& operator=(const EventMaker&) = delete;

  /// The next event: costs some 30 µs, so make a few thousand and send each often (EventPool).
  [[nodiscard]] EventBody make();

 private:
  struct Issue;
  [[nodiscard]] std::uint32_t draw_issue();

  Random random_;
  std::vector<std::unique_ptr<Issue>> issues_;
  std::vector<double> cumulative_;  ///< of the issues' frequencies, last is 1
};

/// Finished events for tests and micro benchmarks: `n` JSON texts with ids and times filled in.
[[nodiscard]] std::vector<std::string> make_events(const std::vector<Failure>& corpus, std::size_t n,
                                                   const MakerOptions& options = {});

}  // namespace mesher::bench
