"""One Gantry server and one simulated terminal system on loopback, started and stopped by the demo and the tests."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

PORT_APPLICATION = Path(__file__).resolve().parent.parent
TERMINAL_ORIGIN = "http://tos.port.internal"
RELEASE_DESK_ORIGINS = ["http://releases.port.internal", "http://desk-model.port.internal"]

# The simulated people of the story: who holds which roles.
PEOPLE = {
    "mailbox": ["operator", "administrator"],
    "vera": ["vessel_planner"],
    "dora": ["dg_desk"],
    "milo": ["duty_manager"],
    "otto": ["operator"],
}


class CallFailed(Exception):
    def __init__(self, status, detail):
        super().__init__(f"{status}: {detail}")
        self.status = status


def call(address, method, path, token=None, body=None, headers=None, timeout=90):
    """One JSON request. Raises CallFailed with the status, or OSError when the server can't be reached."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address + path, data=data, method=method)
    request.add_header("Content-Type", "application/json")
    if token:
        request.add_header("Authorization", "Bearer " + token)
    for name, value in (headers or {}).items():
        request.add_header(name, value)
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        raise CallFailed(error.code, error.read().decode(errors="replace")[:500]) from None
    except urllib.error.URLError as error:
        raise OSError(str(error.reason)) from None


class TerminalSystem:
    """The simulated terminal operating system: a process of its own with a database of its own."""

    def __init__(self, database):
        program = PORT_APPLICATION / "terminal_system" / "terminal_system.py"
        self.process = subprocess.Popen([sys.executable, str(program), "--port", "0", "--database", str(database)],
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.address = f"http://127.0.0.1:{json.loads(self.process.stdout.readline())['port']}"

    def control(self, **settings):
        return call(self.address, "POST", "/control", body=settings)

    def calls(self):
        return call(self.address, "GET", "/calls")

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


class ReleaseDesk:
    """The simulated release register, and the simulated model that obeys whoever writes to it."""

    def __init__(self):
        program = PORT_APPLICATION / "release_desk" / "release_desk.py"
        self.process = subprocess.Popen([sys.executable, str(program)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.address = f"http://127.0.0.1:{json.loads(self.process.stdout.readline())['port']}"

    def releases(self):
        return call(self.address, "GET", "/releases")["releases"]

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
        self.process.stdout.close()


class GantryServer:
    """`gantry serve` on a store that outlives it: kill() and start() again is the point."""

    def __init__(self, program, work, terminal_address, release_desk_address="http://127.0.0.1:9"):
        self.program = str(Path(program).resolve())
        self.work = Path(work)
        self.store = self.work / "gantry.db"
        self.hosts = {TERMINAL_ORIGIN: terminal_address, **{origin: release_desk_address for origin in RELEASE_DESK_ORIGINS}}
        self.process = None
        self.address = None
        self.tokens = {}

    def create_tokens(self):
        for person, roles in PEOPLE.items():
            command = [self.program, "token", "create", "--store", f"sqlite:{self.store}", "--person", person]
            for role in roles:
                command += ["--role", role]
            self.tokens[person] = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def start(self, timeout=30):
        port_file = self.work / "address"
        port_file.unlink(missing_ok=True)
        with open(self.work / "gantry.log", "a") as log:
            self.process = subprocess.Popen(
                [self.program, "serve", "--dir", str(PORT_APPLICATION), "--store", f"sqlite:{self.store}", "--listen", "127.0.0.1:0",
                 "--port-file", str(port_file), *(f"--host-override={origin}={address}" for origin, address in self.hosts.items())],
                stdout=log, stderr=log)
        deadline = time.monotonic() + timeout
        while not port_file.exists():
            if self.process.poll() is not None:
                raise RuntimeError(f"gantry serve ended with status {self.process.returncode}; see {self.work / 'gantry.log'}")
            if time.monotonic() > deadline:
                raise RuntimeError(f"gantry serve was not ready within {timeout} s; see {self.work / 'gantry.log'}")
            time.sleep(0.005)
        self.address = port_file.read_text().strip()

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)

    def call(self, person, method, path, body=None, headers=None):
        return call(self.address, method, path, self.tokens[person], body, headers)

    def list(self, person, path):
        """All rows of a paged list."""
        rows, cursor = [], ""
        while True:
            separator = "&" if "?" in path else "?"
            page = self.call(person, "GET", f"{path}{separator}limit=1000&cursor={cursor}")
            rows += page["items"]
            cursor = page["next"]
            if not cursor:
                return rows

    def answer_mail(self, container, mail):
        """The desk hands a haulier's mail about a container to port/haulier-mail: the instance with its output and effects."""
        started = self.call("mailbox", "POST", "/api/v1/workflows/port/haulier-mail/instances?wait=30", {"container": container, "mail": mail})
        return self.call("otto", "GET", f"/api/v1/instances/{started['instance']}")

    def start_plan(self, plan, key):
        """Sends the bay plan as its sender would: the EDIFACT bytes, with an idempotency key."""
        request = urllib.request.Request(self.address + "/api/v1/workflows/port/bay-plan/instances", data=Path(plan).read_bytes(), method="POST")
        request.add_header("Content-Type", "application/edifact")
        request.add_header("Authorization", "Bearer " + self.tokens["mailbox"])
        request.add_header("Idempotency-Key", key)
        try:
            with urllib.request.urlopen(request, timeout=90) as answer:
                return json.loads(answer.read())["instance"]
        except urllib.error.HTTPError as error:
            raise CallFailed(error.code, error.read().decode(errors="replace")[:2000]) from None


def generate_plan(work, seed, containers=4000):
    """A bay plan and the list of faults planted in it."""
    plan, answers = Path(work) / "bay-plan.edi", Path(work) / "answers.json"
    subprocess.run([sys.executable, str(PORT_APPLICATION / "generator" / "generate_bay_plan.py"), "--seed", str(seed),
                    "--containers", str(containers), "--out", str(plan), "--answers", str(answers)], check=True, stdout=subprocess.DEVNULL)
    return plan, json.loads(answers.read_text())


def vote(server, person, task, approve=True, comment=""):
    """One person's vote on the effect as it was shown to them. False when it was refused."""
    shown = server.call(person, "GET", f"/api/v1/tasks/{task}")
    try:
        server.call(person, "POST", f"/api/v1/tasks/{task}/answer",
                    {"approve": approve, "comment": comment, "digest": shown.get("digest") or ""})
        return True
    except CallFailed as error:
        if error.status not in (403, 409):
            raise
        return False
