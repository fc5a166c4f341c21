#pragma once

#include <functional>
#include <optional>
#include <string>

#include "io/api/worker_pool.hpp"
#include "io/auth/authenticator.hpp"
#include "io/postgres/pool.hpp"
#include "io/ws/live_hub.hpp"

/// What the live stream asks of the rest: who somebody is, and what has been stored. All run on the worker pool; the
/// references must outlive its last task.
namespace mesher::api {

/// Whom a token or session belongs to and what its user may watch; nothing if it is no good, lacks the scope `read`, or
/// the server is too busy to tell.
[[nodiscard]] ws::LiveAuthenticate live_authenticate(postgres::Pool& database, auth::Authenticator& authenticator,
                                                     WorkerPool& workers);

/// Stored events, for clients that come back.
[[nodiscard]] ws::LiveHistory live_history(postgres::Pool& database, WorkerPool& workers);

}  // namespace mesher::api
