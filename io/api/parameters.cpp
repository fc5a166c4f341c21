#include "io/api/parameters.hpp"

#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <utility>

#include "io/api/cursor.hpp"
#include "io/api/error_codes.hpp"
#include "io/api/times.hpp"

namespace mesher::api {
namespace {

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// Length of the UTF-8 sequence that starts with `lead`; 0: none does.
std::size_t sequence_length(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) return 3;
  return lead >= 0xF0 && lead <= 0xF4 ? 4 : 0;
}

/// Overlong forms, surrogates and code points above U+10FFFF show in the second byte.
bool second_byte_fits(unsigned char lead, unsigned char second) {
  switch (lead) {
    case 0xE0:
      return second >= 0xA0;
    case 0xED:
      return second <= 0x9F;
    case 0xF0:
      return second >= 0x90;
    case 0xF4:
      return second <= 0x8F;
    default:
      return true;
  }
}

}  // namespace

bool is_clean_text(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t length = sequence_length(lead);
    if (lead == 0 || length == 0 || i + length > text.size()) return false;
    for (std::size_t k = 1; k < length; ++k) {
      const auto next = static_cast<unsigned char>(text[i + k]);
      if ((next & 0xC0U) != 0x80 || (k == 1 && !second_byte_fits(lead, next))) return false;
    }
    i += length;
  }
  return true;
}

void Parameters::refuse(http::Response failure) {
  if (!failure_) failure_ = std::move(failure);
}

std::int64_t Parameters::path_number(std::string_view name, std::int64_t most) {
  const auto at = request_.path_parameters.find(std::string(name));
  const auto value = at == request_.path_parameters.end() ? std::nullopt : whole_number(at->second);
  if (value && *value >= 1 && *value <= most) return *value;
  refuse(fail(Code::invalid_parameter, fmt::format("{} must be a whole number from 1 to {}", name, most), name));
  return 1;
}

std::uint32_t Parameters::path_id(std::string_view name) {
  return static_cast<std::uint32_t>(path_number(name, std::numeric_limits<std::int32_t>::max()));
}

std::int64_t Parameters::path_big_id(std::string_view name) {
  return path_number(name, std::numeric_limits<std::int64_t>::max());
}

nodes::EventId Parameters::path_event_id(std::string_view name) {
  const auto at = request_.path_parameters.find(std::string(name));
  if (at != request_.path_parameters.end()) {
    if (const auto id = nodes::EventId::parse(at->second)) return *id;
  }
  refuse(fail(Code::invalid_parameter,
              fmt::format("{} must be an event id: 32 hexadecimal digits, dashes accepted", name), name));
  return {};
}

std::uint32_t Parameters::limit() {
  const auto given = request_.query_parameter("limit");
  if (!given) return kDefaultLimit;
  const auto value = whole_number(*given);
  if (value && *value >= 1 && *value <= kMaxLimit) return static_cast<std::uint32_t>(*value);
  refuse(fail(Code::invalid_parameter, fmt::format("limit must be a whole number from 1 to {}", kMaxLimit), "limit"));
  return kDefaultLimit;
}

std::optional<UnixMicros> Parameters::time(std::string_view name) {
  const auto given = request_.query_parameter(name);
  if (!given) return std::nullopt;
  const auto value = parse_time(*given);
  if (!value) {
    refuse(fail(Code::invalid_parameter,
                fmt::format("{} must be a time: RFC 3339 such as 2026-01-02T03:04:05Z, or Unix seconds", name), name));
  }
  return value;
}

std::string Parameters::choice(std::string_view name, std::initializer_list<std::string_view> allowed) {
  const auto given = request_.query_parameter(name);
  if (!given) return std::string(*allowed.begin());
  for (const auto value : allowed) {
    if (*given == value) return std::string(value);
  }
  refuse(fail(Code::invalid_parameter, fmt::format("{} must be one of {}", name, fmt::join(allowed, ", ")), name));
  return std::string(*allowed.begin());
}

bool Parameters::flag(std::string_view name) {
  const auto given = request_.query_parameter(name);
  if (!given || *given == "0" || *given == "false") return false;
  if (*given == "1" || *given == "true") return true;
  refuse(fail(Code::invalid_parameter, fmt::format("{} must be 1 or 0", name), name));
  return false;
}

std::string Parameters::text(std::string_view name) {
  auto given = request_.query_parameter(name);
  if (!given) return {};
  return checked_text(name, *std::move(given));
}

std::string Parameters::path_text(std::string_view name) {
  const auto at = request_.path_parameters.find(std::string(name));
  if (at == request_.path_parameters.end()) return {};
  return checked_text(name, at->second);
}

std::string Parameters::checked_text(std::string_view name, std::string value) {
  if (value.size() > kMaxText) {
    refuse(fail(Code::invalid_parameter, fmt::format("{} must not be longer than {} bytes", name, kMaxText), name));
    return {};
  }
  if (!is_clean_text(value)) {
    refuse(fail(Code::invalid_parameter, fmt::format("{} must be UTF-8 without NUL", name), name));
    return {};
  }
  return value;
}

std::optional<std::vector<std::string>> Parameters::cursor(std::string_view list, std::size_t count) {
  const auto given = request_.query_parameter("cursor");
  if (!given || given->empty()) return std::nullopt;
  auto values = decode_cursor(list, *given, count);
  if (!values) refuse(fail(Code::invalid_cursor, info_of(Code::invalid_cursor).meaning, "cursor"));
  return values;
}

}  // namespace mesher::api
