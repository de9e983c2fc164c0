#include <fmt/format.h>

#include <algorithm>

#include "value/json.h"
#include "value/pointer.h"
#include "value/schema_compiler.h"
#include "value/schema_node.h"

namespace gantry {
namespace json_schema {
namespace {

// About a second of work. Schemas can be written that take exponential time.
constexpr std::size_t steps_max = 10'000'000;

std::string instance_pointer(const InstanceStep* step) {
  std::vector<const InstanceStep*> steps;
  for (; step && step->parent; step = step->parent) steps.push_back(step);
  std::string pointer;
  for (auto it = steps.rbegin(); it != steps.rend(); ++it) {
    pointer += '/';
    pointer += (*it)->key ? pointer_token(*(*it)->key) : std::to_string((*it)->index);
  }
  return pointer;
}

std::string rule_pointer(const RuleStep* step, std::string_view last) {
  std::vector<std::string_view> tokens{last};
  for (; step; step = step->parent) tokens.push_back(step->token);
  std::string pointer;
  for (auto it = tokens.rbegin(); it != tokens.rend(); ++it) pointer += *it;
  return pointer;
}

bool may_be_shown(const InstanceStep& step) {
  Label label = step.value.deep_label();
  for (const InstanceStep* parent = step.parent; parent; parent = parent->parent)
    label = join(label, parent->value.label());
  return label.content().secrecy <= Secrecy::internal && label.content().compartments.empty();
}

}  // namespace

void Evaluated::merge(const Evaluated& other) {
  all_ = all_ || other.all_;
  if (marks_.size() < other.marks_.size()) marks_.resize(other.marks_.size());
  for (std::size_t i = 0; i < other.marks_.size(); ++i)
    if (other.marks_[i]) marks_[i] = true;
}

bool Evaluation::evaluate(const SchemaNode& node, const Place& place, Evaluated* evaluated) {
  if (cut_off_) return false;
  if (++steps_ > steps_max)
    return cut_off(place, "", fmt::format("the validation takes more than {} steps", steps_max));
  if (node.boolean) return *node.boolean || fail(place, "", [] { return "nothing is allowed here"; });
  if (depth_ >= options_.depth_max)
    return cut_off(place, "",
                   fmt::format("schemas are applied within each other more than {} times", options_.depth_max));
  ++depth_;
  bool enters_resource = scope_.empty() || scope_.back() != node.resource;
  if (enters_resource) scope_.push_back(node.resource);
  Evaluated own;
  Evaluated* marks = node.needs_marks ? &own : evaluated;
  bool valid = true;
  for (const auto& check : node.checks) {
    if (!valid && (check->is_last() || !records())) break;
    valid = check->check(*this, place, marks) && valid;
  }
  if (valid && evaluated && marks == &own) evaluated->merge(own);
  if (enters_resource) scope_.pop_back();
  --depth_;
  return valid && !cut_off_;
}

bool Evaluation::apply(const ChildSchema& child, const Place& place, Evaluated* evaluated) {
  RuleStep step{place.rule, child.token};
  return evaluate(*child.node, {place.instance, &step}, evaluated);
}

bool Evaluation::test(const ChildSchema& child, const Place& place, Evaluated* evaluated) {
  auto* recorded = std::exchange(violations_, nullptr);
  bool valid = apply(child, place, evaluated);
  violations_ = recorded;
  return valid;
}

bool Evaluation::probe(const ChildSchema& child, const Place& place, Evaluated* evaluated,
                       std::vector<SchemaViolation>& violations) {
  auto* recorded = std::exchange(violations_, violations_ ? &violations : nullptr);
  bool valid = apply(child, place, evaluated);
  violations_ = recorded;
  return valid;
}

bool Evaluation::cut_off(const Place& place, std::string_view token, std::string reason) {
  if (!cut_off_) cut_off_ = {instance_pointer(&place.instance), rule_pointer(place.rule, token), std::move(reason)};
  return false;
}

const SchemaNode* Evaluation::dynamic_target(std::string_view anchor) const {
  for (const SchemaResource* resource : scope_)
    if (auto found = resource->dynamic_nodes.find(anchor); found != resource->dynamic_nodes.end()) return found->second;
  return nullptr;
}

std::string Evaluation::found(const Place& place) {
  const Value& value = place.value();
  if (value.is_array() || value.is_object() || value.size() > 60 || !may_be_shown(place.instance))
    return "found " + with_article(value);
  return "found " + print_json(value);
}

void Evaluation::record(const Place& place, std::string_view token, std::string reason) {
  violations_->push_back({instance_pointer(&place.instance), rule_pointer(place.rule, token), std::move(reason)});
}

std::string with_article(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::null:
      return "null";
    case Value::Kind::integer:
      return "an integer";
    case Value::Kind::array:
      return "an array";
    case Value::Kind::object:
      return "an object";
    case Value::Kind::boolean:
    case Value::Kind::number:
    case Value::Kind::string:
      break;
  }
  return fmt::format("a {}", value.kind_name());
}

std::string list_of(const std::vector<std::string>& names, std::string_view last_word) {
  constexpr std::size_t shown_max = 10;
  std::string text;
  for (std::size_t i = 0; i < names.size() && i < shown_max; ++i) {
    if (i > 0) text += i + 1 == names.size() ? fmt::format(" {} ", last_word) : ", ";
    text += names[i];
  }
  if (names.size() > shown_max) text += fmt::format(" {} {} more", last_word, names.size() - shown_max);
  return text;
}

}  // namespace json_schema

struct Schema::Compiled {
  json_schema::SchemaCompiler::Storage storage;
  const json_schema::SchemaNode* root = nullptr;
  SchemaOptions options;
};

Result<Schema> Schema::compile(const Value& schema, const SchemaOptions& options) {
  json_schema::SchemaCompiler compiler(options);
  const json_schema::SchemaNode* root = TRY(compiler.compile(schema));
  auto compiled = std::make_shared<Compiled>();
  compiled->storage = compiler.take_storage();
  compiled->root = root;
  compiled->options = options;
  compiled->options.registry = nullptr;  // the documents that are needed are in the storage
  Schema result;
  result.compiled_ = std::move(compiled);
  return result;
}

// Most values are valid, so a quick walk that records nothing comes first.
std::vector<SchemaViolation> Schema::validate(const Value& instance) const {
  json_schema::InstanceStep root{nullptr, instance, std::nullopt, 0};
  json_schema::Evaluation quick(compiled_->options, nullptr);
  if (quick.evaluate(*compiled_->root, {root, nullptr}, nullptr)) return {};
  if (quick.is_cut_off()) return {*quick.cut_off_violation()};
  std::vector<SchemaViolation> violations;
  json_schema::Evaluation thorough(compiled_->options, &violations);
  thorough.evaluate(*compiled_->root, {root, nullptr}, nullptr);
  if (thorough.is_cut_off()) violations.push_back(*thorough.cut_off_violation());
  if (violations.empty()) violations.push_back({"", "", "the value does not fit the schema"});
  return violations;
}

std::string describe(const std::vector<SchemaViolation>& violations) {
  std::string text;
  for (const SchemaViolation& violation : violations) {
    if (!text.empty()) text += "; ";
    text += fmt::format("at {}: {} ({})", violation.instance.empty() ? "the top" : violation.instance, violation.reason,
                        violation.schema.empty() ? "/" : violation.schema);
  }
  return text;
}

}  // namespace gantry
