// DSNs, auth headers, query strings, origins and targets: the input's lines, in this order. Keys that are found have
// the form of keys.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "graph/base/assert.hpp"
#include "io/http/dsn.hpp"
#include "io/http/ingest_auth.hpp"
#include "io/http/text.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mesher::http;
  std::vector<std::string> lines(1);
  for (std::size_t i = 0; i < size; ++i) {
    if (data[i] == '\n') {
      lines.emplace_back();
    } else {
      lines.back() += static_cast<char>(data[i]);
    }
  }
  lines.resize(6);
  if (const auto dsn = parse_dsn(lines[0])) MESHER_ASSERT(!dsn->public_key.empty() && !dsn->host.empty());
  Request request;
  request.headers = {{"x-sentry-auth", lines[1]}, {"authorization", lines[2]}, {"x-mesher-auth", lines[3]}};
  split_target(lines[4], request.path, request.query);
  MESHER_ASSERT(request.path.starts_with('/') && request.path.find("//") == std::string::npos);
  const auto native = native_credentials(request);
  if (const auto* found = std::get_if<Credentials>(&native)) MESHER_ASSERT(is_public_key(found->public_key));
  const auto sentry = sentry_credentials(request);
  if (const auto* found = std::get_if<std::optional<Credentials>>(&sentry)) {
    MESHER_ASSERT(!*found || is_public_key((*found)->public_key));
  }
  (void)origin_allowed({"*.example", "https://a.example:8443"}, lines[5], lines[0]);
  return 0;
}
