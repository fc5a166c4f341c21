#include "io/notify/mime.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>

namespace mesher::notify {
namespace {

constexpr std::size_t kLineOfBase64 = 76;
constexpr std::size_t kBytesOfWord = 45;  // an encoded word has at most 75 characters
constexpr std::size_t kMostSubject = 300;

std::string_view host_of(std::string_view address) {
  const auto at = address.rfind('@');
  return at == std::string_view::npos ? std::string_view("mesher") : address.substr(at + 1);
}

/// "Tue, 01 Dec 2026 13:00:00 +0000"; the C library's names depend on a locale that we do not set.
std::string date_header(UnixMicros at) {
  constexpr std::array kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t seconds = at / 1'000'000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} +0000", kDays[static_cast<std::size_t>(utc.tm_wday)],
                     utc.tm_mday, kMonths[static_cast<std::size_t>(utc.tm_mon)], utc.tm_year + 1900, utc.tm_hour,
                     utc.tm_min, utc.tm_sec);
}

std::string part(std::string_view type, std::string_view text) {
  std::string out = fmt::format("Content-Type: {}; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n", type);
  const auto encoded = base64(text);
  for (std::size_t i = 0; i < encoded.size(); i += kLineOfBase64) out += encoded.substr(i, kLineOfBase64) + "\r\n";
  return out;
}

bool plain_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

}  // namespace

std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    const auto part = bytes.substr(i, 3);
    for (std::size_t k = 0; k < 3; ++k)
      group = group << 8 | (k < part.size() ? static_cast<unsigned char>(part[k]) : 0);
    for (std::size_t k = 0; k < 4; ++k) out += k <= part.size() ? kDigits[group >> (18 - 6 * k) & 63] : '=';
  }
  return out;
}

std::string encoded_header(std::string_view text) {
  std::string clean(text.substr(0, kMostSubject));
  if (text.size() > kMostSubject) {
    while (!clean.empty() && (static_cast<unsigned char>(text[clean.size()]) & 0xc0) == 0x80) clean.pop_back();
  }
  // A line break would begin another header.
  std::replace_if(
      clean.begin(), clean.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  if (plain_ascii(clean) && clean.size() <= kLineOfBase64) return clean;
  std::string out;
  for (std::size_t i = 0; i < clean.size();) {
    auto end = std::min(clean.size(), i + kBytesOfWord);
    while (end < clean.size() && (static_cast<unsigned char>(clean[end]) & 0xc0) == 0x80) --end;
    if (!out.empty()) out += "\r\n ";
    out += "=?UTF-8?B?" + base64(std::string_view(clean).substr(i, end - i)) + "?=";
    i = end;
  }
  return out;
}

std::string compose(const MailDraft& draft) {
  const auto host = host_of(draft.from);
  const auto thread = fmt::format("<{}@{}>", draft.thread, host);
  std::string mail = fmt::format("From: Mesher <{}>\r\nTo: ", draft.from);
  for (std::size_t i = 0; i < draft.to.size(); ++i) {
    if (i > 0) mail += ",\r\n ";
    mail += draft.to[i];
  }
  mail += fmt::format("\r\nSubject: {}\r\nDate: {}\r\nMessage-ID: <{}@{}>\r\nIn-Reply-To: {}\r\nReferences: {}\r\n",
                      encoded_header(draft.subject), date_header(draft.date), draft.id, host, thread, thread);
  mail += "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n";
  const auto boundary = "mesher-" + draft.id;  // base64 has no hyphen: it is in no part
  mail += fmt::format("Content-Type: multipart/alternative; boundary=\"{}\"\r\n\r\n--{}\r\n", boundary, boundary);
  mail += part("text/plain", draft.plain);
  mail += fmt::format("--{}\r\n", boundary);
  mail += part("text/html", draft.html);
  mail += fmt::format("--{}--\r\n", boundary);
  return mail;
}

}  // namespace mesher::notify
