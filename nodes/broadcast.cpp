#include "nodes/broadcast.hpp"

#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "nodes/time_text.hpp"

namespace mesher::nodes {
namespace {

using Json = nlohmann::ordered_json;

std::string dumped(const Json& json) {
  // What a client sent may hold lone surrogates or the like: the stream must not fail over it.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json tags_of(const Event& event) {
  Json tags = Json::object();
  for (const auto& tag : event.tags) tags[std::string(tag.key)] = tag.value;
  return tags;
}

class Broadcast final : public graph::Node {
 public:
  explicit Broadcast(ports::Broadcaster& broadcaster) : broadcaster_(broadcaster) {}

  void process(graph::Batch& batch) override {
    auto& events = batch.as<EventBatch>();
    std::uint64_t position = broadcaster_.note(events.events);
    for (const auto& event : events.events) {
      const auto here = position++;
      if (!broadcaster_.watched(event.project_id)) continue;
      if (event.new_issue) publish(event.project_id, issue_message("new_issue", event));
      if (event.regressed) publish(event.project_id, issue_message("regression", event));
      broadcaster_.publish_event(event, here, std::make_shared<const std::string>(event_message(event)));
    }
    for (const auto& change : events.issue_changes) {
      if (!broadcaster_.watched(change.project_id)) continue;
      if (change.escalating) publish(change.project_id, escalation_message(change));
      broadcaster_.update(change);
    }
  }

 private:
  void publish(std::uint32_t project_id, std::string message) {
    broadcaster_.publish(project_id, std::make_shared<const std::string>(std::move(message)));
  }

  ports::Broadcaster& broadcaster_;
};

}  // namespace

std::string event_message(const Event& event) {
  Json json{{"type", "event"},
            {"id", event.id.hex()},
            {"issue_id", event.issue_id},
            {"project_id", event.project_id},
            {"level", name_of(event.level)},
            {"title", event.title},
            {"message", event.message},
            {"culprit", event.culprit},
            {"environment", event.environment},
            {"release", event.release},
            {"platform", event.platform},
            {"timestamp", rfc3339_millis(event.timestamp)},
            {"received", rfc3339_millis(event.received)},
            {"tags", tags_of(event)}};
  return dumped(json);
}

std::string issue_message(std::string_view type, const Event& event) {
  Json json{{"type", type},
            {"issue_id", event.issue_id},
            {"project_id", event.project_id},
            {"title", event.title},
            {"culprit", event.culprit},
            {"level", name_of(event.level)},
            {"event_id", event.id.hex()},
            {"timestamp", rfc3339_millis(event.received)}};
  return dumped(json);
}

std::string issue_update_message(const IssueChange& change) {
  Json json{{"type", "issue_update"},
            {"issue_id", change.issue_id},
            {"project_id", change.project_id},
            {"event_count", change.event_count},
            {"last_seen", rfc3339_millis(change.last_seen)},
            {"status", change.status},
            {"substatus", change.substatus.empty() ? Json() : Json(change.substatus)}};
  return dumped(json);
}

std::string escalation_message(const IssueChange& change) {
  Json json{{"type", "escalation"},
            {"issue_id", change.issue_id},
            {"project_id", change.project_id},
            {"hourly", static_cast<std::int64_t>(change.hourly)},
            {"usual", std::round(change.usual * 10) / 10},
            {"timestamp", rfc3339_millis(change.last_seen)}};
  return dumped(json);
}

graph::NodeSpec broadcast_spec(ports::Broadcaster* broadcaster) {
  graph::NodeSpec spec;
  spec.type = "broadcast";
  spec.help =
      "Gives stored events to the live watchers of their project, with notices of new and regressed issues. Meant to "
      "drop when it is full: a slow watcher must never hold back storage.";
  spec.consumes = "events";
  spec.produces = "none";
  spec.default_when_full = "drop";
  spec.default_buffer = 64;
  spec.make = [broadcaster](const graph::Options&) -> Result<graph::MadeNode> {
    return graph::MadeNode{std::make_unique<Broadcast>(*broadcaster), nullptr};
  };
  return spec;
}

}  // namespace mesher::nodes
