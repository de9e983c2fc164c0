#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "gate/facts.h"
#include "gate/gate.h"
#include "tool/standard_call.h"
#include "value/pointer.h"

namespace gantry::gate {
namespace {

using definition::PolicyRule;
using definition::VerdictKind;

// Conditions are small; what needs more than this is a defect, and denies.
constexpr expression::Limits condition_limits{
    .steps_max = 1'000'000, .memory_bytes_max = 16u << 20, .depth_max = 1'000, .outputs_max = 1};

struct MatchedRule {
  std::string name;  // "policy/rule"
  const PolicyRule* rule;
};

// What the rules said, before the one that decides is chosen.
struct Matches {
  std::vector<MatchedRule> allow, approve, deny;
  std::string failed_rule, failure;  // the first condition that could not be evaluated
};

bool tool_matches(const PolicyRule& rule, const tool::Effect& effect) {
  if (rule.tools.empty()) return true;
  return std::any_of(rule.tools.begin(), rule.tools.end(), [&](std::string_view pattern) {
    if (pattern == "*") return true;
    if (!pattern.starts_with(effect.tool) || pattern.size() <= effect.tool.size() ||
        pattern[effect.tool.size()] != '.') {
      return false;
    }
    const std::string_view operation = pattern.substr(effect.tool.size() + 1);
    return operation == "*" || operation == effect.operation;
  });
}

bool class_matches(const PolicyRule& rule, definition::EffectClass effect_class) {
  return rule.classes.empty() ||
         std::find(rule.classes.begin(), rule.classes.end(), effect_class) != rule.classes.end();
}

Result<bool> condition_holds(const PolicyRule& rule, const Value& facts, Timestamp now) {
  if (!rule.when.has_value()) return true;
  if (rule.when->program == nullptr) return Error{Code::internal, "the condition was not compiled"};
  const Value answer =
      TRY(expression::evaluate_first(*rule.when->program, facts, {.now = now, .limits = condition_limits}));
  if (!answer.is_boolean()) {
    return Error{Code::invalid_argument, fmt::format("it gave a {}, not true or false", answer.kind_name())};
  }
  return answer.as_boolean();
}

Matches match_rules(const definition::Project& policies, const tool::Effect& effect,
                    definition::EffectClass effect_class, const Value& facts, Timestamp now) {
  Matches matches;
  for (const auto& [policy_name, policy] : policies.policies) {
    for (const PolicyRule& rule : policy->rules) {
      if (!tool_matches(rule, effect) || !class_matches(rule, effect_class)) continue;
      const Result<bool> holds = condition_holds(rule, facts, now);
      MatchedRule matched{policy_name + "/" + rule.id, &rule};
      if (!holds) {
        if (matches.failed_rule.empty()) {
          matches.failed_rule = matched.name;
          matches.failure = holds.error().message;
        }
        continue;
      }
      if (!*holds) continue;
      switch (rule.verdict) {
        case VerdictKind::allow:
          matches.allow.push_back(std::move(matched));
          break;
        case VerdictKind::approve:
          matches.approve.push_back(std::move(matched));
          break;
        case VerdictKind::deny:
          matches.deny.push_back(std::move(matched));
          break;
      }
    }
  }
  return matches;
}

void require(std::vector<definition::ApproverRequirement>& all, const definition::ApproverRequirement& requirement) {
  const auto same = std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.role == requirement.role; });
  if (same == all.end()) {
    all.push_back(requirement);
  } else {
    same->count = std::max(same->count, requirement.count);
  }
}

std::string reason_of(const MatchedRule& matched, std::string_view fallback) {
  return matched.rule->reason.empty() ? fmt::format("Rule {} {}.", matched.name, fallback) : matched.rule->reason;
}

// Everything that any of the rules asks for: the strictest wins.
void ask_approval(Verdict& verdict, const std::vector<MatchedRule>& rules) {
  std::vector<std::string_view> names;
  std::vector<std::string> reasons;
  verdict.kind = VerdictKind::approve;
  verdict.requester_excluded = false;
  verdict.expires = rules.front().rule->expires;
  for (const MatchedRule& matched : rules) {
    names.push_back(matched.name);
    std::string reason = reason_of(matched, "asks for an approval");
    if (std::find(reasons.begin(), reasons.end(), reason) == reasons.end()) reasons.push_back(std::move(reason));
    for (const auto& requirement : matched.rule->approvers) require(verdict.approvers, requirement);
    verdict.expires = std::min(verdict.expires, matched.rule->expires);
    verdict.requester_excluded = verdict.requester_excluded || matched.rule->requester_excluded;
  }
  verdict.rule = fmt::format("{}", fmt::join(names, ", "));
  verdict.reason = fmt::format("{}", fmt::join(reasons, " "));
}

Verdict denied(Verdict verdict, std::string rule, std::string reason) {
  verdict.kind = VerdictKind::deny;
  verdict.rule = std::move(rule);
  verdict.reason = std::move(reason);
  return verdict;
}

Verdict decide(Verdict verdict, const Matches& matches) {
  if (!matches.deny.empty()) {
    const MatchedRule& matched = matches.deny.front();
    return denied(std::move(verdict), matched.name, reason_of(matched, "denies this"));
  }
  if (!matches.failed_rule.empty()) {
    return denied(std::move(verdict), matches.failed_rule,
                  fmt::format("The condition of rule {} failed, and what can't be checked is denied: {}",
                              matches.failed_rule, matches.failure));
  }
  if (!matches.approve.empty()) {
    ask_approval(verdict, matches.approve);
    if (!verdict.approvers.empty()) return verdict;
    return denied(std::move(verdict), matches.approve.front().name,
                  "The rule asks for an approval but names no approvers.");
  }
  if (!matches.allow.empty()) {
    verdict.kind = VerdictKind::allow;
    verdict.rule = matches.allow.front().name;
    verdict.reason = reason_of(matches.allow.front(), "allows this");
    return verdict;
  }
  return denied(std::move(verdict), "default-deny", "No rule allows this.");
}

// True when the schema says itself what becomes of members that it doesn't list.
bool governs_extra_members(const Value& schema) {
  if (!schema.is_object()) return true;
  return std::any_of(schema.members().begin(), schema.members().end(), [](const Member& member) {
    constexpr std::string_view keywords[] = {
        "additionalProperties", "unevaluatedProperties", "patternProperties", "$ref", "allOf", "anyOf", "oneOf", "if",
        "dependentSchemas"};
    return std::find(std::begin(keywords), std::end(keywords), member.key.view()) != std::end(keywords);
  });
}

// What is wrong with the arguments, or empty. An argument that the schema doesn't list is wrong unless the schema
// says otherwise: nobody has thought about what it would do.
std::string defect_of_arguments(const definition::Operation& operation, const Value& arguments) {
  if (!arguments.is_object()) return fmt::format("expected an object, found a {}", arguments.kind_name());
  if (!operation.arguments.has_value()) {
    return arguments.size() == 0 ? "" : "the operation declares no arguments, so it takes none";
  }
  const auto violations = operation.arguments->validate(arguments);
  if (!violations.empty()) return describe(violations);
  if (governs_extra_members(operation.arguments_schema)) return "";
  const Value* properties = operation.arguments_schema.find("properties");
  for (const Member& argument : arguments.members()) {
    if (properties == nullptr || properties->find(argument.key.view()) == nullptr) {
      return fmt::format("at /{}: the operation has no such argument", pointer_token(argument.key.view()));
    }
  }
  return "";
}

}  // namespace

std::string policy_digest(const definition::Project& project) {
  std::string text;
  for (const auto& [name, policy] : project.policies) {
    text += fmt::format("{}:{}:{}:{}\n", name.size(), name, policy->version, policy->digest.hex());
  }
  return sha256(text).hex();
}

Verdict Gate::check(const definition::Project& policies, const definition::Project& definitions,
                    const tool::Effect& effect, const definition::Principal& requester, Timestamp now,
                    const RunFacts& run) const {
  Verdict verdict;
  verdict.policy = policy_digest(policies);
  verdict.effect = effect.digest.hex();
  const Digest tool_digest = tool::tool_digest_of(definitions, effect.tool);
  verdict.tool = tool_digest.hex();

  const definition::Operation* operation = tool::find_operation(definitions, effect.tool, effect.operation);
  if (operation == nullptr) {
    return denied(std::move(verdict), "unknown-tool",
                  fmt::format("There is no operation {}.{}.", effect.tool, effect.operation));
  }
  if (const std::string defect = defect_of_arguments(*operation, effect.arguments); !defect.empty()) {
    return denied(std::move(verdict), "arguments",
                  fmt::format("The arguments of {}.{} don't fit: {}.", effect.tool, effect.operation, defect));
  }
  const definition::EffectClass effect_class = tool::class_of_call(*operation, effect.tool, effect.arguments);
  if (effect.effect_class != effect_class || effect.irreversible != operation->irreversible) {
    return denied(std::move(verdict), "class",
                  fmt::format("The effect says class {}, the definition of {}.{} says {}{}.",
                              definition::name_of(effect.effect_class), effect.tool, effect.operation,
                              definition::name_of(effect_class), operation->irreversible ? ", irreversible" : ""));
  }
  if (effect.digest != tool::digest_of(effect, tool_digest)) {
    return denied(std::move(verdict), "digest", "The effect's digest is not that of its content.");
  }
  const Value facts = facts_of(effect, *operation, effect_class, requester, policies, run);
  return decide(std::move(verdict), match_rules(policies, effect, effect_class, facts, now));
}

}  // namespace gantry::gate
