"""CloudEvents sent to a running server: in all modes, by command, and with the server killed in between."""

import http.client
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request
from pathlib import Path

GANTRY = None
STRUCTURED = "application/cloudevents+json"
BATCHED = "application/cloudevents-batch+json"

WORKFLOW = """
document: {dsl: '1.0.3', namespace: t, name: NAME, version: 1.0.0}
do:
  - l:
      listen:
        to: {any: [{with: {type: reading, data: '${ .to == $input.me }'}}], until: length == $input.count}
      output: {as: map(.value)}
"""


def event(number, to="all", **more):
    return {"specversion": "1.0", "id": str(number), "source": "/test", "type": "reading",
            "data": {"to": to, "value": number}, **more}


class EventsTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.work = Path(folder.name)
        (self.work / "project" / "workflows").mkdir(parents=True)
        (self.work / "project" / "workflows" / "listens.yaml").write_text(WORKFLOW.replace("NAME", "listens"))
        self.store = f"sqlite:{self.work / 'gantry.db'}"
        self.token = subprocess.run(
            [GANTRY, "token", "create", "--store", self.store, "--person", "ada", "--role", "operator"],
            check=True, capture_output=True, text=True).stdout.strip()
        self.start()
        self.addCleanup(self.stop)

    def start(self):
        port_file = self.work / "address"
        port_file.unlink(missing_ok=True)
        with open(self.work / "log", "a") as log:
            self.process = subprocess.Popen(
                [GANTRY, "serve", "--dir", str(self.work / "project"), "--store", self.store, "--listen", "127.0.0.1:0",
                 "--port-file", str(port_file)], stdout=log, stderr=log)
        deadline = time.monotonic() + 30
        while not port_file.exists():
            self.assertIsNone(self.process.poll(), (self.work / "log").read_text())
            self.assertLess(time.monotonic(), deadline, "the server is not ready")
            time.sleep(0.005)
        self.address = port_file.read_text().strip()

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def post(self, path, body, headers):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data=data, method="POST")
        request.add_header("Authorization", "Bearer " + self.token)
        for name, value in headers.items():
            request.add_header(name, value)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    def listen(self, me, count):
        status, answer = self.post("/api/v1/workflows/t/listens/instances", {"me": me, "count": count},
                                   {"Content-Type": "application/json"})
        self.assertEqual(status, 201, answer)
        return answer["instance"]

    def send(self, body, content_type=STRUCTURED, **headers):
        return self.post("/api/v1/events", body, {"Content-Type": content_type, **headers})

    def outcome(self, instance):
        deadline = time.monotonic() + 30
        while True:
            request = urllib.request.Request(self.address + "/api/v1/instances/" + instance)
            request.add_header("Authorization", "Bearer " + self.token)
            with urllib.request.urlopen(request, timeout=30) as answer:
                row = json.loads(answer.read())
            if row["status"] not in ("running", "waiting"):
                return row
            self.assertLess(time.monotonic(), deadline, f"it does not end: {row}")
            time.sleep(0.01)

    def emit(self, text):
        return subprocess.run([GANTRY, "emit", text, "--server", self.address], capture_output=True, text=True,
                              timeout=30, env={**os.environ, "GANTRY_TOKEN": self.token})

    def test_every_mode_reaches_what_listens(self):
        instance = self.listen("all", 5)
        self.assertEqual(self.send(event(1)), (202, {"received": 1, "duplicates": 0}))
        self.assertEqual(self.send([event(2), event(3), event(2)], BATCHED), (202, {"received": 3, "duplicates": 1}))
        self.assertEqual(self.send(event(9, to="nobody"))[0], 202)
        headers = {"ce-specversion": "1.0", "ce-id": "4", "ce-source": "/test", "ce-type": "reading"}
        self.assertEqual(self.send({"to": "all", "value": 4}, "application/json", **headers)[0], 202)
        self.assertEqual(self.send({**event(4), "source": "/other"}, "application/json")[0], 202)
        row = self.outcome(instance)
        self.assertEqual((row["status"], row["output"]), ("completed", [1, 2, 3, 4, 4]))

    def test_what_is_no_event_is_refused_with_a_reason(self):
        for body, content_type, reason in [
                ({"id": "1"}, STRUCTURED, "specversion, source, type missing"),
                ([event(1), {**event(2), "time": "noon"}], BATCHED, "event 2: CloudEvent: time: expected a time"),
                (b"<event/>", "application/xml", "expected application/cloudevents+json"),
                (b"{", STRUCTURED, "")]:
            status, answer = self.send(body, content_type)
            self.assertEqual(status, 400, answer)
            self.assertIn(reason, answer["detail"])

    def test_the_command_sends_events_and_files_of_events(self):
        instance = self.listen("all", 3)
        done = self.emit(json.dumps(event(1)))
        self.assertEqual((done.returncode, json.loads(done.stdout)), (0, {"received": 1, "duplicates": 0}), done.stderr)
        path = self.work / "events.json"
        path.write_text(json.dumps([event(2), event(3)]))
        self.assertEqual(self.emit(f"@{path}").returncode, 0)
        self.assertEqual(self.outcome(instance)["output"], [1, 2, 3])
        wrong = self.emit('{"id": "1"}')
        self.assertEqual(wrong.returncode, 2)
        self.assertIn("specversion, source, type missing", wrong.stderr)

    def test_killed_servers_lose_and_double_nothing(self):
        moments = random.Random(7)
        total = 120
        instances = [self.listen("all", total), self.listen("all", total)]
        kills = 0
        for number in range(total):
            if moments.random() < 0.08:
                # While the request is on its way, or before: either way it is sent until it is acknowledged.
                self.process.send_signal(signal.SIGKILL)
                kills += 1
            while True:
                try:
                    status, _ = self.send(event(number))
                    self.assertEqual(status, 202)
                    if moments.random() < 0.05:
                        self.kill()
                        kills += 1
                    break
                except (OSError, http.client.HTTPException):
                    self.process.wait(30)
                    self.start()
        if self.process.poll() is not None:
            self.start()
        self.assertGreater(kills, 5)
        for instance in instances:
            row = self.outcome(instance)
            self.assertEqual((row["status"], row["output"]), ("completed", list(range(total))))


if __name__ == "__main__":
    GANTRY = str(Path(sys.argv.pop(1)).resolve())
    unittest.main()
