"""Clients that are slow, idle or broken; others notice nothing."""
import http.client
import json
import resource
import socket
import time

from harness import WebSocket, wait_for


def latency(project, n=40):
    """Seconds of the slowest of some ordinary posts on one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", project.server.port, timeout=20)
    worst = 0.0
    for i in range(n):
        began = time.monotonic()
        connection.request("POST", "/api/v1/events", json.dumps({"message": f"ordinary {i}"}), {"X-Mesher-Auth": project.key})
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 202
        worst = max(worst, time.monotonic() - began)
    connection.close()
    return worst


def test_RESIL_02_slow_idle_and_broken_clients_harm_nobody(cleanup):
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)  # 2200 sockets of ours
    server = cleanup.server()
    project = server.new_project()
    latency(project)
    memory = server.memory_mb()
    idle = []
    for _ in range(2000):
        idle.append(socket.create_connection(("127.0.0.1", server.port), 10))
    slow = [socket.create_connection(("127.0.0.1", server.port), 10) for _ in range(50)]
    for s in slow:
        s.sendall(b"POST /api/v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\nX-Mesher-Auth: " + project.key.encode() + b"\r\n\r\n")
    headers = [socket.create_connection(("127.0.0.1", server.port), 10) for _ in range(50)]
    watcher = project.live()
    socket_of_garbage = WebSocket(server.base, "/api/v1/events/stream", {"X-Mesher-Auth": project.key})
    socket_of_garbage.socket.sendall(b"\xff\xff\xff\xff garbage that is no frame")
    for s in slow + headers:
        s.sendall(b"G")
    assert latency(project) < 1.0
    assert watcher.receive(10)["type"] in ("event", "new_issue", "issue_update")
    assert server.memory_mb() - memory < 100, (memory, server.memory_mb())
    # A half-sent header is cut off; the idle ones stay.
    def cut():
        headers[0].settimeout(0.2)
        try:
            return headers[0].recv(100) == b"" or True
        except TimeoutError:
            return False
    wait_for(cut, 30, "the slow header is cut off")
    for s in idle + slow + headers:
        s.close()
    latency(project)
