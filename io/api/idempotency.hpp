#pragma once

#include <functional>

#include "io/api/call.hpp"

namespace mesher::api {

/// Runs `handle` at most once for an Idempotency-Key: a repeated POST of the same user with the same key, path and body
/// is answered as the first was, for 24 hours, with `Idempotency-Replayed: true`; the same key with another request, or
/// one that is still under way, is a conflict. Failures of the server (5xx) and refusals for too many requests (429)
/// are not kept. Answers are stored sealed with the caller's credential, for some hold secrets that are shown once:
/// with another credential of the same user it is a conflict, too. Requests without the header, and those of nobody,
/// just run.
[[nodiscard]] http::Response run_once(Call& call, const std::function<http::Response()>& handle);

}  // namespace mesher::api
