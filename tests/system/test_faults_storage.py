"""The database away, disks full, the journal at its quota, journal files damaged."""
import glob
import os
import random
import time

from harness import Load, Postgres, SmallDisk, wait_for
from test_faults_kill import check_books


def ready(server):
    return server.get("/readyz")


def test_RESIL_03_postgresql_away_and_back_needs_no_restart_and_loses_nothing(cleanup):
    postgres = Postgres()
    cleanup.callback(postgres.remove)
    server = cleanup.server(arguments=["--database-url", postgres.url])
    project = server.new_project()
    load = Load(project, connections=4).start()
    time.sleep(2)
    postgres.stop()
    wait_for(lambda: ready(server).status == 503, 20, "/readyz says 503")
    assert b"database" in ready(server).body.lower(), ready(server)
    before = len(load.acknowledged)
    time.sleep(10)
    assert len(load.acknowledged) > before + 100, "events are taken while PostgreSQL is away"
    postgres.start()
    wait_for(lambda: ready(server).status == 200, 30, "/readyz says 200 again")
    time.sleep(1)
    load.stop()
    assert load.refused == {}, load.refused
    check_books(server, project, load)


def test_INGEST_06_journal_at_its_quota_answers_503_and_drains(cleanup):
    postgres = Postgres()
    cleanup.callback(postgres.remove)
    server = cleanup.server(arguments=["--database-url", postgres.url, "--journal-max-size", "24 MiB"])
    project = server.new_project()
    postgres.stop()
    load = Load(project, event=lambda n, k: {"message": "m", "extra": {"pad": "x" * 50_000}}).start()
    wait_for(lambda: load.refused.get(503, 0) > 20, 60, "503s at the quota")
    refused = project.send({"message": "one more", "extra": {"pad": "x" * 100_000}})
    assert refused.status == 503 and int(refused.headers["retry-after"]) > 0, refused
    assert b"journal" in ready(server).body.lower(), ready(server)
    postgres.start()
    def accepted_again():
        n = len(load.acknowledged)
        time.sleep(0.5)
        return len(load.acknowledged) > n
    wait_for(accepted_again, 60, "events are taken again")
    load.stop()
    assert set(load.refused) <= {503}, load.refused
    check_books(server, project, load)


def test_INGEST_06_disk_of_the_journal_full_answers_503_and_recovers(cleanup):
    disk = SmallDisk(96)
    cleanup.callback(disk.remove)
    postgres = Postgres()
    cleanup.callback(postgres.remove)
    data = os.path.join(disk.path, "data")
    os.mkdir(data)
    server = cleanup.server(data=data, arguments=["--database-url", postgres.url, "--journal-min-free-disk", "4 MiB"])
    project = server.new_project()
    load = Load(project, event=lambda n, k: {"message": "m", "extra": {"pad": "x" * 20_000}}).start()
    time.sleep(1)
    disk.fill()
    wait_for(lambda: load.refused.get(503, 0) > 20, 60, "503s while the disk is full")
    disk.free()
    n = len(load.acknowledged)
    wait_for(lambda: len(load.acknowledged) > n + 50, 60, "events are taken again")
    load.stop()
    assert set(load.refused) <= {503}, load.refused
    check_books(server, project, load)


def test_RESIL_03_disk_of_postgresql_full_then_freed_loses_nothing(cleanup):
    disk = SmallDisk(400)
    cleanup.callback(disk.remove)
    folder = os.path.join(disk.path, "pg")
    os.mkdir(folder)
    postgres = Postgres(folder)
    cleanup.callback(postgres.stop)
    server = cleanup.server(arguments=["--database-url", postgres.url])
    project = server.new_project()
    # PostgreSQL writes into the log files that it has for a while yet. What the journal takes meanwhile has to fit on the
    # disk in the end: at most 800 events a second, 3 kB each on disk, for a minute.
    load = Load(project, event=lambda n, k: {"message": "m", "extra": {"pad": os.urandom(500).hex()}}, rate=100).start()
    wait_for(lambda: len(load.acknowledged) > 500, 30)
    disk.fill()
    # What PostgreSQL gives back at a checkpoint is taken too.
    wait_for(lambda: disk.fill() or ready(server).status == 503, 120, "/readyz says 503")
    n = len(load.acknowledged)
    wait_for(lambda: len(load.acknowledged) > n + 100, 30, "events are taken while PostgreSQL has no room")
    load.stop()
    assert load.refused == {}, load.refused
    disk.free()
    postgres.stop()  # PostgreSQL itself may have given up over its full disk
    postgres.start()
    wait_for(lambda: ready(server).status == 200, 60, "/readyz says 200 again")
    check_books(server, project, load)


def test_RESIL_03_damaged_journal_segments_are_skipped_counted_and_reported(cleanup):
    postgres = Postgres()
    cleanup.callback(postgres.remove)
    server = cleanup.server(arguments=["--database-url", postgres.url])
    project = server.new_project()
    postgres.stop()
    load = Load(project).start()
    wait_for(lambda: len(load.acknowledged) > 4000, 60)
    load.stop()
    server.kill()
    seeded = random.Random(3)
    segments = [path for path in glob.glob(os.path.join(server.data, "journal", "**"), recursive=True)
                if os.path.isfile(path) and os.path.getsize(path) > 100_000]
    assert segments
    for path in segments[:3]:
        with open(path, "r+b") as segment:
            used = len(segment.read().rstrip(b"\0"))
            for _ in range(3):
                segment.seek(seeded.randrange(4096, used))
                segment.write(os.urandom(7))
    postgres.start()
    server.start()
    wait_for(lambda: ready(server).status == 200, 30)
    n = len(load.acknowledged)
    wait_for(lambda: project.count() > n * 0.5, 60, "what is intact is stored")
    assert server.metric("mesher_journal_damaged_bytes_total") > 0 or "damage" in server.log(), server.log()[-2000:]
    assert project.send({"message": "goes on"}).status == 202
    wait_for(lambda: any(i["title"] == "goes on" for i in project.issues()), 20)
