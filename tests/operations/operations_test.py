"""The procedures of docs/operations.md: backup and restore, upgrade and roll back, retention, size, a full disk."""
import json
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
import unittest
import urllib.request
from pathlib import Path

from desk import Desk

PROGRAM = None
DONE, NO, UNREACHABLE = 0, 1, 4


class OperationsTest(unittest.TestCase):
    def setUp(self):
        self.desk = Desk(PROGRAM)
        self.store = self.desk.project / "gantry.db"
        self.token = self.desk.token("ada", "cashier", "auditor")

    def tearDown(self):
        self.desk.close()

    def command(self, name, *arguments):
        return self.desk.run(*name.split(), "--dir", self.desk.project, *arguments)

    def instances(self):
        done = self.desk.run("instances", "--token-file", self.token, "--json")
        self.assertEqual(done.status, DONE, done.err)
        return {row["id"] for row in json.loads(done.out)}

    def keep(self, text="a"):
        done = self.desk.start("keep", self.token, {"text": text})
        self.assertEqual(done.status, DONE, done.err)
        return json.loads(done.out)["instance"]

    def check_doctor(self, *arguments):
        done = self.desk.run("doctor", "--json", *arguments)
        checks = {each["check"]: each for each in json.loads(done.out)["checks"]}
        for name in ("store", "integrity", "audit chain", "clock"):
            self.assertTrue(checks[name]["good"], done.out)
        return checks

    def test_a_backup_while_the_server_works_is_restored_and_goes_on(self):
        self.desk.serve()
        first = self.keep()
        stop = threading.Event()

        def work():
            while not stop.is_set():
                urllib.request.urlopen(urllib.request.Request(
                    self.desk.environment["GANTRY_URL"] + "/api/v1/workflows/desk/keep/instances", b'{"text": "b"}',
                    {"Authorization": "Bearer " + Path(self.token).read_text().strip(), "Content-Type": "application/json"})).read()

        worker = threading.Thread(target=work)
        worker.start()
        try:
            backup = self.desk.path / "backup.db"
            done = self.command("backup", backup)
        finally:
            stop.set()
            worker.join()
        self.assertEqual(done.status, DONE, done.err)
        self.assertEqual(backup.stat().st_mode & 0o777, 0o600)
        self.assertEqual(self.command("backup", backup).status, NO, "an existing file is not overwritten")
        self.check_doctor("--store", f"sqlite:{backup}")
        later = self.keep("after the backup")
        head = self.command("audit head").out
        self.desk.stop()
        for suffix in ("", "-wal", "-shm"):
            moved = self.store.with_name(self.store.name + suffix)
            if moved.exists():
                moved.rename(str(moved) + ".old")
        shutil.copy(backup, self.store)
        self.check_doctor("--dir", self.desk.project)
        heads = self.desk.write("heads.jsonl", head)
        lost = self.command("audit verify", "--checkpoints", heads)
        self.assertEqual(lost.status, NO)
        self.assertIn("truncated", lost.out)
        self.desk.serve()
        self.assertIn(first, self.instances())
        self.assertNotIn(later, self.instances())
        self.assertIn(self.keep(), self.instances())
        self.desk.stop()
        self.check_doctor("--dir", self.desk.project)

    def test_an_older_program_leaves_a_newer_database_alone_and_the_backup_brings_it_back(self):
        self.desk.serve()
        kept = self.keep()
        backup = self.desk.path / "before-upgrade.db"
        self.assertEqual(self.command("backup", backup).status, DONE)
        self.desk.stop()
        connection = sqlite3.connect(self.store)
        connection.execute("PRAGMA user_version = 99")  # as a newer program would
        connection.close()
        done = self.command("doctor")
        self.assertEqual(done.status, UNREACHABLE)
        self.assertIn("newer Gantry", done.out)
        self.store.unlink()
        shutil.copy(backup, self.store)
        self.desk.serve()
        self.assertIn(kept, self.instances())

    def test_retention_removes_what_is_old_but_not_what_is_held(self):
        self.desk.serve()
        held, old = self.keep("held"), self.keep("old")
        waits = json.loads(self.desk.start("pay", self.token, {"amount": 5}).out)["instance"]
        hold = self.desk.run("hold", "place", "--instance", held, "--reason", "case 12", "--token-file", self.token)
        self.assertEqual(hold.status, DONE, hold.err)
        listed = json.loads(self.desk.run("hold", "list", "--token-file", self.token, "--json").out)
        self.assertEqual([(each["scope"], each["person"], each["reason"]) for each in listed], [(f"instance:{held}", "ada", "case 12")])
        self.desk.stop()
        self.desk.write("project/gantry.yaml", "store: sqlite:gantry.db\nretention: {instances: PT0S, workflows: {desk/pay: forever}}\n")
        self.desk.serve()
        for _ in range(200):
            if old not in self.instances():
                break
            time.sleep(0.05)
        self.assertEqual(self.instances(), {held, waits})
        self.assertIn(self.keep("new"), self.instances(), "the server goes on")
        self.desk.stop()
        self.check_doctor("--dir", self.desk.project)
        report = json.loads(self.command("audit verify", "--json").out)
        self.assertGreater(report["removed"], 0)
        log = (self.desk.path / "server.log").read_text()
        self.assertIn("retention removed old instances instances=1", log)

    def test_the_size_is_shown_by_kind_with_a_forecast(self):
        self.desk.serve()
        self.keep("x" * 20_000)
        self.desk.stop()  # the write-ahead log goes into the file
        size = json.loads(self.command("store", "--json").out)
        kinds = {kind["kind"]: kind["bytes"] for kind in size["kinds"]}
        self.assertGreater(kinds["large values"], 20_000)
        self.assertEqual(sum(kinds.values()) + size["unusedBytes"], size["fileBytes"])
        self.assertGreater(size["growthBytesPerDay"], 0)
        shown = self.command("store")
        self.assertEqual(shown.status, DONE)
        self.assertIn("large values", shown.out)
        self.assertRegex(shown.out, r"the disk \(.* free\) (is full on \d{4}-|does not fill up)")

    def test_the_doctor_finds_damage_a_broken_chain_and_a_clock_set_back(self):
        self.desk.serve()
        self.keep()
        self.desk.stop()
        connection = sqlite3.connect(self.store)
        connection.executescript("UPDATE journal_event SET at = at + 10000000000000 WHERE position = (SELECT max(position) FROM journal_event)")
        connection.close()
        done = self.command("doctor", "--json")
        self.assertEqual(done.status, NO)
        wrong = {each["check"]: each["text"] for each in json.loads(done.out)["checks"] if not each["good"]}
        self.assertIn("position", wrong["audit chain"])
        self.assertIn("later than now", wrong["clock"])
        self.assertEqual(self.desk.run("doctor", "--store", "sqlite:/nowhere/at/all.db").status, UNREACHABLE)

    def test_on_a_disk_that_takes_no_more_nothing_is_half_applied_and_what_was_acknowledged_is_there(self):
        # A file system of its own would need root; a limit on the size of files is a disk that takes no more.
        self.desk.serve("sh", "-c", f'trap "" XFSZ; exec prlimit --fsize={1 << 20} "$@"', "sh")
        kept = set()
        refused = None
        for number in range(200):
            done = self.desk.start("keep", self.token, {"text": "y" * 50_000 + str(number)})
            if done.status != DONE:
                refused = done
                break
            kept.add(json.loads(done.out)["instance"])
        self.assertIsNotNone(refused, "1 MiB holds no 200 texts of 50 KB")
        self.assertEqual(refused.status, UNREACHABLE, refused.err)
        self.desk.stop()
        self.check_doctor("--dir", self.desk.project)
        self.desk.serve()
        self.assertEqual(self.instances(), kept, "what was acknowledged is there, what was refused is not")
        self.keep()


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main()
