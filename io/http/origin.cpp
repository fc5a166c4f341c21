#include "io/http/origin.hpp"

#include <algorithm>

#include "io/http/text.hpp"

namespace mesher::http {
namespace {

bool from_this_machine(const Request& request) {
  return request.remote_address == "::1" || request.remote_address.starts_with("127.");
}

std::string_view last_element(std::string_view list) {
  const auto comma = list.rfind(',');
  return trimmed(comma == std::string_view::npos ? list : list.substr(comma + 1));
}

}  // namespace

std::string client_address(const Request& request) {
  const auto forwarded = request.header("x-forwarded-for");
  if (forwarded.empty() || !from_this_machine(request)) return request.remote_address;
  // The last address is the one that the proxy itself has seen; those before it are hearsay.
  const auto last = last_element(forwarded);
  return last.empty() || last.size() > 45 ? request.remote_address : std::string(last);
}

bool is_secure(const Request& request) {
  if (request.tls) return true;
  return from_this_machine(request) && equals_ignoring_case(last_element(request.header("x-forwarded-proto")), "https");
}

std::string_view cookie(const Request& request, std::string_view name) {
  auto rest = request.header("cookie");
  while (!rest.empty()) {
    const auto end = std::min(rest.find(';'), rest.size());
    const auto pair = trimmed(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=') {
      return pair.substr(name.size() + 1);
    }
  }
  return {};
}

bool from_own_page(const Request& request, const std::vector<std::string>& also) {
  const auto origin = request.header("origin");
  if (origin.empty()) return !equals_ignoring_case(request.header("sec-fetch-site"), "cross-site");
  const auto scheme = origin.find("://");
  if (scheme == std::string_view::npos) return false;
  if (equals_ignoring_case(origin.substr(scheme + 3), request.header("host"))) return true;
  return std::any_of(also.begin(), also.end(), [&](const auto& one) { return equals_ignoring_case(one, origin); });
}

std::string_view session_cookie_name(bool secure) {
  return secure ? "__Host-mesher_session" : "mesher_session";
}

std::string_view session_cookie(const Request& request) {
  const auto strict = cookie(request, session_cookie_name(true));
  // Over TLS the plain name counts for nothing: a page on a neighbouring host could have set it.
  return !strict.empty() || is_secure(request) ? strict : cookie(request, session_cookie_name(false));
}

std::string socket_secret(const Request& request, const std::vector<std::string>& also) {
  const auto header = request.header("authorization");
  if (header.size() > 7 && equals_ignoring_case(header.substr(0, 7), "bearer ")) {
    return std::string(trimmed(header.substr(7)));
  }
  auto token = request.query_parameter("token").value_or(std::string());
  if (token.empty() && from_own_page(request, also)) token = session_cookie(request);
  return token;
}

}  // namespace mesher::http
