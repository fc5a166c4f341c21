"""The life of an issue: states and their conditions, people's changes, merging and splitting, deleting and discarding."""
import json
import threading
import time
import uuid

from harness import Load, request, wait_for


def send(project, text, count=1, **fields):
    """`count` events of one issue in one bulk; returns when they are counted."""
    events = [{"message": text, **fields} for _ in range(count)]
    answer = project.send(events, "/api/v1/events/bulk")
    assert answer.status == 202 and answer.json["accepted"] == count, answer


def issue_of(project, text, seconds=30, **expected):
    """The issue with this title, as soon as it is as expected."""
    def find():
        for issue in project.issues():
            if issue["title"] == text and all(issue[k] == v for k, v in expected.items()):
                return issue
        return None
    return wait_for(find, seconds, f"issue {text!r} with {expected}: {project.issues()}")


def do(project, path, body=None, method="POST", status=200):
    answer = project.api(path, method, body if body is not None else {})
    assert answer.status == status, (path, body, answer)
    return answer.json


def change(project, issue, verb, body=None):
    return do(project, f"/api/v1/issues/{issue['id']}/{verb}", body)


def activity(project, issue):
    return project.api(f"/api/v1/issues/{issue['id']}/activity?limit=100").json["data"]


def expect_message(live, kind, seconds=15):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        message = live.receive(seconds)
        if message and message["type"] == kind:
            return message
    raise AssertionError(f"no {kind}")


def books(project):
    """Issues, roll-ups and rows of the project, side by side: [[issue, counted, rows, of hours]] where they differ."""
    return project.server.sql(
        f"select i.id, i.event_count, coalesce(e.n, 0), coalesce(h.n, 0) from issues i "
        f"left join (select issue_id, count(*) n from events where project_id = {project.id} group by 1) e on e.issue_id = i.id "
        f"left join (select issue_id, sum(events) n from issue_hours where project_id = {project.id} group by 1) h on h.issue_id = i.id "
        f"where i.project_id = {project.id} and (i.event_count <> coalesce(e.n, 0) or i.event_count <> coalesce(h.n, 0))")


def wait_moved(project, seconds=60):
    wait_for(lambda: project.server.sql(f"select count(*) from issue_moves where project_id = {project.id}") == [["0"]],
             seconds, "the rows to have followed")


def test_ISSUE_01_states_and_archiving_until_events_users_a_time_or_for_ever(project):
    send(project, "until events", 2)
    issue = issue_of(project, "until events", event_count=2, status="unresolved", substatus="new")
    change(project, issue, "archive", {"until": {"events": 3}})
    send(project, "until events", 2)
    issue_of(project, "until events", event_count=4, status="archived", substatus="archived_until_condition")
    send(project, "until events")
    issue_of(project, "until events", event_count=5, status="unresolved", substatus="ongoing")

    change(project, issue, "archive", {"until": {"events": 3, "window_seconds": 3600}})
    send(project, "until events", 2)
    issue_of(project, "until events", event_count=7, status="archived")
    send(project, "until events")
    issue_of(project, "until events", event_count=8, status="unresolved")

    change(project, issue, "archive", {"until": {"users": 2}})
    send(project, "until events", 2, user={"id": "ann"})
    issue_of(project, "until events", event_count=10, status="archived")
    send(project, "until events", user={"id": "bob"})
    issue_of(project, "until events", event_count=11, status="unresolved")

    change(project, issue, "archive")
    send(project, "until events", 50)
    issue_of(project, "until events", event_count=61, status="archived", substatus="archived_forever")

    # A time comes without an event.
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 2))
    live = project.live()
    change(project, issue, "archive", {"until": {"time": soon}})
    issue_of(project, "until events", event_count=61, status="unresolved", substatus="ongoing")
    while expect_message(live, "issue_update")["status"] != "unresolved":
        pass
    reasons = [entry["data"].get("reason") for entry in activity(project, issue) if entry["kind"] == "unarchived"]
    assert reasons == ["time", "users", "window", "events"], reasons
    assert books(project) == []


def test_ISSUE_01_resolved_in_the_next_release_reopens_only_for_a_later_one(project):
    for release in ("shop@1.9.0", "shop@2.0.0", "nightly"):
        send(project, "broken", release=release)
    issue = issue_of(project, "broken", event_count=3)
    resolved = change(project, issue, "resolve", {"in": "next_release"})
    assert resolved["status"] == "resolved" and resolved["waits_for"] == {"in": "next_release"}, resolved
    count = 3
    for release in ("shop@2.0.0", "nightly", "shop@1.9.5", None):
        send(project, "broken", **({"release": release} if release else {}))
        count += 1
        issue_of(project, "broken", event_count=count, status="resolved")
    send(project, "broken", release="shop@2.0.1")
    reopened = issue_of(project, "broken", event_count=count + 1, status="unresolved", substatus="regressed")
    assert reopened["is_regressed"]
    entry = activity(project, issue)[0]
    assert entry["kind"] == "regressed" and entry["user"] is None and entry["data"]["release"] == "shop@2.0.1", entry


def test_ISSUE_02_an_event_on_a_resolved_issue_reopens_it_and_says_so_live(project):
    send(project, "timeout", 3)
    issue = issue_of(project, "timeout", event_count=3)
    do(project, f"/api/v1/issues/{issue['id']}", {"status": "resolved"}, "PATCH")
    live = project.live()
    send(project, "timeout", 2)
    regression = expect_message(live, "regression")
    assert regression["issue_id"] == issue["id"]
    update = expect_message(live, "issue_update")
    assert update["status"] == "unresolved" and update["substatus"] == "regressed", update
    reopened = issue_of(project, "timeout", event_count=5, status="unresolved", substatus="regressed")
    assert reopened["is_regressed"]
    assert [entry["kind"] for entry in activity(project, issue)] == ["regressed", "resolved"]
    assert activity(project, issue)[0]["data"]["event_id"] == regression["event_id"]
    change(project, issue, "resolve")
    assert not issue_of(project, "timeout", status="resolved")["is_regressed"]


def test_ISSUE_03_an_archived_issue_escalates_against_its_usual_volume_and_comes_to_rest(project):
    send(project, "noise")
    issue = issue_of(project, "noise", event_count=1)
    # It has been there for a week, with five events an hour.
    project.server.sql(f"update issues set first_seen = now() - interval '8 days' where id = {issue['id']}")
    project.server.sql(f"insert into issue_hours select {project.id}, {issue['id']}, date_trunc('hour', now()) - n * interval '1 hour', 5 "
                       "from generate_series(1, 168) n")
    archived = change(project, issue, "archive", {"until": {"escalating": True, "rearchive": True}})
    assert archived["substatus"] == "archived_until_escalating", archived
    live = project.live()
    send(project, "noise", 45)
    issue_of(project, "noise", event_count=46, status="archived")
    send(project, "noise", 15)
    issue_of(project, "noise", event_count=61, status="unresolved", substatus="escalating")
    message = expect_message(live, "escalation")
    assert message["issue_id"] == issue["id"] and message["hourly"] == 60 and 4.5 < message["usual"] < 5.5, message
    assert activity(project, issue)[0]["kind"] == "escalating"
    # Then it is quiet.
    project.server.sql(f"update issue_hours set events = 5 where issue_id = {issue['id']} and events > 5")
    project.server.sql(f"update issues set wake_at = now() where id = {issue['id']}")
    issue_of(project, "noise", status="archived", substatus="archived_until_escalating")
    assert activity(project, issue)[0]["kind"] == "archived_again"


def test_ISSUE_04_assignment_comments_activity_and_bulk_changes_with_undo(project):
    for n in range(6):
        send(project, "disk full" if n == 5 else f"worker {'abcdef'[n]} died")
    project.wait_count(6)
    me = project.api("/api/v1/me").json["user"]
    issue = issue_of(project, "disk full")
    assert change(project, issue, "assign", {"user": me["id"]})["assigned_to"] == {"user": me["id"]}
    assert project.api(f"/api/v1/issues/{issue['id']}/assign", "POST", {"user": 2_000_000}).status == 400
    comment = do(project, f"/api/v1/issues/{issue['id']}/comments", {"text": "The disk of db3"}, status=201)
    assert comment["user"]["email"] == me["email"]
    entries = activity(project, issue)
    assert [(e["kind"], e["user"]["email"]) for e in entries] == [("comment", me["email"]), ("assigned", me["email"])], entries

    bulk = f"/api/v1/projects/{project.id}/issues"
    changed = do(project, bulk, {"query": "is:unresolved died", "status": "resolved"}, "PATCH")
    assert changed["changed"] == 5, changed
    assert do(project, bulk, {"query": "died", "status": "resolved"}, "PATCH") == {"changed": 0, "undo": None}
    send(project, "worker a died")  # regresses: it is not put back
    issue_of(project, "worker a died", substatus="regressed")
    undone = do(project, bulk + "/undo", changed["undo"])
    assert (undone["changed"], undone["skipped"]) == (4, 1), undone
    states = sorted((i["status"], i["substatus"]) for i in project.issues())
    assert states == [("unresolved", "new")] * 5 + [("unresolved", "regressed")], states

    # Two people: both effects are kept, or the later one hears of it.
    version = issue_of(project, "disk full")["version"]
    do(project, f"/api/v1/issues/{issue['id']}", {"status": "resolved"}, "PATCH")
    late = project.api(f"/api/v1/issues/{issue['id']}", "PATCH", {"status": "archived"}, {"If-Match": f'"{version}"'})
    assert late.status == 409 and me["email"] in late.json["error"]["message"], late
    now = issue_of(project, "disk full")
    assert now["status"] == "resolved" and now["assigned_to"] == {"user": me["id"]}, now


def test_ISSUE_04_ownership_rules_assign_new_issues(project):
    me = project.api("/api/v1/me").json["user"]
    rules = f"/api/v1/projects/{project.id}/ownership"
    wrong = project.api(rules, "PUT", {"text": "path:src/* nobody@nowhere.example"})
    assert wrong.status == 400 and wrong.json["error"]["diagnostics"][0]["column"] == 12, wrong
    do(project, rules, {"text": f"# payments\npath:src/pay/* {me['email']}\ntags.customer:acme* {me['email']}\n"}, "PUT")
    stack = {"frames": [{"filename": "src/pay/card.py", "abs_path": "/app/src/pay/card.py", "function": "charge", "in_app": True}]}
    project.send({"exception": {"type": "CardError", "value": "declined", "stacktrace": stack}})
    project.send({"message": "acme is angry", "tags": {"customer": "Acme Ltd"}})
    project.send({"message": "nobody cares", "tags": {"customer": "other"}})
    project.wait_count(3)
    owners = {i["title"]: i["assigned_to"] for i in project.issues()}
    assert owners == {"CardError: declined": {"user": me["id"]}, "acme is angry": {"user": me["id"]}, "nobody cares": None}, owners


def test_ISSUE_05_a_deleted_issue_is_gone_and_a_discarded_one_stays_away_until_taken_back(project):
    send(project, "rubbish", 3)
    send(project, "waste", 2)
    send(project, "gold")
    project.wait_count(6)
    rubbish, waste = issue_of(project, "rubbish"), issue_of(project, "waste")
    do(project, f"/api/v1/issues/{rubbish['id']}", method="DELETE")
    assert project.api(f"/api/v1/issues/{rubbish['id']}").status == 404
    send(project, "rubbish")
    again = issue_of(project, "rubbish", event_count=1)
    assert again["id"] != rubbish["id"]

    change(project, waste, "discard")
    assert project.api(f"/api/v1/issues/{waste['id']}").status == 404
    send(project, "waste", 4)
    wait_for(lambda: project.outcomes().get(("filtered", "discarded")) == 4, 15, "discarded events counted")
    send(project, "gold")
    issue_of(project, "gold", event_count=2)
    assert sorted(i["title"] for i in project.issues()) == ["gold", "rubbish"]
    outcomes = project.outcomes()
    assert outcomes[("accepted", "")] == 8, outcomes

    discarded = f"/api/v1/projects/{project.id}/discarded"
    (entry,) = project.api(discarded).json["data"]
    assert entry["title"] == "waste"
    do(project, f"{discarded}/{entry['hash']}", method="DELETE")
    taken_back = time.monotonic()

    def returned():
        send(project, "waste")
        return any(i["title"] == "waste" for i in project.issues())
    wait_for(returned, 10, "the hash to be taken back")
    assert time.monotonic() - taken_back < 3
    wait_moved(project)
    assert books(project) == []


def test_GROUP_06_merged_issues_count_as_one_and_are_split_again(project):
    for n, text in enumerate(("cache miss", "cache gone", "cache cold")):
        send(project, text, n + 2, user={"id": f"u{n}"})
    project.wait_count(9)
    a, b, c = (issue_of(project, text) for text in ("cache miss", "cache gone", "cache cold"))
    do(project, f"/api/v1/issues/{b['id']}/comments", {"text": "it is the cache"}, status=201)
    merged = change(project, a, "merge", {"ids": [b["id"], c["id"]]})
    assert (merged["id"], merged["event_count"], merged["user_count"]) == (a["id"], 9, 3), merged
    assert [i["id"] for i in project.issues()] == [a["id"]]
    assert project.api(f"/api/v1/issues/{b['id']}").json["id"] == a["id"], "old ids lead on"
    assert len(project.api(f"/api/v1/issues/{a['id']}/comments").json["data"]) == 1
    send(project, "cache gone", 5)
    issue_of(project, "cache miss", event_count=14)
    wait_moved(project)
    assert len(project.api(f"/api/v1/issues/{a['id']}/events?limit=100").json["data"]) == 14
    assert books(project) == []

    hashes = project.api(f"/api/v1/issues/{a['id']}/hashes").json["data"]
    assert sorted(h["recent_events"] for h in hashes) == [2, 4, 8], hashes
    gone = next(h for h in hashes if h["recent_events"] == 8)
    parted = change(project, a, "split", {"hashes": [gone["hash"]]})
    assert (parted["event_count"], parted["user_count"], parted["title"]) == (8, 1, "cache gone"), parted
    issue_of(project, "cache miss", event_count=6, user_count=2)
    send(project, "cache gone", 2)
    issue_of(project, "cache gone", event_count=10)
    wait_moved(project)
    assert books(project) == []
    assert project.outcomes()[("accepted", "")] == 16


def kinds_of_load(n, k):
    return {"message": f"load {'abcdefgh'[n % 8]} failed", "user": {"id": f"u{n % 5}"}}


def test_GROUP_06_merging_and_splitting_under_load_and_kill_9_loses_and_doubles_nothing(cleanup):
    server = cleanup.server()
    project = server.new_project()
    load = Load(project, connections=4, event=kinds_of_load).start()
    cleanup.callback(load.stop)
    wait_for(lambda: len(project.issues()) == 8, 30, "eight issues")
    stop = threading.Event()
    done = {"merge": 0, "split": 0, "resolve": 0}

    def triage():
        """Merges, splits and resolves whatever there is, over and over."""
        n = 0
        while not stop.is_set():
            n += 1
            try:
                issues = project.issues()
                for issue in issues[:2]:
                    verb, body = "resolve", {}
                    if n % 3 == 0 and len(issues) > 2:
                        verb, body = "merge", {"ids": [i["id"] for i in issues[2:4]]}
                    elif n % 3 == 1:
                        hashes = project.api(f"/api/v1/issues/{issue['id']}/hashes").json["data"]
                        if len(hashes) > 1:
                            verb, body = "split", {"hashes": [hashes[0]["hash"]]}
                    answer = project.api(f"/api/v1/issues/{issue['id']}/{verb}", "POST", body)
                    done[verb] += answer.status == 200
                    assert answer.status != 500, answer
            except (OSError, AssertionError, ValueError, KeyError) as problem:
                if "500" in str(problem):
                    failures.append(problem)
            except Exception as problem:  # the server is being killed
                if "RemoteDisconnected" not in type(problem).__name__:
                    failures.append(problem)
    failures = []
    worker = threading.Thread(target=triage)
    worker.start()
    for _ in range(6):
        before = len(load.acknowledged)
        wait_for(lambda: len(load.acknowledged) > before + 300, 60, "events to come in")
        server.kill()
        server.start()
    stop.set()
    worker.join()
    load.stop()
    assert not failures, failures[:3]
    assert min(done.values()) > 0, done
    stored = wait_for(lambda: (rows := server.sql("select event_id from events")) and
                      set(load.acknowledged) <= {row[0].replace("-", "") for row in rows} and rows, 90, "every acknowledged event")
    wait_moved(project)
    stored = [row[0] for row in server.sql("select event_id from events")]
    assert len(stored) == len(set(stored))
    wait_for(lambda: books(project) == [], 30, f"the books to agree: {books(project)}")
    (total,) = server.sql(f"select sum(event_count) from issues where project_id = {project.id}")
    (accepted,) = server.sql(f"select sum(quantity) from outcomes where outcome = 'accepted'")
    assert int(total[0]) == int(accepted[0]) == len(set(stored)), (total, accepted, len(stored))
    regressions = server.sql("select count(*) from issue_activity where kind = 'regressed'")
    assert int(regressions[0][0]) > 0


def test_ISSUE_04_resolving_ten_thousand_issues_by_query_is_one_fast_change(cleanup):
    server = cleanup.server()
    project = server.new_project()
    letters = "abcdefghij"
    for part in range(10):
        events = [{"message": "m", "fingerprint": [f"{letters[part]}-{n}"]} for n in range(1000)]
        assert project.send(events, "/api/v1/events/bulk").status == 202
    wait_for(lambda: server.sql("select count(*) from issues where event_count > 0") == [["10000"]], 90, "10,000 issues")
    load = Load(project, connections=2).start()
    cleanup.callback(load.stop)
    wait_for(lambda: len(load.acknowledged) > 50, 30, "load")
    began = time.monotonic()
    changed = do(project, f"/api/v1/projects/{project.id}/issues", {"query": "is:unresolved m", "status": "resolved"}, "PATCH")
    seconds = time.monotonic() - began
    assert changed["changed"] >= 10_000, changed
    print(f"resolved {changed['changed']} issues in {seconds:.2f} s")
    undone = do(project, f"/api/v1/projects/{project.id}/issues/undo", changed["undo"])
    assert undone["changed"] >= 10_000, undone
