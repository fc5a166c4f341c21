#include "io/http/ingest_door.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "io/http/origin.hpp"
#include "io/http/text.hpp"

namespace mesher::http {
namespace {

constexpr std::string_view kAllowHeaders =
    "x-mesher-auth, x-sentry-auth, x-requested-with, x-forwarded-for, origin, referer, accept, content-type, "
    "authentication, authorization, content-encoding, transfer-encoding, traceparent, baggage, sentry-trace";
constexpr std::string_view kExposeHeaders = "x-sentry-error, x-sentry-rate-limits, retry-after";

void add_refusal_headers(const Refusal& refusal, Response& response) {
  if (refusal.retry_after > 0) response.headers.emplace_back("Retry-After", std::to_string(refusal.retry_after));
  if (!refusal.rate_limits.empty()) response.headers.emplace_back("X-Sentry-Rate-Limits", refusal.rate_limits);
  add_cors(response);
}

}  // namespace

void add_cors(Response& response) {
  response.headers.reserve(response.headers.size() + 2);
  response.headers.emplace_back("Access-Control-Allow-Origin", "*");
  response.headers.emplace_back("Access-Control-Expose-Headers", kExposeHeaders);
  if (response.status != 204) return;  // the rest matters to a preflight only
  response.headers.emplace_back("Access-Control-Allow-Methods", "POST");
  response.headers.emplace_back("Access-Control-Allow-Headers", kAllowHeaders);
  response.headers.emplace_back("Access-Control-Max-Age", "3600");
}

Refusal refusal_of(const AuthRefusal& auth) {
  return {auth.status, auth.code, auth.message, {}, 0, {}};
}

Refusal refusal_of(const nodes::ValidationError& error) {
  return {error.code == "too_large" ? 413 : 400, std::string(error.code), error.message, error.field, 0, {}};
}

Refusal refusal_of_body(const Error& error) {
  if (error.code == ErrorCode::too_large) return {413, "too_large", error.message, {}, 0, {}};
  if (error.code == ErrorCode::exhausted) return {503, "overloaded", error.message, {}, 1, {}};
  return {400, "invalid_encoding", error.message, "content-encoding", 0, {}};
}

Refusal refusal_of(const RateLimiter::Verdict& verdict) {
  const bool key = verdict.scope == RateLimiter::Scope::key;
  const std::string_view scope = key ? "key" : "project";
  return {429,
          "rate_limited",
          fmt::format("the {}'s rate limit is reached; try again in {} s", scope, verdict.retry_after),
          {},
          verdict.retry_after,
          fmt::format("{}:default;error;security:{}:{}_quota", verdict.retry_after, scope, scope)};
}

Response native_answer(const Refusal& refusal) {
  auto response = error_response(refusal.status, refusal.code, refusal.message, refusal.field);
  add_refusal_headers(refusal, response);
  return response;
}

Response sentry_answer(const Refusal& refusal) {
  Response response;
  response.status = refusal.status;
  response.body = R"({"detail":)";
  append_json_string(refusal.message, response.body);
  if (!refusal.field.empty()) {
    response.body += R"(,"causes":[)";
    append_json_string("field " + refusal.field, response.body);
    response.body += ']';
  }
  response.body += '}';
  std::string error = refusal.code;
  response.headers.emplace_back("X-Sentry-Error", std::move(error));
  add_refusal_headers(refusal, response);
  return response;
}

Door::Door(IngestOptions o, const nodes::ports::ProjectDirectory& p, nodes::ports::Journal& j, const Clock& c,
           Metrics& m, std::shared_ptr<ByteBudget> b)
    : options(o),
      projects(p),
      journal(j),
      clock(c),
      budget(std::move(b)),
      limiter(c),
      outcomes(j, c, m),
      taken(m.counter("mesher_ingest_events_total", "Events acknowledged, durable in the journal.")),
      body_bytes(m.counter("mesher_ingest_body_bytes_total", "Bytes of ingestion bodies, inflated.")) {}

std::optional<Refusal> Door::open_body(Request& request, std::size_t limit, std::string& body,
                                       ByteBudget::Reservation& memory) const {
  const auto encoding = parse_content_encoding(request.header("content-encoding"));
  if (!encoding) {
    return Refusal{415,
                   "unsupported_encoding",
                   "content encodings are gzip, deflate, br and zstd, one at a time",
                   "content-encoding",
                   0,
                   {}};
  }
  if (*encoding == ContentEncoding::identity) {
    if (request.body.size() > limit) {
      return Refusal{413, "too_large", fmt::format("the body is larger than {} bytes", limit), {}, 0, {}};
    }
    body = std::move(request.body);
  } else {
    memory = ByteBudget::Reservation(budget);
    auto inflated = decode_content(*encoding, request.body, limit, memory);
    if (!inflated) return refusal_of_body(inflated.error());
    body = *std::move(inflated);
    request.body = {};
  }
  body_bytes.add(body.size());
  return std::nullopt;
}

void Door::book(const AuthRefusal& refusal) {
  if (refusal.outcome_reason.empty()) return;
  outcomes.add(refusal.project_id, refusal.key_id, "invalid", refusal.outcome_reason, "error");
}

void Door::append(nodes::ports::AppendBlock block, const Sender& sender, std::size_t events,
                  std::function<void(std::optional<Refusal>)> done) {
  journal.append(std::move(block), [self = shared_from_this(), done = std::move(done), events,
                                    project = sender.project->id, key = sender.key->id](Status status) {
    if (status) {
      self->taken.add(events);
      return done(std::nullopt);
    }
    const auto& error = status.error();
    const bool full = error.code == ErrorCode::exhausted;
    if (events > 0) {
      self->outcomes.add(project, key, "rate_limited", full ? "journal_full" : "unavailable", "error",
                         static_cast<std::int64_t>(events));
    }
    done(Refusal{503,
                 full ? "overloaded" : "unavailable",
                 error.message,
                 {},
                 static_cast<std::uint32_t>(self->options.retry_after.count()),
                 {}});
  });
}

RecordWriter::RecordWriter(const Sender& sender, const Request& request, UnixMicros now)
    : client_ip_(client_address(request)) {
  record_.project_id = sender.project->id;
  record_.key_id = sender.key->id;
  record_.received = now;
  record_.client = sender.client;
  record_.client_ip = client_ip_;
  record_.user_agent = request.header("user-agent");
}

void RecordWriter::add(const nodes::CheckedEvent& event, std::string_view json) {
  record_.event_id = event.id;
  record_.body = event.rewritten.empty() ? json : std::string_view(event.rewritten);
  nodes::encode(record_, block.bytes);
  block.ends.push_back(static_cast<std::uint32_t>(block.bytes.size()));
  ++events_;
}

void RecordWriter::add(const nodes::Feedback& feedback) {
  const auto body = nodes::feedback_to_json(feedback);
  nodes::Record record = record_;
  record.kind = nodes::RecordKind::feedback;
  record.event_id = feedback.id;
  record.body = body;
  nodes::encode(record, block.bytes);
  block.ends.push_back(static_cast<std::uint32_t>(block.bytes.size()));
}

void RecordWriter::keep_first(std::size_t n) {
  if (n >= events_) return;
  block.bytes.resize(n == 0 ? 0 : block.ends[n - 1]);
  block.ends.resize(n);
  events_ = n;
}

}  // namespace mesher::http
