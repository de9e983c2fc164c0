#include "gate/gate.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>

#include "base/assert.h"
#include "gate/echo_rule.h"
#include "gate/result_labels.h"
#include "tool/mcp_standard_call.h"

namespace gantry::gate {
namespace {

using definition::VerdictKind;

Error permit_refused(const tool::Effect& effect, std::string_view why) {
  return {Code::denied, fmt::format("gate: no permit for effect {}: {}", effect.id, why)};
}

// The verdict is about exactly this effect, as its content is now.
Status check_is_about(const Verdict& verdict, const tool::Effect& effect) {
  if (!verdict.tool) return permit_refused(effect, "the verdict does not say under which definition it was made");
  if (verdict.effect != effect.digest) return permit_refused(effect, "the verdict is about another effect");
  if (tool::digest_of(effect, *verdict.tool) != effect.digest) {
    return permit_refused(effect, "its content has changed since the verdict");
  }
  return done();
}

bool requires_at_least(const Approval& approval, const std::vector<definition::ApproverRequirement>& asked) {
  return std::all_of(asked.begin(), asked.end(), [&](const auto& requirement) {
    return std::any_of(approval.requirements.begin(), approval.requirements.end(), [&](const auto& held) {
      return held.role == requirement.role && held.count >= requirement.count;
    });
  });
}

Status check_approval(const tool::Effect& effect, const Approval& approval, const Verdict& current, Timestamp now) {
  if (current.kind != VerdictKind::approve) {
    return permit_refused(effect,
                          fmt::format("policy now says {}: {}", definition::name_of(current.kind), current.reason));
  }
  if (approval.effect_digest != effect.digest.hex())
    return permit_refused(effect, "the approval is for another effect");
  if (approval.policy_digest != current.policy) {
    return permit_refused(effect, "policy has changed since the approval was asked for");
  }
  if (approval.used) return permit_refused(effect, "the approval was used already");
  if (current.requester_excluded && !approval.requester_excluded) {
    return permit_refused(effect, "the approval would let the requester approve");
  }
  if (!current.author.empty() && approval.author != current.author) {
    return permit_refused(effect, "the approval would let the workflow's author approve");
  }
  if (!requires_at_least(approval, current.approvers)) {
    return permit_refused(effect, "the approval asks for less than policy does");
  }
  switch (state_of(approval, now)) {
    case ApprovalState::approved:
      return done();
    case ApprovalState::pending:
      return permit_refused(effect, "the approval is not complete");
    case ApprovalState::rejected:
      return permit_refused(effect, "the approval was rejected");
    case ApprovalState::expired:
      break;
  }
  return permit_refused(effect, fmt::format("the approval expired at {}", format_timestamp(approval.expires)));
}

LabelContent source_of(const std::string& operation) {
  LabelContent source;
  source.sources = {"tool:" + operation};
  return source;
}

// What the tool itself says of a field: the worst of its rules for the field and for what it stands in.
LabelContent own_label(const definition::Operation& operation, const definition::LabelRule& field) {
  Label label = operation.result_label;
  for (const definition::LabelRule& own : operation.labels) {
    bool leads_there = own.path.size() <= field.path.size();
    for (std::size_t at = 0; leads_there && at < own.path.size(); ++at)
      leads_there = own.any[at] || field.any[at] || own.path[at] == field.path[at];
    if (leads_there) label = join(label, Label::of(own.label));
  }
  return label.content();
}

// What policies say about the tool's results, before what the tool says itself.
std::vector<definition::LabelRule> label_rules_for(const definition::Operation& operation, const std::string& name,
                                                   const LabelContent& source, const definition::Project* policies) {
  std::vector<definition::LabelRule> rules;
  if (policies != nullptr) {
    std::size_t group = 0;
    for (const auto& [policy_name, policy] : policies->policies) {
      ++group;
      for (const definition::PolicyLabel& label : policy->labels.labels) {
        if (label.kind != definition::PolicyLabel::Kind::result || !definition::matches_pattern(label.pattern, name))
          continue;
        definition::LabelRule& rule = rules.emplace_back(label.rule);
        const LabelContent own = own_label(operation, rule);
        if (!rule.gives_integrity) rule.label.integrity = own.integrity;
        if (!rule.gives_secrecy) rule.label.secrecy = own.secrecy;
        if (!rule.gives_compartments) rule.label.compartments = own.compartments;
        rule.label.sources = source.sources;
        rule.group = group;
      }
    }
  }
  rules.insert(rules.end(), operation.labels.begin(), operation.labels.end());
  return rules;
}

tool::Outcome with_labels(tool::Outcome outcome, const definition::Operation& operation, const tool::Effect& effect,
                          const definition::Project* policies) {
  if (outcome.kind == tool::Outcome::Kind::done) {
    outcome.result = with_echoes_labelled(labelled_result(std::move(outcome.result), operation, effect.tool, policies),
                                          effect.arguments);
    return outcome;
  }
  // Its text may quote any field of what the other side said.
  const std::string name = effect.tool + "." + effect.operation;
  const LabelContent source = source_of(name);
  outcome.error.label = join(outcome.error.label, join(operation.result_label, Label::of(source)));
  for (const definition::LabelRule& rule : label_rules_for(operation, name, source, policies))
    outcome.error.label = join(outcome.error.label, Label::of(rule.label));
  return outcome;
}

tool::Outcome not_set_up(std::string detail) {
  return tool::Outcome::failed_with(tool::standard_error("configuration", std::move(detail)));
}

}  // namespace

Value labelled_result(Value result, const definition::Operation& operation, std::string_view tool,
                      const definition::Project* policies) {
  std::string name;
  name.reserve(tool.size() + operation.name.size() + 1);
  name.append(tool).append(".").append(operation.name);
  // The same tool answers again and again.
  thread_local std::string last;
  thread_local Label last_source;
  if (name != last) {
    last_source = Label::of(source_of(name));
    last = name;
  }
  const auto rules = label_rules_for(operation, name, last_source.content(), policies);
  return with_declared_labels(std::move(result), rules, join(operation.result_label, last_source));
}

Result<tool::Permit> Gate::permit(const tool::SharedEffect& effect, const Verdict& verdict) const {
  if (verdict.kind != VerdictKind::allow) {
    return permit_refused(effect,
                          fmt::format("the verdict is {}: {}", definition::name_of(verdict.kind), verdict.reason));
  }
  TRY(check_is_about(verdict, effect));
  return tool::Permit(effect);
}

Result<tool::Permit> Gate::permit_approved(const tool::SharedEffect& effect, Approval& approval, const Verdict& current,
                                           Timestamp now) const {
  TRY(check_is_about(current, effect));
  TRY(check_approval(effect, approval, current, now));
  approval.used = true;
  return tool::Permit(effect);
}

Result<tool::Permit> Gate::permit_again(const tool::SharedEffect& effect, const Value& intent) const {
  const Value recorded = intent.is_object() ? intent.member("effect") : Value();
  if (!recorded.is_object() || recorded.string_or("id", "") != effect->id) {
    return permit_refused(effect, "the recorded intent is for another effect");
  }
  Result<Verdict> verdict = verdict_from(intent.member("verdict"));
  if (verdict && verdict->kind == VerdictKind::allow && !verdict->effect)
    verdict->effect = digest_in(recorded, "digest");
  if (!verdict)
    return permit_refused(effect, fmt::format("the recorded intent has no verdict: {}", verdict.error().message));
  const Value approvals = intent.member("approvals");
  const bool approved =
      verdict->kind == VerdictKind::approve && (approvals.is_array() || approvals.is_object()) && approvals.size() > 0;
  if (verdict->kind != VerdictKind::allow && !approved) {
    return permit_refused(effect, "the recorded intent was neither allowed nor approved");
  }
  TRY(check_is_about(*verdict, effect));
  return tool::Permit(effect);
}

Gate::Way Gate::way_of(const tool::Effect& effect, const definition::Project& definitions) const {
  Way way;
  way.context.operation = tool::find_operation(definitions, effect.tool, effect.operation);
  if (way.context.operation == nullptr) return way;
  way.driver_name = effect.tool;
  if (!tool::is_standard_tool(effect.tool)) {
    way.context.tool = definitions.tools.find(effect.tool)->second.get();
    way.driver_name = way.context.tool->driver;
  }
  if (const auto driver = drivers_.find(way.driver_name); driver != drivers_.end()) way.driver = driver->second.get();
  return way;
}

tool::Outcome Gate::perform(tool::Permit permit, const definition::Project& definitions, int attempt,
                            std::stop_token stop, const definition::Project* policies) const {
  const tool::SharedEffect shared = permit.shared_effect();
  const tool::Effect& effect = shared;
  Way way = way_of(effect, definitions);
  if (way.context.operation == nullptr)
    return not_set_up(fmt::format("there is no operation {}.{}", effect.tool, effect.operation));
  if (way.driver == nullptr) {
    return not_set_up(fmt::format("tool {} wants the driver \"{}\", which is not there", effect.tool, way.driver_name));
  }
  way.context.attempt = attempt;
  way.context.stop = std::move(stop);
  try {
    return with_labels(way.driver->call(std::move(permit), way.context), *way.context.operation, effect, policies);
  } catch (const std::exception& exception) {
    // Drivers don't throw; if one does all the same, nobody knows how far it got.
    return tool::Outcome::ambiguous_with(
        tool::standard_error("runtime", fmt::format("the driver \"{}\" broke: {}", way.driver_name, exception.what())));
  }
}

bool Gate::can_begin(const tool::Effect& effect, const definition::Project& definitions) const {
  const Way way = way_of(effect, definitions);
  return way.driver != nullptr && way.driver->can_begin(effect, way.context);
}

void Gate::begin(tool::Permit permit, const definition::Project& definitions, int attempt, std::stop_token stop,
                 std::unique_ptr<tool::Errand> errand, std::shared_ptr<tool::OutcomeReceiver> receiver) const {
  Way way = way_of(permit.effect(), definitions);
  GANTRY_ASSERT(way.driver != nullptr, "only what can be begun is begun");
  way.context.attempt = attempt;
  way.context.stop = std::move(stop);
  way.driver->begin({std::move(permit), std::move(way.context), std::move(errand), std::move(receiver)});
}

tool::Outcome Gate::finished(tool::Outcome outcome, const tool::Effect& effect, const definition::Project& definitions,
                             const definition::Project* policies) const {
  const definition::Operation* operation = tool::find_operation(definitions, effect.tool, effect.operation);
  GANTRY_ASSERT(operation != nullptr, "what is finished was begun");
  return with_labels(std::move(outcome), *operation, effect, policies);
}

}  // namespace gantry::gate
