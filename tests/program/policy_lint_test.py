"""gantry policy lint: each kind of finding, with a policy that has it and one that does not."""
import json
import sys
import unittest
from pathlib import Path

from policy_desk import PolicyDesk

PROGRAM = None
TOOL = """tool: t
version: 1.0.0
driver: echo
operations:
  read: {class: read, arguments: {type: object, properties: {id: {type: string}}}}
  pay: {class: money, authority: [to], arguments: {type: object, required: [amount], properties: {amount: {type: number, minimum: 0}, to: {type: string}, text: {type: string}, who: {type: array, items: {type: string}}}}}
  note: {class: write, authority: [id], arguments: {type: object, properties: {id: {type: string}, text: {type: string}}}}
"""
READS = "  - {id: reads, classes: [read], verdict: allow}\n"
REST = "  - {id: rest, tools: [t.pay, t.note], verdict: approve, approvers: [{role: boss}]}\nbudgets:\n  - {id: asks, scope: run, asks: 3}\n  - {id: sum, scope: run, tools: [t.pay], sum: .args.amount, max: 9}\n"
LISTS = "lists: {good: {values: [anna, bert]}}\n"
CLEAN = "rules:\n" + READS + REST


def rule(text, lists="", rest=REST):
    return lists + "rules:\n" + READS + "  - " + text + "\n" + rest


# code -> (a policy that has it, one that is the same but for it)
KINDS = {
    "never-matches": (rule("{id: a, tools: [t.pay], classes: [read], verdict: deny}"), CLEAN),
    "never-true": (rule("{id: a, tools: [t.pay], when: .args.amount > 5 and .args.amount < 3, verdict: deny}"),
                   rule("{id: a, tools: [t.pay], when: .args.amount > 3 and .args.amount < 5, verdict: deny}")),
    "dead-rung": (rule('{id: a, tools: [t.pay], deny: .args.amount >= 0, fourEyesIf: .args.amount > 5, approvers: [{role: boss}]}'),
                  rule('{id: a, tools: [t.pay], deny: .args.amount > 9, fourEyesIf: .args.amount > 5, approvers: [{role: boss}]}')),
    "shadowed": (rule("{id: a, tools: [t.note], verdict: deny}", rest=REST.replace("[t.pay, t.note]", "[t.pay]") .replace("budgets:", "  - {id: b, tools: [t.note], verdict: approve, approvers: [{role: boss}]}\nbudgets:")), CLEAN),
    "unconditional-allow": (rule("{id: a, tools: [t.pay], verdict: allow}"), rule("{id: a, tools: [t.pay], when: authority_requested, verdict: allow}")),
    "unconditional-write": (rule("{id: a, tools: [t.note], verdict: allow}"), rule('{id: a, tools: [t.note], when: requested("id"), verdict: allow}')),
    "model-chooses": (rule("{id: a, tools: [t.pay], allow: .args.amount < 5}"), rule('{id: a, tools: [t.pay], allow: .args.amount < 5 and in_list("to"; "good")}', LISTS)),
    "self-approval": (rule("{id: a, tools: [t.pay], verdict: approve, approvers: [{role: boss}], requesterExcluded: false}"),
                      rule("{id: a, tools: [t.pay], verdict: approve, approvers: [{role: boss}]}")),
    "no-rule": ("rules:\n" + READS + REST.replace("[t.pay, t.note]", "[t.pay]"), CLEAN),
    "budget-never-charged": (CLEAN + "  - {id: x, scope: run, classes: [send], count: 3}\n", CLEAN + "  - {id: x, scope: run, classes: [write], count: 3}\n"),
    "budget-always-fails": (CLEAN + "  - {id: x, scope: run, tools: [t.note], sum: .args.amount, max: 3}\n", CLEAN + "  - {id: x, scope: run, tools: [t.note], sum: .args.amount // 1, max: 3}\n"),
    "money-without-budget": (rule("{id: a, tools: [t.pay], allow: authority_requested}", rest=REST.split("  - {id: sum")[0]), rule("{id: a, tools: [t.pay], allow: authority_requested}")),
    "asks-unbounded": (CLEAN.replace("  - {id: asks, scope: run, asks: 3}\n", ""), CLEAN),
    "list-unused": (LISTS + CLEAN, rule('{id: a, tools: [t.pay], deny: in_list("to"; "good") | not}', LISTS)),
    "list-empty": (rule('{id: a, tools: [t.pay], deny: in_list("to"; "good") | not}', "lists: {good: {values: []}}\n"), rule('{id: a, tools: [t.pay], deny: in_list("to"; "good") | not}', LISTS)),
    "list-single": (rule('{id: a, tools: [t.pay], deny: in_list("to"; "good") | not}', "lists: {good: {values: [anna]}}\n"), rule('{id: a, tools: [t.pay], deny: in_list("to"; "good") | not}', LISTS)),
    "list-lookalike": (rule('{id: a, tools: [t.pay], deny: in_list("to"; "good") | not}', "lists: {good: {values: [anna, 'аnna']}}\n"), rule('{id: a, tools: [t.pay], deny: in_list("to"; "good") | not}', LISTS)),
    "unknown-argument": (rule("{id: a, tools: [t.pay], deny: .args.amuont > 5}"), rule("{id: a, tools: [t.pay], deny: .args.amount > 5}")),
    "argument-of-some": (rule("{id: a, tools: [t.pay, t.note], deny: .args.amount > 5}"), rule("{id: a, tools: [t.pay, t.note], deny: (.args.amount // 0) > 5}")),
    "unknown-list": (rule('{id: a, tools: [t.pay], deny: in_list("to"; "godo") | not}', LISTS), rule('{id: a, tools: [t.pay], deny: in_list("to"; "good") | not}', LISTS)),
    "unknown-level": (rule('{id: a, tools: [t.pay], deny: at_least("to"; "intern") | not}'), rule('{id: a, tools: [t.pay], deny: at_least("to"; "internal") | not}')),
    "unknown-budget": (rule("{id: a, tools: [t.pay], deny: '.budget[\"p/smu\"].left < 3'}"), rule("{id: a, tools: [t.pay], deny: '.budget[\"p/sum\"].left < 3'}")),
    "type-mismatch": (rule('{id: a, tools: [t.pay], deny: .args.amount > "5"}'), rule("{id: a, tools: [t.pay], deny: .args.amount > 5}")),
    "label-inequality": (rule('{id: a, tools: [t.pay], approve: .labels.arguments.to.integrity != "untrusted", approvers: [{role: boss}]}'),
                         rule('{id: a, tools: [t.pay], approve: .labels.arguments.to.integrity == "trusted", approvers: [{role: boss}]}')),
    "regex-unanchored": (rule('{id: a, tools: [t.pay], allow: \'authority_requested and (.args.to | test("^ann"))\'}'), rule('{id: a, tools: [t.pay], allow: \'authority_requested and (.args.to | test("^ann\\\\z"))\'}')),
    "regex-line-end": (rule('{id: a, tools: [t.pay], allow: \'authority_requested and (.args.to | test("^ann$"))\'}'), rule('{id: a, tools: [t.pay], allow: \'authority_requested and (.args.to | test("\\\\Aann\\\\z"))\'}')),
    "window-empty": (rule("{id: a, tools: [t.pay], verdict: deny, during: {days: [monday], since: '2026-07-01T00:00:00Z', until: '2026-07-03T00:00:00Z'}}"),
                     rule("{id: a, tools: [t.pay], verdict: deny, during: {days: [thursday], since: '2026-07-01T00:00:00Z', until: '2026-07-03T00:00:00Z'}}")),
    "window-past": (rule("{id: a, tools: [t.pay], verdict: deny, during: {until: '2025-01-01T00:00:00Z'}}"), rule("{id: a, tools: [t.pay], verdict: deny, during: {until: '2027-01-01T00:00:00Z'}}")),
    "delegation-past": (CLEAN + "delegations: [{from: a, to: b, role: boss, since: '2025-01-01T00:00:00Z', until: '2025-02-01T00:00:00Z'}]\n",
                        CLEAN + "delegations: [{from: a, to: b, role: boss, since: '2025-01-01T00:00:00Z', until: '2027-02-01T00:00:00Z'}]\n"),
}


class PolicyLint(unittest.TestCase):
    def lint(self, policy, *arguments, tool=TOOL):
        desk = PolicyDesk(PROGRAM, policy="policy: p\nversion: 1.0.0\n" + policy, cases=None, tool=tool)
        self.addCleanup(desk.close)
        self.desk = desk
        return desk.policy("lint", "project", "--at", "2026-06-01T00:00:00Z", *arguments)

    def codes(self, policy, *arguments, **more):
        done = self.lint(policy, "--json", *arguments, **more)
        self.assertIn(done.status, (0, 1), done.err)
        return [finding["code"] for finding in json.loads(done.out)["findings"]]

    def test_each_kind_is_found_where_it_is_and_not_where_it_is_not(self):
        for code, (having, clean) in KINDS.items():
            with self.subTest(code=code):
                self.assertIn(code, self.codes(having))
                self.assertNotIn(code, self.codes(clean))

    def test_a_level_that_a_label_is_compared_with_must_be_one(self):
        compared = rule('{id: a, tools: [t.pay], approve: .labels.arguments.to.integrity == "%s", approvers: [{role: boss}]}')
        self.assertIn("unknown-level", self.codes(compared % "trustd"))
        self.assertIn('did you mean \'trusted\'?', self.lint(compared % "trustd").out)
        self.assertIn("unknown-level", self.codes(compared.replace("to.integrity", "to.secrecy") % "trusted"))
        self.assertNotIn("unknown-level", self.codes(compared % "trusted"))

    def test_a_condition_that_gives_neither_true_nor_false_is_found(self):
        allow = rule("{id: a, tools: [t.pay], allow: '%s'}")
        for condition in (".args.amount = 5", "5", ".args.amount + 1", '"yes"', "[true]", 'requested(.args.to)', 'at_least(.args.to; "internal")'):
            self.assertIn("never-true", self.codes(allow % condition), condition)
        for condition in (".args.amount == 5", "true", '(.args.amount + 1) < 9', 'requested("to")', '["to"] | all(.[]; at_least(.; "internal"))'):
            self.assertNotIn("never-true", self.codes(allow % condition), condition)
        self.assertIn('write requested("to")', self.lint(allow % "requested(.args.to)").out)

    def test_what_is_said_of_the_items_of_a_list_is_about_items(self):
        deny = rule("{id: a, tools: [t.pay], deny: 'all(.args.who[]; . == %s)'}")
        self.assertIn("type-mismatch", self.codes(deny % "5"))
        self.assertNotIn("type-mismatch", self.codes(deny % '"anna"'))
        self.assertIn("type-mismatch", self.codes(deny.replace(".who[]", ".who") % '"anna"'))
        who = TOOL.replace("money, authority: [to]", "money, authority: [who]")
        allow = rule("{id: a, tools: [t.pay], allow: '%s(.args.who[]; . == \"anna\")'}")
        self.assertNotIn("model-chooses", self.codes(allow % "all", tool=who))
        self.assertIn("model-chooses", self.codes(allow % "any", tool=who), "one known among many ties the others to nothing")

    def test_a_sum_over_an_argument_that_the_schema_leaves_open_is_no_error(self):
        budget = CLEAN + "  - {id: x, scope: run, tools: [t.note], sum: .args.amount, max: 3}\n"
        self.assertIn("budget-always-fails", self.codes(budget))
        self.assertNotIn("budget-always-fails", self.codes(budget, tool=TOOL.replace("arguments: {type: object, properties: {id", "arguments: {type: object, additionalProperties: {type: number}, properties: {id").replace("  read: {class: read, arguments: {type: object, additionalProperties: {type: number}, ", "  read: {class: read, arguments: {type: object, ")))

    def test_approvals_that_too_few_people_can_give(self):
        four = rule("{id: a, tools: [t.pay], fourEyesIf: .args.amount > 5, approvers: [{role: boss}]}", rest="budgets:\n  - {id: asks, scope: run, asks: 3}\n")
        for people, code in (({"anna": ["boss"]}, "too-few-approvers"), ({"anna": ["boss"], "bert": ["boss"]}, "last-approver"), ({"anna": ["boss"], "bert": ["boss"], "cleo": ["boss"]}, None)):
            desk = PolicyDesk(PROGRAM)
            self.addCleanup(desk.close)
            path = desk.write("people.json", json.dumps(people))
            found = {"too-few-approvers", "last-approver"} & set(self.codes(four, "--people", path))
            self.assertEqual(found, {code} if code else set())

    def test_the_tokens_of_a_store_say_who_holds_roles(self):
        self.lint(CLEAN)
        self.desk.token("anna", "boss")
        done = self.desk.policy("lint", "project", "--store", "sqlite:gantry.db", "--json")
        self.assertIn("last-approver", done.out, done.err)

    def test_a_class_that_is_not_declared_is_found(self):
        self.assertIn("class-missing", self.codes(CLEAN, tool=TOOL.replace("class: write, ", "")))
        self.assertNotIn("class-missing", self.codes(CLEAN))

    def test_every_kind_has_a_test_and_is_documented(self):
        root = Path(__file__).resolve().parents[2]
        page = (root / "docs/reference/policy-commands.md").read_text()
        source = (root / "src/trial/lint.cpp").read_text()
        codes = [line.split('"')[1] for line in source.splitlines() if line.startswith('      {"')]
        self.assertGreater(len(codes), 25)
        for code in codes:
            self.assertIn(f"| `{code}` |", page)
            self.assertTrue(code in KINDS or code in ("too-few-approvers", "last-approver", "class-missing"), code)

    def test_findings_have_place_severity_and_advice_and_decide_the_exit_status(self):
        done = self.lint(KINDS["unconditional-allow"][0])
        self.assertEqual(done.status, 1)
        self.assertIn("project/policies/bank.yaml:5:5: error: unconditional-allow: p/a: t.pay is allowed whatever the arguments\n    say under which condition", done.out)
        done = self.lint(KINDS["asks-unbounded"][0])
        self.assertEqual(done.status, 0)
        self.assertIn("0 errors, 0 warnings, 1 notes", done.err)
        self.assertEqual(self.lint(KINDS["asks-unbounded"][0], "--strict").status, 1)
        done = self.lint(CLEAN)
        self.assertEqual((done.status, done.out), (0, ""))
        self.assertIn("nothing found", done.err)
        self.assertEqual(self.lint("rules: 5\n").status, 2)


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main(verbosity=0)
