#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "definition/invariant.h"
#include "definition/mcp_method.h"
#include "engine/policy_change.h"
#include "gate/gate.h"
#include "tool/standard_call.h"
#include "trial/case_reader.h"

namespace gantry::trial {

using definition::Node;
using definition::ObjectReader;
using definition::Project;

definition::KnownDefinitions known_definitions_of(const Project& project) {
  definition::KnownDefinitions known;
  known.tools = project.tools;
  for (const auto& [name, tool] : project.tools) known.declared_tools.insert(name);
  return known;
}

const Project& definitions_for(std::string_view tool, const Project& project) {
  return tool == "policy" ? *engine::policy_change_project() : project;
}

const definition::Operation* read_operation(const Node& node, const Project& project, std::string& tool,
                                            std::string& operation) {
  const auto name = node.text("TOOL.OPERATION");
  if (!name) return nullptr;
  const std::size_t dot = name->find('.');
  if (dot == std::string::npos || dot == 0 || dot + 1 == name->size()) {
    node.expected("TOOL.OPERATION");
    return nullptr;
  }
  tool = name->substr(0, dot);
  operation = name->substr(dot + 1);
  const auto* found = tool::find_operation(definitions_for(tool, project), tool, operation);
  if (found == nullptr && tool == "mcp") {
    std::vector<std::string_view> names;
    for (const definition::McpMethod& method : definition::mcp_methods) names.push_back(method.operation);
    node.problem(
        fmt::format("tool 'mcp' has no operation '{}'{}", operation, definition::suggestion(operation, names)));
  } else if (found == nullptr) {
    definition::find_known_operation(node, tool, operation, known_definitions_of(project));
  }
  return found;
}

namespace {

constexpr std::array<definition::Choice<definition::VerdictKind>, 3> case_verdicts = {
    {{"allow", definition::VerdictKind::allow},
     {"approve", definition::VerdictKind::approve},
     {"deny", definition::VerdictKind::deny}}};
constexpr const char* default_keys[] = {"requester", "workflow", "task",  "at",    "author", "labels",
                                        "run",       "from",     "lists", "spent", "stopped"};

using Defaults = std::map<std::string, Node, std::less<>>;

// What a name in a case may be, for the nearest one.
struct KnownNames {
  explicit KnownNames(const Project& project) {
    for (const auto& [name, policy] : project.policies) {
      for (const auto& rule : policy->rules) rules.insert(name + "/" + rule.id);
      for (const auto& budget : policy->budgets) budgets.insert(name + "/" + budget.id);
      for (const auto& list : policy->lists) lists.emplace(list.name, &list);
    }
    for (const definition::StatedInvariant& stated : definition::invariants_of(project)) {
      deciders.insert(stated.policy + "/" + stated.invariant.id);
      if (stated.invariant.more_than > 0) budgets.insert(stated.policy + "/" + stated.invariant.id);
    }
    deciders.insert(rules.begin(), rules.end());
    deciders.insert(budgets.begin(), budgets.end());
    for (const char* built_in : {"unknown-tool", "arguments", "class", "digest", "stopped", "default-deny"})
      deciders.insert(built_in);
  }
  std::set<std::string> rules, budgets, deciders;
  std::map<std::string, const definition::PolicyList*> lists;
};

template <class Names>
void report_unknown(const Node& node, const char* what, const std::string& name, const Names& names, bool at_key) {
  std::vector<std::string_view> known;
  for (const auto& each : names)
    if constexpr (std::is_same_v<typename Names::value_type, std::string>)
      known.push_back(each);
    else
      known.push_back(each.first);
  const std::string message = fmt::format("there is no {} '{}'{}", what, name, definition::suggestion(name, known));
  at_key ? node.key_problem(message) : node.problem(message);
}

class OneCase {
 public:
  OneCase(const Node& node, const Defaults& defaults, const Project& project, const KnownNames& names)
      : reader_(node, "a case"), defaults_(defaults), project_(project), names_(names) {
    case_.path = node.file().path();
    case_.place = node.place();
  }

  Case read() {
    case_.name = reader_.required_text("name").value_or("");
    reader_.text("description");
    read_effect();
    read_requester();
    read_workflow();
    read_facts();
    if (auto lists = find("lists")) read_lists(*lists);
    if (auto spent = find("spent")) read_spent(*spent);
    if (auto stopped = find("stopped")) case_.situation.stopped = stopped->text("why the gate is stopped").value_or("");
    if (auto expect = reader_.require("expect")) read_expectation(*expect);
    return std::move(case_);
  }

 private:
  std::optional<Node> find(std::string_view key) {
    if (auto node = reader_.find(key)) return node;
    auto found = defaults_.find(key);
    return found == defaults_.end() ? std::nullopt : std::optional(found->second);
  }

  void read_effect() {
    tool::Effect& effect = case_.situation.effect;
    effect.id = "case-e1";
    effect.instance = "case";
    effect.key = effect.id;
    if (auto name = reader_.require("effect")) read_operation(*name, project_, effect.tool, effect.operation);
    effect.arguments = Value::object(std::vector<Member>());
    auto arguments = reader_.find("arguments");
    if (!arguments) return;
    if (!arguments->value().is_object()) return arguments->expected("an object of arguments");
    effect.arguments = arguments->value();
  }

  void read_requester() {
    definition::Principal& requester = case_.situation.requester;
    requester.person = "requester";
    auto node = find("requester");
    if (!node) return;
    if (node->value().is_string()) {
      requester.person = node->text("a person").value_or(requester.person);
      return;
    }
    ObjectReader reader(*node, "the requester");
    requester.person = reader.required_text("person").value_or(requester.person);
    if (auto roles = reader.find("roles")) requester.roles = roles->texts("a list of roles");
  }

  void read_workflow() {
    tool::Effect& effect = case_.situation.effect;
    effect.workflow = {.namespace_ = "test", .name = "case", .version = "1.0.0"};
    effect.task = "/do/0/case";
    if (auto task = find("task"))
      effect.task = task->text("the reference of a task, as /do/0/pay").value_or(effect.task);
    if (auto author = find("author")) case_.situation.author = author->text("a person").value_or("");
    auto node = find("workflow");
    if (!node) return;
    const auto text = node->text("NAMESPACE/NAME or NAMESPACE/NAME:VERSION");
    if (!text) return;
    const std::size_t slash = text->find('/'), colon = text->find(':');
    if (slash == std::string::npos) return node->expected("NAMESPACE/NAME or NAMESPACE/NAME:VERSION");
    effect.workflow.namespace_ = text->substr(0, slash);
    effect.workflow.name = text->substr(slash + 1, colon == std::string::npos ? colon : colon - slash - 1);
    if (colon != std::string::npos) effect.workflow.version = text->substr(colon + 1);
    case_.situation.workflow = project_.find_workflow(effect.workflow.namespace_, effect.workflow.name,
                                                      colon == std::string::npos ? "" : effect.workflow.version);
    if (case_.situation.workflow) {
      effect.workflow = case_.situation.workflow->name;
    } else if (!project_.workflows.empty()) {
      std::set<std::string> known;
      for (const auto& [name, unused] : project_.workflows) known.insert(name.namespace_ + "/" + name.name);
      report_unknown(*node, "workflow", *text, known, false);
    }
  }

  void read_facts() {
    case_.situation.at = *parse_timestamp(case_time_default);
    if (auto at = find("at")) {
      auto text = at->text("a time such as 2026-03-02T10:00:00Z");
      auto time = text ? parse_timestamp(*text) : Result<Timestamp>(case_.situation.at);
      if (!time) at->problem(time.error().message);
      if (time) case_.situation.at = *time;
    }
    CaseFacts facts(project_, case_);
    if (auto run = find("run")) facts.read_run(*run);
    if (auto from = find("from")) facts.read_from(*from);
    if (auto labels = find("labels")) facts.read_labels(*labels);
    facts.finish();
  }

  void read_lists(const Node& node) {
    if (!node.value().is_object()) return node.expected("an object: LIST: entries");
    for (const Node& each : node.members()) {
      auto list = names_.lists.find(each.key());
      if (list == names_.lists.end()) {
        report_unknown(each, "list", each.key(), names_.lists, true);
      } else if (each.is_array("a list of entries")) {
        case_.lists[each.key()] = read_records(each, list->second->key);
      }
    }
  }

  static Value read_records(const Node& node, const std::string& key) {
    std::vector<Member> members;
    std::set<std::string> seen;
    for (const Node& item : node.items()) {
      const Value* name = key.empty() || item.value().is_string() ? &item.value() : item.value().find(key);
      if (name == nullptr || !name->is_string() || name->size() == 0) {
        item.expected(key.empty() ? "text" : "text, or an object with '" + key + "'");
      } else if (seen.emplace(name->as_string()).second) {
        const bool is_plain = key.empty();
        members.push_back({Text(name->as_string()), is_plain                   ? Value(true)
                                                    : item.value().is_string() ? Value::object({{key, *name}})
                                                                               : item.value()});
      }
    }
    return Value::object(std::move(members));
  }

  void read_spent(const Node& node) {
    if (!node.value().is_object()) return node.expected("an object: POLICY/BUDGET: number");
    for (const Node& each : node.members()) {
      if (!names_.budgets.contains(each.key()))
        report_unknown(each, "budget", each.key(), names_.budgets, true);
      else if (!each.value().is_number() || each.value().as_number() < 0)
        each.expected("a number of at least 0");
      else
        case_.situation.spent[each.key()] = each.value().as_number();
    }
  }

  void read_expectation(const Node& node) {
    Expectation& expect = case_.expect;
    const auto verdict = [&](const Node& each) {
      expect.verdict = definition::read_choice<definition::VerdictKind>(each, case_verdicts).value_or(expect.verdict);
    };
    if (node.value().is_string()) return verdict(node);
    ObjectReader reader(node, "an expectation");
    if (auto each = reader.require("verdict")) verdict(*each);
    if (auto rule = reader.find("rule")) expect.rules = read_rules(*rule);
    if (auto approvers = reader.find("approvers")) expect.approvers = definition::read_approvers(*approvers);
    expect.requester_excluded = reader.boolean("requesterExcluded");
    if (auto expires = reader.find("expires"))
      expect.expires = definition::read_fixed_duration(*expires, std::chrono::seconds(1), std::chrono::hours(24 * 365));
    expect.reason = reader.text("reason").value_or("");
    if (auto to_pass = reader.find("toPass"))
      expect.to_pass = to_pass->value().is_string() ? std::vector{std::string(to_pass->value().as_string())}
                                                    : to_pass->texts("a text or a list of texts");
    if (auto explanation = reader.find("explanation")) expect.explanation = explanation->value();
    if (!reader.is_object() || expect.verdict == definition::VerdictKind::approve) return;
    for (const char* key : {"approvers", "requesterExcluded", "expires"})
      if (reader.has(key)) node.member(key).key_problem(fmt::format("'{}' belongs to the verdict approve", key));
  }

  std::vector<std::string> read_rules(const Node& node) {
    std::vector<std::string> rules;
    if (node.value().is_string())
      rules = {std::string(node.value().as_string())};
    else
      rules = node.texts("POLICY/RULE, or a list of them");
    for (const std::string& rule : rules)
      if (!names_.deciders.contains(rule)) report_unknown(node, "rule or budget", rule, names_.deciders, false);
    std::sort(rules.begin(), rules.end());
    return rules;
  }

  ObjectReader reader_;
  const Defaults& defaults_;
  const Project& project_;
  const KnownNames& names_;
  Case case_;
};

class CaseFile {
 public:
  CaseFile(const Project& project, std::vector<Case>& cases) : project_(project), names_(project), cases_(cases) {}

  void read(const Node& root) {
    ObjectReader reader(root, "a file of policy cases");
    if (auto name = reader.require("policyTest")) definition::read_name(*name);
    reader.text("description");
    Defaults defaults;
    if (auto node = reader.find("defaults")) {
      ObjectReader each(*node, "the defaults of cases");
      for (const char* key : default_keys)
        if (auto found = each.find(key)) defaults.emplace(key, *found);
    }
    auto list = reader.require("cases");
    if (!list || !list->is_array("a list of cases")) return;
    if (list->value().size() == 0) list->problem("expected at least one case");
    std::map<std::string, int> lines;
    for (const Node& node : list->items()) {
      if (cases_.size() >= cases_max) return node.problem(fmt::format("a project has at most {} cases", cases_max));
      Case one = OneCase(node, defaults, project_, names_).read();
      const auto [known, is_new] = lines.emplace(one.name, one.place.line);
      if (!is_new && !one.name.empty())
        node.problem(fmt::format("case '{}' is there already, in line {}", one.name, known->second));
      cases_.push_back(std::move(one));
    }
  }

 private:
  const Project& project_;
  KnownNames names_;
  std::vector<Case>& cases_;
};

}  // namespace

std::variant<std::vector<Case>, definition::Problems> read_cases(const definition::SourceFiles& files,
                                                                 const Project& project) {
  definition::ProblemSink problems;
  std::vector<Case> cases;
  CaseFile reader(project, cases);
  for (const auto& [path, text] : files) {
    if (path.ends_with(".csv")) continue;
    auto parsed = parse_yaml(text);
    if (auto* error = std::get_if<YamlError>(&parsed)) {
      problems.add({path, error->place, error->message});
      continue;
    }
    auto& document = std::get<YamlDocument>(parsed);
    const definition::SourceFile source(path, text, std::move(document.source), problems);
    reader.read(Node(document.root, "", source));
  }
  if (problems.count() > 0) return problems.take();
  return cases;
}

definition::ProjectPointer policies_of(const Case& one, const definition::ProjectPointer& policies) {
  if (one.lists.empty()) return policies;
  auto changed = std::make_shared<Project>(*policies);
  for (auto& [name, policy] : changed->policies) {
    auto copy = std::make_shared<definition::Policy>(*policy);
    for (definition::PolicyList& list : copy->lists)
      if (auto found = one.lists.find(list.name); found != one.lists.end()) list.records = found->second;
    policy = std::move(copy);
  }
  changed->policy_set = definition::PolicySet::of(changed->policies);
  return changed;
}

}  // namespace gantry::trial
