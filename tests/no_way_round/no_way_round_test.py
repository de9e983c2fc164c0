"""No way round the gate: every command and every way that work begins, beside every driver, with outside systems that
count what reaches them. The program itself says which drivers and commands there are: a new one without a row here fails."""
import http.server
import json
import os
import re
import signal
import socketserver
import sqlite3
import subprocess
import sys
import threading
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "program"))
from desk import Desk  # noqa: E402

PROGRAM = None
MCP_SERVER = Path(__file__).resolve().parent.parent / "mcp" / "scripted_server.py"
EDIFACT = "UNH+1+BAPLIE:D:95B:UN:SMDG22'BGM++X+9'UNT+3+1'"

ALLOWS = "policy: p\nversion: 1.0.0\nrules: [{id: all, verdict: allow}]\n"
DENIES = "policy: p\nversion: 1.0.0\nrules: [{id: other, classes: [grant], verdict: allow}]\n"
ASKS = "policy: p\nversion: 1.0.0\nrules: [{id: all, verdict: approve, approvers: [{role: cashier}, {role: manager}]}]\n"

# What every command can do. "drives": it runs workflows or asks outside systems by itself, and is driven below with what
# is denied. "server": it asks a server to, and is driven below, too. "none": nothing that it does is an effect; those
# that look at definitions or the journal run below where everything would be allowed.
COMMANDS = {
    "run": "drives", "serve": "drives", "mcp": "drives",
    "start": "server", "emit": "server", "approve": "server", "reject": "server", "answer": "server", "resume": "server",
    "retry": "server", "fork": "server", "migrate": "server",
    "suspend": "server", "cancel": "server", "deploy": "server", "gate": "server",
    "check": "none", "prove": "none", "policy": "none", "eval": "none", "schema": "none", "convert": "none", "token": "none",
    "instances": "none", "show": "none", "journal": "none", "schedules": "none", "hold": "none", "tasks": "none",
    "task": "none", "audit": "none", "backup": "none", "store": "none", "doctor": "none",
    "sim": "none",  # all of it is simulated
}


class Counted(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.seen.append(self.path)
        body = json.dumps({"openapi": "3.0.3", "servers": [{"url": "/"}], "paths": {"/called": {"get": {"operationId": "act"}}}}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST

    def log_message(self, *_):
        pass


class Mail(socketserver.StreamRequestHandler):
    def handle(self):
        self.server.seen.append("connection")
        self.wfile.write(b"220 mail\r\n")
        while line := self.rfile.readline():
            word = line.split()[0].upper() if line.split() else b""
            self.wfile.write(b"354 go on\r\n" if word == b"DATA" else b"221 bye\r\n" if word == b"QUIT" else b"250 fine\r\n")
            if word == b"DATA":
                while (text := self.rfile.readline()) and text != b".\r\n":
                    pass
                self.wfile.write(b"250 taken\r\n")
            if word == b"QUIT":
                return


class Pipe:
    """A named pipe that a program in the sandbox can write to: the only mark that it could leave."""

    def __init__(self, path):
        os.mkfifo(path)
        os.chmod(path, 0o666)
        self.file = os.open(path, os.O_RDWR | os.O_NONBLOCK)

    def count(self):
        try:
            return len(os.read(self.file, 65536))
        except BlockingIOError:
            return 0


class Outside:
    """All outside systems. `count(driver)`: what has reached them since the last time; None: that can't be seen there."""

    def __init__(self, test, folder):
        self.folder = folder
        self.web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Counted)
        self.mail = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mail)
        for server in (self.web, self.mail):
            server.seen, server.daemon_threads = [], True
            threading.Thread(target=server.serve_forever, daemon=True).start()
            test.addCleanup(server.server_close)
            test.addCleanup(server.shutdown)
        (folder / "marks").mkdir()
        self.process, self.program = Pipe(folder / "marks" / "process"), Pipe(folder / "marks" / "program")
        self.mcp_log = folder / "mcp.log"
        self.mcp_log.touch()
        port_file = folder / "mcp.port"
        server = subprocess.Popen([sys.executable, str(MCP_SERVER), "--http", str(port_file), "fine", str(self.mcp_log)])
        test.addCleanup(server.wait)
        test.addCleanup(server.kill)
        while not port_file.exists():
            assert server.poll() is None
            time.sleep(0.01)
        self.mcp_url = f"http://127.0.0.1:{port_file.read_text()}/mcp"
        self.database = folder / "project" / "out.db"
        with sqlite3.connect(self.database) as database:
            database.execute("CREATE TABLE marks (n INTEGER)")
        (folder / "project" / "out").mkdir()

    def count(self, row):
        if row == "sql":
            with sqlite3.connect(self.database) as database:
                return database.execute("DELETE FROM marks").rowcount
        if row == "file":
            marks = list((self.folder / "project" / "out").iterdir())
            for mark in marks:
                mark.unlink()
            return len(marks)
        if row == "served":
            lines = self.mcp_log.read_text().splitlines()
            self.mcp_log.write_text("")
            return len(lines)
        if row in ("process", "program"):
            return getattr(self, row).count()
        if row in ("mail", "web", "call-http", "call-openapi", "call-mcp"):
            seen = self.mail.seen if row == "mail" else self.web.seen
            mine = [each for each in seen if row == "mail" or each.startswith("/" + row)]
            seen[:] = [each for each in seen if each not in mine]
            return len(mine)
        return None


def rows(outside):
    """Row -> (driver, settings, binding, arguments of a call, or a whole call): every driver at least once."""
    web = f"http://127.0.0.1:{outside.web.server_port}"
    return {
        "echo": ("echo", {}, None, {"n": 1}),
        "edifact": ("edifact", {}, None, {"text": EDIFACT}),
        "file": ("file", {"directory": "out"}, {"action": "write", "path": "{n}", "content": "n", "format": "text"}, {"n": "mark"}),
        "web": ("http", {"baseUrl": web}, {"method": "POST", "path": "/web"}, {"n": 1}),
        "mail": ("mail", {"server": f"smtp://127.0.0.1:{outside.mail.server_address[1]}", "tls": "off", "from": "a@b.example"},
                 {"to": "to", "subject": "s", "text": "t"}, {"to": "c@d.example", "s": "s", "t": "t"}),
        "served": ("mcp", {"url": outside.mcp_url}, {"tool": "echo"}, {"text": "x"}),
        "program": ("mcp", {"command": ["/usr/bin/python3", str(outside.folder / "server" / "server.py")],
                            "folders": [str(outside.folder / "server"), str(outside.folder / "marks")]},
                    {"tool": "write"}, {"path": str(outside.folder / "marks" / "program")}),
        "process": ("process", {"read": {"/marks": str(outside.folder / "marks")}},
                    {"command": ["/usr/bin/sh", "-c", "echo 1 > /marks/process"]}, {}),
        "sql": ("sql", {"database": "sqlite:out.db"}, {"statement": "INSERT INTO marks VALUES (:n)"}, {"n": 1}),
        "call-http": (None, None, None, {"call": "http", "with": {"method": "post", "endpoint": web + "/call-http"}}),
        "call-openapi": (None, None, None, {"call": "openapi", "with": {"document": {"endpoint": web + "/call-openapi"}, "operationId": "act"}}),
        "call-mcp": (None, None, None, {"call": "mcp", "with": {"method": "tools/list", "transport": {"http": {"endpoint": web + "/call-mcp"}}}}),
    }


class NoWayRoundTest(unittest.TestCase):
    pins = {}

    def setUp(self):
        self.desk = Desk(PROGRAM)
        self.addCleanup(self.desk.close)
        os.chmod(self.desk.path, 0o755)  # what runs in a sandbox is somebody else
        self.outside = Outside(self, self.desk.path)
        self.desk.write("server/server.py", MCP_SERVER.read_text())
        for leftover in ("tools/desk.yaml", "policies/desk.yaml", "workflows/keep.yaml", "workflows/pay.yaml"):
            (self.desk.project / leftover).unlink()
        self.desk.write("project/gantry.yaml", "store: sqlite:gantry.db\negress: {allow: [127.0.0.1, '127.0.0.1:%d']}\n"
                        % self.outside.mail.server_address[1])
        self.rows = rows(self.outside)
        for name, (driver, settings, binding, _) in self.rows.items():
            if driver is None:
                continue
            operation = {"class": "read" if driver in ("echo", "edifact", "process") else "send" if driver == "mail" else "write",
                         "arguments": {"type": "object", "properties": {key: {} for key in self.rows[name][3]}}}
            if binding is not None:
                operation["binding"] = binding
            self.desk.write(f"project/tools/{name}.yaml", json.dumps(
                {"tool": name, "version": "1.0.0", "driver": driver, "settings": settings, "operations": {"act": operation}}, indent=1))
        self.policy(ALLOWS)
        self.pin()
        self.workflows()
        self.reached()

    def pin(self):
        """As somebody has looked at both servers' tools; asked once, as they say the same to every test."""
        for name in ("served", "program"):
            path = self.desk.project / "tools" / f"{name}.yaml"
            if name not in NoWayRoundTest.pins:
                pinned = self.desk.run("mcp", "pin", name, "--dir", self.desk.project)
                self.assertEqual(pinned.status, 0, pinned.err)
                NoWayRoundTest.pins[name] = re.search(r"sha256:[0-9a-f]{64}", path.read_text()).group()
            tool = json.loads(path.read_text())
            tool["operations"]["act"]["binding"]["pin"] = NoWayRoundTest.pins[name]
            path.write_text(json.dumps(tool, indent=1))

    def policy(self, text):
        self.desk.write("project/policies/p.yaml", text)

    def workflows(self):
        """all: every row, each in a try of its own. others begin it in their way."""
        calls = [{name: {"try": [{"x": {"call": f"{name}.act", "with": arguments} if driver else arguments}],
                         "catch": {"do": [{"e": {"set": {"error": "${ $error }"}}}]}}}
                 for name, (driver, _, _, arguments) in self.rows.items()]
        listen = [{"l": {"listen": {"to": {"one": {"with": {"type": "go"}}}}}}]
        child = {"run": {"workflow": {"namespace": "desk", "name": "all", "version": "1.0.0"}}}

        def write(name, do, version="1.0.0", **more):
            file = name if version == "1.0.0" else f"{name}-{version}"
            self.desk.write(f"project/workflows/{file}.yaml", json.dumps(
                {"document": {"dsl": "1.0.3", "namespace": "desk", "name": name, "version": version}, **more, "do": do}))
        write("all", calls)
        write("outer", [{"r": child}])
        write("begun", calls, schedule={"on": {"one": {"with": {"type": "begin"}}}})
        write("later", listen + calls)
        write("later", listen + calls, "2.0.0")
        self.write_scheduled = lambda: write("timed", calls, schedule={"every": "PT1S"})

    def reached(self):
        return {row: count for row in self.rows if (count := self.outside.count(row))}

    def effects(self, store="project/gantry.db"):
        """Row -> the states of its effects in the journal."""
        with sqlite3.connect(f"file:{self.desk.path / store}?mode=ro", uri=True) as journal:
            return journal.execute("SELECT tool, state FROM effects").fetchall()

    def expect_all_reached(self, store="project/gantry.db"):
        seen = self.reached()
        visible = set(self.rows) - {"echo", "edifact"}  # these two reach nothing: the journal says that they ran
        self.assertEqual(set(seen), visible, "the control: allowed, all of them get there")
        done = {tool for tool, state in self.effects(store) if state == "done"}
        self.assertLessEqual({"echo", "edifact"}, done)

    def expect_nothing_reached(self, store="project/gantry.db", states=("denied",)):
        self.assertEqual(self.reached(), {})
        found = self.effects(store)
        self.assertEqual({state for _, state in found}, set(states))
        self.assertLessEqual({name for name, row in self.rows.items() if row[0]}, {tool for tool, _ in found})

    def run_all(self, workflow="all", *more):
        store = self.desk.path / "run.db"
        for file in self.desk.path.glob("run.db*"):
            file.unlink()
        done = self.desk.run("run", self.desk.project / f"workflows/{workflow}.yaml", "--dir", self.desk.project, "--store",
                             f"sqlite:{store}", "--json", *more)
        return done

    def test_every_driver_and_every_command_has_a_row(self):
        self.desk.write("strange/tools/t.yaml", "tool: t\nversion: 1.0.0\ndriver: carrier pigeon\noperations: {x: {class: read}}\n")
        said = self.desk.run("check", self.desk.path / "strange")
        drivers = re.search(r"no driver 'carrier pigeon'; known: ([a-z, ]+)", said.err + said.out).group(1).split(", ")
        self.assertEqual(set(drivers), {row[0] for row in self.rows.values() if row[0]})
        listed = self.desk.run("--help").out.split("Subcommands:")[1]
        self.assertEqual(set(re.findall(r"^  ([a-z]+) ", listed, re.MULTILINE)), set(COMMANDS))

    def test_a_run_on_the_command_line(self):
        for workflow in ("all", "outer"):
            with self.subTest(workflow=workflow):
                self.policy(ALLOWS)
                done = self.run_all(workflow)
                self.assertEqual(done.status, 0, done.err + done.out)
                self.expect_all_reached("run.db")
                self.policy(DENIES)
                self.run_all(workflow)
                self.expect_nothing_reached("run.db")
        self.policy(ASKS)
        self.assertEqual(self.run_all().status, 3)
        self.assertEqual(self.reached(), {})
        self.policy(DENIES)
        self.write_scheduled()
        self.run_all("timed", "--simulate", "PT1S")
        self.assertEqual(self.reached(), {})

    def test_a_file_without_a_project_has_no_policy_that_lets_anything_out(self):
        url = f"http://127.0.0.1:{self.outside.web.server_port}/call-http"
        path = self.desk.write("alone.yaml", json.dumps({
            "document": {"dsl": "1.0.3", "namespace": "desk", "name": "alone", "version": "1.0.0"},
            "do": [{"x": {"call": "http", "with": {"method": "post", "endpoint": url}}}]}))
        self.assertEqual(self.desk.run("run", path).status, 1)
        self.assertEqual(self.reached(), {})

    def test_questions_to_an_mcp_server(self):
        self.policy(DENIES)
        for name in ("served", "program"):
            for action in ("tools", "pin"):
                done = self.desk.run("mcp", action, name, "--dir", self.desk.project)
                self.assertEqual(done.status, 1, done.err)
                self.assertIn("policies don't allow", done.err)
        self.assertEqual(self.reached(), {})

    def test_what_only_looks_reaches_nothing_even_where_all_is_allowed(self):
        project = self.desk.project
        self.run_all()
        self.reached()
        store = ("--store", f"sqlite:{self.desk.path / 'run.db'}")
        for command in (("check", project), ("prove", project), ("policy", "lint", project), ("policy", "test", project),
                        ("audit", "verify", *store), ("doctor", *store), ("store", *store),
                        ("backup", self.desk.path / "copy.db", *store), ("token", "create", "--dir", project, "--person", "x")):
            self.desk.run(*command)
            self.assertEqual(self.reached(), {}, command)

    def wait_for(self, condition, what):
        end = time.monotonic() + 30
        while not condition():
            self.assertLess(time.monotonic(), end, what)
            time.sleep(0.02)

    def begin_everything(self, token):
        """By every way that a server begins or goes on with something."""
        desk = self.desk
        for workflow in ("all", "outer"):
            desk.start(workflow, token, {})
        later = json.loads(desk.run("start", "desk/later:1.0.0", "--token-file", token, "--json", "--input", "{}").out)["instance"]
        operator = desk.token("otto", "operator")
        self.assertEqual(desk.run("suspend", later, "--token-file", operator).status, 0)
        forked = desk.run("fork", later, "--task", "/do/0/l", "--token-file", operator)
        self.assertEqual(forked.status, 0, forked.err)
        moved = desk.run("migrate", "--apply", "desk/later", "1.0.0", "2.0.0", "--token-file", operator)
        self.assertRegex(moved.err, r"[1-9]\d* moved")
        for kind in ("begin", "go"):
            sent = desk.run("emit", json.dumps({"specversion": "1.0", "id": kind, "source": "/t", "type": kind}), "--token-file", token)
            self.assertEqual(sent.status, 0, sent.err)
        self.assertEqual(desk.run("resume", later, "--token-file", operator).status, 0)
        desk.run("retry", later, "--token-file", operator)

    def crash(self):
        self.desk.server.send_signal(signal.SIGKILL)
        self.desk.server.wait()
        self.desk.serve()

    def test_a_server_lets_out_what_is_allowed(self):
        self.desk.serve()
        self.begin_everything(self.desk.token("ada", "cashier"))
        count = 4 * len(self.rows)
        self.wait_for(lambda: len([1 for _, state in self.effects() if state in ("done", "failed")]) >= count, "not all have run")
        self.expect_all_reached()

    def test_a_server_lets_out_nothing_that_is_denied(self):
        self.policy(DENIES)
        self.write_scheduled()
        self.desk.serve()
        token = self.desk.token("ada", "cashier")
        self.begin_everything(token)
        # later, begun, all, outer and at least one that the schedule began.
        self.wait_for(lambda: len(self.effects()) >= 5 * len(self.rows), "not all have tried")
        self.crash()
        self.begin_everything(token)
        self.expect_nothing_reached()

    def test_a_server_lets_out_nothing_that_is_not_signed(self):
        self.policy(ASKS)
        self.desk.serve()
        token = self.desk.token("ada", "cashier", "manager")
        cashier, operator = self.desk.token("ben", "cashier"), self.desk.token("otto", "operator")
        self.desk.start("all", token, {})

        def task():
            return json.loads(self.desk.run("tasks", "--token-file", cashier, "--json").out)[0]["id"]
        seen = task()
        for person, status in ((token, "she asked"), (operator, "not his role")):
            self.assertNotEqual(self.desk.run("approve", seen, "--token-file", person).status, 0, status)
        self.assertNotEqual(self.desk.run("approve", seen, "--digest", "0" * 64, "--token-file", cashier).status, 0)
        self.assertNotEqual(self.desk.run("answer", seen, "true", "--token-file", cashier).status, 0)
        self.assertEqual(self.desk.run("approve", seen, "--token-file", cashier).status, 0)
        self.assertNotEqual(self.desk.run("approve", seen, "--token-file", cashier).status, 0, "one person fills one seat")
        self.crash()
        self.assertNotEqual(self.desk.run("approve", seen, "--token-file", cashier).status, 0)
        self.assertEqual(self.desk.run("reject", seen, "--comment", "no", "--token-file", self.desk.token("cleo", "manager")).status, 0)
        self.wait_for(lambda: len(self.effects()) >= 2, "the next one is not asked")
        self.assertEqual(self.reached(), {})
        self.assertEqual({state for _, state in self.effects()}, {"denied", "proposed"})


if __name__ == "__main__":
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    unittest.main()
