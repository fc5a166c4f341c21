#include "io/api/error_codes.hpp"

#include <fmt/format.h>

#include <array>
#include <string>

#include "graph/base/log.hpp"

namespace mesher::api {
namespace {

// In the order of the enum.
constexpr std::array kCodes{
    CodeInfo{Code::invalid_parameter, 400, "invalid_parameter",
             "a path or query parameter is malformed or out of range"},
    CodeInfo{Code::invalid_cursor, 400, "invalid_cursor",
             "the cursor is damaged or belongs to another list, query or sort order"},
    CodeInfo{Code::invalid_query, 400, "invalid_query",
             "the search query can't be read; the message tells the position"},
    CodeInfo{Code::invalid_body, 400, "invalid_body", "the body is not the JSON that this endpoint takes"},
    CodeInfo{Code::invalid_topology, 422, "invalid_topology", "the topology has mistakes; all are listed"},
    CodeInfo{Code::invalid_rules, 422, "invalid_rules", "the fingerprint rules have mistakes; all are listed"},
    CodeInfo{Code::too_large, 413, "too_large", "the body is larger than this endpoint takes"},
    CodeInfo{Code::unauthenticated, 401, "unauthenticated",
             "no API token or session, or one that is unknown, revoked or expired"},
    CodeInfo{Code::invalid_credentials, 401, "invalid_credentials", "the e-mail address or the password is wrong"},
    CodeInfo{Code::forbidden, 403, "forbidden", "the token's scope or the user's role does not allow this"},
    CodeInfo{Code::csrf_failed, 403, "csrf_failed",
             "a change by a session without its X-CSRF-Token, or from another site's page"},
    CodeInfo{Code::not_found, 404, "not_found",
             "it does not exist, or belongs to an organisation that you are not a member of"},
    CodeInfo{Code::conflict, 409, "conflict", "it is in use, exists already, or somebody else changed it"},
    CodeInfo{Code::precondition_failed, 412, "precondition_failed",
             "it has changed since: its ETag is not the one of If-Match"},
    CodeInfo{Code::rate_limited, 429, "rate_limited", "too many requests; try again after Retry-After seconds"},
    CodeInfo{Code::overloaded, 503, "overloaded", "too many requests are waiting; try again after Retry-After seconds"},
    CodeInfo{Code::unavailable, 503, "unavailable",
             "the database or a part of the server is away; try again after Retry-After seconds"},
    CodeInfo{Code::internal, 500, "internal", "a defect of Mesher; the server's log says more"},
};

constexpr bool in_order() {
  for (std::size_t i = 0; i < kCodes.size(); ++i) {
    if (static_cast<std::size_t>(kCodes[i].code) != i) return false;
  }
  return true;
}
static_assert(in_order() && kCodes.size() == static_cast<std::size_t>(Code::internal) + 1);

}  // namespace

std::span<const CodeInfo> all_codes() {
  return kCodes;
}

const CodeInfo& info_of(Code code) {
  return kCodes[static_cast<std::size_t>(code)];
}

http::Response fail(Code code, std::string_view message, std::string_view field) {
  const CodeInfo& info = info_of(code);
  auto response = http::error_response(info.status, info.name, message, field);
  if (info.status == 503) response.headers.emplace_back("Retry-After", "1");
  if (info.status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

http::Response fail(const Error& error) {
  switch (error.code) {
    case ErrorCode::invalid:
    case ErrorCode::too_large:
      return fail(Code::invalid_parameter, error.message, error.hint);
    case ErrorCode::not_found:
      return fail(Code::not_found, error.message);
    case ErrorCode::denied:
      return fail(Code::unauthenticated, error.message);
    case ErrorCode::conflict:
      if (error.hint.starts_with("sqlstate")) return fail(Code::conflict, "it exists already");
      return fail(Code::conflict, error.message, error.hint);
    case ErrorCode::exhausted:
    case ErrorCode::unavailable:
      log::warn("api", "{}", error.message);
      return fail(Code::unavailable, "the database does not answer at the moment");
    case ErrorCode::corrupt:
    case ErrorCode::internal:
      break;
  }
  log::error("api", "{}: {}", name_of(error.code), error.message);
  return fail(Code::internal, "something went wrong inside the server; its log says more");
}

http::Response too_many(std::string_view message, std::uint32_t retry_after_seconds) {
  auto response = fail(Code::rate_limited, message);
  response.headers.emplace_back("Retry-After", std::to_string(retry_after_seconds));
  return response;
}

http::Response no_such(std::string_view what) {
  return fail(Code::not_found, fmt::format("no such {}", what));
}

}  // namespace mesher::api
