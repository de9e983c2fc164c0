// People, budgets, lists, time windows, and operations that nobody thought of.
#include <fmt/format.h>

#include <algorithm>

#include "definition/invariant.h"
#include "gate/approval.h"
#include "gate/canonical_text.h"
#include "trial/lint_context.h"

namespace gantry::trial {
namespace {

using definition::ApproverRequirement;
using definition::Budget;
using definition::EffectClass;
using definition::Policy;
using definition::PolicyRule;
using definition::TimeWindow;

// What the rule asks for together with its policy's duties.
struct Asked {
  std::vector<ApproverRequirement> approvers;
  bool not_requester = false;
  std::size_t seats() const {
    std::size_t sum = 0;
    for (const auto& each : approvers) sum += each.count;
    return sum;
  }
};

void require(std::vector<ApproverRequirement>& all, const ApproverRequirement& one) {
  const auto same = std::find_if(all.begin(), all.end(), [&](const auto& each) { return each.role == one.role; });
  if (same == all.end())
    all.push_back(one);
  else
    same->count = std::max(same->count, one.count);
}

Asked asked_by(const Policy& policy, const PolicyRule& rule) {
  Asked asked{rule.approvers, rule.requester_excluded};
  bool four_eyes = rule.four_eyes_if.has_value();
  for (const definition::Duty& duty : policy.duties) {
    if (std::find(duty.rules.begin(), duty.rules.end(), rule.id) == duty.rules.end()) continue;
    for (const auto& each : duty.by) require(asked.approvers, each);
    asked.not_requester = asked.not_requester || duty.not_requester;
    four_eyes = four_eyes || duty.four_eyes;
  }
  if (four_eyes && asked.seats() == 1) asked.approvers.front().count = 2;
  return asked;
}

using People = std::map<std::string, std::vector<std::string>>;

// Whether these people, without one of them, can fill all seats. Asked of the gate itself, by giving all their votes.
bool can_approve(const std::vector<ApproverRequirement>& approvers, const People& people, const std::string& without) {
  gate::Approval approval;
  approval.requirements = approvers;
  approval.expires = Timestamp(std::chrono::hours(1));
  for (const auto& [person, roles] : people)
    if (person != without)
      (void)gate::add_vote(
          approval, {.voter = {person, roles}, .on_behalf_of = {}, .approve = true, .comment = {}, .at = Timestamp{}},
          "");
  return gate::state_of(approval, Timestamp{}) == gate::ApprovalState::approved;
}

std::string text_of_seats(const std::vector<ApproverRequirement>& approvers) {
  std::string text;
  for (const auto& each : approvers)
    text += fmt::format("{}{} of {}", text.empty() ? "" : " and ", each.count, each.role);
  return text;
}

void look_at_seats(LintContext& context, const std::string& path, SourcePlace place, const std::string& name,
                   const Asked& asked) {
  if (!context.options.people || asked.approvers.empty()) return;
  const People& people = *context.options.people;
  if (!can_approve(asked.approvers, people, "")) {
    context.add("too-few-approvers", path, place, name,
                fmt::format("{} must agree, and there are not so many different people who hold the roles",
                            text_of_seats(asked.approvers)),
                "give the role to more people, or ask for fewer");
    return;
  }
  if (!asked.not_requester) return;
  for (const auto& [person, roles] : people) {
    if (can_approve(asked.approvers, people, person)) continue;
    context.add("last-approver", path, place, name,
                fmt::format("{} must agree; when {} asks, who then may not approve, too few are left",
                            text_of_seats(asked.approvers), person),
                "give the role to one more person");
    return;
  }
}

bool fits(const Budget& budget, const OperationView& operation) {
  const bool named =
      budget.tools.empty() || std::any_of(budget.tools.begin(), budget.tools.end(), [&](const auto& pattern) {
        return definition::names_operation(pattern, operation.tool, operation.operation);
      });
  return named && (budget.classes.empty() || std::find(budget.classes.begin(), budget.classes.end(),
                                                       operation.effect_class) != budget.classes.end());
}

void look_at_budget(LintContext& context, const Policy& policy, const Budget& budget) {
  const std::string name = policy.name + "/" + budget.id;
  const bool built_in = std::any_of(budget.tools.begin(), budget.tools.end(), [](const std::string& pattern) {
    return pattern == "*" || pattern.starts_with("http.") || pattern.starts_with("mcp.") ||
           pattern.starts_with("policy.");
  });
  std::vector<const OperationView*> charged, without;
  for (const OperationView& operation : context.operations)
    if (fits(budget, operation)) charged.push_back(&operation);
  if (charged.empty() && !built_in)
    return context.add("budget-never-charged", policy.path, budget.place, name,
                       "no operation of the project has one of its tools and classes",
                       "name other tools or classes, or take the budget out");
  if (!budget.sum) return;
  for (const definition::FactPath& fact : budget.sum->paths) {
    if (fact.may_be_absent || fact.names.size() < 2 || fact.names[0] != "args") continue;
    for (const OperationView* operation : charged)
      if (!may_have(*operation, fact.names[1])) without.push_back(operation);
    if (!without.empty())
      return context.add("budget-always-fails", policy.path, budget.place, name,
                         fmt::format("the sum reads '{}', which {} {} not have: what can't be counted is denied",
                                     fact.text.view(), names_of(without), without.size() == 1 ? "does" : "do"),
                         "name the tools that have it, or say what absence means: " + std::string(fact.text.view()) + " // 0");
  }
}

void find_money_without_budget(LintContext& context) {
  const auto& budgets = context.project.policy_set->budgets();
  for (const RuleView& view : context.rules) {
    if (!may_allow(*view.rule)) continue;
    std::vector<const OperationView*> open;
    for (const OperationView* operation : view.operations) {
      const bool is_limited = std::any_of(budgets.begin(), budgets.end(), [&](const auto& named) {
        return named.budget->measure != Budget::Measure::asks && fits(*named.budget, *operation);
      });
      if (operation->effect_class == EffectClass::money && !is_limited) open.push_back(operation);
    }
    if (!open.empty())
      context.add("money-without-budget", view, names_of(open) + " may be allowed as often as a run likes",
                  "add a budget with a sum, for each run and for each day");
  }
}

// Entries that are easily taken for each other.
void look_at_entries(LintContext& context, const Policy& policy, const definition::PolicyList& list) {
  std::map<std::string, std::string> seen;
  for (const Member& record : list.records.members()) {
    std::string key(record.key.view());
    std::string form = gate::skeleton_of(gate::normal_text(key));
    std::erase(form, ' ');
    std::transform(form.begin(), form.end(), form.begin(),
                   [](unsigned char c) { return c < 128 ? static_cast<char>(std::tolower(c)) : static_cast<char>(c); });
    const auto [first, is_new] = seen.emplace(std::move(form), key);
    if (is_new) continue;
    context.add("list-lookalike", policy.path, list.place, "list " + list.name,
                fmt::format("\"{}\" and \"{}\" are easily taken for each other", first->second, key),
                "keep the right one");
    return;
  }
}

bool is_ever_open(const TimeWindow& window) {
  if (!window.since || !window.until) return true;
  constexpr auto step = std::chrono::minutes(1);
  const Timestamp end = std::min(*window.until, *window.since + std::chrono::hours(24 * 8));
  for (Timestamp at = *window.since; at < end; at += step)
    if (definition::is_within(window, at)) return true;
  return false;
}

}  // namespace

void lint_people(LintContext& context) {
  bool asks = false, has_asks_budget = false;
  for (const auto& [name, policy] : context.project.policies) {
    for (const Budget& budget : policy->budgets) {
      has_asks_budget = has_asks_budget || budget.measure == Budget::Measure::asks;
      if (budget.over == definition::VerdictKind::approve)
        look_at_seats(context, policy->path, budget.place, name + "/" + budget.id,
                      {budget.approvers, budget.requester_excluded});
    }
  }
  const RuleView* first = nullptr;
  for (const RuleView& view : context.rules) {
    if (!view.rule->can_approve()) continue;
    asks = true;
    if (first == nullptr) first = &view;
    const Asked asked = asked_by(*view.policy, *view.rule);
    if (!asked.not_requester && asked.seats() == 1)
      context.add("self-approval", view,
                  fmt::format("'requesterExcluded: false' and one seat ({}): who asks can say yes alone",
                              text_of_seats(asked.approvers)),
                  "leave requesterExcluded out, or ask for two people");
    look_at_seats(context, view.policy->path, view.rule->place, view.name, asked);
  }
  if (asks && !has_asks_budget)
    context.add("asks-unbounded", *first, "rules ask people, and no budget of asks limits how often one run may",
                "add a budget such as {id: asks, scope: run, asks: 10}");
}

void lint_budgets(LintContext& context) {
  for (const auto& [name, policy] : context.project.policies)
    for (const Budget& budget : policy->budgets) look_at_budget(context, *policy, budget);
  find_money_without_budget(context);
}

void lint_lists(LintContext& context) {
  std::set<std::string> used;
  for (const RuleView& view : context.rules)
    for (const auto& [key, condition] : view.conditions) used.insert(condition.lists.begin(), condition.lists.end());
  const bool by_origin = std::any_of(context.project.files.begin(), context.project.files.end(), [](const auto& file) {
    return file.first.starts_with("policies/") &&
           (file.second.find(".lists |") != std::string::npos || file.second.find(".lists[") != std::string::npos);
  });
  for (const auto& [name, policy] : context.project.policies) {
    for (const definition::PolicyList& list : policy->lists) {
      const std::string subject = "list " + list.name;
      const bool named =
          used.contains(list.name) || by_origin ||
          std::any_of(context.project.files.begin(), context.project.files.end(), [&](const auto& file) {
            return file.first.starts_with("policies/") && file.second.find("list:" + list.name) != std::string::npos;
          });
      if (!named)
        context.add("list-unused", policy->path, list.place, subject, "no condition names it",
                    "use it in a condition, or take it out: what is in a list counts as trusted wherever it appears");
      const std::size_t size = list.records.size();
      if (size == 0)
        context.add("list-empty", policy->path, list.place, subject, "it has no entries: nothing is ever in it",
                    "add entries, or deny without a list");
      if (size == 1)
        context.add("list-single", policy->path, list.place, subject, "it has one entry",
                    "compare with the fixed value, or leave it if more will come");
      look_at_entries(context, *policy, list);
    }
  }
}

void lint_times(LintContext& context) {
  for (const RuleView& view : context.rules) {
    if (!view.rule->during) continue;
    const TimeWindow& window = *view.rule->during;
    if (!is_ever_open(window))
      context.add("window-empty", view, "'during' is never open: none of its days is between 'since' and 'until'",
                  "mend the days or the dates");
    else if (window.until && *window.until <= context.options.now)
      context.add("window-past", view, "'during' ended at " + format_timestamp(*window.until),
                  "take the rule out, or give it a new end");
  }
  for (const auto& [name, policy] : context.project.policies)
    for (const definition::Delegation& each : policy->delegations)
      if (each.until <= context.options.now)
        context.add(
            "delegation-past", policy->path, {}, name,
            fmt::format("{} lent {} to {} until {}", each.from, each.role, each.to, format_timestamp(each.until)),
            "take the delegation out");
}

void lint_tools(LintContext& context) {
  for (const OperationView& operation : context.operations) {
    const auto& path = context.project.tools.at(operation.tool)->path;
    const bool named = std::any_of(context.rules.begin(), context.rules.end(), [&](const RuleView& view) {
      return std::find(view.operations.begin(), view.operations.end(), &operation) != view.operations.end();
    });
    if (!named)
      context.add("no-rule", path, {}, operation.name(),
                  fmt::format("no rule speaks about this operation (class {}): it is always denied",
                              definition::name_of(operation.effect_class)),
                  "write a rule, or a denying one if that is meant");
    const auto file = context.project.files.find(path);
    if (file == context.project.files.end()) continue;
    auto parsed = parse_yaml(file->second);
    const auto* document = std::get_if<YamlDocument>(&parsed);
    if (document == nullptr) continue;
    const Value declared = document->root.member("operations").member(operation.operation);
    const std::string pointer = "/operations/" + operation.operation;
    if (!named) context.found.back().place = document->source.key_at(pointer);
    if (declared.is_object() && declared.find("class") == nullptr)
      context.add(
          "class-missing", path, document->source.key_at(pointer), operation.name(),
          "it declares no class, and counts as credential, the strictest",
          "say what it does: class: read, egress_read, write, notify, send, grant, destroy, money or credential");
  }
}

}  // namespace gantry::trial
