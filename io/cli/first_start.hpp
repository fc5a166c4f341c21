#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "io/postgres/connection.hpp"

namespace mesher::cli {

/// At the very first start: makes an owner with a random password, an organisation and a project, and answers what to
/// print: the sign-in, a DSN, and a curl line that works as pasted. Nothing if there are users already, or if the
/// database does not answer (which is logged).
[[nodiscard]] std::optional<std::string> set_up_if_empty(const postgres::ConnectOptions& options, std::string_view url);

}  // namespace mesher::cli
