#include "io/site/site.hpp"

namespace mesher::site {

/// In place of the built files (MESHER_DASHBOARD is off).
std::span<const File> dashboard() {
  static constexpr std::string_view kPage =
      "<!doctype html><title>Mesher</title><p>This Mesher was built without its dashboard (MESHER_DASHBOARD=OFF); the "
      "API is at /api/v1.\n";
  static constexpr File kFiles[] = {{"/index.html", "text/html; charset=utf-8", "\"none\"", false, kPage, {}, {}}};
  return kFiles;
}

}  // namespace mesher::site
