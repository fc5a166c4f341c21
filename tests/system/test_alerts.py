"""Alert rules from outside: made, refused, fired, acknowledged, resolved, tried on the past."""
import json

from harness import wait_for

COUNT = {"type": "event_count", "threshold": 3, "window_seconds": 3600, "per": "project"}


def add_rule(project, **more):
    body = {"name": "burning", "condition": COUNT, **more}
    answer = project.api(f"/api/v1/projects/{project.id}/alert-rules", "POST", body)
    assert answer.status == 201, answer
    return answer.json


def alerts(project, query=""):
    answer = project.api(f"/api/v1/projects/{project.id}/alerts{query}")
    assert answer.status == 200, answer
    return answer.json["data"]


def test_ALERT_01_rules_are_made_listed_changed_and_deleted_and_their_secrets_never_shown(project):
    made = add_rule(project, severity="critical", filter="level:error environment:production", cooldown_seconds=300,
                    actions=[{"type": "webhook", "url": "https://example.com/x", "secret": "hush-hush"},
                             {"type": "email", "to": ["a@example.com"]}])
    assert made["enabled"] and made["actions"][0]["has_secret"] and "hush-hush" not in json.dumps(made)
    place = f"/api/v1/alert-rules/{made['id']}"
    read = project.api(place)
    assert read.status == 200 and read.json == made
    changed = project.api(place, "PATCH", {"enabled": False, "actions": [{"type": "webhook", "url": "https://example.com/x",
                                                                          "format": "slack"}]},
                          {"If-Match": read.headers["etag"]})
    assert changed.status == 200, changed
    assert not changed.json["enabled"] and changed.json["actions"][0]["has_secret"], "the secret of the same URL stays"
    assert project.api(place, "PATCH", {"name": "x"}, {"If-Match": read.headers["etag"]}).status == 412
    listed = project.api(f"/api/v1/projects/{project.id}/alert-rules").json["data"]
    assert [rule["id"] for rule in listed] == [made["id"]]
    assert project.api(place, "DELETE").status == 204
    assert project.api(place).status == 404
    log = project.api(f"/api/v1/orgs/{project.organization['id']}/audit-log?limit=100").json["data"]
    actions = [entry["action"] for entry in log if entry["project_id"] == project.id]
    assert {"alert_rule.create", "alert_rule.update", "alert_rule.delete"} <= set(actions), actions
    assert "hush-hush" not in json.dumps(log)


def test_ALERT_01_rules_with_mistakes_are_refused_with_the_member_and_the_position(project):
    def refused(field, text="", **more):
        body = {"name": "x", "condition": COUNT, **more}
        answer = project.api(f"/api/v1/projects/{project.id}/alert-rules", "POST", body)
        assert answer.status == 400, (more, answer)
        error = answer.json["error"]
        assert error["field"] == field and text in error["message"], error

    hook = lambda **more: [{"type": "webhook", "url": "https://example.com", **more}]
    refused("condition.window_seconds", condition={**COUNT, "window_seconds": 0})
    refused("condition.window_seconds", condition={**COUNT, "window_seconds": 365 * 86400})
    refused("condition.threshold", condition={**COUNT, "threshold": 0})
    refused("condition.threshold", condition={**COUNT, "threshold": 1.5})
    refused("condition.threshold", condition={**COUNT, "type": "user_count", "threshold": 10_000_000})
    refused("condition.per", condition={**COUNT, "per": "nobody"})
    refused("condition.type", condition={"type": "weather"})
    refused("condition.threshold", condition={"type": "new_issue", "threshold": 1})
    refused("condition.percent", condition={"type": "percent_change", "percent": 0, "window_seconds": 60, "against": "day"})
    refused("condition.percent", condition={"type": "percent_change", "percent": -200, "window_seconds": 60, "against": "day"})
    refused("condition.against", condition={"type": "percent_change", "percent": 50, "window_seconds": 60})
    refused("filter", "character 15", filter="level:error (((")
    refused("filter", "character 1", filter="is:unresolved")
    refused("actions[0].url", actions=[{"type": "webhook", "url": "nowhere"}])
    refused("actions[0].template", "at byte 4: unknown variable `nobody`", actions=hook(format="template", template="hi {{nobody}}"))
    refused("actions[0].secret", actions=hook(format="pagerduty"))
    refused("actions[0].to[0]", actions=[{"type": "email", "to": ["nobody"]}])
    refused("nam", nam="x")
    assert project.api(f"/api/v1/projects/{project.id}/alert-rules").json["data"] == []


def test_ALERT_02_03_04_06_alerts_fire_once_reach_watchers_and_are_acknowledged_and_resolved(project):
    add_rule(project, name="three")
    add_rule(project, name="fresh", condition={"type": "new_issue"}, filter="message:first")
    add_rule(project, name="release", condition={"type": "new_release"})
    live = project.live()
    for n in range(10):
        assert project.send({"message": "first things first", "release": "shop@1.0"}).status == 202
    told = {}
    def all_told():
        message = live.receive(1)
        if message and message["type"] == "alert":
            told[message["alert"]["rule"]["name"]] = message["alert"]
        return len(told) == 3
    wait_for(all_told, 60, "three alerts on the live stream")
    assert told["three"]["key"] == "project" and told["three"]["value"] == 3, told
    assert told["fresh"]["key"] == f"issue:{told['fresh']['issue']['id']}"
    assert told["release"]["key"] == "release:shop@1.0"
    project.wait_count(10)
    found = {alert["rule"]["name"]: alert for alert in alerts(project)}
    assert len(alerts(project)) == 3 and set(found) == {"three", "fresh", "release"}, found
    first = found["three"]
    done = project.api(f"/api/v1/alerts/{first['id']}/acknowledge", "POST")
    assert done.status == 200 and done.json["status"] == "acknowledged" and done.json["acknowledged_by"], done
    assert [a["id"] for a in alerts(project, "?status=acknowledged")] == [first["id"]]
    done = project.api(f"/api/v1/alerts/{first['id']}/resolve", "POST")
    assert done.status == 200 and done.json["status"] == "resolved", done
    assert project.api(f"/api/v1/alerts/{first['id']}/acknowledge", "POST").status == 409
    # An alert about an issue is over with the issue.
    issue = found["fresh"]["issue"]["id"]
    assert project.api(f"/api/v1/issues/{issue}/resolve", "POST", {}).status == 200
    wait_for(lambda: project.api(f"/api/v1/alerts/{found['fresh']['id']}").json["status"] == "resolved", 60)


def test_ALERT_06_resolves_by_itself_when_the_window_is_quiet(project):
    rule = add_rule(project, condition={**COUNT, "window_seconds": 5})
    for n in range(20):
        project.send({"message": "fire"})
    fired = wait_for(lambda: alerts(project, f"?rule={rule['id']}"), 60)
    wait_for(lambda: project.api(f"/api/v1/alerts/{fired[0]['id']}").json["status"] == "resolved", 60)
    assert project.api(f"/api/v1/alerts/{fired[0]['id']}").json["resolved_by"] is None


def test_ALERT_02_a_new_rule_knows_what_was_stored_before_it(project):
    for n in range(5):
        project.send({"message": "before"})
    project.wait_count(5)
    add_rule(project, condition={**COUNT, "threshold": 5})
    fired = wait_for(lambda: alerts(project), 60)
    assert len(fired) == 1 and fired[0]["value"] == 5, fired


def test_ALERT_01_a_rule_is_tried_on_the_past_before_it_is_saved(project):
    for n in range(7):
        project.send({"message": "past", "tags": {"region": "eu"}})
    project.wait_count(7)
    def preview(**body):
        answer = project.api(f"/api/v1/projects/{project.id}/alert-rules/preview", "POST", {"name": "x", **body})
        assert answer.status == 200, answer
        return answer.json
    assert preview(condition=COUNT)["count"] == 1
    assert preview(condition={**COUNT, "threshold": 100})["count"] == 0
    assert preview(condition={**COUNT, "per": "tag:region"})["firings"][0]["key"] == "region:eu"
    assert preview(condition={"type": "new_issue"})["count"] == 1
    assert preview(condition={"type": "regression"})["count"] == 0
    assert preview(condition={"type": "new_issue"}, filter="message:nothing")["count"] == 0
    for against in ("day", "week"):
        assert preview(condition={"type": "percent_change", "percent": 50, "window_seconds": 3600, "against": against})["count"] == 0
    assert alerts(project) == []


def test_ALERT_07_webhooks_into_private_networks_are_refused(project):
    rule = add_rule(project, actions=[{"type": "webhook", "url": "http://localhost:9/x"}])
    sent = project.api(f"/api/v1/alert-rules/{rule['id']}/test", "POST")
    assert sent.status == 202, sent
    place = f"/api/v1/alert-deliveries/{sent.json['deliveries'][0]['id']}"
    log = wait_for(lambda: (d := project.api(place).json) and d["status"] == "failed" and d, 60)
    assert log["attempt_count"] == 1 and "private" in log["attempts"][0]["error"], log
