#pragma once

#include <span>
#include <string_view>

#include "io/http/message.hpp"

/// The documentation of the API as a page: GET /api/docs. It shows schema/openapi.yaml, which is part of the program as
/// the page's own files are (docs/), and asks no other server for anything; its Content-Security-Policy sees to that.
/// Needs no sign-in: it says nothing that is not in the source.
namespace mesher::api {

struct DocsFile {
  std::string_view name;  ///< "page.js"
  std::string_view content;
};

/// What was built in.
[[nodiscard]] std::span<const DocsFile> docs_files();

/// GET /api/docs, /api/docs/{file} and /api/openapi.yaml.
void add_docs_routes(http::Router& router);

}  // namespace mesher::api
