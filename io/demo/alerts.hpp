#pragma once

#include "graph/base/clock.hpp"
#include "graph/base/result.hpp"
#include "io/demo/place.hpp"

/// The demo's alerts: rules without actions, so that nothing is sent anywhere. Errors: unavailable, internal.
namespace mesher::demo {

/// Before the events: the pipeline fires them when they would have fired.
[[nodiscard]] Status make_rules(postgres::Pool& pool, const Place& place);

/// Behind the events, which end at `end`: what fired more than a day before was over after a while, somebody has seen
/// the rest. Servers that are running learn of all this.
[[nodiscard]] Status settle_alerts(postgres::Pool& pool, const Place& place, UnixMicros end);

}  // namespace mesher::demo
