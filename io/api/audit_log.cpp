#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <utility>

#include "io/api/body.hpp"
#include "io/api/routes.hpp"
#include "io/api/show.hpp"

namespace mesher::api {
namespace {

Json id_or_null(std::uint32_t id) {
  return id == 0 ? Json() : Json(id);
}

Json entry_json(const postgres::AuditRow& row) {
  return {{"id", row.id},
          {"happened_at", rfc3339(row.happened_at)},
          {"actor", {{"id", id_or_null(row.actor_id)}, {"name", row.actor}, {"token_id", id_or_null(row.token_id)}}},
          {"address", row.address},
          {"action", row.action},
          {"project_id", id_or_null(row.project_id)},
          {"target", {{"type", row.target_type}, {"id", row.target_id}, {"name", row.target}}},
          {"details", Json::parse(row.details_json, nullptr, false)}};
}

std::uint32_t id_parameter(Call& call, const char* name) {
  const auto text = call.request.query_parameter(name);
  if (!text) return 0;
  std::int32_t id = 0;
  const auto [end, problem] = std::from_chars(text->data(), text->data() + text->size(), id);
  if (problem == std::errc() && end == text->data() + text->size() && id > 0) return static_cast<std::uint32_t>(id);
  call.parameters.refuse(fail(Code::invalid_parameter, fmt::format("{} must be a whole number from 1 on", name), name));
  return 0;
}

http::Response page_of(Call& call, std::uint32_t organization_id) {
  postgres::AuditQuery query;
  query.organization_id = organization_id;
  query.action = call.parameters.text("action");
  query.actor_id = id_parameter(call, "actor");
  const auto list = fmt::format("audit|{}|{}|{}", organization_id, query.actor_id, query.action);
  const std::uint32_t limit = call.parameters.limit();
  query.limit = limit + 1;
  if (const auto values = call.parameters.cursor(list, 1)) query.before = number_of(values->front());
  if (call.parameters.failed()) return call.parameters.failure();
  auto rows = postgres::list_audit(call.api.database, query);
  if (!rows) return fail(rows.error());
  std::optional<std::string> next;
  if (cut_to_page(*rows, limit)) next = encode_cursor(list, {std::to_string(rows->back().id)});
  Json data = Json::array();
  for (const auto& row : *rows) data.push_back(entry_json(row));
  return list_answer(std::move(data), next);
}

}  // namespace

http::Response list_org_audit_log(Call& call) {
  const auto org = visible_org(call);
  if (call.parameters.failed()) return call.parameters.failure();
  return page_of(call, org);
}

http::Response list_instance_audit_log(Call& call) {
  return page_of(call, 0);
}

}  // namespace mesher::api
