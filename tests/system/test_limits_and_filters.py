"""Rate limits, inbound filters, what happens to items that are not kept, settings of projects."""
import http.client
import json
import re
import time
import uuid

from harness import wait_for


def limit_key(project, per_minute):
    project.server.sql(f"update project_keys set rate_limit_per_minute = {per_minute} where project_id = {project.id}")
    announce(project)


def settings(project, **changed):
    project.server.sql(f"update projects set settings = settings || '{json.dumps(changed)}' where id = {project.id}")
    announce(project)


def announce(project):
    project.server.sql("update project_version set version = version + 1; notify mesher_projects")


def quantity(project, outcome):
    return sum(n for (its, _), n in project.outcomes().items() if its == outcome)


class Minute:
    """Posts single events, 60 a second, and keeps when each was sent and answered."""

    def __init__(self, project):
        self.project, self.accepted, self.refused = project, [], []
        self.connection = http.client.HTTPConnection("127.0.0.1", project.server.port, timeout=30)

    def post(self):
        sent = time.monotonic()
        self.connection.request("POST", "/api/v1/events", b'{"message": "steady"}', {"X-Mesher-Auth": self.project.key})
        answer = self.connection.getresponse()
        answer.read()
        assert answer.status in (202, 429), answer.status
        (self.accepted if answer.status == 202 else self.refused).append((sent, time.monotonic()))
        return answer

    def run(self, seconds):
        began = time.monotonic()
        n = 0
        while time.monotonic() < began + seconds:
            self.post()
            n += 1
            time.sleep(max(0, began + n / 60 - time.monotonic()))


def test_INGEST_04_the_limit_is_exact_to_one_percent_over_any_minute(project):
    limit, slack = 1200, 12
    traffic = Minute(project)
    limit_key(project, 1)
    wait_for(lambda: traffic.post().status == 429, 20, "a limit of one a minute")
    before = len(traffic.refused), len(traffic.accepted)
    traffic.accepted.clear()
    limit_key(project, limit)
    wait_for(lambda: traffic.post().status == 202, 20, "the limit is raised")
    traffic.run(66)
    accepted = traffic.accepted
    # Sent and answered within a minute: no more than the limit. The window is at most 0.1 s longer than a minute.
    for begin, _ in accepted:
        inside = sum(sent >= begin and answered <= begin + 60 for sent, answered in accepted)
        assert inside <= limit + slack, (begin, inside)
    # Whoever was refused had a full minute behind it: no less than the limit.
    late = [sent for sent, _ in traffic.refused if sent > accepted[0][0] + 1]
    assert len(late) > 1000, len(late)
    for sent in late[::20]:
        behind = sum(answered >= sent - 60 for _, answered in accepted if answered <= sent)
        assert behind >= limit - slack, (sent, behind)
    assert len(accepted) > limit, "after a minute there is room again"
    wait_for(lambda: quantity(project, "rate_limited") == len(traffic.refused), 20, "every refusal is counted")
    assert before[0] >= 1


def test_INGEST_04_a_key_over_its_limit_leaves_the_other_projects_alone(project):
    other = project.server.new_project()
    limit_key(project, 3)
    wait_for(lambda: project.send({"message": "probe"}).status == 429, 20, "the limit holds")
    refused = project.send({"message": "one more"})
    assert int(refused.headers["retry-after"]) > 0 and "x-sentry-rate-limits" in refused.headers, refused
    for n in range(10):
        assert other.send({"message": f"fine {n}"}).status == 202
    other.wait_count(10)


def test_INGEST_07_every_kind_of_item_is_stored_or_dropped_and_counted(project):
    kinds = {"transaction": "transaction", "span": "span", "profile": "profile", "profile_chunk": "profile_chunk",
             "replay_event": "replay", "replay_recording": "replay", "session": "session", "sessions": "session",
             "check_in": "monitor", "log": "log_item", "statsd": "metric_bucket", "attachment": "attachment"}
    for kind in [*kinds, "kind_of_the_future"]:
        body = b"\x00\xff raw bytes" if kind in ("attachment", "replay_recording") else b'{"some": "thing"}'
        head = json.dumps({"event_id": uuid.uuid4().hex}).encode()
        item = json.dumps({"type": kind, "length": len(body)}).encode()
        answer = project.envelope(b"\n".join([head, item, body]))
        assert answer.status == 200, (kind, answer)
    def counted():
        rows = project.api(f"/api/v1/projects/{project.id}/outcomes").json["data"]
        return {row["category"] for row in rows if row["outcome"] == "discarded" and row["reason"] == "not_supported"} \
            >= set(kinds.values())
    wait_for(counted, 20, "every category has its outcome")
    assert project.issues() == []


def test_INGEST_09_filters_take_out_what_a_project_does_not_want_and_count_it(project):
    settings(project, filters={"localhost": True, "web_crawlers": True, "browser_extensions": True,
                               "messages": ["*unwanted*"], "releases": ["shop@0.*"]})
    crawler = {"headers": {"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"}}
    extension = {"frames": [{"filename": "chrome-extension://abcdef/inject.js", "function": "f"}]}
    events = {
        "release-version": {"message": "old", "release": "shop@0.9.1"},
        "error-message": {"message": "an unwanted thing"},
        "localhost": {"message": "at home", "request": {"url": "http://localhost:3000/cart"}},
        "web-crawlers": {"message": "crawled", "request": {"url": "https://shop.example/", **crawler}},
        "browser-extensions": {"platform": "javascript", "user": {"ip_address": "203.0.113.9"},  # not the sender's own
                               "exception": {"type": "TypeError", "value": "x", "stacktrace": extension}}}
    def filtered():
        return {reason: n for (outcome, reason), n in project.outcomes().items() if outcome == "filtered"}
    probes = 0
    def taken_up():
        nonlocal probes
        assert project.send({"message": "probe", "release": "shop@0.1"}).status == 202
        probes += 1
        return filtered()
    wait_for(taken_up, 20, "the filters are in force")
    for event in events.values():
        assert project.send(event).status == 202
    kept = {"message": "wanted", "release": "shop@1.0.0", "request": {"url": "https://shop.example/cart"}}
    assert project.send(kept).status == 202
    wait_for(lambda: sum(project.outcomes().values()) == probes + len(events) + 1, 20, "every event has an outcome")
    outcomes = project.outcomes()
    for reason in events:
        assert outcomes.get(("filtered", reason), 0) >= 1, (reason, outcomes)
    assert sum(filtered().values()) + quantity(project, "accepted") == probes + len(events) + 1, outcomes
    titles = {issue["title"] for issue in project.issues()}
    assert "wanted" in titles and titles <= {"wanted", "probe"}, titles


def test_ORG_02_03_a_project_shows_its_platform_slug_settings_and_keys(project):
    shown = project.api(f"/api/v1/projects/{project.id}").json
    assert shown["platform"] == "python" and re.fullmatch(r"[a-z0-9-]+", shown["slug"]), shown
    assert isinstance(shown["settings"], dict), shown
    keys = project.api(f"/api/v1/projects/{project.id}/keys").json["data"]
    assert [key["public_key"] for key in keys] == [project.key] and project.key in keys[0]["dsn"], keys
    # A second key works on its own: revoking the first leaves it alone.
    second = uuid.uuid4().hex
    project.server.sql(f"insert into project_keys (project_id, public_key) values ({project.id}, '{second}')")
    announce(project)
    by_second = {"X-Mesher-Auth": second}
    wait_for(lambda: project.send({"message": "second"}, headers=by_second).status == 202, 20, "the second key works")
    project.server.sql(f"update project_keys set enabled = false where public_key = '{project.key}'")
    announce(project)
    wait_for(lambda: project.send(b"never stored").status == 403, 20, "the first key is revoked")
    assert project.send({"message": "second"}, headers=by_second).status == 202
    project.wait_count(2)
