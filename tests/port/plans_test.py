"""Runs port/bay-plan with the built program: generated plans, broken ones, and the real ones where they are there."""
import json
import os
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
PORT = REPOSITORY / "apps" / "port"
REAL_PLANS = REPOSITORY.parent / "shared" / "data" / "port" / "edifact"
sys.path[:0] = [str(PORT / "generator"), str(PORT / "terminal_system")]
import generate_bay_plan  # noqa: E402
import terminal_system  # noqa: E402

GANTRY = None


def run(plan, terminal=None):
    """`gantry run` of port/bay-plan: (exit status, its --json result, standard error)."""
    command = [GANTRY, "run", str(PORT / "workflows" / "bay-plan.yaml"), "--dir", str(PORT), "--input", f"@{plan}", "--json"]
    # A closed port stands for a terminal system that is down.
    command += ["--host-override", f"http://tos.port.internal={terminal or 'http://127.0.0.1:9'}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    try:
        return done.returncode, json.loads(done.stdout), done.stderr
    except ValueError:
        return done.returncode, None, done.stderr


class PlansTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.plan = Path(self.folder.name) / "plan.edi"
        self.server = None

    def tearDown(self):
        if self.server:
            self.server.shutdown()
            self.thread.join()
            self.server.server_close()
            self.server.terminal.connection.close()
        self.folder.cleanup()

    def generate(self, *arguments):
        answers = Path(self.folder.name) / "answers.json"
        generate_bay_plan.main([*map(str, arguments), "--out", str(self.plan), "--answers", str(answers)])
        return json.loads(answers.read_text())

    def start_terminal(self):
        terminal = terminal_system.Terminal(str(Path(self.folder.name) / "terminal.db"))
        self.server = terminal_system.Server(("127.0.0.1", 0), terminal)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def test_the_definitions_check_without_a_problem(self):
        done = subprocess.run([GANTRY, "check", str(PORT)], capture_output=True, text=True, timeout=60)
        self.assertEqual((done.returncode, done.stdout), (0, done.stdout), done.stdout + done.stderr)

    def test_a_clean_plan_has_no_findings(self):
        answers = self.generate("--seed", 11, "--faults", 0)
        status, result, errors = run(self.plan, self.start_terminal())
        self.assertEqual(status, 0, errors)
        output = result["output"]
        self.assertEqual((output["containers"], output["findings"], output["findingsByKind"]), (4000, [], {}))
        self.assertEqual(output["segments"]["counted"], answers["segments"])
        self.assertTrue(output["segmentsVerified"])
        self.assertEqual((output["rotation"], output["rotationFrom"]), (answers["rotation"], "terminal system"))

    def test_each_planted_fault_is_found_and_nothing_else(self):
        answers = self.generate("--seed", 12, "--faults", 3)
        status, result, errors = run(self.plan, self.start_terminal())
        self.assertIn(status, (0, 3), errors)
        planted = sorted((one["kind"], one["containers"], one["expectedAction"]) for one in answers["faults"])
        found = sorted((one["kind"], one["containers"], one["action"]) for one in result["output"]["findings"])
        self.assertEqual(found, planted)
        self.assertTrue(result["output"]["writtenBack"])

    def test_without_the_terminal_system_the_plan_is_checked_and_nothing_written_back(self):
        answers = self.generate("--seed", 13, "--faults", 2)
        status, result, errors = run(self.plan)
        self.assertEqual(status, 0, errors)
        output = result["output"]
        self.assertFalse(output["writtenBack"])
        self.assertIn("did not answer", output["reason"])
        self.assertEqual(output["rotationFrom"], "plan")
        self.assertEqual(set(output["rotation"]) & set(answers["rotation"]), set(answers["rotation"]))
        self.assertEqual(len(output["checksNotPossible"]), 1)
        self.assertNotIn("discharge_port", output["findingsByKind"])
        self.assertEqual(output["findingsByKind"]["check_digit"], 2)

    def test_a_wrong_segment_count_is_refused_with_its_place(self):
        answers = self.generate("--seed", 14, "--containers", 100, "--faults", 0)
        text = self.plan.read_text()
        self.plan.write_text(text.replace(f"UNT+{answers['segments']}", f"UNT+{answers['segments'] + 7}"))
        status, result, errors = run(self.plan)
        self.assertEqual(status, 1, errors)
        self.assertEqual(result["status"], "faulted")
        self.assertIn(f"UNT declares {answers['segments'] + 7} segments", result["error"]["detail"])
        self.assertIn("at byte", result["error"]["detail"])

    def test_a_cut_plan_is_refused(self):
        self.generate("--seed", 14, "--containers", 100, "--faults", 0)
        self.plan.write_text(self.plan.read_text()[:5000])
        status, result, errors = run(self.plan)
        self.assertEqual(status, 1, errors)
        self.assertIn("the input is cut", result["error"]["detail"])

    def test_another_message_is_refused(self):
        self.plan.write_text("UNB+UNOA:2+S+R+261123:0600+7'UNH+1+IFTSTA:D:00B:UN'BGM+23'UNT+3+1'UNZ+1+7'")
        status, result, errors = run(self.plan)
        self.assertEqual(status, 1, errors)
        self.assertIn("expected one BAPLIE message, found 0", result["error"]["detail"])

    def test_what_is_no_edifact_is_wrong_input(self):
        self.plan.write_text("hello")
        self.assertEqual(run(self.plan)[0], 2)

    def real(self, name, containers, segments):
        path = REAL_PLANS / name
        if not path.exists():
            self.skipTest(f"{name} is not under ../shared/data/port/edifact")
        status, result, errors = run(path)
        self.assertEqual(status, 0, errors)
        output = result["output"]
        self.assertEqual(output["containers"], containers)
        self.assertEqual(output["segments"], {"counted": segments, "declared": segments, "verified": True})
        self.assertFalse(output["writtenBack"])
        return output["findingsByKind"]

    def test_the_real_plan_of_4053_containers(self):
        self.assertEqual(self.real("baplie_caroline_maersk_d95b_smdg20.edi", 4053, 35249),
                         {"reefer_temperature": 2, "size_type": 103, "weight": 7})

    def test_the_real_plan_of_5609_containers(self):
        self.assertEqual(self.real("baplie_estelle_maersk_911_smdg15.edi", 5609, 39484),
                         {"check_digit": 5, "duplicate_slot": 1, "segregation": 3, "weight": 1})


if __name__ == "__main__":
    GANTRY = os.path.abspath(sys.argv.pop(1))
    unittest.main()
