#include "io/postgres/read_grouping.hpp"

#include <algorithm>
#include <functional>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "io/postgres/pool.hpp"
#include "nodes/similarity.hpp"

namespace mesher::postgres {
namespace {

constexpr std::string_view kSelectNames =
    "select i.id, i.short_id, i.event_count, p.slug, i.title, i.culprit, i.type, i.status, i.level, i.last_seen "
    "from issues i join projects p on p.id = i.project_id where i.project_id = $1::integer and i.event_count > 0";

Result<std::vector<IssueName>> names(Pool& pool, const std::string& sql, const Params& params) {
  auto rows = pool.query(sql, params);
  if (!rows) return std::move(rows).error();
  std::vector<IssueName> list;
  list.reserve(rows->size());
  for (std::size_t i = 0; i < rows->size(); ++i) {
    auto& name = list.emplace_back();
    name.id = rows->integer(i, 0);
    name.short_id = rows->integer(i, 1);
    name.event_count = rows->integer(i, 2);
    name.project_slug = rows->text(i, 3);
    name.title = rows->text(i, 4);
    name.culprit = rows->text(i, 5);
    name.type = rows->text(i, 6);
    name.status = rows->text(i, 7);
    name.level = static_cast<nodes::Level>(rows->integer(i, 8));
    name.last_seen = rows->time(i, 9);
  }
  return list;
}

using Scored = std::pair<double, std::int64_t>;

/// The most alike first, latest first among equals.
std::vector<Scored> most_alike(const Rows& rows, std::string_view signature, std::int64_t but, std::size_t limit,
                               double least) {
  std::vector<Scored> scored;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto id = rows.integer(i, 0);
    if (id == but) continue;
    const double score = nodes::likeness(signature, rows.bytes(i, 1));
    if (score >= least) scored.emplace_back(score, id);
  }
  const auto end = scored.begin() + static_cast<std::ptrdiff_t>(std::min(limit, scored.size()));
  std::partial_sort(scored.begin(), end, scored.end(), std::greater<>());
  scored.erase(end, scored.end());
  return scored;
}

}  // namespace

Result<std::map<nodes::Fingerprint, std::int64_t>> issues_of_hashes(Pool& pool, std::uint32_t project_id,
                                                                    const std::vector<nodes::Fingerprint>& hashes) {
  std::vector<std::string_view> raw;
  raw.reserve(hashes.size());
  for (const auto& hash : hashes) raw.emplace_back(reinterpret_cast<const char*>(hash.data()), hash.size());
  Params params;
  params.integer(project_id).bytes_array(raw);
  auto rows = pool.query(
      "select hash, issue_id from issue_hashes where project_id = $1::integer and hash = any($2::bytea[])", params);
  if (!rows) return std::move(rows).error();
  std::map<nodes::Fingerprint, std::int64_t> found;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    const auto bytes = rows->bytes(i, 0);
    nodes::Fingerprint hash{};
    std::copy_n(bytes.begin(), std::min(bytes.size(), hash.size()), hash.begin());
    found.emplace(hash, rows->integer(i, 1));
  }
  return found;
}

Result<std::vector<IssueName>> latest_issues(Pool& pool, std::uint32_t project_id, UnixMicros from, UnixMicros to,
                                             std::uint32_t limit) {
  static const std::string kSql = std::string(kSelectNames) +
                                  " and i.last_seen >= $2::timestamptz and i.first_seen < $3::timestamptz "
                                  "order by i.last_seen desc, i.id desc limit $4::integer";
  Params params;
  params.integer(project_id).time(from).time(to).integer(limit);
  return names(pool, kSql, params);
}

Result<std::vector<IssueName>> issues_by_id(Pool& pool, std::uint32_t project_id,
                                            const std::vector<std::int64_t>& ids) {
  static const std::string kSql = std::string(kSelectNames) + " and i.id = any($2::bigint[])";
  Params params;
  params.integer(project_id).integers(ids);
  return names(pool, kSql, params);
}

Result<std::vector<SimilarIssue>> similar_issues(Pool& pool, std::uint32_t project_id, std::int64_t issue_id,
                                                 std::uint32_t limit, double least) {
  Params own;
  own.integer(project_id).integer(issue_id);
  auto mine = pool.query(
      "select signature from issue_signatures where project_id = $1::integer and issue_id = $2::bigint", own);
  if (!mine) return std::move(mine).error();
  std::vector<SimilarIssue> similar;
  if (mine->empty()) return similar;
  Params params;
  params.integer(project_id).integer(kComparedIssues);
  auto rows = pool.query(
      "select issue_id, signature from issue_signatures where project_id = $1::integer "
      "order by issue_id desc limit $2::integer",
      params);
  if (!rows) return std::move(rows).error();
  // Twice as many: some may have been deleted since.
  const auto scored = most_alike(*rows, mine->bytes(0, 0), issue_id, std::size_t{limit} * 2, least);
  std::vector<std::int64_t> ids;
  ids.reserve(scored.size());
  for (const auto& [score, id] : scored) ids.push_back(id);
  auto found = issues_by_id(pool, project_id, ids);
  if (!found) return std::move(found).error();
  std::unordered_map<std::int64_t, IssueName> by_id;
  for (auto& name : *found) by_id.emplace(name.id, std::move(name));
  for (const auto& [score, id] : scored) {
    const auto name = by_id.find(id);
    if (name != by_id.end() && similar.size() < limit) similar.push_back({std::move(name->second), score});
  }
  return similar;
}

}  // namespace mesher::postgres
