#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "io/ws/live_client.hpp"
#include "io/ws/live_filter.hpp"
#include "nodes/event.hpp"

namespace mesher::ws {

/// The watchers of one project. Subscriptions with the same filter share it, and a filter is looked at only for events
/// that have what it asks for (nodes/query/marks.hpp): a thousand different ones cost an event a few microseconds. Not
/// thread-safe: publishing is serialised by `publishing`, changes exclude publishing.
class LiveRoom {
 public:
  using Text = LiveClient::Text;

  /// `from`: events up to this position are not for the subscription.
  void add(const std::shared_ptr<LiveClient>& client, const std::string& id, const LiveFilter& filter,
           std::uint64_t from);
  /// False if there was none.
  bool remove(const LiveClient& client, const std::string& id);
  void remove_all(const LiveClient& client);
  [[nodiscard]] bool empty() const { return members_.empty(); }
  [[nodiscard]] std::size_t watchers() const { return members_.size(); }

  /// To all whose filter it passes, each once.
  void publish_event(const nodes::Event& event, std::uint64_t position, const Text& text);
  void publish(const Text& text);

  std::mutex publishing;

 private:
  struct Group;
  struct Member {
    std::shared_ptr<LiveClient> client;
    std::map<std::string, Group*> subscriptions;  ///< by id
    std::uint64_t offered = 0;                    ///< the last event that was
  };
  struct Subscriber {
    Member* member;
    std::string id;
    std::uint64_t from;
  };
  struct Group {
    LiveFilter filter;
    std::vector<Subscriber> subscribers;
  };

  void index(Group& group);
  void forget(Group& group);
  void leave(Member& member, const std::string& id, Group& group);
  void offer(Group& group, const nodes::Event& event, std::uint64_t position, const Text& text);

  std::unordered_map<const LiveClient*, Member> members_;  ///< stay where they are
  std::map<std::string, Group> groups_;                    ///< by the filter's key; stay where they are
  // Each group is in exactly one of these, but for each of its marks.
  std::unordered_map<query::Mark, std::vector<Group*>> by_mark_;
  std::vector<Group*> by_letters_, always_;
  std::uint64_t published_ = 0;
};

}  // namespace mesher::ws
