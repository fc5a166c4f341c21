"""How long events are kept, what that frees, and backup and restore: on servers of their own."""
import datetime
import json
import os
import subprocess
import tarfile
import tempfile
import uuid

import harness
from harness import Postgres, Server, request, wait_for


def send_many(project, events):
    answer = project.send(json.dumps(events), "/api/v1/events/bulk")
    assert answer.status == 202 and answer.json["accepted"] == len(events), answer
    return answer.json["ids"]


def set_settings(project, **settings):
    answer = project.api(f"/api/v1/projects/{project.id}", "PATCH", {"settings": settings})
    assert answer.status == 200, answer
    return answer.json["settings"]


def stored(server, project):
    return int(server.sql(f"select count(*) from events where project_id = {project.id}")[0][0])


def age(server, where, days):
    """Makes events that satisfy `where` look as if they had been received so many days earlier, with their blocks."""
    day = datetime.datetime.now(datetime.timezone.utc).date() - datetime.timedelta(days=days)
    name = day.strftime("%Y%m%d")
    statements = [
        f"create table if not exists {table}_{name} (like {table} including all);"
        f"alter table {table} attach partition {table}_{name} for values from ('{day}') to ('{day + datetime.timedelta(days=1)}')"
        for table in ("events", "event_blocks")]
    statements += [
        f"update event_blocks set day = '{day}' where block_id in (select block_id from events where {where})",
        f"update events set day = '{day}', received_at = received_at - interval '{days} days' where {where}"]
    server.sql(";".join(statements))


def retain(server, *options):
    return json.loads(server.command("retain", "--json", *options).stdout.splitlines()[-1])


def test_RETAIN_01_02_old_events_go_and_their_issues_and_figures_stay(cleanup):
    server = cleanup.server()
    short, long = server.new_project(), server.new_project()
    ids = {project: send_many(project, [{"message": "an old failure", "user": {"id": "ann"}} for _ in range(30)])
           for project in (short, long)}
    for project in ids:
        project.wait_count(30)
    age(server, "true", 40)
    new = {project: send_many(project, [{"message": "a new failure"} for _ in range(5)]) for project in ids}
    for project in ids:
        project.wait_count(35)
    assert set_settings(short, retention_days=30)["retention_days"] == 30
    for wrong in (0, -1, 3651, "30", 1.5):
        refused = short.api(f"/api/v1/projects/{short.id}", "PATCH", {"settings": {"retention_days": wrong}})
        assert refused.status == 400 and refused.json["error"]["field"] == "settings.retention_days", refused

    # One project is short: its events go one by one. Both: the day is dropped.
    assert retain(server, "--dry-run")["events_deleted"] == 30
    assert short.event(ids[short][0]).status == 200
    assert retain(server)["events_deleted"] == 30
    assert short.event(ids[short][0]).status == 404 and long.event(ids[long][0]).status == 200
    set_settings(long, retention_days=7)
    assert retain(server)["days_dropped"] == 1
    assert int(server.sql("select count(*) from event_blocks b where not exists"
                          " (select from events e where e.block_id = b.block_id)")[0][0]) == 0

    for project in ids:
        assert stored(server, project) == 5
        assert project.event(ids[project][0]).status == 404
        assert project.event(new[project][0]).status == 200
        old = next(issue for issue in project.issues() if issue["title"] == "an old failure")
        assert old["event_count"] == 30 and old["user_count"] == 1, old
        path = f"/api/v1/issues/{old['id']}"
        assert project.api(f"{path}/events").json["data"] == []
        assert sum(b["events"] for b in project.api(f"{path}/timeline?bucket=day").json["data"]) == 30
        for part in ("", "/tags", "/activity", "/similar", "/hashes"):
            assert project.api(path + part).status == 200, part
        assert project.api(f"{path}/resolve", "POST", {}).status == 200
        assert project.outcomes()[("accepted", "")] == 35
    # What comes now is stored as ever, also of the issue that has no event left.
    send_many(short, [{"message": "an old failure"}])
    short.wait_count(36)
    assert next(i for i in short.issues() if i["title"] == "an old failure")["is_regressed"]


def test_RETAIN_01_an_event_budget_keeps_the_first_the_latest_and_a_sample(cleanup):
    server = cleanup.server()
    project = server.new_project()
    refused = project.api(f"/api/v1/projects/{project.id}", "PATCH", {"settings": {"event_budget": 10}})
    assert refused.status == 400 and refused.json["error"]["field"] == "settings.event_budget", refused
    set_settings(project, event_budget=1000)
    few = send_many(project, [{"message": "a rare failure"} for _ in range(8)])
    project.wait_count(8)
    many = []
    for batch in range(5):
        many += send_many(project, [{"message": "a common failure", "extra": {"n": batch}} for _ in range(400)])
        project.wait_count(8 + len(many))
    assert retain(server)["events_thinned"] == 1008
    assert stored(server, project) == 1000
    assert all(project.event(id).status == 200 for id in few)
    assert project.count() == 2008
    common = next(issue for issue in project.issues() if issue["title"] == "a common failure")
    assert common["event_count"] == 2000
    # Of the beginning, of the end and of what is between, something is left, payloads included.
    left = {row[0].replace("-", "") for row in server.sql(f"select event_id from events where issue_id = {common['id']}")}
    assert len(left) == 992
    shares = [sum(id in left for id in many[n * 400:(n + 1) * 400]) for n in range(5)]
    assert shares[0] >= 5 and shares[4] == 400 and all(shares), shares
    for id in [id for id in many if id in left][::100]:
        assert project.event(id).json["payload"]["message"] == "a common failure"
    assert retain(server)["events_thinned"] == 0


def test_RETAIN_03_storage_is_shown_with_what_a_shorter_retention_would_save(cleanup):
    server = cleanup.server()
    project = server.new_project()
    path = f"/api/v1/projects/{project.id}/storage"
    empty = project.api(path).json
    assert empty["events"] == 0 and empty["bytes"]["total"] == 0, empty
    send_many(project, [{"message": "an old failure", "extra": {"pad": "x" * 500}} for _ in range(60)])
    project.wait_count(60)
    age(server, "true", 20)
    send_many(project, [{"message": "a new failure"} for _ in range(9)])
    project.wait_count(69)
    retain(server)
    now = project.api(path).json
    assert now["events"] == 69 and now["issues"] == 2 and now["retention_days"] == 90, now
    assert [day["events"] for day in now["days"]] == [60, 9]
    assert now["bytes"]["total"] == sum(now["bytes"][part] for part in ("rows", "payloads", "indexes"))
    savings = {saving["retention_days"]: saving for saving in now["shorter"]}
    assert savings[30]["events"] == 0 and savings[14]["events"] == 60 and savings[14]["bytes"] == now["days"][0]["bytes"]
    instance = project.api("/api/v1/storage").json
    assert instance["database_bytes"] > 1_000_000
    assert [p["project_id"] for p in instance["projects"]] == [project.id]
    assert {"events", "event_blocks", "issues"} <= {table["name"] for table in instance["tables"]}


def run(*arguments):
    return subprocess.run([harness.PROGRAM, *arguments], capture_output=True, text=True, timeout=300)


def backup_path(cleanup):
    folder = tempfile.mkdtemp(prefix="mesher-backup-", dir="/tmp")
    cleanup.callback(harness.remove_tree, folder)
    return os.path.join(folder, "backup.tar")


def shown(project, base):
    """What people see of a project."""
    token = {"Authorization": f"Bearer {project.token}"}
    issues = request(base, "GET", f"/api/v1/projects/{project.id}/issues?limit=100&from=0", None, token).json["data"]
    events = request(base, "GET", f"/api/v1/projects/{project.id}/events?limit=100&from=0", None, token).json["data"]
    full = [request(base, "GET", f"/api/v1/events/{event['id']}", None, token).json for event in events[:10]]
    return issues, events, full


def test_RETAIN_03_a_backup_restores_into_an_empty_directory_and_overwrites_nothing(cleanup):
    server = cleanup.server()
    project = server.new_project()
    send_many(project, [{"message": f"failure of {(chr(97 + n % 3)) * 4}", "tags": {"n": str(n)}, "user": {"id": str(n)}} for n in range(60)])
    project.wait_count(60)
    assert project.api("/api/v1/graph", "PUT", project.api("/api/v1/graph").json["source"]).status == 200
    path = backup_path(cleanup)
    done = server.command("backup", path, "--wait", "60")
    assert "60 events" in done.stdout and "not in it" in done.stdout, done.stdout
    assert os.stat(path).st_mode & 0o077 == 0
    again = run("backup", path, "--data-dir", server.data)
    assert again.returncode == 1 and "exists already" in again.stderr, again
    with tarfile.open(path) as archive:
        manifest = json.load(archive.extractfile("manifest.json"))
        assert "files/topology.toml" in archive.getnames() and "database.dump" in archive.getnames()
    assert manifest["holds"]["events"] == 60 and manifest["records_not_stored_yet"] == 0, manifest
    before = shown(project, server.base)

    refused = run("restore", path, "--data-dir", server.data)
    assert refused.returncode == 1 and "running" in refused.stderr, refused
    server.stop()
    refused = run("restore", path, "--data-dir", server.data)
    assert refused.returncode == 1 and "not empty" in refused.stderr, refused

    other = Server()
    cleanup.callback(other.remove)
    done = run("restore", path, "--data-dir", other.data)
    assert done.returncode == 0 and "60 events" in done.stdout, done
    assert os.path.exists(os.path.join(other.data, "topology.toml"))
    refused = run("restore", path, "--data-dir", other.data)
    assert refused.returncode == 1 and "not empty" in refused.stderr, refused
    other.start()
    assert shown(project, other.base) == before
    project.server = other
    assert project.send({"message": "failure of aaaa"}).status == 202
    project.wait_count(61)
    assert len(project.issues()) == 3


def test_RETAIN_03_a_backup_of_a_database_of_ones_own_restores_into_another(cleanup):
    postgres = Postgres()
    cleanup.callback(postgres.remove)
    server = cleanup.server(arguments=["--database-url", postgres.url])
    project = server.new_project()
    send_many(project, [{"message": "failure"} for _ in range(5)])
    project.wait_count(5)
    path = backup_path(cleanup)
    done = run("backup", path, "--data-dir", server.data, "--database-url", postgres.url)
    assert done.returncode == 0, done
    postgres._run("createdb", "-h", postgres.folder, "-U", "mesher", "copy")
    copy = postgres.url.replace("/mesher?", "/copy?")
    data = tempfile.mkdtemp(prefix="mesher-test-")
    cleanup.callback(harness.remove_tree, data)
    done = run("restore", path, "--data-dir", data, "--database-url", copy)
    assert done.returncode == 0 and "5 events" in done.stdout, done
    refused = run("restore", path, "--data-dir", data, "--database-url", postgres.url)
    assert refused.returncode == 1 and "not empty" in refused.stderr, refused


def test_RETAIN_03_what_is_no_backup_or_a_part_of_one_is_refused(cleanup):
    server = cleanup.server()
    project = server.new_project()
    send_many(project, [{"message": uuid.uuid4().hex} for _ in range(50)])
    project.wait_count(50)
    path = backup_path(cleanup)
    server.command("backup", path)
    with open(path, "rb") as whole:
        content = whole.read()
    wrong = {"empty": b"", "text": b"select 1;\n" * 200, "zeros": bytes(4096), "half": content[:len(content) // 2],
             "flipped": content[:100] + b"x" + content[101:]}
    for name, bytes_ in wrong.items():
        bad = f"{path}.{name}"
        with open(bad, "wb") as out:
            out.write(bytes_)
        data = tempfile.mkdtemp(prefix="mesher-test-")
        cleanup.callback(harness.remove_tree, data)
        os.chmod(data, 0o755)
        done = run("restore", bad, "--data-dir", data)
        assert done.returncode == 1 and "mesher restore: " in done.stderr, (name, done)
    missing = run("restore", path + ".none", "--data-dir", server.data)
    assert missing.returncode == 1 and "there is no file" in missing.stderr, missing
    nowhere = run("backup", "/nowhere/at/all.tar", "--data-dir", server.data)
    assert nowhere.returncode == 1 and "can't write" in nowhere.stderr, nowhere


def test_API_docs_are_a_page_that_asks_nobody_else(cleanup):
    server = cleanup.server()
    page = server.get("/api/docs")
    assert page.status == 200 and page.headers["content-type"].startswith("text/html"), page
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert b"://" not in page.body
    for name in ("page.css", "page.js", "yaml.js"):
        assert f"/api/docs/{name}".encode() in page.body
        assert server.get(f"/api/docs/{name}").status == 200
    spec = server.get("/api/openapi.yaml")
    assert spec.status == 200 and b"\n  /api/v1/events:\n" in spec.body
    wait_for(lambda: server.get("/readyz").status == 200, 30, "ready")
