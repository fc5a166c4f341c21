// Sentry's endpoints: what an unmodified SDK talks to. Answers are 200, never 202: some SDKs take only 200 for success.
#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "io/http/dsn.hpp"
#include "io/http/envelope.hpp"
#include "io/http/envelope_items.hpp"
#include "io/http/ingest_door.hpp"
#include "io/http/text.hpp"
#include "nodes/coerce.hpp"

namespace mesher::http {
namespace {

// Clocks that are off by less are left alone: the difference is as likely the way of the request.
constexpr std::int64_t kSmallDrift = std::int64_t{60} * 1'000'000;

Refusal bad(std::string code, std::string message) {
  return {400, std::move(code), std::move(message), {}, 0, {}};
}

Response stored(const std::string& id) {
  Response response;
  response.body = id.empty() ? "{}" : R"({"id":")" + id + R"("})";
  add_cors(response);
  return response;
}

/// The project of the path: none on /api/store/. Anything but a number is the caller's mistake.
bool path_project(const Request& request, std::optional<std::uint32_t>& project) {
  const auto at = request.path_parameters.find("project");
  if (at == request.path_parameters.end()) return true;
  project = parse_project_id(at->second);
  return project.has_value();
}

/// One request on one of these endpoints, until it has answered.
class SentryRequest {
 public:
  SentryRequest(std::shared_ptr<Door> door, Request request, Respond respond)
      : door_(std::move(door)), request_(std::move(request)), respond_(std::move(respond)) {}

  void take_envelope();
  void take_store();
  /// For endpoints whose data Mesher does not keep.
  void drop(std::string_view category);

 private:
  void refuse(const Refusal& refusal) { respond_(sentry_answer(refusal)); }
  void refuse(const AuthRefusal& refusal) {
    door_->book(refusal);
    refuse(refusal_of(refusal));
  }
  /// Books one event too, if the sender is known.
  void refuse_event(const Refusal& refusal) {
    if (sender_) {
      const bool ours = refusal.status == 429 || refusal.status == 503;
      door_->book(*sender_, ours ? "rate_limited" : "invalid", refusal.code);
    }
    refuse(refusal);
  }
  /// Both are false after they have answered.
  bool find_credentials();
  bool find_sender(const Credentials& credentials);
  bool agree_with_header(const Envelope& envelope);

  void take_items(Envelope envelope);
  void take_item(const EnvelopeItem& item);
  void take_event(const EnvelopeItem& item);
  void take_report(const EnvelopeItem& item);
  void take_feedback(const EnvelopeItem& item);
  void finish();

  std::shared_ptr<Door> door_;
  Request request_;
  Respond respond_;
  std::optional<std::uint32_t> project_;
  std::optional<Credentials> credentials_;
  std::optional<Sender> sender_;
  std::string body_;
  ByteBudget::Reservation memory_;

  std::optional<RecordWriter> writer_;
  std::optional<nodes::EventId> header_id_;
  std::string id_;  ///< of the answer
  std::vector<nodes::OutcomeCount> reports_;
  std::optional<Refusal> refused_;  ///< the last event that was not taken
  bool not_supported_ = false;
};

bool SentryRequest::find_credentials() {
  if (!path_project(request_, project_)) {
    refuse(bad("invalid_project", "bad project path parameter: it must be the project's number"));
    return false;
  }
  auto found = sentry_credentials(request_);
  if (const auto* wrong = std::get_if<AuthRefusal>(&found)) {
    refuse(*wrong);
    return false;
  }
  credentials_ = std::get<std::optional<Credentials>>(std::move(found));
  return true;
}

bool SentryRequest::find_sender(const Credentials& credentials) {
  auto sender = authenticate(door_->projects, credentials, project_, request_);
  if (const auto* wrong = std::get_if<AuthRefusal>(&sender)) {
    refuse(*wrong);
    return false;
  }
  sender_ = std::get<Sender>(std::move(sender));
  return true;
}

/// A DSN in the envelope's header authenticates, or must say the same as what did.
bool SentryRequest::agree_with_header(const Envelope& envelope) {
  if (envelope.dsn.empty()) {
    if (sender_) return true;
    refuse(no_credentials());
    return false;
  }
  auto dsn = dsn_credentials(envelope.dsn);
  if (const auto* wrong = std::get_if<AuthRefusal>(&dsn)) {
    refuse(*wrong);
    return false;
  }
  const auto& header = std::get<Credentials>(dsn);
  if (!sender_) return find_sender(header);
  if (header.public_key == sender_->key->public_key && header.project_id == sender_->project->id) return true;
  refuse_event(bad("dsn_mismatch", "header mismatch: the envelope's DSN is not the one that authenticated"));
  return false;
}

void SentryRequest::take_envelope() {
  if (!find_credentials()) return;
  if (credentials_ && !find_sender(*credentials_)) return;
  if (const auto refusal = door_->open_body(request_, door_->options.max_inflated_bytes, body_, memory_)) {
    return refuse_event(*refusal);
  }
  auto envelope = parse_envelope(body_);
  if (!envelope) return refuse_event(bad("invalid_envelope", envelope.error().message));
  if (!agree_with_header(*envelope)) return;
  take_items(*std::move(envelope));
}

void SentryRequest::take_items(Envelope envelope) {
  if (!envelope.event_id.empty()) {
    header_id_ = nodes::EventId::parse(envelope.event_id);
    if (!header_id_) return refuse_event(bad("invalid_envelope", "invalid event identifier in the envelope's header"));
    id_ = header_id_->hex();
  }
  const auto now = door_->clock.now();
  writer_.emplace(*sender_, request_, now);
  if (sender_->client.empty()) writer_->set_client(envelope.sdk);
  if (const auto sent = nodes::parse_rfc3339(envelope.sent_at)) {
    if (std::abs(now - *sent) > kSmallDrift) writer_->set_drift(now - *sent);
  }
  for (const auto& item : envelope.items) take_item(item);
  finish();
}

void SentryRequest::take_item(const EnvelopeItem& item) {
  const auto rule = rule_of(item);
  switch (rule.kind) {
    case ItemKind::event:
      return take_event(item);
    case ItemKind::client_report:
      return take_report(item);
    case ItemKind::feedback:
      return take_feedback(item);
    case ItemKind::dropped:
      not_supported_ = not_supported_ || rule.limited;
      for (const auto& [category, quantity] : quantities_of(item)) {
        door_->book(*sender_, "discarded", "not_supported", category, quantity);
      }
      return;
    case ItemKind::unknown:
      door_->book(*sender_, "invalid", "unknown_item_type", rule.category);
      return;
  }
}

/// The header's id is the first event's; SDKs send one event an envelope, further ones keep their own.
void SentryRequest::take_event(const EnvelopeItem& item) {
  auto checked = nodes::validate_event(item.payload, nodes::Strictness::lenient);
  if (checked.error) {
    refused_ = refusal_of(*checked.error);
    return door_->book(*sender_, "invalid", checked.error->code);
  }
  if (checked.event.type == "transaction") {
    not_supported_ = true;
    return door_->book(*sender_, "discarded", "not_supported", "transaction");
  }
  if (const auto verdict = door_->limiter.admit(*sender_, 1); verdict.allowed == 0) {
    refused_ = refusal_of(verdict);
    return door_->book(*sender_, "rate_limited", refused_->code);
  }
  if (header_id_ && writer_->events() == 0) checked.event.id = *header_id_;
  if (id_.empty()) id_ = checked.event.id.hex();
  writer_->add(checked.event, item.payload);
}

void SentryRequest::take_report(const EnvelopeItem& item) {
  auto counts =
      read_client_report(item.payload, sender_->project->id, sender_->key->id, door_->clock.now(), door_->outcomes);
  if (!counts) return door_->book(*sender_, "invalid", "client_report", "internal");
  std::move(counts->begin(), counts->end(), std::back_inserter(reports_));
}

/// A report's event is the envelope's; a feedback item is an event by itself, whose id the header has.
void SentryRequest::take_feedback(const EnvelopeItem& item) {
  auto feedback = read_feedback(item.type, item.payload);
  if (!feedback) return door_->book(*sender_, "invalid", "feedback", "feedback");
  if (const auto verdict = door_->limiter.admit(*sender_, 1); verdict.allowed == 0) {
    refused_ = refusal_of(verdict);
    return door_->book(*sender_, "rate_limited", refused_->code, "feedback");
  }
  const bool report = item.type == "user_report";
  if (report && header_id_) feedback->event_id = *header_id_;
  feedback->id = !report && header_id_ ? *header_id_ : nodes::EventId::random();
  writer_->add(*feedback);
}

void SentryRequest::finish() {
  const auto events = writer_->events();
  if (refused_ && writer_->block.ends.empty() && reports_.empty()) return refuse(*refused_);
  if (!reports_.empty()) append_outcomes(reports_, door_->clock.now(), writer_->block);
  auto answer = refused_ && events == 0 ? sentry_answer(*refused_) : stored(id_);
  std::string limits = refused_ && events > 0 ? refused_->rate_limits : std::string();
  if (not_supported_) limits += (limits.empty() ? "" : ", ") + std::string(kNotSupportedLimits);
  if (!limits.empty()) answer.headers.emplace_back("X-Sentry-Rate-Limits", limits);
  if (writer_->block.ends.empty()) return respond_(std::move(answer));
  door_->append(std::move(writer_->block), *sender_, events,
                [respond = std::move(respond_), answer = std::move(answer),
                 memory = std::make_shared<ByteBudget::Reservation>(std::move(memory_))](
                    const std::optional<Refusal>& refusal) mutable {
                  respond(refusal ? sentry_answer(*refusal) : std::move(answer));
                });
}

/// zlib data without any header that says so, as old clients send it.
Result<std::string> plain_store_body(std::string body, std::size_t limit, ByteBudget::Reservation& memory) {
  if (body.starts_with('{')) return body;
  auto decoded = base64_decoded(body);
  if (!decoded) return Error{ErrorCode::invalid, "the body is neither JSON nor base64", {}};
  if (decoded->starts_with('{')) return *std::move(decoded);
  return decode_content(ContentEncoding::deflate, *decoded, limit, memory);
}

void SentryRequest::take_store() {
  if (request_.header("content-type").starts_with("application/x-sentry-envelope")) return take_envelope();
  if (!find_credentials()) return;
  if (!credentials_) return refuse(no_credentials());
  if (!find_sender(*credentials_)) return;
  if (const auto verdict = door_->limiter.full(*sender_); verdict.allowed == 0)
    return refuse_event(refusal_of(verdict));
  if (const auto refusal = door_->open_body(request_, nodes::kMaxEventBytes * 2, body_, memory_)) {
    return refuse_event(*refusal);
  }
  body_ = nodes::trim(body_);
  if (body_.empty()) return refuse_event(bad("no_data", "the body is empty"));
  auto plain = plain_store_body(std::move(body_), nodes::kMaxEventBytes, memory_);
  if (!plain) {
    return refuse_event(plain.error().code == ErrorCode::invalid ? bad("invalid_json", plain.error().message)
                                                                 : refusal_of_body(plain.error()));
  }
  body_ = *std::move(plain);
  writer_.emplace(*sender_, request_, door_->clock.now());
  take_event({.type = "event", .content_type = {}, .attachment_type = {}, .item_count = 0, .payload = body_});
  finish();
}

void SentryRequest::drop(std::string_view category) {
  if (!find_credentials()) return;
  if (!credentials_) return refuse(no_credentials());
  if (!find_sender(*credentials_)) return;
  door_->book(*sender_, "discarded", "not_supported", category);
  respond_(stored({}));
}

Response preflight() {
  Response response{204, {}, {}, {}};
  add_cors(response);
  return response;
}

}  // namespace

void add_sentry_routes(std::shared_ptr<Door> door, Router& router) {
  const auto add = [&](std::string_view method, std::string_view path, void (*take)(SentryRequest&)) {
    router.add(method, path, [door, take](Request request, Respond respond) {
      SentryRequest sentry(door, std::move(request), std::move(respond));
      take(sentry);
    });
  };
  const auto add_post = [&](std::string_view path, void (*take)(SentryRequest&)) {
    add("POST", path, take);
    router.add("OPTIONS", path, [](Request, Respond respond) { respond(preflight()); });
  };
  add_post("**/api/{project}/envelope", [](SentryRequest& r) { r.take_envelope(); });
  add_post("**/api/{project}/store", [](SentryRequest& r) { r.take_store(); });
  add_post("**/api/store", [](SentryRequest& r) { r.take_store(); });
  for (const auto* path : {"**/api/{project}/security", "**/api/{project}/csp-report", "**/api/{project}/nel"}) {
    add_post(path, [](SentryRequest& r) { r.drop("security"); });
  }
  for (const auto* method : {"GET", "POST", "PUT"}) {
    add(method, "**/api/{project}/cron/{slug}", [](SentryRequest& r) { r.drop("monitor"); });
  }
  for (const auto* path : {"**/api/relay/healthcheck/live", "**/api/relay/healthcheck/ready"}) {
    router.add("GET", path, [](Request, Respond respond) {
      respond({200, "application/json", R"({"is_healthy":true})", {}});
    });
  }
}

}  // namespace mesher::http
