#include "io/postgres/project_users.hpp"

#include <fmt/format.h>
#include <xxhash.h>

#include <set>
#include <string_view>
#include <vector>

#include "io/postgres/event_rows.hpp"
#include "io/postgres/rows.hpp"

namespace mesher::postgres {

Status ProjectUsers::add(Connection& connection, const nodes::ports::WriteSet& set,
                         std::span<nodes::Event* const> events) {
  auto writer = fmt::format("{}/{}", set.journal_id, set.partition);
  if (pending_ || writer != writer_ || known_.size() > kMostKnown) known_.clear();
  writer_ = std::move(writer);
  pending_ = true;
  changed_.clear();
  if (auto status = load(connection, events); !status) return status;
  for (const auto* event : events) {
    const auto user = event->user.key();
    if (user.empty()) continue;
    const auto hash = XXH3_64bits(user.data(), user.size());
    const Key key{event->project_id, event->received / kDay};
    if (const auto changed = changed_.find(key); changed != changed_.end()) {
      changed->second.add(hash);
    } else if (const auto& known = known_[key]; known.would_change(hash)) {
      changed_.emplace(key, known).first->second.add(hash);
    }
  }
  return {};
}

Status ProjectUsers::load(Connection& connection, std::span<nodes::Event* const> events) {
  std::set<Key> unknown;
  for (const auto* event : events) {
    const Key key{event->project_id, event->received / kDay};
    if (!known_.contains(key)) unknown.insert(key);
  }
  if (unknown.empty()) return {};
  std::vector<std::int64_t> projects, numbers;
  std::vector<std::string> days;
  for (const auto& [project, day] : unknown) {
    projects.push_back(project);
    numbers.push_back(day);
    days.push_back(date_text(day));
  }
  const auto rows = connection.query(
      "select d.project_id, d.number, u.sketch from unnest($1::integer[], $2::date[], $3::bigint[])"
      " as d (project_id, day, number) left join project_users u on u.project_id = d.project_id and u.day = d.day"
      " and u.writer = $4",
      Params().integers(projects).texts(days).integers(numbers).text(writer_));
  if (!rows) return rows.error();
  for (std::size_t i = 0; i < rows->size(); ++i) {
    auto& sketch = known_[{static_cast<std::uint32_t>(rows->integer(i, 0)), rows->integer(i, 1)}];
    if (rows->is_null(i, 2)) continue;
    auto read = HyperLogLog::from_bytes(rows->bytes(i, 2));
    if (read) sketch = *std::move(read);  // one that can't be read begins anew
  }
  return {};
}

std::optional<Call> ProjectUsers::store() const {
  if (changed_.empty()) return std::nullopt;
  std::vector<std::int64_t> projects;
  std::vector<std::string> days, sketches;
  for (const auto& [key, sketch] : changed_) {
    projects.push_back(key.first);
    days.push_back(date_text(key.second));
    sketches.push_back(sketch.to_bytes());
  }
  Call call;
  call.sql =
      "insert into project_users (project_id, day, writer, sketch) "
      "select d.project_id, d.day, $4, d.sketch"
      " from unnest($1::integer[], $2::date[], $3::bytea[]) as d (project_id, day, sketch) "
      "on conflict (project_id, day, writer) do update set sketch = excluded.sketch";
  const std::vector<std::string_view> views(sketches.begin(), sketches.end());
  call.params.integers(projects).texts(days).bytes_array(views).text(writer_);
  return call;
}

void ProjectUsers::stored() {
  for (auto& [key, sketch] : changed_) known_[key] = std::move(sketch);
  changed_.clear();
  pending_ = false;
}

}  // namespace mesher::postgres
