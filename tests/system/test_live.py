"""The live stream and the graph in one's hands: filters, resuming, rights, tap, top, tests of a config."""
import json
import os
import re
import subprocess
import tempfile
import threading
import time
import uuid

import harness
from harness import WebSocket, request, wait_for


def subscribe(live, project, name="s", **more):
    live.send({"type": "subscribe", "id": name, "project_id": project.id, **more})
    return live.receive(20)


def events_until(live, last, seconds=30):
    """Ids of the events up to the one with the id `last`."""
    found, deadline = [], time.monotonic() + seconds
    while not found or found[-1] != last:
        message = live.receive(max(0.1, deadline - time.monotonic()))
        assert message is not None, (found, last)
        if message["type"] == "event":
            found.append(message["id"])
    return found


def send(project, **fields):
    event = {"event_id": uuid.uuid4().hex, "message": "it broke", **fields}
    answer = project.send(event)
    assert answer.status == 202, answer
    return event["event_id"]


def test_STREAM_02_filters_decide_what_a_watcher_gets(project):
    filters = {"level": {"level": ["error"]}, "environment": {"environment": "production"}, "tags": {"tags": {"shard": ["1", "2"]}},
               "query": {"query": "level:error -environment:staging \"timed out\""}, "all": {}}
    lives = {}
    for name, wanted in filters.items():
        lives[name] = project.live(subscribe=False)
        assert subscribe(lives[name], project, filter=wanted)["type"] == "subscribed"
    sent = {
        "a": dict(level="error", environment="production", tags={"shard": "1"}, message="the call timed out"),
        "b": dict(level="warning", environment="production", tags={"shard": "3"}, message="the call timed out"),
        "c": dict(level="error", environment="staging", tags={"shard": "2"}, message="the call timed out"),
        "d": dict(level="error", environment="production", message="refused"),
    }
    ids = {key: send(project, **fields) for key, fields in sent.items()}
    # The last one passes every filter.
    end = send(project, level="error", environment="production", tags={"shard": "1"}, message="at last it timed out")
    expected = {"level": "acd", "environment": "abd", "tags": "ac", "query": "a", "all": "abcd"}
    for name, live in lives.items():
        found = events_until(live, end)
        # Partitions of the journal may pass each other: what comes behind the end is not looked at here.
        names = {key for key, value in ids.items() if value in found}
        assert names <= set(expected[name]), (name, names)
    for name, live in lives.items():
        live.close()


def test_STREAM_02_an_issue_can_be_watched(project):
    watch = project.live()
    send(project, message="the first kind", fingerprint=["one"])
    message = watch.receive(20)
    while message["type"] != "event":
        message = watch.receive(20)
    live = project.live(subscribe=False)
    assert subscribe(live, project, filter={"issue_id": message["issue_id"]})["type"] == "subscribed"
    send(project, message="another kind", fingerprint=["two"])
    wanted = send(project, message="the first kind", fingerprint=["one"])
    found = events_until(live, wanted)
    assert found == [wanted], found


def test_STREAM_02_a_mistake_in_a_query_is_told_with_its_position_and_the_socket_lives(project):
    live = project.live(subscribe=False)
    answer = subscribe(live, project, filter={"query": "boom level:loud"})
    assert answer["type"] == "error" and answer["code"] == "invalid_query" and answer["position"] == 12, answer
    live.send("nonsense")
    assert live.receive(10)["code"] == "invalid_message"
    assert subscribe(live, project, filter={"query": "boom"})["type"] == "subscribed"


def test_STREAM_04_a_flood_is_a_few_updates_and_the_last_tells_the_count(project):
    live = project.live()
    count = 300
    bulk = json.dumps([{"message": "flood", "fingerprint": ["flood"]} for _ in range(count // 10)])
    began = time.monotonic()
    for _ in range(10):
        assert project.send(bulk, path="/api/v1/events/bulk").status == 202
    updates, last = 0, 0
    while last < count:
        message = live.receive(30)
        assert message is not None, (updates, last)
        if message["type"] == "issue_update":
            updates += 1
            last = message["event_count"]
    intervals = (time.monotonic() - began) / 0.5
    assert last == count and updates <= intervals + 2, (updates, intervals)


def test_STREAM_04_who_comes_back_gets_what_was_missed_without_gap_or_double(project):
    live = project.live()
    ids = [send(project, message=f"event {n}") for n in range(5)]
    seen = []
    while len(seen) < 5:
        message = live.receive(20)
        assert message, seen
        if message["type"] == "event":
            seen.append(message["id"])
    live.close()
    missed = [send(project, message=f"missed {n}") for n in range(20)]
    # Some arrive while the client comes back.
    after = []
    sender = threading.Thread(target=lambda: after.extend(send(project, message=f"after {n}") for n in range(20)))
    sender.start()
    back = project.live(subscribe=False)
    assert subscribe(back, project, since=seen[-1])["type"] == "subscribed"
    sender.join()
    found = []
    while len(found) < 40:
        message = back.receive(30)
        assert message, (len(found), found)
        assert message["type"] != "resume_incomplete", message
        if message["type"] == "event":
            found.append(message["id"])
    assert sorted(found) == sorted(missed + after), (len(set(found)), len(found))
    assert sorted(seen) == sorted(ids)


def test_STREAM_04_resume_by_time_and_after_a_restart_of_the_server(cleanup):
    server = cleanup.server()
    project = server.new_project()
    live = project.live()
    first = send(project, message="before")
    assert events_until(live, first) == [first]
    server.stop()
    server.start()
    missed = [send(project, message=f"missed {n}", tags={"k": str(n)}) for n in range(5)]
    project.wait_count(6)
    back = project.live(subscribe=False)
    assert subscribe(back, project, since=first, filter={"query": "k:[1, 2, 3]"})["type"] == "subscribed"
    found = []
    message = back.receive(20)
    while message["type"] != "resumed":
        if message["type"] == "event":
            found.append(message["id"])
        message = back.receive(20)
    assert sorted(found) == sorted(missed[1:4]) and message["count"] == 3, (found, message)
    other = project.live(subscribe=False)
    assert subscribe(other, project, since="2020-01-01T00:00:00Z")["type"] == "subscribed"
    message, count = other.receive(20), 0
    while message["type"] != "resumed":
        count += message["type"] == "event"
        message = other.receive(20)
    assert count == 6, count
    unknown = project.live(subscribe=False)
    subscribe(unknown, project, since=uuid.uuid4().hex)
    assert unknown.receive(20)["reason"] == "unknown_event"


def test_GRAPH_07_tap_shows_what_leaves_a_node_scrubbed(project):
    base, headers = project.server.base, {"Authorization": f"Bearer {project.token}"}
    before = WebSocket(base, "/api/v1/graph/nodes/parse/tap?filter=" + "tapped:yes", headers)
    behind = WebSocket(base, "/api/v1/graph/nodes/upsert/tap?filter=" + "tapped:yes", headers)
    assert before.status == 101 and before.receive(10) == {"type": "tapping", "node": "parse"}
    assert behind.receive(10)["type"] == "tapping"
    stop, wanted = threading.Event(), set()

    def keep_sending():  # a tap does not look at everything that a busy server does
        while not stop.wait(0.1):
            send(project, message="not this one")
            wanted.add(send(project, message="login failed password=hunter2", tags={"tapped": "yes"},
                            extra={"password": "hunter2"}))

    thread = threading.Thread(target=keep_sending)
    thread.start()
    messages = [before.receive(60), behind.receive(60)]
    stop.set()
    thread.join()
    for message in messages:
        assert message and message["type"] == "event" and message["event"]["id"] in wanted, message
        assert "hunter2" not in json.dumps(message), message
    assert "issue_id" in message["event"] and "fingerprint" in message["event"]
    assert WebSocket(base, "/api/v1/graph/nodes/nowhere/tap", headers).status == 404
    assert WebSocket(base, "/api/v1/graph/nodes/parse/tap?filter=level:loud", headers).status == 400
    assert WebSocket(base, "/api/v1/graph/nodes/parse/tap").status == 401


def command(*arguments, **more):
    return subprocess.run([harness.PROGRAM, *arguments], capture_output=True, text=True, timeout=120, check=False, **more)


def test_GRAPH_07_tap_and_top_commands(project):
    server = project.server
    sending = threading.Event()

    def keep_sending():
        while not sending.is_set():
            send(project, message="for the tap", tags={"command": "yes"})
            time.sleep(0.05)

    thread = threading.Thread(target=keep_sending)
    thread.start()
    try:
        access = ["--url", server.base, "--token", project.token]
        done = command("tap", "scrub", *access, "--filter", "command:yes", "--count", "2")
        assert done.returncode == 0 and done.stdout.count("for the tap") == 2, done
        # On the machine that has the data directory neither address nor token is needed.
        done = command("tap", "batch_write", "--data-dir", server.data, "--format", "json", "--count", "1")
        assert done.returncode == 0 and json.loads(done.stdout.splitlines()[0])["node"] == "batch_write", done
        done = command("top", "--data-dir", server.data, "--plain", "--interval", "0.5", "--count", "2")
        assert done.returncode == 0 and done.stdout.count("NODE") == 2, done
        row = next(line for line in done.stdout.splitlines() if line.startswith("batch_write"))
        assert "ok" in row and "%" in row, row
    finally:
        sending.set()
        thread.join()
    left = server.sql("select count(*) from api_tokens where name in ('mesher tap', 'mesher top')")
    assert left == [["0"]], left
    done = command("tap", "nowhere", *access)
    assert done.returncode == 1 and "no such node" in done.stderr, done


def test_GRAPH_05_every_figure_of_the_monitoring_files_exists(project):
    """docs/monitoring: what a dashboard or a rule asks for is in /metrics."""
    live = project.live()  # figures of a histogram or with labels appear when there is something to count
    twice = send(project, message="for the figures")
    while live.receive(20)["type"] != "event":
        pass
    send(project, event_id=twice)  # dropped
    assert project.send("{").status == 400  # refused
    wait_for(lambda: project.server.metric("mesher_node_drops_total") and project.server.metric("mesher_ingest_outcomes_total"))
    offered = set(re.findall(r"^# TYPE (\w+) ", project.server.get("/metrics").body.decode(), re.M))
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "monitoring")
    with open(os.path.join(folder, "grafana-dashboard.json"), encoding="utf-8") as text:
        board = json.load(text)
    asked = " ".join(target["expr"] for panel in board["panels"] for target in panel["targets"])
    with open(os.path.join(folder, "prometheus-rules.yaml"), encoding="utf-8") as text:
        asked += " ".join(line for line in text if line.strip().startswith("expr:"))
    names = {re.sub("_(bucket|sum|count)$", "", name) for name in re.findall(r"mesher_\w+", asked)}
    assert len(names) > 25, names
    assert not names - offered, sorted(names - offered)


CONFIG = """
[nodes.parse]
type = "parse"
inputs = ["journal"]
[nodes.scrub]
type = "scrub"
inputs = ["parse"]
[nodes.slow]
type = "rate_limit"
inputs = ["scrub"]
limit = 1
per = "10 s"
[nodes.write]
type = "batch_write"
inputs = ["slow"]

[[tests]]
name = "scrubs passwords"
insert_at = "scrub"
event = { message = "password=hunter2", level = "warning" }
expect = [{ node = "scrub", message = "password=[Filtered]", level = "warning" }]

[[tests]]
name = "lets one pass in ten seconds"
insert_at = "parse"
steps = [
  { event = { message = "one" } }, { event = { message = "two" } }, { advance = "11 s" }, { event = { message = "three" } },
]
expect = [
  { node = "slow", count = 2 },
  { node = "slow", message = "three" },
  { node = "slow", dropped = "rate_limited", message = "two" },
]
"""


def test_GRAPH_06_tests_of_a_config_run_by_command_and_api(project):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "topology.toml")

        def run(text):
            with open(path, "w", encoding="utf-8") as out:
                out.write(text)
            return command("test", "--config", path)

        done = run(CONFIG)
        assert done.returncode == 0 and "2 tests, 0 failed" in done.stdout, done
        wrong = CONFIG.replace("[Filtered]", "[Gone]")
        done = run(wrong)
        assert done.returncode == 1, done
        assert re.search(r"topology\.toml:\d+:\d+: at node scrub", done.stdout), done.stdout
        assert 'expected "password=[Gone]"' in done.stdout and 'found    "password=[Filtered]"' in done.stdout, done.stdout
        done = run(CONFIG.replace('expect = [{ node = "scrub"', 'expect = [{ node = "scrup"'))
        assert done.returncode == 1 and re.search(r"topology\.toml:\d+:\d+: .*scrup.*scrub", done.stderr), done
    toml = {"Content-Type": "application/toml"}
    answer = project.api("/api/v1/graph/test", "POST", CONFIG, toml)
    assert answer.status == 200 and answer.json["failed"] == 0 and answer.json["passed"] == 2, answer
    answer = project.api("/api/v1/graph/test", "POST", wrong, toml)
    assert answer.json["failed"] == 1 and "[Gone]" in answer.json["tests"][0]["failures"][0]["message"], answer.json
    assert project.api("/api/v1/graph/test", "POST", CONFIG.replace("rate_limit", "rate_limot"), toml).status == 422
