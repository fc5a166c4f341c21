"""What dropping a day of events does to ingestion."""
import json
import subprocess
import threading
import time

from mesher import STORED, Server
from postgres import Cluster

EVENTS = 1_000_000
FILLED = 40_000     # events that the day is made of, each so many times as needed
RATE = 2000         # events a second meanwhile
BEFORE, AFTER = 8, 4  # seconds of load before and after
DAYS_AGO = 120

# Columns of the two tables but for those that are made anew.
MAKE_DAY = """
create table events_{name} (like events including all);
create table event_blocks_{name} (like event_blocks including all);
alter table events attach partition events_{name} for values from ('{day}') to ('{next}');
alter table event_blocks attach partition event_blocks_{name} for values from ('{day}') to ('{next}');
insert into event_blocks (project_id, day, block_id, data, words, first_received, last_received)
  select project_id, '{day}', block_id + n * 10000000, data, words, '{day}', '{day}' from event_blocks, generate_series(1, {times}) n
  where day <> '{day}';
insert into events (project_id, day, event_id, issue_id, received_at, occurred_at, block_id, block_index, level, message, environment,
  release, user_key, tags, hash_key)
  select project_id, '{day}', gen_random_uuid(), issue_id, '{day}'::timestamptz + (received_at - date_trunc('day', received_at)), occurred_at,
  block_id + n * 10000000, block_index, level, message, environment, release, user_key, tags, hash_key
  from events, generate_series(1, {times}) n where day <> '{day}';
vacuum analyze; checkpoint"""


def make_day(cluster, events):
    have = int(cluster.query("select count(*) from events"))
    day = cluster.query(f"select (now() at time zone 'UTC')::date - {DAYS_AGO}")
    following = cluster.query(f"select date '{day}' + 1")
    for statement in MAKE_DAY.format(name=day.replace("-", ""), day=day, next=following, times=-(-events // have)).split(";"):
        cluster.query(statement)
    return int(cluster.query(f"select count(*) from events where day = '{day}'"))


class Stalls:
    """Looks all the time how much is stored; the longest that it stayed the same, within a span of time."""

    def __init__(self, cluster):
        self.session, self.changes, self.stopped = cluster.session(), [time.monotonic()], False
        self.thread = threading.Thread(target=self._look)
        self.thread.start()

    def _look(self):
        known = None
        while not self.stopped:
            stored = self.session.query("select sum(position) from journal_cursors")
            if stored != known:
                known = stored
                self.changes.append(time.monotonic())
            time.sleep(0.001)

    def longest_ms(self, begin, end):
        inside = [begin] + [at for at in self.changes if begin <= at <= end] + [end]
        return 1000 * max(later - at for at, later in zip(inside, inside[1:]))

    def stop(self):
        self.stopped = True
        self.thread.join()
        self.session.close()


def retention(run):
    cluster = Cluster(run.work_dir, {"shared_buffers": "512MB", "max_wal_size": "4GB", "checkpoint_timeout": "15min", "jit": "off"})
    server = Server(run.build, "--database-url", cluster.url)
    try:
        subprocess.run([run.build.fill, "--database-url", cluster.url, "--events", str(run.scaled(FILLED)), "--days", "2"], check=True,
                       stderr=subprocess.DEVNULL)
        count = make_day(cluster, run.scaled(EVENTS))
        stalls = Stalls(cluster)
        load = server.start_load("--mode", "bulk", "--batch", 20, "--connections", 4, "--rate", RATE,
                                 "--duration", BEFORE + 60 + AFTER)
        time.sleep(2)
        quiet_begin = time.monotonic()
        time.sleep(BEFORE - 2)
        began = time.monotonic()
        done = subprocess.run([run.build.mesher, "retain", "--data-dir", server.data, "--database-url", cluster.url, "--json"],
                              check=True, capture_output=True, text=True)
        took = time.monotonic() - began
        time.sleep(AFTER)
        load.terminate()
        load.communicate()
        stalls.stop()
        dropped = json.loads(done.stdout.splitlines()[-1])
        if dropped["days_dropped"] != 1:
            raise RuntimeError(f"the day was not dropped: {dropped}")
        usual = stalls.longest_ms(quiet_begin, began)
        run.say(f"{count:,} events dropped; the whole run took {took:.2f} s; {cluster.query(STORED)} stored in all")
        run.notes["drop_day_stall_ms"] = f"{count:,} events; {usual:.0f} ms in {BEFORE - 2} s before"
        yield "drop_day_stall_ms", stalls.longest_ms(began, began + took + 1)
    finally:
        server.remove()
        cluster.remove()
