"""Full buffers, one after the other, from the database up to the clients."""
import json
import os
import re

from harness import Load, Postgres, wait_for
from test_faults_kill import check_books

LIMITS = """
[graph]
in_flight = 3
batch_bytes = "1 MiB"
[journal]
partitions = 1
max_size = "24 MiB"
"""


def test_GRAPH_03_full_buffers_push_back_and_stay_within_what_the_config_says(cleanup):
    postgres = Postgres()
    cleanup.callback(postgres.remove)
    server = cleanup.server(arguments=["--database-url", postgres.url])
    server.stop()
    config = os.path.join(server.data, "mesher.toml")
    with open(config, "w", encoding="utf-8") as out:
        out.write(LIMITS)
    server.arguments += ["--config", config]
    server.start()
    said = json.loads(server.command("graph", "--format", "json", "--config", config).stdout)
    memory = said["memory"]
    dropping = sum(node["buffer"] for node in said["nodes"] if node["when_full"] == "drop")
    assert memory["batches"] == 3 + dropping and memory["batch_bytes"] == 1 << 20, memory
    assert memory["graph_bytes"] == memory["batches"] * memory["batch_bytes"], memory
    assert memory["total_bytes"] == memory["graph_bytes"] + memory["journal_bytes"] + memory["body_bytes"], memory

    first, project = server.new_project(), server.new_project()
    first.send({"message": "what only the first event needs is in memory"})
    first.wait_count(1)
    resident = server.memory_mb()
    postgres.stop()
    load = Load(project, event=lambda n, k: {"message": "m", "extra": {"pad": "x" * 50_000}}).start()
    buffers = {node["name"]: node["buffer"] for node in said["nodes"]}
    def graph_is_full():
        in_flight = server.metric("mesher_graph_in_flight")
        assert in_flight <= 3, in_flight
        return in_flight == 3
    wait_for(graph_is_full, 60, "the window is full")
    def clients_are_refused():  # the journal takes what comes, up to its quota
        assert server.metric("mesher_graph_in_flight") <= 3
        inside = re.findall(r'^mesher_node_inside\{node="(\w+)".*\} (\S+)$', server.get("/metrics").body.decode(), re.M)
        assert len(inside) == len(buffers) and all(float(n) <= buffers[name] for name, n in inside), inside
        assert server.memory_mb() - resident < memory["total_bytes"] / 2**20, (server.memory_mb(), resident)
        return load.refused.get(503, 0) > 50
    wait_for(clients_are_refused, 60, "503s")
    assert len(load.acknowledged) * 50_000 > 8 << 20, "the journal has taken what fits"
    postgres.start()
    n = len(load.acknowledged)
    wait_for(lambda: len(load.acknowledged) > n + 50, 60, "events are taken again")
    load.stop()
    assert set(load.refused) <= {503}, load.refused
    check_books(server, project, load)
