#include "io/http/dsn.hpp"

#include <algorithm>
#include <charconv>

namespace mesher::http {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

template <class T>
std::optional<T> whole_number(std::string_view text) {
  T value = 0;
  const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || bad != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// host [":" port], where an IPv6 host stands in brackets.
bool split_host(std::string_view text, Dsn& dsn) {
  const auto bracket = text.front() == '[' ? text.find(']') : 0;
  if (bracket == std::string_view::npos) return false;
  const auto colon = text.find(':', bracket);
  dsn.host = text.substr(0, colon);
  if (colon == std::string_view::npos) return true;
  const auto port = whole_number<std::uint16_t>(text.substr(colon + 1));
  if (!port) return false;
  dsn.port = *port;
  return !dsn.host.empty();
}

}  // namespace

bool is_public_key(std::string_view text) {
  return text.size() == 32 && std::all_of(text.begin(), text.end(), is_hex);
}

std::optional<std::uint32_t> parse_project_id(std::string_view text) {
  return whole_number<std::uint32_t>(text);
}

std::optional<Dsn> parse_dsn(std::string_view text) {
  Dsn dsn;
  const auto scheme_end = text.find("://");
  if (scheme_end == std::string_view::npos) return std::nullopt;
  dsn.scheme = text.substr(0, scheme_end);
  if (dsn.scheme != "http" && dsn.scheme != "https") return std::nullopt;
  text.remove_prefix(scheme_end + 3);
  text = text.substr(0, text.find_first_of("?#"));

  const auto slash = text.find('/');
  const auto at = text.substr(0, slash).rfind('@');
  if (slash == std::string_view::npos || at == std::string_view::npos) return std::nullopt;
  const auto user = text.substr(0, at);
  const auto host = text.substr(at + 1, slash - at - 1);
  dsn.public_key = user.substr(0, user.find(':'));
  if (dsn.public_key.empty() || host.empty() || !split_host(host, dsn)) return std::nullopt;

  auto path = text.substr(slash);
  while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  const auto last = path.rfind('/');
  const auto id = parse_project_id(path.substr(last + 1));
  if (!id) return std::nullopt;
  dsn.project_id = *id;
  dsn.path = path.substr(0, last);
  return dsn;
}

}  // namespace mesher::http
