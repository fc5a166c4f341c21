#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "io/api/routes.hpp"
#include "io/api/time_range.hpp"
#include "io/api/times.hpp"
#include "io/postgres/read_tags.hpp"
#include "io/postgres/rows.hpp"

/// Tags: what there is to ask for, and how an issue's events spread over them.
namespace mesher::api {
namespace {

constexpr UnixMicros kUsual = 14 * kDay;  // for completion more than a day is wanted
constexpr UnixMicros kLongest = 366 * kDay;

/// What both lists of completions read; `name` of the list for its cursor.
postgres::TagListing read_listing(Call& call, const postgres::ProjectRow& project, std::string& name) {
  auto& parameters = call.parameters;
  postgres::TagListing listing;
  listing.project_id = project.id;
  listing.prefix = parameters.text("prefix");
  listing.limit = parameters.limit() + 1;
  const auto range = read_range(call, kUsual, kLongest);
  listing.from = range.from / kDay * kDay;
  listing.to = range.to;
  name =
      fmt::format("{}|{}|{}|{}|{}", name, project.id, listing.prefix, parameters.text("from"), parameters.text("to"));
  if (const auto values = parameters.cursor(name, 2)) {
    listing.after = postgres::TagPosition{number_of((*values)[0]), postgres::bytes_from_hex((*values)[1])};
  }
  return listing;
}

/// Names may have any character, also the one that separates a cursor's values.
std::string hex_of(std::string_view text) {
  std::string hex = "\\x";
  for (const char c : text) hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return hex;
}

template <class Row>
std::optional<std::string> next_of(std::vector<Row>& rows, const postgres::TagListing& listing, std::string_view list,
                                   const std::string Row::*name) {
  if (!cut_to_page(rows, listing.limit - 1)) return std::nullopt;
  return encode_cursor(list, {std::to_string(rows.back().events), hex_of(rows.back().*name)});
}

}  // namespace

http::Response list_project_tags(Call& call) {
  const auto project = visible_project(call);
  if (call.parameters.failed()) return call.parameters.failure();
  std::string list = "tags";
  const auto listing = read_listing(call, *project, list);
  if (call.parameters.failed()) return call.parameters.failure();
  auto keys = postgres::list_tag_keys(call.api.database, listing);
  if (!keys) return fail(keys.error());
  const auto next = next_of(*keys, listing, list, &postgres::TagKey::key);
  Json data = Json::array();
  for (const auto& key : *keys) data.push_back({{"key", key.key}, {"events", key.events}, {"values", key.values}});
  return list_answer(std::move(data), next);
}

http::Response list_tag_values(Call& call) {
  const auto project = visible_project(call);
  const auto key = call.parameters.path_text("key");
  if (call.parameters.failed()) return call.parameters.failure();
  std::string list = "tag values|" + key;
  const auto listing = read_listing(call, *project, list);
  if (call.parameters.failed()) return call.parameters.failure();
  auto values = postgres::list_tag_values(call.api.database, listing, key);
  if (!values) return fail(values.error());
  const auto next = next_of(*values, listing, list, &postgres::TagValue::value);
  Json data = Json::array();
  for (const auto& value : *values) data.push_back({{"value", value.value}, {"events", value.events}});
  return list_answer(std::move(data), next);
}

http::Response get_issue_tags(Call& call) {
  const auto issue = visible_issue(call);
  if (call.parameters.failed()) return call.parameters.failure();
  const auto tags = postgres::issue_tags(call.api.database, *issue);
  if (!tags) return fail(tags.error());
  Json data = Json::array();
  for (const auto& value : tags->values) {
    if (data.empty() || data.back()["key"] != value.key) {
      data.push_back({{"key", value.key}, {"events", value.events_of_key}, {"values", Json::array()}});
    }
    data.back()["values"].push_back({{"value", value.value}, {"events", value.events}});
  }
  return answer({{"data", std::move(data)}, {"next_cursor", nullptr}, {"sampled_events", tags->events}});
}

}  // namespace mesher::api
