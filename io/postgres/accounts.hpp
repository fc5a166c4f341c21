#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graph/base/clock.hpp"
#include "graph/base/result.hpp"
#include "io/auth/token.hpp"
#include "io/postgres/audit.hpp"

/// Accounts, their sessions and their API tokens. Calls block; any thread. Errors: unavailable, internal, and what is
/// said at the function.
namespace mesher::postgres {

class Pool;

/// E-mail addresses are kept in lower case.
[[nodiscard]] std::string lower_case(std::string_view text);
/// Something before and after one @, no blanks or control characters, at most 254 bytes.
[[nodiscard]] bool is_email(std::string_view text);

struct Account {
  std::uint32_t id = 0;
  std::string email, name, password_hash;
  bool instance_owner = false;
};
[[nodiscard]] Result<std::optional<Account>> find_account(Pool& pool, std::string_view email);
[[nodiscard]] Result<std::optional<Account>> find_account(Pool& pool, std::uint32_t id);

/// Absent: stays as it is.
struct AccountEdit {
  std::optional<std::string> name;
  std::optional<std::string> password_hash;  ///< ends all sessions but `keep_session`
  std::int64_t keep_session = 0;
};
/// Noted in every organisation that the account is a member of.
[[nodiscard]] Status edit_account(Pool& pool, std::uint32_t id, const AccountEdit& edit, const Actor& actor);

/// What `mesher passwd` does: a new password, and all sessions end. False: there is no such account.
[[nodiscard]] Result<bool> reset_password(Connection& connection, std::string_view email,
                                          const std::string& password_hash);

struct NewSession {
  auth::TokenHash hash{};
  UnixMicros now = 0, expires_at = 0;
  std::string address, user_agent;
  auth::TokenHash replaces{};  ///< a session that ends with this sign-in; zeros: none
};
/// Also removes the account's sessions that have expired, and notes the sign-in in the account's organisations.
[[nodiscard]] Result<std::int64_t> create_session(Pool& pool, std::uint32_t user_id, const NewSession& session,
                                                  const Actor& actor);

struct SessionRow {
  std::int64_t id = 0;
  UnixMicros created_at = 0, last_used_at = 0, expires_at = 0;
  std::string address, user_agent;
};
/// Those that have not ended, by id.
[[nodiscard]] Result<std::vector<SessionRow>> list_sessions(Pool& pool, std::uint32_t user_id, UnixMicros now,
                                                            UnixMicros used_after, std::int64_t after,
                                                            std::uint32_t limit);
/// False: the account has no such session.
[[nodiscard]] Result<bool> end_session(Pool& pool, std::uint32_t user_id, std::int64_t id);

struct ApiTokenRow {
  std::uint32_t id = 0;
  std::string name;
  std::vector<std::string> scopes;
  UnixMicros created_at = 0;
  std::optional<UnixMicros> expires_at, last_used_at;
};
[[nodiscard]] Result<std::vector<ApiTokenRow>> list_api_tokens(Pool& pool, std::uint32_t user_id, std::uint32_t after,
                                                               std::uint32_t limit);
struct NewApiToken {
  std::string name;
  auth::TokenHash hash{};
  std::vector<std::string> scopes;
  std::optional<UnixMicros> expires_at;
};
/// Error: conflict (the account has `most` tokens already).
[[nodiscard]] Result<ApiTokenRow> create_api_token(Pool& pool, std::uint32_t user_id, const NewApiToken& token,
                                                   std::uint32_t most, const Actor& actor);
/// False: the account has no such token.
[[nodiscard]] Result<bool> revoke_api_token(Pool& pool, std::uint32_t user_id, std::uint32_t id, const Actor& actor);

}  // namespace mesher::postgres
