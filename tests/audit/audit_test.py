"""The audit chain: what the program and the second verifier say of a journal, before and after somebody edited the file."""
import hashlib
import json
import shutil
import sqlite3
import subprocess
import sys
import unittest
from datetime import datetime
from pathlib import Path

from desk import Desk

PROGRAM = None
SECOND = Path(__file__).resolve().parents[2] / "packaging" / "gantry-audit-verify.py"
DONE, NO = 0, 1
# What somebody who can write the file does to it, and what the program calls that.
TAMPERING = {
    "edit": ("UPDATE journal_event SET data = replace(data, 'secret 3', 'secret 4') WHERE data LIKE '%secret 3%'", "changed"),
    "time": ("UPDATE journal_event SET at = at - 1 WHERE position = 4", "changed"),
    "delete": ("DELETE FROM journal_event WHERE position = 5", "missing"),
    "delete the first": ("DELETE FROM journal_event WHERE position = 1", "missing"),
    "reorder": ("UPDATE journal_event SET position = -5 WHERE position = 5; UPDATE journal_event SET position = 5 WHERE position = 6; "
                "UPDATE journal_event SET position = 6 WHERE position = -5", "changed"),
    "truncate": ("DELETE FROM journal_event WHERE position > 6", "truncated"),
    "truncate all": ("DELETE FROM journal_event", "truncated"),
    "forge a checkpoint": ("UPDATE journal_checkpoint SET hash = zeroblob(32)", "forged"),
    "rename": ("UPDATE journal_stream SET id = 'other' WHERE number = 2", "changed"),
    "remove the large values": ("DELETE FROM journal_blob", "missing"),
    "remove the files of the projects": ("DELETE FROM journal_project", "missing"),
    "files of a project": ("UPDATE journal_project SET files = CAST(replace(CAST(files AS TEXT), 'audit', 'avdit') AS BLOB)", "changed"),
    "large value": ("UPDATE journal_blob SET data = replace(data, 'yyy', 'yzy')", "changed"),
}


class AuditTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.desk = Desk(PROGRAM)
        cls.journal = cls.desk.path / "run.db"
        workflow = cls.desk.write("one.yaml", "document: {dsl: '1.0.3', namespace: audit, name: one, version: 1.0.0}\n"
                                              "do:\n- keep: {set: {kept: '${ .text }', large: '${ .large }'}}\n- wait: {wait: PT0.01S}\n")
        for number in range(4):
            value = {"text": f"secret {number}", "large": "y" * 5000 if number == 2 else ""}
            done = cls.desk.run("run", workflow, "--store", f"sqlite:{cls.journal}", "--input", json.dumps(value))
            assert done.status == DONE, done.err
        cls.key = cls.desk.path / "public.pem"
        cls.key.write_text(cls.audit("key").out)
        cls.heads = cls.desk.path / "heads.jsonl"
        cls.heads.write_text(cls.audit("head").out)

    @classmethod
    def tearDownClass(cls):
        cls.desk.close()

    @classmethod
    def audit(cls, *arguments, journal=None):
        return cls.desk.run("audit", *arguments, "--store", f"sqlite:{journal or cls.journal}")

    def second(self, journal, *arguments):
        return subprocess.run([sys.executable, str(SECOND), str(journal), *map(str, arguments)], capture_output=True, text=True, timeout=60)

    def tampered(self, sql):
        copy = self.desk.path / "tampered.db"
        for file in self.desk.path.glob("tampered.db*"):
            file.unlink()
        shutil.copy(self.journal, copy)
        connection = sqlite3.connect(copy)
        connection.executescript(sql)
        connection.close()
        return copy

    def test_both_say_that_an_untouched_journal_is_intact(self):
        done = self.audit("verify", "--json", "--public-key", self.key, "--checkpoints", self.heads)
        self.assertEqual(done.status, DONE, done.out)
        report = json.loads(done.out)
        self.assertTrue(report["intact"] and report["keysGiven"])
        self.assertEqual(report["unsignedEvents"], 0, "signed at each end of the store")
        other = self.second(self.journal, "--public-key", self.key, "--checkpoints", self.heads)
        self.assertEqual(other.returncode, DONE, other.stdout + other.stderr)
        self.assertIn(f"intact up to position {report['position']}, {report['checkpoints']} checkpoints", other.stdout)

    def test_both_find_each_kind_of_tampering(self):
        for name, (sql, what) in TAMPERING.items():
            with self.subTest(name):
                copy = self.tampered(sql)
                done = self.audit("verify", "--json", "--public-key", self.key, journal=copy)
                self.assertEqual(done.status, NO, done.out + done.err)
                self.assertIn(what, {finding["what"] for finding in json.loads(done.out)["findings"]})
                other = self.second(copy, "--public-key", self.key)
                self.assertEqual(other.returncode, NO, other.stdout + other.stderr)

    def test_cutting_off_the_end_with_its_checkpoints_shows_against_a_head_kept_elsewhere(self):
        copy = self.tampered("DELETE FROM journal_event WHERE position > 3; DELETE FROM journal_checkpoint WHERE position > 3")
        self.assertEqual(self.audit("verify", "--public-key", self.key, journal=copy).status, DONE, "nothing in the file can tell")
        done = self.audit("verify", "--public-key", self.key, "--checkpoints", self.heads, journal=copy)
        self.assertEqual(done.status, NO)
        self.assertIn("truncated", done.out)
        self.assertEqual(self.second(copy, "--public-key", self.key, "--checkpoints", self.heads).returncode, NO)

    def test_another_key_than_the_trusted_one_is_no_signature(self):
        other_key = self.desk.path / "other.pem"
        subprocess.run(f"openssl genpkey -algorithm ed25519 | openssl pkey -pubout -out {other_key}", shell=True, check=True)
        done = self.audit("verify", "--public-key", other_key)
        self.assertEqual(done.status, NO)
        self.assertIn("forged", done.out)
        self.assertEqual(self.second(self.journal, "--public-key", other_key).returncode, NO)

    def test_openssl_verifies_a_checkpoint(self):
        head = json.loads(self.heads.read_text())
        message = b"gantry.checkpoint.1\n" + head["position"].to_bytes(8, "big") + head["at"].to_bytes(8, "big") + bytes.fromhex(head["hash"])
        (self.desk.path / "message").write_bytes(message)
        (self.desk.path / "signature").write_bytes(bytes.fromhex(head["signature"]))
        done = subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", self.key, "-rawin", "-in", "message", "-sigfile", "signature"],
                              cwd=self.desk.path, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_an_export_as_json_lines_verifies_by_its_own_lines(self):
        done = self.audit("export")
        self.assertEqual(done.status, DONE, done.err)
        hash_, decoder, kinds = bytes(32), json.JSONDecoder(), []
        for line in done.out.splitlines():
            row = json.loads(line)
            kinds.append(next(iter(row)))
            if "position" not in row:
                continue
            start = line.index(',"data":') + len(',"data":')
            _, end = decoder.raw_decode(line, start)
            labels = line[end + len(',"labels":'):-1] if "labels" in row else ""
            sized = lambda text: len(text.encode()).to_bytes(8, "big") + text.encode()
            digest = hashlib.sha256(bytes.fromhex(row["salt"]) + sized(line[start:end]) + sized(labels)).digest()
            name, instance = row["type"].encode(), row["instance"].encode()
            link = b"".join(row[key].to_bytes(8, "big") for key in ("position", "at", "sequence")) + bytes([len(name)]) + name
            hash_ = hashlib.sha256(hash_ + link + len(instance).to_bytes(2, "big") + instance + digest).digest()
            self.assertEqual(hash_.hex(), row["hash"])
        self.assertEqual(hash_.hex(), json.loads(self.heads.read_text())["hash"])
        self.assertEqual(kinds.count("blob"), 2, "the input and the output of one instance")
        self.assertIn("checkpoint", kinds)

    def test_an_export_as_ocel_has_the_shape_of_the_standard(self):
        done = self.audit("export", "--format", "ocel")
        self.assertEqual(done.status, DONE, done.err)
        log = json.loads(done.out)
        self.assertEqual(sorted(log), ["eventTypes", "events", "objectTypes", "objects"])
        kinds = {"string": str, "integer": int}
        types = {name: {each["name"]: {a["name"]: kinds[a["type"]] for a in each["attributes"]} for each in log[name]} for name in ("objectTypes", "eventTypes")}
        objects = {each["id"]: each for each in log["objects"]}
        self.assertEqual(len(objects), len(log["objects"]), "ids are unique over all types")
        for each, known in [(o, types["objectTypes"]) for o in log["objects"]] + [(e, types["eventTypes"]) for e in log["events"]]:
            for attribute in each["attributes"]:
                self.assertIsInstance(attribute["value"], known[each["type"]][attribute["name"]])
                self.assertTrue(each is not objects.get(each["id"]) or "time" in attribute)
            for relation in each["relationships"]:
                self.assertIn(relation["objectId"], objects)
                self.assertTrue(relation["qualifier"])
        self.assertEqual({e["type"] for e in log["events"]}, {"project_deployed", "instance_started", "timer_set", "timer_fired", "instance_completed"})
        for each in log["events"]:
            datetime.fromisoformat(each["time"].replace("Z", "+00:00"))

    def test_erasing_an_instance_leaves_its_bytes_nowhere_and_both_verifiers_content(self):
        copy = self.tampered("SELECT 1")
        shutil.copy(f"{self.journal}.key", f"{copy}.key")
        instance = sqlite3.connect(copy).execute("SELECT id FROM instances WHERE input LIKE '%secret 2%'").fetchone()[0]
        self.assertIn(b"secret 2", copy.read_bytes())
        done = self.desk.run("audit", "erase", "--store", f"sqlite:{copy}", "--instance", instance, "--reason", "request 17", "--json")
        self.assertEqual(done.status, DONE, done.err)
        self.assertEqual(json.loads(done.out)["largeValues"], 2)
        for file in self.desk.path.glob("tampered.db*"):
            self.assertNotIn(b"secret 2", file.read_bytes(), file)
            self.assertNotIn(b"yyyy", file.read_bytes(), file)
        self.assertEqual(self.audit("verify", "--public-key", self.key, "--checkpoints", self.heads, journal=copy).status, DONE)
        other = self.second(copy, "--public-key", self.key, "--checkpoints", self.heads)
        self.assertEqual(other.returncode, DONE, other.stdout)
        # What is left can't be changed either.
        connection = sqlite3.connect(copy)
        connection.executescript("UPDATE journal_event SET data = replace(data, '\"name\":\"one\"', '\"name\":\"two\"') WHERE data LIKE '%\"one\"%' AND position IN (SELECT position FROM journal_erased)")
        connection.close()
        self.assertEqual(self.audit("verify", journal=copy).status, NO)
        self.assertEqual(self.second(copy).returncode, NO)

    def test_wrong_arguments_end_with_2_and_a_missing_journal_with_4(self):
        broken = self.desk.write("broken.jsonl", "{\"position\": 1}\n")
        done = self.audit("verify", "--checkpoints", broken)
        self.assertEqual(done.status, 2)
        self.assertIn("broken.jsonl: line 1", done.err)
        self.assertEqual(self.audit("verify", "--public-key", broken).status, 2)
        self.assertEqual(self.audit("verify", journal=self.desk.path / "none.db").status, 4)
        self.assertEqual(self.second(self.desk.path / "none.db").returncode, 2)


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main()
