// Our own endpoints: POST /api/v1/events and /api/v1/events/bulk.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "io/http/body_memory.hpp"
#include "io/http/ingest_door.hpp"
#include "io/http/text.hpp"
#include "nodes/coerce.hpp"
#include "nodes/split.hpp"

namespace mesher::http {
namespace {

Response preflight() {
  Response response{204, {}, {}, {}};
  add_cors(response);
  return response;
}

Response accepted(std::string body) {
  Response response{202, "application/json", std::move(body), {}};
  add_cors(response);
  return response;
}

/// The sender, or nothing after it has answered.
std::optional<Sender> enter(Door& door, const Request& request, const Respond& respond) {
  const auto refuse = [&](const AuthRefusal& refusal) {
    door.book(refusal);
    respond(native_answer(refusal_of(refusal)));
    return std::nullopt;
  };
  auto credentials = native_credentials(request);
  if (const auto* bad = std::get_if<AuthRefusal>(&credentials)) return refuse(*bad);
  auto sender = authenticate(door.projects, std::get<Credentials>(credentials), std::nullopt, request);
  if (const auto* bad = std::get_if<AuthRefusal>(&sender)) return refuse(*bad);
  return std::get<Sender>(std::move(sender));
}

std::optional<nodes::ValidationError> not_an_event(const nodes::CheckedEvent& event) {
  if (event.type != "transaction") return std::nullopt;
  return nodes::ValidationError{"invalid_event", "transactions are not kept: send errors and log entries", "type"};
}

void take_event(const std::shared_ptr<Door>& door, Request request, Respond respond) {
  const auto sender = enter(*door, request, respond);
  if (!sender) return;
  const auto refuse = [&](std::string_view outcome, const Refusal& refusal) {
    door->book(*sender, outcome, refusal.code);
    respond(native_answer(refusal));
  };
  if (const auto verdict = door->limiter.full(*sender); verdict.allowed == 0) {
    return refuse("rate_limited", refusal_of(verdict));
  }
  std::string body;
  ByteBudget::Reservation memory;
  if (const auto refusal = door->open_body(request, nodes::kMaxEventBytes, body, memory)) {
    return refuse(refusal->status == 503 ? "rate_limited" : "invalid", *refusal);
  }
  auto checked = nodes::validate_event(body, nodes::Strictness::strict);
  if (checked) checked.error = not_an_event(checked.event);
  if (checked.error) return refuse("invalid", refusal_of(*checked.error));
  if (const auto verdict = door->limiter.admit(*sender, 1); verdict.allowed == 0) {
    return refuse("rate_limited", refusal_of(verdict));
  }
  RecordWriter writer(*sender, request, door->clock.now());
  writer.add(checked.event, body);
  BodyMemory::give(std::move(body));
  // Made here and not when it is durable: there, every microsecond is one for all that wait behind it.
  auto answer = std::make_shared<Response>(accepted(R"({"id":")" + checked.event.id.hex() + R"("})"));
  door->append(std::move(writer.block), *sender, 1,
               [respond = std::move(respond), answer = std::move(answer)](const std::optional<Refusal>& refusal) {
                 respond(refusal ? native_answer(*refusal) : std::move(*answer));
               });
}

std::string bulk_body(const Bulk& bulk) {
  std::string out = fmt::format(R"({{"accepted":{},"ids":[)", bulk.ids.size());
  for (std::size_t i = 0; i < bulk.ids.size(); ++i) out += (i > 0 ? ",\"" : "\"") + bulk.ids[i].hex() + '"';
  out += R"(],"rejected":[)";
  for (std::size_t i = 0; i < bulk.rejections.size(); ++i) {
    const auto& bad = bulk.rejections[i];
    out += fmt::format(R"({}{{"index":{},"code":"{}","message":)", i > 0 ? "," : "", bad.index, bad.code);
    append_json_string(bad.message, out);
    if (!bad.field.empty()) {
      out += R"(,"field":)";
      append_json_string(bad.field, out);
    }
    out += '}';
  }
  out += ']';
  if (bulk.rejected > bulk.rejections.size()) out += fmt::format(R"(,"rejected_count":{})", bulk.rejected);
  out += '}';
  return out;
}

bool is_ndjson(const Request& request) {
  const auto type = request.header("content-type");
  const auto media = trimmed(type.substr(0, type.find(';')));
  return equals_ignoring_case(media, "application/x-ndjson") || equals_ignoring_case(media, "application/ndjson") ||
         equals_ignoring_case(media, "application/jsonl");
}

void take_events(const std::shared_ptr<Door>& door, Request request, Respond respond) {
  const auto sender = enter(*door, request, respond);
  if (!sender) return;
  std::string body;
  ByteBudget::Reservation memory;
  if (const auto refusal = door->open_body(request, door->options.max_inflated_bytes, body, memory)) {
    door->book(*sender, refusal->status == 503 ? "rate_limited" : "invalid", refusal->code);
    return respond(native_answer(*refusal));
  }
  RecordWriter writer(*sender, request, door->clock.now());
  auto bulk = take_bulk(*door, *sender, body, is_ndjson(request), writer);
  body = {};
  if (bulk.nothing_read) {
    const auto& first = bulk.rejections;
    return respond(native_answer({400,
                                  first.empty() ? "invalid_json" : first.front().code,
                                  first.empty() ? "the body holds no events" : first.front().message,
                                  {},
                                  0,
                                  {}}));
  }
  if (bulk.limited && bulk.ids.empty()) return respond(native_answer(*bulk.limited));
  if (bulk.ids.empty()) return respond(accepted(bulk_body(bulk)));
  const auto events = writer.events();
  door->append(
      std::move(writer.block), *sender, events,
      [respond = std::move(respond), bulk = std::make_shared<const Bulk>(std::move(bulk)),
       memory = std::make_shared<ByteBudget::Reservation>(std::move(memory))](const std::optional<Refusal>& refusal) {
        if (refusal) return respond(native_answer(*refusal));
        auto response = accepted(bulk_body(*bulk));
        if (bulk->limited) {
          response.headers.emplace_back("Retry-After", std::to_string(bulk->limited->retry_after));
          response.headers.emplace_back("X-Sentry-Rate-Limits", bulk->limited->rate_limits);
        }
        respond(std::move(response));
      });
}

}  // namespace

namespace {

/// Sums of refusals, booked once for the whole bulk.
class RefusedByCode {
 public:
  void add(std::string_view code) {
    for (auto& [known, n] : counts_) {
      if (known == code) return void(++n);
    }
    counts_.emplace_back(code, 1);
  }
  void book(Door& door, const Sender& sender) const {
    for (const auto& [code, n] : counts_) door.book(sender, "invalid", code, "error", n);
  }

 private:
  std::vector<std::pair<std::string, std::int64_t>> counts_;  // a handful of codes
};

}  // namespace

/// The limiter is asked once, for all good events together; the last ones go when there is not room for all.
Bulk take_bulk(Door& door, const Sender& sender, std::string_view body, bool lines, RecordWriter& writer) {
  Bulk bulk;
  RefusedByCode refused;
  const auto reject = [&](std::size_t index, nodes::ValidationError error) {
    ++bulk.rejected;
    refused.add(error.code);
    if (bulk.rejections.size() < door.options.max_rejections) {
      bulk.rejections.push_back({index, std::string(error.code), std::move(error.message), std::move(error.field)});
    }
  };
  std::vector<std::uint32_t> good;  // index in the body, parallel to bulk.ids
  bool json_seen = false;
  std::size_t elements = 0;
  writer.block.bytes.reserve(body.size() + body.size() / 16);
  nodes::EventSplitter splitter(body, lines ? nodes::BulkFormat::lines : nodes::BulkFormat::array);
  while (auto element = splitter.next()) {
    ++elements;
    if (element->error) {
      reject(element->index, *std::move(element->error));
      continue;
    }
    if (bulk.rejected >= door.options.max_rejections * 10) {
      reject(element->index,
             {"too_many_errors", "too many events before this one were refused; the rest was not read", {}});
      break;
    }
    auto checked = nodes::validate_event(element->json, nodes::Strictness::strict);
    if (checked) checked.error = not_an_event(checked.event);
    if (checked.error) {
      json_seen = json_seen || (checked.error->code != "invalid_json" && checked.error->code != "invalid_utf8");
      reject(element->index, *std::move(checked.error));
      continue;
    }
    writer.add(checked.event, element->json);
    bulk.ids.push_back(checked.event.id);
    good.push_back(static_cast<std::uint32_t>(element->index));
  }
  refused.book(door, sender);
  // An empty array is a bulk of no events; an empty body is none.
  bulk.nothing_read = good.empty() && !json_seen && (elements > 0 || nodes::trim(body).empty());

  const auto verdict = door.limiter.admit(sender, static_cast<std::uint32_t>(good.size()));
  if (verdict.allowed == good.size()) return bulk;
  bulk.limited = refusal_of(verdict);
  const auto over = good.size() - verdict.allowed;
  bulk.rejected += over;
  door.book(sender, "rate_limited", bulk.limited->code, "error", static_cast<std::int64_t>(over));
  for (auto i = static_cast<std::size_t>(verdict.allowed); i < good.size(); ++i) {
    if (bulk.rejections.size() >= door.options.max_rejections) break;
    bulk.rejections.push_back({good[i], bulk.limited->code, bulk.limited->message, {}});
  }
  std::sort(bulk.rejections.begin(), bulk.rejections.end(),
            [](const Rejection& a, const Rejection& b) { return a.index < b.index; });
  writer.keep_first(verdict.allowed);
  bulk.ids.resize(verdict.allowed);
  return bulk;
}

void add_native_routes(std::shared_ptr<Door> door, Router& router) {
  for (const auto* path : {"**/api/v1/events", "**/api/v1/events/bulk"}) {
    router.add("OPTIONS", path, [](Request, Respond respond) { respond(preflight()); });
  }
  router.add("POST", "**/api/v1/events",
             [door](Request request, Respond respond) { take_event(door, std::move(request), std::move(respond)); });
  router.add("POST", "**/api/v1/events/bulk",
             [door](Request request, Respond respond) { take_events(door, std::move(request), std::move(respond)); });
}

}  // namespace mesher::http
