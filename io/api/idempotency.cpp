#include "io/api/idempotency.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "graph/base/log.hpp"
#include "io/auth/seal.hpp"
#include "io/auth/token.hpp"
#include "io/http/origin.hpp"
#include "io/postgres/idempotency.hpp"

namespace mesher::api {
namespace {

constexpr std::size_t kLongestKey = 255;

bool is_key(std::string_view text) {
  return text.size() <= kLongestKey &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

std::string credential_of(const http::Request& request) {
  const auto token = auth::bearer_secret(request.header("authorization"));
  return std::string(token.empty() ? http::session_cookie(request) : token);
}

/// Without the headers that belong to the moment: limits, cookies.
std::string packed(const http::Response& response) {
  Json headers = Json::array();
  for (const auto& [name, value] : response.headers) {
    if (name == "ETag" || name == "Cache-Control") headers.push_back(Json::array({name, value}));
  }
  return Json{{"body", response.body}, {"type", response.content_type}, {"headers", std::move(headers)}}.dump(
      -1, ' ', false, Json::error_handler_t::replace);
}

http::Response unpacked(int status, const std::string& text) {
  const auto document = Json::parse(text, nullptr, false);
  if (!document.is_object()) return fail(Code::conflict, "the answer to this Idempotency-Key can't be read");
  http::Response response;
  response.status = status;
  response.body = document.value("body", "");
  response.content_type = document.value("type", "application/json");
  for (const auto& header : document["headers"]) {
    response.headers.emplace_back(header[0].get<std::string>(), header[1].get<std::string>());
  }
  response.headers.emplace_back("Idempotency-Replayed", "true");
  return response;
}

http::Response replayed(const postgres::EarlierRequest& earlier, const std::string& credential) {
  if (!earlier.same) return fail(Code::conflict, "this Idempotency-Key was used for another request");
  if (earlier.status == 0) {
    auto response = fail(Code::conflict, "the first request with this Idempotency-Key is still under way");
    response.headers.emplace_back("Retry-After", "1");
    return response;
  }
  const auto text = auth::unseal(earlier.sealed_answer, credential);
  if (!text) return fail(Code::conflict, "this Idempotency-Key was used with another token or session");
  return unpacked(earlier.status, *text);
}

}  // namespace

http::Response run_once(Call& call, const std::function<http::Response()>& handle) {
  const auto& request = call.request;
  const auto key = request.header("idempotency-key");
  if (key.empty() || request.method != "POST" || call.principal.user_id == 0) return handle();
  if (!is_key(key)) {
    return fail(Code::invalid_parameter, "Idempotency-Key must be 1 to 255 visible ASCII characters",
                "Idempotency-Key");
  }
  postgres::IdempotentRequest mine;
  mine.user_id = call.principal.user_id;
  mine.key = auth::hash_token(key);
  mine.request = auth::hash_token(request.method + " " + request.path + "?" + request.query + "\n" + request.body);
  const auto credential = credential_of(request);
  auto& database = call.api.database;
  const auto earlier = postgres::begin_request(database, mine, call.api.clock.now());
  if (!earlier) return fail(earlier.error());
  if (*earlier) return replayed(**earlier, credential);
  http::Response response;
  try {
    response = handle();
  } catch (...) {
    static_cast<void>(postgres::drop_request(database, mine));
    throw;
  }
  const bool keep = response.status < 500 && response.status != 429;
  const auto status =
      keep ? postgres::keep_answer(database, mine, response.status, auth::seal(packed(response), credential))
           : postgres::drop_request(database, mine);
  if (!status) log::warn("api", "the answer to an Idempotency-Key is not kept: {}", status.error().message);
  return response;
}

}  // namespace mesher::api
