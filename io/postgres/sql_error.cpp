#include "io/postgres/sql_error.hpp"

#include <array>

namespace mesher::postgres {
namespace {

constexpr std::string_view kHintPrefix = "sqlstate ";

std::string one_line(std::string_view message) {
  std::string line;
  for (const char c : message) {
    if (c != '\n') {
      line += c;
    } else if (!line.empty() && line.back() != ' ') {
      line += ' ';
    }
  }
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

}  // namespace

ErrorCode classify_sqlstate(std::string_view state) {
  if (state.size() != 5) return ErrorCode::unavailable;  // no answer from a server at all
  if (state == sqlstate::kUniqueViolation) return ErrorCode::conflict;
  if (state == "42501") return ErrorCode::denied;
  constexpr std::array<std::string_view, 4> kUnavailable{"57014", "25006", sqlstate::kLockTimeout, "55006"};
  for (const auto code : kUnavailable) {
    if (state == code) return ErrorCode::unavailable;
  }
  const auto group = state.substr(0, 2);
  if (group == "08" || group == "40" || group == "53" || group == "57" || group == "58" || group == "28" ||
      group == "3D") {
    return ErrorCode::unavailable;
  }
  if (group == "22" || group == "23" || group == "54") return ErrorCode::invalid;
  return ErrorCode::internal;
}

Error sql_error(std::string_view state, std::string_view message) {
  Error error{classify_sqlstate(state), one_line(message), {}};
  if (state.size() == 5) error.hint = std::string(kHintPrefix) + std::string(state);
  return error;
}

bool has_sqlstate(const Error& error, std::string_view state) {
  return error.hint.size() == kHintPrefix.size() + state.size() && error.hint.ends_with(state);
}

}  // namespace mesher::postgres
