"""The figures that Mesher is held to: what each means, what it must reach and what it aims at."""
import dataclasses


@dataclasses.dataclass(frozen=True)
class Figure:
    name: str
    says: str
    unit: str = ""
    must: float | None = None  # None: for information
    aim: float | None = None
    higher: bool = True        # is more better?

    def verdict(self, value):
        if self.must is None:
            return ""
        for limit, word in ((self.aim, "aim"), (self.must, "must")):
            if limit is not None and (value >= limit if self.higher else value <= limit):
                return word
        return "MISSED"


def _lower(name, says, unit, must=None, aim=None):
    return Figure(name, says, unit, must, aim, higher=False)


# In the order in which they are printed; each list is measured by one scenario.
SCENARIOS = {
    "bulk": [
        Figure("bulk_over_wide_copy", "bulk events/s stored to the end ÷ rows/s of plain COPY into the wide schema", "", 3, 5),
        Figure("bulk_events_s", "bulk events/s, from the first POST until journal drained and rows countable", "1/s"),
        Figure("wide_copy_rows_s", "yardstick: COPY of the same events into the wide schema, one connection", "1/s"),
        _lower("bytes_per_event", "bytes on disk in PostgreSQL per event, indexes included", "B", 1000, 800),
        _lower("wide_bytes_per_event", "yardstick: the same in the wide schema", "B"),
    ],
    "single": [
        Figure("single_over_nginx", "single durable POSTs/s, 32 connections ÷ nginx `return 202` under the same client", "",
               0.25, 0.5),
        Figure("single_posts_s", "single durable POSTs/s, 32 connections", "1/s"),
        Figure("nginx_posts_s", "yardstick: nginx `return 202`, one worker", "1/s"),
    ],
    "post_latency": [_lower("p99_post_ms_2000", "p99 from POST to 202 at 2,000 events/s", "ms", 15, 5)],
    "live_latency": [_lower("p99_live_ms_5000", "p99 from POST to the live stream at 5,000 events/s", "ms", 250, 100)],
    "live": [
        _lower("live_1000_p99_ms", "1,000 watchers of one project, 200 events/s: p99 from POST to the last of them", "ms", 500, 150),
        _lower("live_idle_socket_kib", "10,000 idle live sockets: resident memory of mesher for each", "KiB", 32, 16),
        _lower("live_filters_us", "1,000 watchers with 1,000 different filters: time of the broadcast node per event", "µs", 200, 50),
        _lower("live_lazy_percent", "100 watchers: what one that never reads adds to the others' p99", "%", 10),
        _lower("tap_loss_percent", "what `mesher tap` on the busiest node costs bulk ingestion", "%", 3),
    ],
    "alerts": [
        _lower("alert_rules_us", "10,000 alert rules over 100 projects: cost of deciding about an event", "µs", 5, 1),
        _lower("alert_webhook_p99_ms", "p99 from the POST of the event that crosses a threshold to its webhook's arrival", "ms", 1000, 200),
        _lower("alert_storm_notifications", "50,000 events of 500 new issues in 60 s, two rules on new issues, one webhook: notifications", "",
               5),
    ],
    "idle": [
        _lower("rss_idle_mb", "resident memory of mesher at idle", "MB", 60, 40),
        _lower("idle_cpu_percent", "processor time of mesher at idle, of one core", "%", 1, 0.2),
        _lower("postgres_idle_cpu_percent", "the same of its embedded PostgreSQL", "%"),
        _lower("serve_start_s", "`mesher serve` on a data directory in use before, until it listens", "s"),
    ],
    "start": [_lower("second_start_s", "second `./start`, nothing changed, until serving", "s", 3, 1.5)],
    "flood": [
        _lower("rss_flood_mb", "largest resident memory of mesher in a flood at twice what it can store", "MB", 300, 200),
        _lower("rss_flood_growth", "mean of the flood's last fifth ÷ mean of its second fifth (1: flat)", "", 1.1, 1.0),
    ],
    "drain": [Figure("drain_ratio", "drain of a backlog after PostgreSQL was away ÷ rate without the outage", "", 0.9, 1),
              Figure("drain_events_s", "events/s of that drain", "1/s")],
    "micro": [
        Figure("normaliser_mb_s", "normaliser of messages on one core", "MB/s", 200, 500),
        Figure("wire_to_fingerprint_events_s", "journal record to fingerprint on one core", "1/s", 60_000, 100_000),
    ],
    "grouping": [Figure("grouping_java_b3", "B³ F1 of the groups of the corpus's exceptions, assertions left out", "", 0.85,
                        0.88)],
    "api": [
        _lower("api_p99_ms", "p99 of the slowest list, detail or dashboard endpoint, 10,000,000 events, unloaded", "ms", 100, 30),
        _lower("api_p50_ms", "median of these endpoints' medians", "ms"),
        _lower("api_growth", "sum of their medians at 10,000,000 events ÷ at 100,000", "", 2, 1),
        _lower("search_rare_p99_ms", "p99 of the full-text search for a rare word, of issues and of events", "ms", 300, 100),
        _lower("search_common_p99_ms", "the same for a common word", "ms", 300, 100),
        _lower("api_p99_under_load_ms", "p99 of all these questions while 5,000 events/s come in", "ms", 300),
        _lower("api_ingestion_loss_percent", "what 8 clients that ask all the time cost bulk ingestion", "%", 20),
    ],
    "bulk_resolve": [_lower("bulk_resolve_s", "resolving 10,000 issues by one query", "s", 2, 1)],
    "retention": [_lower("drop_day_stall_ms", "longest time without a stored event while a day of 1,000,000 events is dropped, 2,000 come in "
                         "a second", "ms", 100, 20)],
}

FIGURES = {figure.name: figure for figures in SCENARIOS.values() for figure in figures}

# Named or with --all only: ten minutes or more, and tens of gigabytes of disk for a while.
ON_REQUEST = {"flood", "api", "retention"}


def scenarios_of(names):
    """The scenarios that measure the named figures (or are named themselves), in order. Unknown names: ValueError."""
    unknown = [name for name in names if name not in SCENARIOS and name not in FIGURES]
    if unknown:
        raise ValueError(f"no such figure or scenario: {', '.join(unknown)} (--list shows all)")
    return [scenario for scenario, figures in SCENARIOS.items()
            if scenario in names or any(figure.name in names for figure in figures)]
