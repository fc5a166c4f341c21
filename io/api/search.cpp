#include "io/api/search.hpp"

#include <fmt/format.h>

#include <utility>

#include "io/api/error_codes.hpp"

namespace mesher::api {

query::Node read_query(Parameters& parameters, query::Scope scope) {
  return read_query(parameters, parameters.text("query"), scope);
}

query::Node read_query(Parameters& parameters, std::string_view text, query::Scope scope) {
  auto parsed = query::parse(text, scope);
  if (auto* node = std::get_if<query::Node>(&parsed)) return std::move(*node);
  const auto& mistake = std::get<query::Mistake>(parsed);
  auto response = fail(Code::invalid_query, fmt::format("position {}: {}", mistake.position, mistake.message), "query");
  response.body.resize(response.body.size() - 2);  // }}
  response.body += fmt::format(R"(,"position":{}}}}})", mistake.position);
  parameters.refuse(std::move(response));
  return {};
}

}  // namespace mesher::api
