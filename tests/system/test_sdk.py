"""The official SDKs from npm, unmodified, by DSN alone."""
import functools
import http.server
import os
import shutil
import subprocess
import tempfile
import threading

import harness
from harness import wait_for

SDK = os.path.join(os.path.dirname(os.path.realpath(__file__)), "sdk")
CHROMIUM = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync"]


def installed():
    """The SDKs in a folder beside the program: npm ci from the kept lock file, once."""
    folder = os.path.join(os.path.dirname(harness.PROGRAM), "sdk")
    if not os.path.exists(os.path.join(folder, "node_modules", "@sentry", "node")):
        os.makedirs(folder, exist_ok=True)
        for name in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copy(os.path.join(SDK, name), folder)
        subprocess.run(["npm", "ci", "--silent", "--no-audit", "--no-fund"], cwd=folder, check=True, timeout=300)
    for name in ("node_app.cjs", "browser_page.js"):
        shutil.copy(os.path.join(SDK, name), folder)
    return folder


def node_app(project, mode=""):
    done = subprocess.run(["node", "node_app.cjs", project.dsn, mode], cwd=installed(), capture_output=True, text=True,
                          timeout=120)
    assert done.returncode == 0, (done.returncode, done.stderr[-1000:])


def test_INGEST_07_sentry_node_unmodified_is_grouped_as_one_would_want(project):
    node_app(project)
    project.wait_count(4)
    issues = sorted(project.issues(), key=lambda issue: -issue["event_count"])
    assert [issue["event_count"] for issue in issues] == [3, 1], issues
    assert issues[0]["title"].startswith("TypeError: cannot read order"), issues[0]["title"]
    assert issues[1]["title"] == "disk 91% full" and issues[1]["level"] == "warning", issues[1]
    listed = project.api(f"/api/v1/issues/{issues[0]['id']}/events").json["data"]
    event = project.event(listed[0]["id"]).json
    assert [e["type"] for e in event["exceptions"]] == ["Error", "TypeError"], event["exceptions"]
    frame = event["exceptions"][-1]["frames"][-1]
    assert frame["function"].endswith("inner") and frame["in_app"] is True and frame["context_line"], frame
    assert event["payload"]["breadcrumbs"][-1]["message"] == "signed in", event["payload"]["breadcrumbs"]
    assert event["tags"]["team"] == "blue" and event["user"]["email"] == "a@b.example"
    assert event["release"] == "shop@1.2.3" and event["environment"] == "production"


def test_INGEST_07_sentry_browser_in_chromium_from_another_origin(project):
    folder = installed()
    subprocess.run(["npx", "esbuild", "browser_page.js", "--bundle", "--outfile=page/bundle.js", "--log-level=error"],
                   cwd=folder, check=True, timeout=120)
    with open(os.path.join(folder, "page", "index.html"), "w", encoding="utf-8") as page:
        page.write("<!doctype html><title>waiting</title><body></body><script src=bundle.js></script>")
    handler = functools.partial(type("Quiet", (http.server.SimpleHTTPRequestHandler,), {"log_message": lambda *_: None}),
                                directory=os.path.join(folder, "page"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as origin:
        threading.Thread(target=origin.serve_forever, daemon=True).start()
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
            browser = subprocess.Popen(
                [*CHROMIUM, f"--user-data-dir={profile}", "--remote-debugging-port=0",
                 f"http://127.0.0.1:{origin.server_port}/?dsn={project.dsn}"],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                project.wait_count(4, 60)
            finally:
                browser.terminate()
                browser.wait(20)
        origin.shutdown()
    issues = sorted(project.issues(), key=lambda issue: -issue["event_count"])
    assert [issue["event_count"] for issue in issues] == [3, 1], issues
    assert issues[0]["title"].startswith("RangeError: amount"), issues[0]["title"]
    listed = project.api(f"/api/v1/issues/{issues[0]['id']}/events").json["data"]
    event = project.event(listed[0]["id"]).json
    assert [e["type"] for e in event["exceptions"]] == ["Error", "RangeError"], event["exceptions"]
    assert event["tags"]["page"] == "checkout" and event["user"]["id"] == "u-9"
    assert any(crumb.get("message") == "pressed pay" for crumb in event["payload"]["breadcrumbs"])


def test_INGEST_04_a_rate_limited_sdk_backs_off(project):
    limited = "update project_keys set rate_limit_per_minute = 5 where project_id = %d" % project.id
    project.server.sql(limited)
    project.server.sql("update project_version set version = version + 1")
    project.server.sql("notify mesher_projects")
    wait_for(lambda: any(project.send({"message": "probe"}).status == 429 for _ in range(3)), 15, "the limit holds")
    refused = project.send({"message": "one more"})
    assert refused.status == 429 and int(refused.headers["retry-after"]) > 0, refused
    assert "error" in refused.headers["x-sentry-rate-limits"], refused.headers
    before = sum(n for (outcome, _), n in project.outcomes().items() if outcome == "rate_limited")
    node_app(project, "flood")
    def counted():
        return sum(n for (outcome, _), n in project.outcomes().items() if outcome == "rate_limited") > before
    wait_for(counted, 15, "the refusal is counted")
    after = sum(n for (outcome, _), n in project.outcomes().items() if outcome == "rate_limited")
    # 41 captured, but after the first 429 the SDK sends no more.
    assert after - before <= 6, (before, after)
