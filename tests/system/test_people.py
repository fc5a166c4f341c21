"""People and rights, as they meet them: signing in, organisations, invitations, tokens, keys, settings."""
import concurrent.futures
import json
import time
import urllib.parse
import uuid

from harness import WebSocket, request, wait_for

PASSWORD = "correct horse battery"


class Browser:
    """Keeps cookies and the CSRF token as a page would."""

    def __init__(self, base):
        self.base, self.cookies, self.csrf = base, {}, None

    def send(self, method, path, body=None, headers=None):
        own = {"Content-Type": "application/json"}
        if self.cookies:
            own["Cookie"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        if self.csrf and method != "GET":
            own["X-CSRF-Token"] = self.csrf
        data = body if body is None or isinstance(body, (bytes, str)) else json.dumps(body)
        answer = request(self.base, method, path, data, {**own, **(headers or {})})
        if "set-cookie" in answer.headers:
            pair = answer.headers["set-cookie"].split(";")[0]
            name, value = pair.split("=", 1)
            self.cookies[name] = value
        if answer.status in (200, 201) and b'"csrf_token"' in answer.body:
            self.csrf = answer.json["csrf_token"]
        return answer

    def sign_in(self, email, password=PASSWORD):
        return self.send("POST", "/api/v1/auth/login", {"email": email, "password": password})


def new_account(project, role="member", organization=None):
    """Invites somebody into the project's organisation; their browser, signed in, and their address."""
    email = f"{uuid.uuid4().hex[:12]}@example.com"
    org = organization or project.organization["id"]
    invitation = project.api(f"/api/v1/orgs/{org}/invitations", "POST", {"email": email, "role": role})
    assert invitation.status == 201, invitation
    browser = Browser(project.server.base)
    path = urllib.parse.urlsplit(invitation.json["link"]).path
    accepted = browser.send("POST", path, {"password": PASSWORD, "name": "Newcomer"})
    assert accepted.status == 201, accepted
    return browser, email


def new_organization(project, name=None):
    answer = project.api("/api/v1/orgs", "POST", {"name": name or "Org " + uuid.uuid4().hex[:10]})
    assert answer.status == 201, answer
    return answer.json


def new_project(project, org, name="web", **more):
    made = project.api(f"/api/v1/orgs/{org}/projects", "POST", {"name": name, **more})
    assert made.status == 201, made
    key = project.api(f"/api/v1/projects/{made.json['id']}/keys").json["data"][0]
    return made.json, key


def post_event(base, key, event, **headers):
    return request(base, "POST", "/api/v1/events", json.dumps(event),
                   {"X-Mesher-Auth": key, "Content-Type": "application/json", **headers})


def accepts(project, key, wanted=True, seconds=3):
    """Until the key works, or does not; how long that took."""
    began = time.monotonic()
    wait_for(lambda: (post_event(project.server.base, key, {"message": "is it in force"}).status == 202) == wanted, seconds)
    return time.monotonic() - began


def test_ORG_01_nothing_of_one_organisation_is_visible_to_another(project):
    mine, theirs = new_organization(project), new_organization(project)
    web, _ = new_project(project, mine["id"])
    secret = "visible to us only " + uuid.uuid4().hex
    assert project.api(f"/api/v1/projects/{web['id']}", "PATCH", {"name": secret}).status == 200
    member, _ = new_account(project, "owner", theirs["id"])
    for path in (f"orgs/{mine['id']}", f"orgs/{mine['id']}/members", f"orgs/{mine['id']}/projects", f"orgs/{mine['id']}/teams",
                 f"orgs/{mine['id']}/audit-log", f"orgs/{mine['id']}/invitations", f"projects/{web['id']}",
                 f"projects/{web['id']}/keys", f"projects/{web['id']}/issues", f"projects/{web['id']}/events",
                 f"projects/{web['id']}/outcomes"):
        answer = member.send("GET", "/api/v1/" + path)
        assert answer.status == 404, (path, answer)
        assert secret.encode() not in answer.body
    for method, path, body in (("PATCH", f"orgs/{mine['id']}", {"name": "x"}), ("DELETE", f"orgs/{mine['id']}", None),
                               ("PATCH", f"projects/{web['id']}", {"name": "x"}), ("DELETE", f"projects/{web['id']}", None),
                               ("POST", f"projects/{web['id']}/keys", {}), ("POST", f"orgs/{mine['id']}/invitations", {})):
        assert member.send(method, "/api/v1/" + path, body).status == 404, (method, path)
    everything = member.send("GET", "/api/v1/me").body + member.send("GET", "/api/v1/orgs").body
    assert secret.encode() not in everything and f'"slug":"{mine["slug"]}"'.encode() not in everything
    assert project.api(f"/api/v1/projects/{web['id']}").json["name"] == secret


def test_ORG_01_a_deleted_organisation_is_gone_at_once_and_its_rows_soon(project):
    org = new_organization(project)
    web, key = new_project(project, org["id"])
    accepts(project, key["public_key"])
    server = project.server
    rows = f"select (select count(*) from events where project_id = {web['id']}) + (select count(*) from issues where project_id = {web['id']})"
    wait_for(lambda: int(server.sql(rows)[0][0]) >= 2, 20, "the event is stored")
    assert project.api(f"/api/v1/orgs/{org['id']}", "DELETE").status == 204
    assert project.api(f"/api/v1/orgs/{org['id']}").status == 404
    assert project.api(f"/api/v1/projects/{web['id']}/events").status == 404
    assert accepts(project, key["public_key"], False) < 1.5
    wait_for(lambda: int(server.sql(rows)[0][0]) == 0, 30, "its rows are removed")
    # Others notice nothing, events under way included.
    project.send({"message": "still here"})
    project.wait_count(1)


def test_ORG_02_events_under_way_to_a_project_that_is_deleted_hold_nobody_up(project):
    org = new_organization(project)
    web, key = new_project(project, org["id"])
    accepts(project, key["public_key"])
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        def storm(k):
            for n in range(60):
                post_event(project.server.base, key["public_key"], {"message": f"distinct {uuid.uuid4().hex} {k} {n}", "fingerprint": [uuid.uuid4().hex]})
        storms = [pool.submit(storm, k) for k in range(4)]
        time.sleep(0.05)
        assert project.api(f"/api/v1/projects/{web['id']}", "DELETE").status == 204
        for one in storms:
            one.result()
    project.send({"message": "behind them"})
    project.wait_count(1)


def test_ORG_02_projects_have_settings_that_are_checked_and_named(project):
    path = f"/api/v1/projects/{project.id}"
    before = project.api(path)
    changed = project.api(path, "PATCH", {"platform": "go", "settings": {"retention_days": 30, "filters": {"releases": ["1.*"]}}},
                          {"If-Match": before.headers["etag"]})
    assert changed.status == 200 and changed.json["settings"]["retention_days"] == 30, changed
    assert changed.json["settings"]["filters"]["releases"] == ["1.*"] and changed.json["platform"] == "go"
    late = project.api(path, "PATCH", {"name": "late"}, {"If-Match": before.headers["etag"]})
    assert late.status == 412 and late.json["error"]["code"] == "precondition_failed", late
    for body, field in (({"settings": {"sample_rate": 2}}, "settings.sample_rate"), ({"settings": {"filtres": {}}}, "settings.filtres"),
                        ({"slug": "No Slug"}, "slug"), ({"name": "'; drop table projects; --" * 20}, "name")):
        answer = project.api(path, "PATCH", body)
        assert answer.status == 400 and answer.json["error"]["field"] == field, answer
    assert "did you mean" in project.api(path, "PATCH", {"settings": {"filtres": {}}}).json["error"]["message"]
    quoted = "Robert'); drop table projects; -- \"%s\" \\ ✓"
    assert project.api(path, "PATCH", {"name": quoted}).json["name"] == quoted
    assert project.api(path).json["name"] == quoted


def test_ORG_03_keys_are_made_disabled_rotated_and_revoked_within_a_second(project):
    keys = f"/api/v1/projects/{project.id}/keys"
    made = project.api(keys, "POST", {"name": "mobile"})
    assert made.status == 201 and len(made.json["public_key"]) == 32, made
    assert made.json["dsn"].endswith(f"{made.json['public_key']}@{urllib.parse.urlsplit(project.server.base).netloc}/{project.id}")
    key = f"{keys}/{made.json['id']}"
    public = made.json["public_key"]
    assert accepts(project, public) < 1.5
    assert project.api(key, "PATCH", {"enabled": False}).status == 200
    assert accepts(project, public, False) < 1.5
    assert project.api(key, "PATCH", {"enabled": True}).status == 200
    assert accepts(project, public) < 1.5
    rotated = project.api(key + "/rotate", "POST", {})
    assert rotated.status == 200 and rotated.json["public_key"] != public, rotated
    assert accepts(project, rotated.json["public_key"]) < 1.5
    assert accepts(project, public, False) < 1.5
    assert project.api(key, "DELETE").status == 204
    assert accepts(project, rotated.json["public_key"], False) < 1.5
    # The project's first key was never touched.
    assert project.send({"message": "as ever"}).status == 202


def test_ORG_03_the_rate_limit_of_a_key_counts_for_events_sent_after(project):
    made = project.api(f"/api/v1/projects/{project.id}/keys", "POST", {"name": "slow", "rate_limit_per_minute": 3}).json
    accepts(project, made["public_key"])
    statuses = [post_event(project.server.base, made["public_key"], {"message": "x"}).status for _ in range(6)]
    assert statuses.count(202) == 2 and statuses.count(429) == 4, statuses
    assert project.send({"message": "another key"}).status == 202


def test_ORG_04_every_role_may_do_what_the_page_says_and_no_more(project):
    org = new_organization(project)
    web, _ = new_project(project, org["id"])
    people = {role: new_account(project, role, org["id"])[0] for role in ("member", "admin", "owner")}
    o, p = f"/api/v1/orgs/{org['id']}", f"/api/v1/projects/{web['id']}"
    # (method, path, body): the lowest role
    table = [("GET", o, None, "member"), ("GET", p, None, "member"), ("GET", f"{p}/keys", None, "member"),
             ("GET", f"{o}/members", None, "member"), ("GET", f"{o}/audit-log", None, "admin"),
             ("GET", f"{o}/invitations", None, "admin"), ("PATCH", o, {"name": "Same"}, "admin"),
             ("PATCH", p, {"platform": "go"}, "admin"), ("POST", f"{p}/keys", {"name": "k"}, "admin"),
             ("POST", f"{o}/teams", None, "admin"), ("POST", f"{o}/invitations", {}, "admin"),
             ("GET", "/api/v1/graph", None, "nobody"), ("POST", "/api/v1/orgs", {"name": "x"}, "nobody"), ("DELETE", o, None, "owner")]
    order = ["member", "admin", "owner", "nobody"]
    for method, path, body, lowest in table:
        for role, browser in people.items():
            allowed = order.index(role) >= order.index(lowest)
            given = {"name": uuid.uuid4().hex} if path.endswith("/teams") else body
            answer = browser.send(method, path, given)
            assert (answer.status < 300) == allowed, (role, method, path, answer)
            assert allowed or answer.status == 403, (role, method, path, answer)


def test_ORG_04_invitations_work_once_and_roles_change_at_once(project):
    org = new_organization(project)
    browser, email = new_account(project, "member", org["id"])
    me = browser.send("GET", "/api/v1/me").json
    assert me["user"]["email"] == email and me["organizations"][0]["role"] == "member", me
    member = f"/api/v1/orgs/{org['id']}/members/{me['user']['id']}"
    rename = lambda: browser.send("PATCH", f"/api/v1/orgs/{org['id']}", {"name": "Renamed"}).status
    assert rename() == 403
    assert project.api(member, "PATCH", {"role": "admin"}).status == 200
    assert rename() == 200
    assert project.api(member, "DELETE").status == 204
    assert rename() == 404
    link = project.api(f"/api/v1/orgs/{org['id']}/invitations", "POST", {}).json["link"]
    path = urllib.parse.urlsplit(link).path
    assert browser.send("POST", path, {}).status == 200
    assert browser.send("POST", path, {}).status == 404
    assert browser.send("GET", f"/api/v1/orgs/{org['id']}").status == 200
    owner = project.api(f"/api/v1/orgs/{org['id']}/leave", "POST")
    assert owner.status == 409, owner


def test_ORG_05_tokens_have_scopes_and_end_when_they_are_revoked(project):
    made = project.api("/api/v1/tokens", "POST", {"name": "ci", "scopes": ["read"]}, {"Idempotency-Key": uuid.uuid4().hex})
    assert made.status == 201, made
    bearer = {"Authorization": "Bearer " + made.json["token"], "Content-Type": "application/json"}
    use = lambda method, path, body=None: request(project.server.base, method, path, body, bearer)
    assert use("GET", f"/api/v1/projects/{project.id}").status == 200
    refused = use("PATCH", f"/api/v1/projects/{project.id}", '{"name":"x"}')
    assert refused.status == 403 and "admin" in refused.json["error"]["message"], refused
    mine = lambda: next(t for t in project.api("/api/v1/tokens?limit=100").json["data"] if t["id"] == made.json["id"])
    wait_for(lambda: mine()["last_used_at"], 5, "its last use is recorded")
    assert made.json["token"] not in project.api("/api/v1/tokens?limit=100").body.decode()
    assert project.api(f"/api/v1/tokens/{made.json['id']}", "DELETE").status == 204
    assert use("GET", f"/api/v1/projects/{project.id}").status == 401


def test_ORG_05_a_repeated_creation_with_an_idempotency_key_creates_one(project):
    headers = {"Idempotency-Key": uuid.uuid4().hex}
    body = {"name": "once", "scopes": ["read"]}
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: project.api("/api/v1/tokens", "POST", body, headers), range(8)))
    made = {a.json["id"] for a in answers if a.status == 201}
    assert len(made) == 1 and all(a.status in (201, 409) for a in answers), answers
    again = project.api("/api/v1/tokens", "POST", body, headers)
    assert again.status == 201 and again.json["id"] in made and again.headers["idempotency-replayed"] == "true", again


def test_ORG_06_sign_in_sessions_and_csrf(project):
    browser, email = new_account(project)
    other = Browser(project.server.base)
    assert other.sign_in(email).status == 200
    cookie = next(iter(other.cookies.values()))
    assert cookie.startswith("msession_")
    path = "/api/v1/me"
    assert other.send("PATCH", path, {"name": "x"}, {"X-CSRF-Token": ""}).status == 403
    assert other.send("PATCH", path, {"name": "x"}, {"X-CSRF-Token": browser.csrf}).status == 403
    assert other.send("PATCH", path, {"name": "x"}, {"Origin": "http://evil.example.com"}).status == 403
    assert other.send("PATCH", path, {"name": "Ann"}, {"Origin": project.server.base}).status == 200
    # Signing in anew gives a new session, and ends the one that this browser had.
    assert other.sign_in(email).status == 200
    assert next(iter(other.cookies.values())) != cookie
    stale = request(project.server.base, "GET", path, headers={"Cookie": f"mesher_session={cookie}"})
    assert stale.status == 401, stale
    sessions = other.send("GET", "/api/v1/me/sessions").json["data"]
    assert len(sessions) == 2 and [s["is_current"] for s in sessions] == [False, True], sessions
    assert other.send("DELETE", f"/api/v1/me/sessions/{sessions[0]['id']}").status == 204
    assert browser.send("GET", path).status == 401
    assert other.send("POST", "/api/v1/auth/logout").status == 204
    assert other.send("GET", path).status == 401


def test_ORG_06_the_live_stream_takes_the_session_of_our_own_pages_only(project):
    browser, _ = new_account(project)
    cookie = "; ".join(f"{k}={v}" for k, v in browser.cookies.items())
    own = WebSocket(project.server.base, "/api/v1/live", {"Cookie": cookie, "Origin": project.server.base})
    assert own.status == 101, own.answer
    own.send({"type": "subscribe", "id": "s", "project_id": project.id, "filter": {}})
    assert own.receive()["type"] == "subscribed"
    own.close()
    foreign = WebSocket(project.server.base, "/api/v1/live", {"Cookie": cookie, "Origin": "http://evil.example.com"})
    assert foreign.status == 401, foreign.answer
    foreign.close()


def test_ORG_06_unknown_addresses_are_answered_like_wrong_passwords(project):
    _, email = new_account(project)
    wrong, unknown = Browser(project.server.base), Browser(project.server.base)
    a = wrong.sign_in(email, "not the password")
    b = unknown.sign_in(f"{uuid.uuid4().hex}@example.com", "not the password")
    assert (a.status, a.body) == (b.status, b.body) and a.status == 401, (a, b)
    same = {k: v for k, v in a.headers.items() if k != "date"} == {k: v for k, v in b.headers.items() if k != "date"}
    assert same, (a.headers, b.headers)


def test_ORG_06_the_audit_log_tells_who_changed_what(project):
    org = new_organization(project)
    web, _ = new_project(project, org["id"])
    browser, email = new_account(project, "admin", org["id"])
    assert browser.send("PATCH", f"/api/v1/projects/{web['id']}", {"settings": {"sample_rate": 0.5}}).status == 200
    log = browser.send("GET", f"/api/v1/orgs/{org['id']}/audit-log").json["data"]
    actions = [entry["action"] for entry in log]
    assert actions == ["project.update", "account.sign_in", "invitation.accept", "invitation.create", "project.create", "organization.create"], actions
    assert log[0]["actor"]["name"] == email and log[0]["address"] == "127.0.0.1", log[0]
    assert log[0]["details"]["settings.sample_rate"] == {"from": None, "to": 0.5}, log[0]
    by_action = browser.send("GET", f"/api/v1/orgs/{org['id']}/audit-log?action=project.update").json["data"]
    assert [entry["id"] for entry in by_action] == [log[0]["id"]]


def test_ORG_06_bad_input_to_signing_in_is_refused_with_its_field(project):
    send = lambda body: request(project.server.base, "POST", "/api/v1/auth/login", body, {"Content-Type": "application/json"})
    for body, field in ((b"", "email"), (b"{}", "email"), (b'{"email":"a@b.c"}', "password"), (b'{"email":1,"password":"x"}', "email"),
                        (b'{"email":"a@b.c","password":"a\\u0000b"}', "password"), (b'{"email":"\xff","password":"x"}', None),
                        (b'{"email":"a@b.c","password":"' + b"x" * 5000 + b'"}', "password"), (b"[" * 100000, None),
                        (b'{"email":"a@b.c","password":"x","remember":true}', "remember")):
        answer = send(body)
        assert answer.status == 400 and answer.json["error"].get("field") == field, (body[:60], answer)
    assert send(b'{"email":"' + b"x" * 1_100_000 + b'"}').status == 413
    hostile = send(json.dumps({"email": "' or 1=1; -- \"@example.com", "password": "' or '1'='1"}))
    assert hostile.status == 401, hostile


def test_INGEST_08_settings_changed_by_the_api_count_for_events_sent_after_and_are_booked(project):
    path = f"/api/v1/projects/{project.id}"
    assert project.send({"message": "before"}).status == 202
    project.wait_count(1)
    assert project.api(path, "PATCH", {"settings": {"rate_limit_per_minute": 2}}).status == 200
    refused = 0

    def send(message):
        nonlocal refused
        status = project.send({"message": message}).status
        refused += status == 429
        return status

    wait_for(lambda: send("limit") == 429, 15, "the rate limit is in force")
    assert project.api(path, "PATCH", {"settings": {"rate_limit_per_minute": None, "sample_rate": 0.0}}).status == 200

    def counted(outcome):
        return sum(n for (o, _), n in project.outcomes().items() if o == outcome)

    # Whether sampling is in force shows in the outcomes only.
    wait_for(lambda: send("sampled away") and counted("sampled"), 15, "sampling is in force")
    wait_for(lambda: counted("rate_limited") == refused, 15, "what was refused is booked")
    assert counted("accepted") >= 1 and project.api(path).json["settings"]["rate_limit_per_minute"] == 0


def test_INGEST_09_filters_and_scrubbing_changed_by_the_api_count_for_events_sent_after(project):
    path = f"/api/v1/projects/{project.id}"
    event = {"message": "checkout failed", "extra": {"loyalty_number": "L-4711", "note": "kept"}}
    first = project.send(event).json["id"]
    project.wait_count(1)
    assert b"L-4711" in project.event(first).body
    changed = project.api(path, "PATCH", {"settings": {"scrub": {"keys": ["loyalty_number"]}, "filters": {"messages": ["*noise*"]}}})
    assert changed.status == 200, changed
    time.sleep(1)  # what the API promises: in force within a second
    second = project.send(event).json["id"]
    project.send({"message": "mere noise here"})
    project.wait_count(2)
    body = project.event(second).body
    assert b"L-4711" not in body and b"kept" in body and b"[Filtered]" in body, body
    wait_for(lambda: sum(n for (o, _), n in project.outcomes().items() if o == "filtered") == 1, 10, "the filtered event is booked")
