#include "io/cli/replayer.hpp"

#include <future>
#include <memory>
#include <utility>
#include <vector>

#include "graph/base/log.hpp"
#include "io/postgres/read_quarantine.hpp"

namespace mesher::cli {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds kJournalPatience{30}, kPauseAfterFailure{2};
constexpr std::chrono::seconds kLookEvery{30};  // for the case that notifications do not pass

}  // namespace

void Replayer::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const auto status = keep_up(stop);
    if (status) return;
    health_.fails("replay", status.error());
    std::unique_lock lock(mutex_);
    stopping_.wait_for(lock, stop, kPauseAfterFailure, [] { return false; });
  }
}

Status Replayer::keep_up(const std::stop_token& stop) {
  auto connection = postgres::Connection::open(options_);
  if (!connection) return connection.error();
  if (auto status = connection->execute("listen mesher_replay"); !status) return status;
  while (!stop.stop_requested()) {
    const auto sent = send_some(*connection);
    if (!sent) return sent.error();
    health_.works("replay");
    if (*sent > 0) continue;
    const auto until = std::chrono::steady_clock::now() + kLookEvery;
    while (!stop.stop_requested() && !connection->broken() && std::chrono::steady_clock::now() < until) {
      if (connection->wait_notification(250ms)) break;
    }
    if (connection->broken()) return Error{ErrorCode::unavailable, "the database has ended the connection", {}};
  }
  return {};
}

Result<std::size_t> Replayer::send_some(postgres::Connection& connection) {
  if (auto status = connection.execute("begin"); !status) return status.error();
  auto entries = postgres::lock_requested(connection);
  if (!entries || entries->empty()) {
    if (auto status = connection.execute("rollback"); !status) return status.error();
    if (!entries) return entries.error();
    return std::size_t{0};
  }
  std::vector<std::int64_t> ids;
  for (const auto& entry : *entries) ids.push_back(entry.id);
  // Shared, because an answer that comes after our patience has ended must still find it.
  auto promise = std::make_shared<std::promise<Status>>();
  auto appended = promise->get_future();
  replay_(std::move(*entries), [promise](Status status) { promise->set_value(std::move(status)); });
  if (appended.wait_for(kJournalPatience) != std::future_status::ready) {
    return Error{ErrorCode::unavailable, "the journal does not answer", {}};
  }
  if (Status status = appended.get(); !status) return status.error();
  if (auto status = postgres::remove_quarantined(connection, ids); !status) return status.error();
  if (auto status = connection.execute("commit"); !status) return status.error();
  log::info("replay", "{} quarantined events go round again", ids.size());
  return ids.size();
}

}  // namespace mesher::cli
