#pragma once

#include <span>
#include <string_view>

#include "io/http/message.hpp"

/// The dashboard's pages, which the program carries in itself.
namespace mesher::site {

struct File {
  std::string_view path;  ///< "/index.html"
  std::string_view content_type;
  std::string_view etag;          ///< with its quotation marks; of the content
  bool hashed = false;            ///< the name changes with the content: may be kept for ever
  std::string_view plain;         ///< as it is
  std::string_view gzip, brotli;  ///< compressed; empty if that would not be smaller
};

/// All that was built from dashboard/; without MESHER_DASHBOARD one page that says so.
[[nodiscard]] std::span<const File> dashboard();

/// Serves the files, compressed as the client likes, with ETags, and a Content-Security-Policy that lets nothing in
/// from elsewhere. A path that nothing else serves and that asks for a page (`Accept: text/html`) gets /index.html,
/// which knows the addresses of its own; "/api/…" never does. The files must outlive the router.
void serve(http::Router& router, std::span<const File> files);

}  // namespace mesher::site
