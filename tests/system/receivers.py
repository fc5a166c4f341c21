"""Receivers of notifications on loopback: webhooks and mail. Python's standard library only."""
import base64
import email
import email.policy
import http.server
import json
import socketserver
import threading


class Webhooks:
    """Keeps what it is sent: `got` is a list of (path, headers, body). `answer(handler, path)` may answer itself."""

    def __init__(self, cleanup, answer=None):
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

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        cleanup.callback(self.server.server_close)
        cleanup.callback(self.server.shutdown)

    def bodies(self, path=None):
        with self.lock:
            return [json.loads(body) for p, _, body in self.got if path in (None, p)]

    def ids(self, path=None):
        with self.lock:
            return [headers["x-mesher-delivery"] for p, headers, _ in self.got if path in (None, p)]


class Mails:
    """A mail server that asks for a name and a password: `got` is a list of parsed messages."""

    def __init__(self, cleanup, user="mesher", password="s3cret"):
        self.got, outer = [], self

        class Handler(socketserver.StreamRequestHandler):
            def say(self, line):
                self.wfile.write(line.encode() + b"\r\n")

            def handle(self):
                self.say("220 test")
                signed_in, to = False, []
                while line := self.rfile.readline():
                    command = line.decode().strip()
                    verb = command.split(" ")[0].upper()
                    if verb == "EHLO":
                        self.say("250-test")
                        self.say("250 AUTH PLAIN")
                    elif verb == "AUTH":
                        said = command.split(" ")
                        if len(said) < 3:
                            self.say("334 ")
                            said.append(self.rfile.readline().decode().strip())
                        signed_in = base64.b64decode(said[2]).decode() == f"\0{user}\0{password}"
                        self.say("235 ok" if signed_in else "535 no")
                    elif verb == "MAIL":
                        self.say("250 ok" if signed_in else "530 sign in first")
                    elif verb == "RCPT":
                        to.append(command.split("<")[1].split(">")[0])
                        self.say("250 ok")
                    elif verb == "DATA":
                        self.say("354 go on")
                        data = b""
                        while not data.endswith(b"\r\n.\r\n"):
                            data += self.rfile.readline()
                        message = email.message_from_bytes(data[:-3], policy=email.policy.default)
                        outer.got.append((to, message))
                        self.say("250 ok")
                    elif verb == "QUIT":
                        self.say("221 bye")
                        return
                    else:
                        self.say("250 ok")

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads, allow_reuse_address = True, True

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"smtp://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        cleanup.callback(self.server.server_close)
        cleanup.callback(self.server.shutdown)
