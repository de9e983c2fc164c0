#include <fmt/format.h>

#include <algorithm>

#include "definition/condition.h"
#include "definition/condition_scan.h"
#include "definition/mcp_method.h"
#include "definition/policy_reader.h"

namespace gantry::definition {
namespace {

constexpr std::size_t escalations_max = 10;

constexpr std::array<Choice<VerdictKind>, 3> verdicts = {
    {{"allow", VerdictKind::allow}, {"approve", VerdictKind::approve}, {"deny", VerdictKind::deny}}};

}  // namespace

// TOOL.OPERATION, TOOL.* or *.
void check_tool_pattern(const Node& node, const KnownDefinitions& known) {
  std::string_view pattern = node.value().as_string();
  if (pattern == "*") return;
  std::size_t dot = pattern.find('.');
  if (dot == std::string_view::npos || dot == 0 || dot + 1 == pattern.size()) {
    node.expected("TOOL.OPERATION, TOOL.* or *");
    return;
  }
  std::string_view tool = pattern.substr(0, dot), operation = pattern.substr(dot + 1);
  if (tool == "http" || tool == "policy") {
    const std::string_view only = tool == "http" ? "request" : "change";
    if (operation != "*" && operation != only)
      node.problem(fmt::format("tool '{}' has no operation '{}'; known: {}", tool, operation, only));
  } else if (tool == "mcp") {
    std::vector<std::string_view> names;
    for (const McpMethod& method : mcp_methods) names.push_back(method.operation);
    if (operation != "*" && !find_mcp_operation(operation))
      node.problem(fmt::format("tool 'mcp' has no operation '{}'{}", operation, suggestion(operation, names)));
  } else if (operation != "*") {
    find_known_operation(node, tool, operation, known);
  } else {
    report_unknown_tool(node, tool, known);
  }
}

namespace {

std::vector<Escalation> read_escalations(const Node& node) {
  std::vector<Escalation> escalations;
  if (!node.is_array("a list of {after, roles}")) return escalations;
  if (node.value().size() > escalations_max) node.problem(fmt::format("at most {} escalations", escalations_max));
  for (const Node& each : node.items()) {
    ObjectReader reader(each, "an escalation");
    Escalation escalation;
    if (auto after = reader.require("after"))
      escalation.after =
          read_fixed_duration(*after, approval_expires_min, approval_expires_max).value_or(Duration::zero());
    if (auto roles = reader.require("roles")) {
      escalation.roles = roles->texts("a list of roles");
      if (escalation.roles.empty()) roles->problem("expected at least one role");
    }
    escalations.push_back(std::move(escalation));
  }
  std::stable_sort(escalations.begin(), escalations.end(),
                   [](const Escalation& left, const Escalation& right) { return left.after < right.after; });
  return escalations;
}

void read_ladder(ObjectReader& reader, PolicyRule& rule) {
  const std::pair<std::string_view, std::optional<Condition>*> rungs[] = {{"deny", &rule.deny_if},
                                                                          {"fourEyesIf", &rule.four_eyes_if},
                                                                          {"approve", &rule.approve_if},
                                                                          {"allow", &rule.allow_if}};
  for (const auto& [key, condition] : rungs)
    if (auto node = reader.find(key)) *condition = read_rule_condition(*node);
  const bool ladder = reader.has("deny") || reader.has("fourEyesIf") || reader.has("approve") || reader.has("allow");
  auto verdict = reader.find("verdict");
  auto otherwise = reader.find("else");
  if (verdict && ladder)
    verdict->key_problem(
        "'verdict' is for a rule without a ladder; beside deny, fourEyesIf, approve and allow it is "
        "called 'else'");
  if (otherwise && !ladder)
    otherwise->key_problem(
        "'else' has a meaning only beside deny, fourEyesIf, approve or allow; alone it is called "
        "'verdict'");
  if (!verdict && !otherwise && !ladder && reader.is_object())
    reader.node().problem("a rule needs 'verdict', or a ladder: deny, fourEyesIf, approve, allow, else");
  if (verdict) rule.verdict = read_choice<VerdictKind>(*verdict, verdicts);
  if (otherwise) rule.verdict = read_choice<VerdictKind>(*otherwise, verdicts);
}

// The keys that say how people approve.
void read_approval(ObjectReader& reader, PolicyRule& rule) {
  static const std::vector<std::string_view> only_approve = {"approvers", "requesterExcluded", "expires", "escalate",
                                                             "grants"};
  if (auto approvers = reader.find("approvers")) rule.approvers = read_approvers(*approvers);
  rule.requester_excluded = reader.boolean("requesterExcluded").value_or(true);
  if (auto expires = reader.find("expires"))
    rule.expires = read_fixed_duration(*expires, approval_expires_min, approval_expires_max).value_or(rule.expires);
  if (auto escalate = reader.find("escalate")) rule.escalations = read_escalations(*escalate);
  if (auto grants = reader.find("grants")) rule.grants_workflow = read_choice_index(*grants, {"workflow"}).has_value();
  const bool unread = (reader.has("verdict") || reader.has("else")) && !rule.verdict;
  for (std::string_view key : only_approve)
    if (!rule.can_approve() && !unread && reader.has(key))
      reader.node().member(key).key_problem(
          fmt::format("'{}' has a meaning only where the rule may ask for an approval", key));
}

}  // namespace

std::optional<Condition> read_rule_condition(const Node& node) {
  // The text as every other expression is read: its errors stand at their line and column.
  auto expression = read_condition(node);
  if (!expression) return std::nullopt;
  auto condition = prepare_condition(expression->text);
  if (auto* error = std::get_if<expression::CompileError>(&condition)) {
    auto embedded = expression::embedded_expression(node.value().as_string());
    const std::size_t offset = embedded ? embedded->offset : 0;
    node.file().problem(node.file().text_place(node.pointer(), offset + error->offset), "condition: " + error->message);
    return std::nullopt;
  }
  return std::get<Condition>(std::move(condition));
}

std::vector<std::string> read_tool_patterns(ObjectReader& reader, const KnownDefinitions& known) {
  auto tools = reader.find("tools");
  if (!tools) return {};
  if (tools->value().is_array() && tools->value().size() == 0)
    tools->problem("an empty list; leave 'tools' out to mean all tools");
  for (const Node& each : tools->items())
    if (each.value().is_string() && each.value().size() > 0) check_tool_pattern(each, known);
  return tools->texts("a list of TOOL.OPERATION, TOOL.* or *");
}

std::vector<EffectClass> read_effect_classes(ObjectReader& reader) {
  static const std::vector<std::string_view> names = {"read",  "egress_read", "write", "notify",    "send",
                                                      "grant", "destroy",     "money", "credential"};
  std::vector<EffectClass> classes;
  auto node = reader.find("classes");
  if (!node || !node->is_array("a list of effect classes")) return classes;
  if (node->value().size() == 0) node->problem("an empty list; leave 'classes' out to mean all classes");
  for (const Node& each : node->items())
    if (auto index = read_choice_index(each, names)) classes.push_back(static_cast<EffectClass>(*index));
  return classes;
}

PolicyRule read_policy_rule(const Node& node, const KnownDefinitions& known) {
  PolicyRule rule;
  rule.place = node.place();
  ObjectReader reader(node, "a rule");
  if (auto id = reader.require("id")) rule.id = read_name(*id).value_or("");
  reader.text("description");
  rule.reason = reader.text("reason").value_or("");
  rule.tools = read_tool_patterns(reader, known);
  rule.classes = read_effect_classes(reader);
  if (auto when = reader.find("when")) rule.when = read_rule_condition(*when);
  if (auto during = reader.find("during")) rule.during = read_time_window(*during);
  read_ladder(reader, rule);
  read_approval(reader, rule);
  return rule;
}

}  // namespace gantry::definition
