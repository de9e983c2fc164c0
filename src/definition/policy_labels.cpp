#include "definition/policy_labels.h"

#include "definition/mcp_method.h"

#include <fmt/format.h>

#include "definition/parse.h"

namespace gantry::definition {
namespace {

constexpr std::size_t labels_max = 500, binds_max = 100;

struct LabelKind {
  const char* key;
  PolicyLabel::Kind kind;
  const char* expected;
};
constexpr LabelKind label_kinds[] = {
    {"tool", PolicyLabel::Kind::result, "TOOL.OPERATION, TOOL.* or *"},
    {"request", PolicyLabel::Kind::request, "NAMESPACE/NAME, NAMESPACE/* or *"},
    {"event", PolicyLabel::Kind::event, "the type of an event, PREFIX.* or *"},
};

void check_tool(const Node& node, std::string_view pattern, const KnownDefinitions& known) {
  if (pattern == "*") return;
  const std::size_t dot = pattern.find('.');
  if (dot == std::string_view::npos || dot == 0 || dot + 1 == pattern.size()) return node.expected("TOOL.OPERATION, TOOL.* or *");
  const std::string_view tool = pattern.substr(0, dot), operation = pattern.substr(dot + 1);
  if (tool == "http") {
    if (operation != "*" && operation != "request") node.problem("tool 'http' has one operation, request");
  } else if (tool == "mcp") {
    if (operation != "*" && !find_mcp_operation(operation))
      node.problem(fmt::format("tool 'mcp' has no operation '{}'", operation));
  } else if (operation == "*") {
    report_unknown_tool(node, tool, known);
  } else {
    find_known_operation(node, tool, operation, known);
  }
}

// What a rule leaves out keeps what such a value has by itself.
LabelContent fallback_of(PolicyLabel::Kind kind) {
  return kind == PolicyLabel::Kind::request ? LabelContent{} : undeclared_label();
}

std::string default_source(const PolicyLabel& label) {
  return label.kind == PolicyLabel::Kind::event ? "event" : "request";
}

std::optional<PolicyLabel> read_label(const Node& node, const KnownDefinitions& known) {
  ObjectReader reader(node, "a label");
  PolicyLabel label;
  std::size_t kinds = 0;
  for (const LabelKind& kind : label_kinds) {
    auto found = reader.find(kind.key);
    if (!found) continue;
    ++kinds;
    label.kind = kind.kind;
    label.pattern = found->text(kind.expected).value_or("");
    if (kind.kind == PolicyLabel::Kind::result && !label.pattern.empty()) check_tool(*found, label.pattern, known);
  }
  if (reader.is_object() && kinds != 1) node.problem("a label has exactly one of 'tool', 'request' and 'event'");
  if (auto roles = reader.find("roles")) {
    label.roles = roles->texts("a list of roles");
    if (label.kind == PolicyLabel::Kind::result) roles->key_problem("'roles' has a meaning with 'request' and 'event' only");
  }
  label.rule = read_label_rule(reader, fallback_of(label.kind));
  if (label.kind != PolicyLabel::Kind::result) label.rule.label.sources = {default_source(label)};
  return label;
}

PolicyBind read_bind(const Node& node, const KnownDefinitions& known) {
  ObjectReader reader(node, "a bind");
  PolicyBind bind;
  if (auto tool = reader.require("tool")) {
    bind.tool = tool->text("TOOL.OPERATION").value_or("");
    if (bind.tool == "*" || bind.tool.ends_with(".*"))
      tool->expected("TOOL.OPERATION");
    else if (!bind.tool.empty())
      check_tool(*tool, bind.tool, known);
  }
  bind.key = reader.required_text("key").value_or("");
  if (auto names = reader.require("fields")) {
    bind.fields = names->texts("a list of fields");
    if (names->value().is_array() && names->value().size() == 0) names->expected("at least one field");
  }
  return bind;
}

}  // namespace

bool matches_pattern(std::string_view pattern, std::string_view name) {
  if (pattern == "*") return true;
  if (pattern.ends_with('*')) return name.starts_with(pattern.substr(0, pattern.size() - 1));
  return pattern == name;
}

PolicyLabels read_policy_labels(ObjectReader& policy, const KnownDefinitions& known) {
  PolicyLabels read;
  if (auto labels = policy.find("labels"); labels && labels->is_array("a list of labels")) {
    if (labels->value().size() > labels_max) labels->expected("at most 500 labels");
    for (const Node& each : labels->items())
      if (auto label = read_label(each, known)) read.labels.push_back(*std::move(label));
  }
  if (auto binds = policy.find("bind"); binds && binds->is_array("a list of {tool, key, fields}")) {
    if (binds->value().size() > binds_max) binds->expected("at most 100 binds");
    for (const Node& each : binds->items()) read.binds.push_back(read_bind(each, known));
  }
  return read;
}

}  // namespace gantry::definition
