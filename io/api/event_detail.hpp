#pragma once

#include <string>

#include "io/api/call.hpp"
#include "io/postgres/read_events.hpp"

namespace mesher::api {

/// An event in full, as JSON text: what the columns say, the fields as the pipeline's parser reads them from the
/// payload (normalised, trimmed, with notes of what was trimmed), and the payload itself, byte for byte.
/// `payload` must be a JSON object.
[[nodiscard]] std::string event_detail(const postgres::EventRow& event, const postgres::Neighbours& neighbours,
                                       std::string payload);

}  // namespace mesher::api
