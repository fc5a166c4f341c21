#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "io/api/event_detail.hpp"
#include "io/api/routes.hpp"
#include "io/api/search.hpp"
#include "io/api/show.hpp"

namespace mesher::api {
namespace {

constexpr UnixMicros kDay = 86'400'000'000;

/// A page of events. `name` is that of the list, for its cursor; without `from` it goes back by `usual_range`, or all
/// the way. A cursor holds the moment of the first page: all pages look at the same time range, and read relative times
/// alike.
http::Response page_of_events(Call& call, std::string_view name, postgres::EventListing listing,
                              std::optional<UnixMicros> usual_range) {
  auto& parameters = call.parameters;
  listing.query = read_query(parameters, query::Scope::events);
  listing.user_id = call.principal.user_id;
  listing.now = call.api.clock.now();
  const std::uint32_t limit = parameters.limit();
  listing.limit = limit + 1;
  const std::string list =
      fmt::format("{}|{}|{}|{}", name, parameters.text("from"), parameters.text("to"), query::print(listing.query));
  if (const auto values = parameters.cursor(list, 3)) {
    const auto id = nodes::EventId::parse((*values)[1]).value_or(nodes::EventId{});
    listing.after = postgres::EventPosition{number_of((*values)[0]), id};
    listing.now = number_of((*values)[2]);
  }
  listing.from = parameters.time("from").value_or(usual_range ? listing.now - *usual_range : 0);
  // Another node's clock may be ahead of this one's.
  listing.to = parameters.time("to").value_or(listing.now + kDay);
  if (parameters.failed()) return parameters.failure();

  auto events = postgres::list_events(call.api.database, listing);
  if (!events) return fail(events.error());
  std::optional<std::string> next;
  if (cut_to_page(*events, limit)) {
    const auto last = position_of(events->back());
    next = encode_cursor(list, {std::to_string(last.received_at), last.id.hex(), std::to_string(listing.now)});
  }
  Json data = Json::array();
  for (const auto& event : *events) data.push_back(event_json(event));
  return list_answer(std::move(data), next);
}

}  // namespace

http::Response list_issue_events(Call& call) {
  const auto issue = visible_issue(call);
  if (call.parameters.failed()) return call.parameters.failure();
  postgres::EventListing listing;
  listing.project_id = issue->project_id;
  listing.issue_id = issue->id;
  // All that is kept: whoever opens an issue of last week wants to see its events.
  return page_of_events(call, fmt::format("issue events|{}", issue->id), std::move(listing), std::nullopt);
}

http::Response list_project_events(Call& call) {
  const auto project = visible_project(call);
  if (call.parameters.failed()) return call.parameters.failure();
  postgres::EventListing listing;
  listing.project_id = project->id;
  return page_of_events(call, fmt::format("project events|{}", project->id), std::move(listing), kDay);
}

http::Response get_event(Call& call) {
  const auto event = visible_event(call);
  if (call.parameters.failed()) return call.parameters.failure();
  const auto neighbours = postgres::neighbours(call.api.database, *event);
  if (!neighbours) return fail(neighbours.error());
  auto payload = postgres::payload_of(call.api.database, *event);
  if (!payload) return fail(payload.error());
  http::Response response;
  response.body = event_detail(*event, *neighbours, StoredEvent(*event, *std::move(payload)));
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

}  // namespace mesher::api
