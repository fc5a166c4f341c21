#include "io/ws/live_core.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <mutex>
#include <set>

#include "nodes/broadcast.hpp"

namespace mesher::ws {

bool may_watch(const LivePrincipal& principal, std::uint32_t project) {
  return principal.all_projects ||
         std::find(principal.project_ids.begin(), principal.project_ids.end(), project) != principal.project_ids.end();
}

LiveCore::LiveCore(LiveHubOptions o, LiveAuthenticate a, LiveHistory history, Metrics& metrics)
    : options(std::move(o)),
      authenticate(std::move(a)),
      order(options.remembered),
      flusher(options.pause),
      sockets(metrics.gauge("mesher_live_sockets", "Open live sockets.")),
      subscriptions(metrics.gauge("mesher_live_subscriptions", "Subscriptions of live sockets.")),
      sent(metrics.counter("mesher_live_sent_total", "Messages handed to live sockets.")),
      dropped(metrics.counter("mesher_live_dropped_total", "Messages that slow clients lost.")),
      dismissed(metrics.counter("mesher_live_dismissed_total",
                                "Live sockets and subscriptions ended because their rights had ended.")),
      resumed(metrics.counter("mesher_live_resumed_total", "Events told to clients that came back.")),
      history_(std::move(history)) {}

bool LiveCore::take_place(std::uint32_t user_id) {
  const std::unique_lock lock(mutex_);
  auto& taken = places_[user_id];
  if (taken >= options.max_sockets_per_user) return false;
  ++taken;
  return true;
}

void LiveCore::give_place(std::uint32_t user_id) {
  const std::unique_lock lock(mutex_);
  const auto at = places_.find(user_id);
  if (at != places_.end() && --at->second == 0) places_.erase(at);
}

LiveCore::Entry LiveCore::enter(const std::shared_ptr<LiveClient>& client, const LivePrincipal& principal,
                                std::uint64_t epoch) {
  const std::unique_lock lock(mutex_);
  if (epoch != rights_epoch_.load()) return Entry::stale;
  if (client->is_open()) clients_[client] = principal.expires_at;
  return Entry::done;
}

void LiveCore::changed(std::uint32_t project, std::size_t before, std::size_t after) {
  auto& slot = watchers_[project % kWatchSlots];
  if (after > before) slot.fetch_add(static_cast<std::uint32_t>(after - before), std::memory_order_relaxed);
  if (after < before) slot.fetch_sub(static_cast<std::uint32_t>(before - after), std::memory_order_relaxed);
}

LiveCore::Entry LiveCore::subscribe(const std::shared_ptr<LiveClient>& client, const LiveRequest& request,
                                    const Text& answer, std::uint64_t epoch) {
  Missed missed;
  {
    const std::unique_lock lock(mutex_);
    if (epoch != rights_epoch_.load()) return Entry::stale;
    if (!client->is_open()) return Entry::done;  // it has left meanwhile
    const bool replaces = client->subscriptions.contains(request.id);
    if (!replaces && client->subscriptions.size() >= options.max_subscriptions) return Entry::too_many;
    if (replaces) drop(*client, request.id);
    const auto last = order.last();
    LiveClient::Subscription mine{request.project_id, request.filter, ++last_serial_, last};
    if (request.since) {
      if (request.since->event) {
        missed = order.behind(*request.since->event, request.project_id, last, options.max_resumed);
      }
      mine.stored = !missed;
      if (missed) mine.from = missed->from;
      client->begin_resume();
    }
    client->answer(answer);
    client->subscriptions[request.id] = std::move(mine);
    subscriptions.add(1);
    auto& room = rooms_[request.project_id];
    const auto before = room.watchers();
    // What was missed is told up to `last` by resume(), and from there on by the room.
    room.add(client, request.id, request.filter, request.since ? last : 0);
    changed(request.project_id, before, room.watchers());
  }
  if (request.since) resume(client, request, missed);
  return Entry::done;
}

void LiveCore::drop(LiveClient& client, const std::string& id) {
  const auto at = client.subscriptions.find(id);
  if (at == client.subscriptions.end()) return;
  const auto project = at->second.project_id;
  client.subscriptions.erase(at);
  subscriptions.add(-1);
  const auto room = rooms_.find(project);
  if (room == rooms_.end()) return;
  const auto before = room->second.watchers();
  room->second.remove(client, id);
  changed(project, before, room->second.watchers());
  if (room->second.empty()) rooms_.erase(room);
}

bool LiveCore::unsubscribe(const std::shared_ptr<LiveClient>& client, const std::string& id) {
  const std::unique_lock lock(mutex_);
  if (!client->subscriptions.contains(id)) return false;
  drop(*client, id);
  return true;
}

void LiveCore::leave(const std::shared_ptr<LiveClient>& client) {
  const std::unique_lock lock(mutex_);
  client->close();
  while (!client->subscriptions.empty()) drop(*client, std::string(client->subscriptions.begin()->first));
  clients_.erase(client);
}

void LiveCore::publish_event(const nodes::Event& event, std::uint64_t position, const Text& text) {
  const std::shared_lock lock(mutex_);
  const auto room = rooms_.find(event.project_id);
  if (room == rooms_.end()) return;
  const std::lock_guard publishing(room->second.publishing);
  room->second.publish_event(event, position, text);
}

void LiveCore::publish(std::uint32_t project, const Text& text) {
  const std::shared_lock lock(mutex_);
  const auto room = rooms_.find(project);
  if (room == rooms_.end()) return;
  const std::lock_guard publishing(room->second.publishing);
  room->second.publish(text);
}

void LiveCore::resume(const std::shared_ptr<LiveClient>& client, const LiveRequest& request, const Missed& missed) {
  LivePast nothing;
  nothing.available = true;
  if (missed && missed->ids.empty()) return tell_missed(*client, request, missed, nothing);
  LiveQuestion question;
  question.project_id = request.project_id;
  question.limit = options.max_resumed;
  if (missed) {
    question.ids = missed->ids;
  } else {
    question.since = request.since;
  }
  history_(std::move(question), [core = shared_from_this(), client, request, missed](const LivePast& past) {
    core->tell_missed(*client, request, missed, past);
  });
}

void LiveCore::tell_missed(LiveClient& client, const LiveRequest& request, const Missed& missed, const LivePast& past) {
  std::vector<Text> texts;
  const auto found = past.events ? past.events->size() : 0;
  std::string_view incomplete;
  if (!past.available) {
    incomplete = "unavailable";
  } else if (!past.known) {
    incomplete = "unknown_event";
  } else if (!past.all || (missed && missed->skipped > 0)) {
    incomplete = "too_many";
  } else if (missed && found < missed->ids.size()) {
    incomplete = "removed";
  }
  if (!incomplete.empty()) {
    texts.push_back(live_frame("resume_incomplete", request.id, fmt::format(R"(,"reason":"{}")", incomplete)));
  }
  auto events = missed_texts(client, request, missed, past);
  resumed.add(events.size());
  const auto count = fmt::format(R"(,"count":{})", events.size());
  std::move(events.begin(), events.end(), std::back_inserter(texts));
  texts.push_back(live_frame("resumed", request.id, count));
  client.end_resume(std::move(texts));
}

/// Those that the subscription wants and that no earlier one of the same client tells.
std::vector<LiveCore::Text> LiveCore::missed_texts(LiveClient& client, const LiveRequest& request, const Missed& missed,
                                                   const LivePast& past) {
  std::vector<Text> texts;
  if (!past.events) return texts;
  std::vector<LiveClient::Subscription> others;
  {
    const std::shared_lock lock(mutex_);
    const auto mine = client.subscriptions.find(request.id);
    if (mine == client.subscriptions.end()) return texts;
    for (const auto& [id, other] : client.subscriptions) {
      if (other.project_id == request.project_id && other.serial < mine->second.serial) others.push_back(other);
    }
  }
  std::map<nodes::EventId, std::uint64_t> positions;
  for (std::size_t i = 0; missed && i < missed->ids.size(); ++i) positions[missed->ids[i]] = missed->positions[i];
  for (const auto& event : past.events->events) {
    if (!request.filter.passes(event)) continue;
    const bool told = std::any_of(others.begin(), others.end(), [&](const LiveClient::Subscription& other) {
      const bool covers = missed ? other.from < positions[event.id] : other.stored;
      return covers && other.filter.passes(event);
    });
    if (!told) texts.push_back(std::make_shared<const std::string>(nodes::event_message(event)));
  }
  return texts;
}

void LiveCore::check_rights(const LiveRecheck& ask) {
  std::vector<std::string> tokens;
  {
    const std::unique_lock lock(mutex_);
    ++rights_epoch_;  // who asked before asks again
    std::set<std::string_view> distinct;
    for (const auto& [client, ends] : clients_) distinct.insert(client->token);
    tokens.assign(distinct.begin(), distinct.end());
  }
  if (tokens.empty()) return;
  const auto known = ask(tokens);
  if (!known) return;
  std::vector<std::shared_ptr<LiveClient>> ended;
  const std::unique_lock lock(mutex_);
  for (auto& [client, ends] : clients_) {
    // Who came in meanwhile has asked by himself.
    if (!std::binary_search(tokens.begin(), tokens.end(), client->token)) continue;
    const auto principal = known->find(client->token);
    if (principal == known->end()) {
      ended.push_back(client);
      continue;
    }
    ends = principal->second.expires_at;
    std::vector<std::string> lost;
    for (const auto& [id, subscription] : client->subscriptions) {
      if (!may_watch(principal->second, subscription.project_id)) lost.push_back(id);
    }
    for (const auto& id : lost) {
      drop(*client, id);
      dismissed.add();
      client->answer(live_frame("error", id, R"(,"code":"not_found","message":"the project can't be seen any more")"));
    }
  }
  for (const auto& client : ended) {
    while (!client->subscriptions.empty()) drop(*client, std::string(client->subscriptions.begin()->first));
    client->dismiss("the token or session has ended");
    clients_.erase(client);
    dismissed.add();
  }
}

std::optional<UnixMicros> LiveCore::next_expiry() const {
  const std::shared_lock lock(mutex_);
  std::optional<UnixMicros> next;
  for (const auto& [client, ends] : clients_) {
    if (ends && (!next || *ends < *next)) next = ends;
  }
  return next;
}

}  // namespace mesher::ws
