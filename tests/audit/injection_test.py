"""Text from outside that would forge a line of the log or command a terminal: it is shown, never obeyed."""
import json
import re
import sys
import unittest
import urllib.error
import urllib.request
from pathlib import Path

from desk import HEADER, Desk

PROGRAM = None
HOSTILE = "x\n2026-11-28T00:00:00.000Z info forged=yes\r\x1b[2J\x1b]0;owned\x07\x00\x7f"
CONTROL = re.compile("[\x00-\x09\x0b-\x1f]")
LOG_LINE = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (debug|info|warning|error) ")


class InjectionTest(unittest.TestCase):
    def setUp(self):
        self.desk = Desk(PROGRAM)
        self.desk.write("project/workflows/fail.yaml", HEADER.replace("NAME", "fail") +
                        "- fail: {raise: {error: {type: 'https://example.com/bad', status: 500, title: '${ .text }', detail: '${ .text }'}}}\n")
        self.token = self.desk.token("ada", "cashier", "auditor")
        self.desk.serve()

    def tearDown(self):
        self.desk.close()

    def expect_harmless(self, text, where):
        self.assertIsNone(CONTROL.search(text), f"{where}: {text!r}")
        self.assertNotIn("\n2026-11-28T00:00:00.000Z info forged", text, where)

    def test_nothing_hostile_reaches_a_terminal_or_forges_a_line_of_the_log(self):
        hostile_key = self.desk.run("start", "desk/fail", "--token-file", self.token, "--key", "k\x1b[1m\nHost: elsewhere", "--input", "{}")
        self.assertNotEqual(hostile_key.status, 0, "no header can be smuggled in")
        self.expect_harmless(hostile_key.err, "start --key")
        done = self.desk.run("start", "desk/fail", "--token-file", self.token, "--wait", "20", "--json",
                             "--input", "@" + self.desk.write("input.json", json.dumps({"text": HOSTILE})))
        self.expect_harmless(done.out, "start")
        instance = json.loads(done.out)["instance"]
        pay = self.desk.start("pay", self.token, {"amount": 1, "note": HOSTILE})
        self.expect_harmless(pay.out, "start --json")
        for command in (["instances"], ["show", instance], ["journal", instance], ["tasks", "--all"], ["cancel", HOSTILE[:-3]], ["show", "\x1b[31m\n"]):
            done = self.desk.run(*command, "--token-file", self.token)
            self.expect_harmless(done.out, command)
            self.expect_harmless(done.err, command)
        url = self.desk.environment["GANTRY_URL"]
        for path in ("/api/v1/x%0a2026-11-28T00:00:00.000Z%20info%20forged%1b[2J", "/api/v1/instances/%1b%0a"):
            with self.assertRaises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(urllib.request.Request(url + path, headers={"Authorization": "Bearer " + Path(self.token).read_text().strip()}))
            self.expect_harmless(refused.exception.read().decode(), path)
        self.desk.stop()
        log = (self.desk.path / "server.log").read_text()
        for line in log.splitlines():
            self.assertRegex(line, LOG_LINE)
            self.assertNotIn("\x1b", line)
            self.assertNotIn("forged=yes", line.split(" ", 2)[2][:12])
        for command in (["audit", "verify"], ["audit", "export"], ["audit", "export", "--format", "ocel"]):
            done = self.desk.run(*command, "--dir", self.desk.project)
            self.assertEqual(done.status, 0, done.err)
            self.expect_harmless(done.out, command)


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main()
