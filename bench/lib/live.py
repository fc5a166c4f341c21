"""`bench/run live`: many watchers of the live stream, and a tap at full load."""
import http.client
import json
import os
import re
import statistics
import subprocess
import threading
import time
import urllib.parse
import urllib.request
import uuid

import machine
from mesher import Server

MANY = ("--live-sockets", "30000", "--live-sockets-per-user", "30000", "--max-connections", "30000")


class Watchers:
    """mesher-watch with so many sockets; results() ends it."""

    def __init__(self, server, watchers, *more):
        self.out = os.path.join(server.build.work_dir, f"watch-{uuid.uuid4().hex}")
        port = urllib.parse.urlsplit(server.base).port
        self.process = subprocess.Popen(
            [server.build.watch, "--port", str(port), "--token", server.token, "--project", str(server.project),
             "--watchers", str(watchers), "--out", self.out, *map(str, more)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if self.process.stdout.readline().strip() != "ready":
            raise RuntimeError("mesher-watch: " + self.process.stderr.read())

    def results(self):
        """{event id: (how many got it, when the last of them did, in s)}"""
        _, said = self.process.communicate()
        if self.process.returncode != 0 or not said.startswith("closed 0"):
            raise RuntimeError("mesher-watch: " + said)
        with open(self.out, encoding="utf-8") as lines:
            return {key: (int(count), int(at) / 1e9) for key, count, at in map(str.split, lines)}


def post(server, events, rate, make=lambda n: {}):
    """Posts single events by a fixed schedule on four connections; {id: when its POST began}."""
    sent, lock = {}, threading.Lock()
    key = re.search(r"//([0-9a-f]+)@", server.dsn).group(1)
    url = urllib.parse.urlsplit(server.base)
    began = time.time() + 0.1

    def one(k, of):
        connection = http.client.HTTPConnection(url.hostname, url.port, timeout=60)
        for n in range(k, events, of):
            time.sleep(max(0, began + n / rate - time.time()))
            event = {"event_id": uuid.uuid4().hex, "message": f"number {n % 50} failed", "level": "error",
                     "tags": {"shard": str(n % 10)}, "extra": {"pad": "x" * 500}, **make(n)}
            at = time.time()
            connection.request("POST", "/api/v1/events", json.dumps(event),
                               {"X-Mesher-Auth": key, "Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            if answer.status != 202:
                raise RuntimeError(f"the server answers {answer.status}")
            with lock:
                sent[event["event_id"]] = at

    threads = [threading.Thread(target=one, args=(k, 4)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(sent) != events:
        raise RuntimeError(f"{len(sent)} of {events} events were taken")
    return sent


def last_arrivals(run, server, watchers, seconds, *more, expect=None):
    """Times from POST to the last watcher, sorted, of 200 events a second."""
    crowd = Watchers(server, watchers, *more)
    sent = post(server, int(200 * seconds), 200)
    time.sleep(3)
    results = crowd.results()
    expect = expect or watchers
    complete = [results[key][1] - at for key, at in sent.items() if results.get(key, (0, 0))[0] == expect]
    run.say(f"{watchers} watchers: {len(complete)} of {len(sent)} events came to all of them")
    if len(complete) < len(sent):
        run.notes.setdefault("live_1000_p99_ms", f"{len(sent) - len(complete)} of {len(sent)} events did not come to all")
    return sorted(complete) or [float("inf")]


def p99_ms(times):
    return 1000 * times[min(len(times) - 1, int(0.99 * len(times)))]


def metric(server, name, node):
    with urllib.request.urlopen(server.base + "/metrics", timeout=30) as answer:
        for line in answer.read().decode().splitlines():
            if line.startswith(name + "{") and f'node="{node}"' in line:
                return float(line.rsplit(" ", 1)[1])
    raise RuntimeError(f"{name} is not in /metrics")


def live(run):
    server = Server(run.build, *MANY)
    try:
        last_arrivals(run, server, 10, 2)  # warm
        run.notes.pop("live_1000_p99_ms", None)
        yield "live_1000_p99_ms", p99_ms(last_arrivals(run, server, run.scaled(1000), run.scaled(15.0)))

        yield "live_lazy_percent", lazy_loss(run, server)

        crowd = Watchers(server, run.scaled(1000), "--filter", '{"query":"level:error number:{n}"}')
        name = "mesher_node_batch_seconds_sum"
        before, count = metric(server, name, "broadcast"), run.scaled(2000)
        post(server, count, 500, lambda n: {"tags": {"number": str(n % 1000)}})
        time.sleep(1)
        spent = metric(server, name, "broadcast") - before
        crowd.results()
        yield "live_filters_us", 1e6 * spent / count

        sockets = run.scaled(10_000)
        before = machine.resident_mb(server.pid)
        crowd = Watchers(server, sockets)
        after = machine.resident_mb(server.pid)
        crowd.results()
        yield "live_idle_socket_kib", (after - before) * 1024 / sockets
        yield "tap_loss_percent", tap_loss(run, server)
    finally:
        server.remove()


IN_TURNS = (False, True, True, False) * 2 + (False, True)  # what drifts meets both alike


def lazy_loss(run, server):
    """p99 of 99 watchers, without and with one more that never reads, in turns; medians."""
    times = {False: [], True: []}
    for lazy in IN_TURNS:
        more = ("--lazy", 1) if lazy else ()
        times[lazy].append(p99_ms(last_arrivals(run, server, 99 + lazy, run.scaled(5.0), *more, expect=99)))
    quiet, with_lazy = (statistics.median(times[key]) for key in (False, True))
    run.say(f"p99 of 99 watchers {quiet:.1f} ms, with one that never reads {with_lazy:.1f} ms")
    return 100 * (with_lazy - quiet) / quiet


def tap_loss(run, server):
    """Bulk ingestion with and without a tap on `fingerprint`, which does most of the work, in turns; medians."""
    from measure import bulk_rate  # it imports this file
    session = server.session()
    rates = {False: [], True: []}
    bulk_rate(server, session, run.scaled(20_000))
    for tapped in IN_TURNS:
        tap = subprocess.Popen([run.build.mesher, "tap", "fingerprint", "--url", server.base, "--token", server.token],
                               stdout=subprocess.DEVNULL) if tapped else None
        try:
            rates[tapped].append(bulk_rate(server, session, run.scaled(100_000)))
        finally:
            if tap:
                if tap.poll() is not None:
                    raise RuntimeError("the tap has ended by itself")
                tap.terminate()
                tap.wait(30)
    without, with_tap = (statistics.median(rates[key]) for key in (False, True))
    run.say(f"{without:,.0f} events/s without a tap, {with_tap:,.0f} with one")
    return 100 * (without - with_tap) / without
