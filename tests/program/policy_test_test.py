"""gantry policy test: cases beside the policies."""
import json
import sys
import unittest

from policy_desk import CASES, PolicyDesk

PROGRAM = None


class PolicyTest(unittest.TestCase):
    def desk(self, **files):
        desk = PolicyDesk(PROGRAM, **files)
        self.addCleanup(desk.close)
        return desk

    def refused(self, cases, *messages):
        done = self.desk(cases=cases).policy("test", "project")
        self.assertEqual(done.status, 2, done.out + done.err)
        for message in messages:
            self.assertIn(message, done.err)

    def test_cases_that_are_as_expected_end_with_0_and_a_table(self):
        done = self.desk().policy("test", "project")
        self.assertEqual(done.status, 0, done.out + done.err)
        self.assertRegex(done.out, r"ok +more than the budget of a run is denied +bank.pay +deny +bank/spend")
        self.assertRegex(done.out, r"ok +somebody else's account needs finance +bank.pay +approve: 1 of finance +bank/pay")
        self.assertIn("8 cases: 8 as expected, 0 not; 2 of 2 rules reached", done.err)

    def test_a_case_that_is_not_as_expected_is_named_with_place_and_difference(self):
        done = self.desk(cases=CASES.replace("expect: {verdict: deny, rule: bank/spend}", "expect: allow")).policy("test", "project")
        self.assertEqual(done.status, 1)
        self.assertIn("project/policies/tests/bank.yaml:24:5: more than the budget of a run is denied", done.out)
        self.assertIn("verdict: expected allow, found deny by bank/spend", done.out)
        done = self.desk(cases=CASES.replace("role: finance, count: 1", "role: finance, count: 2").replace("PT24H", "PT8H")).policy("test", "project")
        self.assertIn("approvers: expected 2 of finance, found 1 of finance", done.out)
        self.assertIn("expires: expected PT8H, found P1D", done.out)

    def test_json_has_verdicts_differences_and_coverage(self):
        done = self.desk().policy("test", "project", "--json")
        report = json.loads(done.out)
        self.assertEqual((report["passed"], report["failed"]), (8, 0))
        first = report["cases"][0]
        self.assertEqual((first["path"], first["line"], first["verdict"], first["rule"]), ("policies/tests/bank.yaml", 5, "allow", "bank/pay"))
        pay = [rule for rule in report["coverage"] if rule["rule"] == "bank/pay"][0]
        self.assertEqual((pay["asked"], pay["spoke"], pay["unseen"]), (6, 6, []))

    def test_coverage_names_rules_and_rungs_that_no_case_reaches_and_ends_with_1(self):
        cases = "policyTest: few\ncases:\n  - {name: reading, effect: bank.history, expect: allow}\n"
        done = self.desk(cases=cases).policy("test", "project", "--coverage")
        self.assertEqual(done.status, 1, done.err)
        self.assertRegex(done.out, r"bank/pay +0 +0 +the rule")
        done = self.desk(cases=cases).policy("test", "project")
        self.assertEqual(done.status, 0)
        cases += "  - {name: pay, effect: bank.pay, arguments: {amount: 1, iban: X}, expect: approve}\n"
        done = self.desk(cases=cases).policy("test", "project", "--coverage")
        self.assertEqual(done.status, 0, done.err)
        self.assertRegex(done.out, r"bank/pay +1 +1 +deny, fourEyesIf, allow")

    def test_what_is_wrong_in_a_case_file_is_refused_at_its_place_with_the_nearest_name(self):
        head = "policyTest: x\ncases:\n"
        self.refused(head + "  - {name: a, effect: bank.pya, expect: deny}\n", "bank.yaml:3:23:", "tool 'bank' has no operation 'pya'; did you mean 'pay'?")
        self.refused(head + "  - {name: a, effect: bnak.pay, expect: deny}\n", "did you mean 'bank'?")
        self.refused(head + "  - {name: a, effect: bank.pay, expected: deny}\n", "unknown key 'expected' in a case; did you mean 'expect'?")
        self.refused(head + "  - {name: a, effect: bank.pay, expect: {verdict: deny, rule: bank/payy}}\n", "there is no rule or budget 'bank/payy'; did you mean 'bank/pay'?")
        self.refused(head + "  - {name: a, effect: bank.pay, arguments: {iban: X}, labels: {ibn: untrusted}, expect: deny}\n", "the case has no argument 'ibn'; did you mean 'iban'?")
        self.refused(head + "  - {name: a, effect: bank.pay, spent: {bank/spnd: 1}, expect: deny}\n", "did you mean 'bank/spend'?")
        self.refused(head + "  - {name: a, effect: bank.pay, lists: {payes: []}, expect: deny}\n", "did you mean 'payees'?")
        self.refused(head + "  - {name: a, effect: bank.pay, expect: refuse}\n", "bank.yaml:3:41:")
        self.refused(head + "  - {name: a, effect: bank.pay, at: noon, expect: deny}\n", "bank.yaml:3:37:")
        self.refused(head + "  - {name: a, effect: bank.pay, expect: {verdict: deny, approvers: [{role: x}]}}\n", "'approvers' belongs to the verdict approve")
        self.refused(head + "  - {name: a, effect: bank.pay, expect: deny}\n  - {name: a, effect: bank.pay, expect: deny}\n", "case 'a' is there already, in line 3")
        self.refused(head, "bank.yaml:2:")
        self.refused("policyTest: [\n", "bank.yaml:")

    def test_a_project_without_cases_or_with_problems_ends_with_2(self):
        done = self.desk(cases=None).policy("test", "project")
        self.assertEqual(done.status, 2)
        self.assertIn("there are no cases; expected .yaml files in project/policies/tests", done.err)
        done = self.desk(policy="policy: bank\n").policy("test", "project")
        self.assertEqual(done.status, 2)

    def test_cases_are_checked_with_the_project_and_are_no_part_of_it(self):
        desk = self.desk()
        self.assertEqual(desk.run("check", "project").status, 0)
        desk.write("project/policies/tests/more.yaml", "policyTest: more\ncases: [{name: a, effect: bank.pya, expect: deny}]\n")
        done = desk.run("check", "project")
        self.assertEqual(done.status, 2)
        self.assertIn("project/policies/tests/more.yaml:2:27: tool 'bank' has no operation 'pya'", done.err)


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main(verbosity=0)
