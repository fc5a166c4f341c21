#include "io/postgres/issue_talk.hpp"

#include <limits>
#include <utility>

#include "io/postgres/pool.hpp"

namespace mesher::postgres {
namespace {

Person person_at(const Rows& rows, std::size_t row, int column) {
  return {static_cast<std::uint32_t>(rows.integer(row, column)), std::string(rows.text(row, column + 1)),
          std::string(rows.text(row, column + 2))};
}

CommentRow comment_at(const Rows& rows, std::size_t row) {
  CommentRow comment;
  comment.id = rows.integer(row, 0);
  comment.issue_id = rows.integer(row, 1);
  comment.user = person_at(rows, row, 2);
  comment.text = rows.text(row, 5);
  comment.created_at = rows.time(row, 6);
  if (!rows.is_null(row, 7)) comment.edited_at = rows.time(row, 7);
  return comment;
}

constexpr std::string_view kComments =
    "select c.id, c.issue_id, c.user_id, coalesce(u.email, ''), coalesce(u.name, ''), c.text, c.created_at, "
    "c.edited_at "
    "from issue_comments c left join users u on u.id = c.user_id "
    "where c.project_id = $1::integer and c.issue_id = $2::bigint ";

}  // namespace

Result<std::vector<ActivityRow>> list_activity(Pool& pool, std::uint32_t project_id, std::int64_t issue_id,
                                               std::optional<std::int64_t> before, std::uint32_t limit) {
  Params params;
  params.integer(project_id).integer(issue_id).integer(before.value_or(std::numeric_limits<std::int64_t>::max()));
  params.integer(limit);
  auto rows = pool.query(
      "select a.id, a.at, a.kind, a.data, a.change_id, a.user_id, coalesce(u.email, ''), coalesce(u.name, '') "
      "from issue_activity a left join users u on u.id = a.user_id where a.project_id = $1::integer"
      " and a.issue_id = $2::bigint and a.id < $3::bigint order by a.id desc limit $4::integer",
      params);
  if (!rows) return std::move(rows).error();
  std::vector<ActivityRow> list;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    auto& row = list.emplace_back();
    row.id = rows->integer(i, 0);
    row.at = rows->time(i, 1);
    row.kind = rows->text(i, 2);
    row.data_json = rows->text(i, 3);
    if (!rows->is_null(i, 4)) row.change_id = rows->integer(i, 4);
    if (!rows->is_null(i, 5)) row.user = person_at(*rows, i, 5);
  }
  return list;
}

Result<std::vector<CommentRow>> list_comments(Pool& pool, std::uint32_t project_id, std::int64_t issue_id,
                                              std::int64_t after, std::uint32_t limit) {
  auto rows = pool.query(std::string(kComments) + "and c.id > $3::bigint order by c.id limit $4::integer",
                         Params().integer(project_id).integer(issue_id).integer(after).integer(limit));
  if (!rows) return std::move(rows).error();
  std::vector<CommentRow> list;
  for (std::size_t i = 0; i < rows->size(); ++i) list.push_back(comment_at(*rows, i));
  return list;
}

Result<std::optional<CommentRow>> find_comment(Pool& pool, std::uint32_t project_id, std::int64_t issue_id,
                                               std::int64_t id) {
  auto rows = pool.query(std::string(kComments) + "and c.id = $3::bigint",
                         Params().integer(project_id).integer(issue_id).integer(id));
  if (!rows) return std::move(rows).error();
  if (rows->empty()) return std::optional<CommentRow>();
  return std::optional<CommentRow>(comment_at(*rows, 0));
}

Result<std::int64_t> add_comment(Pool& pool, std::uint32_t project_id, std::int64_t issue_id, std::uint32_t user_id,
                                 const std::string& text) {
  auto rows = pool.query(
      "with comment as (insert into issue_comments (project_id, issue_id, user_id, text)"
      " values ($1::integer, $2::bigint, $3::integer, $4) returning id),"
      " noted as (insert into issue_activity (project_id, issue_id, user_id, kind, data)"
      " select $1::integer, $2::bigint, $3::integer, 'comment', jsonb_build_object('comment_id', id) from comment)"
      " select id from comment",
      Params().integer(project_id).integer(issue_id).integer(user_id).text(text));
  if (!rows) return std::move(rows).error();
  return rows->integer(0, 0);
}

Status edit_comment(Pool& pool, std::uint32_t project_id, std::int64_t id, const std::string& text) {
  auto rows = pool.query(
      "update issue_comments set text = $3, edited_at = now() where project_id = $1::integer and id = $2::bigint",
      Params().integer(project_id).integer(id).text(text));
  return rows ? Status() : Status(rows.error());
}

Status remove_comment(Pool& pool, std::uint32_t project_id, std::int64_t id) {
  auto rows = pool.query(
      "with gone as (delete from issue_comments where project_id = $1::integer and id = $2::bigint returning issue_id) "
      "delete from issue_activity a using gone where a.project_id = $1::integer and a.issue_id = gone.issue_id"
      " and a.kind = 'comment' and a.data = jsonb_build_object('comment_id', $2::bigint)",
      Params().integer(project_id).integer(id));
  return rows ? Status() : Status(rows.error());
}

}  // namespace mesher::postgres
