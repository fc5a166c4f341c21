#include "nodes/inbound_filters.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "nodes/coerce.hpp"

namespace mesher::nodes {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

/// Where `part` (lower case) begins in `text` without case, from `from` on.
std::size_t find_word(std::string_view text, std::string_view part, std::size_t from = 0) {
  if (from > text.size()) return std::string_view::npos;
  const auto* found = std::search(text.begin() + from, text.end(), part.begin(), part.end(),
                                  [](char a, char b) { return lower(a) == b; });
  return found == text.end() ? std::string_view::npos : static_cast<std::size_t>(found - text.begin());
}
bool has(std::string_view text, std::string_view part) {
  return find_word(text, part) != std::string_view::npos;
}
bool begins(std::string_view text, std::string_view part) {
  return text.substr(0, part.size()) == part;
}

constexpr std::string_view kCrawlers[] = {"mediapartners-google",
                                          "adsbot-google",
                                          "googlebot",
                                          "feedfetcher-google",
                                          "bingbot",
                                          "bingpreview",
                                          "baiduspider",
                                          "slurp",
                                          "sogou",
                                          "facebook",
                                          "ia_archiver",
                                          "slack",
                                          "calypso appcrawler",
                                          "pingdom",
                                          "lyticsbot",
                                          "aws security scanner",
                                          "hubspot crawler",
                                          "bytespider",
                                          "better uptime",
                                          "duckduckbot",
                                          "yandexbot"};

/// Texts that only code injected by extensions and toolbars throws.
constexpr std::string_view kExtensionTexts[] = {"top.globals",
                                                "originalcreatenotification",
                                                "canvas.contentdocument",
                                                "myapp_removeallhighlights",
                                                "atomicfindclose",
                                                "fb_xd_fragment",
                                                "bmi_safeaddeventlistener",
                                                "eboborcalculator",
                                                "conduitpage",
                                                "jigsaw is not defined",
                                                "combosearch is not defined",
                                                "extension context invalidated",
                                                "webkit-masked-url:",
                                                "can't access dead object",
                                                "null is not an object (evaluating 'elt.parentnode')",
                                                "plugin.setsuspendstate is not a function",
                                                "cannot redefine property: googletag",
                                                "window.webkit.messagehandlers"};

constexpr std::string_view kExtensionSchemes[] = {
    "chrome://",           "chrome-extension://",     "moz-extension://",
    "safari-extension://", "safari-web-extension://", "ms-browser-extension://"};
constexpr std::string_view kExtensionPaths[] = {
    "webkit-masked-url", "graph.facebook.com", "connect.facebook.net",     "woopra-ns.com",
    "static.woopra.com", "kaspersky-labs.com", "127.0.0.1:4001/isrunning", "metrics.itunes.apple.com"};

/// Number behind `word` (such as "msie ") in the user agent; -1 if the word is not there.
int major_behind(std::string_view agent, std::string_view word) {
  const auto at = find_word(agent, word);
  if (at == std::string_view::npos) return -1;
  return static_cast<int>(std::min<std::uint32_t>(to_u32(agent.substr(at + word.size())), 10'000));
}

/// Host of a URL, without user and port.
std::string_view host_of(std::string_view url) {
  const auto start = url.find("://");
  if (start == std::string_view::npos) return {};
  auto host = url.substr(start + 3);
  host = host.substr(0, host.find_first_of("/?#"));
  if (const auto at = host.rfind('@'); at != std::string_view::npos) host = host.substr(at + 1);
  if (begins(host, "[")) return host.substr(1, host.find(']') - 1);
  return host.substr(0, host.find(':'));
}

std::size_t parse_address(std::string_view text, std::array<std::uint8_t, 16>& bytes) {
  const std::string copy(text.substr(0, 64));
  if (inet_pton(AF_INET, copy.c_str(), bytes.data()) == 1) return 4;
  if (inet_pton(AF_INET6, copy.c_str(), bytes.data()) == 1) return 16;
  return 0;
}

}  // namespace

AddressRange::AddressRange(std::string_view text) {
  text = trim(text);
  const auto slash = text.find('/');
  size_ = parse_address(text.substr(0, slash), bytes_);
  bits_ = size_ * 8;
  if (slash == std::string_view::npos) return;
  const auto bits = text.substr(slash + 1);
  const bool digits = !bits.empty() && bits.size() <= 3 &&
                      std::all_of(bits.begin(), bits.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!digits || to_u32(bits) > bits_) {
    size_ = 0;
  } else {
    bits_ = to_u32(bits);
  }
}

bool AddressRange::contains(std::string_view address) const {
  std::array<std::uint8_t, 16> bytes{};
  if (size_ == 0 || parse_address(address, bytes) != size_) return false;
  const std::size_t whole = bits_ / 8;
  if (std::memcmp(bytes.data(), bytes_.data(), whole) != 0) return false;
  if (bits_ % 8 == 0) return true;
  const auto mask = static_cast<std::uint8_t>(0xFF << (8 - bits_ % 8));
  return (bytes[whole] & mask) == (bytes_[whole] & mask);
}

InboundFilters::InboundFilters(const ports::FilterSettings& settings) : settings_(settings) {
  for (const auto& pattern : settings.messages) messages_.emplace_back(pattern);
  for (const auto& pattern : settings.releases) releases_.emplace_back(pattern);
  for (const auto& range : settings.ip_addresses) addresses_.emplace_back(range);
  any_ = settings.localhost || settings.web_crawlers || settings.browser_extensions || settings.legacy_browsers ||
         !messages_.empty() || !releases_.empty() || !addresses_.empty();
}

std::string_view InboundFilters::match(const Event& event) const {
  if (!any_) return {};
  if (settings_.localhost && is_from_localhost(event)) return "localhost";
  if (settings_.web_crawlers && is_web_crawler(event.user_agent)) return "web-crawlers";
  if (settings_.browser_extensions && is_from_extension(event)) return "browser-extensions";
  if (settings_.legacy_browsers && is_legacy_browser(event.user_agent)) return "legacy-browsers";
  const auto in_range = [&](const AddressRange& range) { return range.contains(event.client_ip); };
  if (std::any_of(addresses_.begin(), addresses_.end(), in_range)) return "ip-address";
  const auto is_release = [&](const Glob& glob) { return glob.matches(event.release); };
  if (!event.release.empty() && std::any_of(releases_.begin(), releases_.end(), is_release)) return "release-version";
  if (!messages_.empty() && message_matches(event)) return "error-message";
  return {};
}

bool InboundFilters::message_matches(const Event& event) const {
  const auto matches = [&](std::string_view text) {
    return !text.empty() &&
           std::any_of(messages_.begin(), messages_.end(), [&](const Glob& g) { return g.matches(text); });
  };
  if (matches(event.message)) return true;
  std::string text;
  for (const auto& exception : event.exceptions) {
    text.assign(exception.type);
    if (!exception.type.empty() && !exception.value.empty()) text += ": ";
    text += exception.value;
    if (matches(text)) return true;
  }
  return false;
}

bool is_web_crawler(std::string_view agent) {
  if (agent.empty()) return false;
  // Slack's link unfurler is a crawler, its API client of version 1 is not.
  if (begins(agent, "Slackbot 1.")) return false;
  for (const auto crawler : kCrawlers) {
    if (has(agent, crawler)) return true;
  }
  for (const std::string_view word : {"bot", "bots", "spider"}) {
    for (auto at = find_word(agent, word); at != std::string_view::npos; at = find_word(agent, word, at + 1)) {
      const std::size_t behind = at + word.size();
      if (behind < agent.size() && std::string_view("/ ;)").find(agent[behind]) != std::string_view::npos) return true;
    }
  }
  return false;
}

bool is_legacy_browser(std::string_view agent) {
  if (agent.empty()) return false;
  if (has(agent, "opera mini/")) return major_behind(agent, "opera mini/") < 8;
  if (begins(agent, "Opera/")) {
    const int version = major_behind(agent, "version/");
    return (version >= 0 ? version : major_behind(agent, "opera/")) < 15;
  }
  if (const int ie = major_behind(agent, "iemobile"); ie >= 0) {
    return major_behind(agent, "iemobile/") >= 0 ? major_behind(agent, "iemobile/") < 10
                                                 : major_behind(agent, "iemobile ") < 10;
  }
  if (const int ie = major_behind(agent, "msie "); ie >= 0) return ie < 10;
  if (const int android = major_behind(agent, "android "); android >= 0) {
    return android < 4 && !has(agent, "chrome/") && !has(agent, "firefox/");
  }
  const bool safari =
      has(agent, "safari/") && !has(agent, "chrome/") && !has(agent, "chromium/") && !has(agent, "crios/");
  if (!safari) return false;
  const int version = major_behind(agent, "version/");
  return version >= 0 && version < 6;
}

bool is_from_localhost(const Event& event) {
  if (event.user.ip_address == "127.0.0.1" || event.user.ip_address == "::1") return true;
  if (begins(event.request_url, "file:")) return true;
  const auto host = host_of(event.request_url);
  constexpr std::string_view kSuffix = ".localhost";
  return host == "127.0.0.1" || host == "::1" || equal_ignoring_case(host, "localhost") ||
         (host.size() > kSuffix.size() && equal_ignoring_case(host.substr(host.size() - kSuffix.size()), kSuffix));
}

bool is_from_extension(const Event& event) {
  if (event.exceptions.empty()) return false;
  const auto& exception = event.exceptions.front();
  for (const auto text : kExtensionTexts) {
    if (has(exception.value, text)) return true;
  }
  for (auto frame = exception.frames.rbegin(); frame != exception.frames.rend(); ++frame) {
    const auto path = frame->abs_path;
    if (path == "<anonymous>" || path == "[native code]") continue;
    const auto starts = [&](std::string_view scheme) { return begins(path, scheme); };
    const auto holds = [&](std::string_view part) { return has(path, part); };
    return std::any_of(std::begin(kExtensionSchemes), std::end(kExtensionSchemes), starts) ||
           std::any_of(std::begin(kExtensionPaths), std::end(kExtensionPaths), holds);
  }
  return false;
}

}  // namespace mesher::nodes
