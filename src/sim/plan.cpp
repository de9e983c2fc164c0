#include "sim/plan.h"

#include <fmt/format.h>

#include "base/assert.h"
#include "sim/workflow_maker.h"
#include "value/json.h"

namespace gantry::sim {
namespace {

// With every class and every kind of idempotency that changes how an effect is settled.
constexpr const char* yard_tool = R"(
tool: yard
version: 1.0.0
driver: sim
operations:
  look: {class: read, arguments: {type: object, additionalProperties: true}}
  find: {class: read, arguments: {type: object, required: [key], properties: {key: {type: string}}}}
  put: {class: write, idempotency: key, arguments: &numbered {type: object, required: [n], properties: {n: {type: integer}, what: {type: string}}}}
  move:
    class: write
    idempotency: readBack
    readBack: {operation: find, arguments: {key: "${ $effect.key }"}, done: .found}
    arguments: *numbered
  post: {class: write, arguments: *numbered}
  mail: {class: send, arguments: *numbered}
  pay: {class: money, idempotency: key, arguments: *numbered}
  wipe: {class: destroy, arguments: *numbered}
)";

constexpr const char* grade_decision = R"(
decision: grade
version: 1.0.0
question: What is it worth?
input: {type: object, required: [n], properties: {n: {type: integer}}}
answer: {type: object, required: [n], properties: {n: {type: integer}, grade: {enum: [low, high, odd]}}}
deciders: [rules, {person: {roles: [planner]}}]
hitPolicy: first
inputs: {n: .n}
rules:
  - {id: low, match: {n: "<40"}, answer: {n: "${ .n + 1 }", grade: low}}
  - {id: high, match: {n: ">=60"}, answer: {n: 7, grade: high}}
)";

const std::vector<std::string> judged_operations{"put", "move", "post", "mail", "pay", "wipe"};

Rule make_rule(Dice& dice) {
  Rule rule;
  const std::size_t kind = dice.below(12);
  rule.says = kind == 0   ? Rule::Says::nothing
              : kind == 1 ? Rule::Says::deny
              : kind < 7  ? Rule::Says::allow
              : kind < 9  ? Rule::Says::approve
                          : Rule::Says::ladder;
  rule.allowed_to = static_cast<std::int64_t>(dice.between(10, 60));
  rule.denied_above = rule.allowed_to + static_cast<std::int64_t>(dice.between(5, 40));
  rule.approvers["planner"] = dice.between(1, 2);
  if (dice.chance(300)) rule.approvers["customs"] = 1;
  rule.requester_excluded = !dice.chance(200);
  return rule;
}

void add_approvers(const Rule& rule, Dice& dice, std::vector<Member>& members) {
  std::vector<Value> approvers;
  for (const auto& [role, count] : rule.approvers)
    approvers.push_back(Value::object({{"role", role}, {"count", count}}));
  members.push_back({Text("approvers"), Value::array(std::move(approvers))});
  members.push_back({Text("requesterExcluded"), rule.requester_excluded});
  members.push_back({Text("expires"), dice.chance(500) ? "PT1H" : "PT8H"});
  if (dice.chance(200))
    members.push_back(
        {Text("escalate"), Value::array({Value::object({{"after", "PT20M"}, {"roles", Value::array({"manager"})}})})});
}

Value rule_of(const std::string& operation, const Rule& rule, Dice& dice) {
  std::vector<Member> members{{Text("id"), "rule-" + operation}, {Text("tools"), Value::array({"yard." + operation})}};
  const auto add = [&](std::string_view key, Value value) { members.push_back({Text(key), std::move(value)}); };
  switch (rule.says) {
    case Rule::Says::nothing:
      break;
    case Rule::Says::allow:
      add("verdict", "allow");
      break;
    case Rule::Says::deny:
      add("verdict", "deny");
      break;
    case Rule::Says::ladder:
      add("deny", fmt::format(".args.n > {}", rule.denied_above));
      add("allow", fmt::format(".args.n <= {}", rule.allowed_to));
      add("else", "approve");
      add_approvers(rule, dice, members);
      break;
    case Rule::Says::approve:
      add("verdict", "approve");
      add_approvers(rule, dice, members);
      break;
  }
  return Value::object(std::move(members));
}

std::string policy_of(const Plan& plan, Dice& dice) {
  std::vector<Value> rules{Value::object({{"id", "reads"}, {"classes", Value::array({"read"})}, {"verdict", "allow"}})};
  for (const auto& [operation, rule] : plan.rules)
    if (rule.says != Rule::Says::nothing) rules.push_back(rule_of(operation, rule, dice));
  if (plan.guests_denied)
    rules.push_back(Value::object({{"id", "guests"},
                                   {"classes", Value::array({"write", "send", "money", "destroy"})},
                                   {"when", ".principal.roles | index(\"guest\") != null"},
                                   {"verdict", "deny"}}));
  Value policy = Value::object({{"policy", "yard"}, {"version", "1.0.0"}, {"rules", Value::array(std::move(rules))}});
  if (plan.posts_max)
    policy =
        std::move(policy).with_member("budgets", Value::array({Value::object({{"id", "posts"},
                                                                              {"scope", "instance"},
                                                                              {"tools", Value::array({"yard.post"})},
                                                                              {"count", *plan.posts_max}})}));
  return print_json(policy);
}

}  // namespace

const std::vector<definition::Principal>& people() {
  static const std::vector<definition::Principal> all{{"ann", {"planner"}},
                                                      {"bob", {"planner", "customs"}},
                                                      {"cid", {"customs"}},
                                                      {"dee", {"operator", "manager"}},
                                                      {"eve", {"guest"}},
                                                      {"fay", {"planner", "manager"}},
                                                      {"gus", {"operator", "planner", "customs"}}};
  return all;
}

Idempotency idempotency_of(std::string_view operation) {
  if (operation == "put" || operation == "pay") return Idempotency::key;
  return operation == "move" ? Idempotency::read_back : Idempotency::none;
}

Plan make_plan(Dice& dice, const PlanOptions& options) {
  Plan plan;
  for (const std::string& operation : judged_operations) plan.rules[operation] = make_rule(dice);
  if (dice.chance(400)) plan.posts_max = dice.between(1, 3);
  plan.guests_denied = dice.chance(300);
  for (const char* type : {"sim.tick", "sim.arrived", "sim.weighed", "sim.left"}) plan.event_types.emplace_back(type);

  definition::SourceFiles files{{"tools/yard.yaml", yard_tool},
                                {"decisions/grade.yaml", grade_decision},
                                {"policies/yard.yaml", policy_of(plan, dice)}};
  const std::string version = fmt::format("1.{}.0", options.version);
  for (std::size_t i = 0, count = dice.between(2, 5); i < count; ++i) {
    const std::string name = fmt::format("w{}", i);
    WorkflowMaker maker(dice, plan.event_types, plan.workflows, version);
    files["workflows/" + name + ".yaml"] = print_json(maker.make(name, options.schedules));
    plan.workflows.push_back(name);
  }
  auto loaded = definition::load_project(std::move(files));
  if (const auto* problems = std::get_if<definition::Problems>(&loaded)) {
    std::string text;
    for (const auto& problem : *problems) text += definition::format(problem) + "\n";
    GANTRY_ASSERT(false, ("a project of the simulator has problems:\n" + text).c_str());
  }
  plan.project = std::get<definition::ProjectPointer>(std::move(loaded));
  return plan;
}

}  // namespace gantry::sim
