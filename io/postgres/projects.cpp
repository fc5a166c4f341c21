#include "io/postgres/projects.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "io/postgres/organizations.hpp"
#include "io/postgres/pool.hpp"
#include "io/postgres/setup.hpp"

namespace mesher::postgres {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kSlugTaken = "another project of this organisation has this slug";
constexpr std::string_view kProjectColumns = "id, organization_id, slug, name, platform, settings, created_at";
constexpr std::string_view kKeyColumns = "id, name, public_key, enabled, rate_limit_per_minute, created_at";

std::uint32_t id_at(const Rows& rows, int column) {
  return static_cast<std::uint32_t>(rows.integer(0, column));
}

ProjectRow project_at(const Rows& rows) {
  ProjectRow row;
  row.id = id_at(rows, 0);
  row.organization_id = id_at(rows, 1);
  row.slug = rows.text(0, 2);
  row.name = rows.text(0, 3);
  row.platform = rows.text(0, 4);
  row.settings_json = rows.text(0, 5);
  row.created_at = rows.time(0, 6);
  return row;
}

KeyRow key_at(const Rows& rows) {
  KeyRow row;
  row.id = id_at(rows, 0);
  row.name = rows.text(0, 1);
  row.public_key = rows.text(0, 2);
  row.enabled = rows.boolean(0, 3);
  row.rate_limit_per_minute = id_at(rows, 4);
  row.created_at = rows.time(0, 5);
  return row;
}

Change project_change(std::string_view action, const ProjectRow& row) {
  Change change;
  change.organization_id = row.organization_id;
  change.project_id = row.id;
  change.action = action;
  change.target_type = "project";
  change.target_id = std::to_string(row.id);
  change.target = row.name;
  return change;
}

Change key_change(std::string_view action, const ProjectRow& project, const KeyRow& key) {
  auto change = project_change(action, project);
  change.target_type = "key";
  change.target_id = std::to_string(key.id);
  change.target = key.name;
  return change;
}

template <class T>
void differ(Json& details, const char* name, const T& from, const T& to) {
  if (from != to) details[name] = {{"from", from}, {"to", to}};
}

/// The members that differ; of objects, theirs.
void differ_deep(Json& details, const std::string& name, const Json& from, const Json& to) {
  if (from == to) return;
  if (!from.is_object() && !to.is_object()) {
    details[name] = {{"from", from}, {"to", to}};
    return;
  }
  const Json none;
  const auto member = [&none](const Json& object, const std::string& key) -> const Json& {
    return object.is_object() && object.contains(key) ? object[key] : none;
  };
  for (const auto* object : {&from, &to}) {
    if (!object->is_object()) continue;
    for (const auto& [key, value] : object->items()) {
      auto path = name;
      path.append(".").append(key);
      differ_deep(details, path, member(from, key), member(to, key));
    }
  }
}

Json differences(const ProjectRow& from, const ProjectRow& to) {
  Json details = Json::object();
  differ(details, "name", from.name, to.name);
  differ(details, "slug", from.slug, to.slug);
  differ(details, "platform", from.platform, to.platform);
  differ_deep(details, "settings", Json::parse(from.settings_json, nullptr, false),
              Json::parse(to.settings_json, nullptr, false));
  return details;
}

Result<KeyRow> insert_key(Connection& connection, std::uint32_t project_id, const KeyRow& key) {
  static const std::string kSql =
      "insert into project_keys (project_id, name, public_key, enabled, rate_limit_per_minute)"
      " values ($1::integer, $2, $3, $4, $5::integer) returning " +
      std::string(kKeyColumns);
  const auto made = connection.query(kSql, Params()
                                               .integer(project_id)
                                               .text(key.name)
                                               .text(new_public_key())
                                               .boolean(key.enabled)
                                               .integer(key.rate_limit_per_minute));
  if (!made) return made.error();
  return key_at(*made);
}

Result<std::optional<KeyRow>> key_of(Result<Rows> rows) {
  if (!rows) return std::move(rows).error();
  if (rows->empty()) return std::optional<KeyRow>();
  return std::optional<KeyRow>(key_at(*rows));
}

}  // namespace

Result<ProjectRow> create_project(Pool& pool, const ProjectRow& project, const Actor& actor) {
  auto lease = pool.acquire();
  if (!lease) return lease.error();
  auto transaction = Transaction::begin(**lease);
  if (!transaction) return transaction.error();
  static const std::string kSql =
      "insert into projects (organization_id, slug, name, platform, settings) select id, $2, $3, $4, $5::jsonb"
      " from organizations where id = $1::integer returning " +
      std::string(kProjectColumns);
  Params params;
  params.integer(project.organization_id).text(project.slug).text(project.name).text(project.platform);
  const auto made = (*lease)->query(kSql, params.text(project.settings_json.empty() ? "{}" : project.settings_json));
  if (!made) return taken(made.error(), kSlugTaken, "slug");
  if (made->empty()) return Error{ErrorCode::not_found, "no such organisation", ""};
  auto row = project_at(*made);
  KeyRow key;
  key.name = "default";
  if (const auto added = insert_key(**lease, row.id, key); !added) return added.error();
  if (auto status = note_change(**lease, actor, project_change("project.create", row)); !status) return status.error();
  if (auto status = transaction->commit(); !status) return status.error();
  return row;
}

Result<std::optional<ProjectRow>> edit_project(Pool& pool, std::uint32_t id,
                                               const std::function<bool(ProjectRow&)>& edit, const Actor& actor) {
  auto lease = pool.acquire();
  if (!lease) return lease.error();
  auto transaction = Transaction::begin(**lease);
  if (!transaction) return transaction.error();
  static const std::string kSql =
      "select " + std::string(kProjectColumns) + " from projects where id = $1::integer for no key update";
  const auto found = (*lease)->query(kSql, Params().integer(id));
  if (!found) return found.error();
  if (found->empty()) return std::optional<ProjectRow>();
  const auto before = project_at(*found);
  auto row = before;
  if (!edit(row)) return std::optional<ProjectRow>();
  const auto details = differences(before, row);
  if (details.empty()) return std::optional(row);
  Params params;
  params.integer(id).text(row.slug).text(row.name).text(row.platform).text(row.settings_json);
  const auto done = (*lease)->query(
      "update projects set slug = $2, name = $3, platform = $4, settings = $5::jsonb where id = $1::integer", params);
  if (!done) return taken(done.error(), kSlugTaken, "slug");
  auto change = project_change("project.update", row);
  change.details_json = details.dump();
  if (auto status = note_change(**lease, actor, change); !status) return status.error();
  if (auto status = transaction->commit(); !status) return status.error();
  return std::optional(row);
}

Result<bool> delete_project(Pool& pool, std::uint32_t id, const Actor& actor) {
  auto lease = pool.acquire();
  if (!lease) return lease.error();
  auto transaction = Transaction::begin(**lease);
  if (!transaction) return transaction.error();
  static const std::string kSql =
      "delete from projects where id = $1::integer returning " + std::string(kProjectColumns);
  const auto gone = (*lease)->query(kSql, Params().integer(id));
  if (!gone) return gone.error();
  if (gone->empty()) return false;
  if (auto status = note_change(**lease, actor, project_change("project.delete", project_at(*gone))); !status) {
    return status.error();
  }
  if (auto status = transaction->commit(); !status) return status.error();
  return true;
}

Result<std::optional<KeyRow>> find_key(Pool& pool, std::uint32_t project_id, std::uint32_t key_id) {
  static const std::string kSql =
      "select " + std::string(kKeyColumns) + " from project_keys where project_id = $1::integer and id = $2::integer";
  return key_of(pool.query(kSql, Params().integer(project_id).integer(key_id)));
}

Result<KeyRow> create_key(Pool& pool, const ProjectRow& project, const KeyRow& key, std::uint32_t most,
                          const Actor& actor) {
  auto lease = pool.acquire();
  if (!lease) return lease.error();
  auto transaction = Transaction::begin(**lease);
  if (!transaction) return transaction.error();
  const auto locked =
      (*lease)->query("select 1 from projects where id = $1::integer for no key update", Params().integer(project.id));
  if (!locked) return locked.error();
  if (locked->empty()) return Error{ErrorCode::not_found, "no such project", ""};
  const auto count =
      (*lease)->query("select count(*) from project_keys where project_id = $1::integer", Params().integer(project.id));
  if (!count) return count.error();
  if (count->integer(0, 0) >= most) {
    return Error{ErrorCode::conflict, "there are " + std::to_string(most) + " keys already: delete some first", ""};
  }
  auto row = insert_key(**lease, project.id, key);
  if (!row) return row;
  if (auto status = note_change(**lease, actor, key_change("key.create", project, *row)); !status) {
    return status.error();
  }
  if (auto status = transaction->commit(); !status) return status.error();
  return row;
}

Result<std::optional<KeyRow>> edit_key(Pool& pool, const ProjectRow& project, std::uint32_t key_id,
                                       const std::function<bool(KeyRow&)>& edit, const Actor& actor) {
  auto lease = pool.acquire();
  if (!lease) return lease.error();
  auto transaction = Transaction::begin(**lease);
  if (!transaction) return transaction.error();
  static const std::string kSql =
      "select " + std::string(kKeyColumns) +
      " from project_keys where project_id = $1::integer and id = $2::integer for no key update";
  auto found = key_of((*lease)->query(kSql, Params().integer(project.id).integer(key_id)));
  if (!found || !*found) return found;
  auto row = **found;
  if (!edit(row)) return std::optional<KeyRow>();
  const auto& before = **found;
  Json details = Json::object();
  differ(details, "name", before.name, row.name);
  differ(details, "enabled", before.enabled, row.enabled);
  differ(details, "rate_limit_per_minute", before.rate_limit_per_minute, row.rate_limit_per_minute);
  const bool rotated = before.public_key != row.public_key;
  differ(details, "public_key", before.public_key, row.public_key);
  if (details.empty()) return std::optional(row);
  Params params;
  params.integer(key_id).text(row.name).text(row.public_key).boolean(row.enabled).integer(row.rate_limit_per_minute);
  const auto done = (*lease)->query(
      "update project_keys set name = $2, public_key = $3, enabled = $4, rate_limit_per_minute = $5::integer"
      " where id = $1::integer",
      params);
  if (!done) return done.error();
  auto change = key_change(rotated ? "key.rotate" : "key.update", project, row);
  change.details_json = details.dump();
  if (auto status = note_change(**lease, actor, change); !status) return status.error();
  if (auto status = transaction->commit(); !status) return status.error();
  return std::optional(row);
}

Result<bool> delete_key(Pool& pool, const ProjectRow& project, std::uint32_t key_id, const Actor& actor) {
  auto lease = pool.acquire();
  if (!lease) return lease.error();
  auto transaction = Transaction::begin(**lease);
  if (!transaction) return transaction.error();
  static const std::string kSql =
      "delete from project_keys where project_id = $1::integer and id = $2::integer returning " +
      std::string(kKeyColumns);
  const auto gone = key_of((*lease)->query(kSql, Params().integer(project.id).integer(key_id)));
  if (!gone) return gone.error();
  if (!*gone) return false;
  if (auto status = note_change(**lease, actor, key_change("key.delete", project, **gone)); !status) {
    return status.error();
  }
  if (auto status = transaction->commit(); !status) return status.error();
  return true;
}

}  // namespace mesher::postgres
