#pragma once

#include "io/api/body.hpp"
#include "io/postgres/accounts.hpp"

/// What signing in, accepting an invitation and changing a password have in common. Not for use outside io/api.
namespace mesher::api {

[[nodiscard]] Json account_json(const postgres::Account& account);

/// A fresh session for `account`, in place of the one that the request came with, if any: the answer with its cookie
/// and CSRF token. `body` is added to the answer.
[[nodiscard]] http::Response start_session(Call& call, const postgres::Account& account, Json body, int status);

/// Checks a password within the limits on attempts. Takes the same time and answers the same whether there is such an
/// account or not. False: the call has failed. For handlers on the hashing threads.
[[nodiscard]] bool check_password(Call& call, const std::string& email, const std::string& password,
                                  std::optional<postgres::Account>& account);

/// A new password: long enough, not too long.
[[nodiscard]] std::optional<std::string> new_password(Body& body, std::string_view name);

}  // namespace mesher::api
