#pragma once

#include "io/auth/authenticator.hpp"

namespace mesher::postgres {

class Pool;

/// API tokens and sessions in the database. Any thread; the pool must outlive it.
class TokenReader final : public auth::TokenStore {
 public:
  explicit TokenReader(Pool& pool) : pool_(pool) {}
  Result<std::optional<auth::TokenRecord>> find_token(const auth::TokenHash& hash) override;
  Result<std::optional<auth::TokenRecord>> find_session(const auth::TokenHash& hash) override;
  Status touch_token(std::uint32_t token_id, UnixMicros used_at) override;
  Status touch_session(std::int64_t session_id, UnixMicros used_at) override;

 private:
  Pool& pool_;
};

}  // namespace mesher::postgres
