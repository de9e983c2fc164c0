// For tests of the gate over policies as files: a bank and a post office, and effects on them.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gate/gate_fixture.h"

namespace gantry::gate {

inline constexpr const char* bank_tool = R"(
tool: bank
version: 1.0.0
driver: count
operations:
  pay: {class: money, arguments: {type: object, required: [amount], properties: {amount: {type: number}, iban: {type: string}, note: {type: [string, "null"]}}}}
  history: {class: read, arguments: {type: object, properties: {account: {type: string}}}}
)";

class PolicyFilesTest : public testing::Test {
 protected:
  definition::ProjectPointer project_of(definition::SourceFiles files) {
    files["tools/bank.yaml"] = bank_tool;
    auto loaded = definition::load_project(std::move(files));
    if (auto* problems = std::get_if<definition::Problems>(&loaded)) {
      for (const auto& problem : *problems) ADD_FAILURE() << definition::format(problem);
      return std::make_shared<const definition::Project>();
    }
    return std::get<definition::ProjectPointer>(loaded);
  }

  void policy(const std::string& body, const std::string& csv = "") {
    definition::SourceFiles files = {{"policies/p.yaml", "policy: p\nversion: 1.0.0\n" + body}};
    if (!csv.empty()) files["policies/list.csv"] = csv;
    project = project_of(std::move(files));
  }

  tool::Effect effect_of(std::string operation, Value arguments) const {
    tool::Effect effect;
    effect.id = "01A-e1";
    effect.instance = "01A";
    effect.workflow = {.namespace_ = "port", .name = "desk", .version = "1.0.0"};
    effect.task = "/do/0/call";
    effect.tool = "bank";
    effect.operation = std::move(operation);
    effect.arguments = std::move(arguments);
    effect.key = effect.id;
    (void)tool::complete_effect(effect, *project);
    return effect;
  }
  tool::Effect pay(Value amount) const {
    return effect_of("pay", Value::object({{"amount", std::move(amount)}, {"iban", "DE1"}}));
  }

  Verdict check(const tool::Effect& effect) { return gate.check(*project, *project, effect, requester, now, around); }
  Verdict check_pay(Value amount) { return check(pay(std::move(amount))); }

  // What is spent of every budget that the effect is charged to.
  void spent(const tool::Effect& effect, double amount) {
    around.budgets.clear();
    for (ChargedBudget& budget : budgets_charged(*project, effect, requester, around.run)) {
      budget.use.spent = amount;
      around.budgets.push_back(std::move(budget.use));
    }
  }

  definition::ProjectPointer project = std::make_shared<const definition::Project>();
  definition::Principal requester{.person = "rita", .roles = {"dispatcher"}};
  Circumstances around;
  Timestamp now = gate_now;
  Gate gate{{}};
};

}  // namespace gantry::gate
