"""`mesher demo`: a project to look round in."""
import datetime
import re
import signal
import subprocess
import tempfile

import harness
from harness import request, wait_for


def owner_api(server):
    wait_for(lambda: "API token" in server.log(), 30, "the first start's token")
    token = re.search(r"API token\s+(\S+)", server.log()).group(1)

    def api(path):
        answer = request(server.base, "GET", "/api/v1/" + path, None, {"Authorization": f"Bearer {token}"})
        assert answer.status == 200, (path, answer)
        return answer.json
    return api


def demo_project(api):
    organization = next(org for org in api("orgs")["data"] if org["slug"] == "demo")
    return api(f"orgs/{organization['id']}/projects")["data"][0]["id"]


def test_UI_01_demo_fills_a_fortnight_once_and_its_counts_agree(cleanup):
    server = cleanup.server()
    api = owner_api(server)
    done = server.command("demo", "--once")
    stored = int(re.search(r"^(\d+) events in", done.stdout, re.M).group(1))
    assert f"Look round: {server.base}" in done.stdout, done.stdout
    project = demo_project(api)

    issues = []
    since = (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=15)).strftime("%Y-%m-%dT%H:00:00Z")
    day_ago = (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=25)).strftime("%Y-%m-%dT%H:%M:%SZ")
    for status in ("unresolved", "resolved", "archived"):
        issues += api(f"projects/{project}/issues?limit=100&from={since}&query=is:{status}")["data"]
    substatuses = {issue["substatus"] for issue in issues}
    assert {"new", "ongoing", "regressed", "escalating", "archived_forever", "archived_until_condition"} <= substatuses
    assert any(issue["status"] == "resolved" for issue in issues)

    volume = api(f"projects/{project}/dashboard/volume?from={since}&bucket=day")
    counted = sum(issue["event_count"] for issue in issues)
    outcomes = {}
    for outcome, quantity in server.sql(
            f"select outcome, sum(quantity) from outcomes where project_id = {project} and category = 'error' group by 1"):
        outcomes[outcome] = int(quantity)
    rows = int(server.sql(f"select count(*) from events where project_id = {project}")[0][0])
    assert counted == rows == outcomes["accepted"], (counted, rows, outcomes)
    assert outcomes["accepted"] + outcomes["filtered"] == stored, (outcomes, stored)
    assert outcomes["rate_limited"] > 0, outcomes
    assert len(volume["data"]) >= 14, volume

    regressed = next(issue for issue in issues if issue["substatus"] == "regressed")
    kinds = [entry["kind"] for entry in api(f"issues/{regressed['id']}/activity")["data"]]
    assert kinds[-1] == "assigned" and "resolved" in kinds and "regressed" in kinds and "comment" in kinds, kinds

    alerts = api(f"projects/{project}/alerts?limit=100")["data"]
    assert {"Errors pile up", "A solved issue is back", "An issue escalates"} <= {alert["rule"]["name"] for alert in alerts}
    assert all(alert["status"] == "resolved" for alert in alerts if alert["triggered_at"] < day_ago), alerts

    again = server.command("demo", "--once")
    assert "not filled again" in again.stdout, again.stdout
    assert server.sql(f"select count(*) from events where project_id = {project}")[0][0] == str(rows)


def test_UI_01_demo_keeps_events_coming_until_it_is_interrupted(cleanup):
    server = cleanup.server()
    api = owner_api(server)
    arguments = ["--data-dir", server.data]
    process = subprocess.Popen([harness.PROGRAM, "demo", "--per-minute", "3000", *arguments], stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True)
    cleanup.callback(process.kill)
    said = []
    for line in process.stdout:
        said.append(line)
        if line.startswith("Events keep coming"):
            break
    assert said and said[-1].startswith("Events keep coming"), said
    project = demo_project(api)
    sent = f"select count(*) from events where project_id = {project} and received_at > now() - interval '1 hour'"
    before = int(server.sql(sent)[0][0])
    wait_for(lambda: int(server.sql(sent)[0][0]) >= before + 20, 60, "events of the trickle")
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0
    assert re.search(r"^\d+ more events sent", process.stdout.read(), re.M)


def test_UI_01_demo_without_a_server_says_what_to_do():
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([harness.PROGRAM, "demo", "--data-dir", folder, "--url", "http://127.0.0.1:1"],
                              capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "--once" in done.stderr and "./start" in done.stderr, done
