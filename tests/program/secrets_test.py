"""A canary for a secret: sent where it belongs, and in no byte of anything else that the program writes."""
import base64
import http.server
import os
import signal
import socket
import sys
import threading
import unittest

from desk import HEADER, Desk

PROGRAM = None
CANARY = "canary-7f3a9c51-token"
FORMS = [CANARY.encode(), base64.b64encode(b"ada:" + CANARY.encode()), CANARY.encode().hex().encode()]

TOOL = """tool: NAME
version: 1.0.0
driver: http
settings: {baseUrl: "http://127.0.0.1:PORT", timeout: PT1S, authentication: AUTHENTICATION}
operations:
  get: {class: read, arguments: {type: object, properties: {path: {type: string}}}, binding: {method: GET, path: "/{path}"}}
  post: {class: egress_read, arguments: {type: object, properties: {path: {type: string}}}, binding: {method: POST, path: "/{path}"}}
"""
POLICY = """policy: all
version: 1.0.0
rules:
  - {id: all, classes: [read, egress_read, write, send], verdict: allow}
"""


class Echo(http.server.BaseHTTPRequestHandler):
    """Says in every way what it was sent."""
    seen = []
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        sent = self.headers.get("Authorization", "") + self.headers.get("X-Key", "")
        Echo.seen.append((self.path, sent))
        body = ('{"you sent": "%s", "%s": [1]}' % (sent, sent)).encode()
        if self.path.startswith("/silent"):
            self.connection.settimeout(3)
            try:
                self.rfile.read(1)
            except OSError:
                pass
            self.close_connection = True
            return
        status = {"/ok": 200, "/refused": 403, "/broken": 500, "/redirect": 302}.get(self.path.split("?")[0], 404)
        self.send_response(status, sent)
        self.send_header("Content-Type", "application/json" if status == 200 else "text/plain")
        self.send_header("X-Echo", sent)
        if status == 302:
            self.send_header("Location", "http://localhost:%d/elsewhere?%s" % (self.server.server_port, sent))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *_):
        pass


class SecretsTest(unittest.TestCase):
    def setUp(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo)
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        Echo.seen.clear()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.dead_port = free.getsockname()[1]
        self.desk = Desk(PROGRAM)
        self.addCleanup(self.desk.close)
        self.desk.environment["CANARY"] = CANARY
        self.output = b""
        self.write_project()

    def write_project(self):
        desk, port = self.desk, self.server.server_port
        self.secret = desk.write("project/secrets/token", CANARY + "\n")
        os.chmod(self.secret, 0o600)
        desk.write("project/gantry.yaml", "store: sqlite:gantry.db\negress: {allow: [127.0.0.1, localhost]}\nsecrets:\n"
                   "  token: {file: secrets/token, hosts: [127.0.0.1]}\n  variable: {environment: CANARY}\n"
                   "  elsewhere: {file: secrets/token, hosts: [other.example]}\n")
        forms = {"bearer": "{bearer: {secret: token}}", "basic": "{basic: {username: ada, passwordSecret: variable}}",
                 "header": "{header: {name: X-Key, secret: token}}", "wrong": "{bearer: {secret: elsewhere}}"}
        for name, form in forms.items():
            desk.write(f"project/tools/{name}.yaml", TOOL.replace("NAME", name).replace("PORT", str(port)).replace("AUTHENTICATION", form))
        desk.write("project/tools/database.yaml", f"""tool: database
version: 1.0.0
driver: sql
settings: {{database: "postgresql:x", host: 127.0.0.1, port: {self.dead_port}, user: ada, tls: "off", password: {{secret: token}}}}
operations: {{get: {{class: read, binding: {{statement: SELECT 1}}}}}}
""")
        desk.write("project/tools/mail.yaml", f"""tool: mail
version: 1.0.0
driver: mail
settings: {{server: "smtps://127.0.0.1:{self.dead_port}", from: a@b.example, authentication: {{username: ada, password: {{secret: token}}}}}}
operations:
  send:
    class: send
    arguments: {{type: object, properties: {{to: {{}}, subject: {{}}, text: {{}}}}}}
    binding: {{to: to, subject: subject, text: text}}
""")
        desk.write("project/policies/desk.yaml", POLICY)
        calls = [f"{tool}.{operation}, with: {{path: {path}}}" for tool, operation in
                 (("bearer", "get"), ("basic", "post"), ("header", "get"), ("wrong", "get"))
                 for path in ("ok", "refused", "broken", "redirect")]
        calls += ["bearer.get, with: {path: silent}", "database.get, with: {}", "mail.send, with: {to: a@b.example, subject: s, text: t}",
                  f"http, with: {{method: get, endpoint: {{uri: 'http://127.0.0.1:{port}/ok', authentication: {{bearer: {{use: token}}}}}}}}",
                  f"http, with: {{method: get, output: raw, endpoint: {{uri: 'http://127.0.0.1:{port}/ok', authentication: {{basic: {{username: ada, password: '${{ $secrets.variable }}'}}}}}}}}",
                  f"http, with: {{method: get, endpoint: {{uri: 'http://localhost:{port}/ok', authentication: {{bearer: {{use: token}}}}}}}}"]
        text = HEADER.replace("NAME", "all").replace("do:\n", "use: {secrets: [token, variable]}\ndo:\n")
        for number, call in enumerate(calls):
            text += (f"- t{number}:\n    try: [{{c{number}: {{call: {call}}}}}]\n"
                     f"    catch: {{as: error, do: [{{e{number}: {{set: {{error: '${{ $error }}'}}}}}}]}}\n"
                     f"    export: {{as: '${{ ($context // []) + [.] }}'}}\n")
        text += "- all: {set: {all: '${ $context }'}}\n"
        desk.write("project/workflows/all.yaml", text)
        self.calls = len(calls)

    def run_and_keep(self, *arguments):
        done = self.desk.run(*arguments)
        self.output += done.out.encode() + done.err.encode()
        return done

    def assert_nowhere(self):
        places = {"output": self.output}
        for folder, _, names in os.walk(self.desk.path):
            for name in names:
                path = os.path.join(folder, name)
                if path != self.secret:
                    with open(path, "rb") as file:
                        places[path] = file.read()
        self.assertTrue(any(name.endswith("gantry.db") for name in places), places.keys())
        for name, data in places.items():
            for form in FORMS:
                self.assertNotIn(form, data, name)

    def assert_sent_where_it_belongs(self):
        sent = {path.split("?")[0]: authorization for path, authorization in Echo.seen}
        self.assertIn(CANARY, sent["/ok"] + sent["/refused"])
        self.assertIn(("/ok", "Bearer " + CANARY), Echo.seen)
        self.assertIn(("/ok", CANARY), Echo.seen)
        self.assertFalse([path for path in sent if path.startswith("/elsewhere")], "a redirect was followed")

    def test_no_byte_of_a_secret_is_written_by_a_run(self):
        for more in ([], ["--json"]):
            done = self.run_and_keep("run", self.desk.project / "workflows/all.yaml", "--dir", self.desk.project,
                                     "--store", f"sqlite:{self.desk.project}/gantry.db", *more)
            self.assertEqual(done.status, 0, done.err)
            self.assertIn("[redacted]", done.out)
            self.assertIn("may not be sent to", done.out)
        self.assert_sent_where_it_belongs()
        self.assert_nowhere()

    def test_no_byte_of_a_secret_is_written_by_a_server_that_is_killed(self):
        token = self.desk.token("ada", "operator")
        self.desk.serve()
        done = self.desk.start("all", token, {})
        self.output += done.out.encode() + done.err.encode()
        self.assertIn("[redacted]", done.out, done.err)
        instance = self.run_and_keep("instances", "--token-file", token, "--json").out
        identifier = instance.split('"id":"')[1].split('"')[0]
        for command in ("show", "journal"):
            self.run_and_keep(command, identifier, "--token-file", token, "--json")
        self.desk.server.send_signal(signal.SIGABRT)
        self.desk.server.wait(30)
        self.assert_sent_where_it_belongs()
        self.assert_nowhere()

    def test_a_secret_that_others_may_read_is_refused_at_start(self):
        os.chmod(self.secret, 0o644)
        done = self.run_and_keep("run", self.desk.project / "workflows/all.yaml", "--dir", self.desk.project)
        self.assertNotEqual(done.status, 0)
        self.assertIn("chmod 600", done.err)
        os.chmod(self.secret, 0o640)
        done = self.run_and_keep("run", self.desk.project / "workflows/all.yaml", "--dir", self.desk.project)
        self.assertIn("its group may read it", done.err)


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main(verbosity=0)
