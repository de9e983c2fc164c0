"""Several nodes on one PostgreSQL database, which is started here from Debian's package, on a Unix socket in a folder of its own."""
import itertools
import json
import os
import signal
import subprocess
import threading
import time
import unittest
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

BINARIES = Path("/usr/lib/postgresql/15/bin")
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
NOT_REACHED = (urllib.error.URLError, OSError)

TOOL = """tool: crane
version: 1.0.0
driver: http
settings: {baseUrl: "ADDRESS"}
operations:
  move: {class: write, arguments: {type: object, properties: {step: {type: integer}}}, binding: {method: POST, path: /move}, idempotency: key}
"""
ECHO = """tool: note
version: 1.0.0
driver: echo
operations:
  look: {class: read, arguments: {type: object, properties: {step: {type: integer}}}}
"""
POLICY = """policy: yard
version: 1.0.0
rules:
  - {id: moves, classes: [read, write], verdict: allow}
"""


def workflow(name, calls):
    lines = [f"- step{i}: {{call: {call}, with: {{step: {i}}}}}" for i, call in enumerate(calls)]
    return f"document: {{dsl: '1.0.3', namespace: yard, name: {name}, version: 1.0.0}}\ndo:\n" + "\n".join(lines) + "\n"


class Database:
    def __init__(self, folder, durable):
        self.folder = Path(folder)
        self.prefix = NOBODY if os.geteuid() == 0 else []
        if self.prefix:
            os.chown(self.folder, 65534, 65534)
        self.call("initdb", "-D", self.folder / "data", "-U", "gantry", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        options = f"-k {self.folder} -h '' -c fsync={'on' if durable else 'off'} -c max_connections=120"
        self.call("pg_ctl", "-D", self.folder / "data", "-l", self.folder / "log", "-w", "-o", options, "start")
        self.url = f"postgres:///postgres?host={self.folder}&user=gantry"

    def call(self, program, *arguments):
        subprocess.run([*self.prefix, BINARIES / program, *map(str, arguments)], check=True, stdout=subprocess.DEVNULL, cwd="/")

    def rows(self, sql, **options):
        done = subprocess.run(["psql", "-h", self.folder, "-U", "gantry", "postgres", "-Atq", "-v", "ON_ERROR_STOP=1"], check=True,
                              input="SET search_path = gantry;\n" + sql, capture_output=True, text=True, **options)
        return [line.split("|") for line in done.stdout.splitlines()]

    def rows_of_all(self, partitions, sql):
        """Of all partitions, one after the other."""
        return [row for number in range(partitions)
                for row in self.rows(f"SET search_path = gantry{f'_p{number}' if number else ''};\n" + sql)]

    def stop(self):
        self.call("pg_ctl", "-D", self.folder / "data", "-m", "immediate", "stop")


class Crane:
    """What the instances move: counts what was applied, once for each idempotency key, and what came again."""

    def __init__(self):
        crane = self
        self.lock, self.applied, self.again = threading.Lock(), {}, 0

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                self.rfile.read(int(self.headers["Content-Length"]))
                key = self.headers["Idempotency-Key"]
                with crane.lock:
                    crane.again += key in crane.applied
                    crane.applied[key] = crane.applied.get(key, 0) + 1
                body = b'{"moved":true}'
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_):  # a killed node leaves its connections
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Node:
    """`gantry serve --standby`, killed and started again."""

    def __init__(self, cluster, name):
        self.cluster, self.name, self.process, self.address, self.is_ended = cluster, name, None, None, False

    def start(self):
        self.launch()
        self.await_address()

    def launch(self):
        port_file = self.port_file = self.cluster.work / f"{self.name}.address"
        port_file.unlink(missing_ok=True)
        self.is_ended = False
        command = [self.cluster.program, "serve", "--dir", self.cluster.project, "--store", self.cluster.database.url, "--standby", "--node",
                   self.name, "--lease", "PT2S", "--listen", "127.0.0.1:0", "--port-file", port_file]
        if self.cluster.partitions > 1:
            command += ["--partitions", self.cluster.partitions]
        with open(self.cluster.work / f"{self.name}.log", "a") as log:
            self.process = subprocess.Popen(list(map(str, command)), stdout=log, stderr=log)

    def await_address(self):
        while not self.port_file.exists():
            if self.process.poll() is not None:
                raise RuntimeError((self.cluster.work / f"{self.name}.log").read_text())
            time.sleep(0.01)
        self.address = self.port_file.read_text().strip()

    def send(self, how):
        self.is_ended = True
        self.process.send_signal(how)

    def kill(self):
        self.is_ended = True
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def partitions(self):
        """Those that it has; none where it does not answer."""
        try:
            return json.loads(urllib.request.urlopen(self.address + "/readyz", timeout=5).read())["partitions"]
        except NOT_REACHED:
            return []

    def is_ready(self):
        try:
            return urllib.request.urlopen(self.address + "/readyz", timeout=5).status == 200
        except NOT_REACHED:
            return False


class Cluster:
    def __init__(self, program, work, names, workflows, durable, partitions=1, roles=()):
        self.partitions = partitions
        self.program, self.work, self.project = Path(program).resolve(), Path(work), Path(work) / "project"
        database_folder = self.work / "database"
        database_folder.mkdir(parents=True)
        self.work.chmod(0o755)
        self.crane = Crane()
        self.database = Database(database_folder, durable)
        files = {"gantry.yaml": f"egress: {{allow: ['{self.crane.address}']}}\n", "policies/yard.yaml": POLICY,
                 "tools/crane.yaml": TOOL.replace("ADDRESS", self.crane.address), "tools/note.yaml": ECHO}
        files |= {f"workflows/{name}.yaml": workflow(name, calls) for name, calls in workflows.items()}
        for name, text in files.items():
            (self.project / name).parent.mkdir(parents=True, exist_ok=True)
            (self.project / name).write_text(text)
        created = subprocess.run([self.program, "token", "create", "--store", self.database.url, "--person", "ada",
                                  *[word for role in roles for word in ("--role", role)]], check=True, capture_output=True,
                                 text=True)
        self.token = created.stdout.strip()
        self.nodes = [Node(self, name) for name in names]
        self.hint = None

    def start(self):
        for node in self.nodes:
            node.launch()
        for node in self.nodes:
            node.await_address()

    def supervise(self):
        """As a supervisor would: a node that nobody has ended has lost its lease, on a machine that was too busy, and is started again."""
        for node in self.nodes:
            if node.is_ended or node.process.poll() is None:
                continue
            if node.process.returncode != 4:
                raise RuntimeError((self.work / f"{node.name}.log").read_text())
            node.start()

    def active(self):
        """The node that has the journal; waits for it."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            self.supervise()
            for node in self.nodes:
                if node.process.poll() is None and node.is_ready():
                    return node
            time.sleep(0.02)
        raise RuntimeError("no node has taken the journal within 30 s")

    def start_instance(self, workflow, key, wait=0, at=None):
        """As a client would: tries the node that answered last, follows the address that a node names, tries again. `at`: one of all nodes."""
        for tries in itertools.count():
            address = self.hint or self.nodes[0].address
            if at is not None:
                address = self.nodes[(at + tries) % len(self.nodes)].address
            request = urllib.request.Request(f"{address}/api/v1/workflows/yard/{workflow}/instances?wait={wait}", b"{}", {
                "Authorization": "Bearer " + self.token, "Content-Type": "application/json", **({"Idempotency-Key": key} if key else {})})
            try:
                return json.loads(urllib.request.urlopen(request, timeout=30).read())["instance"]
            except urllib.error.HTTPError as error:
                if error.code != 503:
                    raise
                named = json.loads(error.read()).get("address")
                self.hint = named if named and named != address else self.other_than(address)
            except NOT_REACHED:
                self.hint = self.other_than(address)
            time.sleep(0.02)

    def other_than(self, address):
        addresses = [node.address for node in self.nodes]
        return addresses[(addresses.index(address) + 1) % len(addresses)] if address in addresses else addresses[0]

    def stop(self):
        for node in self.nodes:
            if node.process and node.process.poll() is None:
                node.kill()
        self.database.stop()
        self.crane.stop()


class ClusterTestCase(unittest.TestCase):
    """`self.cluster` is under load of clients that note in `self.failures` what went wrong."""

    def wait_until(self, condition, what):
        deadline = time.monotonic() + 40
        while not condition():
            if time.monotonic() > deadline:
                self.fail(what() if callable(what) else what)
            self.assertEqual(self.failures, [])
            self.cluster.supervise()
            time.sleep(0.02)
