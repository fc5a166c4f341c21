#include <fmt/format.h>

#include <utility>

#include "io/api/body.hpp"
#include "io/api/routes.hpp"
#include "io/api/show.hpp"
#include "io/postgres/projects.hpp"
#include "io/postgres/setup.hpp"

namespace mesher::api {
namespace {

constexpr std::uint32_t kMostKeys = 200;
constexpr std::size_t kLongestName = 200;
constexpr std::int64_t kMostEvents = 1'000'000'000;

Json key_json(const Call& call, const postgres::KeyRow& key, std::uint32_t project_id) {
  return {{"id", key.id},
          {"name", key.name},
          {"public_key", key.public_key},
          {"dsn", postgres::dsn_of(public_url(call), key.public_key, project_id)},
          {"enabled", key.enabled},
          {"rate_limit_per_minute", key.rate_limit_per_minute},
          {"created_at", rfc3339(key.created_at)}};
}

void read_key(Body& body, postgres::KeyRow& key) {
  if (auto name = body.text("name", 1, kLongestName)) key.name = *std::move(name);
  if (const auto enabled = body.boolean("enabled")) key.enabled = *enabled;
  if (const auto limit = body.integer("rate_limit_per_minute", 0, kMostEvents)) {
    key.rate_limit_per_minute = static_cast<std::uint32_t>(*limit);
  }
}

using KeyChange = void (*)(Body&, postgres::KeyRow&);

/// Changes the key of the path as the body says, and answers with it.
http::Response change_key(Call& call, KeyChange change) {
  const auto project = visible_project(call);
  const auto id = call.parameters.path_id("key_id");
  if (call.parameters.failed()) return call.parameters.failure();
  Body body(call);
  postgres::KeyRow checked;
  change(body, checked);
  body.finish();
  if (call.parameters.failed()) return call.parameters.failure();
  const auto edit = [&](postgres::KeyRow& key) {
    if (!meets_if_match(call, key_json(call, key, project->id))) return false;
    change(body, key);
    return true;
  };
  const auto changed = postgres::edit_key(call.api.database, *project, id, edit, call.actor());
  if (!changed) return fail(changed.error());
  if (call.parameters.failed()) return call.parameters.failure();
  if (!*changed) return no_such("key");
  return tagged_answer(call, key_json(call, **changed, project->id));
}

}  // namespace

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
  for (const auto& key : *keys) data.push_back(key_json(call, key, project->id));
  return list_answer(std::move(data), next);
}

http::Response create_key(Call& call) {
  const auto project = visible_project(call);
  if (call.parameters.failed()) return call.parameters.failure();
  Body body(call);
  postgres::KeyRow key;
  key.name = "key";
  read_key(body, key);
  body.finish();
  if (call.parameters.failed()) return call.parameters.failure();
  const auto made = postgres::create_key(call.api.database, *project, key, kMostKeys, call.actor());
  if (!made) return fail(made.error());
  return tagged_answer(call, key_json(call, *made, project->id), 201);
}

http::Response get_key(Call& call) {
  const auto project = visible_project(call);
  const auto id = call.parameters.path_id("key_id");
  if (call.parameters.failed()) return call.parameters.failure();
  const auto key = postgres::find_key(call.api.database, project->id, id);
  if (!key) return fail(key.error());
  if (!*key) return no_such("key");
  return tagged_answer(call, key_json(call, **key, project->id));
}

http::Response patch_key(Call& call) {
  return change_key(call, read_key);
}

http::Response rotate_key(Call& call) {
  return change_key(call, [](Body&, postgres::KeyRow& key) { key.public_key = postgres::new_public_key(); });
}

http::Response delete_key(Call& call) {
  const auto project = visible_project(call);
  const auto id = call.parameters.path_id("key_id");
  if (call.parameters.failed()) return call.parameters.failure();
  const auto gone = postgres::delete_key(call.api.database, *project, id, call.actor());
  if (!gone) return fail(gone.error());
  return *gone ? no_content() : no_such("key");
}

}  // namespace mesher::api
