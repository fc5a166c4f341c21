#include "nodes/ownership.hpp"

#include <fmt/format.h>

#include <limits>
#include <utility>

#include "io/api/body.hpp"
#include "io/api/routes.hpp"
#include "io/api/show.hpp"
#include "io/postgres/ownership_store.hpp"

namespace mesher::api {
namespace {

constexpr std::size_t kLongestText = 256 * 1024;

Json ownership_json(const postgres::OwnershipText& stored) {
  return {{"text", stored.text},
          {"version", stored.version},
          {"updated_at", stored.updated_at ? Json(rfc3339(*stored.updated_at)) : Json()}};
}

http::Response refuse(const std::vector<nodes::OwnershipMistake>& mistakes) {
  Json diagnostics = Json::array();
  for (const auto& mistake : mistakes) {
    diagnostics.push_back({{"line", mistake.line}, {"column", mistake.column}, {"message", mistake.message}});
  }
  const auto& first = mistakes.front();
  const CodeInfo& info = info_of(Code::invalid_body);
  return answer({{"error",
                  {{"code", info.name},
                   {"message", fmt::format("line {}, column {}: {}", first.line, first.column, first.message)},
                   {"field", "text"},
                   {"diagnostics", std::move(diagnostics)}}}},
                info.status);
}

}  // namespace

http::Response get_ownership(Call& call) {
  const auto project = visible_project(call);
  if (call.parameters.failed()) return call.parameters.failure();
  const auto stored = postgres::read_ownership(call.api.database, project->id);
  if (!stored) return fail(stored.error());
  return answer(ownership_json(*stored));
}

http::Response put_ownership(Call& call) {
  const auto project = visible_project(call);
  if (call.parameters.failed()) return call.parameters.failure();
  Body body(call);
  const auto text = body.required_secret("text", 0, kLongestText);
  const auto version = body.integer("version", 0, std::numeric_limits<std::int32_t>::max());
  body.finish();
  if (call.parameters.failed()) return call.parameters.failure();
  auto parsed = nodes::parse_ownership(text);
  if (const auto* mistakes = std::get_if<std::vector<nodes::OwnershipMistake>>(&parsed)) return refuse(*mistakes);
  const auto& rules = std::get<std::vector<nodes::OwnershipLine>>(parsed);
  const auto mistakes = postgres::write_ownership(call.api.database, project->id, project->organization_id, text, rules,
                                                  version, call.principal.user_id);
  if (!mistakes) return fail(mistakes.error());
  if (!mistakes->empty()) return refuse(*mistakes);
  const auto stored = postgres::read_ownership(call.api.database, project->id);
  if (!stored) return fail(stored.error());
  return answer(ownership_json(*stored));
}

}  // namespace mesher::api
