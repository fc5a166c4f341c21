#include "nodes/issue_life.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "nodes/release_order.hpp"

namespace mesher::nodes {
namespace {

using Json = nlohmann::ordered_json;

constexpr UnixMicros kHour = UnixMicros{3600} * 1'000'000;
constexpr double kEscalationFactor = 10, kSmallestEscalation = 20;

template <class T>
std::optional<T> member(const Json& json, const char* name) {
  const auto found = json.find(name);
  if (found == json.end() || found->is_null()) return std::nullopt;
  return found->get<T>();
}

void leave_archive(LifeDecision& decision, std::string reason) {
  decision.step = LifeStep::unarchived;
  decision.reason = std::move(reason);
  decision.state = {"unresolved", "ongoing", std::nullopt};
  decision.wake_at.reset();
}

void escalate(LifeDecision& decision, double hourly, UnixMicros now) {
  const auto& life = *decision.state.life;
  decision.step = LifeStep::escalating;
  decision.hourly = hourly;
  decision.usual = life.usual;
  decision.state.status = "unresolved";
  decision.state.substatus = "escalating";
  decision.wake_at = now + (life.rearchive ? kHour : kFreshFor);
  if (!life.rearchive) decision.state.life.reset();
}

void decide_archived(LifeDecision& decision, std::span<const LifeEvent> events, std::int64_t event_count,
                     std::int64_t user_count, UnixMicros now) {
  auto& life = *decision.state.life;
  for (const auto& event : events) {
    if (life.window.used()) life.window.add(event.received);
    if (life.hour.used()) life.hour.add(event.received);
  }
  decision.store_life = life.window.used() || life.hour.used();
  const auto latest = events.empty() ? now : std::max(now, events.back().received);
  if (life.event_count && event_count >= *life.event_count) return leave_archive(decision, "events");
  if (life.user_count && user_count >= *life.user_count) return leave_archive(decision, "users");
  if (life.time && latest >= *life.time) return leave_archive(decision, "time");
  if (life.window.used() && life.window.total(latest) >= life.window_events) {
    return leave_archive(decision, "window");
  }
  if (!life.escalating) return;
  const auto hourly = static_cast<double>(life.hour.total(latest));
  if (hourly > escalation_threshold(life.usual)) escalate(decision, hourly, now);
}

void regress(LifeDecision& decision, std::size_t event, UnixMicros now) {
  decision.step = LifeStep::regressed;
  decision.event = event;
  decision.state = {"unresolved", "regressed", std::nullopt};
  decision.wake_at = now + kFreshFor;
}

}  // namespace

void RateWindow::add(UnixMicros at) {
  const auto step = at / step_;
  if (counts_.empty()) last_ = step;
  if (step > last_) {
    if (step - last_ >= kSteps) counts_.clear();
    counts_.resize(counts_.empty() ? 1 : counts_.size() + static_cast<std::size_t>(step - last_));
    last_ = step;
    if (counts_.size() > kSteps) counts_.erase(counts_.begin(), counts_.end() - kSteps);
  }
  const auto back = static_cast<std::size_t>(last_ - step);
  if (back >= kSteps) return;
  if (back >= counts_.size()) counts_.insert(counts_.begin(), back + 1 - counts_.size(), 0);
  ++counts_[counts_.size() - 1 - back];
}

std::int64_t RateWindow::total(UnixMicros now) const {
  if (step_ == 0) return 0;
  std::int64_t sum = 0;
  const auto oldest = now / step_ - kSteps + 1;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    const auto step = last_ - static_cast<std::int64_t>(counts_.size() - 1 - i);
    if (step >= oldest) sum += counts_[i];
  }
  return sum;
}

std::string IssueLife::to_json() const {
  Json json = Json::object();
  const auto put_window = [&](const char* name, const RateWindow& counts) {
    if (counts.used()) json[name] = {{"last", counts.last_}, {"counts", counts.counts_}};
  };
  if (!asked.empty()) json["asked"] = Json::parse(asked, nullptr, false);
  if (next_release) {
    json["next_release"] = true;
    json["after_release"] = after_release;
    json["reference"] = reference;
  }
  if (event_count) json["event_count"] = *event_count;
  if (user_count) json["user_count"] = *user_count;
  if (time) json["time"] = *time;
  if (window_seconds > 0) {
    json["window_events"] = window_events;
    json["window_seconds"] = window_seconds;
  }
  if (escalating) {
    json["escalating"] = true;
    json["usual"] = usual;
    if (rearchive) json["rearchive"] = true;
  }
  put_window("window", window);
  put_window("hour", hour);
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<IssueLife> IssueLife::from_json(std::string_view text) {
  const auto json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  try {
    IssueLife life;
    if (const auto asked = json.find("asked"); asked != json.end()) life.asked = asked->dump();
    life.next_release = member<bool>(json, "next_release").value_or(false);
    life.after_release = member<std::int64_t>(json, "after_release").value_or(0);
    life.reference = member<std::string>(json, "reference").value_or("");
    life.event_count = member<std::int64_t>(json, "event_count");
    life.user_count = member<std::int64_t>(json, "user_count");
    life.time = member<std::int64_t>(json, "time");
    life.window_events = member<std::int64_t>(json, "window_events").value_or(0);
    life.window_seconds = member<std::int64_t>(json, "window_seconds").value_or(0);
    life.escalating = member<bool>(json, "escalating").value_or(false);
    life.usual = member<double>(json, "usual").value_or(0);
    life.rearchive = member<bool>(json, "rearchive").value_or(false);
    if (life.window_seconds > 0) life.window = RateWindow(life.window_seconds);
    if (life.escalating) life.hour = RateWindow(3600);
    const auto read_window = [&](const char* name, RateWindow& counts) {
      const auto stored = json.find(name);
      if (stored == json.end() || !counts.used()) return;
      counts.last_ = stored->at("last").get<std::int64_t>();
      counts.counts_ = stored->at("counts").get<std::vector<std::int64_t>>();
    };
    read_window("window", life.window);
    read_window("hour", life.hour);
    return life;
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

double escalation_threshold(double usual) {
  return std::max(kSmallestEscalation, kEscalationFactor * usual);
}

double quiet_threshold(double usual) {
  return escalation_threshold(usual) / 2;
}

bool is_next_release(const IssueLife& life, const LifeEvent& event) {
  if (event.release.empty()) return false;  // nothing says that it is not from before
  const auto reference = parse_release(life.reference), version = parse_release(event.release);
  if (reference && version && reference->package == version->package) {
    return compare_releases(*version, *reference) > 0;
  }
  return event.release_id == 0 || event.release_id > life.after_release;
}

LifeDecision decide_on_events(IssueState state, std::span<const LifeEvent> events, std::int64_t event_count,
                              std::int64_t user_count, UnixMicros now) {
  LifeDecision decision;
  decision.state = std::move(state);
  if (events.empty()) return decision;
  const auto& life = decision.state.life;
  if (decision.state.status == "resolved") {
    for (std::size_t i = 0; i < events.size(); ++i) {
      if (life && life->next_release && !is_next_release(*life, events[i])) continue;
      regress(decision, i, now);
      break;
    }
  } else if (decision.state.status == "archived" && life) {
    decide_archived(decision, events, event_count, user_count, now);
  }
  return decision;
}

LifeDecision decide_on_waking(IssueState state, double hourly, double usual, UnixMicros now) {
  LifeDecision decision;
  decision.state = std::move(state);
  auto& [status, substatus, life] = decision.state;
  if (status == "archived" && life) {
    if (life->time && now >= *life->time) {
      leave_archive(decision, "time");
    } else if (life->escalating) {
      life->usual = usual;
      decision.store_life = true;
      decision.wake_at = now + 24 * kHour;
    }
  } else if (status == "unresolved" && substatus == "escalating" && life && life->rearchive) {
    decision.store_life = true;
    decision.wake_at = now + kHour / 12;
    if (hourly >= quiet_threshold(life->usual)) return decision;
    decision.step = LifeStep::archived_again;
    decision.hourly = hourly;
    decision.usual = life->usual;
    decision.wake_at = now + 24 * kHour;
    life->hour = RateWindow(3600);
    status = "archived";
    substatus = "archived_until_escalating";
  } else if (status == "unresolved" && (substatus == "new" || substatus == "regressed" || substatus == "escalating")) {
    decision.step = LifeStep::aged;
    substatus = "ongoing";
    life.reset();
  }
  return decision;
}

}  // namespace mesher::nodes
