"""The API on a filled database: how long each kind of question takes, and what questions and ingestion do to each other."""
import contextlib
import http.client
import json
import statistics
import subprocess
import threading
import time
import urllib.parse

import machine
from mesher import STORED, Server

EVENTS, FEW = 10_000_000, 100_000  # quick: FEW only
ROUNDS = 150                       # requests of each kind, after WARM_UP
WARM_UP = 10
SEARCHES = {"search_rare_p99_ms": "quagga", "search_common_p99_ms": "request"}


class Client:
    """One connection that stays open, with the token of the server's owner."""

    def __init__(self, server):
        url = urllib.parse.urlsplit(server.base)
        self.connection = http.client.HTTPConnection(url.hostname, url.port, timeout=60)
        self.headers = {"Authorization": f"Bearer {server.token}"}

    def get(self, path):
        """(milliseconds, answer)"""
        took, body = self.ask(path)
        return took, json.loads(body)

    def ask(self, path):
        """(milliseconds, text of the answer)"""
        began = time.perf_counter()
        self.connection.request("GET", "/api/v1/" + path, headers=self.headers)
        answer = self.connection.getresponse()
        body = answer.read()
        took = (time.perf_counter() - began) * 1000
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status} {body[:300]!r}")
        return took, body

    def send(self, method, path, body, headers=None):
        self.connection.request(method, "/api/v1/" + path, body, {**self.headers, "Content-Type": "application/json", **(headers or {})})
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {text[:300]!r}")
        return json.loads(text)

    def close(self):
        self.connection.close()


def percentile(values, p):
    return sorted(values)[min(len(values) - 1, int(len(values) * p))]


def questions(client, organization, project):
    """{name: path} of every list, detail and dashboard endpoint, about the busiest project."""
    _, issues = client.get(f"projects/{project}/issues?sort=frequency&limit=25&from=0")
    issue = issues["data"][0]["id"]
    _, events = client.get(f"issues/{issue}/events?limit=25")
    event = events["data"][10]["id"]
    later = urllib.parse.quote(events["next_cursor"])
    p, week = f"projects/{project}", f"from={time.time() - 7 * 86400:.0f}"
    asked = {
        "issues": f"{p}/issues", "issues by frequency": f"{p}/issues?sort=frequency", "issues by users": f"{p}/issues?sort=users",
        "issues by trend": f"{p}/issues?sort=trend", "issues of all time": f"{p}/issues?from=0&sort=first_seen",
        "issues by state": f"{p}/issues?query=is:unresolved%20level:error", "issues by tag": f"{p}/issues?query=tag.000:v3&{week}",
        "issues by stack": f"{p}/issues?query=stack.function:checkout&{week}", "issue": f"issues/{issue}",
        "issue's events": f"issues/{issue}/events", "issue's events, page 2": f"issues/{issue}/events?cursor={later}",
        "issue's tags": f"issues/{issue}/tags", "issue's timeline": f"issues/{issue}/timeline?bucket=day&tz=Europe/Berlin",
        "events": f"{p}/events", "events of all time": f"{p}/events?from=0", "events by tag": f"{p}/events?query=tag.000:v19&{week}",
        "events by user": f"{p}/events?query=user.id:user77777&from=0", "event": f"events/{event}", "tags": f"{p}/tags",
        "tag values": f"{p}/tags/tag.000/values", "volume": f"{p}/dashboard/volume",
        "volume of 30 days": f"{p}/dashboard/volume?bucket=day&tz=America/New_York",
        "levels": f"{p}/dashboard/levels?bucket=day", "top issues": f"{p}/dashboard/top-issues",
        "top issues of 30 days": f"{p}/dashboard/top-issues?from={time.time() - 30 * 86400:.0f}",
        "environments": f"{p}/dashboard/tags?{week}", "tag's share": f"{p}/dashboard/tags?key=tag.000&{week}",
        "health": f"{p}/dashboard/health", "overview": f"orgs/{organization}/overview?limit=100", "outcomes": f"{p}/outcomes",
        "storage": f"{p}/storage",
    }
    for word in SEARCHES.values():
        asked[f"issues with “{word}”"] = f"{p}/issues?query={word}&from=0"
        asked[f"events with “{word}”"] = f"{p}/events?query={word}&from=0"
    return asked


def measure(client, asked, rounds):
    """{name: [milliseconds]}"""
    for path in asked.values():
        for _ in range(WARM_UP):
            client.get(path)
    times = {name: [] for name in asked}
    for _ in range(rounds):
        for name, path in asked.items():
            times[name].append(client.get(path)[0])
    return times


@contextlib.contextmanager
def filled(run, events):
    """A server on a database with so many events; (server, id of its busiest project)."""
    server = Server(run.build)
    try:
        session = server.session()
        database = f"host='{session.query('show unix_socket_directories')}' port={session.query('show port')} user=mesher dbname=mesher"
        began = time.monotonic()
        subprocess.run([run.build.fill, "--database-url", database, "--events", str(events)], check=True,
                       stderr=subprocess.DEVNULL)
        size = int(session.query("select pg_database_size(current_database())"))
        run.say(f"{events:,} events filled in {time.monotonic() - began:.0f} s, {size / 1e9:.1f} GB")
        yield server, int(session.query("select project_id from project_hours group by 1 order by sum(events) desc limit 1"))
    finally:
        server.remove()


def unloaded(run, events):
    """{name: [milliseconds]} of every question on a database with so many events, and what comes of load."""
    with filled(run, events) as (server, project):
        client = Client(server)
        asked = questions(client, server.organization, project)
        times = measure(client, asked, max(20, int(run.scaled(ROUNDS))))
        client.close()
        for name, values in sorted(times.items(), key=lambda item: -percentile(item[1], 0.99)):
            run.say(f"{name:26} p50 {statistics.median(values):7.1f}  p99 {percentile(values, 0.99):7.1f} ms")
        return times, together(run, server, asked)


def together(run, server, asked):
    """(p99 while 5,000 events/s come in, share of ingestion that 8 clients cost in per cent)"""
    seconds = max(3, run.scaled(20))
    single = ("--mode", "bulk", "--batch", 100, "--connections", 4)
    answered = []

    def ask(until):
        client = Client(server)
        names = list(asked)
        for n in range(10**9):
            if time.monotonic() > until:
                break
            answered.append(client.ask(asked[names[n % len(names)]])[0])
        client.close()

    def ask_with(clients):
        threads = [threading.Thread(target=ask, args=(time.monotonic() + seconds,)) for _ in range(clients)]
        for thread in threads:
            thread.start()
        return threads

    load = server.start_load(*single, "--rate", 5000, "--duration", seconds + 1)
    for thread in ask_with(1):
        thread.join()
    server.build.finish_load(load)
    under_load = percentile(answered, 0.99)

    def rate(clients):
        """Events stored a second while so many clients ask all the time."""
        session = server.session()
        count = lambda: int(session.query(STORED))  # noqa: E731
        load = server.start_load(*single, "--rate", "max", "--duration", seconds + 2)
        time.sleep(1)
        threads = ask_with(clients)
        before, began = count(), time.monotonic()
        time.sleep(seconds - 1)
        after, took = count(), time.monotonic() - began
        for thread in threads:
            thread.join()
        server.build.finish_load(load)
        session.close()
        return (after - before) / took

    # In turn, and the middle one: what else the machine does comes and goes.
    rates = [(rate(0), rate(8)) for _ in range(3)]
    alone, beside = statistics.median(one for one, _ in rates), statistics.median(other for _, other in rates)
    run.say(f"stored {alone:.0f}/s alone, {beside:.0f}/s beside 8 clients; {len(answered)} questions answered")
    return under_load, max(0.0, 100 * (1 - beside / alone))


def api(run):
    few, _ = unloaded(run, FEW)
    times, (under_load, loss) = (few, _) if run.quick else unloaded(run, EVENTS)
    lists = {name: values for name, values in times.items() if "“" not in name}
    slowest = max(lists, key=lambda name: percentile(lists[name], 0.99))
    run.notes["api_p99_ms"] = f"slowest: {slowest}"
    yield "api_p99_ms", percentile(lists[slowest], 0.99)
    yield "api_p50_ms", statistics.median(statistics.median(values) for values in lists.values())
    if not run.quick:
        grown = {name: statistics.median(values) / statistics.median(few[name]) for name, values in lists.items()}
        worst = max(grown, key=grown.get)
        run.notes["api_growth"] = f"most: {worst}, {grown[worst]:.1f} times"
        yield "api_growth", (sum(statistics.median(values) for values in lists.values())
                             / sum(statistics.median(few[name]) for name in lists))
    for figure, word in SEARCHES.items():
        yield figure, max(percentile(values, 0.99) for name, values in times.items() if f"“{word}”" in name)
    yield "api_p99_under_load_ms", under_load
    yield "api_ingestion_loss_percent", loss


MANY_ISSUES = 10_000


def bulk_resolve(run):
    """Resolves ten thousand issues of a project by one query, and takes it back."""
    server = Server(run.build)
    try:
        client = Client(server)
        events = [json.dumps({"message": "m", "fingerprint": [f"{n}"]}) for n in range(run.scaled(MANY_ISSUES))]
        key = urllib.parse.urlsplit(server.dsn).username
        for at in range(0, len(events), 1000):
            client.send("POST", "events/bulk", "\n".join(events[at:at + 1000]),
                        {"X-Mesher-Auth": key, "Content-Type": "application/x-ndjson"})
        session = server.session()
        machine.wait_for(lambda: int(session.query("select count(*) from issues where event_count > 0")) == len(events), 300,
                         "all issues are stored")
        took = []
        for _ in range(3):
            began = time.perf_counter()
            changed = client.send("PATCH", f"projects/{server.project}/issues", json.dumps({"query": "is:unresolved", "status": "resolved"}))
            took.append(time.perf_counter() - began)
            if changed["changed"] != len(events):
                raise RuntimeError(f"not all were resolved: {changed}")
            client.send("POST", f"projects/{server.project}/issues/undo", json.dumps(changed["undo"]))
        client.close()
        yield "bulk_resolve_s", statistics.median(took)
    finally:
        server.remove()
