"""The graph changes and fails under load; clients notice nothing."""
import os
import random
import signal
import time

from harness import Load, wait_for
from test_faults_kill import check_books

BASE = """
[nodes.parse]
type = "parse"
inputs = ["journal"]
concurrency = {concurrency}
buffer = {buffer}
[nodes.filter]
type = "filter"
inputs = ["parse"]
[nodes.scrub]
type = "scrub"
inputs = ["filter"]
{extra}
[nodes.sample]
type = "sample"
inputs = ["{before_sample}"]
[nodes.fingerprint]
type = "fingerprint"
inputs = ["sample"]
[nodes.upsert]
type = "upsert"
inputs = ["fingerprint"]
[nodes.batch_write]
type = "batch_write"
inputs = ["upsert"]
[nodes.broadcast]
type = "broadcast"
inputs = ["batch_write"]
when_full = "drop"
"""
DEDUPE = '[nodes.extra]\ntype = "dedupe"\ninputs = ["scrub"]\n'
FAULT = '[nodes.extra]\ntype = "fault"\ninputs = ["scrub"]\nmessage = "poison"\n'


def topology(concurrency=2, buffer=16, extra="", before_sample="scrub"):
    return BASE.format(concurrency=concurrency, buffer=buffer, extra=extra, before_sample=before_sample)


def server_with_config(cleanup, text):
    server = cleanup.server()
    server.stop()
    server.config = os.path.join(server.data, "mesher.toml")
    with open(server.config, "w", encoding="utf-8") as out:
        out.write(text)
    server.arguments = ["--config", server.config]
    server.start()
    return server


def test_GRAPH_04_twenty_topology_changes_under_load_lose_and_double_nothing(cleanup):
    server = server_with_config(cleanup, topology())
    project = server.new_project()
    load = Load(project).start()
    seeded = random.Random(4)
    changes = 0
    for n in range(20):
        bad = n % 5 == 4
        extra = n % 2 == 0
        text = topology(concurrency=seeded.randint(1, 4), buffer=seeded.choice([1, 4, 16]), extra=DEDUPE if extra else "",
                        before_sample="extra" if extra else "scrub")
        if bad:
            text = text.replace('type = "sample"', 'type = "smaple"')
        with open(server.config, "w", encoding="utf-8") as out:
            out.write(text)
        if n % 2:
            answer = project.api("/api/v1/graph", "PUT", text)
            assert answer.status == (422 if bad else 200), answer
        else:
            before = server.metric("mesher_topology_reads_total")
            os.kill(server.process.pid, signal.SIGHUP)
            wait_for(lambda: server.metric("mesher_topology_reads_total") > before, 20, "SIGHUP taken")
        changes += not bad
        time.sleep(0.15)
    load.stop()
    assert load.refused == {}, load.refused
    assert load.unknown == 0, load.unknown
    graph = project.api("/api/v1/graph").json
    assert any(node["name"] == "batch_write" for node in graph["nodes"]), graph
    check_books(server, project, load)


def test_RESIL_01_a_node_that_throws_on_one_event_in_a_thousand_quarantines_just_that_one(cleanup):
    server = server_with_config(cleanup, topology(extra=FAULT, before_sample="extra"))
    project = server.new_project()
    n, poison = 5000, 0
    for start in range(0, n, 250):
        batch = []
        for i in range(start, start + 250):
            bad = i % 1000 == 777
            poison += bad
            batch.append({"message": f"poison {i}" if bad else f"order {i} failed"})
        assert project.send(batch, "/api/v1/events/bulk").status == 202
    project.wait_count(n - poison, 60)
    kept = wait_for(lambda: (lambda d: d if len(d) == poison else None)(project.api("/api/v1/quarantine").json["data"]), 20)
    assert all(item["node"] == "extra" and item["reason"] for item in kept), kept
    outcomes = project.outcomes()
    assert sum(q for (outcome, _), q in outcomes.items() if outcome == "quarantined") == poison, outcomes
    # The node is mended; replay sends the events round again.
    with open(server.config, "w", encoding="utf-8") as out:
        out.write(topology())
    before = server.metric("mesher_topology_reads_total")
    os.kill(server.process.pid, signal.SIGHUP)
    wait_for(lambda: server.metric("mesher_topology_reads_total") > before, 20)
    answer = project.api("/api/v1/quarantine", "POST", {"all": True})
    assert answer.status in (200, 202), answer
    project.wait_count(n, 30)
    assert project.api("/api/v1/quarantine").json["data"] == []
    sums = project.outcomes()
    assert sum(sums.values()) == n and sum(q for (o, _), q in sums.items() if o == "accepted") == n, sums
