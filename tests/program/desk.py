"""A small project of the tests, and the built program on it: commands, and a server on a port that the system picks."""
import json
import os
import subprocess
import tempfile
import time
from pathlib import Path

TOOL = """tool: desk
version: 1.0.0
driver: echo
operations:
  look: {class: read}
  pay: {class: money, arguments: {type: object, required: [amount], properties: {amount: {type: integer}}}}
"""
POLICY = """policy: desk
version: 1.0.0
rules:
  - {id: reads, classes: [read], verdict: allow}
  - id: payments
    classes: [money]
    verdict: approve
    approvers: [{role: cashier}]
    expires: PT8H
    reason: Money leaves the house.
"""
HEADER = "document: {dsl: '1.0.3', namespace: desk, name: NAME, version: 1.0.0}\ndo:\n"
KEEP = HEADER.replace("NAME", "keep") + "- keep: {set: {kept: '${ .text }'}}\n"
PAY = HEADER.replace("NAME", "pay") + "- pay: {call: desk.pay, with: {amount: '${ .amount }'}}\n"


class Done:
    """What a command did. `memory` is the most that it held, in bytes."""

    def __init__(self, status, out, err, memory):
        self.status, self.out, self.err, self.memory = status, out, err, memory


class Desk:
    def __init__(self, program):
        self.program = os.path.abspath(program)
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name)
        self.project = self.path / "project"
        self.write("project/gantry.yaml", "store: sqlite:gantry.db\n")
        self.write("project/tools/desk.yaml", TOOL)
        self.write("project/policies/desk.yaml", POLICY)
        self.write("project/workflows/keep.yaml", KEEP)
        self.write("project/workflows/pay.yaml", PAY)
        self.environment = {key: value for key, value in os.environ.items() if not key.startswith("GANTRY_")}
        self.server = None

    def close(self):
        self.stop()
        self.folder.cleanup()

    def write(self, name, text):
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text) if isinstance(text, str) else path.write_bytes(text)
        return str(path)

    def run(self, *arguments, pieces=None):
        """One command; `pieces` are what comes on its standard input, as long as it reads."""
        with open(self.path / "out", "wb") as out, open(self.path / "err", "wb") as err:
            process = subprocess.Popen([self.program, *map(str, arguments)], stdin=subprocess.PIPE, cwd=self.path,
                                       stdout=out, stderr=err, env=self.environment)
        try:
            for piece in pieces or []:
                process.stdin.write(piece)
            process.stdin.close()
        except BrokenPipeError:
            pass  # it has seen enough
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        return Done(process.returncode, (self.path / "out").read_text(errors="replace"),
                    (self.path / "err").read_text(errors="replace"), usage.ru_maxrss * 1024)

    def token(self, person, *roles):
        roles = [argument for role in roles for argument in ("--role", role)]
        done = self.run("token", "create", "--dir", self.project, "--person", person, *roles)
        assert done.status == 0, done.err
        return self.write(f"{person}.token", done.out)

    def serve(self, *wrapper):
        port_file = self.path / "port"
        port_file.unlink(missing_ok=True)
        command = [*wrapper, self.program, "serve", "--dir", str(self.project), "--listen", "127.0.0.1:0", "--port-file", str(port_file)]
        with open(self.path / "server.log", "wb") as log:
            self.server = subprocess.Popen(command, cwd=self.path, stdout=subprocess.DEVNULL, stderr=log, env=self.environment)
        for _ in range(300):
            if port_file.exists():
                self.environment["GANTRY_URL"] = port_file.read_text().strip()
                return
            if self.server.poll() is not None:
                break
            time.sleep(0.1)
        raise AssertionError(f"no server: {(self.path / 'server.log').read_text()}")

    def stop(self):
        if self.server and self.server.poll() is None:
            self.server.terminate()
            self.server.wait(30)
        self.server = None

    def start(self, workflow, token, value):
        return self.run("start", f"desk/{workflow}", "--token-file", token, "--wait", "20", "--json", "--input",
                        "@" + self.write("input.json", json.dumps(value)))
