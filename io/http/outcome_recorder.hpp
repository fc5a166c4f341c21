#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <vector>

#include "graph/base/clock.hpp"
#include "graph/base/metrics.hpp"
#include "nodes/ports/journal.hpp"
#include "nodes/record.hpp"

namespace mesher::http {

/// The books of what never became an event: refused at the door, or reported by clients. Adds up per project, key,
/// hour, outcome, reason and category, and appends the sums to the journal at most every second, so that they are
/// stored by the same transactions as events. A journal that refuses keeps them here for the next try. Bounded: beyond
/// kMaxEntries different sums, reasons are merged into "other". Any thread.
class OutcomeRecorder {
 public:
  static constexpr std::size_t kMaxEntries = 4096;
  static constexpr std::size_t kMaxVocabulary = 200;  ///< different reasons and categories that clients may invent

  OutcomeRecorder(nodes::ports::Journal& journal, const Clock& clock, Metrics& metrics);
  ~OutcomeRecorder();  ///< flushes what it can within a second
  OutcomeRecorder(const OutcomeRecorder&) = delete;
  OutcomeRecorder& operator=(const OutcomeRecorder&) = delete;

  /// `outcome` and `category` are of the closed lists of nodes/record.hpp, `reason` is one of ours.
  void add(std::uint32_t project_id, std::uint32_t key_id, std::string_view outcome, std::string_view reason,
           std::string_view category, std::int64_t quantity = 1);

  /// For client reports: counts that the caller appends to the journal itself, before it answers. Words beyond the
  /// vocabulary become "other".
  [[nodiscard]] std::string known_word(std::string_view word);

  /// Appends what is pending now and waits until the journal has it; false if it does not within `patience`.
  bool flush(std::chrono::milliseconds patience);

  [[nodiscard]] std::size_t pending() const;

 private:
  using Key = std::tuple<std::uint32_t, std::uint32_t, UnixMicros, std::string, std::string, std::string>;
  struct Books;

  void run(std::stop_token stop);
  bool append_pending();

  nodes::ports::Journal& journal_;
  const Clock& clock_;
  Metrics& metrics_;
  std::shared_ptr<Books> books_;  // also held by appends under way
  std::jthread thread_;
};

/// One journal record that holds these counts, appended to `block`.
void append_outcomes(const std::vector<nodes::OutcomeCount>& counts, UnixMicros now, nodes::ports::AppendBlock& block);

}  // namespace mesher::http
