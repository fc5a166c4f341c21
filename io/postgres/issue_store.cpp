#include "io/postgres/issue_store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "io/postgres/clean_text.hpp"
#include "io/postgres/issue_words.hpp"
#include "io/postgres/owner_rules.hpp"

namespace mesher::postgres {
namespace {

using Wanted = nodes::ports::IssueStore::Wanted;

constexpr std::size_t kTextCharacters = 1000;    // of titles and the like
constexpr std::size_t kReleaseCharacters = 250;  // as in table events
constexpr std::size_t kIdleConnections = 4;

using HashKey = std::pair<std::uint32_t, nodes::Fingerprint>;
using Found = nodes::ports::IssueStore::Found;
using Known = std::map<HashKey, Found>;

std::string_view raw(const nodes::Fingerprint& hash) {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

Call select_hashes(std::span<const Wanted> wanted) {
  std::set<HashKey> distinct;
  for (const auto& entry : wanted) {
    for (const auto& hash : entry.hashes) distinct.emplace(entry.project_id, hash);
  }
  std::vector<std::int64_t> projects;
  std::vector<std::string_view> hashes;
  for (const auto& [project, hash] : distinct) {
    projects.push_back(project);
    hashes.push_back(raw(hash));
  }
  Call call;
  call.sql =
      "select h.project_id, h.hash, h.issue_id, i.epoch from unnest($1::integer[], $2::bytea[]) as d (project_id, "
      "hash) "
      "join issue_hashes h on h.project_id = d.project_id and h.hash = d.hash "
      "left join issues i on i.project_id = h.project_id and i.id = h.issue_id";
  call.params.integers(projects).bytes_array(hashes);
  return call;
}

Known read_hashes(const Rows& rows) {
  Known known;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto bytes = rows.bytes(i, 1);
    nodes::Fingerprint hash{};
    std::copy_n(bytes.begin(), std::min(bytes.size(), hash.size()), hash.begin());
    auto& found = known[{static_cast<std::uint32_t>(rows.integer(i, 0)), hash}];
    found.issue_id = rows.integer(i, 2) == 0 ? nodes::kDiscardedIssue : rows.integer(i, 2);
    found.epoch = static_cast<std::int32_t>(rows.integer(i, 3));
  }
  return known;
}

Found first_known(const Known& known, const Wanted& entry) {
  for (const auto& hash : entry.hashes) {
    if (const auto found = known.find({entry.project_id, hash}); found != known.end()) return found->second;
  }
  return {};
}

bool all_known(const Known& known, std::span<const Wanted> wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const Wanted& entry) {
    if (first_known(known, entry).issue_id == nodes::kDiscardedIssue) return true;
    return std::all_of(entry.hashes.begin(), entry.hashes.end(), [&](const auto& hash) {
      return known.contains({entry.project_id, hash});
    });
  });
}

/// What is to be inserted, column by column.
struct NewIssues {
  std::vector<std::int64_t> projects, ids, short_ids, versions, levels, users, teams;
  std::vector<std::string_view> hashes, titles, culprits, types, platforms, releases, signatures;
  std::vector<UnixMicros> first_seen;

  void add(const Wanted& entry, std::int64_t id, std::int64_t short_id, const Owner& owner) {
    projects.push_back(entry.project_id);
    ids.push_back(id);
    short_ids.push_back(short_id);
    versions.push_back(entry.grouping_version);
    levels.push_back(static_cast<std::int64_t>(entry.level));
    hashes.push_back(raw(entry.hashes.front()));
    titles.push_back(first_characters(entry.title, kTextCharacters));
    culprits.push_back(first_characters(entry.culprit, kTextCharacters));
    types.push_back(first_characters(entry.type, kTextCharacters));
    platforms.push_back(first_characters(entry.platform, kTextCharacters));
    first_seen.push_back(entry.first_seen);
    releases.push_back(first_characters(entry.first_release, kReleaseCharacters));
    users.push_back(owner.user);
    teams.push_back(owner.team);
    signatures.emplace_back(entry.signature);
  }
};

Call insert_issues(const NewIssues& fresh) {
  Call call;
  call.sql =
      "insert into issues (project_id, id, short_id, primary_hash, grouping_version, title, culprit, type, platform,"
      " level, first_seen, last_seen, first_received, last_received, first_release, assigned_user, assigned_team) "
      "select d.project_id, d.id, d.short_id, d.hash, d.version, d.title, d.culprit, d.type, d.platform, d.level,"
      " d.seen, d.seen, d.seen, d.seen, nullif(d.release, ''), nullif(d.usr, 0), nullif(d.team, 0) "
      "from unnest($1::integer[], $2::bigint[], $3::bigint[], $4::bytea[], $5::smallint[], $6::text[], $7::text[],"
      " $8::text[], $9::text[], $10::smallint[], $11::timestamptz[], $12::text[], $13::integer[], $14::integer[])"
      " as d (project_id, id, short_id, hash, version, title, culprit, type, platform, level, seen, release, usr, "
      "team)";
  call.params.integers(fresh.projects).integers(fresh.ids).integers(fresh.short_ids).bytes_array(fresh.hashes);
  call.params.integers(fresh.versions).texts(fresh.titles).texts(fresh.culprits).texts(fresh.types);
  call.params.texts(fresh.platforms).integers(fresh.levels).times(fresh.first_seen).texts(fresh.releases);
  call.params.integers(fresh.users).integers(fresh.teams);
  return call;
}

/// Of those of `wanted` that are created, in their order.
Call insert_signatures(const NewIssues& fresh) {
  Call call;
  call.sql =
      "insert into issue_signatures (project_id, issue_id, signature) "
      "select * from unnest($1::integer[], $2::bigint[], $3::bytea[]) as d (project_id, id, signature) "
      "where d.signature <> ''";
  call.params.integers(fresh.projects).integers(fresh.ids).bytes_array(fresh.signatures);
  return call;
}

/// Of an issue whose id is given.
Call insert_text(const Wanted& entry, std::int64_t id) {
  const auto& text = entry.text;
  Call call;
  call.sql =
      "insert into issue_texts (project_id, issue_id, error_type, message, functions, modules, files, words) "
      "values ($1, $2, $3, $4, $5::text[], $6::text[], $7::text[], $8::tsvector)";
  call.params.integer(entry.project_id).integer(id).text(text.error_type).text(text.message);
  call.params.texts(text.functions).texts(text.modules).texts(text.files).text(words_of(entry));
  return call;
}

Call insert_hashes(const std::vector<std::pair<HashKey, std::int64_t>>& attached) {
  std::vector<std::int64_t> projects, issues;
  std::vector<std::string_view> hashes;
  for (const auto& [key, issue] : attached) {
    projects.push_back(key.first);
    hashes.push_back(raw(key.second));
    issues.push_back(issue);
  }
  Call call;
  call.sql =
      "insert into issue_hashes (project_id, hash, issue_id) "
      "select * from unnest($1::integer[], $2::bytea[], $3::bigint[])";
  call.params.integers(projects).bytes_array(hashes).integers(issues);
  return call;
}

Call move_short_ids(const std::map<std::int64_t, std::int64_t>& next_short_ids) {
  std::vector<std::int64_t> projects, next;
  for (const auto& [project, short_id] : next_short_ids) {
    projects.push_back(project);
    next.push_back(short_id);
  }
  Call call;
  call.sql =
      "update projects p set next_short_id = d.next from unnest($1::integer[], $2::bigint[]) as d (id, next) "
      "where p.id = d.id";
  call.params.integers(projects).integers(next);
  return call;
}

std::vector<std::int64_t> projects_of(std::span<const Wanted> wanted) {
  std::set<std::int64_t> projects;
  for (const auto& entry : wanted) projects.insert(entry.project_id);
  return {projects.begin(), projects.end()};
}

Call lock_projects(const std::vector<std::int64_t>& ids) {
  Call call;
  call.sql = "select id, next_short_id from projects where id = any($1::integer[]) order by id for no key update";
  call.params.integers(ids);
  return call;
}

Call reserve_ids(std::size_t count) {
  Call call;
  call.sql = "select nextval(pg_get_serial_sequence('issues', 'id')) from generate_series(1, $1::integer)";
  call.params.integer(static_cast<std::int64_t>(count));
  return call;
}

std::vector<Found> answers_of(const Known& known, std::span<const Wanted> wanted) {
  std::vector<Found> answers;
  answers.reserve(wanted.size());
  for (const auto& entry : wanted) answers.push_back(first_known(known, entry));
  return answers;
}

/// Under the projects' locks: nobody else makes issues in them now.
Result<std::vector<Found>> create(Connection& connection, std::span<const Wanted> wanted) {
  const auto projects = projects_of(wanted);
  std::vector<Call> look(5);
  look[0].sql = "begin";
  look[1] = lock_projects(projects);
  look[2] = select_hashes(wanted);
  look[3] = reserve_ids(wanted.size());
  look[4] = select_owner_rules(projects);
  const auto seen = connection.run(look);
  if (!seen) return seen.error();

  std::map<std::int64_t, std::int64_t> next_short_ids;
  for (std::size_t i = 0; i < seen->at(1).size(); ++i) {
    next_short_ids[seen->at(1).integer(i, 0)] = seen->at(1).integer(i, 1);
  }
  auto known = read_hashes(seen->at(2));
  const OwnerRules owners(seen->at(4));
  NewIssues fresh;
  std::vector<std::pair<HashKey, std::int64_t>> attached;
  std::vector<Call> texts;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const auto& entry = wanted[i];
    auto issue = first_known(known, entry);
    if (issue.issue_id == nodes::kDiscardedIssue) continue;
    if (issue.issue_id == 0) {
      issue.issue_id = seen->at(3).integer(i, 0);
      // A project that was deleted while its events were under way: nobody will see the issue, and it is removed with
      // all that the project left. Refusing would hold up everything behind it.
      const auto short_id = next_short_ids.find(entry.project_id);
      fresh.add(entry, issue.issue_id, short_id == next_short_ids.end() ? issue.issue_id : short_id->second++,
                owners.of(entry));
      texts.push_back(insert_text(entry, issue.issue_id));
    }
    for (const auto& hash : entry.hashes) {
      const HashKey key{entry.project_id, hash};
      if (known.emplace(key, issue).second) attached.emplace_back(key, issue.issue_id);
    }
  }
  std::vector<Call> write;
  if (!fresh.ids.empty()) {
    write.push_back(insert_issues(fresh));
    write.push_back(insert_signatures(fresh));
    write.push_back(move_short_ids(next_short_ids));
    for (auto& text : texts) write.push_back(std::move(text));
  }
  if (!attached.empty()) write.push_back(insert_hashes(attached));
  write.push_back({"commit", {}});
  const auto written = connection.run(write);
  if (!written) return written.error();
  return answers_of(known, wanted);
}

}  // namespace

IssueStore::IssueStore(ConnectOptions options, Health& health) : options_(std::move(options)), health_(health) {}

std::optional<Connection> IssueStore::idle_connection() {
  const std::lock_guard lock(mutex_);
  if (idle_.empty()) return std::nullopt;
  Connection connection = std::move(idle_.back());
  idle_.pop_back();
  return connection;
}

Result<std::vector<Found>> IssueStore::find_or_create(std::span<const Wanted> wanted) {
  for (const auto& entry : wanted) {
    if (entry.hashes.empty()) return Error{ErrorCode::invalid, "an issue needs a hash", {}};
  }
  // An idle connection may have died since it was used last; asking again does no harm.
  while (auto connection = idle_connection()) {
    auto answer = ask(*connection, wanted);
    if (!answer && connection->broken()) continue;
    return finish(std::move(*connection), std::move(answer));
  }
  auto connection = Connection::open(options_);
  if (!connection) {
    health_.fails("issues", connection.error());
    return Error{ErrorCode::unavailable, connection.error().message, connection.error().hint};
  }
  auto answer = ask(*connection, wanted);
  return finish(std::move(*connection), std::move(answer));
}

Result<std::vector<Found>> IssueStore::finish(Connection connection, Result<std::vector<Found>> answer) {
  if (!connection.broken() && connection.in_transaction()) (void)connection.execute("rollback");
  if (!connection.broken()) {
    const std::lock_guard lock(mutex_);
    if (idle_.size() < kIdleConnections) idle_.push_back(std::move(connection));
  }
  if (answer) {
    health_.works("issues");
    return answer;
  }
  auto error = answer.error();
  if (error.code == ErrorCode::invalid) return error;
  error.code = ErrorCode::unavailable;
  health_.fails("issues", error);
  return error;
}

Result<std::vector<Found>> IssueStore::ask(Connection& connection, std::span<const Wanted> wanted) {
  const auto call = select_hashes(wanted);
  const auto rows = connection.query(call.sql, call.params);
  if (!rows) return rows.error();
  const auto known = read_hashes(*rows);
  if (all_known(known, wanted)) return answers_of(known, wanted);
  return create(connection, wanted);
}

}  // namespace mesher::postgres
