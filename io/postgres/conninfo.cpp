#include "io/postgres/conninfo.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>

namespace mesher::postgres {

Result<std::vector<std::string>> environment_of(const std::string& conninfo) {
  char* complaint = nullptr;
  auto* options = PQconninfoParse(conninfo.c_str(), &complaint);
  if (options == nullptr) {
    Error error{ErrorCode::invalid, complaint != nullptr ? complaint : "out of memory", {}};
    PQfreemem(complaint);
    return error;
  }
  std::vector<std::string> variables;
  for (const auto* option = options; option->keyword != nullptr; ++option) {
    if (option->val == nullptr || option->envvar == nullptr) continue;
    variables.push_back(fmt::format("{}={}", option->envvar, option->val));
  }
  PQconninfoFree(options);
  return variables;
}

}  // namespace mesher::postgres
