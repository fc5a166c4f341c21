// Fills a database with events of the past days, through the store that the pipeline uses: every table and every sum is
// what real traffic would have left behind. For `bench/run api`.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <utility>

#include "bench/fill/event_source.hpp"
#include "io/postgres/event_rows.hpp"
#include "io/postgres/event_store.hpp"
#include "io/postgres/issue_store.hpp"
#include "io/postgres/migrations.hpp"

namespace mesher::bench {
namespace {

constexpr std::size_t kBatch = 20'000;  // events a transaction: the sums of many events are cheaper than many sums

template <class T>
T must(Result<T> result) {
  if (result) return std::move(*result);
  fmt::print(stderr, "mesher-fill: {}\n", result.error().message);
  std::exit(1);
}

std::vector<std::uint32_t> make_projects(postgres::Connection& connection, std::uint32_t count) {
  // The organisation that was made last: its owner's token is at hand.
  const auto rows = must(connection.query(
      "insert into projects (organization_id, slug, name, platform) select (select max(id) from organizations),"
      " 'filled-' || n, 'Filled ' || n, 'python' from generate_series(1, $1::integer) n returning id",
      postgres::Params().integer(count)));
  std::vector<std::uint32_t> ids;
  for (std::size_t i = 0; i < rows.size(); ++i) ids.push_back(static_cast<std::uint32_t>(rows.integer(i, 0)));
  return ids;
}

std::vector<std::int64_t> make_issues(postgres::IssueStore& store, const EventSource& source, UnixMicros first_seen) {
  const auto wanted = source.issues(first_seen);
  std::vector<std::int64_t> ids;
  constexpr std::size_t kAtOnce = 500;
  for (std::size_t at = 0; at < wanted.size(); at += kAtOnce) {
    const auto some = std::span(wanted).subspan(at, std::min(kAtOnce, wanted.size() - at));
    const auto made = must(store.find_or_create(some));
    for (const auto& found : made) ids.push_back(found.issue_id);
  }
  return ids;
}

int fill(const FillOptions& options) {
  postgres::ConnectOptions connect;
  connect.conninfo = options.database_url;
  connect.statement_timeout = std::chrono::minutes(10);
  SystemClock clock;
  Metrics metrics;
  postgres::Health health;
  postgres::Partitions partitions;
  auto connection = must(postgres::Connection::open(connect));
  EventSource source(options, make_projects(connection, options.projects));
  postgres::EventStore store(connect, clock, metrics, health, partitions);
  postgres::IssueStore issues(connect, health);
  const UnixMicros end = clock.now();
  const UnixMicros begin = end - options.days * postgres::kDay;
  source.set_issues(make_issues(issues, source, begin));

  std::vector<nodes::Event> events;
  for (std::uint64_t done = 0; done < options.events;) {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(kBatch, options.events - done));
    const auto at = [&](std::uint64_t n) {
      return begin + static_cast<UnixMicros>(static_cast<double>(end - begin) * static_cast<double>(n) /
                                             static_cast<double>(options.events));
    };
    source.make(count, at(done), at(done + count), events);
    nodes::ports::WriteSet set;
    set.journal_id = "fill";
    set.cursor_from = done;
    set.cursor_to = done + count;
    for (auto& event : events) set.events.push_back(&event);
    must(store.commit(set));
    done += count;
    if (done % 400'000 < count) fmt::print(stderr, "  {} events\n", done);
  }
  if (const auto status = connection.execute("vacuum analyze"); !status) {
    fmt::print(stderr, "mesher-fill: {}\n", status.error().message);
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace mesher::bench

int main(int argc, char** argv) {
  CLI::App app("Fills a database of Mesher with events of the past days.");
  mesher::bench::FillOptions options;
  app.add_option("--database-url", options.database_url)->required();
  app.add_option("--events", options.events);
  app.add_option("--days", options.days);
  app.add_option("--projects", options.projects);
  app.add_option("--issues", options.issues);
  app.add_option("--tag-keys", options.tag_keys);
  app.add_option("--seed", options.seed);
  CLI11_PARSE(app, argc, argv);
  return mesher::bench::fill(options);
}
