"""Live sockets and taps whose rights end are closed, whatever ended them. Times are printed: they should be below a second."""
import datetime
import time

from harness import WebSocket
from test_people import new_account


def closed_after(live, seconds=20):
    """Seconds until the other side says that it closes; whatever it says before is read."""
    began = time.monotonic()
    while not live.closed:
        assert time.monotonic() - began < seconds, "the socket is still open"
        live.receive(0.2)
    return time.monotonic() - began


def new_token(project, **more):
    made = project.api("/api/v1/tokens", "POST", {"name": "for a while", "scopes": ["read"], **more})
    assert made.status in (200, 201), made
    return made.json


def watch(project, headers):
    live = WebSocket(project.server.base, "/api/v1/live", headers)
    assert live.status == 101, live.answer
    live.send({"type": "subscribe", "id": "s", "project_id": project.id, "filter": {}})
    assert live.receive(20)["type"] == "subscribed"
    return live


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def soon(seconds):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)).isoformat()


def test_STREAM_01_a_token_that_is_revoked_or_expires_ends_its_sockets_within_a_second(project):
    token = new_token(project)
    live, keeps = watch(project, bearer(token["token"])), watch(project, bearer(project.token))
    assert project.api(f"/api/v1/tokens/{token['id']}", "DELETE").status == 204
    print(f"revoked: closed after {closed_after(live):.3f} s")
    # Whoever changes it, also behind the server's back.
    token = new_token(project)
    live = watch(project, bearer(token["token"]))
    project.server.sql(f"update api_tokens set expires_at = now() - interval '1 minute' where id = {token['id']}")
    print(f"changed in the database: closed after {closed_after(live):.3f} s")
    token = new_token(project, expires_at=soon(2))
    live = watch(project, bearer(token["token"]))
    tap = WebSocket(project.server.base, "/api/v1/graph/nodes/parse/tap", bearer(token["token"]))
    assert tap.receive(10)["type"] == "tapping"
    print(f"expires two seconds after it was made: closed after {closed_after(live):.3f} s")
    print(f"and its tap {closed_after(tap):.3f} s later")
    keeps.send({"type": "ping"})
    assert keeps.receive(10) and not keeps.closed


def test_STREAM_01_a_member_who_is_removed_or_signs_out_sees_nothing_more_within_a_second(project):
    browser, email = new_account(project)
    cookie = lambda: {"Cookie": "; ".join(f"{k}={v}" for k, v in browser.cookies.items()), "Origin": project.server.base}
    live = watch(project, cookie())
    me = browser.send("GET", "/api/v1/me").json["user"]["id"]
    began = time.monotonic()
    member = f"/api/v1/orgs/{project.organization['id']}/members/{me}"
    assert project.api(member, "DELETE").status == 204
    said = live.receive(20)
    assert said and said["type"] == "error" and said["code"] == "not_found" and said["id"] == "s", said
    print(f"removed: told after {time.monotonic() - began:.3f} s")
    live.send({"type": "subscribe", "id": "again", "project_id": project.id, "filter": {}})
    assert live.receive(20)["code"] == "not_found"
    assert browser.send("POST", "/api/v1/auth/logout").status == 204
    print(f"signed out: closed after {closed_after(live):.3f} s")


def test_GRAPH_07_a_tap_ends_with_the_token_it_was_opened_with(project):
    token = new_token(project)
    tap = WebSocket(project.server.base, "/api/v1/graph/nodes/parse/tap", bearer(token["token"]))
    assert tap.receive(10)["type"] == "tapping"
    assert project.api(f"/api/v1/tokens/{token['id']}", "DELETE").status == 204
    print(f"revoked: the tap is closed after {closed_after(tap):.3f} s")
