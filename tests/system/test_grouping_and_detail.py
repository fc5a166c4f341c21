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


def wait_for_rules(project, rules):
    """Puts `rules` in force with one of our own in front, and sends probes until that one has grouped two of them."""
    document = json.dumps({"fingerprint_rules": 'message:"probe *" -> probe-of-rules\n' + rules}).replace("'", "''")
    project.server.sql(f"update projects set settings = settings || '{document}'::jsonb where id = {project.id}")
    words = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu"]
    sent = iter(words * 50)
    def grouped():
        assert project.send({"message": f"probe {next(sent)} {next(sent)}"}).status == 202
        return any(i["event_count"] > 1 and i["title"].startswith("probe") for i in project.issues())
    wait_for(grouped, 30, "the rules are in force")


def by_title(project, title):
    return [i for i in project.issues() if i["title"].startswith(title)]


def test_GROUP_03_a_projects_rules_decide_before_the_senders_fingerprint(project):
    wait_for_rules(project, 'type:DatabaseError message:"connection *" -> database-down\n'
                            'function:pay -> {{ default }} {{ tags.tenant }} title="Payment of {{ tags.tenant }}"\n')
    for n, place in enumerate(["load", "save", "list", "find"]):
        event = raised("DatabaseError", f"Connection to db-{n} lost", "main", place)
        assert project.send({**event, "fingerprint": [f"mine-{n}"]} if n % 2 else event).status == 202
    for n in range(6):
        project.send({**raised("CardError", "declined", "main", "pay"), "tags": {"tenant": f"t{n % 2}"}})
    project.send(raised("DatabaseError", "syntax error", "main", "load"))
    wait_for(lambda: len(by_title(project, "Payment of")) == 2 and len(by_title(project, "DatabaseError")) == 2
             and sum(i["event_count"] for i in by_title(project, "Payment of") + by_title(project, "DatabaseError")) == 11)
    assert sorted(i["event_count"] for i in by_title(project, "DatabaseError")) == [1, 4], project.issues()
    assert [i["event_count"] for i in by_title(project, "Payment of")] == [3, 3], project.issues()


def test_GROUP_06_why_this_group_names_components_rule_and_issue(project):
    rules = "type:KeyError -> lost-keys\n"
    wait_for_rules(project, rules)
    first = project.send(raised("KeyError", "a", "main", "load")).json["id"]
    other = project.send(raised("ValueError", "b", "main", "save")).json["id"]
    wait_for(lambda: project.event(first).status == 200 and project.event(other).status == 200)
    why = project.api(f"/api/v1/events/{first}/grouping").json
    assert why["method"] == "fingerprint" and why["fingerprint_from"] == "rule", why
    assert why["rule"] == {"line": 2, "text": "type:KeyError -> lost-keys"}, why
    assert why["leads_to_issue_id"] == why["issue_id"] and why["changed"] is False, why
    assert [v["contributes"] for v in why["variants"]][0] is True
    overruled = [v for v in why["variants"] if not v["contributes"]]
    assert overruled and all(not c["contributes"] for v in overruled for c in v["components"]), why
    assert any(c["reason"] == "the fingerprint decides" for v in overruled for c in v["components"]), why

    why = project.api(f"/api/v1/events/{other}/grouping").json
    assert why["rule"] is None and why["method"] == "exception", why
    assert any(c["name"] == "value" and not c["contributes"] and c["reason"] for v in why["variants"] for c in v["components"])

    # Other rules: the event stays where it is, and the answer says that it would go elsewhere today.
    project.server.sql(f"update projects set settings = settings - 'fingerprint_rules' where id = {project.id}")
    why = project.api(f"/api/v1/events/{first}/grouping").json
    assert why["changed"] is True and why["leads_to_issue_id"] is None and why["rule"] is None, why
    assert "new issue" in why["verdict"], why


def preview(project, rules, **more):
    return project.api(f"/api/v1/projects/{project.id}/fingerprint-rules/preview", "POST", {"rules": rules, **more})


def test_GROUP_06_rules_can_be_previewed_on_stored_events(project):
    for n in range(3):
        for place in ("load", "save", "drop"):
            project.send({**raised("DatabaseError", f"lost {n}", "main", place), "tags": {"tenant": f"t{n}"}})
    project.send(raised("ValueError", "other", "main", "parse"))
    project.wait_count(10)
    answer = preview(project, "type:DatabaseError -> database-down")
    assert answer.status == 200, answer
    body = answer.json
    assert body["looked_at"]["issues"] == 4 and body["looked_at"]["events"] == 10, body
    assert body["rules"] == [{"line": 1, "rule": "type:DatabaseError -> database-down", "events": 9}], body
    assert body["issues"] == {"joining": 3, "joined_into": 1, "parting": 0, "replaced": 0, "unchanged": 1}, body
    join = body["joins"][0]
    assert join["issue_count"] == 3 and join["rule_line"] == 1 and join["issue_id"] is None, join
    assert all(i["title"].startswith("DatabaseError") and i["event_ids"] for i in join["issues"]), join
    event = project.event(join["issues"][0]["event_ids"][0]).json
    assert event["issue_id"] == join["issues"][0]["id"], event

    body = preview(project, "function:load -> {{ default }} {{ tags.tenant }}\n").json
    assert body["issues"]["parting"] == 1 and body["issues"]["joining"] == 0, body
    assert len(body["parts"][0]["groups"]) == 3 and body["parts"][0]["issue"]["id"], body
    body = preview(project, "type:ValueError -> values", limit=1).json
    assert body["looked_at"]["issues"] == 1, body
    assert preview(project, "").json["issues"]["unchanged"] == 4
    # Nothing was changed.
    assert len(project.issues()) == 4


def test_GROUP_06_mistakes_in_rules_are_told_with_their_places(project):
    answer = preview(project, "typ:A -> a\ntype:A ->\nlevel:eror -> {{ nam }}\n")
    assert answer.status == 422, answer
    error = answer.json["error"]
    assert error["code"] == "invalid_rules" and error["field"] == "rules", error
    assert [(d["line"], d["column"]) for d in error["diagnostics"]] == [(1, 1), (2, 10), (3, 7), (3, 15)], error
    assert "did you mean `type`?" in error["diagnostics"][0]["hint"], error
    for body, field in [({}, "rules"), ({"rules": 7}, "rules"), ({"rules": "", "limit": 0}, "limit"),
                        ({"rules": "", "limit": 301}, "limit"), ({"rules": "", "from": "yesterday"}, "from"),
                        ({"rules": "", "to": 5}, "to"), ({"rules": "", "from": "2026-02-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"}, "from")]:
        answer = project.api(f"/api/v1/projects/{project.id}/fingerprint-rules/preview", "POST", body)
        assert answer.status == 400 and answer.json["error"]["field"] == field, (body, answer)
    for body in ["[]", "nonsense", '{"rules":"\\u0000 -> x"}', "{" * 2000]:
        answer = project.api(f"/api/v1/projects/{project.id}/fingerprint-rules/preview", "POST", body)
        assert answer.status in (400, 422), (body, answer)


def test_GROUP_06_similar_issues_are_ranked_by_likeness(project):
    project.send(raised("TimeoutError", "no answer from stock", "main", "serve", "order", "reserve"))
    project.send(raised("TimeoutError", "no answer from stock", "main", "serve", "order", "release"))
    project.send(raised("TimeoutError", "other words entirely", "cron", "sweep"))
    project.send({"message": "nothing in common"})
    project.wait_count(4)
    issues = {i["culprit"] + i["title"]: i for i in project.issues()}
    mine = next(i for key, i in issues.items() if "reserve" in key)
    answer = project.api(f"/api/v1/issues/{mine['id']}/similar")
    assert answer.status == 200, answer
    data = answer.json["data"]
    assert "release" in data[0]["culprit"] and data[0]["likeness"] >= 0.5, data
    assert mine["id"] not in [d["id"] for d in data]
    assert [d["likeness"] for d in data] == sorted((d["likeness"] for d in data), reverse=True)
    assert all(d["title"] != "nothing in common" for d in data), data
    assert project.api("/api/v1/issues/999999999/similar").status == 404


def test_GROUP_05_an_issue_knows_the_release_that_it_came_with(project):
    project.send({**raised("E", "x", "a", "b"), "release": "shop@1.2.3"})
    project.wait_count(1)
    project.send({**raised("E", "x", "a", "b"), "release": "shop@1.2.4"})
    project.wait_count(2)
    assert project.issues()[0]["first_release"] == "shop@1.2.3", project.issues()


def test_INGEST_07_what_users_say_is_kept_with_its_event(project):
    event_id = "fc6d8c0c43fc4630ad850ee518f1b9d0"
    lines = [json.dumps({"event_id": event_id}), json.dumps({"type": "event"}), json.dumps({"message": "checkout failed"}),
             json.dumps({"type": "user_report"}),
             json.dumps({"event_id": "0" * 32, "name": "Ann", "email": "ann@example.com", "comments": "I clicked \"pay\" ü"})]
    assert project.envelope("\n".join(lines)).status == 200
    early = "aaaaaaaaaaaa4aaaaaaaaaaaaaaaaaaa"
    feedback = {"type": "feedback", "contexts": {"feedback": {"message": "slow again", "contact_email": "bob@example.com",
                "name": "Bob", "associated_event_id": early, "url": "https://shop.example/pay"}}}
    head = json.dumps({"event_id": "bbbbbbbbbbbb4bbbbbbbbbbbbbbbbbbb"})
    body = "\n".join([head, json.dumps({"type": "feedback"}), json.dumps(feedback)])
    assert project.envelope(body).status == 200
    assert project.envelope(body).status == 200  # sent twice, kept once
    assert project.envelope("\n".join([head, json.dumps({"type": "user_report"}), '{"name":"nobody"}'])).status == 200
    path = f"/api/v1/projects/{project.id}/feedback"
    said = wait_for(lambda: (lambda d: d if len(d) == 2 else None)(project.api(path).json["data"]), 20, "both are kept")
    ann = next(f for f in said if f["name"] == "Ann")
    assert ann["event_id"] == event_id and ann["email"] == "ann@example.com" and ann["comments"] == 'I clicked "pay" ü', ann
    bob = next(f for f in said if f["name"] == "Bob")
    assert bob["event_id"] == early and bob["issue_id"] is None and bob["url"] == "https://shop.example/pay", bob
    # Its event comes later.
    project.send({"event_id": early, "message": "it was slow indeed"})
    project.wait_count(2)
    issues = {i["title"]: i["id"] for i in project.issues()}
    for title, name in [("checkout failed", "Ann"), ("it was slow indeed", "Bob")]:
        data = project.api(f"/api/v1/issues/{issues[title]}/feedback").json["data"]
        assert [f["name"] for f in data] == [name] and data[0]["issue_id"] == issues[title], data
    # Page by page.
    page = project.api(path + "?limit=1").json
    rest = project.api(path + "?limit=1&cursor=" + page["next_cursor"]).json
    assert page["data"][0]["id"] != rest["data"][0]["id"] and rest["next_cursor"] is None, (page, rest)
    def counts():
        rows = project.api(f"/api/v1/projects/{project.id}/outcomes").json["data"]
        return {(r["outcome"], r["reason"]): r["quantity"] for r in rows if r["category"] == "feedback"}
    wait_for(lambda: counts() == {("invalid", "feedback"): 1, ("accepted", ""): 3}, 20, "what was said is in the outcomes")
