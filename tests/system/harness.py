"""Drives the real program as its users do: starts servers, sends events, reads the API. Python's standard library only."""
import base64
import contextlib
import http.client
import json
import os
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import uuid

PROGRAM = os.path.abspath("build/mesher")


class Cleanup(contextlib.ExitStack):
    """Things to undo when the test ends, in reverse order."""

    def server(self, **options):
        """A server of the test's own, started; ended and removed with the test."""
        server = Server(**options)
        self.callback(server.remove)
        server.start()
        return server


def remove_tree(path):
    for _ in range(20):
        shutil.rmtree(path, ignore_errors=True)
        if not os.path.exists(path):
            return
        time.sleep(0.1)


def wait_for(condition, seconds=30, what="the condition"):
    """Polls until `condition` returns something true, which is returned."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come true within {seconds} s; last: {value!r}")
        time.sleep(0.05)


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.status} {self.body[:300]!r}>"


def request(base, method, path, body=None, headers=None, timeout=30):
    url = urllib.parse.urlsplit(base)
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=timeout)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
    finally:
        connection.close()


class Project:
    """A project on a server, with its key and a token of its owner."""

    def __init__(self, server, answer):
        self.server = server
        self.id = answer["project"]["id"]
        self.key = answer["public_key"]
        self.dsn = answer["dsn"]
        self.token = answer["api_token"]
        self.organization = answer["organization"]

    def send(self, event, path="/api/v1/events", headers=None):
        body = event if isinstance(event, (bytes, str)) else json.dumps(event)
        return request(self.server.base, "POST", path, body,
                       {"X-Mesher-Auth": self.key, "Content-Type": "application/json", **(headers or {})})

    def envelope(self, body, headers=None):
        return request(self.server.base, "POST", f"/api/{self.id}/envelope/?sentry_key={self.key}&sentry_version=7",
                       body, {"Content-Type": "text/plain;charset=UTF-8", **(headers or {})})

    def api(self, path, method="GET", body=None, headers=None):
        data = body if body is None or isinstance(body, (bytes, str)) else json.dumps(body)
        return request(self.server.base, method, path, data,
                       {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json", **(headers or {})})

    def issues(self):
        """All issues, page by page."""
        found, cursor = [], ""
        while True:
            answer = self.api(f"/api/v1/projects/{self.id}/issues?limit=100{cursor}")
            assert answer.status == 200, answer
            found += answer.json["data"]
            if not answer.json["next_cursor"]:
                return found
            cursor = "&cursor=" + urllib.parse.quote(answer.json["next_cursor"])

    def count(self):
        return sum(issue["event_count"] for issue in self.issues())

    def wait_count(self, n, seconds=30):
        wait_for(lambda: self.count() >= n, seconds, f"{n} events counted")
        assert self.count() == n, (self.count(), n)

    def event(self, event_id):
        return self.api(f"/api/v1/events/{event_id}")

    def outcomes(self):
        """{(outcome, reason): quantity} of the category error, all hours."""
        answer = self.api(f"/api/v1/projects/{self.id}/outcomes")
        assert answer.status == 200, answer
        sums = {}
        for row in answer.json["data"]:
            if row["category"] == "error":
                place = (row["outcome"], row["reason"])
                sums[place] = sums.get(place, 0) + row["quantity"]
        return sums

    def live(self, subscribe=True, **more):
        socket_ = WebSocket(self.server.base, "/api/v1/live", {"Authorization": f"Bearer {self.token}"}, **more)
        if subscribe:
            socket_.send({"type": "subscribe", "id": "s", "project_id": self.id, "filter": {}})
            answer = socket_.receive(10)
            assert answer and answer["type"] == "subscribed", answer
        return socket_


class Server:
    """One `mesher serve` on a port of its own, with a data directory of its own unless one is given."""

    def __init__(self, data=None, arguments=(), environment=None):
        self.own_data = data is None
        self.data = data or tempfile.mkdtemp(prefix="mesher-test-")
        os.chmod(self.data, 0o755)
        self.arguments = list(arguments)
        self.environment = {**os.environ, **(environment or {})}
        self.process = None
        self.base = None
        self.port = 0
        self.log_path = os.path.join(tempfile.gettempdir(), f"mesher-test-{uuid.uuid4().hex}.log")

    def start(self, seconds=60):
        """Starts and waits until it listens. Keeps the port over restarts, as clients would expect."""
        began = time.monotonic()
        offset = os.path.getsize(self.log_path) if os.path.exists(self.log_path) else 0
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [PROGRAM, "serve", "--listen", f"127.0.0.1:{self.port}", "--data-dir", self.data, *self.arguments],
                stdout=log, stderr=subprocess.STDOUT, env=self.environment, start_new_session=True)
        while True:
            with open(self.log_path, "rb") as log:
                log.seek(offset)
                said = re.search(rb"listening on (https?://[^\s\x1b]+)", log.read())
            if said:
                self.base = said.group(1).decode().rstrip("/")
                self.port = urllib.parse.urlsplit(self.base).port
                self.ready_seconds = time.monotonic() - began
                return self
            if self.process.poll() is not None or time.monotonic() - began > seconds:
                raise AssertionError("the server did not start:\n" + self.log()[-3000:])
            time.sleep(0.02)

    def detach(self):
        """Leaves the server running when this process ends."""
        self.process = None

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as text:
            return text.read()

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(60)

    def stop(self, seconds=40):
        """SIGTERM; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def remove(self):
        if self.process and self.process.poll() is None:
            try:
                self.stop()
            except subprocess.TimeoutExpired:
                self.kill()
        # A killed server leaves its PostgreSQL to the next start; here there is none.
        for pid in self.postgres_pids()[:1]:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGQUIT)
        if self.own_data:
            remove_tree(self.data)
        if sys.exc_info()[0] is None and os.path.exists(self.log_path):
            os.remove(self.log_path)

    def postgres_pids(self):
        """The embedded PostgreSQL's postmaster, if it runs."""
        try:
            with open(os.path.join(self.data, "postgres", "postmaster.pid"), encoding="utf-8") as text:
                pid = int(text.readline())
            os.kill(pid, 0)
            return [pid]
        except (FileNotFoundError, ValueError, ProcessLookupError):
            return []

    def command(self, *arguments, stdin=None, check=True):
        """Another command of the program on the same data directory."""
        done = subprocess.run([PROGRAM, *arguments, "--data-dir", self.data], input=stdin, capture_output=True, text=True,
                              timeout=120)
        if check:
            assert done.returncode == 0, (arguments, done.returncode, done.stdout[-500:], done.stderr[-1500:])
        return done

    def sql(self, query):
        """Rows of a query as lists of text, through `mesher psql`."""
        database = self.arguments[self.arguments.index("--database-url"):][:2] if "--database-url" in self.arguments else []
        done = subprocess.run([PROGRAM, "psql", "--data-dir", self.data, *database, "--", "-X", "-A", "-t", "-F", "\t", "-c", query],
                              capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, (query, done.stderr[-1500:])
        return [line.split("\t") for line in done.stdout.splitlines()]

    def new_project(self, name=None, email="owner@example.com"):
        name = name or "p" + uuid.uuid4().hex[:10]
        extra = []
        for i, argument in enumerate(self.arguments):
            if argument == "--database-url":
                extra = self.arguments[i:i + 2]
        done = self.command("setup", "--org", "Acme", "--project", name, "--platform", "python", "--email", email,
                            "--password", "correct horse battery", "--json", "--public-url", self.base, *extra)
        return Project(self, json.loads(done.stdout.strip().splitlines()[-1]))

    def memory_mb(self):
        with open(f"/proc/{self.process.pid}/status", encoding="utf-8") as text:
            return int(re.search(r"VmRSS:\s+(\d+)", text.read()).group(1)) / 1024

    def get(self, path):
        return request(self.base, "GET", path)

    def metric(self, name):
        """Sum of a metric over all its labels."""
        total = 0.0
        for line in self.get("/metrics").body.decode().splitlines():
            if re.match(rf"{name}(\{{| )", line):
                total += float(line.rsplit(" ", 1)[1])
        return total


class Postgres:
    """A PostgreSQL cluster of the test's own, for `--database-url`. Never runs as root."""

    def __init__(self, folder=None):
        self.own_folder = folder is None
        self.folder = folder or tempfile.mkdtemp(prefix="mesher-pg-", dir="/tmp")
        self.as_user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        self.bin = subprocess.run("ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1", shell=True, capture_output=True,
                                  text=True, check=True).stdout.strip()
        if self.as_user:
            shutil.chown(self.folder, "postgres")
        self.cluster = os.path.join(self.folder, "cluster")
        self._run("initdb", "-D", self.cluster, "-U", "mesher", "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8")
        with open(os.path.join(self.cluster, "postgresql.conf"), "a", encoding="utf-8") as conf:
            conf.write(f"listen_addresses = ''\nunix_socket_directories = '{self.folder}'\nmax_wal_size = '64MB'\n"
                       "min_wal_size = '32MB'\nshared_buffers = '32MB'\n")
        self.url = f"postgresql:///mesher?host={self.folder}&user=mesher"
        self.start()
        self._run("createdb", "-h", self.folder, "-U", "mesher", "mesher")

    def _run(self, program, *arguments, check=True):
        done = subprocess.run([*self.as_user, os.path.join(self.bin, program), *arguments], stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True, cwd="/", timeout=200)
        assert not check or done.returncode == 0, (program, arguments, done.stderr[-1500:])

    def start(self):
        self._run("pg_ctl", "-D", self.cluster, "-l", os.path.join(self.folder, "log"), "-w", "-t", "180", "start")

    def stop(self):
        self._run("pg_ctl", "-D", self.cluster, "-m", "immediate", "-w", "stop", check=False)

    def remove(self):
        self.stop()
        if self.own_folder:
            remove_tree(self.folder)


def sudo(*command):
    subprocess.run([*([] if os.getuid() == 0 else ["sudo", "-n"]), *command], check=True)


class SmallDisk:
    """A file system of a few megabytes, to be filled and freed."""

    def __init__(self, megabytes):
        self.path = tempfile.mkdtemp(prefix="mesher-disk-", dir="/tmp")
        sudo("mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=1777", "mesher-test", self.path)

    def fill(self, leave=0):
        """Takes all space but `leave` bytes, and what has become free since it was called before."""
        with open(os.path.join(self.path, "ballast"), "ab") as ballast:
            for part in (1, 1, 2, 2, 4, 8, 16):  # others write at the same time
                space = os.statvfs(self.path)
                left = space.f_bavail * space.f_frsize - leave
                if left < 64 * 1024:
                    return
                with contextlib.suppress(OSError):
                    os.posix_fallocate(ballast.fileno(), os.fstat(ballast.fileno()).st_size, left // part)

    def free(self):
        os.remove(os.path.join(self.path, "ballast"))

    def remove(self):
        sudo("umount", "-l", self.path)
        os.rmdir(self.path)


class SharedServer(Server):
    """The server that the fixture has started."""

    def __init__(self, state_file):
        with open(state_file, encoding="utf-8") as text:
            state = json.load(text)
        super().__init__(data=state["data"])
        self.base, self.log_path = state["base"], state["log"]
        self.port = urllib.parse.urlsplit(self.base).port


class WebSocket:
    """A small client (RFC 6455): text frames out, text frames in."""

    def __init__(self, base, path, headers=None, timeout=10, receive_buffer=None):
        url = urllib.parse.urlsplit(base)
        self.socket = socket.socket()
        if receive_buffer:  # before the connection is made: it decides over the window
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(timeout)
        self.socket.connect((url.hostname, url.port))
        lines = {"Host": url.netloc, "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
                 "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(), **(headers or {})}
        head = f"GET {path} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in lines.items()) + "\r\n"
        self.socket.sendall(head.encode())
        self.buffer = b""
        while b"\r\n\r\n" not in self.buffer:
            more = self.socket.recv(65536)
            if not more:
                raise AssertionError(f"no answer to the upgrade: {self.buffer!r}")
            self.buffer += more
        answer, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        self.closed = False  # by the other side
        self.status = int(answer.split(b" ", 2)[1])
        self.answer = answer.decode(errors="replace")

    def send(self, message):
        self.send_frame(1, (message if isinstance(message, str) else json.dumps(message)).encode())

    def send_frame(self, opcode, payload):
        mask = os.urandom(4)
        length = len(payload)
        head = bytes([0x80 | opcode])
        if length < 126:
            head += bytes([0x80 | length])
        elif length < 65536:
            head += bytes([0x80 | 126]) + struct.pack(">H", length)
        else:
            head += bytes([0x80 | 127]) + struct.pack(">Q", length)
        self.socket.sendall(head + mask + bytes(b ^ mask[i & 3] for i, b in enumerate(payload)))

    def _take(self, n, deadline):
        while len(self.buffer) < n:
            left = deadline - time.monotonic()
            waiting = select.poll()
            waiting.register(self.socket, select.POLLIN)
            if left <= 0 or not waiting.poll(left * 1000):
                return None
            more = self.socket.recv(262144)
            if not more:
                raise ConnectionError("closed")
            self.buffer += more
        taken, self.buffer = self.buffer[:n], self.buffer[n:]
        return taken

    def receive(self, seconds=10):
        """The next text message as JSON; None after `seconds` or when the other side closes."""
        deadline = time.monotonic() + seconds
        try:
            while True:
                head = self._take(2, deadline)
                if head is None:
                    return None
                deadline = max(deadline, time.monotonic() + 10)  # half a frame would be the end of all others
                length = head[1] & 127
                if length == 126:
                    length = struct.unpack(">H", self._take(2, deadline))[0]
                elif length == 127:
                    length = struct.unpack(">Q", self._take(8, deadline))[0]
                payload = self._take(length, deadline) if length else b""
                opcode = head[0] & 15
                if opcode == 1:
                    return json.loads(payload)
                if opcode == 8:
                    self.closed = True
                    self.send_frame(8, payload[:2])
                    return None
                if opcode == 9:
                    self.send_frame(10, payload)
        except (ConnectionError, TypeError):
            self.closed = True
            return None

    def close(self):
        self.socket.close()


class Load:
    """Threads that post single events until stop(); keeps the ids that were acknowledged. Survives a killed server.
    `rate`: at most so many a second and connection; without it, each sends its next one when the last was answered."""

    def __init__(self, project, connections=8, event=None, rate=None):
        self._pause = 1 / rate if rate else 0
        self.project, self.acknowledged, self.refused, self.sent = project, [], {}, 0
        self.unknown = 0  # sent without an answer: may or may not be stored
        self._make = event or (lambda n, k: {"message": f"worker {k} failed", "extra": {"pad": "x" * 1500}})
        self._stop, self._lock = threading.Event(), threading.Lock()
        self._threads = [threading.Thread(target=self._run, args=(k,), daemon=True) for k in range(connections)]

    def start(self):
        for thread in self._threads:
            thread.start()
        return self

    def _run(self, k):
        n = 0
        url = urllib.parse.urlsplit(self.project.server.base)
        while not self._stop.is_set():
            connection = http.client.HTTPConnection(url.hostname, url.port, timeout=30)
            sent = False
            try:
                while not self._stop.wait(self._pause):
                    n += 1
                    event = {"event_id": uuid.uuid4().hex, **self._make(n, k)}
                    sent = False
                    connection.connect() if connection.sock is None else None
                    sent = True
                    connection.request("POST", "/api/v1/events", json.dumps(event),
                                       {"X-Mesher-Auth": self.project.key, "Content-Type": "application/json"})
                    answer = connection.getresponse()
                    answer.read()
                    sent = False
                    with self._lock:
                        self.sent += 1
                        if answer.status == 202:
                            self.acknowledged.append(event["event_id"])
                        else:
                            self.refused[answer.status] = self.refused.get(answer.status, 0) + 1
            except (OSError, http.client.HTTPException):
                with self._lock:
                    self.unknown += 1 if sent else 0
                time.sleep(0.02)
            finally:
                connection.close()

    def stop(self):
        self._stop.set()
        for thread in self._threads:
            thread.join(40)
        return self
