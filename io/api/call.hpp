#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "io/api/api.hpp"
#include "io/api/cursor.hpp"
#include "io/api/error_codes.hpp"
#include "io/api/parameters.hpp"
#include "io/postgres/read_events.hpp"
#include "io/postgres/read_issues.hpp"
#include "io/postgres/read_projects.hpp"

/// What the handlers share. Not for use outside io/api.
namespace mesher::api {

using Json = nlohmann::ordered_json;

/// One authenticated request on a worker thread.
struct Call {
  const http::Request& request;
  const auth::Principal& principal;
  const ApiDependencies& api;
  Parameters parameters;
};

using CallHandler = http::Response (*)(Call&);

/// Who may call a route at all; what they then see is the handler's business.
struct Access {
  auth::Scope scope = auth::Scope::read;
  bool instance_owner = false;
};

struct Route {
  std::string_view method, pattern;
  CallHandler handler;
  Access access;
};

[[nodiscard]] http::Response answer(const Json& body, int status = 200);
/// `{"data":[…],"next_cursor":…}`
[[nodiscard]] http::Response list_answer(Json data, const std::optional<std::string>& next_cursor);

/// The project of the path's {id} if the caller may see it. Otherwise the call has failed, and the answer is in its
/// parameters.
[[nodiscard]] std::optional<postgres::ProjectRow> visible_project(Call& call);
[[nodiscard]] std::optional<postgres::IssueRow> visible_issue(Call& call);
/// Of the path's {event_id}.
[[nodiscard]] std::optional<postgres::EventRow> visible_event(Call& call);

/// `rows` were asked for with one more than the page holds: cuts that one off and says that there is a next page.
template <class Row>
[[nodiscard]] bool cut_to_page(std::vector<Row>& rows, std::uint32_t limit) {
  if (rows.size() <= limit) return false;
  rows.resize(limit);
  return true;
}

/// Reads and writes the cursor of a list that is ordered by id alone.
[[nodiscard]] std::uint32_t id_cursor(Call& call, std::string_view list);

/// A whole number of a cursor; the checksum vouches for its form.
[[nodiscard]] std::int64_t number_of(const std::string& text);

}  // namespace mesher::api
