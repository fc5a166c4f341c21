#include "io/journal/identity.hpp"

#include <fmt/format.h>
#include <xxhash.h>

#include <charconv>
#include <cstring>
#include <random>

namespace mesher::io::journal {
namespace {

constexpr std::string_view kFirstLine = "mesher journal\n";

std::string checksum_line(std::string_view lines) {
  return fmt::format("checksum {:016x}\n", XXH3_64bits(lines.data(), lines.size()));
}

std::optional<JournalId> parse_id(std::string_view text) {
  JournalId id{};
  std::string digits;
  for (const char c : text) {
    if (c != '-') digits += c;
  }
  if (digits.size() != id.size() * 2) return std::nullopt;
  for (std::size_t i = 0; i < id.size(); ++i) {
    const char* at = digits.data() + i * 2;
    if (std::from_chars(at, at + 2, id[i], 16).ptr != at + 2) return std::nullopt;
  }
  return to_text(id) == text ? std::optional(id) : std::nullopt;
}

/// Value of the line that begins with `key` and a blank.
std::string_view value_of(std::string_view text, std::string_view key) {
  const auto at = text.find(fmt::format("\n{} ", key));
  if (at == std::string_view::npos) return {};
  text.remove_prefix(at + key.size() + 2);
  return text.substr(0, text.find('\n'));
}

}  // namespace

JournalId make_journal_id() {
  JournalId id{};
  std::random_device random;
  for (auto& byte : id) byte = static_cast<unsigned char>(random());
  id[6] = static_cast<unsigned char>((id[6] & 0x0f) | 0x40);
  id[8] = static_cast<unsigned char>((id[8] & 0x3f) | 0x80);
  return id;
}

std::string to_text(const JournalId& id) {
  std::string out;
  for (std::size_t i = 0; i < id.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
    out += fmt::format("{:02x}", id[i]);
  }
  return out;
}

Result<std::optional<JournalId>> read_identity(Env& env, const std::string& directory) {
  auto file = env.open(directory + "/identity", OpenMode::read);
  if (!file) {
    if (file.error().code == ErrorCode::denied || file.error().code == ErrorCode::unavailable) return file.error();
    return std::optional<JournalId>();
  }
  std::string text(512, '\0');
  const auto size = (*file)->read(0, text.data(), text.size());
  if (!size) return std::optional<JournalId>();
  text.resize(*size);

  const auto checksum = text.rfind("checksum ");
  if (!text.starts_with(kFirstLine) || checksum == std::string::npos ||
      text.substr(checksum) != checksum_line(std::string_view(text).substr(0, checksum))) {
    return std::optional<JournalId>();
  }
  const auto format = value_of(text, "format");
  if (format != std::to_string(kFormatVersion)) {
    return Error{
        ErrorCode::invalid,
        fmt::format("the journal in {} has format {}, this program reads format {}", directory, format, kFormatVersion),
        "use the version of Mesher that wrote it, or a newer one"};
  }
  return parse_id(value_of(text, "id"));
}

Status write_identity(Env& env, const std::string& directory, const JournalId& id) {
  const auto path = directory + "/identity";
  const auto temporary = path + ".new";
  auto text = fmt::format("{}format {}\nid {}\n", kFirstLine, kFormatVersion, to_text(id));
  text += checksum_line(text);
  static_cast<void>(env.remove(temporary));  // of a start that was interrupted here
  auto file = env.open(temporary, OpenMode::create);
  if (!file) return file.error();
  const std::string_view piece = text;
  if (auto status = (*file)->write(0, {&piece, 1}); !status) return status;
  if (auto status = (*file)->sync(); !status) return status;
  if (auto status = env.rename(temporary, path); !status) return status;
  return env.sync_directory(directory);
}

}  // namespace mesher::io::journal
