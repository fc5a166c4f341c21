#include "io/api/live.hpp"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "graph/base/log.hpp"
#include "io/postgres/missed_events.hpp"
#include "io/postgres/read_projects.hpp"
#include "nodes/event_json.hpp"
#include "nodes/title.hpp"

namespace mesher::api {
namespace {

/// The event as the broadcast node got it.
nodes::Event event_from(const postgres::EventRow& row, const std::string& payload, nodes::EventReader& reader,
                        nodes::EventBatch& batch) {
  auto& arena = batch.arena();
  nodes::Event event;
  event.id = row.id;
  event.project_id = row.project_id;
  event.received = row.received_at;
  event.timestamp = row.occurred_at;
  event.issue_id = row.issue_id;
  reader.reread(event, arena.copy(payload), arena);
  event.level = row.level;
  event.timestamp = row.occurred_at;
  event.environment = arena.copy(row.environment);
  event.release = arena.copy(row.release);
  event.title = nodes::title_of(event, arena);
  event.culprit = nodes::culprit_of(event, arena);
  return event;
}

Result<ws::LivePast> missed_events(postgres::Pool& database, const ws::LiveQuestion& question) {
  ws::LivePast past;
  past.available = true;
  std::vector<postgres::EventRow> rows;
  if (!question.since) {
    auto found = postgres::events_by_id(database, question.project_id, question.ids);
    if (!found) return found.error();
    rows = *std::move(found);
  } else {
    postgres::EventPosition after{question.since->time, {}};
    std::fill(after.id.bytes.begin(), after.id.bytes.end(), std::uint8_t{0xFF});
    if (question.since->event) {
      const auto event = postgres::find_event(database, *question.since->event, {question.project_id});
      if (!event) return event.error();
      past.known = event->has_value();
      if (!past.known) return past;
      after = postgres::position_of(**event);
    }
    auto found = postgres::events_behind(database, question.project_id, after, question.limit + 1);
    if (!found) return found.error();
    rows = *std::move(found);
    past.all = rows.size() <= question.limit;
    if (!past.all) rows.erase(rows.begin());
  }
  const auto payloads = postgres::payloads_of(database, rows);
  if (!payloads) return payloads.error();
  auto batch = std::make_shared<nodes::EventBatch>();
  nodes::EventReader reader;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    batch->events.push_back(event_from(rows[i], (*payloads)[i], reader, *batch));
  }
  past.events = std::move(batch);
  return past;
}

}  // namespace

ws::LiveAuthenticate live_authenticate(postgres::Pool& database, auth::Authenticator& authenticator,
                                       WorkerPool& workers) {
  return [&database, &authenticator, &workers](std::string token, auto answer) {
    auto resolve = [&database, &authenticator, token = std::move(token), answer] {
      const auto principal = authenticator.authenticate(token);
      if (!principal || !(*principal)->allows(auth::Scope::read)) return answer(std::nullopt);
      auto projects = postgres::project_ids(database, (*principal)->organization_ids());
      if (!projects) return answer(std::nullopt);
      answer(ws::LivePrincipal{(*principal)->user_id, false, *std::move(projects), (*principal)->expires_at,
                               (*principal)->instance_owner});
    };
    if (!workers.submit(std::move(resolve))) answer(std::nullopt);
  };
}

ws::LiveHistory live_history(postgres::Pool& database, WorkerPool& workers) {
  return [&database, &workers](ws::LiveQuestion question, const std::function<void(ws::LivePast)>& answer) {
    auto look = [&database, question = std::move(question), answer] {
      auto past = missed_events(database, question);
      if (!past) log::warn("live", "what a client has missed can't be read: {}", past.error().message);
      answer(past ? *std::move(past) : ws::LivePast{});
    };
    if (!workers.submit(std::move(look))) answer({});
  };
}

}  // namespace mesher::api
