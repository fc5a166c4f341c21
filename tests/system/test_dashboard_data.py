"""Dashboards' figures against the events that were sent: equal to the last one."""
import datetime
import random
import urllib.parse

LEVELS = ["debug", "info", "warning", "error", "fatal"]


def fill(project, count=300):
    """Sends random events; what was sent."""
    numbers = random.Random(11)
    sent = []
    for n in range(count):
        event = {"message": f"kind {numbers.choice('abcdef')}", "level": numbers.choice(LEVELS), "tags": {"region": numbers.choice(["eu", "us"])},
                 "user": {"id": str(numbers.randrange(40))}}
        if numbers.random() < 0.7:
            event["environment"] = numbers.choice(["production", "staging"])
        if numbers.random() < 0.5:
            event["release"] = numbers.choice(["1.0", "2.0"])
        sent.append(event)
    for at in range(0, count, 100):
        answer = project.send(sent[at:at + 100], path="/api/v1/events/bulk")
        assert answer.status == 202 and answer.json["accepted"] == len(sent[at:at + 100]), answer
    project.wait_count(count)
    return sent


def dashboard(project, what, expected=200):
    answer = project.api(f"/api/v1/projects/{project.id}/dashboard/{what}")
    assert answer.status == expected, (what, answer)
    return answer.json


def count(events, **wanted):
    return sum(all(event.get(key) == value for key, value in wanted.items()) for event in events)


def test_DASH_01_volume_equals_counting_in_hours_and_in_the_viewers_days(project):
    sent = fill(project)
    for query in ("", "?bucket=day", "?bucket=day&tz=Europe/Berlin", "?bucket=day&tz=Pacific/Auckland", "?bucket=day&tz=Asia/Kathmandu"):
        volume = dashboard(project, "volume" + query)
        assert volume["total"] == len(sent) == sum(point["events"] for point in volume["data"]), (query, volume)
        starts = [point["start"] for point in volume["data"]]
        assert starts == sorted(set(starts))
    berlin = dashboard(project, "volume?bucket=day&tz=Europe/Berlin")["data"]
    assert {point["start"][11:] for point in berlin} <= {"22:00:00.000Z", "23:00:00.000Z"}, berlin
    assert len(dashboard(project, "volume")["data"]) == 25
    for key, values in (("environment", ["production", "staging"]), ("release", ["1.0", "2.0"]), ("level", LEVELS)):
        for value in values:
            assert dashboard(project, f"volume?{key}={value}")["total"] == count(sent, **{key: value}), (key, value)
    refused = dashboard(project, "volume?environment=production&release=1.0", 400)["error"]
    assert "only one of" in refused["message"], refused
    # What the rows say.
    rows = project.server.sql(f"select count(*), count(distinct event_id) from events where project_id = {project.id}")
    assert rows == [[str(len(sent))] * 2], rows


def test_DASH_02_levels_equal_counting(project):
    sent = fill(project)
    levels = dashboard(project, "levels?bucket=day")
    assert levels["totals"] == {level: count(sent, level=level) for level in LEVELS}
    assert {level: sum(point["levels"][level] for point in levels["data"]) for level in LEVELS} == levels["totals"]


def test_DASH_03_top_issues_are_ranked_by_their_events_in_the_range(project):
    sent = fill(project)
    top = dashboard(project, "top-issues")["data"]
    assert [entry["events"] for entry in top] == sorted((entry["events"] for entry in top), reverse=True)
    assert {entry["issue"]["title"]: entry["events"] for entry in top} == \
        {f"kind {c}": count(sent, message=f"kind {c}") for c in "abcdef"}
    assert len(dashboard(project, "top-issues?limit=2")["data"]) == 2
    assert dashboard(project, "top-issues?from=0&to=3600")["data"] == []
    assert dashboard(project, "top-issues?environment=production", 400)["error"]["field"] == "environment"


def test_DASH_04_tags_equal_counting(project):
    sent = fill(project)
    for key, values in (("environment", ["production", "staging"]), ("release", ["1.0", "2.0"])):
        shares = dashboard(project, f"tags?key={key}")
        assert {row["value"]: row["events"] for row in shares["data"]} == {value: count(sent, **{key: value}) for value in values}
    regions = dashboard(project, "tags?key=region")
    assert {row["value"]: row["events"] for row in regions["data"]} == \
        {value: sum(event["tags"]["region"] == value for event in sent) for value in ("eu", "us")}
    assert regions["from"].endswith("T00:00:00.000Z") and regions["to"] > regions["from"], regions


def test_DASH_05_the_timeline_of_an_issue_equals_counting(project):
    sent = fill(project)
    for issue in project.issues():
        for query in ("bucket=hour", "bucket=day", "bucket=day&tz=America/New_York"):
            timeline = project.api(f"/api/v1/issues/{issue['id']}/timeline?{query}").json
            assert timeline["total"] == count(sent, message=issue["title"]) == issue["event_count"], (issue, timeline)
            assert sum(point["events"] for point in timeline["data"]) == timeline["total"]
        assert sum(issue["sparkline"]) == issue["event_count"]


def test_DASH_06_health_and_overview_add_up(project):
    sent = fill(project)
    health = dashboard(project, "health?tz=UTC")
    users = len({event["user"]["id"] for event in sent})
    assert health["unresolved"] == 6 and health["events_24h"] == len(sent), health
    assert abs(health["users"]["last_7_days"] - users) <= 2 and health["users"]["today"] <= health["users"]["last_7_days"], health
    today = datetime.datetime.now(datetime.timezone.utc).date()
    new = sum(issue["first_seen"][:10] == str(today) for issue in project.issues())
    assert health["new_today"] in (new, 6), (health, new)
    cursor, mine = "", []
    while True:
        page = project.api(f"/api/v1/orgs/{project.organization['id']}/overview?limit=100{cursor}").json
        mine += [row for row in page["data"] if row["project"]["id"] == project.id]
        if not page["next_cursor"]:
            break
        cursor = "&cursor=" + urllib.parse.quote(page["next_cursor"])
    assert len(mine) == 1 and mine[0]["events_24h"] == len(sent) == sum(mine[0]["sparkline"]), mine
    assert mine[0]["unresolved"] == 6


def test_DASH_01_02_03_04_05_06_sums_stay_exact_when_ids_repeat(project):
    """A client's own retries are stored once and counted once."""
    event = {"message": "again", "event_id": "0123456789abcdef0123456789abcdef", "environment": "production"}
    for _ in range(3):
        assert project.send(event).status == 202
    project.send({"message": "other"})
    project.wait_count(2)
    assert dashboard(project, "volume")["total"] == 2
    assert dashboard(project, "levels")["totals"]["error"] == 2
    assert sum(entry["events"] for entry in dashboard(project, "top-issues")["data"]) == 2
    assert dashboard(project, "tags?key=environment")["data"] == [{"value": "production", "events": 1}]
