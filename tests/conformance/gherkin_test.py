"""The runner has to notice what is wrong; a runner that passes everything is worth nothing."""

import pathlib
import tempfile
import unittest

import gherkin
import steps
import stub_services

FEATURE = '''Feature: A
  As somebody
  # a comment
  Scenario: One
    Given a workflow with definition:
    """yaml
    document:
      name: a
    """
    And given the workflow input is:
      """yaml
      a: 1
      """
    When the workflow is executed
    Then the workflow should complete
'''


def world(outcome: dict) -> steps.World:
    return steps.World("no program", pathlib.Path(tempfile.gettempdir()), "", outcome=outcome)


class GherkinTest(unittest.TestCase):
    def test_reads_steps_and_doc_strings(self):
        scenario = gherkin.read_feature(FEATURE, "a").scenarios[0]
        self.assertEqual(
            [step.text for step in scenario.steps],
            ["a workflow with definition:", "the workflow input is:", "the workflow is executed", "the workflow should complete"],
        )
        self.assertEqual(scenario.steps[0].document, "document:\n  name: a")
        self.assertEqual(scenario.steps[1].document, "a: 1")

    def test_refuses_what_it_does_not_understand(self):
        for text in ("", "Feature: A", FEATURE + "    Examples:\n", FEATURE.replace('"""\n    When', "\n    When")):
            with self.assertRaises(gherkin.GherkinError):
                gherkin.read_feature(text, "a")


class StepsTest(unittest.TestCase):
    def check(self, text: str, outcome: dict) -> None:
        steps.run_step(world(outcome), text, None)

    def test_an_unknown_step_fails(self):
        with self.assertRaises(steps.StepFailed):
            self.check("the moon is full", {})

    def test_each_kind_of_step_can_fail(self):
        outcome = {
            "status": "faulted",
            "output": {"a": {"b": [1, 2]}},
            "tasks": [{"name": "x", "status": "completed"}, {"name": "y", "status": "completed"}, {"name": "z", "status": "skipped"}],
        }
        for text in (
            "the workflow should complete",
            "the workflow output should have properties 'a', 'a.c'",
            "the workflow output should have a 'a.b' property containing 3 items",
            "y should run first",
            "x should run last",
            "z should run last",
            "x should run after y",
            "x should be faulted",
            "x should run 2 times",
        ):
            with self.assertRaises(steps.StepFailed, msg=text):
                self.check(text, outcome)
        for text in (
            "the workflow should fault",
            "the workflow output should have properties 'a', 'a.b'",
            "the workflow output should have an 'a.b' property containing 2 items",
            "x should run first",
            "y should run last",
            "y should run after x",
            "z should be skipped",
            "x should run 1 time",
        ):
            self.check(text, outcome)

    def test_a_secret_that_is_kept_is_found(self):
        with tempfile.TemporaryDirectory() as folder:
            kept = pathlib.Path(folder) / "kept"
            kept.mkdir()
            watched = steps.World("no program", pathlib.Path(folder), "", outcome={}, printed="{}")
            for text in (None, "the secret s3cr3t lies here"):
                if text:
                    (kept / "run.db").write_text(text)
                with self.assertRaises(steps.StepFailed):
                    steps.run_step(watched, "'s3cr3t' should be neither printed nor kept", None)
            steps.run_step(watched, "'another' should be neither printed nor kept", None)

    def test_a_refusal_has_to_say_why(self):
        refused = steps.World("no program", pathlib.Path(), "", outcome={"status": "refused"}, refusal="w.yaml:1:1: bad")
        steps.run_step(refused, "the workflow should be refused with:", "1:1: bad")
        with self.assertRaises(steps.StepFailed):
            steps.run_step(refused, "the workflow should be refused with:", "2:1: bad")

    def test_equality_is_that_of_json(self):
        self.assertTrue(steps.same({"a": [1, None]}, {"a": [1.0, None]}))
        for left, right in ((1, True), ({}, {"a": None}), ([1], [1, 2]), ("1", 1)):
            self.assertFalse(steps.same(left, right))


class StubTest(unittest.TestCase):
    def test_answers_as_the_services_do(self):
        self.assertEqual(stub_services.answer_own("GET", "/bearer/t", {}, "")[0], 401)
        self.assertIsNone(stub_services.answer_own("GET", "/v2/pet/7", {}, ""))
        self.assertEqual(stub_services.answer("/v2/pet/7", None)[1]["id"], 7)
        self.assertEqual(stub_services.answer("/v2/pet/findByStatus?status=sold", None)[1][0]["status"], "sold")
        self.assertEqual(stub_services.answer("/v2/pet/getPetByName/Milou", None)[0], 404)
        self.assertEqual(stub_services.answer("/basic-auth/a/b", None)[0], 401)
        self.assertEqual(stub_services.answer("/basic-auth/a/b", "Basic YTpi")[0], 200)


if __name__ == "__main__":
    unittest.main()
