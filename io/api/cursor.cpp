#include "io/api/cursor.hpp"

#include <sodium.h>

#include <array>

namespace mesher::api {
namespace {

constexpr char kSeparator = '\x1f';
constexpr int kVariant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
using Checksum = std::array<unsigned char, crypto_shorthash_BYTES>;

/// Against mistakes, not against forgery: a forged cursor reaches nothing that its list does not hold. So the key may
/// be public, and cursors stay good across restarts and nodes.
Checksum checksum(std::string_view list, std::string_view values) {
  static constexpr std::array<unsigned char, crypto_shorthash_KEYBYTES> kKey{'m', 'e', 's', 'h', 'e', 'r', ' ', 'c',
                                                                             'u', 'r', 's', 'o', 'r', ' ', 'v', '1'};
  std::string all(list);
  all += '\0';
  all += values;
  Checksum sum{};
  crypto_shorthash(sum.data(), reinterpret_cast<const unsigned char*>(all.data()), all.size(), kKey.data());
  return sum;
}

}  // namespace

std::string encode_cursor(std::string_view list, const std::vector<std::string>& values) {
  std::string bytes;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0) bytes += kSeparator;
    bytes += values[i];
  }
  const Checksum sum = checksum(list, bytes);
  bytes.append(reinterpret_cast<const char*>(sum.data()), sum.size());
  std::string text(sodium_base64_ENCODED_LEN(bytes.size(), kVariant), '\0');
  sodium_bin2base64(text.data(), text.size(), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                    kVariant);
  text.pop_back();  // the terminating NUL
  return text;
}

std::optional<std::vector<std::string>> decode_cursor(std::string_view list, std::string_view cursor,
                                                      std::size_t count) {
  std::string bytes(cursor.size(), '\0');
  std::size_t size = 0;
  const char* end = nullptr;
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(), cursor.data(), cursor.size(),
                        nullptr, &size, &end, kVariant) != 0 ||
      end != cursor.data() + cursor.size() || size < sizeof(Checksum)) {
    return std::nullopt;
  }
  const std::string_view values(bytes.data(), size - sizeof(Checksum));
  const Checksum sum = checksum(list, values);
  if (std::string_view(bytes.data() + values.size(), sum.size()) !=
      std::string_view(reinterpret_cast<const char*>(sum.data()), sum.size())) {
    return std::nullopt;
  }
  std::vector<std::string> parts(1);
  for (const char c : values) {
    if (c == kSeparator) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  if (parts.size() != count) return std::nullopt;
  return parts;
}

}  // namespace mesher::api
