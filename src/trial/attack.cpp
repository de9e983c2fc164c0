#include "trial/attack.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "tool/standard_call.h"
#include "trial/attack_state.h"
#include "trial/case_reader.h"
#include "trial/condition_view.h"

namespace gantry::trial {
namespace {

using definition::EffectClass;
using definition::VerdictKind;

constexpr std::size_t workflows_max = 12;

// What a model writes after it has read something untrusted, in a run that has read what this one has.
Label model_label(const Situation& base, bool secret) {
  LabelContent content = base.context.content();
  content.integrity = Integrity::untrusted;
  content.sources = {"model"};
  if (secret) content.secrecy = Secrecy::secret;
  return Label::of(std::move(content));
}

Value labelled_by_model(const Value& arguments, const Situation& base, const std::string& secret_argument) {
  if (!arguments.is_object()) return arguments.relabelled(model_label(base, false));
  std::vector<Member> members;
  for (const Member& member : arguments.members())
    members.push_back({member.key, member.value.relabelled(model_label(base, member.key.view() == secret_argument))});
  return Value::object(std::move(members));
}

// Every role that a policy names: of who approves, and of who may ask.
std::vector<std::string> roles_in(const definition::Project& policies) {
  std::set<std::string> roles;
  const auto add = [&](const std::vector<definition::ApproverRequirement>& approvers) {
    for (const auto& each : approvers) roles.insert(each.role);
  };
  for (const auto& [name, policy] : policies.policies) {
    for (const auto& rule : policy->rules) {
      add(rule.approvers);
      for (const auto* condition : {&rule.when, &rule.deny_if, &rule.four_eyes_if, &rule.approve_if, &rule.allow_if}) {
        if (!*condition || (*condition)->text.find("roles") == std::string::npos) continue;
        for (const Value& text : view_of(**condition).constants)
          if (text.is_string()) roles.emplace(text.as_string());
      }
    }
    for (const auto& budget : policy->budgets) add(budget.approvers);
    for (const auto& duty : policy->duties) add(duty.by);
    for (const auto& delegation : policy->delegations) roles.insert(delegation.role);
  }
  return {roles.begin(), roles.end()};
}

int badness(VerdictKind kind) {
  return kind == VerdictKind::allow ? 2 : kind == VerdictKind::approve ? 1 : 0;
}

}  // namespace

AttackRow& Attacker::Impl::row_of(const Situation& situation, const Attempt& attempt) {
  std::string operation = situation.effect.tool + "." + situation.effect.operation;
  // What a call over HTTP does follows from its method.
  if (situation.effect.tool == tool::standard_http_tool)
    operation += fmt::format(" ({})", definition::name_of(situation.effect.effect_class));
  const auto& kinds = mutation_kinds();
  const auto order = static_cast<std::size_t>(
      std::find_if(kinds.begin(), kinds.end(),
                   [&](const auto& each) { return std::string_view(each.kind) == attempt.kind; }) -
      kinds.begin());
  const auto [found, is_new] = index.emplace(std::tuple(operation, order, attempt.argument), report.rows.size());
  if (is_new) {
    AttackRow& row = report.rows.emplace_back();
    row.operation = operation;
    row.kind = attempt.kind;
    row.argument = attempt.argument;
    row.effect_class = situation.effect.effect_class;
  }
  return report.rows[found->second];
}

void Attacker::Impl::note(const Situation& situation, const Attempt& attempt, VerdictKind kind, std::string verdict,
                          std::string rule) {
  AttackRow& row = row_of(situation, attempt);
  ++report.attempts;
  const bool is_first = row.runs + row.asks + row.denied == 0;
  const int worst = row.runs > 0 ? 2 : row.asks > 0 ? 1 : 0;
  (kind == VerdictKind::allow ? row.runs : kind == VerdictKind::approve ? row.asks : row.denied) += 1;
  const bool is_hole = kind == VerdictKind::allow && attempt.promised && row.effect_class != EffectClass::read;
  row.is_promised = row.is_promised || attempt.promised;
  if (!is_first && badness(kind) <= worst && (!is_hole || row.is_hole)) return;
  row.is_hole = row.is_hole || is_hole;
  row.verdict = std::move(verdict);
  row.rule = std::move(rule);
  row.requester = situation.requester.person;
  row.workflow = situation.effect.workflow.namespace_ + "/" + situation.effect.workflow.name;
  row.instance = instance;
  row.arguments = situation.effect.arguments.relabelled({});
  row.advice = is_hole ? attempt.advice : "";
}

gate::Verdict Attacker::Impl::ask(const Situation& situation, const definition::Project& definitions,
                                  const Attempt& attempt) {
  gate::Verdict verdict = judge(*policies, definitions, situation);
  note(situation, attempt, verdict.kind, text_of(verdict), verdict.rule);
  return verdict;
}

bool Attacker::Impl::has_room() {
  if (report.attempts < options.attempts_max) return true;
  if (!is_full) report.left_out.push_back(fmt::format("what comes after {} attempts", options.attempts_max));
  is_full = true;
  return false;
}

void Attacker::Impl::leave_out(const std::string& tool, const std::string& operation) {
  std::string text =
      fmt::format("{}.{}: no arguments were found that fit its schema; write a case for it", tool, operation);
  if (std::find(report.left_out.begin(), report.left_out.end(), text) == report.left_out.end())
    report.left_out.push_back(std::move(text));
}

void Attacker::Impl::attack(const Situation& base, const definition::Project& definitions) {
  const auto* operation = tool::find_operation(definitions, base.effect.tool, base.effect.operation);
  if (operation == nullptr || !has_room()) return;
  ++report.bases;
  Situation same = base;
  same.effect.arguments = labelled_by_model(base.effect.arguments, base, "");
  complete(same, definitions);
  const MutationSource source{*operation, same.effect.effect_class, hints, base.known.get(), options.seed};
  std::optional<Asked> asked, other;  // the first calls that people are asked about
  for (const Mutation& mutation : mutations_of(base.effect.arguments, source)) {
    Situation situation = base;
    situation.effect.arguments =
        labelled_by_model(mutation.arguments, base, mutation.has_secret ? mutation.argument : "");
    if (mutation.has_secret) situation.context = join(situation.context, model_label(base, true));
    complete(situation, definitions);
    gate::Verdict verdict =
        ask(situation, definitions, {mutation.kind, mutation.argument, mutation.is_promised, mutation.advice});
    if (std::string_view(mutation.kind) == "same-call" && verdict.kind == VerdictKind::allow) repeat(same, definitions);
    if (verdict.kind != VerdictKind::approve) continue;
    if (!asked)
      asked = Asked{std::move(situation), std::move(verdict)};
    else if (!other && situation.effect.digest != asked->situation.effect.digest)
      other = Asked{std::move(situation), std::move(verdict)};
  }
  Situation claimed = same;
  claimed.effect.effect_class = same.effect.effect_class == EffectClass::read ? EffectClass::write : EffectClass::read;
  const gate::Verdict claim = judge(*policies, definitions, claimed);
  note(same, {"claimed-class", "", true, ""}, claim.kind, text_of(claim), claim.rule);
  if (asked) attack_approval(*asked, other);
}

// Again and again, with what that spends, until something stops it.
void Attacker::Impl::repeat(const Situation& base, const definition::Project& definitions) {
  if (base.effect.effect_class == EffectClass::read) return;
  Situation situation = base;
  const bool is_grave =
      base.effect.effect_class == EffectClass::money || base.effect.effect_class == EffectClass::destroy ||
      base.effect.effect_class == EffectClass::grant || base.effect.effect_class == EffectClass::credential;
  const Attempt attempt{
      "split", "", is_grave,
      "a budget: {scope: run, classes: [...], count: N} or sum and max, and one per day for the principal"};
  // What stops it at last is counted out: how often the first budget that it takes something from allows it.
  const gate::Verdict once = judge(*policies, definitions, situation);
  std::map<std::string, double> limits;
  for (const auto& named : policies->policy_set->budgets()) limits[named.name] = named.budget->max;
  for (const auto& named : policies->policy_set->invariants())
    if (named.invariant->more_than > 0) limits[named.name] = static_cast<double>(named.invariant->more_than);
  double times = std::numeric_limits<double>::infinity();
  for (const gate::Charge& charge : once.charges) {
    const std::string name = spent_name(charge.budget);
    if (!charge.asks && charge.amount > 0 && limits.contains(name))
      times = std::min(times, std::floor((limits[name] - situation.spent[name]) / charge.amount));
  }
  if (std::isfinite(times)) {
    for (const gate::Charge& charge : once.charges)
      if (!charge.asks) situation.spent[spent_name(charge.budget)] += charge.amount * times;
    const gate::Verdict verdict = judge(*policies, definitions, situation);
    return note(situation, attempt, verdict.kind, fmt::format("{} after {:.0f}", text_of(verdict), times),
                verdict.rule);
  }
  note(situation, attempt, VerdictKind::allow, "allow, without end", once.rule);
}

std::optional<Situation> Attacker::Impl::made_up(const std::string& tool, const definition::Operation& operation,
                                                 const Situation& around) {
  // Where a policy asks for an entry of a list, the good call has one.
  std::map<std::string, Value> wanted;
  for (const auto& [name, policy] : policies->policies) {
    for (const auto& rule : policy->rules) {
      for (const auto* condition : {&rule.when, &rule.allow_if, &rule.deny_if}) {
        if (!*condition) continue;
        for (const FunctionCall& call : view_of(**condition).calls)
          if (call.name == "in_list" && call.arguments.size() == 2 && call.arguments[0].is_string() &&
              call.arguments[1].is_string())
            if (auto list = hints.lists.find(std::string(call.arguments[1].as_string()));
                list != hints.lists.end() && !list->second.empty())
              wanted.emplace(call.arguments[0].as_string(), Value(list->second.front()));
      }
    }
  }
  Value arguments = sample_arguments(operation, hints, wanted);
  if (arguments.is_null()) arguments = sample_arguments(operation, hints, {});
  if (arguments.is_null()) return std::nullopt;
  Situation situation = around;
  situation.effect.tool = tool;
  situation.effect.operation = operation.name;
  situation.effect.arguments = std::move(arguments);
  return situation;
}

Attacker::Attacker(definition::ProjectPointer policies, AttackOptions options) : impl_(std::make_shared<Impl>()) {
  impl_->hints = hints_of(*policies);
  impl_->roles = roles_in(*policies);
  impl_->policies = std::move(policies);
  impl_->options = options;
}

void Attacker::attack(const Situation& base, const definition::Project& definitions, const std::string& instance) {
  impl_->instance = instance;
  impl_->attack(base, definitions);
}

void Attacker::attack_from(const Situation& run, const definition::Project& definitions, const std::string& instance) {
  impl_->instance = instance;
  for (const auto& [tool, definition] : definitions.tools)
    for (const auto& [name, operation] : definition->operations)
      if (auto situation = impl_->made_up(tool, operation, run))
        impl_->attack(*situation, definitions);
      else
        impl_->leave_out(tool, name);
}

// From no workflow and from each of the project's, by requesters without and with all roles.
void Attacker::Impl::attack_everywhere(Situation situation, const definition::Project& definitions) {
  std::vector<std::shared_ptr<const definition::Workflow>> workflows = {nullptr};
  for (const auto& [name, workflow] : policies->workflows)
    if (workflows.size() <= workflows_max) workflows.push_back(workflow);
  for (const auto& workflow : workflows) {
    situation.workflow = workflow;
    situation.effect.workflow = workflow ? workflow->name : definition::WorkflowName{"attack", "agent", "1.0.0"};
    for (const bool all_roles : {false, true}) {
      situation.requester = {all_roles ? "insider" : "requester", all_roles ? roles : std::vector<std::string>{}};
      auto known = std::make_shared<gate::KnownValues>();
      known->add(gate::KnownValues::Kind::request, "", situation.effect.arguments);
      known->add(
          gate::KnownValues::Kind::result, "attacker.text",
          Value::object({{"text", "mallory-66613"}, {"mail", "mallory@attacker.example"}}).labelled(situation.context));
      situation.known = std::move(known);
      attack(situation, definitions);
    }
  }
}

// The standard's HTTP call, and changes of policy, where some rule speaks about them.
void Attacker::Impl::attack_built_in(const Situation& around) {
  const auto& http = tool::standard_http_operation();
  for (const auto& [method, effect_class] :
       {std::pair("get", EffectClass::egress_read), std::pair("post", EffectClass::write),
        std::pair("delete", EffectClass::destroy)}) {
    if (policies->policy_set->rules_for("http", "request", effect_class).empty()) continue;
    const Value arguments = Value::object({{"method", method}, {"endpoint", "https://intranet.example/report"}});
    if (auto situation = made_up("http", http, around)) {
      situation->effect.arguments = arguments;
      attack_everywhere(*std::move(situation), *policies);
    }
  }
  if (!policies->policy_set->governs_change()) return;
  const definition::Project& definitions = definitions_for("policy", *policies);
  if (const auto* change = definitions.find_operation("policy", "change"))
    if (auto situation = made_up("policy", *change, around)) attack_everywhere(*std::move(situation), definitions);
}

void Attacker::attack_operations() {
  impl_->instance.clear();
  const definition::Project& project = *impl_->policies;
  Situation around;
  around.effect.id = around.effect.key = "attack-e1";
  around.effect.instance = "attack";
  around.effect.task = "/do/0/agent";
  around.at = *parse_timestamp(case_time_default);
  around.author = "author";
  around.context = Label::of({Integrity::untrusted, Secrecy::public_, {"model"}, {}});
  for (const auto& [tool, definition] : project.tools) {
    for (const auto& [name, operation] : definition->operations) {
      if (auto situation = impl_->made_up(tool, operation, around))
        impl_->attack_everywhere(*std::move(situation), project);
      else
        impl_->leave_out(tool, name);
    }
  }
  impl_->attack_built_in(around);
}

AttackReport Attacker::take() {
  AttackReport report = std::move(impl_->report);
  std::vector<std::pair<std::tuple<std::string, std::size_t, std::string>, std::size_t>> order(impl_->index.begin(),
                                                                                               impl_->index.end());
  std::vector<AttackRow> rows;
  for (const auto& [key, at] : order) rows.push_back(std::move(report.rows[at]));
  report.rows = std::move(rows);
  report.holes = static_cast<std::size_t>(
      std::count_if(report.rows.begin(), report.rows.end(), [](const AttackRow& row) { return row.is_hole; }));
  return report;
}

}  // namespace gantry::trial
