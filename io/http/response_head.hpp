#pragma once

#include <string>
#include <string_view>

#include "io/http/message.hpp"

namespace mesher::http {

[[nodiscard]] std::string_view reason_phrase(int status);

struct HeadOptions {
  std::string_view date;
  bool close = false;           ///< the connection ends with this answer
  bool keep_alive_1_0 = false;  ///< an HTTP/1.0 client asked to keep the connection
};

/// Appends status line and headers of `response`, with the empty line. Line breaks in header values become spaces, so
/// that no handler can be talked into splitting a response.
void append_head(const Response& response, const HeadOptions& options, std::string& out);

}  // namespace mesher::http
