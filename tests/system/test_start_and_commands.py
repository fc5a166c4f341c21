"""Starting, stopping, mistakes of configuration, commands."""
import json
import os
import re
import socket
import subprocess
import tempfile

import harness
from harness import request, wait_for


def run(*arguments, stdin=None, timeout=60):
    return subprocess.run([harness.PROGRAM, *arguments], input=stdin, capture_output=True, text=True, timeout=timeout)


def test_ORG_01_first_start_prints_sign_in_dsn_and_a_curl_line_that_works(cleanup):
    server = cleanup.server()
    wait_for(lambda: "curl" in server.log(), 10)
    log = server.log()
    assert re.search(r"http://[0-9a-f]{32}@127\.0\.0\.1:\d+/\d+", log), log
    command = next(line for line in log.splitlines() if line.strip().startswith("curl"))
    done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=20)
    assert done.returncode == 0 and "id" in json.loads(done.stdout), (command, done)
    server.stop()
    server.start()
    assert "password" not in server.log()[len(log):].lower()


def test_RESIL_03_second_start_serves_within_three_seconds(cleanup):
    server = cleanup.server()
    assert server.stop() == 0
    server.start()
    assert server.ready_seconds < 3, server.ready_seconds
    assert request(server.base, "GET", "/healthz").status == 200
    assert request(server.base, "GET", "/readyz").status == 200


def test_RESIL_03_a_port_in_use_and_a_data_directory_in_use_are_said_in_one_line(cleanup):
    server = cleanup.server()
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    taken.listen()
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        done = run("serve", "--listen", f"127.0.0.1:{taken.getsockname()[1]}", "--data-dir", folder)
        assert done.returncode != 0 and "in use" in done.stderr and "--listen" in done.stderr, done.stderr[-800:]
    done = run("serve", "--listen", "127.0.0.1:0", "--data-dir", server.data)
    assert done.returncode != 0 and "in use" in done.stderr, done.stderr[-800:]
    assert request(server.base, "GET", "/readyz").status == 200
    taken.close()


def test_GRAPH_02_validate_names_every_mistake_with_its_place():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "bad.toml")
        with open(path, "w", encoding="utf-8") as out:
            out.write('[server]\nlisten = "127.0.0.1:0"\nlitsen = 5\n[nodes.parse]\ntype = "prase"\ninputs = ["journal"]\n'
                      '[nodes.write]\ntype = "batch_write"\ninputs = ["nowhere"]\nbufer = 3\n')
        done = run("validate", "--config", path)
        assert done.returncode == 1, done
        said = done.stdout + done.stderr
        for line, text in ((3, "litsen"), (5, "prase"), (9, "nowhere"), (10, "bufer")):
            assert re.search(rf"bad\.toml:{line}:\d+: .*{text}", said), (line, text, said)
        assert "listen" in said and "parse" in said, said
        with open(path, "w", encoding="utf-8") as out:
            out.write('[server]\nlisten = "127.0.0.1:0"\n')
        assert run("validate", "--config", path).returncode == 0


def test_GRAPH_02_graph_is_drawn_in_four_formats():
    for form, mark in (("text", "parse"), ("mermaid", "flowchart"), ("dot", "digraph"), ("json", '"nodes"')):
        done = run("graph", "--format", form)
        assert done.returncode == 0 and mark in done.stdout and "batch_write" in done.stdout, (form, done)
    json.loads(run("graph", "--format", "json").stdout)


def test_GRAPH_01_node_types_explain_themselves():
    everything = run("help", "node").stdout
    for kind in ("parse", "filter", "scrub", "sample", "fingerprint", "upsert", "batch_write", "broadcast", "route",
                 "rate_limit", "dedupe", "archive", "http_post", "stdout"):
        assert kind in everything, kind
        assert run("help", "node", kind).returncode == 0
    done = run("help", "node", "prase")
    assert done.returncode != 0 and "parse" in done.stderr, done


def test_GROUP_02_fingerprint_command_groups_lines_and_events():
    done = run("fingerprint", "--lines", stdin="user 1 failed\nuser 2 failed\ndisk is full\n")
    lines = done.stdout.split()
    assert len(lines) == 3 and lines[0] == lines[1] != lines[2], done
    events = "\n".join(json.dumps({"exception": {"type": "E", "value": str(n), "stacktrace": {"frames": [
        {"function": "f", "module": "m", "in_app": True, "lineno": n}]}}}) for n in range(2))
    lines = run("fingerprint", stdin=events + "\n").stdout.split()
    assert len(lines) == 2 and lines[0] == lines[1]
    assert len(run("fingerprint", "--lines", "--explain", stdin="user 1 failed\n").stdout) > 40


def test_GRAPH_05_metrics_and_graph_api_show_every_node(cleanup):
    server = cleanup.server()
    project = server.new_project()
    for n in range(20):
        project.send({"message": f"m {n}"})
    project.wait_count(20)
    text = server.get("/metrics").body.decode()
    for name in ("mesher_node_items_in_total", "mesher_node_buffer", "mesher_node_errors_total"):
        assert re.search(rf'^{name}\{{.*node="parse"', text, re.M), (name, text[:3000])
    graph = project.api("/api/v1/graph").json
    figures = {node["name"]: node for node in graph["nodes"]}
    assert figures["batch_write"]["figures"]["items_in"] >= 20, figures["batch_write"]
    assert figures["parse"]["figures"]["buffer"] > 0


def test_RESIL_03_doctor_version_migrate_and_psql(cleanup):
    server = cleanup.server()
    assert run("version").stdout.startswith("mesher ")
    doctor = server.command("doctor")
    assert "journal" in doctor.stdout.lower() and "database" in doctor.stdout.lower(), doctor.stdout
    assert server.command("migrate").returncode == 0
    assert server.sql("select count(*) from projects")[0][0].isdigit()
    server.stop()
    assert "journal" in server.command("doctor").stdout.lower()
