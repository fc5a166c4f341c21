"""What clients send, and what they get for it."""
import gzip
import json
import time
import uuid
import zlib

from harness import WebSocket, request, wait_for

STACK = [{"filename": "app/cart.py", "function": "total", "lineno": 41, "in_app": True},
         {"filename": "app/price.py", "function": "net", "lineno": 7, "in_app": True}]


def error(value, **more):
    return {"exception": {"type": "ValueError", "value": value, "stacktrace": {"frames": STACK}}, **more}


def test_INGEST_01_native_post_stores_an_error_and_a_log_entry(project):
    first = project.send(error("no such price"))
    second = project.send({"message": "disk is nearly full", "level": "warning", "logger": "ops"})
    assert (first.status, second.status) == (202, 202), (first, second)
    project.wait_count(2)
    stored = wait_for(lambda: (lambda a: a if a.status == 200 else None)(project.event(first.json["id"])), 10).json
    assert stored["payload"]["exception"]["value"] == "no such price"
    levels = sorted(issue["level"] for issue in project.issues())
    assert levels == ["error", "warning"], levels


def test_INGEST_01_missing_unknown_and_revoked_keys_store_nothing(project):
    for headers in ({}, {"X-Mesher-Auth": "0" * 32}):
        answer = request(project.server.base, "POST", "/api/v1/events", json.dumps({"message": "x"}),
                         {"Content-Type": "application/json", **headers})
        assert answer.status in (401, 403), answer
        assert answer.json["error"]["code"], answer
    for malformed in ("zzz", "' or 1=1 --"):
        answer = project.send({"message": "x"}, headers={"X-Mesher-Auth": malformed})
        assert answer.status in (400, 401, 403), answer
    project.server.sql(f"update project_keys set enabled = false where project_id = {project.id}")
    wait_for(lambda: project.send(b"never stored").status == 403, 5, "the revoked key is refused")
    project.server.sql(f"update project_keys set enabled = true where project_id = {project.id}")
    wait_for(lambda: project.send({"message": "the only one"}).status == 202, 5, "the key works again")
    project.wait_count(1)


def test_INGEST_01_every_place_for_credentials_works(project):
    places = [({"X-Mesher-Auth": project.key}, ""), ({"X-Sentry-Auth": f"Sentry sentry_version=7, sentry_key={project.key}"}, ""),
              ({"Authorization": f"DSN {project.dsn}"}, ""), ({"Authorization": f"Bearer {project.key}"}, ""),
              ({}, f"?sentry_key={project.key}"), ({}, f"?key={project.key}")]
    for headers, query in places:
        answer = request(project.server.base, "POST", "/api/v1/events" + query, json.dumps({"message": "hello"}),
                         {"Content-Type": "application/json", **headers})
        assert answer.status == 202, (headers, query, answer)
    project.wait_count(len(places))


def test_INGEST_02_bad_events_are_refused_with_the_field_and_the_reason(project):
    cases = [(b"", None), (b"nonsense", None), (b"[]", None), (b'"text"', None), (b"{", None), (b"{}", None),
             (b'{"message": 7}', "message"), (b'{"message": "x", "level": "loud"}', "level"),
             (b'{"message": "x", "timestamp": "yesterday"}', "timestamp"), (b'{"message": "x", "tags": 5}', "tags"),
             (b'{"message": "x", "event_id": "short"}', "event_id"), (b'{"exception": "boom"}', "exception"),
             (b'{"message": "\xff\xfe"}', None), (b'{"message": "x", "extra": ' + b"[" * 3000 + b"]" * 3000 + b"}", None)]
    for body, field in cases:
        answer = project.send(body)
        assert answer.status == 400, (body[:60], answer)
        assert answer.json["error"]["code"] and answer.json["error"]["message"], (body[:60], answer)
        if field:
            assert answer.json["error"]["field"].startswith(field), (body[:60], answer)
    answer = project.send({"message": "x", "extra": {"pad": "y" * 1_200_000}})
    assert answer.status == 413, answer
    project.send({"message": "good"})
    project.wait_count(1)


def test_INGEST_02_times_levels_and_sizes_are_normalised_and_trimming_is_noted(project):
    now = time.time()
    forms = [now, int(now), time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)),
             time.strftime("%Y-%m-%dT%H:%M:%S+02:00", time.gmtime(now + 7200))]
    ids = [project.send({"message": "tick", "timestamp": form, "level": "critical"}).json["id"] for form in forms]
    long = project.send({"message": "m" * 10_000, "tags": {"good": "v", "long": "t" * 300}}).json["id"]
    project.wait_count(len(forms) + 1)
    for event_id in ids:
        stored = project.event(event_id).json
        assert stored["timestamp"].endswith("Z") and stored["timestamp"][:16] == time.strftime("%Y-%m-%dT%H:%M", time.gmtime(now)), stored
        assert stored["level"] == "fatal", stored["level"]
    stored = project.event(long).json
    assert len(stored["message"]) == 8192, len(stored["message"])
    trimmed = {note["field"] for note in stored["trimmed"]}
    assert any(field.startswith("message") for field in trimmed) and any("long" in field for field in trimmed), trimmed


def test_INGEST_03_bulk_keeps_the_good_and_names_the_bad(project):
    events = [{"message": f"row {n} failed"} for n in range(20)]
    events[3] = {"message": 7}
    events[9] = {"level": "error"}
    answer = project.send(events, "/api/v1/events/bulk")
    assert answer.status == 202, answer
    assert answer.json["accepted"] == 18 and len(answer.json["ids"]) == 18, answer
    assert [bad["index"] for bad in answer.json["rejected"]] == [3, 9], answer
    assert all(bad["code"] and bad["message"] for bad in answer.json["rejected"])
    lines = "\n".join([json.dumps({"message": "line one"}), "garbage", json.dumps({"message": "line three"}), ""])
    answer = project.send(lines, "/api/v1/events/bulk", {"Content-Type": "application/x-ndjson"})
    assert answer.status == 202 and answer.json["accepted"] == 2, answer
    assert [bad["index"] for bad in answer.json["rejected"]] == [1], answer
    assert project.send("nothing at all", "/api/v1/events/bulk").status == 400
    project.wait_count(20)


def test_INGEST_05_a_socket_takes_events_and_survives_garbage(project):
    socket = WebSocket(project.server.base, "/api/v1/events/stream", {"X-Mesher-Auth": project.key})
    assert socket.status == 101, socket.answer
    socket.send({"message": "one"})
    first = socket.receive()
    assert first["type"] == "ack" and len(first["ids"]) == 1, first
    socket.send("garbage")
    assert socket.receive()["type"] == "error"
    socket.send([{"message": "two"}, {"message": 5}, {"message": "three"}])
    answers = [socket.receive(), socket.receive()]
    kinds = {answer["type"]: answer for answer in answers}
    assert len(kinds["ack"]["ids"]) == 2 and kinds["error"]["index"] == 1, answers
    socket.close()
    project.wait_count(3)


def test_INGEST_07_envelopes_with_every_item_type_are_answered_200(project):
    event_id = uuid.uuid4().hex
    items = ["event", "transaction", "session", "client_report", "attachment", "replay_event", "profile", "check_in", "log",
             "nonsense"]
    lines = [json.dumps({"event_id": event_id, "sent_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())})]
    for kind in items:
        payload = {"event": {"event_id": event_id, **error("by envelope")},
                   "client_report": {"timestamp": time.time(), "discarded_events": [
                       {"reason": "sample_rate", "category": "error", "quantity": 3}]}}.get(kind, {"some": "thing"})
        lines += [json.dumps({"type": kind}), json.dumps(payload)]
    answer = project.envelope("\n".join(lines))
    assert answer.status == 200 and answer.json["id"] == event_id, answer
    assert "transaction" in answer.headers["x-sentry-rate-limits"], answer.headers
    assert answer.headers["access-control-allow-origin"] == "*"
    project.wait_count(1)
    wait_for(lambda: project.outcomes().get(("client_discard", "sample_rate")) == 3, 15, "the client's report counted")


def test_INGEST_07_bodies_may_be_compressed_and_bombs_are_stopped(project):
    body = json.dumps({"message": "compressed"}).encode()
    raw = zlib.compressobj(wbits=-15)
    forms = {"gzip": gzip.compress(body), "deflate": zlib.compress(body)}
    for encoding, packed in [*forms.items(), ("deflate", raw.compress(body) + raw.flush())]:
        answer = project.send(packed, headers={"Content-Encoding": encoding})
        assert answer.status == 202, (encoding, answer)
    assert project.send(b"not gzip", headers={"Content-Encoding": "gzip"}).status == 400
    assert project.send(gzip.compress(b" " * 300_000_000, 9), headers={"Content-Encoding": "gzip"}).status == 413
    assert project.send(body, headers={"Content-Encoding": "lzma"}).status in (400, 415)
    project.wait_count(3)


def test_INGEST_07_store_endpoint_and_cors_preflight(project):
    path = f"/api/{project.id}/store/?sentry_key={project.key}&sentry_version=7"
    answer = request(project.server.base, "POST", path, json.dumps({"message": "old client"}))
    assert answer.status == 200 and len(answer.json["id"]) == 32, answer
    preflight = request(project.server.base, "OPTIONS", f"/api/{project.id}/envelope/", headers={
        "Origin": "http://elsewhere.example", "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "x-sentry-auth,content-type"})
    assert preflight.status in (200, 204), preflight
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert "x-sentry-auth" in preflight.headers["access-control-allow-headers"].lower()
    refused = request(project.server.base, "POST", f"/api/{project.id}/envelope/?sentry_key={'0' * 32}", "{}")
    assert refused.status == 403 and refused.headers["access-control-allow-origin"] == "*", refused
    project.wait_count(1)


def test_INGEST_08_outcomes_add_up_to_what_was_sent(project):
    for n in range(5):
        assert project.send({"message": f"fine {n}"}).status == 202
    for _ in range(3):
        assert project.send(b'{"message": 7}').status == 400
    bulk = project.send([{"message": "a"}, {"message": 1}], "/api/v1/events/bulk")
    assert bulk.status == 202
    def settled():
        outcomes = project.outcomes()
        accepted = sum(n for (outcome, _), n in outcomes.items() if outcome == "accepted")
        invalid = sum(n for (outcome, _), n in outcomes.items() if outcome == "invalid")
        return (accepted, invalid) == (6, 4)
    wait_for(settled, 15, "accepted 6 and invalid 4")


def test_INGEST_09_secrets_never_reach_storage_or_the_live_stream(project):
    secret = "hunter2" + uuid.uuid4().hex[:8]
    live = project.live()
    event = error(f"login failed: password={secret}", request={
        "url": f"http://shop.example/?token={secret}", "headers": {"Authorization": f"Bearer {secret}", "Accept": "*/*"},
        "cookies": f"session={secret}", "data": {"card": "4111 1111 1111 1111", "password": secret}},
        extra={"api_key": secret, "fine": "kept"}, message=f"api_key: {secret}")
    answer = project.send(event)
    assert answer.status == 202, answer
    message = wait_for(lambda: (lambda m: m if m and m["type"] == "event" else None)(live.receive(10)), 20)
    project.wait_count(1)
    stored = project.event(answer.json["id"])
    assert secret not in json.dumps(message) and secret.encode() not in stored.body, stored
    assert b"4111" not in stored.body and b"kept" in stored.body
    assert secret not in json.dumps(project.issues())
    assert secret not in project.server.log()


def test_INGEST_08_a_duplicate_id_is_stored_once_and_counted(project):
    event = {"event_id": uuid.uuid4().hex, "message": "twice"}
    assert project.send(event).status == 202
    assert project.send(event).status == 202
    project.wait_count(1)
    wait_for(lambda: project.outcomes().get(("invalid", "duplicate")) == 1, 15, "the second one counted as a duplicate")
    assert project.count() == 1


def test_RETAIN_04_sampled_events_are_counted_so_that_totals_stay_truthful(project):
    project.server.sql(f"""update projects set settings = settings || '{{"sample_rate": 0.4}}' where id = {project.id}""")
    sent = 0
    def sampling_has_begun():
        nonlocal sent
        assert project.send({"message": "probe"}).status == 202
        sent += 1
        return any(outcome == "sampled" for outcome, _ in project.outcomes())
    wait_for(sampling_has_begun, 20, "an event is sampled out")
    assert project.send([{"message": f"row {n}"} for n in range(400)], "/api/v1/events/bulk").status == 202
    sent += 400
    wait_for(lambda: sum(project.outcomes().values()) == sent, 20, "every event has an outcome")
    outcomes = project.outcomes()
    accepted = sum(n for (outcome, _), n in outcomes.items() if outcome == "accepted")
    assert 100 < accepted < 300 + sent - 400, outcomes
    assert project.count() == accepted
