#include "io/http/message.hpp"

#include <algorithm>

#include "io/http/text.hpp"

namespace mesher::http {

std::string_view Request::header(std::string_view lower_case_name) const {
  for (const auto& [name, value] : headers) {
    if (name == lower_case_name) return value;
  }
  return {};
}

std::optional<std::string> Request::query_parameter(std::string_view name) const {
  std::string_view rest = query;
  while (!rest.empty()) {
    const auto end = std::min(rest.find('&'), rest.size());
    const auto pair = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const auto equals = std::min(pair.find('='), pair.size());
    if (percent_decoded(pair.substr(0, equals), true) != name) continue;
    return percent_decoded(pair.substr(std::min(equals + 1, pair.size())), true);
  }
  return std::nullopt;
}

Response error_response(int status, std::string_view code, std::string_view message, std::string_view field) {
  Response response;
  response.status = status;
  auto& body = response.body;
  body = R"({"error":{"code":)";
  append_json_string(code, body);
  body += R"(,"message":)";
  append_json_string(message, body);
  if (!field.empty()) {
    body += R"(,"field":)";
    append_json_string(field, body);
  }
  body += "}}";
  return response;
}

}  // namespace mesher::http
