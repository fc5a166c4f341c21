#include "io/site/site.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace mesher::site {
namespace {

// Inline styles are the charts' and the menus' positions; scripts come from files of ours and nowhere else.
constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// Is `coding` in "br;q=1.0, gzip, *;q=0"? A weight of zero, however written, forbids it.
bool accepts(std::string_view header, std::string_view coding) {
  while (!header.empty()) {
    auto part = header.substr(0, header.find(','));
    header.remove_prefix(std::min(part.size() + 1, header.size()));
    const auto semicolon = std::min(part.find(';'), part.size());
    auto name = part.substr(0, semicolon);
    while (!name.empty() && name.front() == ' ') name.remove_prefix(1);
    while (!name.empty() && name.back() == ' ') name.remove_suffix(1);
    if (name != coding) continue;
    const auto weight = part.find("q=", semicolon);
    return weight == std::string_view::npos || part.find_first_of("123456789", weight) != std::string_view::npos;
  }
  return false;
}

/// One of the tags of If-None-Match, weak or strong, is this one.
bool known(std::string_view header, std::string_view etag) {
  return header == "*" || header.find(etag) != std::string_view::npos;
}

const File* find(std::span<const File> files, std::string_view path) {
  const auto at = std::find_if(files.begin(), files.end(), [&](const File& file) { return file.path == path; });
  return at == files.end() ? nullptr : &*at;
}

http::Response answer(const http::Request& request, const File& file) {
  http::Response response;
  response.content_type = file.content_type;
  auto& headers = response.headers;
  headers.emplace_back("Cache-Control", file.hashed ? "public, max-age=31536000, immutable" : "no-cache");
  headers.emplace_back("ETag", file.etag);
  headers.emplace_back("Vary", "Accept-Encoding");
  headers.emplace_back("X-Content-Type-Options", "nosniff");
  if (file.content_type.starts_with("text/html")) {
    headers.emplace_back("Content-Security-Policy", kPolicy);
    headers.emplace_back("X-Frame-Options", "DENY");
    headers.emplace_back("Referrer-Policy", "same-origin");
    headers.emplace_back("Cross-Origin-Opener-Policy", "same-origin");
  }
  if (known(request.header("if-none-match"), file.etag)) {
    response.status = 304;
    return response;
  }
  const auto codings = request.header("accept-encoding");
  if (!file.brotli.empty() && accepts(codings, "br")) {
    headers.emplace_back("Content-Encoding", "br");
    response.body = file.brotli;
  } else if (!file.gzip.empty() && accepts(codings, "gzip")) {
    headers.emplace_back("Content-Encoding", "gzip");
    response.body = file.gzip;
  } else {
    response.body = file.plain;
  }
  return response;
}

}  // namespace

void serve(http::Router& router, std::span<const File> files) {
  const auto* index = find(files, "/index.html");
  router.set_fallback([files, index](http::Request request, http::Respond respond) {
    const auto* file = request.path == "/" ? index : find(files, request.path);
    if (file == nullptr && request.header("accept").find("text/html") != std::string_view::npos) file = index;
    if (file == nullptr || request.path.starts_with("/api/")) {
      return respond(http::error_response(404, "not_found", "there is nothing at " + request.path));
    }
    respond(answer(request, *file));
  });
}

}  // namespace mesher::site
