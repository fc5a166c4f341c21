"""A private PostgreSQL for yardsticks and outages, and a psql that stays open."""
import glob
import os
import pwd
import shutil
import subprocess
import tempfile

import machine

USER = "postgres"

# Those of a server's settings that decide how fast it stores: a yardstick takes them over from Mesher's own server.
COPIED_SETTINGS = {
    "shared_buffers", "fsync", "synchronous_commit", "full_page_writes", "wal_compression", "wal_level", "wal_buffers",
    "wal_writer_delay", "wal_writer_flush_after", "max_wal_size", "min_wal_size", "checkpoint_timeout",
    "checkpoint_completion_target", "commit_delay", "work_mem", "maintenance_work_mem", "effective_cache_size",
    "effective_io_concurrency", "random_page_cost", "jit", "autovacuum", "default_toast_compression", "huge_pages",
    "max_wal_senders", "bgwriter_delay", "bgwriter_lru_maxpages", "backend_flush_after", "checkpoint_flush_after",
}


def programs():
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[4]))
    if not found:
        raise FileNotFoundError("no PostgreSQL in /usr/lib/postgresql")
    return found[-1]


class Session:
    """A psql that stays open, for polling at little cost."""

    END = "-- answered"

    def __init__(self, command):
        self.process = subprocess.Popen([*command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

    def query(self, sql):
        """The rows as text, one a line, columns separated by |."""
        self.process.stdin.write(f"{sql};\n\\echo {self.END}\n")
        self.process.stdin.flush()
        lines = []
        while (line := self.process.stdout.readline()).rstrip("\n") != self.END:
            if not line:
                raise ConnectionError("psql has ended")
            lines.append(line.rstrip("\n"))
        return "\n".join(lines)

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(10)


class Cluster:
    """A PostgreSQL cluster in a temporary directory, on a Unix socket only, never run by root."""

    def __init__(self, directory, settings=None):
        self.bin = programs()
        self.directory = tempfile.mkdtemp(prefix="pg-", dir=directory)
        self.user = {"user": USER, "group": USER, "extra_groups": []} if os.geteuid() == 0 else {}
        if self.user:
            entry = pwd.getpwnam(USER)
            os.chown(self.directory, entry.pw_uid, entry.pw_gid)
        os.chmod(self.directory, 0o755)  # the socket is in here
        self.data = os.path.join(self.directory, "data")
        self.psql = [os.path.join(self.bin, "psql"), "-AtXq", "-v", "ON_ERROR_STOP=1", "-h", self.directory,
                     "-U", "mesher", "mesher"]
        self.url = f"postgresql://mesher@/mesher?host={self.directory}"
        self._run("initdb", "-D", self.data, "-A", "trust", "-U", "mesher", "-E", "UTF8", "--locale=C.UTF-8")
        with open(os.path.join(self.data, "postgresql.conf"), "a", encoding="utf-8") as config:
            config.write(f"listen_addresses = ''\nunix_socket_directories = '{self.directory}'\n")
            for name, value in (settings or {}).items():
                config.write(f"{name} = '{value}'\n")
        self.start()
        self._run("createdb", "-h", self.directory, "-U", "mesher", "mesher")

    def _run(self, program, *arguments):
        subprocess.run([os.path.join(self.bin, program), *arguments], check=True, cwd="/", stdout=subprocess.DEVNULL,
                       stderr=subprocess.PIPE, **self.user)

    def start(self):
        self._run("pg_ctl", "-D", self.data, "-w", "-l", os.path.join(self.directory, "log"), "start")

    def stop(self, mode="fast"):
        self._run("pg_ctl", "-D", self.data, "-w", "-m", mode, "stop")

    def query(self, sql):
        return subprocess.run([*self.psql, "-c", sql], check=True, capture_output=True, text=True).stdout.strip()

    def run_sql_file(self, path):
        subprocess.run([*self.psql, "-f", path], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def session(self):
        return Session(self.psql)

    def remove(self):
        if os.path.exists(os.path.join(self.data, "postmaster.pid")):
            try:
                self.stop("immediate")
            except subprocess.CalledProcessError:
                pass
        machine.wait_for(lambda: shutil.rmtree(self.directory, ignore_errors=True) or not os.path.exists(self.directory),
                         20, "removal of the cluster")
