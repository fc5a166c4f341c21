#include "io/postgres/rights_watch.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "io/auth/principal.hpp"
#include "io/auth/token.hpp"
#include "io/postgres/params.hpp"

namespace mesher::postgres {
namespace {

using namespace std::chrono_literals;
using SteadyTime = std::chrono::steady_clock::time_point;

constexpr auto kFirstPause = 100ms, kLongestPause = 1000ms;
constexpr auto kListen = 200ms;  // so that a stop and an expiry are noticed soon
// Sessions that nobody uses end without a word; and a net under everything else.
constexpr auto kCheckEvery = 30s;
// Somebody may have been let in just now by what was remembered of his rights (auth::Authenticator::kTrust).
constexpr auto kCheckAgain = 600ms;

std::string hex_of(const auth::TokenHash& hash) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const auto byte : hash) {
    out += kDigits[byte >> 4U];
    out += kDigits[byte & 15U];
  }
  return out;
}

}  // namespace

Result<std::unordered_map<std::string, LiveRights>> live_rights(Connection& connection,
                                                                const std::vector<std::string>& secrets,
                                                                std::chrono::seconds session_idle) {
  static const std::string kSql =
      "with wanted as (select decode(h, 'hex') as hash from unnest($1::text[]) as h),"
      " found as (select t.token_hash as hash, t.user_id, t.expires_at, t.scopes from api_tokens t"
      " join wanted on wanted.hash = t.token_hash where t.expires_at is null or t.expires_at > now()"
      " union all select s.secret_hash, s.user_id, s.expires_at, '{}'::text[] from sessions s"
      " join wanted on wanted.hash = s.secret_hash where s.expires_at > now()"
      " and s.last_used_at > now() - make_interval(secs => $2::bigint))"
      " select encode(f.hash, 'hex'), f.user_id, f.expires_at, f.scopes, u.is_instance_owner,"
      " array(select p.id from members m join projects p on p.organization_id = m.organization_id"
      " where m.user_id = f.user_id) from found f join users u on u.id = f.user_id";
  std::unordered_map<std::string, std::string> by_hash;
  std::vector<std::string> hashes;
  for (const auto& secret : secrets) {
    hashes.push_back(hex_of(auth::hash_token(secret)));
    by_hash.emplace(hashes.back(), secret);
  }
  const auto rows = connection.query(kSql, Params().texts(hashes).integer(session_idle.count()));
  if (!rows) return rows.error();
  std::unordered_map<std::string, LiveRights> known;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    const auto secret = by_hash.find(std::string(rows->text(i, 0)));
    const auto scope = auth::scope_from(rows->array(i, 3));
    if (secret == by_hash.end() || !scope) continue;  // every scope includes reading
    LiveRights rights;
    rights.user_id = static_cast<std::uint32_t>(rows->integer(i, 1));
    if (!rows->is_null(i, 2)) rights.expires_at = rows->time(i, 2);
    rights.instance_owner = rows->boolean(i, 4);
    for (const auto& id : rows->array(i, 5)) {
      rights.project_ids.push_back(static_cast<std::uint32_t>(std::stoul(id)));
    }
    known.emplace(secret->second, std::move(rights));
  }
  return known;
}

RightsWatch::RightsWatch(ConnectOptions options, const Clock& clock, Health& health, Check check,
                         NextExpiry next_expiry)
    : options_(std::move(options)),
      clock_(clock),
      health_(health),
      check_(std::move(check)),
      next_expiry_(std::move(next_expiry)) {}

void RightsWatch::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void RightsWatch::run(const std::stop_token& stop) {
  std::chrono::milliseconds pause = kFirstPause;
  while (!stop.stop_requested()) {
    const auto began = std::chrono::steady_clock::now();
    const auto status = keep_up(stop);
    if (status) return;
    health_.fails("rights", status.error());
    if (std::chrono::steady_clock::now() - began > kLongestPause) pause = kFirstPause;
    std::unique_lock lock(mutex_);
    stopping_.wait_for(lock, stop, pause, [] { return false; });
    pause = std::min<std::chrono::milliseconds>(pause * 2, kLongestPause);
  }
}

/// One session: until the connection fails or a stop is requested.
Status RightsWatch::keep_up(const std::stop_token& stop) {
  auto connection = Connection::open(options_);
  if (!connection) return connection.error();
  if (auto status = connection->execute("listen mesher_rights"); !status) return status;
  health_.works("rights");
  SteadyTime due = std::chrono::steady_clock::now();  // what happened before is not told
  while (!stop.stop_requested() && !connection->broken()) {
    const auto now = std::chrono::steady_clock::now();
    const auto expiry = next_expiry_();
    if (now >= due || (expiry && *expiry <= clock_.now())) {
      check_(*connection);
      due = now + kCheckEvery;
    }
    if (!connection->wait_notification(kListen)) continue;
    check_(*connection);
    due = std::chrono::steady_clock::now() + kCheckAgain;
  }
  if (stop.stop_requested()) return {};
  return Error{ErrorCode::unavailable, "the connection that rights are watched by is lost", ""};
}

}  // namespace mesher::postgres
