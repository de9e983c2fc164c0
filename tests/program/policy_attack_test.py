"""gantry policy attack: calls of a hostile model, made up and from within recorded runs."""
import json
import sys
import unittest

from policy_desk import BANK, CASES, POLICY, PolicyDesk

PROGRAM = None
# Each has one hole, and says what closes it.
HOLES = {
    "other-value": ("allow: .args.amount <= 250", "iban", 'requested("iban")'),
    "appended": ('allow: (.args.iban | test("^DE[0-9]{20}")) and .args.amount <= 250 and .args.amount >= 0', "iban", "\\\\z"),
    "huge-amount": ('allow: in_list("iban"; "payees") and .args.amount >= 0', "amount", "fourEyesIf"),
    "negative-amount": ('allow: in_list("iban"; "payees") and .args.amount <= 250', "amount", "minimum: 0"),
    "foreign-link": ('allow: in_list("iban"; "payees") and .args.amount <= 250 and .args.amount > 0', "note", 'no_foreign_links("note")'),
    "absent": ('allow: ((has_argument("iban") | not) or in_list("iban"; "payees")) and .args.amount <= 250 and .args.amount > 0', "iban", 'has_argument("iban")'),
}
GOOD = 'in_list("iban"; "payees") and .args.amount <= 250 and .args.amount > 0 and ((has_argument("note") | not) or no_foreign_links("note"))'
WORKFLOW = """document: {dsl: '1.0.3', namespace: desk, name: pay, version: 1.0.0}
do:
  - look: {call: bank.history, with: {account: mine}}
  - pay: {call: bank.pay, with: {amount: 10, iban: '${ $workflow.input.iban }'}}
"""


def policy(allow, extra="", budgets=None):
    text = POLICY.split("  - id: pay")[0]
    text += f"  - id: pay\n    tools: [bank.pay]\n    {extra}\n    allow: |\n      {allow}\n    else: deny\n"
    return text + ("budgets:\n  - {id: spend, scope: run, tools: [bank.pay], sum: '.args.amount | fabs', max: 1000}\n" if budgets is None else budgets)


class PolicyAttack(unittest.TestCase):
    def desk(self, **files):
        files.setdefault("cases", None)
        desk = PolicyDesk(PROGRAM, **files)
        self.addCleanup(desk.close)
        return desk

    def report(self, text, *arguments, tool=BANK, cases=None):
        done = self.desk(policy=text, tool=tool, cases=cases).policy("attack", "project", "--json", *arguments)
        self.assertIn(done.status, (0, 1), done.err)
        return done, json.loads(done.out)

    def holes(self, report):
        return {(row["attack"], row["argument"]) for row in report["rows"] if row["result"] == "HOLE"}

    def test_a_policy_that_ties_everything_has_no_holes_and_ends_with_0(self):
        done, report = self.report(policy(GOOD))
        self.assertEqual((done.status, report["holes"]), (0, 0), [row for row in report["rows"] if row["result"] == "HOLE"])
        self.assertGreater(report["attempts"], 100)
        split = [row for row in report["rows"] if row["attack"] == "split"][0]
        self.assertEqual((split["verdict"], split["rule"]), ("deny after 1000", "bank/spend"))

    def test_each_kind_of_hole_is_found_where_it_is_with_what_closes_it(self):
        tool = BANK.replace("required: [amount, iban]", "required: [amount]")
        for kind, (rule, argument, advice) in HOLES.items():
            with self.subTest(kind=kind):
                count = "budgets:\n  - {id: spend, scope: run, tools: [bank.pay], count: 1000}\n"
                done, report = self.report(policy(rule.split(": ", 1)[1], budgets=count), tool=tool)
                self.assertEqual(done.status, 1)
                self.assertIn((kind, argument), self.holes(report))
                row = [row for row in report["rows"] if (row["attack"], row["argument"]) == (kind, argument)][0]
                self.assertIn(advice.replace("\\\\", "\\"), row["advice"])
                self.assertEqual((row["rule"], row["verdict"]), ("bank/pay", "allow"))

    def test_money_without_a_budget_can_be_split(self):
        done, report = self.report(policy(GOOD, budgets=""))
        self.assertEqual(self.holes(report), {("split", "")})

    def test_an_approval_holds_for_one_call_of_others_than_the_requester(self):
        asks = POLICY.replace('    allow: at_least("iban"; "internal") and in_list("iban"; "payees") and .args.amount <= 250\n', "")
        done, report = self.report(asks)
        self.assertEqual(report["holes"], 0)
        rows = {row["attack"]: row for row in report["rows"] if row["operation"] == "bank.pay"}
        for kind in ("changed-after-approval", "approved-twice", "own-approval"):
            self.assertEqual((rows[kind]["result"], rows[kind]["runs"]), ("denied", 0), kind)
        done, report = self.report(asks.replace("    reason:", "    requesterExcluded: false\n    reason:"))
        self.assertEqual((done.status, self.holes(report)), (1, {("own-approval", "")}))

    def test_what_is_secret_does_not_leave(self):
        mail = BANK + "  write: {class: send, authority: [to], arguments: {type: object, required: [to, text], properties: {to: {type: string}, text: {type: string}}}}\n"
        rules = policy(GOOD).replace("budgets:", "  - {id: write, tools: [bank.write], allow: 'requested(\"to\") and no_foreign_links(\"text\")'}\nbudgets:")
        done, report = self.report(rules, tool=mail)
        self.assertEqual(self.holes(report), {("secret-text", "text")})
        done, report = self.report(rules.replace('requested("to") and', 'requested("to") and audience_cleared and'), tool=mail)
        self.assertEqual(report["holes"], 0)

    def test_a_value_of_the_form_that_the_schema_asks_for_is_tried(self):
        for schema in ("{type: string, pattern: '^[A-Z]{4}[0-9]{7}$', examples: [MSCU6639870]}", "{type: string, pattern: '^QQ[0-9]{2}$', examples: [QQ12]}",
                       "{type: integer, minimum: 1, maximum: 40}"):
            with self.subTest(schema=schema):
                tool = BANK.replace("iban: {type: string}", "iban: " + schema)
                _, report = self.report(policy(".args.amount <= 250 and .args.amount > 0"), tool=tool)
                self.assertIn(("other-value", "iban"), self.holes(report))
                _, report = self.report(policy('requested("iban") and .args.amount <= 250 and .args.amount > 0'), tool=tool)
                self.assertEqual({hole for hole in self.holes(report) if hole[1] == "iban"}, set())

    def test_a_secret_is_tried_in_a_text_that_must_be_short(self):
        mail = BANK + "  write: {class: send, authority: [to], arguments: {type: object, required: [to, text], properties: {to: {type: string}, text: {type: string, maxLength: 8}}}}\n"
        rules = policy(GOOD).replace("budgets:", "  - {id: write, tools: [bank.write], allow: 'requested(\"to\") and no_foreign_links(\"text\")'}\nbudgets:")
        self.assertEqual(self.holes(self.report(rules, tool=mail)[1]), {("secret-text", "text")})

    def test_the_requester_does_not_approve_a_call_that_only_a_changed_argument_has_people_asked_about(self):
        asks = policy('requested("iban") and .args.amount <= 250 and .args.amount > 0 and ((has_argument("note") | not) or no_foreign_links("note"))',
                      extra="approvers: [{role: finance}]").replace("else: deny", "else: approve")
        _, report = self.report(asks)
        rows = {row["attack"]: row for row in report["rows"] if row["operation"] == "bank.pay"}
        for kind in ("changed-after-approval", "approved-twice", "own-approval"):
            self.assertEqual((rows[kind]["result"], rows[kind]["runs"]), ("denied", 0), kind)
        _, report = self.report(asks.replace("    else:", "    requesterExcluded: false\n    else:"))
        self.assertEqual(self.holes(report), {("own-approval", "")})

    def test_whoever_a_role_is_lent_to_is_tried_while_it_is_lent(self):
        for year in (2020, 2026, 2031):
            asks = policy(GOOD, extra="approvers: [{role: finance}]\n    requesterExcluded: false").replace("else: deny", "else: approve")
            asks += f"delegations: [{{from: anna, to: bert, role: finance, since: '{year}-01-02T00:00:00Z', until: '{year}-02-01T00:00:00Z'}}]\n"
            self.assertIn(("lent-approval", ""), self.holes(self.report(asks)[1]), year)
            self.assertNotIn(("lent-approval", ""), self.holes(self.report(asks.replace("requesterExcluded: false", "requesterExcluded: true"))[1]), year)

    def test_cases_that_can_not_be_attacked_are_named(self):
        done, report = self.report(POLICY, cases=CASES)
        self.assertEqual(report["leftOut"], ["case a list of the case stands in for that of the policy: it has lists that the policies don't have",
                                             "case nothing goes out while the gate is stopped: it stops the gate"])

    def test_an_approval_of_the_only_call_that_there_is_can_not_be_used_for_another(self):
        tool = BANK + "  close: {class: destroy}\n"
        rules = policy(GOOD).replace("budgets:", "  - {id: close, tools: [bank.close], verdict: approve, approvers: [{role: finance}]}\nbudgets:")
        rows = {row["attack"]: row for row in self.report(rules, tool=tool)[1]["rows"] if row["operation"] == "bank.close"}
        self.assertEqual(rows["approved-twice"]["result"], "denied")
        self.assertNotIn("changed-after-approval", rows, "there was nothing to change")

    def test_choices_among_good_values_fail_only_when_that_is_asked_for(self):
        done, report = self.report(policy(GOOD), "--strict")
        self.assertEqual((done.status, report["holes"]), (1, 0))
        choices = {row["attack"] for row in report["rows"] if row["result"] == "choice"}
        self.assertLessEqual({"other-member", "free-text"}, choices)

    def test_the_same_seed_gives_the_same_report(self):
        first, second = (self.report(policy(GOOD), "--seed", "7")[0].out for _ in range(2))
        self.assertEqual(first, second)

    def test_the_table_names_holes_and_how_to_close_them(self):
        done = self.desk(policy=policy(".args.amount <= 250")).policy("attack", "project")
        self.assertEqual(done.status, 1)
        self.assertRegex(done.out, r"HOLE +bank.pay +money +other-value +iban ")
        self.assertIn("HOLE: bank.pay (money): other-value of iban runs without anybody being asked\n    rule bank/pay, asked by", done.out)
        self.assertIn('    to close it: allow only where requested("iban")', done.out)

    def test_recorded_runs_are_attacked_with_what_they_had_read(self):
        desk = self.desk(policy=policy('requested("iban") and .args.amount <= 250'))
        workflow = desk.write("project/workflows/pay.yaml", WORKFLOW)
        done = desk.run("run", workflow, "--dir", desk.project, "--store", f"sqlite:{desk.project}/gantry.db", "--input", '{"iban": "DE89370400440532013000"}')
        self.assertEqual(done.status, 0, done.err)
        done = desk.policy("attack", "project", "--store", "sqlite:gantry.db", "--json")
        self.assertEqual(done.status, 1, done.err)
        report = json.loads(done.out)
        self.assertIn("2 recorded effects of 1 runs", done.err)
        rows = {(row["attack"], row["argument"]): row for row in report["rows"] if row["operation"] == "bank.pay"}
        self.assertEqual(rows["other-value", "iban"]["result"], "denied")
        self.assertEqual(rows["negative-amount", "amount"]["result"], "HOLE")
        self.assertEqual(rows["negative-amount", "amount"]["workflow"], "desk/pay")
        instance = rows["negative-amount", "amount"]["instance"]
        done = desk.policy("attack", "project", "--store", "sqlite:gantry.db", "--run", instance, "--json")
        self.assertEqual(json.loads(done.out)["rows"], report["rows"])
        self.assertEqual(desk.policy("attack", "project", "--store", "sqlite:gantry.db", "--run", "nothing").status, 2)
        self.assertEqual(desk.policy("attack", "project", "--run", instance).status, 2)


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main(verbosity=0)
