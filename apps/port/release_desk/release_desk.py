#!/usr/bin/env python3
"""A SIMULATED release register, and a SIMULATED model that obeys whoever writes to it. Its own program and HTTP API.

The register holds who may collect which container, and counts what it released. The model stands in for a language
model that has read a hostile mail: it proposes whatever the mail tells it to, and gives the mail's reasons as its own. It
is no model; what it shows is that nothing depends on the model being a good one. Every answer says {"simulated": true}.

    release_desk.py --port 0                 prints {"port": N, ...} on its first line

GET  /orders/{container}                     the release order: container, haulier, customs
POST /containers/{container}/release         releases it to a haulier           honours Idempotency-Key
POST /proposals                              the model: {mail} -> {action, container, haulier, because}
GET  /releases                               what was released, with how often each was asked for
"""
import argparse
import json
import re
import signal
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BODY_BYTES_MAX = 1 << 20

ORDERS = {
    "MSKU4711029": {"haulier": "Rhein Trucking", "customs": "cleared"},
    "TGHU2200418": {"haulier": "Nordkai Spedition", "customs": "held"},
}
COMMAND = re.compile(r"[Rr]elease\s+(?:container\s+)?(?P<container>[A-Z]{4}\d{7})\s+to\s+(?P<haulier>[A-Z]\w+(?: [A-Z]\w+)*)")


class Register:
    """What was released. One lock, so counts are exact."""

    def __init__(self):
        self.lock = threading.Lock()
        self.releases = []
        self.keys = {}

    def release(self, container, haulier, key):
        with self.lock:
            if key and key in self.keys:
                return {**self.keys[key], "repeated": True}
            answer = {"id": f"REL{len(self.releases) + 1:06d}", "container": container, "haulier": haulier, "repeated": False}
            self.releases.append({"container": container, "haulier": haulier})
            if key:
                self.keys[key] = answer
            return answer


def propose(mail):
    """The last command in the mail wins: the text that came from outside decides, as it may with any model."""
    text = " ".join(str(mail.get(part, "")) for part in ("subject", "body"))
    commands = list(COMMAND.finditer(text))
    if not commands:
        return {"action": "nothing", "container": None, "haulier": None, "because": "The mail asks for no release."}
    last = commands[-1]
    return {"action": "release", "container": last["container"], "haulier": last["haulier"],
            "because": f"The mail says to {last[0]}."}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "SimulatedReleaseDesk/1"
    disable_nagle_algorithm = True
    timeout = 120

    def do_GET(self):
        path = self.path.split("?")[0]
        if path == "/releases":
            return self.answer(200, {"releases": list(self.server.register.releases)})
        if match := re.fullmatch(r"/orders/([^/]+)", path):
            container = urllib.parse.unquote(match[1])
            if container not in ORDERS:
                return self.answer(404, {"title": "Refused", "status": 404, "detail": f"no release order for '{container}'"})
            return self.answer(200, {"container": container, **ORDERS[container]})
        self.answer(404, {"title": "Refused", "status": 404, "detail": f"no such resource: GET {path[:200]}"})

    def do_POST(self):
        path = self.path.split("?")[0]
        try:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(min(max(length, 0), BODY_BYTES_MAX)) or b"{}")
        except ValueError:
            body = None
        if not isinstance(body, dict):
            return self.answer(400, {"title": "Refused", "status": 400, "detail": "the body must be a JSON object"})
        if path == "/proposals":
            return self.answer(200, propose(body.get("mail") or {}))
        if match := re.fullmatch(r"/containers/([^/]+)/release", path):
            return self.answer(201, self.server.register.release(urllib.parse.unquote(match[1]), body.get("haulier"),
                                                                 self.headers.get("Idempotency-Key")))
        self.answer(404, {"title": "Refused", "status": 404, "detail": f"no such resource: POST {path[:200]}"})

    def answer(self, status, content):
        data = json.dumps({"simulated": True, **content}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json" if status < 400 else "application/problem+json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *arguments):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address):
        super().__init__(address, Handler)
        self.register = Register()


def main(arguments=None):
    parser = argparse.ArgumentParser(description="A simulated release register and a simulated, obedient model.")
    parser.add_argument("--port", type=int, default=0, help="0 (default): any free port; it is printed")
    parser.add_argument("--listen", default="127.0.0.1")
    options = parser.parse_args(arguments)
    server = Server((options.listen, options.port))
    print(json.dumps({"simulated": True, "port": server.server_address[1]}), flush=True)
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever(poll_interval=0.2)


if __name__ == "__main__":
    main()
