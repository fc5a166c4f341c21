#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "graph/base/clock.hpp"
#include "graph/base/result.hpp"
#include "io/auth/token.hpp"

/// What was answered to a request with an Idempotency-Key. Calls block; any thread. Errors: unavailable, internal.
namespace mesher::postgres {

class Connection;
class Pool;

constexpr UnixMicros kIdempotencyKept = 24 * std::int64_t{3'600'000'000};
/// A request that has not been answered after so long went down with its server: it may be done again.
constexpr UnixMicros kIdempotencyPatience = 60'000'000;

struct IdempotentRequest {
  std::uint32_t user_id = 0;
  auth::TokenHash key{}, request{};
};

/// What there is of an earlier request with the same key.
struct EarlierRequest {
  bool same = false;  ///< it was the same request
  int status = 0;     ///< 0: still under way
  std::string sealed_answer;
};

/// Nothing: there is none, and the key is now this request's; keep_answer() or drop_request() must follow.
[[nodiscard]] Result<std::optional<EarlierRequest>> begin_request(Pool& pool, const IdempotentRequest& request,
                                                                  UnixMicros now);
[[nodiscard]] Status keep_answer(Pool& pool, const IdempotentRequest& request, int status,
                                 const std::string& sealed_answer);
[[nodiscard]] Status drop_request(Pool& pool, const IdempotentRequest& request);

/// Removes what is older than kIdempotencyKept.
[[nodiscard]] Status forget_requests(Connection& connection, UnixMicros now);

}  // namespace mesher::postgres
