#include "definition/policy.h"

#include <fmt/format.h>

#include <array>

#include "definition/data_reader.h"
#include "definition/invariant_parse.h"
#include "definition/parse.h"

namespace gantry::definition {
namespace {

constexpr std::array<Choice<VerdictKind>, 3> verdicts = {
    {{"allow", VerdictKind::allow}, {"approve", VerdictKind::approve}, {"deny", VerdictKind::deny}}};
constexpr Duration expires_min = std::chrono::seconds(1), expires_max = std::chrono::hours(24 * 365);

PolicyRule read_policy_rule(const Node& node, const KnownDefinitions& known) {
  static const std::vector<std::string_view> only_approve = {"approvers", "requesterExcluded", "expires"};
  PolicyRule rule;
  rule.place = node.place();
  ObjectReader reader(node, "a rule");
  if (auto id = reader.require("id")) rule.id = read_name(*id).value_or("");
  reader.text("description");
  if (auto tools = reader.find("tools")) {
    rule.tools = tools->texts("a list of TOOL.OPERATION, TOOL.* or *");
    if (tools->value().is_array() && tools->value().size() == 0)
      tools->problem("an empty list; leave 'tools' out to mean all tools");
    for (const Node& each : tools->items())
      if (each.value().is_string() && each.value().size() > 0) check_tool_pattern(each, known);
  }
  if (auto classes = reader.find("classes"); classes && classes->is_array("a list of effect classes")) {
    if (classes->value().size() == 0) classes->problem("an empty list; leave 'classes' out to mean all classes");
    static const std::vector<std::string_view> names = {"read",  "egress_read", "write", "notify",    "send",
                                                        "grant", "destroy",     "money", "credential"};
    for (const Node& each : classes->items())
      if (auto index = read_choice_index(each, names)) rule.classes.push_back(static_cast<EffectClass>(*index));
  }
  if (auto when = reader.find("when")) rule.when = read_expression(*when, Scope());
  if (auto verdict = reader.require("verdict"))
    rule.verdict = read_choice<VerdictKind>(*verdict, verdicts).value_or(VerdictKind::deny);
  rule.reason = reader.text("reason").value_or("");
  bool approves = rule.verdict == VerdictKind::approve;
  if (auto approvers = approves ? reader.require("approvers") : reader.find("approvers"))
    rule.approvers = read_approvers(*approvers);
  rule.requester_excluded = reader.boolean("requesterExcluded").value_or(true);
  if (auto expires = reader.find("expires"))
    rule.expires = read_fixed_duration(*expires, expires_min, expires_max).value_or(rule.expires);
  for (std::string_view key : only_approve)
    if (!approves && reader.has(key) && reader.has("verdict"))
      node.member(key).key_problem(fmt::format("'{}' has a meaning only with 'verdict: approve'", key));
  return rule;
}

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
  if (tool == "http") {
    if (operation != "*" && operation != "request")
      node.problem(fmt::format("tool 'http' has no operation '{}'; known: request", operation));
  } else if (operation != "*") {
    find_known_operation(node, tool, operation, known);
  } else {
    report_unknown_tool(node, tool, known);
  }
}

const char* name_of(VerdictKind kind) {
  for (const auto& choice : verdicts)
    if (choice.value == kind) return choice.name.data();
  return "deny";
}

std::shared_ptr<const Policy> parse_policy(const Node& root, const KnownDefinitions& known) {
  std::size_t before = root.file().problems().count();
  auto policy = std::make_shared<Policy>();
  policy->path = root.file().path();
  policy->digest = digest_of_value(root.value());
  ObjectReader reader(root, "a policy");
  if (auto name = reader.require("policy")) policy->name = read_name(*name).value_or("");
  if (auto version = reader.require("version")) policy->version = read_version(*version).value_or("");
  reader.text("description");
  if (auto invariants = reader.find("invariants")) read_invariants(*invariants, known);  // see invariants_of()
  if (auto rules = reader.require("rules"); rules && rules->is_array("a list of rules")) {
    std::map<std::string, int> lines;
    for (const Node& each : rules->items()) {
      policy->rules.push_back(read_policy_rule(each, known));
      const std::string& id = policy->rules.back().id;
      auto [first, is_new] = lines.emplace(id, each.place().line);
      if (!is_new && !id.empty())
        each.problem(fmt::format("rule '{}' is there already, in line {}", id, first->second));
    }
  }
  return root.file().problems().count() == before ? policy : nullptr;
}

}  // namespace gantry::definition
