"""A clock that a test sets (shifted_clock.c)."""
import os
import struct
import subprocess
import tempfile

from harness import remove_tree


class ShiftedClock:
    """A clock of servers (and of their PostgreSQL) that a test sets: `cleanup.server(environment=clock.environment)`."""

    def __init__(self, cleanup):
        folder = tempfile.mkdtemp(prefix="mesher-clock-", dir="/tmp")
        cleanup.callback(remove_tree, folder)
        os.chmod(folder, 0o755)  # PostgreSQL runs as somebody else
        library, self.file = os.path.join(folder, "clock.so"), os.path.join(folder, "shift")
        source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "shifted_clock.c")
        subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True)
        with open(self.file, "wb") as out:
            out.write(struct.pack("=q", 0))
        self.environment = {"LD_PRELOAD": library, "SHIFTED_CLOCK_FILE": self.file}
        self.seconds = 0

    def set(self, seconds):
        """So many seconds from the true time on."""
        self.seconds = seconds
        with open(self.file, "r+b") as out:
            out.write(struct.pack("=q", seconds))

    def advance(self, seconds):
        self.set(self.seconds + seconds)
