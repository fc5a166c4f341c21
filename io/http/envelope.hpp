#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graph/base/result.hpp"

/// Sentry's envelope: a header line, then items of a header line and a payload each, separated by line feeds. Pure.
namespace mesher::http {

constexpr std::size_t kMaxEnvelopeItems = 1000;

struct EnvelopeItem {
  std::string type;
  std::string content_type, attachment_type;
  std::size_t item_count = 0;  ///< of containers (logs, spans); 0: not said
  std::string_view payload;    ///< into the envelope's bytes
};

struct Envelope {
  std::string event_id, dsn, sent_at;  ///< empty: absent
  std::string sdk;                     ///< "sentry.go/0.31" of the header's sdk object
  std::vector<EnvelopeItem> items;
};

/// Lenient where SDKs differ (payloads without length, no line feed at the end, blank lines before item headers, empty
/// payloads, unknown header keys and types), strict where bytes would be misread: a header that is no JSON object, a
/// type that is missing, a length beyond the end or not followed by a line feed.
/// Error: invalid, with the number of the item.
[[nodiscard]] Result<Envelope> parse_envelope(std::string_view bytes);

}  // namespace mesher::http
