"""The search language, lists in every order, cursors, completion: as someone with many issues uses them."""
import random
import time
import urllib.parse

from harness import request


def raised(kind, value, *frames):
    return {"exception": {"values": [{"type": kind, "value": value, "stacktrace": {"frames": [
        {"function": function, "module": module, "filename": module.replace(".", "/") + ".py", "in_app": True}
        for module, function in frames]}}]}}


def send_all(project, events):
    """Sends events and waits until they are stored; their ids."""
    ids = [project.send(event).json["id"] for event in events]
    project.wait_count(len(ids))
    return ids


def get(project, path, expected=200):
    answer = project.api(f"/api/v1/projects/{project.id}/{path}")
    assert answer.status == expected, (path, answer)
    return answer.json


def found(project, list_, query, more=""):
    rows = get(project, f"{list_}?limit=100&query={urllib.parse.quote(query)}{more}")["data"]
    return sorted(row["title"] if list_ == "issues" else row["message"] for row in rows)


def all_pages(project, path):
    rows, cursor = [], ""
    while True:
        page = get(project, path + cursor)
        rows += page["data"]
        if not page["next_cursor"]:
            return rows
        cursor = "&cursor=" + urllib.parse.quote(page["next_cursor"])


def test_SEARCH_01_issues_are_found_by_state_level_people_tags_and_text(project):
    send_all(project, [
        {"message": "disk full", "level": "fatal", "environment": "production", "release": "2.1.0", "tags": {"region": "eu-1"}},
        {"message": "disk full", "level": "fatal", "environment": "staging", "release": "2.1.0", "user": {"id": "7"}},
        {"message": "slow query", "level": "warning", "environment": "production", "release": "1.9"},
        raised("CheckoutFailed", "no carrier", ("shop.app", "main"), ("shop.cart", "submitOrder"))])
    checkout = ["CheckoutFailed: no carrier"]
    for query, titles in {
            "is:unresolved": checkout + ["disk full", "slow query"], "is:resolved": [], "is:new -level:error": ["disk full", "slow query"],
            "level:fatal,warning": ["disk full", "slow query"], "level:>=error events:>1": ["disk full"],
            "environment:production": ["disk full", "slow query"], "-environment:staging release:*": ["slow query"],
            "release:2.*": ["disk full"], "region:eu-1": ["disk full"], "has:user": ["disk full"], "user.id:7": ["disk full"],
            "any.tag:eu-1": ["disk full"], "assigned:none": checkout + ["disk full", "slow query"], "assigned:me": [],
            "stack.function:order": checkout, "stack.module:shop.cart": checkout, "stack.file:cart.py": checkout,
            "type:CheckoutFailed": checkout, "carrier": checkout, "submit": checkout, '"no carrier"': checkout,
            "(level:fatal OR carrier) first_seen:-1d": checkout + ["disk full"], "NOT (disk OR carrier)": ["slow query"],
            "last_seen:+1d": [], "first_seen:>2020-01-01 users:<1": checkout + ["slow query"]}.items():
        assert found(project, "issues", query) == titles, (query, found(project, "issues", query))


def test_SEARCH_01_a_mistake_is_answered_with_its_place_and_what_was_expected(project):
    for query, position, says in [("is:open", 4, "unresolved"), ("ü level:loud", 9, "debug"), ("(a", 1, "not closed"),
                                  ('a "b', 3, "not closed"), ("events:many", 8, "whole number"), ("a OR", 5, "OR"),
                                  ("first_seen:0000-01-01", 12, "time"), ("first_seen:99999-01-01", 12, "time")]:
        error = get(project, "issues?query=" + urllib.parse.quote(query), 400)["error"]
        assert (error["code"], error["field"], error["position"]) == ("invalid_query", "query", position), (query, error)
        assert says in error["message"], (query, error)


def test_SEARCH_02_messages_are_found_by_rare_and_by_common_words(project):
    send_all(project, [{"message": f"request {n} timed out in parseHTTPResponse of shard {n % 3}"} for n in range(40)]
             + [{"message": "request met a quagga, 100%"}])
    assert len(found(project, "events", "request")) == 41
    assert found(project, "events", "quagga") == ["request met a quagga, 100%"]
    assert found(project, "events", '"a quagga, 100%"') == ["request met a quagga, 100%"]
    assert len(found(project, "events", "httpresp -quagga")) == 40
    assert found(project, "events", "TIMED 17") == ["request 17 timed out in parseHTTPResponse of shard 2"]
    assert found(project, "events", "uagga") == [] and len(found(project, "events", "*uagga")) == 1


def test_SEARCH_03_events_are_found_by_tag_key_and_value(project):
    send_all(project, [{"message": f"m{n}", "tags": {"region": "eu" if n % 3 else "us", "odd": "a b:c"}} for n in range(9)]
             + [{"message": "plain", "environment": "production"}])
    assert found(project, "events", "region:us") == ["m0", "m3", "m6"]
    assert len(found(project, "events", "region:[us, eu]")) == 9
    assert found(project, "events", "!has:region") == ["plain"]
    assert found(project, "events", 'region:us odd:"a b:c" m3') == ["m3"]
    assert found(project, "events", "environment:production") == ["plain"]
    issue = get(project, "issues?query=" + urllib.parse.quote("region:us"))["data"][0]["id"]
    rows = project.api(f"/api/v1/issues/{issue}/events?query=region:us&limit=100").json["data"]
    assert sorted(row["message"] for row in rows) == ["m0", "m3", "m6"], rows
    # What there is to ask for.
    assert [row["key"] for row in get(project, "tags?prefix=re")["data"]] == ["region"]
    assert get(project, "tags/region/values")["data"] == [{"value": "eu", "events": 6}, {"value": "us", "events": 3}]
    tags = {row["key"]: row["values"] for row in project.api(f"/api/v1/issues/{issue}/tags").json["data"]}
    assert tags["region"] == [{"value": "eu", "events": 6}, {"value": "us", "events": 3}], tags


def test_SEARCH_04_lists_show_what_was_received_in_the_last_24_hours(project):
    late = time.time() - 20 * 86400
    send_all(project, [{"message": "came late", "timestamp": late}, {"message": "came at once"}])
    assert found(project, "issues", "") == ["came at once", "came late"]
    assert found(project, "events", "") == ["came at once", "came late"]
    assert found(project, "issues", "last_seen:-1d") == ["came at once"]
    project.server.sql(f"update issues set last_received = now() - interval '25 hours', first_received = now() - "
                       f"interval '30 hours' where project_id = {project.id} and title = 'came late'")
    assert found(project, "issues", "") == ["came at once"]
    assert found(project, "issues", "", f"&from={time.time() - 26 * 3600:.0f}") == ["came at once", "came late"]
    assert found(project, "issues", "", f"&from=0&to={time.time() - 29 * 3600:.0f}") == ["came late"]


def test_SEARCH_05_every_order_pages_through_everything_once_while_events_arrive(project):
    numbers = random.Random(5)
    events = [{"message": f"kind {chr(97 + n % 23)}", "user": {"id": str(numbers.randrange(9))},
               "timestamp": time.time() - numbers.randrange(40)} for n in range(120)]
    send_all(project, events)
    field = {"frequency": "event_count", "users": "user_count", "trend": None}
    for sort in ("last_seen", "first_seen", "event_count", "frequency", "user_count", "users", "trend"):
        rows, cursor, newcomers = [], "", 0
        while True:
            page = get(project, f"issues?limit=5&sort={sort}{cursor}")
            rows += page["data"]
            if newcomers < 2:
                project.send({"message": f"newcomer of {sort} {newcomers}", "fingerprint": [sort, str(newcomers)]})
                newcomers += 1
            if not page["next_cursor"]:
                break
            cursor = "&cursor=" + urllib.parse.quote(page["next_cursor"])
        ids = [row["id"] for row in rows]
        assert len(ids) == len(set(ids)), sort
        assert sum(row["title"].startswith("kind ") for row in rows) == 23, sort
        key = field.get(sort, sort)
        values = [row[key] if key else sum(row["sparkline"]) for row in rows if row["title"].startswith("kind ")]
        assert values == sorted(values, reverse=True), (sort, values)
    assert len(all_pages(project, "events?limit=7&query=kind")) == 120
    assert len(all_pages(project, "tags?limit=1")) == len(get(project, "tags")["data"])


def test_SEARCH_05_cursors_belong_to_their_list_order_query_and_range(project):
    send_all(project, [{"message": f"m{n}", "fingerprint": [str(n)], "tags": {f"t{n}": "x"}} for n in range(4)])
    issues = urllib.parse.quote(get(project, "issues?limit=1")["next_cursor"])
    events = urllib.parse.quote(get(project, "events?limit=1")["next_cursor"])
    tags = urllib.parse.quote(get(project, "tags?limit=1")["next_cursor"])
    for path in (f"issues?cursor={events}", f"issues?sort=users&cursor={issues}", f"issues?query=m1&cursor={issues}",
                 f"issues?from=0&cursor={issues}", f"events?cursor={issues}", f"events?query=m&cursor={events}",
                 f"tags?prefix=t&cursor={tags}", f"tags/t1/values?cursor={tags}", "issues?cursor=%27%3B--", f"events?cursor={events}x"):
        error = get(project, path, 400)["error"]
        assert (error["code"], error["field"]) == ("invalid_cursor", "cursor"), (path, error)
    assert len(get(project, f"issues?cursor={issues}")["data"]) == 3


def test_SEARCH_01_02_03_05_bad_input_of_every_kind_is_refused_or_finds_nothing(project):
    send_all(project, [{"message": "one"}])
    issue = get(project, "issues")["data"][0]["id"]
    lists = [f"/api/v1/projects/{project.id}/{what}" for what in
             ("issues", "events", "tags", "tags/k/values", "dashboard/volume", "dashboard/levels", "dashboard/top-issues",
              "dashboard/tags", "dashboard/health")]
    lists += [f"/api/v1/issues/{issue}/{what}" for what in ("events", "tags", "timeline")]
    lists += [f"/api/v1/orgs/{project.organization['id']}/overview"]
    nasty = ["'", '"', ";", "'; drop table events; --", "%00", "%ff%fe", "%C0%80", "\\", "{}", "*", "[", "-1", "1e309",
             "0000-01-01T00:00:00Z", "99999-01-01T00:00:00Z", "a" * 5000]
    names = ("query", "sort", "from", "to", "limit", "cursor", "prefix", "key", "tz", "bucket", "environment", "level")
    # Every parameter of every list meets four of them, and every one of them several lists.
    for p, path in enumerate(lists):
        for n, name in enumerate(names):
            for value in (nasty[(5 * p + 3 * n + 4 * k) % len(nasty)] for k in range(4)):
                quoted = value if value.startswith("%") else urllib.parse.quote(value)
                answer = project.api(f"{path}?{name}={quoted}")
                assert answer.status in (200, 400), (path, name, value, answer)
                if answer.status == 400:
                    assert answer.json["error"]["field"], (path, name, value, answer)
    long = project.api(f"/api/v1/projects/{project.id}/issues?query=" + "a" * (1 << 20))
    assert 400 <= long.status < 500, long
    assert found(project, "issues", "one") == ["one"]
    assert request(project.server.base, "GET", lists[0]).status == 401
