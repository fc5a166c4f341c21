"""How each scenario is measured. A scenario is a function of a Run that yields (figure's name, value)."""
import dataclasses
import json
import os
import re
import statistics
import subprocess
import sys
import time

import alerts
import api
import b_cubed
import live
import machine
import retention
from mesher import STORED, Build, Server, wait_stored
from nginx import Nginx
from postgres import COPIED_SETTINGS, Cluster

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "yardsticks"))
import wide_copy  # noqa: E402


@dataclasses.dataclass
class Run:
    build: Build
    root: str    # of the source tree
    quick: bool  # a tenth of everything: for trying
    work_dir: str
    notes: dict = dataclasses.field(default_factory=dict)
    known: dict = dataclasses.field(default_factory=dict)  # figures measured so far

    def scaled(self, full):
        return type(full)(full / 10) if self.quick else full

    def say(self, text):
        print(f"  {text}", file=sys.stderr, flush=True)


BULK = ("--mode", "bulk", "--batch", 100, "--connections", 4)
SIZE_OF_ALL = """select coalesce(sum(pg_total_relation_size(c.oid)), 0) from pg_class c join pg_namespace n on n.oid = relnamespace
  where n.nspname = 'public' and relkind in ('r', 'm')"""


def copied_settings(session):
    """What a private PostgreSQL takes over from Mesher's own, so that both store under the same conditions."""
    lines = session.query("select name, current_setting(name) from pg_settings where source not in ('default', 'override')")
    settings = dict(line.split("|", 1) for line in lines.splitlines())
    return {name: settings[name] for name in sorted(COPIED_SETTINGS & settings.keys())}


def bulk_rate(server, session, events, *more):
    """Stores so many events; events a second from the first POST until all are countable."""
    before = int(session.query(STORED))
    load = server.start_load(*BULK, "--rate", "max", "--duration", 600, "--events", events, *more)
    report = server.build.finish_load(load)
    if report["acknowledged"] != events:
        raise RuntimeError(f"the server did not take all events: {report}")
    done = wait_stored(session, before + events)
    counted = int(session.query("select count(*) from events"))
    if counted != before + events:
        raise RuntimeError(f"{counted} rows, {before + events} events")
    return events / (done - report["started_at"])


def bulk(run):
    server = Server(run.build)
    try:
        session = server.session()
        settings = copied_settings(session)
        bulk_rate(server, session, run.scaled(20_000))  # issues made, files grown, caches warm
        size, rows = int(session.query(SIZE_OF_ALL)), int(session.query(STORED))
        rates = [bulk_rate(server, session, run.scaled(200_000)) for _ in range(2)]
        size, rows = int(session.query(SIZE_OF_ALL)) - size, int(session.query(STORED)) - rows
    finally:
        server.remove()
    run.say(f"stored {[round(rate) for rate in rates]} events/s")
    copied, copied_size = wide_copy_rate(run, settings)
    yield "bulk_over_wide_copy", statistics.mean(rates) / copied
    yield "bulk_events_s", statistics.mean(rates)
    yield "wide_copy_rows_s", copied
    yield "bytes_per_event", size / rows
    yield "wide_bytes_per_event", copied_size


def wide_copy_rate(run, settings):
    """(rows a second, bytes a row) of plain COPY into the wide schema, with the settings of Mesher's own PostgreSQL."""
    events = os.path.join(run.work_dir, "events.ndjson")
    rows = os.path.join(run.work_dir, "rows.copy")
    run.build.write_events(events, run.scaled(60_000))
    count = wide_copy.write_rows(events, rows)
    cluster = Cluster(run.work_dir, settings)
    try:
        rounds = [wide_copy.rows_per_second(cluster, rows, count) for _ in range(3)]
    finally:
        cluster.remove()
        os.unlink(events)
        os.unlink(rows)
    run.say(f"COPY into the wide schema {[round(rate) for rate, _ in rounds]} rows/s, with {settings}")
    return statistics.median(rate for rate, _ in rounds), rounds[0][1]


SINGLE = ("--mode", "single", "--rate", "max", "--connections", 32)


def single(run):
    options = (*SINGLE, "--duration", run.scaled(10.0))
    server = Server(run.build)
    nginx = Nginx(run.work_dir)
    try:
        session = server.session()
        stored = server.run_load(*SINGLE, "--duration", 2)["acknowledged"]
        rates, yardsticks = [], []
        for _ in range(2):
            wait_stored(session, stored)  # the two never work at the same time
            before = machine.processor_seconds(nginx.worker())
            report = run.build.run_load(nginx.base, *options)
            yardsticks.append(report["acknowledged_per_s"])
            run.say(f"nginx: {json.dumps(report)}; its processor time "
                    f"{machine.processor_seconds(nginx.worker()) - before:.1f} s")
            report = server.run_load(*options)
            if report["refused"] or report["unknown"]:
                raise RuntimeError(f"the server refused: {report}")
            rates.append(report["acknowledged_per_s"])
            stored += report["acknowledged"]
            run.say(f"mesher: {json.dumps(report)}")
    finally:
        nginx.remove()
        server.remove()
    yield "single_over_nginx", statistics.mean(rates) / statistics.mean(yardsticks)
    yield "single_posts_s", statistics.mean(rates)
    yield "nginx_posts_s", statistics.mean(yardsticks)


def post_latency(run):
    server = Server(run.build)
    try:
        options = ("--mode", "single", "--rate", 2000, "--connections", 32)
        server.run_load(*options, "--duration", 2)
        report = server.run_load(*options, "--duration", run.scaled(20.0))
        run.say(json.dumps(report))
        yield "p99_post_ms_2000", report["latency_ms"]["p99"]
    finally:
        server.remove()


def live_latency(run):
    server = Server(run.build)
    try:
        options = ("--mode", "single", "--rate", 5000, "--connections", 32, "--live", server.token, "--project",
                   server.project)
        server.run_load(*options, "--duration", 2)
        report = server.run_load(*options, "--duration", run.scaled(20.0))
        run.say(json.dumps(report))
        live = report["live"]
        if live["received"] == 0:
            raise RuntimeError("nothing came by the live stream")
        run.notes["p99_live_ms_5000"] = f"{live['received']:,} of {report['acknowledged']:,} came, {live['dropped']:,} dropped"
        yield "p99_live_ms_5000", live["latency_ms"]["p99"]
    finally:
        server.remove()


def idle(run):
    server = Server(run.build)
    try:
        server.run_load("--mode", "single", "--rate", 50, "--connections", 2, "--duration", 1)
        server.stop()
        server.start()
        yield "serve_start_s", server.start_seconds
        time.sleep(5)
        yield "rss_idle_mb", machine.resident_mb(server.pid)
        seconds = run.scaled(20.0)
        others = machine.children(server.pid)
        own, theirs = machine.processor_seconds(server.pid), sum(map(machine.processor_seconds, others))
        time.sleep(seconds)
        yield "idle_cpu_percent", 100 * (machine.processor_seconds(server.pid) - own) / seconds
        still = [pid for pid in others if os.path.exists(f"/proc/{pid}")]
        yield "postgres_idle_cpu_percent", 100 * max(0, sum(map(machine.processor_seconds, still)) - theirs) / seconds
    finally:
        server.remove()


def start(run):
    """`./start` twice on the same data directory; the second is timed."""
    data = os.path.join(run.work_dir, "start-data")
    os.makedirs(data, mode=0o755)
    for _ in range(2):
        began = time.monotonic()
        process = subprocess.Popen(["./start", "--listen", "127.0.0.1:0", "--data-dir", data], cwd=run.root,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
        said = ""
        for line in process.stdout:
            said += line
            if "listening on http" in line:
                break
        else:
            raise RuntimeError("./start did not serve:\n" + said[-2000:])
        seconds = time.monotonic() - began
        process.terminate()
        process.communicate(timeout=60)
    yield "second_start_s", seconds


def flood(run):
    """Twice the rate that is stored, until the journal refuses and beyond; the memory of mesher meanwhile."""
    seconds = run.scaled(600)
    server = Server(run.build)
    try:
        session = server.session()
        rate = run.known.get("bulk_events_s") or bulk_rate(server, session, run.scaled(100_000))
        load = server.start_load(*BULK, "--rate", round(2 * rate), "--duration", seconds)
        samples = []
        while load.poll() is None:
            samples.append(machine.resident_mb(server.pid))
            time.sleep(1)
        report = run.build.finish_load(load)
        run.say(json.dumps(report))
        run.notes["rss_flood_mb"] = (f"{seconds} s, {report['sent']:,} sent, {report['acknowledged']:,} acknowledged, "
                                     f"refused {report['refused']}")
        fifth = len(samples) // 5
        yield "rss_flood_mb", max(samples)
        yield "rss_flood_growth", statistics.mean(samples[-fifth:]) / statistics.mean(samples[fifth:2 * fifth])
    finally:
        server.remove()


def drain(run):
    """A backlog while PostgreSQL is away, then the time to store it."""
    events = run.scaled(500_000)
    server = Server(run.build)
    session = server.session()
    settings = copied_settings(session)
    server.remove()
    cluster = Cluster(run.work_dir, settings)
    server = Server(run.build, "--database-url", cluster.url)
    try:
        session = cluster.session()
        bulk_rate(server, session, run.scaled(20_000))
        usual = bulk_rate(server, session, run.scaled(200_000))
        before = int(session.query(STORED))
        session.close()
        cluster.stop()
        report = server.run_load(*BULK, "--rate", "max", "--duration", 600, "--events", events)
        if report["acknowledged"] != events:
            raise RuntimeError(f"not all was taken while PostgreSQL was away: {report}")
        cluster.start()
        began = time.time()
        session = cluster.session()
        drained = events / (wait_stored(session, before + events) - began)
        session.close()
        run.say(f"without the outage {usual:.0f}/s, drain {drained:.0f}/s")
    finally:
        server.remove()
        cluster.remove()
    yield "drain_ratio", drained / usual
    yield "drain_events_s", drained


# Benchmarks of mesher-bench and the figures that they give.
MICRO = {"normaliser_mb_s": (r"normaliser/skeleton", "bytes_per_second", 1e-6),
         "wire_to_fingerprint_events_s": (r"wire_to_fingerprint", "items_per_second", 1)}


def micro(run):
    pattern = "|".join(f"({pattern})" for pattern, _, _ in MICRO.values())
    environment = {**os.environ, **({"MESHER_CORPUS": run.build.corpus} if run.build.corpus else {})}
    answer = subprocess.run([run.build.bench, f"--benchmark_filter={pattern}", "--benchmark_format=json",
                             "--benchmark_min_time=" + ("0.2" if run.quick else "1")],
                            check=True, capture_output=True, text=True, env=environment)
    results = json.loads(answer.stdout)["benchmarks"]
    for name, (pattern, counter, factor) in MICRO.items():
        values = [result[counter] * factor for result in results if re.search(pattern, result["name"]) and counter in result]
        if values:
            yield name, min(values)


def grouping(run):
    yield "grouping_java_b3", b_cubed.of_corpus(run.build, run.notes)


SCENARIOS = {function.__name__: function for function in
             (bulk, single, post_latency, live_latency, live.live, alerts.alerts, idle, start, flood, drain, micro, grouping, api.api,
              api.bulk_resolve, retention.retention)}
