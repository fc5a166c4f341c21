#include "io/postgres/connection.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <utility>

#include "graph/base/thread.hpp"
#include "io/postgres/sql_error.hpp"

namespace mesher::postgres {
namespace {

constexpr std::size_t kMaxPrepared = 256;

Rows make_rows(PGresult* result) {
  return Rows(std::shared_ptr<const void>(
      result, [](const void* p) { PQclear(static_cast<PGresult*>(const_cast<void*>(p))); }));
}

Error result_error(const PGresult* result) {
  const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const char* message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  const char* detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
  std::string text = message ? message : PQresultErrorMessage(result);
  if (detail) text += std::string(" (") + detail + ")";
  return sql_error(state ? state : "", text);
}

int milliseconds_until(std::chrono::steady_clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 3'600'000));
}

/// Pointers into a Params, as libpq takes them.
struct Arguments {
  std::vector<const char*> values;
  std::vector<int> lengths, formats;
};

}  // namespace

Result<Connection> Connection::open(const ConnectOptions& options) {
  const auto deadline = std::chrono::steady_clock::now() + options.connect_timeout;
  const char* keywords[] = {"dbname", "fallback_application_name", "client_encoding", "keepalives_idle", nullptr};
  const char* values[] = {options.conninfo.c_str(), options.name.c_str(), "UTF8", "30", nullptr};
  Connection connection(PQconnectStartParams(keywords, values, 1));
  if (!connection.connection_) return Error{ErrorCode::exhausted, "out of memory", {}};
  if (auto status = connection.connect(deadline); !status) return status.error();
  PQsetnonblocking(connection.connection_, 1);
  PQsetNoticeProcessor(
      connection.connection_, [](void*, const char*) {}, nullptr);
  // The server gives up first, with a proper error; our own deadline is for a server that does not answer at all.
  connection.timeout_ = options.statement_timeout + std::chrono::seconds(5);
  if (auto status = connection.configure(options); !status) return status.error();
  if (options.yields) make_yielding(PQbackendPID(connection.connection_));
  return connection;
}

Status Connection::connect(Deadline deadline) {
  auto state = PGRES_POLLING_WRITING;
  while (true) {
    if (PQstatus(connection_) == CONNECTION_BAD) return failure();
    if (state == PGRES_POLLING_OK) return {};
    if (state == PGRES_POLLING_FAILED) return failure();
    pollfd descriptor{PQsocket(connection_), static_cast<short>(state == PGRES_POLLING_READING ? POLLIN : POLLOUT), 0};
    if (poll(&descriptor, 1, milliseconds_until(deadline)) == 0) return lost("no answer to connecting");
    state = PQconnectPoll(connection_);
  }
}

Status Connection::configure(const ConnectOptions& options) {
  auto statements = fmt::format(
      "set timezone = 'UTC'; set datestyle = 'ISO'; set bytea_output = 'hex'; "
      "set client_min_messages = 'warning'; set statement_timeout = {}; set jit = off; "
      // Who fills a GIN index's list of pending entries merges it: small merges, so that no transaction
      // stands still for a third of a second, as it does with the 4 MB of the default.
      "set gin_pending_list_limit = 1024",
      options.statement_timeout.count());
  const auto limit = [&](std::string_view setting, std::chrono::milliseconds time) {
    if (time.count() > 0) statements += fmt::format("; set {} = {}", setting, time.count());
  };
  limit("idle_in_transaction_session_timeout", options.idle_in_transaction_timeout);
  limit("lock_timeout", options.lock_timeout);
  return execute(statements);
}

Connection::~Connection() {
  if (connection_) PQfinish(connection_);
}

Connection::Connection(Connection&& other) noexcept
    : connection_(std::exchange(other.connection_, nullptr)),
      timeout_(other.timeout_),
      prepared_(std::move(other.prepared_)),
      next_name_(other.next_name_) {}

Connection& Connection::operator=(Connection&& other) noexcept {
  std::swap(connection_, other.connection_);
  std::swap(timeout_, other.timeout_);
  std::swap(prepared_, other.prepared_);
  std::swap(next_name_, other.next_name_);
  return *this;
}

bool Connection::broken() const {
  return !connection_ || PQstatus(connection_) == CONNECTION_BAD;
}

bool Connection::in_transaction() const {
  return connection_ && PQtransactionStatus(connection_) != PQTRANS_IDLE;
}

int Connection::server_version() const {
  return connection_ ? PQserverVersion(connection_) : 0;
}

Error Connection::failure() {
  if (!connection_) return {ErrorCode::unavailable, "the connection to PostgreSQL was lost", {}};
  return sql_error("", PQerrorMessage(connection_));
}

Error Connection::lost(std::string_view why) {
  // Nothing sensible can be said any more about the state of the session: let it go.
  if (connection_) PQfinish(std::exchange(connection_, nullptr));
  return {ErrorCode::unavailable, std::string(why) + " from PostgreSQL", {}};
}

bool Connection::wait(bool for_writing, Deadline deadline) {
  pollfd descriptor{PQsocket(connection_), static_cast<short>(for_writing ? POLLIN | POLLOUT : POLLIN), 0};
  const int ready = poll(&descriptor, 1, milliseconds_until(deadline));
  if (ready < 0) return errno == EINTR;
  if (ready == 0) return false;
  if ((descriptor.revents & ~POLLOUT) != 0) PQconsumeInput(connection_);  // a failure shows in the next result
  return true;
}

bool Connection::flush(Deadline deadline) {
  while (true) {
    const int left = PQflush(connection_);
    if (left == 0) return true;
    if (left < 0 || !wait(true, deadline)) return false;
  }
}

Result<Rows> Connection::next_result(Deadline deadline, bool& end) {
  while (PQisBusy(connection_)) {
    if (!wait(false, deadline)) return lost("no answer in time");
  }
  PGresult* result = PQgetResult(connection_);
  end = result == nullptr;
  if (!result) return Rows();
  auto rows = make_rows(result);
  switch (PQresultStatus(result)) {
    case PGRES_BAD_RESPONSE:
    case PGRES_FATAL_ERROR:
      if (broken()) return lost(fmt::format("connection lost ({})", result_error(result).message));
      return result_error(result);
    case PGRES_PIPELINE_ABORTED:
      return Error{ErrorCode::internal, "skipped after an earlier failure", {}};
    default:
      return rows;
  }
}

/// The last result until the server is ready again; the first error wins.
Result<Rows> Connection::collect(Deadline deadline) {
  Result<Rows> answer = Rows();
  while (true) {
    bool end = false;
    auto rows = next_result(deadline, end);
    if (!connection_) return rows;
    if (end) return answer;
    if (answer) answer = std::move(rows);
  }
}

Connection::Prepared Connection::prepare_name(std::string_view sql) {
  const auto found = prepared_.find(std::string(sql));
  if (found != prepared_.end()) return {found->second, false};
  if (prepared_.size() >= kMaxPrepared) return {"", false};
  return {fmt::format("m{}", next_name_++), true};
}

bool Connection::send_prepare(const Prepared& prepared, std::string_view sql) {
  return PQsendPrepare(connection_, prepared.name.c_str(), std::string(sql).c_str(), 0, nullptr) == 1;
}

bool Connection::send(const std::string& name, std::string_view sql, const Params& params) {
  Arguments arguments;
  for (const auto& slot : params.slots_) {
    arguments.values.push_back(slot.null ? nullptr : params.data_.data() + slot.begin);
    arguments.lengths.push_back(slot.length);
    arguments.formats.push_back(slot.binary ? 1 : 0);
  }
  const auto* values = arguments.values.data();
  const auto* lengths = arguments.lengths.data();
  const auto* formats = arguments.formats.data();
  if (name.empty()) {
    return PQsendQueryParams(connection_, std::string(sql).c_str(), params.size(), nullptr, values, lengths, formats,
                             0) == 1;
  }
  return PQsendQueryPrepared(connection_, name.c_str(), params.size(), values, lengths, formats, 0) == 1;
}

Result<Rows> Connection::query(std::string_view sql, const Params& params) {
  if (broken()) return failure();
  const auto until = deadline();
  const auto prepared = prepare_name(sql);
  if (prepared.fresh) {
    if (!send_prepare(prepared, sql) || !flush(until)) return lost("no answer");
    auto answer = collect(until);
    if (!answer) return answer;
    prepared_.emplace(sql, prepared.name);
  }
  if (!send(prepared.name, sql, params) || !flush(until)) return lost("no answer");
  return collect(until);
}

Result<Rows> Connection::query_once(std::string_view sql, const Params& params) {
  if (broken()) return failure();
  const auto until = deadline();
  if (!send({}, sql, params) || !flush(until)) return lost("no answer");
  return collect(until);
}

Status Connection::execute(const std::string& sql) {
  if (broken()) return failure();
  const auto until = deadline();
  if (PQsendQuery(connection_, sql.c_str()) != 1 || !flush(until)) return lost("no answer");
  auto answer = collect(until);
  if (!answer) return answer.error();
  return {};
}

Result<std::vector<Rows>> Connection::run(std::span<const Call> calls) {
  if (broken()) return failure();
  if (calls.empty()) return std::vector<Rows>();
  const auto until = deadline();
  if (PQenterPipelineMode(connection_) != 1) return lost("no pipeline");
  std::vector<bool> prepares;  // parallel to the results to come: preparing, or a call's answer
  std::vector<std::string_view> fresh;
  for (const auto& call : calls) {
    const auto prepared = prepare_name(call.sql);
    if (prepared.fresh) {
      if (!send_prepare(prepared, call.sql)) return lost("no answer");
      prepared_.emplace(call.sql, prepared.name);
      fresh.push_back(call.sql);
      prepares.push_back(true);
    }
    if (!send(prepared.name, call.sql, call.params)) return lost("no answer");
    prepares.push_back(false);
  }
  if (PQpipelineSync(connection_) != 1 || !flush(until)) return lost("no answer");
  auto answers = finish_pipeline(prepares, until);
  // Which statements a failed pipeline has prepared is not worth tracking: their texts are prepared again under new
  // names.
  if (!answers) {
    for (const auto sql : fresh) prepared_.erase(std::string(sql));
  }
  return answers;
}

Result<std::vector<Rows>> Connection::finish_pipeline(const std::vector<bool>& prepares, Deadline until) {
  std::vector<Rows> answers;
  std::optional<Error> error;
  for (const bool prepare : prepares) {
    bool end = false;
    auto rows = next_result(until, end);
    if (!connection_) return rows.error();
    if (rows && !prepare) answers.push_back(*rows);
    if (!rows && !error) error = rows.error();
    while (!end) {
      auto ignored = next_result(until, end);
      if (!connection_) return error ? *error : ignored.error();
    }
  }
  bool end = false;
  auto sync = next_result(until, end);  // PGRES_PIPELINE_SYNC
  if (!connection_) return sync.error();
  PQexitPipelineMode(connection_);
  if (error) return *error;
  return answers;
}

Status Connection::copy_in(const std::string& sql, std::string_view data) {
  if (broken()) return failure();
  const auto until = deadline();
  if (PQsendQuery(connection_, sql.c_str()) != 1 || !flush(until)) return lost("no answer");
  bool end = false;
  auto start = next_result(until, end);
  if (!connection_) return start.error();
  if (!start) {
    (void)collect(until);
    return start.error();
  }
  constexpr std::size_t kChunk = 256 * 1024;
  while (!data.empty()) {
    const auto chunk = data.substr(0, kChunk);
    const int taken = PQputCopyData(connection_, chunk.data(), static_cast<int>(chunk.size()));
    if (taken < 0) break;  // the server refused a row already: its error comes with the result
    if (taken == 0 && !wait(true, until)) return lost("no answer");
    if (taken == 1) data.remove_prefix(chunk.size());
  }
  while (true) {
    const int taken = PQputCopyEnd(connection_, nullptr);
    if (taken != 0) break;
    if (!wait(true, until)) return lost("no answer");
  }
  if (!flush(until)) return lost("no answer");
  auto answer = collect(until);
  if (!answer) return answer.error();
  return {};
}

std::optional<std::string> Connection::wait_notification(std::chrono::milliseconds timeout) {
  const auto until = std::chrono::steady_clock::now() + timeout;
  while (!broken()) {
    PQconsumeInput(connection_);
    if (PGnotify* notification = PQnotifies(connection_)) {
      std::string payload = notification->extra;
      PQfreemem(notification);
      return payload;
    }
    if (broken() || !wait(false, until)) break;
  }
  return std::nullopt;
}

Result<Transaction> Transaction::begin(Connection& connection) {
  if (auto status = connection.execute("begin"); !status) return status.error();
  return Transaction(connection);
}

Status Transaction::commit() {
  return std::exchange(connection_, nullptr)->execute("commit");
}

Transaction::~Transaction() {
  if (connection_ && !connection_->broken()) (void)connection_->execute("rollback");
}

}  // namespace mesher::postgres
