"""Private servers for the benchmarks, and the load generator."""
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

import machine
import postgres


class Build:
    """The programs of a build directory, and what they make events from."""

    def __init__(self, directory, corpus, work_dir):
        self.mesher = os.path.join(directory, "mesher")
        self.load = os.path.join(directory, "mesher-load")
        self.bench = os.path.join(directory, "mesher-bench")
        self.fill = os.path.join(directory, "mesher-fill")
        self.watch = os.path.join(directory, "mesher-watch")
        self.corpus = corpus
        self.work_dir = work_dir

    def write_events(self, path, count, seed=1):
        subprocess.run([self.load, "--write", path, "--events", str(count), "--seed", str(seed), *self._corpus()], check=True)

    def start_load(self, url, *options):
        """Starts the load generator; finish_load gives its report."""
        return subprocess.Popen([self.load, "--url", url, "--json", *self._corpus(), *map(str, options)],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    @staticmethod
    def finish_load(process):
        out, complaint = process.communicate()
        if process.returncode != 0:
            raise RuntimeError(complaint.strip())
        return json.loads(out)

    def run_load(self, url, *options):
        return self.finish_load(self.start_load(url, *options))

    def _corpus(self):
        return ["--corpus", self.corpus] if self.corpus else []


class Server:
    """`mesher serve` with a data directory of its own, started and ready, with one project."""

    def __init__(self, build, *arguments):
        self.build = build
        self.arguments = list(arguments)
        self.data = tempfile.mkdtemp(prefix="mesher-", dir=build.work_dir)
        os.chmod(self.data, 0o755)
        self.log_path = self.data + ".log"
        self.process = None
        self.sessions = []
        try:
            self.start()
            self._set_up()
        except BaseException:
            self.remove()
            raise

    def start(self):
        began = time.monotonic()
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                [self.build.mesher, "serve", "--listen", "127.0.0.1:0", "--data-dir", self.data, *self.arguments],
                stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
        self.base = machine.wait_for(self._address, 120, "the server", every=0.01)
        self.start_seconds = time.monotonic() - began

    def _address(self):
        with open(self.log_path, "rb") as log:
            said = log.read().decode(errors="replace")
        found = re.search(r"listening on (https?://[^\s\x1b]+)", said)
        if not found and self.process.poll() is not None:
            raise RuntimeError("the server did not start:\n" + said[-2000:])
        return found and found.group(1).rstrip("/")

    def _set_up(self):
        answer = subprocess.run(
            [self.build.mesher, "setup", "--data-dir", self.data, *self._database(), "--org", "Bench", "--project", "shop",
             "--platform", "java", "--email", "bench@example.com", "--password", "a long enough password", "--json"],
            check=True, capture_output=True, text=True, timeout=60)
        made = json.loads(answer.stdout.strip().splitlines()[-1])
        self.project, self.token = made["project"]["id"], made["api_token"]
        self.organization = made["organization"]["id"]
        self.dsn = re.sub(r"@[^/]*", "@" + self.base.split("//")[1], made["dsn"])

    def _database(self):
        return [part for i, part in enumerate(self.arguments)
                if part == "--database-url" or (i > 0 and self.arguments[i - 1] == "--database-url")]

    @property
    def pid(self):
        return self.process.pid

    def session(self):
        """A psql on the server's database."""
        session = postgres.Session([self.build.mesher, "psql", "--data-dir", self.data, *self._database(),
                                    "--", "-AtXq"])
        self.sessions.append(session)
        return session

    def start_load(self, *options):
        return self.build.start_load(self.base, "--dsn", self.dsn, *options)

    def run_load(self, *options):
        return self.build.run_load(self.base, "--dsn", self.dsn, *options)

    def stop(self):
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.wait(120)

    def remove(self):
        for session in self.sessions:
            session.close()
        try:
            self.stop()
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(30)
        self._end_orphaned_postgres()
        machine.wait_for(lambda: shutil.rmtree(self.data, ignore_errors=True) or not os.path.exists(self.data),
                         30, "removal of the data directory")
        if os.path.exists(self.log_path):
            os.unlink(self.log_path)

    def _end_orphaned_postgres(self):
        """A Mesher that ended badly leaves its PostgreSQL to its next start; here there is none."""
        try:
            with open(os.path.join(self.data, "postgres", "postmaster.pid"), encoding="utf-8") as text:
                os.kill(int(text.readline()), signal.SIGQUIT)
        except (FileNotFoundError, ValueError, ProcessLookupError):
            pass


STORED = "select coalesce(sum(events), 0) from project_hours"


def wait_stored(session, events, seconds=600):
    """Waits until so many events are stored in all; the moment (time.time()) of seeing it."""
    machine.wait_for(lambda: int(session.query(STORED)) >= events, seconds, f"{events} events stored")
    return time.time()
