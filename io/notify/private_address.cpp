#include <arpa/inet.h>
#include <netinet/in.h>

#include <array>
#include <cstdint>
#include <cstring>

#include "io/notify/transport.hpp"

namespace mesher::notify {
namespace {

struct Range {
  std::uint32_t network;
  int bits;
};

// Everything that IANA lists as not globally reachable.
constexpr std::array kPrivate4{
    Range{0x00000000, 8},   // this network
    Range{0x0a000000, 8},   // private
    Range{0x64400000, 10},  // shared by carriers
    Range{0x7f000000, 8},   // loopback
    Range{0xa9fe0000, 16},  // link-local, also clouds' metadata
    Range{0xac100000, 12},  // private
    Range{0xc0000000, 24},  // protocol assignments
    Range{0xc0000200, 24},  // documentation
    Range{0xc0586300, 24},  // 6to4 relays
    Range{0xc0a80000, 16},  // private
    Range{0xc6120000, 15},  // benchmarks
    Range{0xc6336400, 24},  // documentation
    Range{0xcb007100, 24},  // documentation
    Range{0xe0000000, 3},   // multicast, reserved, broadcast
};

bool is_private4(std::uint32_t address) {
  for (const auto& range : kPrivate4) {
    if ((address ^ range.network) >> (32 - range.bits) == 0) return true;
  }
  return false;
}

std::uint32_t number_at(const std::uint8_t* bytes) {
  return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 | std::uint32_t{bytes[2]} << 8 | bytes[3];
}

/// Only 2000::/3 is global, and not all of it; addresses that wrap one of IPv4 are judged by that.
bool is_private6(const std::uint8_t* bytes) {
  static constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  static constexpr std::array<std::uint8_t, 12> kNat64{0, 0x64, 0xff, 0x9b};
  if (std::memcmp(bytes, kMapped.data(), 12) == 0 || std::memcmp(bytes, kNat64.data(), 12) == 0) {
    return is_private4(number_at(bytes + 12));
  }
  if ((bytes[0] & 0xe0) != 0x20) return true;
  if (bytes[0] == 0x20 && bytes[1] == 0x02) return is_private4(number_at(bytes + 2));  // 6to4
  if (bytes[0] == 0x20 && bytes[1] == 0x01) {
    const bool assigned = bytes[2] < 2;  // 2001::/23: Teredo, ORCHID and the like
    const bool documentation = bytes[2] == 0x0d && bytes[3] == 0xb8;
    return assigned || documentation;
  }
  return false;
}

}  // namespace

bool is_private_address(const std::string& address) {
  in_addr four{};
  if (inet_pton(AF_INET, address.c_str(), &four) == 1) return is_private4(ntohl(four.s_addr));
  in6_addr six{};
  if (inet_pton(AF_INET6, address.c_str(), &six) == 1) return is_private6(six.s6_addr);
  return true;
}

}  // namespace mesher::notify
