"""The storage yardstick: rows a second of plain COPY into the wide schema, one connection."""
import json
import os
import subprocess
import time

SCHEMA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "wide_schema.sql")
ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def column(value):
    """A value as COPY's text format has it."""
    if value is None:
        return "\\N"
    text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return text.translate(ESCAPES)


def row(event, issues):
    exception = event["exception"]["values"][-1]
    frames = exception["stacktrace"]["frames"]
    issue = issues.setdefault((exception["type"], frames[-1]["module"], frames[-1]["function"]), len(issues) + 1)
    user = event["user"]
    return "\t".join(map(column, (
        event["event_id"], 1, issue, event["timestamp"], event["timestamp"], event["level"], event["platform"],
        event["logger"], event["environment"], event["release"], event["server_name"], event["transaction"],
        f"{exception['type']}: {exception['value']}", exception["type"], exception["value"], user["id"], user["email"],
        user["ip_address"], event["sdk"]["name"], event["exception"], event["breadcrumbs"], event["contexts"],
        event["request"], event["tags"], event["extra"])))


def write_rows(events_path, rows_path):
    """Turns NDJSON into a file for COPY: the preparation, which is not timed. The number of rows."""
    issues, count = {}, 0
    with open(events_path, encoding="utf-8") as events, open(rows_path, "w", encoding="utf-8") as rows:
        for line in events:
            rows.write(row(json.loads(line), issues) + "\n")
            count += 1
    return count


def rows_per_second(cluster, rows_path, count):
    """Loads the file into a fresh table by one COPY through psql. (rows a second, bytes a row on disk)."""
    cluster.run_sql_file(SCHEMA)
    cluster.query("checkpoint")
    began = time.perf_counter()
    subprocess.run([*cluster.psql, "-c", f"\\copy wide_events from '{rows_path}'"], check=True, stdout=subprocess.DEVNULL)
    seconds = time.perf_counter() - began
    assert int(cluster.query("select count(*) from wide_events")) == count
    return count / seconds, int(cluster.query("select pg_total_relation_size('wide_events')")) / count
