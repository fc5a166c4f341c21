"""Receivers of notifications on loopback: webhooks and mail. Python's standard library only."""
import base64
import email
import email.policy
import http.server
import json
import os
import shutil
import socketserver
import ssl
import subprocess
import tempfile
import threading


class Webhooks:
    """Keeps what it is sent: `got` is a list of (path, headers, body). `answer(handler, path)` may answer itself.
    One that is `away` has its port, where connections are refused until come_back()."""

    def __init__(self, cleanup, answer=None, away=False):
        self.got, self.lock, outer = [], threading.Lock(), self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                with outer.lock:
                    outer.got.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                if answer is None or answer(self, self.path) is not True:
                    self.send_response(200)
                    self.send_header("Content-Length", "0")
                    self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler, bind_and_activate=False)
        self.server.daemon_threads = True
        self.server.server_bind()
        self.port = self.server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        self.cleanup = cleanup
        cleanup.callback(self.server.server_close)
        if not away:
            self.come_back()

    def come_back(self):
        self.server.server_activate()
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.cleanup.callback(self.server.shutdown)

    def bodies(self, path=None):
        with self.lock:
            return [json.loads(body) for p, _, body in self.got if path in (None, p)]

    def ids(self, path=None):
        with self.lock:
            return [headers["x-mesher-delivery"] for p, headers, _ in self.got if path in (None, p)]


def certificate(cleanup):
    """A certificate for 127.0.0.1 that nobody trusts but who is told to: paths of the certificate and its key."""
    folder = tempfile.mkdtemp(prefix="mesher-certificate-", dir="/tmp")
    cleanup.callback(shutil.rmtree, folder, ignore_errors=True)
    os.chmod(folder, 0o755)
    paths = os.path.join(folder, "certificate.pem"), os.path.join(folder, "key.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-out", paths[0], "-keyout", paths[1]],
                   check=True, capture_output=True)
    return paths


class Mails:
    """A mail server that asks for a name and a password: `got` is a list of (recipients, parsed message), `verbs` what
    clients have said. `tls`: "off", "starttls" (nothing is taken without) or "tls" (from the first byte on)."""

    def __init__(self, cleanup, user="mesher", password="s3cret", tls="off", paths=None):
        self.got, self.verbs, outer = [], [], self
        context = None
        if tls != "off":
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*paths)

        class Handler(socketserver.BaseRequestHandler):
            def say(self, *lines):
                for line in lines:
                    self.file.write(line.encode() + b"\r\n")
                self.file.flush()

            def use(self, connection):
                self.connection, self.file = connection, connection.makefile("rwb")

            def handle(self):
                try:
                    self.use(context.wrap_socket(self.request, server_side=True) if tls == "tls" else self.request)
                    self.secure, self.signed_in, self.to = tls != "starttls", False, []
                    self.say("220 test ESMTP")
                    while (line := self.file.readline()) and self.obey(line.decode().strip()):
                        pass
                except OSError:  # a client that does not trust us, or leaves
                    pass

            def obey(self, command):
                verb = command.split(" ")[0].upper()
                outer.verbs.append(verb)
                if verb == "EHLO":
                    self.say("250-test", "250 AUTH PLAIN" if self.secure else "250 STARTTLS")
                elif verb == "STARTTLS":
                    self.say("220 go on")
                    self.use(context.wrap_socket(self.connection, server_side=True))
                    self.secure = True
                elif verb not in ("QUIT", "NOOP") and not self.secure:
                    self.say("530 Must issue a STARTTLS command first")
                elif verb == "AUTH":
                    said = command.split(" ")
                    if len(said) < 3:
                        self.say("334 ")
                        said.append(self.file.readline().decode().strip())
                    self.signed_in = base64.b64decode(said[2]).decode() == f"\0{user}\0{password}"
                    self.say("235 ok" if self.signed_in else "535 no")
                elif verb == "MAIL":
                    self.to = []
                    self.say("250 ok" if self.signed_in else "530 sign in first")
                elif verb == "RCPT":
                    self.to.append(command.split("<")[1].split(">")[0])
                    self.say("250 ok")
                elif verb == "DATA":
                    self.say("354 go on")
                    data = b""
                    while not data.endswith(b"\r\n.\r\n"):
                        data += self.file.readline()
                    outer.got.append((self.to, email.message_from_bytes(data[:-3], policy=email.policy.default)))
                    self.say("250 ok")
                else:
                    self.say("221 bye" if verb == "QUIT" else "250 ok")
                return verb != "QUIT"

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads, allow_reuse_address = True, True

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"smtp{'s' if tls == 'tls' else ''}://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        cleanup.callback(self.server.server_close)
        cleanup.callback(self.server.shutdown)
