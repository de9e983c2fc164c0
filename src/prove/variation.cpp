#include "prove/variation.h"

#include <algorithm>

#include "definition/policy_labels.h"
#include "expression/inspect.h"

namespace gantry::prove {
namespace {

using expression::Kind;
using expression::Node;
using expression::Operation;

constexpr std::size_t sample_depth_max = 6, text_length_max = 1'000;

using Names = std::vector<std::string>;

std::optional<Names> names_of(const Node& node) {
  if (node.kind == Kind::identity) return Names();
  if (node.kind != Kind::field || !node.constant.is_string()) return std::nullopt;
  auto names = names_of(*node.children[0]);
  if (names) names->emplace_back(node.constant.as_string());
  return names;
}

std::optional<Value> constant_in(const Node& node) {
  if (node.kind == Kind::literal) return node.constant;
  if (node.kind == Kind::text && node.constant.is_null() && node.children.size() == 1 &&
      node.children[0]->kind == Kind::literal)
    return node.children[0]->constant;
  return std::nullopt;
}

Value with_field(const Value& record, std::span<const std::string> names, const Value& value) {
  if (names.empty()) return value;
  const Value base = record.is_object() ? record : Value::object({});
  return Value(base).with_member(names[0], with_field(base.member(names[0]), names.subspan(1), value));
}

// What makes NAME operation CONSTANT true.
Value meeting(Operation operation, const Value& constant) {
  const bool is_number = constant.is_number();
  switch (operation) {
    case Operation::less:
      return is_number ? Value(constant.as_number() - 1) : Value();
    case Operation::greater:
      return is_number ? Value(constant.as_number() + 1) : Value::array({constant});
    case Operation::not_equal:
      return constant.is_string() ? Value(std::string(constant.as_string()) + "x") : Value("other");
    default:
      return constant;
  }
}

Operation mirrored(Operation operation) {
  if (operation == Operation::less) return Operation::greater;
  if (operation == Operation::greater) return Operation::less;
  if (operation == Operation::less_equal) return Operation::greater_equal;
  if (operation == Operation::greater_equal) return Operation::less_equal;
  return operation;
}

// Sets what a conjunction of comparisons asks for.
void meet_condition(const Node& node, Value& record) {
  if (node.kind == Kind::logic_and) {
    for (const auto& child : node.children) meet_condition(*child, record);
    return;
  }
  if (node.kind == Kind::logic_or) return meet_condition(*node.children[0], record);
  if (node.kind != Kind::binary) {
    if (const auto names = names_of(node); names && !names->empty()) record = with_field(record, *names, Value(true));
    return;
  }
  for (const std::size_t side : {std::size_t{0}, std::size_t{1}}) {
    const auto names = names_of(*node.children[side]);
    const auto constant = constant_in(*node.children[1 - side]);
    if (!names || names->empty() || !constant) continue;
    record = with_field(record, *names,
                        meeting(side == 0 ? node.operation : mirrored(node.operation), *constant));
    return;
  }
}

Value met_below(const Value& value, const definition::LabelRule& rule, std::size_t depth) {
  if (depth + 1 >= rule.path.size()) {
    Value record = value.is_object() ? value : Value::object({});
    if (depth < rule.path.size() && !rule.any[depth] && record.member(rule.path[depth]).is_null())
      record = std::move(record).with_member(rule.path[depth], Value("secret"));
    const Value before = record;
    meet_condition(expression::root_of(*rule.when->program), record);
    const auto holds = expression::evaluate_only(*rule.when->program, record, {});
    return holds && holds->is_true() ? record : value;
  }
  if (rule.any[depth]) {
    std::vector<Value> items = value.is_array() ? value.items() : std::vector<Value>{};
    if (items.empty()) items.emplace_back();
    for (Value& item : items) item = met_below(item, rule, depth + 1);
    return Value::array(std::move(items));
  }
  const Value base = value.is_object() ? value : Value::object({});
  return Value(base).with_member(rule.path[depth], met_below(base.member(rule.path[depth]), rule, depth + 1));
}

std::string text_of_format(std::string_view format) {
  if (format == "email") return "anna@example.com";
  if (format == "uri" || format == "uri-reference" || format == "iri") return "https://example.com/";
  if (format == "hostname") return "example.com";
  if (format == "ipv4") return "192.0.2.1";
  if (format == "ipv6") return "2001:db8::1";
  if (format == "date-time") return "2026-01-05T12:00:00Z";
  if (format == "date") return "2026-01-05";
  if (format == "time") return "12:00:00Z";
  if (format == "duration") return "PT1H";
  if (format == "uuid") return "123e4567-e89b-42d3-a456-426614174000";
  return "secret";
}

Value sample_text(const Value& schema) {
  std::string text = text_of_format(schema.string_or("format", ""));
  const auto least = static_cast<std::size_t>(std::max<std::int64_t>(0, schema.integer_or("minLength", 0)));
  const auto most = static_cast<std::size_t>(std::max<std::int64_t>(0, schema.integer_or("maxLength", text_length_max)));
  if (text.size() < least && least <= text_length_max) text.resize(least, 'x');
  if (text.size() > most) text.resize(most);
  return text;
}

Value sample_below(const Value& schema, std::size_t depth) {
  if (!schema.is_object() || depth > sample_depth_max) return Value("secret");
  if (const Value* given = schema.find("const")) return *given;
  for (const char* key : {"enum", "examples"})
    if (const Value* given = schema.find(key); given != nullptr && given->is_array() && given->size() > 0)
      return given->items()[0];
  std::string type(schema.string_or("type", schema.find("properties") == nullptr ? "string" : "object"));
  if (const Value types = schema.member("type"); types.is_array() && types.size() > 0 && types.items()[0].is_string())
    type = types.items()[0].as_string();
  if (type == "boolean") return Value(true);
  if (type == "null") return {};
  if (type == "number" || type == "integer") {
    const Value least = schema.member("minimum");
    return least.is_number() ? least : Value(1);
  }
  if (type == "array") {
    const auto count = std::clamp<std::int64_t>(schema.integer_or("minItems", 1), 1, 20);
    std::vector<Value> items(static_cast<std::size_t>(count), sample_below(schema.member("items"), depth + 1));
    return Value::array(std::move(items));
  }
  if (type != "object") return sample_text(schema);
  Value made = Value::object({});
  if (const Value properties = schema.member("properties"); properties.is_object())
    for (const Member& property : properties.members())
      made = std::move(made).with_member(property.key, sample_below(property.value, depth + 1));
  return made;
}

}  // namespace

std::vector<definition::LabelRule> conditional_rules(const definition::Project& project,
                                                     const definition::Operation& operation, const std::string& tool) {
  std::vector<definition::LabelRule> rules;
  const auto add = [&](const definition::LabelRule& rule) {
    if (rule.when && rule.when->program) rules.push_back(rule);
  };
  for (const definition::LabelRule& rule : operation.labels) add(rule);
  for (const auto& entry : project.policies)
    for (const definition::PolicyLabel& label : entry.second->labels.labels)
      if (label.kind == definition::PolicyLabel::Kind::result &&
          definition::matches_pattern(label.pattern, tool + "." + operation.name))
        add(label.rule);
  return rules;
}

Value with_conditions_met(Value result, std::span<const definition::LabelRule> rules) {
  for (const definition::LabelRule& rule : rules) result = met_below(result, rule, 0);
  return result;
}

Value sample_of(const Value& schema) {
  return sample_below(schema, 0);
}

Value replaced(const Value& whole, const Value& old, const Value& with) {
  if (whole == old) return with;
  if (whole.is_array()) {
    std::vector<Value> items;
    for (const Value& item : whole.items()) items.push_back(replaced(item, old, with));
    return Value::array(std::move(items));
  }
  if (!whole.is_object()) return whole;
  std::vector<Member> members;
  for (const Member& member : whole.members()) members.push_back({member.key, replaced(member.value, old, with)});
  return Value::object(std::move(members));
}

}  // namespace gantry::prove
