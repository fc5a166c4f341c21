#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "graph/base/result.hpp"
#include "io/postgres/connection.hpp"

namespace mesher::postgres {

struct SetupRequest {
  std::string organization, project;  ///< names; slugs are made of them
  std::string platform;
  std::string email, password;
  std::string public_url;  ///< "http://127.0.0.1:8080", where SDKs reach this server
};

struct SetupAnswer {
  std::uint32_t organization_id = 0, project_id = 0;
  std::string organization_slug, project_slug;
  std::string public_key;
  std::string dsn;
  std::string api_token;  ///< the only time that it can be seen

  /// {"organization":{"id","slug"},"project":{"id","slug"},"public_key","dsn","api_token"}
  [[nodiscard]] std::string to_json() const;
};

/// Creates or finds the owner of the instance, an organisation that is the owner's, a project and its key, and makes a
/// fresh API token. The same names again find the same ids; the password becomes the one given. All or nothing; safe
/// beside a running server and beside itself.
/// Errors: invalid (an empty name, an e-mail without @, a password of under 8 characters), unavailable.
[[nodiscard]] Result<SetupAnswer> setup(Connection& connection, const SetupRequest& request);

/// "Web shop (EU)" -> "web-shop-eu". Letters and digits of ASCII only; if nothing is left, `otherwise` and a hash.
[[nodiscard]] std::string slug_of(std::string_view name, std::string_view otherwise);

/// "http://127.0.0.1:8080" -> "http://<key>@127.0.0.1:8080/<project_id>".
[[nodiscard]] std::string dsn_of(std::string_view public_url, std::string_view public_key, std::uint32_t project_id);

/// 32 random lower-case hex digits.
[[nodiscard]] std::string new_public_key();

}  // namespace mesher::postgres
