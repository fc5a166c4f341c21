"""`bench/run alerts`: what rules cost, how soon a webhook is told, how many notifications a storm makes."""
import http.server
import json
import os
import re
import subprocess
import threading
import time
import urllib.request
import uuid

from live import p99_ms, post
from mesher import Server

CROSSINGS = 150  # rules of a project, fewer than it may have


class Receiver:
    """Keeps when each path was posted to, and what: `got` is a list of (time, path, body)."""

    def __init__(self):
        self.got, outer = [], self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                at = time.time()
                outer.got.append((at, self.path, self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def call(server, path, body, headers):
    request = urllib.request.Request(server.base + path, json.dumps(body).encode(),
                                     {"Content-Type": "application/json", **headers})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read() or b"null")


def add_rule(server, condition, url, **more):
    call(server, f"/api/v1/projects/{server.project}/alert-rules",
         {"name": "bench", "condition": condition, "actions": [{"type": "webhook", "url": url}], **more},
         {"Authorization": f"Bearer {server.token}"})


def engine_us(run):
    answer = subprocess.run([run.build.bench, "--benchmark_filter=engine_of_ten_thousand_rules", "--benchmark_format=json",
                             "--benchmark_min_time=" + ("0.2" if run.quick else "1")],
                            check=True, capture_output=True, text=True, env=os.environ)
    return 1e6 * max(result["per_event"] for result in json.loads(answer.stdout)["benchmarks"])


def crossings(run):
    """Every rule has a webhook of its own, so that none waits for what was told before; 100 other events a second."""
    server, receiver = Server(run.build, "--allow-private-notifications"), Receiver()
    try:
        rules = run.scaled(CROSSINGS)
        for n in range(rules):
            add_rule(server, {"type": "event_count", "threshold": 3, "window_seconds": 60, "per": "project"},
                     f"{receiver.url}/{n}", filter=f"crossing:{n}")
        # Of every 30 events 3 belong to the same rule; the last of these crosses.
        belongs = lambda n: {"tags": {"crossing": str(n // 30)}} if n % 10 == 9 else {}
        ids = {}
        def make(n):
            event = belongs(n)
            if event:
                event["event_id"] = uuid.uuid4().hex
                ids.setdefault(n // 30, []).append(event["event_id"])
            return event
        sent = post(server, rules * 30, 200, make)
        began = {n: max(sent[one] for one in its) for n, its in ids.items()}
        deadline = time.time() + 30
        while len(receiver.got) < rules and time.time() < deadline:
            time.sleep(0.05)
        took = sorted(at - began[int(path[1:])] for at, path, _ in receiver.got)
        if len(took) != rules:
            raise RuntimeError(f"{len(took)} of {rules} crossings were told")
        run.say(f"{rules} crossings, median {1000 * took[len(took) // 2]:.0f} ms, largest {1000 * took[-1]:.0f} ms")
        return p99_ms(took)
    finally:
        receiver.close()
        server.remove()


def storm(run):
    """Events of 500 issues, spread over a minute, in bulk; the count is taken 35 s after the last."""
    server, receiver = Server(run.build, "--allow-private-notifications"), Receiver()
    try:
        for name in ("everything", "errors"):
            add_rule(server, {"type": "new_issue"}, receiver.url, filter="" if name == "everything" else "level:error")
        seconds, issues = run.scaled(60.0), 500
        events = run.scaled(50_000)
        began, sent = time.time(), 0
        key = re.search(r"//([0-9a-f]+)@", server.dsn).group(1)
        while sent < events:
            time.sleep(max(0, began + seconds * sent / events - time.time()))
            # Issues appear all the while, and those that are known go on.
            known = 1 + issues * sent // events
            body = [{"message": "it burns", "level": "error", "fingerprint": [str((sent + n) * 7919 % known if n else known - 1)]}
                    for n in range(min(100, events - sent))]
            call(server, "/api/v1/events/bulk", body, {"X-Mesher-Auth": key})
            sent += len(body)
        time.sleep(run.scaled(35.0))
        told = sum(len(message["alerts"]) + message.get("more", 0)
                   for message in (json.loads(body) for _, _, body in receiver.got))
        run.say(f"{sent} events, {told} alerts told in {len(receiver.got)} notifications")
        if not run.quick and told != 2 * issues:
            raise RuntimeError(f"{told} of {2 * issues} alerts were told")
        return len(receiver.got)
    finally:
        receiver.close()
        server.remove()


def alerts(run):
    yield "alert_rules_us", engine_us(run)
    yield "alert_webhook_p99_ms", crossings(run)
    yield "alert_storm_notifications", storm(run)
