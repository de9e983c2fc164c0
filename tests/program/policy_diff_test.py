"""gantry policy diff, and changing a policy from the command line from end to end."""
import json
import sys
import unittest

from policy_desk import CASES, POLICY, PolicyDesk

PROGRAM = None
WORKFLOW = """document: {dsl: '1.0.3', namespace: desk, name: pay, version: 1.0.0}
do:
  - look: {call: bank.history, with: {account: mine}}
  - pay: {try: [{pay: {call: bank.pay, with: {amount: '${ .amount }', iban: '${ $workflow.input.iban }'}}}], catch: {do: [{no: {set: {refused: true}}}]}}
"""
GOVERNANCE = """policy: governance
version: 1.0.0
rules:
  - id: change
    tools: [policy.change]
    deny: .principal.roles | index("policy_author") == null
    else: approve
    approvers: [{role: policy_reviewer}]
"""


class PolicyDiff(unittest.TestCase):
    def setUp(self):
        self.desk = PolicyDesk(PROGRAM)
        self.addCleanup(self.desk.close)
        for name in ("tools", "policies"):
            for path in (self.desk.project / name).rglob("*.yaml"):
                self.desk.write(f"next/{path.relative_to(self.desk.project)}", path.read_text())

    def change(self, old, new):
        self.assertIn(old, POLICY)
        self.desk.write("next/policies/bank.yaml", POLICY.replace(old, new))

    def record(self):
        workflow = self.desk.write("project/workflows/pay.yaml", WORKFLOW.replace(".amount", "$workflow.input.amount"))
        for amount in (10, 200, 100001):
            done = self.desk.run("run", workflow, "--dir", self.desk.project, "--store", f"sqlite:{self.desk.project}/gantry.db",
                                 "--input", json.dumps({"amount": amount, "iban": "DE89370400440532013000"}))
            self.assertEqual(done.status, 0, done.err)

    def test_the_same_policies_change_nothing(self):
        done = self.desk.policy("diff", "project", "next")
        self.assertEqual((done.status, done.out), (0, ""))
        self.assertIn("8 verdicts compared: 0 change", done.err)

    def test_cases_whose_verdict_changes_are_in_a_table_with_rules_and_reason(self):
        self.change("<= 250", "<= 50")
        done = self.desk.policy("diff", "project", "next")
        self.assertEqual(done.status, 1)
        self.assertRegex(done.out, r"stricter +1 +bank.pay +allow +bank/pay +approve: 1 of finance +bank/pay +a small payment")
        self.assertIn("Money leaves the house.", done.out)
        self.assertEqual(self.desk.policy("diff", "project", "next", "--allow-stricter").status, 0)
        self.change("deny: .args.amount > 100000", "deny: .args.amount > 200000")
        done = self.desk.policy("diff", "project", "next", "--json")
        self.assertEqual(done.status, 1)
        report = json.loads(done.out)
        self.assertEqual((report["changed"], report["changes"][0]["direction"]), (1, "other"))
        self.change("<= 250", "<= 2500")
        self.desk.write("next/policies/tests/more.yaml", CASES.replace("payments", "more").replace("amount: 100, iban: DE", "amount: 900, iban: DE"))
        done = self.desk.policy("diff", "project", "next", "--allow-stricter")
        self.assertEqual(done.status, 1)
        self.assertRegex(done.out, r"looser +1 +bank.pay +approve: 1 of finance +bank/pay +allow +bank/pay")

    def test_recorded_effects_are_judged_again_over_the_facts_recorded(self):
        self.record()
        self.change("<= 250", "<= 50")
        done = self.desk.policy("diff", "project", "next", "--store", "sqlite:gantry.db")
        self.assertEqual(done.status, 1, done.err)
        self.assertRegex(done.out, r"stricter +1 +bank.pay +allow +bank/pay +approve: 1 of finance +bank/pay +\w+, event \d+")
        self.assertIn("6 verdicts compared: 1 change, 0 of them to something looser", done.err)
        # Beside what was decided then, with the new policies only.
        self.assertEqual(self.desk.policy("diff", "next", "--store", f"sqlite:{self.desk.project}/gantry.db").status, 1)
        self.assertEqual(self.desk.policy("diff", "project", "--store", "sqlite:gantry.db").status, 0)

    def test_a_new_budget_counts_what_the_recorded_effects_would_have_taken(self):
        self.record()
        self.change("budgets:\n", "budgets:\n  - {id: two, scope: all, tools: [bank.pay], count: 1}\n")
        done = self.desk.policy("diff", "project", "next", "--store", "sqlite:gantry.db", "--json")
        self.assertEqual(done.status, 1)
        change = json.loads(done.out)["changes"]
        self.assertEqual([(each["after"]["rule"], each["count"]) for each in change], [("bank/two", 1)])

    def test_what_can_not_be_compared_ends_with_2(self):
        self.assertEqual(self.desk.policy("diff", "project").status, 2)
        self.assertEqual(self.desk.policy("diff", "project", "nowhere").status, 2)
        self.assertEqual(self.desk.policy("diff", "project", "next", "--store", "sqlite:nothing.db").status, 2)
        for path in (self.desk.path / "next/policies/tests").iterdir():
            path.unlink()
        done = self.desk.policy("diff", "project", "next")
        self.assertEqual(done.status, 2)
        self.assertIn("there are no cases in next/policies/tests and no --store: nothing to compare", done.err)

    def test_a_policy_is_changed_by_two_people_from_the_command_line(self):
        desk = self.desk
        desk.write("project/policies/governance.yaml", GOVERNANCE)
        author = desk.token("ann", "administrator", "policy_author")
        intruder = desk.token("mallory", "administrator")
        reviewer = desk.token("bob", "policy_reviewer")
        desk.serve()
        text = (desk.project / "policies/bank.yaml").read_text().replace("<= 250", "<= 50")
        for path in desk.project.rglob("*.yaml"):
            desk.write(f"next/{path.relative_to(desk.project)}", path.read_text())
        desk.write("next/policies/bank.yaml", text)
        self.assertEqual(desk.run("deploy", "next", "--token-file", intruder).status, 1)
        done = desk.run("deploy", "next", "--token-file", author)
        self.assertEqual(done.status, 3, done.err)
        tasks = json.loads(desk.run("tasks", "--token-file", reviewer, "--json").out)
        tasks = tasks if isinstance(tasks, list) else tasks.get("items") or tasks.get("rows") or tasks.get("tasks")
        self.assertEqual(len(tasks), 1)
        task = tasks[0].get("id") or tasks[0].get("task")
        self.assertEqual(desk.run("approve", task, "--token-file", author).status, 1)
        done = desk.run("approve", task, "--token-file", reviewer)
        self.assertEqual(done.status, 0, done.err)
        done = desk.run("deploy", "next", "--token-file", author)
        self.assertEqual(done.status, 0, "it is in force already, so there is nothing to ask: " + done.err)
        events = desk.run("audit", "export", "--dir", "project").out
        self.assertIn("policy.change" if "policy.change" in events else '"operation":"change"', events)


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main(verbosity=0)
