"""People and rights on servers with settings of their own."""
import json
import time

from harness import request, wait_for
from test_people import Browser, PASSWORD


def test_ORG_06_failed_sign_ins_are_throttled_by_account_and_by_address(cleanup):
    server = cleanup.server(arguments=["--sign-in-attempts", "3", "--sign-in-attempts-per-address", "6"])
    server.new_project(email="ann@example.com")
    browser = Browser(server.base)
    for _ in range(3):
        assert browser.sign_in("ann@example.com", "wrong").status == 401
    refused = browser.sign_in("ann@example.com")
    assert refused.status == 429 and refused.json["error"]["code"] == "rate_limited", refused
    assert 1 <= int(refused.headers["retry-after"]) <= 300, refused.headers
    for n in range(3):
        assert browser.sign_in(f"nobody{n}@example.com", "wrong").status == 401
    assert browser.sign_in("nobody9@example.com", "wrong").status == 429
    # Somebody else's address, as a proxy on this machine tells it.
    elsewhere = browser.send("POST", "/api/v1/auth/login", {"email": "bob@example.com", "password": "wrong"}, {"X-Forwarded-For": "203.0.113.9"})
    assert elsewhere.status == 401, elsewhere


def test_ORG_06_a_lost_password_is_set_on_the_machine_and_ends_the_sessions(cleanup):
    server = cleanup.server()
    server.new_project(email="ann@example.com")
    browser = Browser(server.base)
    assert browser.sign_in("ann@example.com").status == 200
    assert browser.send("GET", "/api/v1/me").status == 200
    done = server.command("passwd", "--email", "Ann@Example.com", stdin="a better password\n")
    assert "ann@example.com" in done.stdout, done.stdout
    wait_for(lambda: browser.send("GET", "/api/v1/me").status == 401, 2, "the session has ended")
    assert browser.sign_in("ann@example.com", PASSWORD).status == 401
    assert browser.sign_in("ann@example.com", "a better password").status == 200
    short = server.command("passwd", "--email", "ann@example.com", stdin="short\n", check=False)
    assert short.returncode == 1 and "8" in short.stderr, short.stderr
    nobody = server.command("passwd", "--email", "nobody@example.com", stdin="a better password\n", check=False)
    assert nobody.returncode == 1 and "no account" in nobody.stderr, nobody.stderr
    log = browser.send("GET", "/api/v1/me").json["organizations"][0]["id"]
    entries = browser.send("GET", f"/api/v1/orgs/{log}/audit-log?action=account.password").json["data"]
    assert entries[0]["actor"] == {"id": None, "name": "mesher passwd", "token_id": None}, entries


def test_ORG_06_the_first_owner_signs_in_with_what_the_first_start_prints(cleanup):
    import re
    server = cleanup.server()
    said = re.search(r"sign in\s+(\S+) with password (\S+)", wait_for(lambda: re.search(r"sign in\s+(\S+) with password (\S+)", server.log()) and server.log(), 10))
    browser = Browser(server.base)
    assert browser.sign_in(said.group(1), said.group(2)).status == 200
    me = browser.send("GET", "/api/v1/me").json
    assert me["user"]["is_instance_owner"] and me["organizations"][0]["role"] == "owner", me
    assert browser.send("GET", "/api/v1/graph").status == 200


def test_ORG_05_requests_of_a_token_are_limited_and_others_are_not(cleanup):
    server = cleanup.server(arguments=["--api-rate-limit", "60", "--cors-origins", "https://dash.example.com"])
    project = server.new_project()
    answers = [project.api("/api/v1/me") for _ in range(62)]
    assert [a.status for a in answers].count(200) in (60, 61, 62) and answers[-1].status == 429, [a.status for a in answers[-5:]]
    assert answers[0].headers["ratelimit-limit"] == "60" and answers[0].headers["ratelimit-remaining"] == "59", answers[0].headers
    assert int(answers[-1].headers["retry-after"]) >= 1
    other = server.new_project()
    assert other.api("/api/v1/me", headers={"Origin": "https://dash.example.com"}).headers["access-control-allow-origin"] == "https://dash.example.com"
    assert "access-control-allow-origin" not in other.api("/api/v1/me", headers={"Origin": "https://evil.example.com"}).headers
    preflight = request(server.base, "OPTIONS", "/api/v1/me", headers={"Origin": "https://dash.example.com", "Access-Control-Request-Method": "PATCH"})
    assert preflight.status == 204, preflight


def test_ORG_06_sessions_end_when_idle_and_survive_a_restart(cleanup):
    server = cleanup.server(arguments=["--session-idle", "2 s"])
    server.new_project(email="ann@example.com")
    browser = Browser(server.base)
    assert browser.sign_in("ann@example.com").status == 200
    assert browser.send("GET", "/api/v1/me").status == 200
    wait_for(lambda: browser.send("GET", "/api/v1/me/sessions").status == 401 or time.sleep(2.5), 20, "the idle session has ended")
    server.stop()
    server.arguments = []
    server.start()
    assert browser.sign_in("ann@example.com").status == 200
    server.stop()
    server.start()
    assert browser.send("GET", "/api/v1/me").status == 200
