"""Notifications over time: receivers and mail servers that are away, clocks that jump, rules that come and go."""
import json
import time

from harness import wait_for
from receivers import Mails, Webhooks, certificate
from shifted_clock import ShiftedClock
from test_faults_alerts import PRIVATE, add_rule, count, deliveries, fingerprinted, hook

SOON = [*PRIVATE, "--notification-interval", "1 s"]


def send_issues(project, numbers):
    body = json.dumps([fingerprinted(n) for n in numbers])
    assert project.send(body, "/api/v1/events/bulk").status == 202


def told(receiver):
    """Alerts' keys, a delivery counted once however often it came."""
    with receiver.lock:
        by_id = {headers["x-mesher-delivery"]: body for _, headers, body in receiver.got}
    return [alert["key"] for body in by_id.values() for alert in json.loads(body)["alerts"]]


def test_ALERT_07_a_receiver_that_is_away_for_an_hour_gets_everything_once_and_holds_nobody_up(cleanup):
    clock = ShiftedClock(cleanup)
    server = cleanup.server(arguments=SOON, environment=clock.environment)
    project = server.new_project()
    away, good = Webhooks(cleanup, away=True), Webhooks(cleanup)
    rule = add_rule(project, {"type": "new_issue"}, actions=hook(away.url))
    add_rule(project, {"type": "new_issue"}, actions=hook(good.url))
    send_issues(project, range(20))
    wait_for(lambda: len(told(good)) == 20, 60, "the one that is there is told")
    attempts = lambda: (deliveries(project, rule) or [{"attempt_count": 0}])[-1]["attempt_count"]
    wait_for(lambda: attempts() >= 1, 60)
    for minutes in (20, 40, 60):
        before = attempts()
        clock.advance(1200)
        wait_for(lambda: attempts() > before, 60, f"another attempt after {minutes} minutes")
        send_issues(project, range(minutes, minutes + 20))
        wait_for(lambda: len(told(good)) == 20 + minutes, 60, "the one that is there is told")
    # Storage went on, and what waits is one delivery and a line for each alert behind it.
    project.wait_count(80)
    waiting = deliveries(project, rule)
    assert [d["status"] for d in waiting] == ["pending"] and len(waiting[0]["attempts"]) <= 20, waiting
    assert int(server.sql("select count(*) from alert_deliveries where status = 'pending'")[0][0]) == 1
    away.come_back()
    clock.advance(600)
    wait_for(lambda: len(told(away)) >= 80, 60, "the one that was away is told of everything")
    wait_for(lambda: all(d["status"] == "delivered" for d in deliveries(project, rule)), 60)
    assert sorted(told(away)) == sorted(told(good)) == sorted(set(told(good))), told(away)
    assert len(away.got) <= 4, len(away.got)


def test_ALERT_02_05_a_clock_that_jumps_forward_silences_no_rule_and_tells_nothing_twice(cleanup):
    clock = ShiftedClock(cleanup)
    server = cleanup.server(arguments=SOON, environment=clock.environment)
    project = server.new_project()
    receiver = Webhooks(cleanup)
    add_rule(project, count(3, window=60), actions=hook(receiver.url), cooldown_seconds=1)
    alerts = lambda: project.api(f"/api/v1/projects/{project.id}/alerts").json["data"]
    for n, shift in enumerate((0, 3600), start=1):
        clock.set(shift)
        wait_for(lambda: all(alert["status"] == "resolved" for alert in alerts()), 60, "the last one resolves")
        assert abs(float(server.sql("select extract(epoch from now())")[0][0]) - time.time() - shift) < 600, "the clock is not set"
        for _ in range(3):
            assert project.send({"message": "fire"}).status == 202
        wait_for(lambda: len(alerts()) >= n, 60, f"alert {n} fires with the clock {shift} s off")
        wait_for(lambda: len(told(receiver)) >= n, 60, f"alert {n} is told with the clock {shift} s off")
        assert len(alerts()) == n and len(told(receiver)) == n, (alerts(), told(receiver))
    project.wait_count(6)


def test_ALERT_07_mail_goes_by_starttls_and_by_tls_signed_in_in_one_thread_an_issue_and_never_in_the_clear(cleanup):
    paths = certificate(cleanup)
    starttls, tls = Mails(cleanup, tls="starttls", paths=paths), Mails(cleanup, tls="tls", paths=paths)
    clear = Mails(cleanup)
    password = {"MESHER_SMTP_PASSWORD": "s3cret"}
    through = lambda mails, *more: ["--smtp-url", mails.url, "--smtp-from", "alerts@example.com", "--smtp-user", "mesher",
                                    "--notification-interval", "1 s", *more]
    trusting = ["--notification-ca-file", paths[0]]
    server = cleanup.server(arguments=through(starttls, *trusting), environment=password)

    def restart(arguments):
        server.stop()
        server.arguments = arguments
        server.start()

    # One that is cut short comes once more, under the same id.
    mails = lambda receiver: list({message["Message-ID"]: message for _, message in receiver.got}.values())
    nothing_waits = lambda: server.sql("select count(*) from alert_deliveries where status = 'pending'") == [["0"]]
    project = server.new_project()
    mail = [{"type": "email", "to": ["a@example.com"]}]
    rule = add_rule(project, {"type": "new_issue"}, actions=mail)
    add_rule(project, count(2, per="issue"), actions=mail, name="twice")
    broke = {"message": "it broke", "fingerprint": ["one"]}
    project.send(broke)
    wait_for(lambda: len(mails(starttls)) == 1, 60, "a mail by STARTTLS")
    project.send(broke)
    wait_for(lambda: len(mails(starttls)) == 2, 60, "another one")
    wait_for(nothing_waits, 60)
    restart(through(tls, *trusting))
    project.send({"message": "something else", "fingerprint": ["two"]})
    wait_for(lambda: len(mails(tls)) == 1, 60, "a mail by TLS")
    wait_for(nothing_waits, 60)
    first, second, other = mails(starttls) + mails(tls)
    assert first["References"] == second["References"] == second["In-Reply-To"] != other["References"]
    for message in (first, second, other):
        assert {part.get_content_type() for part in message.iter_parts()} == {"text/plain", "text/html"}, message
    assert "STARTTLS" in starttls.verbs and "STARTTLS" not in tls.verbs

    # A certificate that nobody vouches for, and a server that can't encrypt: neither mail nor password goes there.
    known = len(deliveries(project, rule))

    def latest():
        found = deliveries(project, rule)
        return found[0] if len(found) > known else {"attempt_count": 0, "status": "none"}

    starttls.verbs.clear()
    restart(through(starttls))
    project.send({"message": "a third kind", "fingerprint": ["three"]})
    wait_for(lambda: latest()["attempt_count"] >= 1, 60)
    assert latest()["status"] == "pending" and "certificate" in latest()["attempts"][0]["error"], latest()
    before = latest()["attempt_count"]
    restart(through(clear))
    wait_for(lambda: latest()["attempt_count"] > before, 60)
    assert latest()["status"] == "pending" and not clear.got, latest()
    assert "AUTH" not in starttls.verbs + clear.verbs and "EHLO" in clear.verbs, (starttls.verbs, clear.verbs)
    restart(through(tls, *trusting))
    wait_for(lambda: latest()["status"] == "delivered" and len(mails(tls)) == 2, 60, "the mail that waited")
    project.wait_count(4)
