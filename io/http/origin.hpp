#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "io/http/message.hpp"

/// Where a request comes from: its client's address, the page that sent it, the cookies that came along.
namespace mesher::http {

/// The peer's address; behind a proxy on this machine, the last of X-Forwarded-For, which is what the proxy has seen.
[[nodiscard]] std::string client_address(const Request& request);

/// Over TLS, as far as the browser is concerned: here, or at a proxy on this machine (X-Forwarded-Proto).
[[nodiscard]] bool is_secure(const Request& request);

/// A cookie's value; empty if it was not sent. The view points into the request.
[[nodiscard]] std::string_view cookie(const Request& request, std::string_view name);

/// Whether a page of ours may have sent it: no Origin and no word of another site (then it is no page at all, or an old
/// browser), or the origin of this host or of `also`. Every browser sends Origin with a change that a page makes.
[[nodiscard]] bool from_own_page(const Request& request, const std::vector<std::string>& also);

/// Name of the session's cookie. The prefix makes browsers refuse one that was set without TLS or for a wider domain.
[[nodiscard]] std::string_view session_cookie_name(bool secure);

/// The session's cookie, whichever of its names it came under; empty if there is none.
[[nodiscard]] std::string_view session_cookie(const Request& request);

/// The secret of who opens a WebSocket: a bearer token, `?token=`, or the session's cookie if a page of ours (or of
/// `also`) asks: browsers send cookies with a WebSocket that any site opens. Empty if there is none.
[[nodiscard]] std::string socket_secret(const Request& request, const std::vector<std::string>& also);

}  // namespace mesher::http
