#include "io/api/docs_page.hpp"

#include <algorithm>
#include <string>

namespace mesher::api {
namespace {

std::string_view type_of(std::string_view name) {
  if (name.ends_with(".html")) return "text/html; charset=utf-8";
  if (name.ends_with(".css")) return "text/css; charset=utf-8";
  if (name.ends_with(".js")) return "text/javascript; charset=utf-8";
  return "application/yaml; charset=utf-8";
}

http::Response give(std::string_view name) {
  const auto files = docs_files();
  const auto found = std::find_if(files.begin(), files.end(), [&](const DocsFile& file) { return file.name == name; });
  if (found == files.end()) return http::error_response(404, "not_found", "there is no such page");
  http::Response response;
  response.content_type = type_of(name);
  response.body = found->content;
  response.headers.emplace_back("Content-Security-Policy",
                                "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
                                " base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  response.headers.emplace_back("Referrer-Policy", "no-referrer");
  // The next version of the program may have others under the same names.
  response.headers.emplace_back("Cache-Control", "no-cache");
  return response;
}

}  // namespace

void add_docs_routes(http::Router& router) {
  router.add("GET", "/api/docs",
             [](const http::Request&, const http::Respond& respond) { respond(give("index.html")); });
  router.add("GET", "/api/docs/{file}", [](const http::Request& request, const http::Respond& respond) {
    respond(give(request.path_parameters.at("file")));
  });
  router.add("GET", "/api/openapi.yaml",
             [](const http::Request&, const http::Respond& respond) { respond(give("openapi.yaml")); });
}

}  // namespace mesher::api
