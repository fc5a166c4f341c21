"""Kills at any moment: nothing acknowledged is lost, nothing is counted twice."""
import os
import random
import signal
import time

from harness import Load, wait_for


def books(server, project):
    """All places that count events, read from the database; they must agree."""
    one = lambda query: int(server.sql(query)[0][0] or 0)
    p = project.id
    return {"rows": one(f"select count(*) from events where project_id = {p}"),
            "distinct": one(f"select count(distinct event_id) from events where project_id = {p}"),
            "issues": one(f"select sum(event_count) from issues where project_id = {p}"),
            "project_hours": one(f"select sum(events) from project_hours where project_id = {p}"),
            "issue_hours": one(f"select sum(events) from issue_hours where project_id = {p}"),
            "accepted": one(f"select sum(quantity) from outcomes where project_id = {p} and outcome = 'accepted'")}


def check_books(server, project, load):
    acknowledged = len(load.acknowledged)
    wait_for(lambda: books(server, project)["issues"] >= acknowledged, 90, f"{acknowledged} acknowledged events counted")
    check_settled_books(server, project, [load])


def check_settled_books(server, project, loads, extra=0):
    """Every acknowledged id is stored once, all counts agree; what was sent without an answer may be stored or not.
    `extra`: events sent beside the loads."""
    acknowledged = [event_id for load in loads for event_id in load.acknowledged]
    unknown = sum(load.unknown for load in loads)
    last = None
    def settled():
        nonlocal last
        before, last = last, books(server, project)
        return before == last
    wait_for(settled, 30)
    assert len(set(last.values())) == 1, last
    assert len(acknowledged) + extra <= last["rows"] <= len(acknowledged) + extra + unknown, \
        (last, len(acknowledged), extra, unknown)
    stored = {row[0].replace("-", "") for row in server.sql(f"select event_id from events where project_id = {project.id}")}
    lost = [event_id for event_id in acknowledged if event_id not in stored]
    assert not lost, (len(lost), lost[:5])


def test_RESIL_03_twenty_kills_of_mesher_under_load_lose_and_double_nothing(cleanup):
    server = cleanup.server()
    project = server.new_project()
    load = Load(project, event=lambda n, k: {"message": f"worker {k} failed on order {n}", "tags": {"k": str(k)},
                                             "extra": {"pad": "x" * 1500}}).start()
    seeded = random.Random(20)
    for _ in range(20):
        time.sleep(seeded.uniform(0.2, 1.5))
        server.kill()
        server.start()
    time.sleep(0.5)
    load.stop()
    assert len(load.acknowledged) > 1000, (len(load.acknowledged), load.refused)
    check_books(server, project, load)


def test_RESIL_03_five_kills_of_postgresql_under_load_lose_and_double_nothing(cleanup):
    server = cleanup.server()
    project = server.new_project()
    load = Load(project).start()
    seeded = random.Random(5)
    for _ in range(5):
        time.sleep(seeded.uniform(1, 3))
        for pid in wait_for(server.postgres_pids, 30, "PostgreSQL is up again"):
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.5)
    time.sleep(1)
    load.stop()
    assert load.refused == {}, load.refused
    check_books(server, project, load)


def test_RESIL_02_sigterm_drains_and_answers_what_was_begun(cleanup):
    server = cleanup.server()
    project = server.new_project()
    load = Load(project).start()
    time.sleep(1.5)
    assert server.stop() == 0
    load.stop()
    server.start()
    check_books(server, project, load)
