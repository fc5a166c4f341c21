#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graph/base/result.hpp"
#include "io/http/content_encoding.hpp"
#include "io/http/ingest.hpp"
#include "io/http/ingest_auth.hpp"
#include "io/http/outcome_recorder.hpp"
#include "io/http/rate_limiter.hpp"
#include "nodes/validate.hpp"

/// What the endpoints of ingestion share. Internal to ingest*.cpp.
namespace mesher::http {

/// A refusal, the same for every endpoint; each dialect words it in its own way.
struct Refusal {
  int status = 400;
  std::string code, message, field;
  std::uint32_t retry_after = 0;
  std::string rate_limits;  ///< X-Sentry-Rate-Limits
};
[[nodiscard]] Refusal refusal_of(const AuthRefusal& auth);
[[nodiscard]] Refusal refusal_of(const nodes::ValidationError& error);
/// Of decode_content's errors.
[[nodiscard]] Refusal refusal_of_body(const Error& error);
[[nodiscard]] Refusal refusal_of(const RateLimiter::Verdict& verdict);

/// Puts the headers that every answer of an ingestion endpoint carries.
void add_cors(Response& response);
/// `{"error":{…}}`
[[nodiscard]] Response native_answer(const Refusal& refusal);
/// `{"detail":"…","causes":[…]}`
[[nodiscard]] Response sentry_answer(const Refusal& refusal);

class Door : public std::enable_shared_from_this<Door> {
 public:
  Door(IngestOptions o, const nodes::ports::ProjectDirectory& p, nodes::ports::Journal& j, const Clock& c, Metrics& m,
       std::shared_ptr<ByteBudget> b);

  /// The body without its content encoding; a body without one is moved, not copied.
  [[nodiscard]] std::optional<Refusal> open_body(Request& request, std::size_t limit, std::string& body,
                                                 ByteBudget::Reservation& memory) const;

  /// Books a refused event (or other item) of a known sender.
  void book(const Sender& sender, std::string_view outcome, std::string_view reason,
            std::string_view category = "error", std::int64_t quantity = 1) {
    outcomes.add(sender.project->id, sender.key->id, outcome, reason, category, quantity);
  }
  void book(const AuthRefusal& refusal);

  /// Appends `block` and calls `done` from a thread of the journal. `events` of `sender` are booked if it is refused.
  /// `done` gets the refusal, if there is one.
  void append(nodes::ports::AppendBlock block, const Sender& sender, std::size_t events,
              std::function<void(std::optional<Refusal>)> done);

  const IngestOptions options;
  const nodes::ports::ProjectDirectory& projects;
  nodes::ports::Journal& journal;
  const Clock& clock;
  std::shared_ptr<ByteBudget> budget;
  RateLimiter limiter;
  OutcomeRecorder outcomes;
  Counter& taken;
  Counter& body_bytes;
};

/// Collects the records of one request.
class RecordWriter {
 public:
  RecordWriter(const Sender& sender, const Request& request, UnixMicros now);

  void add(const nodes::CheckedEvent& event, std::string_view json);
  /// What a user said; it is no event.
  void add(const nodes::Feedback& feedback);
  /// Takes the records behind the first `n` back.
  void keep_first(std::size_t n);
  void set_drift(std::int64_t micros) { record_.sent_drift = micros; }
  void set_client(std::string_view client) { record_.client = client; }
  [[nodiscard]] std::size_t events() const { return events_; }
  nodes::ports::AppendBlock block;

 private:
  std::string client_ip_;
  nodes::Record record_;
  std::size_t events_ = 0;
};

void add_native_routes(std::shared_ptr<Door> door, Router& router);
void add_sentry_routes(std::shared_ptr<Door> door, Router& router);
void add_socket_routes(std::shared_ptr<Door> door, Router& router);

/// One event of a bulk that was not taken.
struct Rejection {
  std::size_t index;
  std::string code, message, field;
};

/// What became of the events of a bulk body or a stream's frame before the journal has them.
struct Bulk {
  std::vector<nodes::EventId> ids;    ///< of the good ones, in order
  std::vector<Rejection> rejections;  ///< at most IngestOptions::max_rejections
  std::size_t rejected = 0;           ///< all of them
  bool nothing_read = false;          ///< not one event could be found in the body
  std::optional<Refusal> limited;     ///< the rate limit held back some or all
};

/// Checks, limits and books the events of `body` and writes the good ones.
[[nodiscard]] Bulk take_bulk(Door& door, const Sender& sender, std::string_view body, bool lines, RecordWriter& writer);

}  // namespace mesher::http
