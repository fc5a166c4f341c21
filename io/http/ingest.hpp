#pragma once

#include <chrono>
#include <cstddef>
#include <memory>

#include "graph/base/clock.hpp"
#include "graph/base/metrics.hpp"
#include "io/http/byte_budget.hpp"
#include "io/http/message.hpp"
#include "nodes/ports/journal.hpp"
#include "nodes/ports/projects.hpp"

namespace mesher::http {

struct IngestOptions {
  std::size_t max_inflated_bytes = 20 * 1024 * 1024;  ///< of a bulk or envelope; one event: nodes::kMaxEventBytes
  std::chrono::seconds retry_after{10};               ///< told with a 503 while the journal takes nothing
  std::size_t max_rejections = 1000;                  ///< listed in one answer; further ones are counted only
};

/// The door: every way in which events come in. The way of a request: authenticate → rate limit → undo the content
/// encoding → find the events → check each → one journal block → answer when the journal has it (202 on our own
/// endpoints, 200 on Sentry's). Nothing is acknowledged before; what is refused is counted (OutcomeRecorder).
/// Endpoints, limits and answers: docs/ingestion.md.
class Ingest {
 public:
  /// `budget` bounds bodies as received and inflated: the server's. All references must outlive this and every request.
  Ingest(IngestOptions options, const nodes::ports::ProjectDirectory& projects, nodes::ports::Journal& journal,
         const Clock& clock, Metrics& metrics, std::shared_ptr<ByteBudget> budget);
  ~Ingest();  ///< after the server that uses its routes has stopped
  Ingest(const Ingest&) = delete;
  Ingest& operator=(const Ingest&) = delete;

  void add_routes(Router& router);

  /// Makes the outcome counts durable: part of a graceful stop, after drain() and before the journal is closed.
  bool flush(std::chrono::milliseconds patience);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace mesher::http
