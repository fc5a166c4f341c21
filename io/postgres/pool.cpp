#include "io/postgres/pool.hpp"

#include <utility>

#include "graph/base/assert.hpp"
#include "graph/base/thread.hpp"

namespace mesher::postgres {
namespace {

constexpr std::chrono::milliseconds kFailureIsFresh{250};

/// A pool's sessions answer questions: where sessions yield, those that store go before them.
void go_after_storing(Connection& connection) {
  const auto process = connection.query("select pg_backend_pid()");
  if (process) make_yielding(static_cast<pid_t>(process->integer(0, 0)), Yielding::to_storing);
}

}  // namespace

Pool::Pool(ConnectOptions options, std::size_t size) : options_(std::move(options)), size_(size) {
  MESHER_ASSERT(size > 0);
}

Pool::~Pool() = default;

Result<Pool::Lease> Pool::acquire(std::chrono::milliseconds patience) {
  {
    std::unique_lock lock(mutex_);
    const bool ready = returned_.wait_for(lock, patience, [this] { return !idle_.empty() || open_ < size_; });
    if (!ready) return Error{ErrorCode::exhausted, "all database connections of the API are in use", {}};
    if (!idle_.empty()) {
      Connection connection = std::move(idle_.back());
      idle_.pop_back();
      return Lease(*this, std::move(connection));
    }
    if (last_failure_ && std::chrono::steady_clock::now() - failed_at_ < kFailureIsFresh) return *last_failure_;
    ++open_;
  }
  auto connection = Connection::open(options_);
  if (connection) {
    if (options_.yields) go_after_storing(*connection);
    const std::lock_guard lock(mutex_);
    last_failure_.reset();
    return Lease(*this, std::move(*connection));
  }
  {
    const std::lock_guard lock(mutex_);
    --open_;
    last_failure_ = connection.error();
    failed_at_ = std::chrono::steady_clock::now();
  }
  returned_.notify_one();
  return connection.error();
}

Result<Rows> Pool::query(std::string_view sql, const Params& params) {
  return ask(sql, params, false);
}

Result<Rows> Pool::query_once(std::string_view sql, const Params& params) {
  return ask(sql, params, true);
}

Result<Rows> Pool::ask(std::string_view sql, const Params& params, bool once) {
  for (int attempt = 0;; ++attempt) {
    auto lease = acquire();
    if (!lease) return lease.error();
    auto rows = once ? (*lease)->query_once(sql, params) : (*lease)->query(sql, params);
    const bool died_idle = !rows && (*lease)->broken() && attempt == 0 && sql.starts_with("select");
    if (!died_idle) return rows;
    // The others in the pool have died with it.
    std::vector<Connection> dead;
    const std::lock_guard lock(mutex_);
    dead.swap(idle_);
    open_ -= dead.size();
  }
}

void Pool::give_back(Connection connection) {
  if (!connection.broken() && connection.in_transaction()) (void)connection.execute("rollback");
  {
    const std::lock_guard lock(mutex_);
    if (connection.broken()) {
      --open_;
    } else {
      idle_.push_back(std::move(connection));
    }
  }
  returned_.notify_one();
}

Pool::Lease::~Lease() {
  if (pool_) pool_->give_back(std::move(connection_));
}

}  // namespace mesher::postgres
