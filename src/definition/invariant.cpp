#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "definition/expression_reader.h"
#include "definition/invariant_parse.h"
#include "definition/policy.h"
#include "definition/policy_reader.h"

namespace gantry::definition {
namespace {

constexpr std::int64_t count_max = 1'000'000;
constexpr std::int64_t approvers_max = 20;

void read_patterns(const Node& node, const KnownDefinitions& known, std::vector<std::string>& patterns) {
  const auto add = [&](const Node& one) {
    if (auto text = one.text("TOOL.OPERATION, TOOL.* or *")) {
      check_tool_pattern(one, known);
      patterns.push_back(*std::move(text));
    }
  };
  if (!node.value().is_array()) return add(node);
  if (node.value().size() == 0) node.problem("an empty list: it would never say anything");
  for (const Node& one : node.items()) add(one);
}

void read_classes(const Node& node, std::vector<EffectClass>& classes) {
  if (!node.is_array("a list of effect classes")) return;
  static const std::vector<std::string_view> names = {"read",  "egress_read", "write", "notify",    "send",
                                                      "grant", "destroy",     "money", "credential"};
  if (node.value().size() == 0) node.problem("an empty list; leave 'classes' out to mean all classes");
  for (const Node& each : node.items())
    if (auto index = read_choice_index(each, names)) classes.push_back(static_cast<EffectClass>(*index));
}

void read_never(const Node& node, const KnownDefinitions& known, Invariant& invariant) {
  if (!node.value().is_object()) return read_patterns(node, known, invariant.tools);
  ObjectReader reader(node, "what never happens");
  if (auto tools = reader.find("tools")) read_patterns(*tools, known, invariant.tools);
  if (auto classes = reader.find("classes")) read_classes(*classes, invariant.classes);
  if (!reader.has("tools") && !reader.has("classes")) node.problem("expected 'tools', 'classes' or both");
}

void read_done(const Node& node, const KnownDefinitions& known, InvariantGuard& guard) {
  guard.kind = InvariantGuard::Kind::done;
  guard.name = node.text("TOOL.OPERATION").value_or("");
  const std::size_t dot = guard.name.find('.');
  if (guard.name.empty()) return;
  if (dot == std::string::npos || guard.name.find('*') != std::string::npos)
    node.expected("TOOL.OPERATION");
  else
    check_tool_pattern(node, known);
}

void read_decided(const Node& node, const KnownDefinitions& known, InvariantGuard& guard) {
  guard.kind = InvariantGuard::Kind::decided;
  guard.name = node.text("the name of a decision").value_or("");
  if (guard.name.empty() || known.decisions_unreadable || known.declared_decisions.count(guard.name) > 0) return;
  const std::vector<std::string_view> names(known.declared_decisions.begin(), known.declared_decisions.end());
  node.problem(fmt::format("no decision '{}'{}", guard.name,
                           names.empty() ? "; the project has no decisions" : suggestion(guard.name, names)));
}

// One excuse. The places of what is read are those of the file, so mistakes have line and column.
void read_guard(const Node& node, const KnownDefinitions& known, Invariant& invariant) {
  InvariantGuard guard;
  if (node.value().is_string()) {
    read_done(node, known, guard);
    invariant.unless.push_back(std::move(guard));
    return;
  }
  ObjectReader reader(node, "an exception of an invariant");
  if (!reader.is_object()) return;
  int kinds = 0;
  const char* test = nullptr;
  if (auto done = reader.find("done")) {
    ++kinds;
    test = "result";
    read_done(*done, known, guard);
  }
  if (auto decided = reader.find("decided")) {
    ++kinds;
    test = "answer";
    read_decided(*decided, known, guard);
  }
  if (auto approval = reader.find("approval")) {
    ++kinds;
    guard.kind = InvariantGuard::Kind::approval;
    guard.name = approval->text("the name of a 'call: approval' task").value_or("");
  }
  const bool has_approvers = reader.has("approvers");
  if (auto approvers = reader.integer("approvers", 1, approvers_max)) {
    invariant.approvers = static_cast<std::size_t>(*approvers);
  }
  if (kinds + (has_approvers ? 1 : 0) != 1) {
    node.problem("expected one of 'done', 'decided', 'approval' and 'approvers'");
    for (const char* key : {"result", "answer"}) reader.find(key);
    return;
  }
  if (test != nullptr) {
    if (auto condition = reader.find(test)) guard.test = read_expression(*condition, Scope());
  }
  if (!has_approvers) invariant.unless.push_back(std::move(guard));
}

void read_workflows(const Node& node, std::vector<std::string>& workflows) {
  workflows = node.texts("a list of NAMESPACE/NAME");
  for (const Node& each : node.items()) {
    if (each.value().is_string() && each.value().as_string().find('/') == std::string_view::npos)
      each.expected("NAMESPACE/NAME");
  }
  if (node.value().is_array() && node.value().size() == 0)
    node.problem("an empty list; leave 'workflows' out to mean all workflows");
}

Invariant read_invariant(const Node& node, const KnownDefinitions& known) {
  Invariant invariant;
  invariant.place = node.place();
  ObjectReader reader(node, "an invariant");
  if (!reader.is_object()) return invariant;
  if (auto id = reader.require("id")) invariant.id = read_name(*id).value_or("");
  reader.text("description");
  invariant.reason = reader.text("reason").value_or("");
  if (auto never = reader.require("never")) read_never(*never, known, invariant);
  if (auto when = reader.find("when"))
    if (auto condition = read_rule_condition(*when))
      invariant.when = std::make_shared<const Condition>(*std::move(condition));
  if (auto workflows = reader.find("workflows")) read_workflows(*workflows, invariant.workflows);
  if (auto roles = reader.find("roles")) invariant.roles = roles->texts("a list of roles");
  if (auto count = reader.integer("moreThan", 1, count_max)) invariant.more_than = static_cast<std::size_t>(*count);
  if (auto unless = reader.find("unless")) {
    if (unless->value().is_array()) {
      for (const Node& one : unless->items()) read_guard(one, known, invariant);
    } else {
      read_guard(*unless, known, invariant);
    }
  }
  return invariant;
}

}  // namespace

std::string InvariantGuard::text() const {
  const std::string satisfied = test ? fmt::format(" with {}", test->text) : "";
  switch (kind) {
    case Kind::done:
      return fmt::format("{} is done{}", name, satisfied);
    case Kind::decided:
      return fmt::format("decision {} is answered{}", name, satisfied);
    case Kind::approval:
      return fmt::format("approval '{}' says yes", name);
  }
  return "";
}

bool names_operation(std::string_view pattern, std::string_view tool, std::string_view operation) {
  if (pattern == "*") return true;
  if (!pattern.starts_with(tool) || pattern.size() <= tool.size() || pattern[tool.size()] != '.') return false;
  const std::string_view rest = pattern.substr(tool.size() + 1);
  return rest == "*" || rest == operation;
}

bool Invariant::covers(std::string_view tool, std::string_view operation, EffectClass effect_class) const {
  const bool named = tools.empty() || std::any_of(tools.begin(), tools.end(), [&](const std::string& pattern) {
                       return names_operation(pattern, tool, operation);
                     });
  return named && (classes.empty() || std::find(classes.begin(), classes.end(), effect_class) != classes.end());
}

std::string Invariant::sentence() const {
  std::vector<std::string> what = tools;
  for (EffectClass each : classes) what.push_back(fmt::format("class {}", name_of(each)));
  std::string text = fmt::format("never {}", fmt::join(what, tools.empty() || classes.empty() ? ", " : " of "));
  if (when) text += fmt::format(" when {}", when->text);
  if (!workflows.empty()) text += fmt::format(" in {}", fmt::join(workflows, ", "));
  if (!roles.empty()) text += fmt::format(" for {}", fmt::join(roles, ", "));
  if (more_than > 0) text += fmt::format(" more than {} time{}", more_than, more_than == 1 ? "" : "s");
  std::vector<std::string> excuses;
  for (const InvariantGuard& guard : unless) excuses.push_back(guard.text());
  if (approvers > 0) excuses.push_back(fmt::format("{} people approve it", approvers));
  if (!excuses.empty()) text += fmt::format(" unless {}", fmt::join(excuses, " or "));
  return text;
}

std::vector<Invariant> read_invariants(const Node& list, const KnownDefinitions& known) {
  std::vector<Invariant> invariants;
  if (!list.is_array("a list of invariants")) return invariants;
  std::map<std::string, int> lines;
  for (const Node& each : list.items()) {
    invariants.push_back(read_invariant(each, known));
    const std::string& id = invariants.back().id;
    auto [first, is_new] = lines.emplace(id, each.place().line);
    if (!is_new && !id.empty())
      each.problem(fmt::format("invariant '{}' is there already, in line {}", id, first->second));
  }
  return invariants;
}

std::vector<StatedInvariant> invariants_of(const Project& project) {
  std::vector<StatedInvariant> stated;
  for (const auto& [name, policy] : project.policies)
    for (const Invariant& one : policy->invariants)
      stated.push_back({.policy = name, .path = policy->path, .invariant = one});
  return stated;
}

}  // namespace gantry::definition
