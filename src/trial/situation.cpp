#include "trial/situation.h"

#include <fmt/format.h>

#include "tool/standard_call.h"

namespace gantry::trial {
namespace {

std::vector<std::string> excused_by(const Situation& situation, const definition::Project& policies) {
  std::vector<std::string> excused = situation.excused;
  if (!situation.known) return excused;
  gate::RunPast calls;
  for (const gate::KnownValues::Entry& entry : situation.known->entries())
    if (entry.kind == gate::KnownValues::Kind::result) calls.add_done(entry.name);
  const gate::RunPast& past = situation.past ? *situation.past : calls;
  for (std::string& name : gate::excused_from(policies, situation.effect, past, *situation.known))
    excused.push_back(std::move(name));
  return excused;
}

}  // namespace

std::string spent_name(const std::string& budget) {
  return budget.starts_with(gate::count_prefix) ? budget.substr(gate::count_prefix.size()) : budget;
}

gate::Circumstances circumstances_of(const Situation& situation, const definition::Project& policies) {
  gate::Circumstances circumstances;
  circumstances.run = situation.run;
  circumstances.author = situation.author;
  circumstances.stopped = situation.stopped;
  circumstances.facts = {situation.context, situation.known.get(), situation.workflow.get()};
  circumstances.excused = excused_by(situation, policies);
  for (gate::ChargedBudget& budget :
       gate::budgets_charged(policies, situation.effect, situation.requester, situation.run)) {
    if (auto spent = situation.spent.find(spent_name(budget.use.budget)); spent != situation.spent.end())
      budget.use.spent = spent->second;
    circumstances.budgets.push_back(std::move(budget.use));
  }
  return circumstances;
}

void complete(Situation& situation, const definition::Project& definitions) {
  // An unknown operation is denied by the gate, which says so better.
  (void)tool::complete_effect(situation.effect, definitions);
}

gate::Verdict judge(const definition::Project& policies, const definition::Project& definitions,
                    const Situation& situation, gate::Explained explained) {
  static const gate::Gate gate{{}};  // judges only: it has no drivers
  return gate.check(policies, definitions, situation.effect, situation.requester, situation.at,
                    circumstances_of(situation, policies), explained);
}

std::string text_of(const std::vector<definition::ApproverRequirement>& approvers) {
  std::string text;
  for (const auto& each : approvers) text += fmt::format("{}{} of {}", text.empty() ? "" : ", ", each.count, each.role);
  return text;
}

std::string text_of(const gate::Verdict& verdict) {
  const char* kind = definition::name_of(verdict.kind);
  return verdict.kind == definition::VerdictKind::approve ? fmt::format("{}: {}", kind, text_of(verdict.approvers))
                                                          : kind;
}

}  // namespace gantry::trial
