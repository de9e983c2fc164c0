// Names, types, patterns and labels in conditions.
#include <fmt/format.h>

#include <algorithm>

#include "trial/lint_context.h"
#include "value/json.h"

namespace gantry::trial {
namespace {

using definition::FactPath;
using expression::Operation;

const Value* properties_of(const OperationView& operation) {
  const Value& schema = operation.definition->arguments_schema;
  const Value* properties = schema.is_object() ? schema.find("properties") : nullptr;
  return properties != nullptr && properties->is_object() ? properties : nullptr;
}

// What the condition gives when it is neither true nor false, whatever the facts; empty: it may be one of them.
std::string never_boolean(const expression::Node& node) {
  using expression::Kind;
  switch (node.kind) {
    case Kind::literal:
      return node.constant.is_boolean() ? "" : fmt::format("the {} {}", node.constant.kind_name(), print_json(node.constant));
    case Kind::array:
      return "a list";
    case Kind::object:
      return "an object";
    case Kind::text:
    case Kind::format:
      return "a text";
    case Kind::negate:
      return "a number";
    case Kind::binary:
      return node.operation <= Operation::modulo ? "the result of a calculation" : "";
    case Kind::assign:
    case Kind::modify:
    case Kind::modify_with:
    case Kind::alternative_assign:
      return "all facts, with one of them changed (== compares, = changes)";
    case Kind::pipe:
    case Kind::bind:
      return node.children.size() == 2 && node.children[1] ? never_boolean(*node.children[1]) : "";
    default:
      return "";
  }
}

class ConditionLint {
 public:
  ConditionLint(LintContext& context, const RuleView& rule, const std::string& key, const ConditionView& view)
      : context_(context), rule_(rule), key_(key), view_(view) {}

  void look() {
    look_at_arguments();
    look_at_names();
    look_at_comparisons();
    look_at_patterns();
    look_at_answer();
  }

 private:
  void add(const char* code, std::string message, std::string advice) {
    context_.add(code, rule_, fmt::format("'{}': {}", key_, message), std::move(advice));
  }

  const definition::Condition* condition() const {
    const definition::PolicyRule& rule = *rule_.rule;
    const auto& found = key_ == "when"         ? rule.when
                        : key_ == "deny"       ? rule.deny_if
                        : key_ == "fourEyesIf" ? rule.four_eyes_if
                        : key_ == "approve"    ? rule.approve_if
                                               : rule.allow_if;
    return found ? &*found : nullptr;
  }

  // Arguments that must be there for the condition to be answered.
  std::set<std::string> needed() const {
    std::set<std::string> names;
    for (const FactPath& path : condition()->paths) {
      if (path.may_be_absent) continue;
      if (path.names.size() >= 2 && path.names[0] == "args") names.insert(path.names[1]);
      if (path.names.size() >= 3 && (path.names[0] == "labels" || path.names[0] == "effect") &&
          path.names[1] == "arguments")
        names.insert(path.names[2]);
    }
    const bool asks_first = std::any_of(view_.calls.begin(), view_.calls.end(),
                                        [](const FunctionCall& call) { return call.name == "has_argument"; });
    for (const FunctionCall& call : view_.calls) {
      static constexpr std::string_view functions[] = {
          "requested",        "at_least",        "from_workflow", "from_record", "in_list",
          "no_foreign_links", "no_hidden_text",  "has_shape",     "host_like",   "mail_like",
          "iban_like",        "secrecy_at_most", "argument",      "origin"};
      const bool is_fact = std::find(std::begin(functions), std::end(functions), call.name) != std::end(functions);
      if (is_fact && !asks_first && !call.arguments.empty() && call.arguments[0].is_string())
        names.emplace(call.arguments[0].as_string().substr(0, call.arguments[0].as_string().find('/')));
    }
    return names;
  }

  void look_at_arguments() {
    if (rule_.operations.empty() || rule_.names_built_in) return;
    for (const std::string& name : needed()) {
      std::vector<const OperationView*> without;
      for (const OperationView* operation : rule_.operations)
        if (!may_have(*operation, name)) without.push_back(operation);
      if (without.empty()) continue;
      if (without.size() == rule_.operations.size())
        add("unknown-argument",
            fmt::format("it reads the argument '{}', which {} {} not have; a fact that is missing denies", name,
                        names_of(without), without.size() == 1 ? "does" : "do"),
            "name an argument of the operation");
      else
        add("argument-of-some",
            fmt::format("it reads the argument '{}', which {} {} not have; a fact that is missing denies", name,
                        names_of(without), without.size() == 1 ? "does" : "do"),
            fmt::format("give these operations a rule of their own, or say what absence means: .args.{}?", name));
    }
  }

  bool has_list(std::string_view name) const {
    return std::any_of(context_.project.policies.begin(), context_.project.policies.end(), [&](const auto& entry) {
      return std::any_of(entry.second->lists.begin(), entry.second->lists.end(),
                         [&](const auto& list) { return list.name == name; });
    });
  }

  void look_at_names() {
    for (const std::string& list : view_.lists)
      if (!has_list(list))
        add("unknown-list", fmt::format("there is no list '{}'; it can't be answered, which denies", list),
            "write the list under 'lists', or mend its name");
    for (const Path& path : view_.paths) {
      if (path.size() < 2 || path[0] != "budget") continue;
      const auto& budgets = context_.project.policy_set->budgets();
      if (std::none_of(budgets.begin(), budgets.end(), [&](const auto& budget) { return budget.name == path[1]; }))
        add("unknown-budget", fmt::format("there is no budget '{}'", path[1]), "name it as POLICY/BUDGET");
    }
    for (const FunctionCall& call : view_.calls) look_at_level(call);
  }

  void look_at_level(const FunctionCall& call) {
    static const std::map<std::string_view, std::pair<std::size_t, std::vector<std::string_view>>> levels = {
        {"at_least", {1, {"trusted", "internal", "constrained", "untrusted"}}},
        {"context_at_least", {0, {"trusted", "internal", "constrained", "untrusted"}}},
        {"authority_at_least", {0, {"trusted", "internal", "untrusted"}}},
        {"secrecy_at_most", {1, {"public", "internal", "confidential", "secret"}}},
        {"context_at_most", {0, {"public", "internal", "confidential", "secret"}}},
        {"has_shape", {1, {"url", "host", "mail", "iban", "number", "date", "text", "boolean", "null"}}}};
    const auto known = levels.find(call.name);
    if (known == levels.end() || call.arguments.size() <= known->second.first) return;
    const Value& level = call.arguments[known->second.first];
    const auto& names = known->second.second;
    if (!level.is_string() || std::find(names.begin(), names.end(), level.as_string()) != names.end()) return;
    add("unknown-level",
        fmt::format("{} does not know '{}'{}", call.name, level.as_string(),
                    definition::suggestion(level.as_string(), names)),
        "use one of its levels");
  }

  // The type that the schemas give to the argument of a path, when they all give one.
  std::string type_of(const Path& path) const {
    const bool is_item = path.size() == 3 && path[2] == each_item;
    const bool is_argument = (path.size() == 2 || is_item) && path[0] == "args";
    static const std::map<std::string, std::string> facts = {
        {"tool", "string"}, {"operation", "string"}, {"task", "string"}, {"run", "string"}};
    if (path.size() == 1) {
      const auto fact = facts.find(path[0]);
      return fact == facts.end() ? "" : fact->second;
    }
    if (!is_argument) return "";
    std::string type;
    for (const OperationView* operation : rule_.operations) {
      const Value* properties = properties_of(*operation);
      const Value* property = properties == nullptr ? nullptr : properties->find(std::string_view(path[1]));
      if (is_item && property != nullptr) property = property->is_object() ? property->find("items") : nullptr;
      const Value* declared = property != nullptr && property->is_object() ? property->find("type") : nullptr;
      if (declared == nullptr || !declared->is_string()) return "";
      std::string found(declared->as_string() == "integer" ? "number" : declared->as_string());
      if (!type.empty() && type != found) return "";
      type = std::move(found);
    }
    return type;
  }

  void look_at_level_of(const Comparison& label) {
    static const std::vector<std::string_view> integrity = {"trusted", "internal", "constrained", "untrusted"};
    static const std::vector<std::string_view> secrecy = {"public", "internal", "confidential", "secret"};
    const std::string_view fact = label.path.front();
    if (!label.constant.is_string() || (fact != "labels" && fact != "context" && fact != "provenance")) return;
    const auto& names = label.path.back() == "integrity" ? integrity : secrecy;
    const std::string_view level = label.constant.as_string();
    if (std::find(names.begin(), names.end(), level) != names.end()) return;
    add("unknown-level",
        fmt::format("{} is compared with \"{}\", which is no level{}", FactPath(label.path, false).text.view(), level,
                    definition::suggestion(level, names)),
        "use one of the levels");
  }

  void look_at_comparisons() {
    for (const Comparison& each : view_.comparisons) {
      const std::string text(FactPath(each.path, false).text.view());
      const bool is_label = !each.path.empty() && (each.path.back() == "integrity" || each.path.back() == "secrecy");
      if (is_label && each.operation == Operation::not_equal && each.constant.is_string())
        add("label-inequality",
            fmt::format("{} != \"{}\" also passes the levels in between", text, each.constant.as_string()),
            "name the levels that are good enough with ==, or use at_least, secrecy_at_most and the like");
      if (is_label) look_at_level_of(each);
      const std::string type = type_of(each.path);
      const std::string found = each.constant.kind_name();
      const bool is_null = each.constant.is_null();
      if (type.empty() || is_null || found == type) continue;
      add("type-mismatch",
          fmt::format(
              "{} is a {}, and {} is a {}: in jq numbers come before texts, and nothing of one type equals the other",
              text, type, print_json(each.constant), found),
          fmt::format("compare with a {}", type));
    }
  }

  void look_at_patterns() {
    const bool allows = key_ == "allow" || (key_ == "when" && may_allow(*rule_.rule));
    for (const FunctionCall& call : view_.calls) {
      if ((call.name != "test" && call.name != "match") || call.negated || !allows) continue;
      if (call.arguments.empty() || !call.arguments[0].is_string()) continue;
      const std::string_view pattern = call.arguments[0].as_string();
      if (!starts_anchored(pattern))
        add("regex-unanchored",
            fmt::format("the pattern \"{}\" also holds where it stands in the middle of a text", pattern),
            "start it with \\\\A (or ^) and end it with \\\\z, around all its alternatives: \\\\A(a|b)\\\\z");
      else if (!ends_anchored(pattern))
        add("regex-unanchored", fmt::format("the pattern \"{}\" takes any text behind what it looks for", pattern),
            "end it with \\\\z");
      else if (pattern.ends_with("$") || pattern.ends_with("\\Z"))
        add("regex-line-end",
            fmt::format("the end of \"{}\" also holds before a line break at the end of the text", pattern),
            "end it with \\\\z");
    }
  }

  // What can't be answered is denied, which nobody means.
  void look_at_answer() {
    if (const std::string what = never_boolean(expression::root_of(*condition()->program)); !what.empty())
      add("never-true", fmt::format("it gives {}, never true or false, and what gives neither denies", what),
          "write a comparison, or a function that says yes or no");
    for (const char* function : {"requested", "at_least", "from_workflow", "from_record", "in_list", "no_foreign_links", "no_hidden_text",
                                 "has_shape", "host_like", "mail_like", "iban_like", "secrecy_at_most", "origin", "has_argument"}) {
      const std::string& text = condition()->text;
      const std::string call = std::string(function) + "(.args.";
      const std::size_t at = text.find(call);
      if (at == std::string::npos) continue;
      const std::size_t begin = at + call.size();
      const std::string argument = text.substr(begin, text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_", begin) - begin);
      add("never-true", fmt::format("{} is asked about the value of .args.{}, and wants the argument's name", function, argument),
          fmt::format("write {}(\"{}\"{}", function, argument, text.find(';', begin) == std::string::npos ? ")" : "; ...)"));
    }
  }

  LintContext& context_;
  const RuleView& rule_;
  const std::string& key_;
  const ConditionView& view_;
};

}  // namespace

bool may_have(const OperationView& operation, const std::string& argument) {
  const Value& schema = operation.definition->arguments_schema;
  const Value* properties = properties_of(operation);
  if (properties != nullptr && properties->find(std::string_view(argument)) != nullptr) return true;
  if (!schema.is_object()) return false;
  for (const char* open : {"additionalProperties", "unevaluatedProperties", "patternProperties", "$ref", "allOf",
                           "anyOf", "oneOf", "if", "dependentSchemas"}) {
    const Value* keyword = schema.find(open);
    if (keyword != nullptr && !(*keyword == Value(false))) return true;
  }
  return false;
}

void lint_conditions(LintContext& context) {
  for (const RuleView& rule : context.rules)
    for (const auto& [key, view] : rule.conditions) ConditionLint(context, rule, key, view).look();
}

}  // namespace gantry::trial
