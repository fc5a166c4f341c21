#include "nodes/tap.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <span>
#include <utility>
#include <vector>

#include "graph/options.hpp"
#include "nodes/scrub.hpp"
#include "nodes/time_text.hpp"

namespace mesher::nodes {
namespace {

using Json = nlohmann::ordered_json;

std::unique_ptr<graph::Node> scrubber(const ports::ProjectDirectory* projects) {
  const auto spec = scrub_spec(projects);
  const auto options = graph::make_options(spec, "tap", "{}", {});
  return std::move(spec.make(*options).value().node);
}

std::string hex(std::span<const std::uint8_t> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const auto byte : bytes) {
    out += kDigits[byte >> 4U];
    out += kDigits[byte & 15U];
  }
  return out;
}

}  // namespace

EventTap::EventTap(std::string node, std::shared_ptr<const query::Matcher> filter,
                   const ports::ProjectDirectory* projects, Emit emit)
    : node_(std::move(node)),
      filter_(std::move(filter)),
      emit_(std::move(emit)),
      scrub_(scrubber(projects)),
      filled_(std::chrono::steady_clock::now()) {}

void EventTap::passed(graph::Batch& batch) {
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (lock) refill();
  // Another thread is showing, or enough has been looked at.
  if (!lock || looks_ < 1 || batch.content().kind() != EventBatch::kKind) {
    unseen_.fetch_add(batch.content().size() - batch.drops().size(), std::memory_order_relaxed);
    return;
  }
  looks_ -= 1;
  show(batch);
}

void EventTap::refill() {
  const auto now = std::chrono::steady_clock::now();
  const double seconds = std::chrono::duration<double>(now - filled_).count();
  filled_ = now;
  looks_ = std::min(kLooks, looks_ + seconds * kLooks);
  shown_ = std::min(kShown, shown_ + seconds * kShown);
}

void EventTap::show(graph::Batch& batch) {
  const auto& events = batch.as<EventBatch>().events;
  constexpr std::uint32_t kStays = ~std::uint32_t{0};
  std::vector<std::uint32_t> ports(events.size(), 0);
  for (const auto& route : batch.routes()) ports[route.item] = route.port;
  for (const auto& drop : batch.drops()) ports[drop.item] = kStays;
  std::vector<std::pair<const Event*, std::uint32_t>> wanted;
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (ports[i] != kStays && (!filter_ || filter_->matches(events[i]))) wanted.emplace_back(&events[i], ports[i]);
  }
  const auto room = std::min({wanted.size(), kShownOfABatch, static_cast<std::size_t>(shown_)});
  if (room == 0) {
    unseen_.fetch_add(wanted.size(), std::memory_order_relaxed);
    return;
  }
  // From all over the batch.
  auto sample = std::make_unique<EventBatch>();
  std::vector<std::uint32_t> outputs;
  for (std::size_t i = 0; i < room; ++i) {
    const auto& [event, port] = wanted[i * wanted.size() / room];
    sample->events.push_back(*event);
    outputs.push_back(port);
  }
  unseen_.fetch_add(wanted.size() - room, std::memory_order_relaxed);
  shown_ -= static_cast<double>(room);
  // Its events point into the batch's memory, which outlives this call.
  graph::Batch shown(std::move(sample));
  scrub_->process(shown);
  const auto& clean = shown.as<EventBatch>().events;
  for (std::size_t i = 0; i < clean.size(); ++i) {
    const auto skipped = unseen_.exchange(0, std::memory_order_relaxed);
    if (!emit_(tap_message(node_, outputs[i], skipped, clean[i]))) {
      unseen_.fetch_add(skipped + 1, std::memory_order_relaxed);
    }
  }
}

std::string tap_message(std::string_view node, std::uint32_t port, std::uint64_t skipped, const Event& event) {
  Json tags = Json::object();
  for (const auto& tag : event.tags) tags[std::string(tag.key)] = tag.value;
  Json shown{{"id", event.id.hex()},
             {"project_id", event.project_id},
             {"received", rfc3339_millis(event.received)},
             {"timestamp", rfc3339_millis(event.timestamp)},
             {"level", name_of(event.level)},
             {"type", event.type},
             {"message", event.message},
             {"environment", event.environment},
             {"release", event.release},
             {"tags", std::move(tags)}};
  if (!event.exceptions.empty()) {
    const auto& raised = event.exceptions.back();
    shown["exception"] = {{"type", raised.type}, {"value", raised.value}};
  }
  // Only what earlier nodes have added.
  if (!event.title.empty()) shown["title"] = event.title;
  if (!event.culprit.empty()) shown["culprit"] = event.culprit;
  if (!event.hashes.empty()) shown["fingerprint"] = hex(event.hashes.front());
  if (event.issue_id > 0) shown["issue_id"] = event.issue_id;
  const Json message{
      {"type", "event"}, {"node", node}, {"output", port}, {"skipped", skipped}, {"event", std::move(shown)}};
  auto text = message.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (event.payload.empty() || event.payload.size() > EventTap::kMostPayload) return text;
  // The payload is compact JSON already: as it is, before the two braces at the end.
  text.resize(text.size() - 2);
  text += R"(,"payload":)";
  text += event.payload;
  return text + "}}";
}

}  // namespace mesher::nodes
