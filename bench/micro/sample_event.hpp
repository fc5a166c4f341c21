#pragma once

#include <string>

namespace mesher::bench {

/// An event as a Java client sends it, about 5.7 KB: 20 frames, 8 breadcrumbs, tags, user, request, contexts. `number`
/// varies ids and values, not the shape.
[[nodiscard]] std::string sample_event(int number);

}  // namespace mesher::bench
