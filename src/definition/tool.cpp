#include "definition/tool.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "definition/data_reader.h"
#include "definition/parse.h"

namespace gantry::definition {
namespace {

constexpr std::array<Choice<EffectClass>, 9> effect_classes = {{{"read", EffectClass::read},
                                                                {"egress_read", EffectClass::egress_read},
                                                                {"write", EffectClass::write},
                                                                {"notify", EffectClass::notify},
                                                                {"send", EffectClass::send},
                                                                {"grant", EffectClass::grant},
                                                                {"destroy", EffectClass::destroy},
                                                                {"money", EffectClass::money},
                                                                {"credential", EffectClass::credential}}};
constexpr std::array<Choice<Idempotency>, 3> idempotencies = {
    {{"none", Idempotency::none}, {"key", Idempotency::key}, {"readBack", Idempotency::read_back}}};
constexpr std::size_t authority_max = 100;

// `label`, and `labels` for single fields.
void read_labels(ObjectReader& reader, const std::string& tool, Operation& operation) {
  LabelContent content = undeclared_label();
  if (auto node = reader.find("label")) {
    ObjectReader label(*node, "'label'");
    content = read_label_content(label, std::move(content));
  }
  content.sources = {fmt::format("tool:{}.{}", tool, operation.name)};
  if (auto labels = reader.find("labels")) operation.labels = read_label_rules(*labels, content);
  for (LabelRule& rule : operation.labels) rule.label.sources = content.sources;
  operation.result_label = Label::of(std::move(content));
}

// Whether the schema lists its members, so that a name it doesn't list is a mistake.
bool lists_argument(const Value& schema, std::string_view name) {
  const Value* properties = schema.is_object() ? schema.find("properties") : nullptr;
  return properties == nullptr || !properties->is_object() || properties->find(name) != nullptr;
}

void read_authority(const Node& node, Operation& operation) {
  operation.authority = node.texts("a list of arguments");
  if (operation.authority.size() > authority_max) node.expected("at most 100 arguments");
  for (const Node& each : node.items()) {
    if (!each.value().is_string() || lists_argument(operation.arguments_schema, each.value().as_string())) continue;
    each.problem(fmt::format("operation '{}' has no argument '{}'", operation.name, each.value().as_string()));
  }
}

void read_audience(const Node& node, Operation& operation) {
  if (node.value().is_string()) {
    if (auto level = parse_secrecy(node.value().as_string())) {
      operation.fixed_audience = *level;
      return;
    }
  }
  operation.audience = read_expression(node, Scope());
}

constexpr Duration settle_max = std::chrono::hours(24);

// Of one call, as the settings say it. Drivers check the settings, and report what is wrong with them.
Duration timeout_of(const Value& settings) {
  const Value* timeout = settings.find("timeout");
  auto parsed = timeout != nullptr && timeout->is_string() ? parse_duration(timeout->as_string())
                                                           : Result<Duration>(tool_timeout_default);
  return parsed.ok() && *parsed > Duration::zero() ? std::min(*parsed, settle_max) : tool_timeout_default;
}

ReadBack read_read_back(const Node& node, Duration timeout) {
  ObjectReader reader(node, "'readBack'");
  Scope scope(std::vector<std::string>{"effect"});
  ReadBack result;
  result.operation = reader.required_text("operation").value_or("");
  if (auto arguments = reader.require("arguments")) result.arguments = read_template(*arguments, scope);
  auto done = reader.require("done");
  auto expression = done ? read_expression(*done, scope) : std::nullopt;
  if (expression) result.done = std::move(*expression);
  result.settle = timeout;
  if (auto settle = reader.find("settle"))
    result.settle = read_fixed_duration(*settle, timeout, settle_max).value_or(timeout);
  return result;
}

Operation read_operation(const Node& node, const Tool& tool) {
  ObjectReader reader(node, fmt::format("operation '{}'", node.key()));
  Operation operation;
  operation.name = node.key();
  operation.description = reader.text("description").value_or("");
  if (auto effect_class = reader.find("class"))
    operation.effect_class = read_choice<EffectClass>(*effect_class, effect_classes).value_or(EffectClass::credential);
  operation.irreversible = reader.boolean("irreversible").value_or(false);
  if (auto arguments = reader.find("arguments")) {
    operation.arguments_schema = arguments->value();
    operation.arguments = read_schema(*arguments);
  }
  read_labels(reader, tool.name, operation);
  if (auto authority = reader.find("authority")) read_authority(*authority, operation);
  if (auto audience = reader.find("audience")) read_audience(*audience, operation);
  if (auto binding = reader.find("binding")) {
    if (!binding->value().is_object()) binding->expected("an object");
    operation.binding = binding->value();
  }
  if (auto idempotency = reader.find("idempotency"))
    operation.idempotency = read_choice<Idempotency>(*idempotency, idempotencies).value_or(Idempotency::none);
  auto read_back = reader.find("readBack");
  if (read_back) operation.read_back = read_read_back(*read_back, timeout_of(tool.settings));
  if (reader.is_object() && read_back.has_value() != (operation.idempotency == Idempotency::read_back))
    node.problem(read_back ? "'readBack' needs 'idempotency: readBack'" : "'idempotency: readBack' needs 'readBack'");
  return operation;
}

// The operation that answers whether an effect took place: of the same tool, and it must not have effects itself.
void check_read_back(const Node& node, const Operation& operation, const Tool& tool) {
  if (!operation.read_back || operation.read_back->operation.empty()) return;
  Node place = node.member("readBack").member("operation");
  auto found = tool.operations.find(operation.read_back->operation);
  if (found == tool.operations.end()) {
    std::vector<std::string_view> names;
    for (const auto& [name, unused] : tool.operations) names.push_back(name);
    place.problem(fmt::format("tool '{}' has no operation '{}'{}", tool.name, operation.read_back->operation,
                              suggestion(operation.read_back->operation, names)));
  } else if (found->second.effect_class != EffectClass::read &&
             found->second.effect_class != EffectClass::egress_read) {
    place.problem(fmt::format("operation '{}' has class {}; a read-back needs class read", found->first,
                              name_of(found->second.effect_class)));
  } else if (found->second.arguments) {
    check_literals(node.member("readBack").member("arguments"), *found->second.arguments);
  }
}

}  // namespace

const char* name_of(EffectClass effect_class) {
  return effect_classes[static_cast<std::size_t>(effect_class)].name.data();
}

Result<EffectClass> parse_effect_class(std::string_view name) {
  for (const auto& choice : effect_classes)
    if (choice.name == name) return choice.value;
  return Error{Code::invalid_argument, fmt::format("no effect class '{}'", name.substr(0, 60))};
}

std::shared_ptr<const Tool> parse_tool(const Node& root) {
  std::size_t before = root.file().problems().count();
  auto tool = std::make_shared<Tool>();
  tool->path = root.file().path();
  tool->digest = digest_of_value(root.value());
  ObjectReader reader(root, "a tool");
  if (auto name = reader.require("tool")) {
    tool->name = read_name(*name).value_or("");
    for (std::string_view standard : {"http", "mcp"})
      if (tool->name == standard)
        name->problem(fmt::format("a tool can't be called '{0}': that is the standard's call: {0}", standard));
  }
  if (auto version = reader.require("version")) tool->version = read_version(*version).value_or("");
  reader.text("description");
  tool->driver = reader.required_text("driver").value_or("");
  tool->settings = Value::object(std::vector<Member>{});
  if (auto settings = reader.find("settings")) {
    if (!settings->value().is_object()) settings->expected("an object");
    tool->settings = settings->value();
  }
  if (auto operations = reader.require("operations")) {
    if (!operations->value().is_object() || operations->value().size() == 0)
      operations->expected("an object of operations, at least one");
    for (const Node& each : operations->members()) {
      Value name{each.key()};
      read_name(Node(name, each.pointer(), each.file()));
      tool->operations.emplace(std::string(each.key()), read_operation(each, *tool));
    }
    for (const Node& each : operations->members())
      check_read_back(each, tool->operations.at(std::string(each.key())), *tool);
  }
  return root.file().problems().count() == before ? tool : nullptr;
}

}  // namespace gantry::definition
