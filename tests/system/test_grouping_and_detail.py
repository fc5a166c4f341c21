"""Grouping, event detail and the live stream, as a client sees them."""
import json
import threading

from harness import wait_for


def frames(*names, line=1):
    return {"frames": [{"filename": f"src/{name}.py", "function": name, "lineno": line, "in_app": True,
                        "context_line": f"    return {name}()", "pre_context": ["a"], "post_context": ["b"]} for name in names]}


def raised(kind, value, *names, line=1):
    return {"exception": {"values": [{"type": kind, "value": value, "stacktrace": frames(*names, line=line)}]}}


def test_GROUP_01_the_same_stack_is_one_issue_whatever_lines_and_values(project):
    for n in range(10):
        assert project.send(raised("KeyError", f"user {n} is gone", "main", "load", line=n)).status == 202
    assert project.send(raised("KeyError", "user 1 is gone", "main", "save")).status == 202
    project.wait_count(11)
    assert sorted(issue["event_count"] for issue in project.issues()) == [1, 10]


def test_GROUP_02_without_a_stack_type_and_normalised_value_decide(project):
    for n in range(6):
        project.send({"exception": {"type": "TimeoutError", "value": f"no answer from 10.0.0.{n} in {n * 100} ms"}})
        project.send({"message": f"worker {n} took {n}.5 seconds"})
    project.wait_count(12)
    issues = project.issues()
    assert sorted(issue["event_count"] for issue in issues) == [6, 6], issues
    assert any(issue["title"].startswith("TimeoutError") for issue in issues), issues


def test_GROUP_03_the_senders_fingerprint_decides(project):
    for n in range(4):
        project.send({**raised("E", str(n), f"place{n}"), "fingerprint": ["checkout"]})
        project.send({"message": "same text", "fingerprint": ["{{ default }}", f"tenant-{n % 2}"]})
    project.wait_count(8)
    assert sorted(issue["event_count"] for issue in project.issues()) == [2, 2, 4]


def test_GROUP_04_concurrent_first_events_make_exactly_one_issue(project):
    def send(k):
        for n in range(5):
            assert project.send(raised("Race", f"{k} {n}", "go", "fast")).status == 202
    threads = [threading.Thread(target=send, args=(k,)) for k in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    project.wait_count(80)
    assert len(project.issues()) == 1


def test_GROUP_05_counts_equal_the_stored_events(project):
    ids = [project.send({"message": f"order {n} failed", "user": {"id": n % 7}}).json["id"] for n in range(30)]
    project.wait_count(30)
    issue = project.issues()[0]
    assert issue["event_count"] == 30 and issue["user_count"] == 7, issue
    found, cursor = [], ""
    while True:
        page = project.api(f"/api/v1/issues/{issue['id']}/events?limit=7{cursor}").json
        found += [event["id"] for event in page["data"]]
        if not page["next_cursor"]:
            break
        cursor = "&cursor=" + page["next_cursor"]
    assert sorted(found) == sorted(ids)
    assert issue["first_seen"] <= issue["last_seen"]


def test_DETAIL_01_the_payload_is_as_sent(project):
    event = {**raised("E", "v", "a"), "extra": {"deep": {"list": [1, 2.5, None, True, "é ☃ \u0001"]}}, "odd_key": {"x": []}}
    event_id = project.send(event).json["id"]
    project.wait_count(1)
    stored = project.event(event_id).json
    for key, value in event.items():
        assert stored["payload"][key] == value, key
    dashed = f"{event_id[:8]}-{event_id[8:12]}-{event_id[12:16]}-{event_id[16:20]}-{event_id[20:]}"
    assert project.event(dashed).json["id"] == event_id


def test_DETAIL_02_stacks_have_context_in_app_marks_and_causes(project):
    event = {"exception": {"values": [{"type": "OSError", "value": "disk", "stacktrace": frames("read")},
                                      {"type": "LoadError", "value": "config", "stacktrace": frames("main", "load")}]}}
    event_id = project.send(event).json["id"]
    project.wait_count(1)
    stored = project.event(event_id).json
    assert [e["type"] for e in stored["exceptions"]] == ["OSError", "LoadError"]
    frame = stored["exceptions"][1]["frames"][1]
    assert frame["function"] == "load" and frame["in_app"] is True and frame["lineno"] == 1, frame
    assert stored["title"] == "LoadError: config", stored["title"]


def test_DETAIL_03_04_06_breadcrumbs_tags_and_user(project):
    event_id = project.send({"message": "m", "breadcrumbs": [{"message": "clicked", "category": "ui"}],
                             "tags": [["browser", "Firefox"]], "environment": "staging", "release": "2.1.0",
                             "user": {"id": 42, "email": "a@b.example", "ip_address": "10.1.2.3"}}).json["id"]
    project.wait_count(1)
    stored = project.event(event_id).json
    assert stored["payload"]["breadcrumbs"][0]["message"] == "clicked"
    assert stored["tags"]["browser"] == "Firefox", stored["tags"]
    assert stored["user"]["id"] == "42" and stored["user"]["email"] == "a@b.example", stored["user"]
    assert stored["environment"] == "staging" and stored["release"] == "2.1.0"


def test_DETAIL_05_next_and_previous_walk_through_the_issue(project):
    ids = []
    for n in range(5):
        ids.append(project.send({"message": "again and again"}).json["id"])
        project.wait_count(n + 1)
    walked, at = [], project.event(ids[0]).json
    assert at["previous_event_id"] is None
    while True:
        walked.append(at["id"])
        if not at["next_event_id"]:
            break
        following = project.event(at["next_event_id"]).json
        assert following["previous_event_id"] == at["id"]
        at = following
    assert walked == ids


def test_ORG_01_02_03_nothing_of_a_project_is_visible_to_another_organisation(project):
    event_id = project.send({"message": "ours"}).json["id"]
    project.wait_count(1)
    stranger = project.server.command("setup", "--org", "Strangers", "--project", "other", "--email", "stranger@example.com",
                                      "--password", "correct horse battery", "--json", check=True)
    token = json.loads(stranger.stdout.strip().splitlines()[-1])["api_token"]
    from harness import request
    issue = project.issues()[0]["id"]
    for path in (f"/api/v1/projects/{project.id}/issues", f"/api/v1/events/{event_id}", f"/api/v1/issues/{issue}",
                 f"/api/v1/issues/{issue}/events", f"/api/v1/projects/{project.id}/keys"):
        assert request(project.server.base, "GET", path, headers={"Authorization": f"Bearer {token}"}).status == 404, path
        assert request(project.server.base, "GET", path).status == 401, path
        assert request(project.server.base, "GET", path, headers={"Authorization": "Bearer nonsense"}).status == 401, path
    assert project.event(event_id).status == 200


def test_ORG_03_setup_finds_what_it_made_and_gives_a_fresh_token(project):
    again = project.server.new_project("same")
    more = project.server.new_project("same")
    assert (again.id, again.key) == (more.id, more.key) and again.token != more.token
    assert again.api("/api/v1/me").status == 200 and more.api("/api/v1/me").status == 200


def test_STREAM_01_03_events_and_new_issues_arrive_live(project):
    live = project.live()
    event_id = project.send(raised("Boom", "now", "a"), ).json["id"]
    kinds = {}
    def both():
        message = live.receive(1)
        if message:
            kinds[message["type"]] = message
        return "event" in kinds and "new_issue" in kinds
    wait_for(both, 20, "event and new_issue")
    assert kinds["event"]["id"] == event_id and kinds["event"]["project_id"] == project.id
    assert kinds["event"]["title"] == "Boom: now" and kinds["new_issue"]["issue_id"] == kinds["event"]["issue_id"]


def test_STREAM_05_a_watcher_that_never_reads_is_told_what_it_lost_and_slows_nobody(project):
    lazy, keen = project.live(receive_buffer=65536), project.live()
    n, bulk = 12_000, 400
    for start in range(0, n, bulk):
        assert project.send([{"message": f"burst {i}", "extra": {"pad": "x" * 300}, "tags": {"pad": "y" * 190}} for i in range(start, start + bulk)],
                            "/api/v1/events/bulk").status == 202
    seen = 0
    while seen < n:
        message = keen.receive(30)
        assert message is not None, f"the keen watcher saw or was told of {seen} of {n}"
        seen += {"event": 1, "dropped": message.get("count", 0)}.get(message["type"], 0)
    project.wait_count(n, 60)
    told = got = 0
    while (message := lazy.receive(3)) is not None:
        if message["type"] == "dropped":
            told += message["count"]
        if message["type"] == "event":
            got += 1
    # What was dropped may also be a notice about an issue.
    assert told > 0 and n <= got + told <= n + 500, (got, told)
