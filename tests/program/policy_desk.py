"""A bank and its policies, for the tests of `gantry policy`."""
from desk import Desk

BANK = """tool: bank
version: 1.0.0
driver: echo
operations:
  history:
    class: read
    arguments: {type: object, properties: {account: {type: string}}}
    label: {integrity: untrusted, secrecy: confidential}
    labels:
      - {path: /*/recipient, integrity: internal, secrecy: confidential}
  pay:
    class: money
    arguments:
      type: object
      required: [amount, iban]
      properties: {amount: {type: number}, iban: {type: string}, note: {type: string}}
    authority: [iban]
"""
POLICY = """policy: bank
version: 1.0.0
lists:
  payees: {values: [DE89370400440532013000, FR7630006000011234567890189]}
rules:
  - {id: reads, classes: [read], verdict: allow}
  - id: pay
    tools: [bank.pay]
    deny: .args.amount > 100000
    fourEyesIf: .args.amount > 5000
    allow: at_least("iban"; "internal") and in_list("iban"; "payees") and .args.amount <= 250
    else: approve
    approvers: [{role: finance}]
    reason: Money leaves the house.
budgets:
  - {id: spend, scope: run, tools: [bank.pay], sum: .args.amount, max: 1000}
  - {id: asks, scope: run, asks: 3}
"""
CASES = """policyTest: payments
defaults:
  requester: {person: rita, roles: [clerk]}
cases:
  - name: a small payment to a payee that was asked for goes out
    effect: bank.pay
    arguments: {amount: 100, iban: DE89370400440532013000}
    from: {iban: request}
    labels: {iban: untrusted}
    expect: {verdict: allow, rule: bank/pay}
  - name: somebody else's account needs finance
    effect: bank.pay
    arguments: {amount: 100, iban: GB29NWBK60161331926819}
    labels: untrusted
    expect:
      verdict: approve
      rule: bank/pay
      approvers: [{role: finance, count: 1}]
      requesterExcluded: true
      expires: PT24H
      reason: leaves the house
      toPass: at_least("iban"; "internal")
      explanation: {rules: [{rule: bank/pay, says: approve}]}
  - name: more than the budget of a run is denied
    effect: bank.pay
    arguments: {amount: 6000, iban: DE89370400440532013000}
    spent: {bank/spend: 0}
    expect: {verdict: deny, rule: bank/spend}
  - {name: too much is refused, effect: bank.pay, arguments: {amount: 100001, iban: DE1}, expect: deny}
  - name: what the bank itself says of an earlier payee is good
    effect: bank.pay
    arguments: {amount: 10, iban: FR7630006000011234567890189}
    from: {iban: bank.history/*/recipient}
    expect: allow
  - name: a list of the case stands in for that of the policy
    effect: bank.pay
    arguments: {amount: 10, iban: FR7630006000011234567890189}
    lists: {payees: [DE89370400440532013000]}
    expect: approve
  - {name: reading is free, effect: bank.history, expect: allow}
  - {name: nothing goes out while the gate is stopped, effect: bank.history, stopped: maintenance, expect: {verdict: deny, rule: stopped}}
"""


class PolicyDesk(Desk):
    """A project with the bank only."""

    def __init__(self, program, policy=POLICY, cases=CASES, tool=BANK):
        super().__init__(program)
        for path in self.project.rglob("*.yaml"):
            path.unlink()
        self.write("project/gantry.yaml", "store: sqlite:gantry.db\n")
        self.write("project/tools/bank.yaml", tool)
        self.write("project/policies/bank.yaml", policy)
        if cases:
            self.write("project/policies/tests/bank.yaml", cases)

    def policy(self, command, *arguments):
        return self.run("policy", command, *arguments)
