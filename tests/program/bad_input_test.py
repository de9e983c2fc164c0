"""Input that is wrong, hostile or too much, given to the program: it says what is wrong, where, and stays bounded.

The readers have unit tests of their own for each; docs/testing.md lists both.
"""
import hashlib
import json
import shutil
import sqlite3
import subprocess
import sys
import time
import unittest
import urllib.request
from pathlib import Path

from desk import Desk

PROGRAM = None
MIB = 1 << 20
DONE, NO, WRONG_INPUT, UNREACHABLE = 0, 1, 2, 4
PLAN = ("UNB+UNOA:2+ME+YOU+261123:0600+77'UNH+1+BAPLIE:D:95B:UN:SMDG20'BGM++1+9'TDT+20+042W+++XYZ:172:20+++9VAB1:103::MV EXAMPLE'"
        "LOC+147+0010082::5'MEA+VGM++KGM:23200'EQD+CN+IPXU3013510+22G1+++5'UNT+7+1'UNZ+1+77'")


class BadInputTest(unittest.TestCase):
    def setUp(self):
        self.desk = Desk(PROGRAM)

    def tearDown(self):
        self.desk.close()

    def convert(self, name, text):
        return self.desk.run("convert", self.desk.write(name, text))

    def problems(self, text):
        done = self.convert("plan.edi", text)
        self.assertEqual(done.status, DONE, done.err)
        return [problem["message"] for problem in json.loads(done.out)["problems"]], done.err

    def check(self):
        return self.desk.run("check", "project")

    # --- Files

    def test_edifact_that_is_right_has_no_problems(self):
        self.assertEqual(self.problems(PLAN), ([], ""))

    def test_edifact_with_wrong_counts_says_both_numbers_with_segment_and_byte(self):
        found, shown = self.problems(PLAN.replace("UNT+7", "UNT+9").replace("UNZ+1", "UNZ+3"))
        self.assertEqual(len(found), 2, found)
        self.assertIn("9", found[0])
        self.assertIn("7", found[0])
        self.assertRegex(shown, r"plan\.edi: segment 8, byte \d+: ")

    def test_edifact_that_was_cut_off_is_said_and_what_was_read_is_kept(self):
        done = self.convert("plan.edi", PLAN[:PLAN.index("UNT") + 4])
        document = json.loads(done.out)
        self.assertGreaterEqual(len(document["problems"]), 1)
        self.assertFalse(document["messages"][0]["complete"])
        self.assertEqual(document["counts"]["containers"], 1)

    def test_edifact_outside_its_declared_character_set_names_the_byte(self):
        found, _ = self.problems(PLAN.replace("MV EXAMPLE", "Mv Example"))
        self.assertEqual(len(found), 1, found)
        self.assertIn("UNOA", found[0])

    def test_200_mb_of_garbage_are_refused_in_bounded_memory(self):
        line = bytes(range(256)) * 4096
        for format_name in ("edifact", "json", "csv"):
            with self.subTest(format=format_name):
                done = self.desk.run("convert", "-", "--as", format_name, pieces=(line for _ in range(200)))
                self.assertEqual(done.status, WRONG_INPUT, done.err)
                self.assertIn("standard input", done.err)
                self.assertLess(len(done.err), 1000)
                self.assertLess(done.memory, 300 * MIB)

    def test_200_mb_that_start_like_edifact_are_refused_in_bounded_memory(self):
        pieces = [PLAN[:PLAN.index("UNT")].encode()] + [b"LOC+147+0010082::5'" * 50_000] * 210
        done = self.desk.run("convert", "-", "--as", "edifact", pieces=iter(pieces))
        self.assertEqual(done.status, WRONG_INPUT, done.err)
        self.assertRegex(done.err, r"edifact: more than \d+ segments|edifact: the input is larger than")
        self.assertLess(done.memory, 1500 * MIB)

    def test_a_yaml_bomb_is_refused_with_its_place(self):
        bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for i in range(1, 12):
            bomb += f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n"
        done = self.desk.run("check", self.desk.write("bomb.yaml", bomb))
        self.assertEqual(done.status, WRONG_INPUT)
        self.assertRegex(done.err, r"bomb\.yaml:\d+:\d+: .*(alias|values|limit)")
        self.assertLess(done.memory, 500 * MIB)

    def test_yaml_10_000_levels_deep_is_refused_with_its_place(self):
        for text in ("[" * 10_000, "".join(" " * i + "a:\n" for i in range(1200))):
            done = self.desk.run("check", self.desk.write("deep.yaml", text))
            self.assertEqual(done.status, WRONG_INPUT)
            self.assertRegex(done.err, r"deep\.yaml:\d+:\d+: .*levels")

    def test_json_10_000_levels_deep_is_refused_with_its_place(self):
        done = self.convert("deep.json", "[" * 10_000 + "]" * 10_000)
        self.assertEqual(done.status, WRONG_INPUT)
        self.assertRegex(done.err, r"deep\.json: 1:513: nested deeper than 512 levels")

    def test_csv_with_a_short_record_names_line_and_column(self):
        done = self.convert("units.csv", "unit,weight\nMSCU1234565\n")
        self.assertEqual(done.status, WRONG_INPUT)
        self.assertIn("units.csv:2:12: the record of line 2 has 1 of 2 fields; 'weight' is missing", done.err)

    def test_xes_is_refused_until_it_is_supported(self):
        done = self.convert("log.xes", "<log/>")
        self.assertEqual((done.status, "XES is not supported yet" in done.err), (WRONG_INPUT, True))

    # --- Definitions

    def test_a_tool_that_does_not_exist_is_named_with_the_nearest(self):
        self.desk.write("project/workflows/pay.yaml", self.desk.project.joinpath("workflows/pay.yaml").read_text().replace("desk.pay", "dsk.pay"))
        done = self.check()
        self.assertEqual(done.status, WRONG_INPUT)
        self.assertIn("project/workflows/pay.yaml:3:15: no tool 'dsk'; did you mean 'desk'?\n", done.err)

    def test_a_policy_with_a_typo_is_refused_and_never_half_in_force(self):
        self.desk.write("project/policies/desk.yaml", "policy: desk\nversion: 1.0.0\nrules:\n  - {id: a, verdict: alow}\n")
        done = self.check()
        self.assertEqual(done.status, WRONG_INPUT)
        self.assertRegex(done.err, r"project/policies/desk\.yaml:4:22: .*did you mean 'allow'\?")
        self.assertEqual(self.desk.run("serve", "--dir", "project", "--listen", "127.0.0.1:0").status, WRONG_INPUT)
        self.assertFalse((self.desk.project / "gantry.db").exists())

    # --- People

    def test_a_token_that_lacks_the_role_is_told_which(self):
        nina = self.desk.token("nina", "cashier")
        self.desk.serve()
        done = self.desk.run("deploy", "project", "--token-file", nina)
        self.assertEqual(done.status, NO)
        self.assertIn("this needs the role 'administrator'; nina does not hold it", done.err)

    def test_an_approval_of_an_effect_that_has_changed_is_refused(self):
        otto, nina = self.desk.token("otto", "operator"), self.desk.token("nina", "cashier")
        self.desk.serve()
        self.assertEqual(self.desk.start("pay", otto, {"amount": 5}).status, DONE)
        task = json.loads(self.desk.run("tasks", "--token-file", nina, "--json").out)[0]
        stale = self.desk.run("approve", task["id"], "--token-file", nina, "--digest", "0" * 64)
        self.assertEqual(stale.status, NO)
        self.assertIn("what was shown has changed", stale.err)
        now = self.desk.run("approve", task["id"], "--token-file", nina, "--digest", task["digest"])
        self.assertEqual(now.status, DONE, now.err)

    # --- Disk

    def test_a_database_of_a_newer_version_is_refused_and_left_alone(self):
        self.desk.token("otto", "operator")
        database = self.desk.project / "gantry.db"
        with sqlite3.connect(database) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.execute("PRAGMA journal_mode=DELETE")
            connection.execute("PRAGMA user_version=99")
        connection.close()
        before = hashlib.sha256(database.read_bytes()).hexdigest()
        for arguments in (["serve", "--dir", "project", "--listen", "127.0.0.1:0"], ["token", "list", "--dir", "project"],
                          ["run", "project/workflows/keep.yaml", "--store", f"sqlite:{database}"]):
            done = self.desk.run(*arguments)
            self.assertEqual(done.status, UNREACHABLE, done.err)
            self.assertRegex(done.err, r"gantry\.db was written by a newer Gantry: its schema has version 99, this program knows versions up to \d+")
        self.assertEqual(hashlib.sha256(database.read_bytes()).hexdigest(), before)

    def mount_small_disk(self):
        """A command prefix that runs a program with a full-able disk of 4 MiB at project/disk; skips where that can't be."""
        disk = self.desk.project / "disk"
        disk.mkdir()
        self.desk.write("project/gantry.yaml", "store: sqlite:disk/gantry.db\n")
        prefix = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", f'mount -t tmpfs -o size=4m tmpfs "{disk}" && exec "$0" "$@"']
        if not shutil.which("unshare") or subprocess.run([*prefix, "true"], stderr=subprocess.DEVNULL).returncode != 0:
            self.skipTest("no user namespaces here, so no disk of our own that could be full")
        return prefix, disk

    def test_a_full_disk_is_said_and_the_server_goes_on_when_there_is_space(self):
        prefix, disk = self.mount_small_disk()
        otto = str(self.desk.path / "otto.token")
        # The database is on that disk, which nobody outside can see: the token is made by a process inside.
        make_token = f'"$0" token create --dir "{self.desk.project}" --person otto --role operator > "{otto}" && exec "$0" "$@"'
        self.desk.serve(*prefix, "sh", "-c", make_token)
        inside = Path(f"/proc/{self.desk.server.pid}/root{disk}")
        fits = self.desk.start("keep", otto, {"text": "fits"})
        self.assertEqual(fits.status, DONE, fits.err)
        (inside / "ballast").write_bytes(b"x" * (2 * MIB))
        for number in range(40):
            done = self.desk.start("keep", otto, {"text": f"{number}" + "x" * 300_000})
            if done.status != DONE:
                break
        self.assertEqual(done.status, UNREACHABLE, done.err)
        self.assertRegex(done.err, r"disk.*full|full.*disk|no space")
        with urllib.request.urlopen(self.desk.environment["GANTRY_URL"] + "/healthz", timeout=10) as answer:
            self.assertEqual(answer.status, 200)
        (inside / "ballast").unlink()
        for _ in range(100):
            done = self.desk.start("keep", otto, {"text": "again"})
            if done.status == DONE:
                break
            time.sleep(0.1)
        self.assertEqual(done.status, DONE, done.err)
        self.assertEqual(json.loads(done.out)["output"], {"kept": "again"})

    def test_a_run_on_a_full_disk_ends_with_a_message(self):
        prefix, disk = self.mount_small_disk()
        big = self.desk.write("input.json", json.dumps({"text": "x" * (6 * MIB)}))
        done = subprocess.run([*prefix, self.desk.program, "run", str(self.desk.project / "workflows/keep.yaml"), "--store", f"sqlite:{disk}/run.db",
                               "--input", f"@{big}"], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, UNREACHABLE, done.stderr)
        self.assertRegex(done.stderr, r"disk.*full|full.*disk|no space")
        self.assertEqual(done.stdout, "")


    # --- Names of people

    def test_a_name_that_could_be_two_people_makes_no_token_and_a_look_alike_is_warned_of(self):
        token = lambda *more: self.desk.run("token", *more, "--store", f"sqlite:{self.desk.path}/names.db")
        self.assertEqual(token("create", "--person", "ann", "--role", "fin").status, DONE)
        for name in ("ann ", "a\nb", " ann", "an\u200bn"):
            self.assertEqual(token("create", "--person", name).status, WRONG_INPUT, name)
        self.assertEqual(token("create", "--person", "bo", "--role", "a b").status, WRONG_INPUT)
        self.assertIn("easily taken for ann", token("create", "--person", "Ann").err)

    def test_revoking_says_when_there_is_nobody_and_needs_no_project_that_is_right(self):
        self.desk.write("broken/gantry.yaml", "store: sqlite:names.db\n")
        self.desk.write("broken/policies/p.yaml", "policy: p\nrules: [oops")
        token = lambda *more: self.desk.run("token", *more, "--dir", "broken")
        self.assertEqual(token("create", "--person", "rita").status, DONE)
        done = token("revoke", "--person", "ritta")
        self.assertEqual(done.status, WRONG_INPUT)
        self.assertIn("nobody called 'ritta' has a token", done.err)
        done = token("revoke", "--person", "rita")
        self.assertEqual(done.status, DONE, done.err)
        self.desk.write("broken/gantry.yaml", "stoer: x\n")
        self.assertIn("--store", token("revoke", "--person", "rita").err)

    def test_serve_asks_for_the_author_where_a_policy_keeps_authors_from_approving(self):
        self.desk.write("duty/workflows/a.yaml", "document: {dsl: '1.0.3', namespace: a, name: a, version: 1.0.0}\ndo:\n- s: {set: {x: 1}}\n")
        self.desk.write("duty/policies/p.yaml", "policy: p\nversion: 1.0.0\nrules: [{id: sign, classes: [write], verdict: approve}]\n"
                                                "duties: [{approve: sign, by: {role: fin}, not: [author_of_workflow]}]\n")
        done = self.desk.run("serve", "--dir", "duty", "--listen", "127.0.0.1:0", "--store", "memory:")
        self.assertEqual(done.status, WRONG_INPUT)
        self.assertIn("--author NAME", done.err)

    def test_an_empty_name_is_not_the_whole_gate(self):
        for option in ("--tool", "--workflow", "--principal"):
            self.assertEqual(self.desk.run("gate", "start", option, "").status, WRONG_INPUT)


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main()
