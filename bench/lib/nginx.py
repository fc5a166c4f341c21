"""nginx that answers 202 and does nothing else."""
import os
import shutil
import signal
import socket
import subprocess
import tempfile

import machine

CONFIG = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "yardsticks", "nginx.conf")


class Nginx:
    def __init__(self, directory):
        program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
        if not program:
            raise FileNotFoundError("nginx is missing: apt-get install nginx-light")
        self.directory = tempfile.mkdtemp(prefix="nginx-", dir=directory)
        os.chmod(self.directory, 0o777)  # as root, its worker is somebody else
        self.port = machine.free_port()
        path = os.path.join(self.directory, "nginx.conf")
        with open(CONFIG, encoding="utf-8") as template, open(path, "w", encoding="utf-8") as config:
            config.write(template.read().format(dir=self.directory, port=self.port))
        self.process = subprocess.Popen([program, "-p", self.directory, "-c", path], stderr=subprocess.DEVNULL)
        machine.wait_for(self._listens, 10, "nginx")
        self.base = f"http://127.0.0.1:{self.port}"

    def _listens(self):
        if self.process.poll() is not None:
            raise RuntimeError("nginx did not start")
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def worker(self):
        return machine.children(self.process.pid)[0]

    def remove(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(10)
        shutil.rmtree(self.directory, ignore_errors=True)
