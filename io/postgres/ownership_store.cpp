#include "io/postgres/ownership_store.hpp"

#include <fmt/format.h>

#include <map>
#include <utility>

#include "io/postgres/pool.hpp"

namespace mesher::postgres {
namespace {

using Ids = std::map<std::string, std::int64_t, std::less<>>;

Result<Ids> ids_by_name(Connection& connection, const char* sql, std::uint32_t organization_id) {
  const auto rows = connection.query(sql, Params().integer(organization_id));
  if (!rows) return rows.error();
  Ids ids;
  for (std::size_t i = 0; i < rows->size(); ++i) ids.emplace(rows->text(i, 0), rows->integer(i, 1));
  return ids;
}

/// Parallel to the rules: ids of users and of teams; 0: no such.
struct Owners {
  std::vector<std::int64_t> users, teams;
};

Result<Owners> find_owners(Connection& connection, std::uint32_t organization_id,
                           std::span<const nodes::OwnershipLine> rules) {
  const auto members = ids_by_name(
      connection,
      "select u.email, u.id from members m join users u on u.id = m.user_id where m.organization_id = $1::integer",
      organization_id);
  if (!members) return members.error();
  const auto teams = ids_by_name(connection,
                                 "select slug, id, 1 as rank from teams where organization_id = $1::integer union all "
                                 "select name, id, 2 from teams where organization_id = $1::integer order by rank, id",
                                 organization_id);
  if (!teams) return teams.error();
  Owners owners;
  for (const auto& rule : rules) {
    const auto& among = rule.is_team ? *teams : *members;
    const auto found = among.find(rule.owner);
    const auto id = found == among.end() ? 0 : found->second;
    owners.users.push_back(rule.is_team ? 0 : id);
    owners.teams.push_back(rule.is_team ? id : 0);
  }
  return owners;
}

std::vector<nodes::OwnershipMistake> unknown_owners(std::span<const nodes::OwnershipLine> rules, const Owners& owners) {
  std::vector<nodes::OwnershipMistake> mistakes;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (owners.users[i] != 0 || owners.teams[i] != 0) continue;
    auto message = rules[i].is_team ? fmt::format("the organisation has no team \"{}\"", rules[i].owner)
                                    : fmt::format("\"{}\" is not a member of the organisation", rules[i].owner);
    mistakes.push_back({rules[i].line, rules[i].owner_column, std::move(message)});
  }
  return mistakes;
}

Status store(Connection& connection, std::uint32_t project_id, const std::string& text,
             std::span<const nodes::OwnershipLine> rules, const Owners& owners, std::uint32_t user_id) {
  std::vector<std::int64_t> positions;
  std::vector<std::string> tags, patterns;
  for (const auto& rule : rules) {
    positions.push_back(static_cast<std::int64_t>(positions.size()));
    tags.push_back(rule.tag);
    patterns.push_back(rule.pattern);
  }
  std::vector<Call> calls(3);
  calls[0].sql =
      "insert into ownership as o (project_id, text, updated_by) values ($1::integer, $2, $3::integer) "
      "on conflict (project_id) do update set text = excluded.text, version = o.version + 1, updated_at = now(),"
      " updated_by = excluded.updated_by";
  calls[0].params.integer(project_id).text(text).integer(user_id);
  calls[1].sql = "delete from ownership_rules where project_id = $1::integer";
  calls[1].params.integer(project_id);
  calls[2].sql =
      "insert into ownership_rules (project_id, position, tag, pattern, user_id, team_id) "
      "select $1::integer, d.position, d.tag, d.pattern, nullif(d.usr, 0), nullif(d.team, 0) "
      "from unnest($2::integer[], $3::text[], $4::text[], $5::integer[], $6::integer[])"
      " as d (position, tag, pattern, usr, team)";
  calls[2].params.integer(project_id).integers(positions).texts(tags).texts(patterns);
  calls[2].params.integers(owners.users).integers(owners.teams);
  const auto done = connection.run(calls);
  return done ? Status() : Status(done.error());
}

}  // namespace

Result<OwnershipText> read_ownership(Pool& pool, std::uint32_t project_id) {
  auto rows = pool.query("select text, version, updated_at from ownership where project_id = $1::integer",
                         Params().integer(project_id));
  if (!rows) return std::move(rows).error();
  if (rows->empty()) return OwnershipText{};
  return OwnershipText{std::string(rows->text(0, 0)), rows->integer(0, 1), rows->time(0, 2)};
}

Result<std::vector<nodes::OwnershipMistake>> write_ownership(Pool& pool, std::uint32_t project_id,
                                                             std::uint32_t organization_id, const std::string& text,
                                                             std::span<const nodes::OwnershipLine> rules,
                                                             std::optional<std::int64_t> expected_version,
                                                             std::uint32_t user_id) {
  auto lease = pool.acquire();
  if (!lease) return lease.error();
  auto& connection = **lease;
  auto transaction = Transaction::begin(connection);
  if (!transaction) return transaction.error();
  // The project's lock keeps two writers apart also when there are no rules yet.
  const auto locked = connection.query(
      "select coalesce(o.version, 0) from projects p left join ownership o on o.project_id = p.id "
      "where p.id = $1::integer for no key update of p",
      Params().integer(project_id));
  if (!locked) return locked.error();
  if (locked->empty()) return Error{ErrorCode::not_found, "no such project", "project"};
  if (expected_version && *expected_version != locked->integer(0, 0)) {
    return Error{ErrorCode::conflict,
                 fmt::format("somebody else changed the rules; their version is {} now", locked->integer(0, 0)),
                 "version"};
  }
  const auto owners = find_owners(connection, organization_id, rules);
  if (!owners) return owners.error();
  auto mistakes = unknown_owners(rules, *owners);
  if (!mistakes.empty()) return mistakes;
  if (auto status = store(connection, project_id, text, rules, *owners, user_id); !status) return status.error();
  if (auto status = transaction->commit(); !status) return status.error();
  return mistakes;
}

}  // namespace mesher::postgres
