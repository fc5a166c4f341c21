"""Topologies with generated events and side branches, and replay by command."""
import json
import os
import subprocess

import harness
from harness import wait_for
from test_faults_graph import BASE, FAULT, server_with_config, topology


def node(project, name):
    nodes = project.api("/api/v1/graph").json["nodes"]
    return next(n for n in nodes if n["name"] == name)


def test_GRAPH_01_generated_events_flow_beside_the_journals(cleanup):
    server = server_with_config(cleanup, topology() + """
[nodes.generate]
type = "generate"
events = 5000
issues = 50
[nodes.check]
type = "fingerprint"
inputs = ["generate"]
[nodes.drop_some]
type = "filter"
inputs = ["check"]
where = { field = "environment", equals = "staging" }
""")
    project = server.new_project()
    for n in range(20):
        assert project.send({"message": f"order {n} failed"}).status == 202
    project.wait_count(20)
    wait_for(lambda: node(project, "check")["figures"]["items_in"] == 5000, 20, "all generated events arrived")
    figures = wait_for(lambda: (lambda f: f if f["items_in"] == 5000 and f["inside"] == 0 else None)(
        node(project, "drop_some")["figures"]), 20)
    assert figures["drops"]["filtered"] + figures["items_out"] == 5000, figures
    assert node(project, "generate")["figures"]["items_out"] == 5000
    # They are in nobody's books.
    assert project.outcomes() == {("accepted", ""): 20}, project.outcomes()


def test_GRAPH_02_generated_events_can_not_be_stored_and_validate_says_so(cleanup):
    path = os.path.join(cleanup.enter_context(__import__("tempfile").TemporaryDirectory()), "mesher.toml")
    with open(path, "w", encoding="utf-8") as out:
        out.write(topology().replace('inputs = ["sample"]', 'inputs = ["generate"]') +
                  '[nodes.generate]\ntype = "generate"\ninputs = ["journal"]\nrate = -1\n')
    done = subprocess.run([harness.PROGRAM, "validate", "--config", path], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1, done
    lines = done.stderr.splitlines()
    assert any("takes no inputs" in line for line in lines), lines
    assert any("rate" in line for line in lines), lines
    assert any("books" in line and "batch_write" in line for line in lines), lines
    told = subprocess.run([harness.PROGRAM, "help", "node", "generate"], capture_output=True, text=True, timeout=60)
    assert told.returncode == 0 and "issues" in told.stdout and "seed" in told.stdout, told


def test_GRAPH_05_drops_on_a_side_branch_are_in_the_nodes_figures_and_not_in_the_outcomes(cleanup):
    server = server_with_config(cleanup, topology() + """
[nodes.only_errors]
type = "filter"
inputs = ["scrub"]
where = { field = "level", equals = "error" }
[nodes.archive]
type = "archive"
inputs = ["only_errors"]
path = "%s"
""" % os.path.join(harness.tempfile.gettempdir(), f"mesher-archive-{os.getpid()}"))
    cleanup.callback(harness.remove_tree, os.path.join(harness.tempfile.gettempdir(), f"mesher-archive-{os.getpid()}"))
    project = server.new_project()
    for n in range(30):
        assert project.send({"message": f"order {n} failed", "level": "error" if n % 3 == 0 else "info"}).status == 202
    project.wait_count(30)
    figures = wait_for(lambda: (lambda f: f if f["items_in"] == 30 else None)(node(project, "only_errors")["figures"]))
    assert figures["drops"] == {"filtered": 20}, figures
    assert project.outcomes() == {("accepted", ""): 30}, project.outcomes()


def poisoned_server(cleanup, count):
    server = server_with_config(cleanup, topology(extra=FAULT, before_sample="extra"))
    project = server.new_project()
    ids = [project.send({"message": f"poison {n}"}).json["id"] for n in range(count)]
    wait_for(lambda: len(project.api("/api/v1/quarantine?limit=100").json["data"]) == count, 20, "all in quarantine")
    return server, project, ids


def test_RESIL_03_quarantined_events_are_replayed_by_command(cleanup):
    server, project, ids = poisoned_server(cleanup, 6)
    other = server.new_project()
    other.send({"message": "poison elsewhere"})
    entries = wait_for(lambda: (lambda d: d if len(d) == 7 else None)(project.api("/api/v1/quarantine").json["data"]))
    entry = {e["event_id"]: e["id"] for e in entries}

    assert server.command("replay", check=False).returncode == 2
    assert server.command("replay", "--id", "nonsense", check=False).returncode == 2
    assert server.command("replay", "--reason", "no such reason", check=False).returncode == 1
    # By the number of an entry and by the id of an event, as people write it.
    dashed = f"{ids[1][:8]}-{ids[1][8:12]}-{ids[1][12:16]}-{ids[1][16:20]}-{ids[1][20:]}"
    done = server.command("replay", "--id", str(entry[ids[0]]), "--id", dashed, "--json")
    assert json.loads(done.stdout) == {"replayed": 2, "waiting_for_server": 0, "skipped": 0}, done.stdout
    project.wait_count(2)
    done = server.command("replay", "--project", str(other.id), "--reason", "FAULT NODE", "--json")
    assert json.loads(done.stdout)["replayed"] == 1
    other.wait_count(1)
    done = server.command("replay", "--all")
    assert "4 quarantined events sent round again" in done.stdout, done.stdout
    project.wait_count(6)
    assert project.api("/api/v1/quarantine").json["data"] == []
    sums = project.outcomes()
    assert {place: n for place, n in sums.items() if n} == {("accepted", ""): 6}, sums


def test_RESIL_03_replay_without_a_server_waits_for_its_next_start(cleanup):
    server, project, ids = poisoned_server(cleanup, 3)
    server.stop()
    done = server.command("replay", "--id", ids[0], "--id", ids[2])
    assert "2 quarantined events go round again when the server starts" in done.stdout, done.stdout
    server.start()
    project.wait_count(2)
    left = project.api("/api/v1/quarantine").json["data"]
    assert [e["event_id"] for e in left] == [ids[1]], left


def test_RESIL_03_bundles_of_counts_are_no_events_and_stay(cleanup):
    server, project, _ = poisoned_server(cleanup, 1)
    server.sql("insert into quarantine (project_id, key_id, event_id, received_at, node, reason, payload, is_event) values "
               f"({project.id}, 1, '00000000-0000-0000-0000-000000000000', now(), 'parse', 'broken', '[{{\"outcome\":1}}]', false)")
    listed = project.api("/api/v1/quarantine").json["data"]
    assert sorted(e["is_event"] for e in listed) == [False, True], listed
    answer = project.api("/api/v1/quarantine", "POST", {"all": True})
    assert answer.json == {"replayed": 1, "skipped": 1}, answer
    project.wait_count(1)
    done = server.command("replay", "--all", check=False)
    assert done.returncode == 1 and "no events" in done.stdout, done
    assert len(project.api("/api/v1/quarantine").json["data"]) == 1
