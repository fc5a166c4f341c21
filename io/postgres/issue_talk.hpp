#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "graph/base/clock.hpp"
#include "graph/base/result.hpp"

/// What was done with an issue, and what people say about it. Calls block; any thread. Errors: unavailable, internal.
namespace mesher::postgres {

class Pool;

struct Person {
  std::uint32_t id = 0;
  std::string email, name;  ///< empty if the account is gone
};

struct ActivityRow {
  std::int64_t id = 0;
  UnixMicros at = 0;
  std::optional<Person> user;  ///< none: Mesher itself
  std::string kind;
  std::string data_json;
  std::optional<std::int64_t> change_id;
};
/// Latest first, from before `before` on.
[[nodiscard]] Result<std::vector<ActivityRow>> list_activity(Pool& pool, std::uint32_t project_id,
                                                             std::int64_t issue_id, std::optional<std::int64_t> before,
                                                             std::uint32_t limit);

struct CommentRow {
  std::int64_t id = 0, issue_id = 0;
  Person user;
  std::string text;
  UnixMicros created_at = 0;
  std::optional<UnixMicros> edited_at;
};
/// Oldest first, from after `after` on.
[[nodiscard]] Result<std::vector<CommentRow>> list_comments(Pool& pool, std::uint32_t project_id, std::int64_t issue_id,
                                                            std::int64_t after, std::uint32_t limit);
[[nodiscard]] Result<std::optional<CommentRow>> find_comment(Pool& pool, std::uint32_t project_id,
                                                             std::int64_t issue_id, std::int64_t id);
/// Its id. Is noted in the activity.
[[nodiscard]] Result<std::int64_t> add_comment(Pool& pool, std::uint32_t project_id, std::int64_t issue_id,
                                               std::uint32_t user_id, const std::string& text);
[[nodiscard]] Status edit_comment(Pool& pool, std::uint32_t project_id, std::int64_t id, const std::string& text);
[[nodiscard]] Status remove_comment(Pool& pool, std::uint32_t project_id, std::int64_t id);

}  // namespace mesher::postgres
