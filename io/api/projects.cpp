#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "io/api/routes.hpp"
#include "io/api/show.hpp"

namespace mesher::api {
namespace {

constexpr UnixMicros kHour = 3'600'000'000;
constexpr UnixMicros kDay = 24 * kHour;
constexpr UnixMicros kLongestOutcomes = 92 * kDay;

std::string dsn_of(const Call& call, const std::string& public_key, std::uint32_t project_id) {
  std::string url = call.api.public_url;
  if (url.empty()) url = fmt::format("{}://{}", call.request.tls ? "https" : "http", call.request.header("host"));
  const auto host = url.find("://");
  if (host == std::string::npos) return {};
  return fmt::format("{}{}@{}/{}", url.substr(0, host + 3), public_key, url.substr(host + 3), project_id);
}

}  // namespace

http::Response get_project(Call& call) {
  const auto project = visible_project(call);
  if (call.parameters.failed()) return call.parameters.failure();
  return answer(project_json(*project));
}

http::Response list_project_keys(Call& call) {
  const auto project = visible_project(call);
  if (call.parameters.failed()) return call.parameters.failure();
  const std::string list = fmt::format("keys|{}", project->id);
  const std::uint32_t limit = call.parameters.limit();
  const std::uint32_t after = id_cursor(call, list);
  if (call.parameters.failed()) return call.parameters.failure();
  auto keys = postgres::list_keys(call.api.database, project->id, after, limit + 1);
  if (!keys) return fail(keys.error());
  std::optional<std::string> next;
  if (cut_to_page(*keys, limit)) next = encode_cursor(list, {std::to_string(keys->back().id)});
  Json data = Json::array();
  for (const auto& key : *keys) {
    data.push_back({{"id", key.id},
                    {"name", key.name},
                    {"public_key", key.public_key},
                    {"dsn", dsn_of(call, key.public_key, project->id)},
                    {"enabled", key.enabled},
                    {"rate_limit_per_minute", key.rate_limit_per_minute},
                    {"created_at", rfc3339(key.created_at)}});
  }
  return list_answer(std::move(data), next);
}

http::Response get_outcomes(Call& call) {
  const auto project = visible_project(call);
  const UnixMicros to = call.parameters.time("to").value_or(call.api.clock.now() + 1);
  const UnixMicros from = call.parameters.time("from").value_or(to - kDay) / kHour * kHour;
  if (to - from > kLongestOutcomes) {
    call.parameters.refuse(fail(Code::invalid_parameter, "from and to must not be more than 92 days apart", "from"));
  }
  if (call.parameters.failed()) return call.parameters.failure();
  const auto rows = postgres::list_outcomes(call.api.database, project->id, from, to);
  if (!rows) return fail(rows.error());
  Json data = Json::array();
  Json totals = Json::object();
  for (const auto& row : *rows) {
    data.push_back({{"hour", rfc3339(row.hour)},
                    {"outcome", row.outcome},
                    {"reason", row.reason},
                    {"category", row.category},
                    {"quantity", row.quantity}});
    Json& total = totals[row.category][row.outcome];
    total = (total.is_null() ? 0 : total.get<std::int64_t>()) + row.quantity;
  }
  return answer({{"data", std::move(data)}, {"next_cursor", nullptr}, {"totals", std::move(totals)}});
}

http::Response get_storage(Call& call) {
  const auto project = visible_project(call);
  if (call.parameters.failed()) return call.parameters.failure();
  const auto storage = postgres::storage_of(call.api.database, project->id);
  if (!storage) return fail(storage.error());
  return answer({{"issues", storage->issues}, {"events", storage->events}, {"payload_bytes", storage->payload_bytes}});
}

}  // namespace mesher::api
