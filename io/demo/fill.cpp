#include "io/demo/fill.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "io/demo/alerts.hpp"
#include "io/demo/event_maker.hpp"
#include "io/demo/people_acts.hpp"
#include "io/demo/pipeline.hpp"
#include "io/demo/schedule.hpp"
#include "io/postgres/pool.hpp"
#include "nodes/record.hpp"

namespace mesher::demo {
namespace {

constexpr int kStagesPerDay = 24;

/// What is not an event but happens at a time.
struct Happening {
  UnixMicros at = 0;
  std::size_t story = 0;
  const Action* action = nullptr;  ///< exactly one of the three
  const UserReport* report = nullptr;
  const Piece* limited = nullptr;
};

class Filling {
 public:
  Filling(postgres::Pool& pool, const Place& place, const Material& material, const FillOptions& options)
      : pool_(pool), place_(place), material_(material), options_(options), maker_(material, options.seed) {}

  Result<Filled> run() {
    if (auto status = begin(); !status) return status.error();
    if (auto status = make_rules(pool_, place_); !status) return status.error();
    Pipeline pipeline(pool_.options());
    if (auto status = pipeline.start(); !status) return status.error();
    Filled filled;
    filled.end = end_;
    for (int stage = 1; stage <= static_cast<int>(kDays) * kStagesPerDay; ++stage) {
      if (options_.stop && options_.stop()) break;
      const auto until = time_of(static_cast<double>(stage) / kStagesPerDay, end_);
      if (auto status = advance(pipeline, until); !status) return status.error();
      filled.complete = until == end_;
      if (stage % kStagesPerDay == 0 && options_.on_day) {
        options_.on_day(stage / kStagesPerDay, next_moment_ - filled.events);
        filled.events = next_moment_;
      }
    }
    filled.events = next_moment_;
    if (auto status = pipeline.finish(); !status) return status.error();
    if (auto status = age(); !status) return status.error();
    if (auto status = settle_alerts(pool_, place_, end_); !status) return status.error();
    return filled;
  }

 private:
  [[nodiscard]] postgres::Params params() const {
    postgres::Params params;
    params.integer(place_.project_id);
    return params;
  }

  Status query(std::string_view sql, const postgres::Params& params) {
    auto rows = pool_.query(sql, params);
    return rows ? Status() : Status(std::move(rows).error());
  }

  Status begin() {
    auto now = pool_.query("select now()");
    if (!now) return std::move(now).error();
    end_ = now->time(0, 0) - 1'000'000;
    moments_ = moments(material_, end_, options_.seed);
    last_ids_.resize(material_.stories.size());
    for (std::size_t i = 0; i < material_.stories.size(); ++i) {
      const auto& story = material_.stories[i];
      for (const auto& action : story.actions) happenings_.push_back({time_of(action.day, end_), i, &action, {}, {}});
      for (const auto& report : story.reports) happenings_.push_back({time_of(report.day, end_), i, {}, &report, {}});
      if (story.limited) happenings_.push_back({time_of(story.limited->to, end_), i, {}, {}, &*story.limited});
    }
    std::stable_sort(happenings_.begin(), happenings_.end(),
                     [](const Happening& a, const Happening& b) { return a.at < b.at; });
    return backdate_place(pool_, place_, time_of(0, end_));
  }

  /// Stores what comes in before `until`, with what happens in between at its place.
  Status advance(Pipeline& pipeline, UnixMicros until) {
    while (next_happening_ < happenings_.size() && happenings_[next_happening_].at <= until) {
      const auto& happening = happenings_[next_happening_++];
      if (auto status = store_events(pipeline, happening.at); !status) return status;
      if (auto status = happen(pipeline, happening); !status) return status;
    }
    return store_events(pipeline, until);
  }

  Status store_events(Pipeline& pipeline, UnixMicros until) {
    std::vector<std::string> records;
    for (; next_moment_ < moments_.size() && moments_[next_moment_].at <= until; ++next_moment_) {
      const auto& moment = moments_[next_moment_];
      const auto made = maker_.make(moment.story, moment.n, moment.at, end_);
      last_ids_[moment.story] = made.id;
      nodes::Record record = record_of(nodes::RecordKind::event, moment.at, made.json);
      record.event_id = made.id;
      record.client = made.client;
      record.client_ip = made.client_ip;
      record.user_agent = made.user_agent;
      nodes::encode(record, records.emplace_back());
    }
    if (records.empty()) return {};
    if (auto status = pipeline.store(std::move(records), until); !status) return status;
    return backdate(until);
  }

  [[nodiscard]] nodes::Record record_of(nodes::RecordKind kind, UnixMicros at, std::string_view body) const {
    nodes::Record record;
    record.kind = kind;
    record.project_id = place_.project_id;
    record.key_id = place_.key_id;
    record.received = at;
    record.body = body;
    return record;
  }

  Status happen(Pipeline& pipeline, const Happening& happening) {
    if (happening.action != nullptr) {
      const auto issue = issue_of(happening.story);
      if (!issue) return issue.error();
      if (auto status = act(pool_, place_, *issue, *happening.action); !status) return status;
      if (auto status = measure_usual(*issue, happening.at); !status) return status;
      return backdate(happening.at);
    }
    std::string body;
    nodes::Record record;
    if (happening.report != nullptr) {
      nodes::Feedback feedback;
      feedback.event_id = last_ids_[happening.story];
      feedback.name = happening.report->name;
      feedback.email = happening.report->email;
      feedback.comments = happening.report->comments;
      feedback.url = "https://shop.example.com" + material_.stories[happening.story].path;
      body = nodes::feedback_to_json(feedback);
      record = record_of(nodes::RecordKind::feedback, happening.at, body);
      record.event_id = feedback.event_id;
      record.event_id.bytes[0] ^= 1;  // an id of its own
    } else {
      const auto quantity = static_cast<std::int64_t>(happening.limited->events);
      body = nodes::outcomes_to_json(
          {{place_.project_id, place_.key_id, happening.at, "rate_limited", "rate_limited", "error", quantity}});
      record = record_of(nodes::RecordKind::outcomes, happening.at, body);
    }
    std::vector<std::string> records(1);
    nodes::encode(record, records.front());
    return pipeline.store(std::move(records), happening.at);
  }

  Result<std::int64_t> issue_of(std::size_t story) {
    auto rows = pool_.query("select issue_id from events where project_id = $1::integer and event_id = $2::uuid",
                            params().text(last_ids_[story].hex()));
    if (!rows) return std::move(rows).error();
    if (!rows->empty()) return rows->integer(0, 0);
    return Error{ErrorCode::invalid, "story " + material_.stories[story].name + " acts before its first event", {}};
  }

  /// An issue is no longer new seven days after its first event.
  Status age() {
    auto params = this->params();
    params.time(end_);
    return query(
        "update issues set substatus = case when first_received + interval '7 days' <= $2::timestamptz then 'ongoing'"
        " else 'new' end, wake_at = case when first_received + interval '7 days' <= $2::timestamptz then null"
        " else first_received + interval '7 days' end"
        " where project_id = $1::integer and status = 'unresolved' and substatus = 'new'",
        params);
  }

  /// An issue that waits for its escalation is measured against the events an hour of the week before it was archived.
  Status measure_usual(std::int64_t issue, UnixMicros at) {
    auto params = this->params();
    params.integer(issue).time(at);
    return query(
        "update issues i set life = jsonb_set(life, '{usual}', to_jsonb((select coalesce(sum(h.events), 0)::float8"
        " from issue_hours h where h.project_id = i.project_id and h.issue_id = i.id and h.hour >= $3::timestamptz -"
        " interval '7 days') / greatest(1, least(168, extract(epoch from $3::timestamptz - i.first_seen)::float8 / "
        "3600)))) where project_id = $1::integer and id = $2::bigint and life ? 'usual'",
        params);
  }

  /// What has been written with the database's time just now happened at `at`: everything before lies in the past.
  Status backdate(UnixMicros at) {
    auto params = this->params();
    params.time(at).time(end_);
    return query(
        "with a as (update issue_activity set at = $2::timestamptz where project_id = $1::integer and at > "
        "$3::timestamptz), c as (update issue_comments set created_at = $2::timestamptz where project_id = $1::integer"
        " and created_at > $3::timestamptz) "
        "update issues set changed_at = $2::timestamptz where project_id = $1::integer and changed_at > "
        "$3::timestamptz",
        params);
  }

  postgres::Pool& pool_;
  const Place& place_;
  const Material& material_;
  const FillOptions& options_;
  const EventMaker maker_;
  UnixMicros end_ = 0;
  std::vector<Moment> moments_;
  std::vector<Happening> happenings_;
  std::vector<nodes::EventId> last_ids_;  // by story
  std::size_t next_moment_ = 0, next_happening_ = 0;
};

}  // namespace

Result<Filled> fill(postgres::Pool& pool, const Place& place, const Material& material, const FillOptions& options) {
  return Filling(pool, place, material, options).run();
}

}  // namespace mesher::demo
