"""Several nodes on one database: who is there, and what is killed, frozen or cut off loses and doubles nothing."""
import copy
import json
import os
import random
import signal
import subprocess
import tempfile
import threading
import time
import uuid

import harness
from harness import Load, Postgres, Server, wait_for
from test_faults_kill import books, check_settled_books

SECRET = "the nodes of this test share it"


class Cluster:
    """Nodes with names a, b, c … and a PostgreSQL of their own."""

    def __init__(self, cleanup, size=3):
        self.cleanup = cleanup
        self.postgres = Postgres()
        cleanup.callback(self.postgres.remove)
        handle, self.secret_file = tempfile.mkstemp(prefix="mesher-cluster-")
        os.write(handle, (SECRET + "\n").encode())
        os.close(handle)
        cleanup.callback(lambda: os.remove(self.secret_file))
        self.nodes = []
        for name in "abcdef"[:size]:
            self.nodes.append(self.node("--node-name", name))
        # Side by side, as people do it: the tables are made by whoever is first.
        starting = [threading.Thread(target=node.start) for node in self.nodes]
        for thread in starting:
            thread.start()
        for thread in starting:
            thread.join()
        assert all(node.base for node in self.nodes), [node.log()[-2000:] for node in self.nodes]

    def node(self, *arguments):
        """Not started yet."""
        node = Server(arguments=["--database-url", self.postgres.url, "--join", "--cluster-secret-file",
                                 self.secret_file, "--max-connections-per-address", "20000", *arguments])
        self.cleanup.callback(node.remove)
        return node

    def listed(self):
        """{name: node}, from the database."""
        done = subprocess.run([harness.PROGRAM, "nodes", "--json", "--database-url", self.postgres.url],
                              capture_output=True, text=True, timeout=200)
        return {node["name"]: node for node in json.loads(done.stdout)} if done.returncode == 0 else {}

    def wait_state(self, name, state, seconds=60):
        wait_for(lambda: self.listed().get(name, {}).get("state") == state, seconds, f"{name} is {state}")

    def project(self):
        """One project, as seen on each of the nodes."""
        first = self.nodes[0].new_project()
        projects = []
        for node in self.nodes:
            project = copy.copy(first)
            project.server = node
            projects.append(project)
        for project in projects:  # notified, but not all at the same instant
            wait_for(lambda: project.send({"message": "known here"}).status == 202, 60)
        first.wait_count(len(projects), 60)
        return projects


def event(node):
    return lambda n, k: {"message": f"node {node} worker {k % 3} failed on order {n}", "tags": {"node": str(node)},
                         "user": {"id": f"u{n % 50}"}, "extra": {"pad": "x" * 1000}}


def start_loads(projects, connections=3, rate=60):
    return [Load(project, connections=connections, rate=rate, event=event(i)).start()
            for i, project in enumerate(projects)]


def check_cluster_books(cluster, projects, loads, extra):
    wait_for(lambda: all(node["journal"]["records"] == 0 for node in cluster.listed().values()), 120,
             "all journals are stored")
    check_settled_books(cluster.nodes[0], projects[0], loads, extra)


def test_CLUSTER_02_every_node_lists_all_nodes_and_what_they_offer(cleanup):
    cluster = Cluster(cleanup)
    owner = cluster.project()[0]
    for node in cluster.nodes:
        owner.server = node
        wait_for(lambda: [one["state"] for one in owner.api("/api/v1/nodes").json["data"]] == ["ready"] * 3, 30)
        data = owner.api("/api/v1/nodes").json["data"]
        assert [one["name"] for one in data] == ["a", "b", "c"], data
        assert [one["address"] for one in data] == [one.base for one in cluster.nodes], data
        assert all(one["services"] == ["ingest", "process", "api"] and one["epoch"] >= 1 for one in data), data
    cluster.nodes[1].stop()
    owner.server = cluster.nodes[2]
    wait_for(lambda: owner.api("/api/v1/nodes").json["data"][1]["state"] == "left", 30)
    cluster.nodes[2].kill()
    cluster.wait_state("c", "lost")
    owner.server = cluster.nodes[0]
    wait_for(lambda: owner.api("/api/v1/nodes").json["data"][2]["state"] == "lost", 30)
    table = subprocess.run([harness.PROGRAM, "nodes", "--database-url", cluster.postgres.url], capture_output=True,
                           text=True, timeout=60).stdout.splitlines()
    assert [line.split()[:2] for line in table[1:]] == [["a", "ready"], ["b", "left"], ["c", "lost"]], table


def test_CLUSTER_02_a_server_alone_lists_itself(cleanup):
    project = cleanup.server(arguments=["--node-name", "solo"]).new_project()
    data = project.api("/api/v1/nodes").json["data"]
    assert [(one["name"], one["state"], one["epoch"]) for one in data] == [("solo", "ready", 0)], data


def test_CLUSTER_01_who_may_not_join_is_told_why(cleanup):
    cluster = Cluster(cleanup, size=1)

    def refused(*arguments, environment=None):
        data = tempfile.mkdtemp(prefix="mesher-test-")
        cleanup.callback(lambda: harness.remove_tree(data))
        done = subprocess.run([harness.PROGRAM, "serve", "--listen", "127.0.0.1:0", "--data-dir", data, *arguments],
                              capture_output=True, text=True, timeout=60, env={**os.environ, **(environment or {})})
        assert done.returncode == 1, done
        assert "listening" not in done.stdout, done.stdout
        return done.stderr

    shared = ["--database-url", cluster.postgres.url, "--join"]
    assert "--join needs the secret that the nodes share" in refused(*shared)
    assert "--join needs the database that the nodes share" in refused("--join", environment={"MESHER_CLUSTER_SECRET": SECRET})
    assert "shorter than 16 characters" in refused(*shared, environment={"MESHER_CLUSTER_SECRET": "short"})
    wrong = refused(*shared, environment={"MESHER_CLUSTER_SECRET": "a secret that nobody shares"})
    assert "the nodes of this database have another cluster secret" in wrong, wrong
    assert "a secret that nobody shares" not in wrong
    taken = refused(*shared, "--cluster-secret-file", cluster.secret_file, "--node-name", "a")
    assert "is called a already" in taken, taken
    # A node of a far later version is there.
    cluster.nodes[0].sql("insert into nodes (journal_id, name, state, epoch, version, protocol, oldest_protocol, cores, "
                         "services, started_at, heartbeat_at) values ('x', 'later', 'ready', 1, '9.0.0', 9, 8, 1, '{}', "
                         "now(), now() + interval '1 hour')")
    version = refused(*shared, "--cluster-secret-file", cluster.secret_file, "--node-name", "b")
    assert "node later runs version 9.0.0 (protocol 9, understands 8 and later)" in version, version
    assert list(cluster.listed()) == ["a", "later"]


def test_RESIL_03_kills_of_each_node_in_turn_under_load_lose_and_double_nothing(cleanup):
    cluster = Cluster(cleanup)
    projects = cluster.project()
    loads = start_loads(projects)
    seeded = random.Random(7)
    for turn in range(9):
        node = cluster.nodes[turn % 3]
        time.sleep(seeded.uniform(0.2, 1))
        node.kill()
        if turn % 3 == 2:
            cluster.wait_state("abc"[turn % 3], "lost")
        node.start()
    for name in "abc":
        cluster.wait_state(name, "ready")
    for load in loads:
        load.stop()
    assert all(len(load.acknowledged) > 50 for load in loads), [len(load.acknowledged) for load in loads]
    check_cluster_books(cluster, projects, loads, extra=3)


def test_RESIL_03_a_node_frozen_beyond_its_lease_stores_nothing_until_it_has_a_new_one(cleanup):
    cluster = Cluster(cleanup)
    projects = cluster.project()
    loads = start_loads(projects)
    frozen = cluster.nodes[1]
    for _ in range(2):
        before = cluster.listed()["b"]["epoch"]
        wait_for(lambda: frozen.metric("mesher_store_events_total") > 20, 60)
        frozen.process.send_signal(signal.SIGSTOP)
        cluster.cleanup.callback(lambda: frozen.process.poll() is None and frozen.process.send_signal(signal.SIGCONT))
        wait_for(lambda: cluster.listed().get("b", {}).get("epoch", 0) > before, 60, "its lease is taken")
        # Its journal's cursors have the epoch of whoever took the lease, so that it can't move them.
        epochs = {row[0] for row in cluster.nodes[0].sql(
            "select c.epoch - n.epoch from journal_cursors c join nodes n using (journal_id) where n.name = 'b'")}
        assert epochs == {"0"}, epochs
        frozen.process.send_signal(signal.SIGCONT)
        cluster.wait_state("b", "ready")
        assert cluster.listed()["b"]["epoch"] >= before + 2
        wait_for(lambda: frozen.get("/readyz").status == 200, 60)
    assert frozen.metric("mesher_cluster_leases_lost_total") >= 2
    for load in loads:
        load.stop()
    check_cluster_books(cluster, projects, loads, extra=3)


def test_RESIL_03_a_cluster_whose_database_goes_and_comes_back_heals(cleanup):
    cluster = Cluster(cleanup)
    projects = cluster.project()
    loads = start_loads(projects)
    for pause in (0.5, 7):  # shorter and longer than a lease
        cluster.postgres.stop()
        for node in cluster.nodes:
            wait_for(lambda: node.get("/readyz").status == 503, 60)
        time.sleep(pause)
        assert all(project.send({"message": "taken in without a database"}).status == 202 for project in projects)
        cluster.postgres.start()
        for node in cluster.nodes:
            wait_for(lambda: node.get("/readyz").status == 200, 60)
    for name in "abc":
        cluster.wait_state(name, "ready")
    for load in loads:
        load.stop()
    assert all(load.refused == {} for load in loads), [load.refused for load in loads]
    check_cluster_books(cluster, projects, loads, extra=3 + 6)


def test_GROUP_04_nodes_that_see_a_new_error_at_once_make_one_issue_of_it(cleanup):
    cluster = Cluster(cleanup)
    projects = cluster.project()
    before = projects[0].count()
    barrier = threading.Barrier(len(projects))
    # Letters, because numbers are no part of a fingerprint.
    words = ["".join(random.Random(i).choices("abcdefghijklmnopqrstuvwxyz", k=12)) for i in range(20)]

    def send(project):
        for word in words:
            barrier.wait(30)
            assert project.send({"message": f"{word} is broken"}).status == 202

    threads = [threading.Thread(target=send, args=(project,)) for project in projects]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    projects[1].wait_count(before + 60, 60)
    issues = [issue for issue in projects[1].issues() if issue["title"].endswith("is broken")]
    assert len(issues) == 20 and all(issue["event_count"] == 3 for issue in issues), issues


def test_GROUP_05_an_event_that_is_sent_to_several_nodes_is_stored_once(cleanup):
    cluster = Cluster(cleanup)
    projects = cluster.project()
    before = projects[0].count()
    ids = [uuid.uuid4().hex for _ in range(100)]
    for event_id in ids:
        for project in projects:
            assert project.send({"event_id": event_id, "message": "sent three times"}).status == 202
    wait_for(lambda: projects[2].outcomes().get(("invalid", "duplicate"), 0) == 200, 60, "duplicates are counted")
    projects[2].wait_count(before + 100, 60)
    assert len(set(books(cluster.nodes[0], projects[0]).values())) == 1


def test_CLUSTER_02_a_key_that_is_revoked_on_one_node_is_refused_by_all_within_a_second(cleanup):
    cluster = Cluster(cleanup)
    projects = cluster.project()
    keys = projects[0].api(f"/api/v1/projects/{projects[0].id}/keys").json["data"]
    assert projects[0].api(f"/api/v1/projects/{projects[0].id}/keys/{keys[0]['id']}", "PATCH", {"enabled": False}).status == 200
    for project in projects:
        wait_for(lambda: project.send({"message": "too late"}).status in (401, 403), 30, "the key is refused")


def test_CLUSTER_02_a_drained_node_stores_what_it_has_and_leaves(cleanup):
    cluster = Cluster(cleanup, size=2)
    projects = cluster.project()
    loads = start_loads(projects, rate=100)
    wait_for(lambda: len(loads[1].acknowledged) > 200, 60)
    drain = lambda name: subprocess.run([harness.PROGRAM, "drain", name, "--database-url", cluster.postgres.url],
                                        capture_output=True, text=True, timeout=120)
    done = drain("b")
    assert done.returncode == 0 and "b is drained and has left" in done.stdout, done
    assert cluster.nodes[1].process.wait(60) == 0
    node = cluster.listed()["b"]
    assert node["state"] == "left" and node["journal"]["records"] == 0, node
    for load in loads:
        load.stop()
    check_cluster_books(cluster, projects, loads, extra=2)
    nobody = drain("b")
    assert nobody.returncode == 1 and "no node that runs is called b" in nobody.stderr, nobody
    cluster.nodes[1].start()
    cluster.wait_state("b", "ready")


def test_ALERT_02_a_threshold_that_only_all_nodes_together_reach_fires_one_alert(cleanup):
    cluster = Cluster(cleanup)
    projects = cluster.project()
    rule = projects[0].api(f"/api/v1/projects/{projects[0].id}/alert-rules", "POST", {
        "name": "all together", "severity": "critical", "cooldown_seconds": 0, "filter": "message:together",
        "condition": {"type": "event_count", "threshold": 30, "window_seconds": 3600, "per": "project"}, "actions": []})
    assert rule.status == 201, rule
    alerts = lambda node=0: projects[node].api(f"/api/v1/projects/{projects[0].id}/alerts").json["data"]
    before = projects[0].count()
    for number in range(10):
        for project in projects:
            assert project.send({"message": f"all together now {number}"}).status == 202
    projects[0].wait_count(before + 30, 60)
    fired = wait_for(alerts, 60, "the alert")
    assert len(fired) == 1 and fired[0]["status"] == "active" and fired[0]["value"] >= 30, fired
    # No node that has seen only a part takes the window for a quiet one, and nobody fires a second one: also when
    # another node leads.
    cluster.nodes[0].kill()
    cluster.wait_state("a", "lost")
    for _ in range(3):
        assert projects[1].send({"message": "all together once more"}).status == 202
    projects[1].wait_count(before + 33, 60)
    time.sleep(8)  # some rounds of the timers
    after = alerts(1)
    assert len(after) == 1 and after[0]["id"] == fired[0]["id"] and after[0]["status"] == "active", after
