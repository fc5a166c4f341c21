#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "io/api/access.hpp"
#include "io/api/api.hpp"
#include "io/api/cursor.hpp"
#include "io/api/error_codes.hpp"
#include "io/api/parameters.hpp"
#include "io/postgres/audit.hpp"
#include "io/postgres/read_events.hpp"
#include "io/postgres/read_issues.hpp"
#include "io/postgres/read_projects.hpp"

/// What the handlers share. Not for use outside io/api.
namespace mesher::api {

using Json = nlohmann::ordered_json;

/// One request on a worker thread, authenticated and within its token's scope. What is left to the handler is the role:
/// visible_org(), visible_project() and visible_issue() check it by the route's right.
struct Call {
  const http::Request& request;
  const auth::Principal& principal;  ///< of nobody, user_id 0, if an open route is called without signing in
  const ApiDependencies& api;
  const auth::Right& right;
  AccessControl& access;
  Parameters parameters;

  /// For the audit log.
  [[nodiscard]] postgres::Actor actor() const;
};

using CallHandler = http::Response (*)(Call&);

/// Which threads run a handler: those that hash passwords are few and apart, for what they need of memory and time.
enum class Threads : std::uint8_t { workers, hashing };

struct Route {
  std::string_view method, pattern;
  CallHandler handler;
  auth::Action action;  ///< who may: the table of io/auth/rights.cpp
  Threads threads = Threads::workers;
};

[[nodiscard]] http::Response answer(const Json& body, int status = 200);
[[nodiscard]] http::Response no_content();
/// A single resource with its ETag; 304 if the caller of a GET has it already (If-None-Match).
[[nodiscard]] http::Response tagged_answer(const Call& call, const Json& body, int status = 200);
/// False if the caller's If-Match is not the ETag of what there is now: then the call has failed.
[[nodiscard]] bool meets_if_match(Call& call, const Json& current);
/// `{"data":[…],"next_cursor":…}`
[[nodiscard]] http::Response list_answer(Json data, const std::optional<std::string>& next_cursor);

/// False if the caller is no member (404, as if it did not exist) or the role is too low for the route (403): then the
/// call has failed.
[[nodiscard]] bool may_in(Call& call, std::uint32_t organization_id, std::string_view what);

/// The id of the path's organisation, the project of the path's {id}, the issue of the path's {id}: if the caller may
/// see it and do what the route does. Otherwise the call has failed, and the answer is in its parameters.
[[nodiscard]] std::uint32_t visible_org(Call& call);
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

/// "https://errors.example.com", for DSNs and links.
[[nodiscard]] std::string public_url(const Call& call);

/// Reads and writes the cursor of a list that is ordered by id alone.
[[nodiscard]] std::uint32_t id_cursor(Call& call, std::string_view list);

/// A whole number of a cursor; the checksum vouches for its form.
[[nodiscard]] std::int64_t number_of(const std::string& text);

}  // namespace mesher::api
