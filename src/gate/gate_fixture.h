// For tests of the gate: a project of one tool, policies made of rules, and a driver that counts its calls.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "definition/condition.h"
#include "gate/gate.h"
#include "tool/standard_call.h"
#include "value/json.h"

namespace gantry::gate {

using definition::EffectClass;
using definition::VerdictKind;

inline const Timestamp gate_now{std::chrono::hours(1'000'000)};

inline Value json(std::string_view text) {
  Result<Value> value = parse_json(text);
  EXPECT_TRUE(value.ok()) << text;
  return value.ok() ? *std::move(value) : Value();
}

inline definition::Condition condition_of(std::string_view text) {
  auto compiled = definition::prepare_condition(text);
  EXPECT_TRUE(std::holds_alternative<definition::Condition>(compiled)) << text;
  return std::holds_alternative<definition::Condition>(compiled) ? std::get<definition::Condition>(compiled)
                                                                 : definition::Condition{};
}

inline definition::PolicyRule rule_of(std::string id, VerdictKind verdict, std::string when = "") {
  definition::PolicyRule rule;
  rule.id = std::move(id);
  rule.verdict = verdict;
  if (!when.empty()) rule.when = condition_of(when);
  return rule;
}

inline definition::PolicyRule approve_of(std::string id, std::vector<definition::ApproverRequirement> approvers,
                                         Duration expires = std::chrono::hours(24), bool requester_excluded = true) {
  definition::PolicyRule rule = rule_of(std::move(id), VerdictKind::approve);
  rule.approvers = std::move(approvers);
  rule.expires = expires;
  rule.requester_excluded = requester_excluded;
  return rule;
}

class CountingDriver final : public tool::Driver {
 public:
  std::vector<std::string> check(const definition::Tool&) const override { return {}; }
  tool::Outcome call(tool::Permit permit, const tool::CallContext& context) override {
    ++calls;
    last_attempt = context.attempt;
    had_tool = context.tool != nullptr;
    if (throws) throw std::runtime_error("a defect");
    return tool::Outcome::done_with(Value::object(
        {{"echo", std::string("you said: ") + std::string(permit.effect().arguments.string_or("voyage", ""))},
         {"amount", 3}}));
  }
  int calls = 0, last_attempt = 0;
  bool throws = false, had_tool = false;
};

class GateTest : public testing::Test {
 protected:
  GateTest() {
    definition::Tool tool;
    tool.name = "tos";
    tool.driver = "count";
    tool.digest = sha256("tos");
    tool.operations["voyage"] = operation_of(EffectClass::read);
    tool.operations["reslot"] = operation_of(EffectClass::write);
    tool.operations["ping"].effect_class = EffectClass::read;
    definitions.tools["tos"] = std::make_shared<definition::Tool>(tool);
  }

  static definition::Operation operation_of(EffectClass effect_class) {
    definition::Operation operation;
    operation.effect_class = effect_class;
    operation.arguments_schema = json(
        R"({"type":"object","required":["voyage"],"properties":{"voyage":{"type":"string"},"moves":{"type":"array"}}})");
    auto schema = Schema::compile(operation.arguments_schema);
    EXPECT_TRUE(schema.ok());
    operation.arguments = *schema;
    return operation;
  }

  void policy(std::vector<definition::PolicyRule> rules, const std::string& name = "port") {
    definition::Policy made;
    made.name = name;
    made.digest = sha256(name + std::to_string(++policies_made_));
    made.rules = std::move(rules);
    made.asks_for_provenance = true;
    policies.policies[name] = std::make_shared<definition::Policy>(made);
  }

  tool::Effect effect_of(std::string operation, Value arguments, std::string tool = "tos") {
    tool::Effect effect;
    effect.id = "01A-e1";
    effect.instance = "01A";
    effect.workflow = {.namespace_ = "port", .name = "desk", .version = "1.0.0"};
    effect.task = "/do/0/call";
    effect.tool = std::move(tool);
    effect.operation = std::move(operation);
    effect.arguments = std::move(arguments);
    effect.key = effect.id;
    (void)tool::complete_effect(effect, definitions);
    return effect;
  }
  tool::Effect reslot() { return effect_of("reslot", json(R"({"voyage":"V-1234567","moves":[1,2]})")); }

  Verdict check(const tool::Effect& effect) { return gate.check(policies, definitions, effect, requester, gate_now); }

  Approval approval_for(const tool::Effect& effect, const Verdict& verdict) {
    Approval approval;
    approval.effect_digest = effect.digest.hex();
    approval.policy_digest = verdict.policy;
    approval.shown_digest = approval.effect_digest;
    approval.requirements = verdict.approvers;
    approval.requester = requester.person;
    approval.requester_excluded = verdict.requester_excluded;
    approval.expires = gate_now + verdict.expires;
    return approval;
  }

  static void vote(Approval& approval, std::string person, std::string role) {
    Vote yes{.voter = {.person = std::move(person), .roles = {std::move(role)}},
             .on_behalf_of = "",
             .approve = true,
             .comment = "",
             .at = gate_now};
    ASSERT_TRUE(add_vote(approval, std::move(yes), approval.shown_digest).ok());
  }

  definition::Project policies, definitions;
  definition::Principal requester{.person = "rita", .roles = {"dispatcher"}};
  std::shared_ptr<CountingDriver> driver = std::make_shared<CountingDriver>();
  Gate gate{tool::Drivers{{"count", driver}}};

 private:
  int policies_made_ = 0;
};

}  // namespace gantry::gate
