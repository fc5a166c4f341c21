#include "io/ws/live_room.hpp"

#include <algorithm>
#include <utility>

namespace mesher::ws {

void LiveRoom::add(const std::shared_ptr<LiveClient>& client, const std::string& id, const LiveFilter& filter,
                   std::uint64_t from) {
  remove(*client, id);
  auto& member = members_[client.get()];
  member.client = client;
  const auto [at, fresh] = groups_.try_emplace(filter.key);
  Group& group = at->second;
  if (fresh) {
    group.filter = filter;
    index(group);
  }
  group.subscribers.push_back({&member, id, from});
  member.subscriptions[id] = &group;
}

bool LiveRoom::remove(const LiveClient& client, const std::string& id) {
  const auto member = members_.find(&client);
  if (member == members_.end()) return false;
  const auto at = member->second.subscriptions.find(id);
  if (at == member->second.subscriptions.end()) return false;
  leave(member->second, id, *at->second);
  member->second.subscriptions.erase(at);
  if (member->second.subscriptions.empty()) members_.erase(member);
  return true;
}

void LiveRoom::remove_all(const LiveClient& client) {
  const auto member = members_.find(&client);
  if (member == members_.end()) return;
  for (const auto& [id, group] : member->second.subscriptions) leave(member->second, id, *group);
  members_.erase(member);
}

void LiveRoom::leave(Member& member, const std::string& id, Group& group) {
  std::erase_if(group.subscribers, [&](const Subscriber& s) { return s.member == &member && s.id == id; });
  if (!group.subscribers.empty()) return;
  forget(group);
  groups_.erase(group.filter.key);
}

void LiveRoom::index(Group& group) {
  const auto& required = group.filter.required;
  for (const auto mark : required.any_mark) {
    auto& list = by_mark_[mark];
    if (std::find(list.begin(), list.end(), &group) == list.end()) list.push_back(&group);
  }
  if (required.empty()) always_.push_back(&group);
  if (!required.any_letters.empty()) by_letters_.push_back(&group);
}

void LiveRoom::forget(Group& group) {
  for (const auto mark : group.filter.required.any_mark) {
    const auto at = by_mark_.find(mark);
    if (at == by_mark_.end()) continue;
    std::erase(at->second, &group);
    if (at->second.empty()) by_mark_.erase(at);
  }
  std::erase(always_, &group);
  std::erase(by_letters_, &group);
}

void LiveRoom::publish_event(const nodes::Event& event, std::uint64_t position, const Text& text) {
  ++published_;
  for (Group* group : always_) offer(*group, event, position, text);
  if (!by_mark_.empty()) {
    for (const auto mark : query::marks_of(event)) {
      const auto at = by_mark_.find(mark);
      if (at == by_mark_.end()) continue;
      for (Group* group : at->second) offer(*group, event, position, text);
    }
  }
  if (by_letters_.empty()) return;
  const query::Letters letters(event);
  for (Group* group : by_letters_) {
    const auto& any = group->filter.required.any_letters;
    if (std::any_of(any.begin(), any.end(), [&](const auto& places) { return letters.has_all(places); })) {
      offer(*group, event, position, text);
    }
  }
}

void LiveRoom::offer(Group& group, const nodes::Event& event, std::uint64_t position, const Text& text) {
  if (!group.filter.passes(event)) return;
  for (auto& subscriber : group.subscribers) {
    if (position != 0 && position <= subscriber.from) continue;
    if (std::exchange(subscriber.member->offered, published_) == published_) continue;
    subscriber.member->client->offer(text);
  }
}

void LiveRoom::publish(const Text& text) {
  for (const auto& [key, member] : members_) member.client->offer(text);
}

}  // namespace mesher::ws
