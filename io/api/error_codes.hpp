#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "graph/base/error.hpp"
#include "io/http/message.hpp"

/// The errors of everything under /api/v1 that reads or manages: `{"error":{"code","message","field"}}`. The codes are
/// a closed list; docs/errors.md and schema/openapi.yaml are checked against it.
namespace mesher::api {

enum class Code : std::uint8_t {
  invalid_parameter,
  invalid_cursor,
  invalid_query,
  invalid_body,
  invalid_topology,
  invalid_rules,
  too_large,
  unauthenticated,
  invalid_credentials,
  forbidden,
  csrf_failed,
  not_found,
  conflict,
  precondition_failed,
  rate_limited,
  overloaded,
  unavailable,
  internal,
};

struct CodeInfo {
  Code code;
  int status;
  std::string_view name;
  std::string_view meaning;
};

[[nodiscard]] std::span<const CodeInfo> all_codes();
[[nodiscard]] const CodeInfo& info_of(Code code);

/// `message`: a sentence without final period, for the caller. `field`: the parameter or the member of the body that is
/// wrong, if it is one.
[[nodiscard]] http::Response fail(Code code, std::string_view message, std::string_view field = {});

/// The answer for a failure below the API. What the caller can't help is logged, not told.
[[nodiscard]] http::Response fail(const Error& error);

/// 429 with Retry-After.
[[nodiscard]] http::Response too_many(std::string_view message, std::uint32_t retry_after_seconds);

/// Also for what exists but belongs to somebody else.
[[nodiscard]] http::Response no_such(std::string_view what);

}  // namespace mesher::api
