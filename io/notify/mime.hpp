#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "graph/base/clock.hpp"

namespace mesher::notify {

/// A mail with a plain and an HTML part (RFC 5322, MIME). Pure function.
struct MailDraft {
  std::string from;
  std::vector<std::string> to;
  std::string subject, plain, html;
  std::string id;      ///< of this mail, unique
  std::string thread;  ///< mails with the same are shown as one conversation
  UnixMicros date = 0;
};
/// Lines end with CR LF and are at most 998 bytes; everything is ASCII.
[[nodiscard]] std::string compose(const MailDraft& draft);

/// A header's value in encoded words (RFC 2047) if it is not plain ASCII.
[[nodiscard]] std::string encoded_header(std::string_view text);
[[nodiscard]] std::string base64(std::string_view bytes);

}  // namespace mesher::notify
