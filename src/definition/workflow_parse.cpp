#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "definition/flow_check.h"
#include "definition/handover_check.h"
#include "definition/workflow_reader.h"

namespace gantry::definition {
namespace {

// The standard's pattern for namespaces and names: a DNS label.
std::string read_workflow_label(ObjectReader& reader, std::string_view key) {
  auto node = reader.require(key);
  if (!node) return "";
  auto alphanumeric = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); };
  std::string_view text = node->value().is_string() ? node->value().as_string() : std::string_view();
  bool valid = !text.empty() && text.size() <= 63 && alphanumeric(text.front()) && alphanumeric(text.back()) &&
               std::all_of(text.begin(), text.end(), [&](char c) { return alphanumeric(c) || c == '-'; });
  if (valid) return std::string(text);
  node->expected("letters, digits and '-' inside, at most 63 characters");
  return "";
}

void read_dsl_version(ObjectReader& reader) {
  static constexpr std::array<std::string_view, 4> accepted = {"1.0.0", "1.0.1", "1.0.2", "1.0.3"};
  auto node = reader.require("dsl");
  if (!node) return;
  auto version = read_version(*node);
  if (version && std::find(accepted.begin(), accepted.end(), *version) == accepted.end())
    node->problem(fmt::format("version {} of the language is not supported; expected 1.0.0 to 1.0.3", *version));
}

}  // namespace

std::shared_ptr<const Workflow> parse_workflow(const Node& root, const KnownDefinitions& known,
                                               std::vector<WorkflowReference>& references) {
  std::size_t before = root.file().problems().count();
  auto workflow = std::make_shared<Workflow>();
  workflow->path = root.file().path();
  workflow->source = root.value();
  WorkflowReader(root, known, references).read(*workflow);
  check_flow(*workflow, root.file());
  check_handovers(*workflow, root.file());
  if (root.file().problems().count() != before) return nullptr;
  workflow->digest = digest_of_value(root.value());
  return workflow;
}

WorkflowName declared_workflow(const Value& root) {
  const Value* document = root.find("document");
  if (!document || !document->is_object()) return {};
  return {std::string(document->string_or("namespace", "")), std::string(document->string_or("name", "")),
          std::string(document->string_or("version", ""))};
}

void WorkflowReader::read(Workflow& workflow) {
  ObjectReader reader(root_, "a workflow");
  if (!reader.is_object()) return;
  read_document(reader, workflow);
  read_evaluate(reader);
  auto tasks = reader.require("do");
  if (tasks) collect_task_places(*tasks);
  read_use(reader, workflow);
  Scope scope = Scope::standard();
  const Scope outside = scope.without_value("task", "there is no task around it");
  workflow.input = read_data_flow(reader, "input", "from", outside);
  workflow.output = read_data_flow(reader, "output", "as", outside);
  workflow.timeout = read_timeout(reader, outside);
  if (auto schedule = reader.find("schedule")) workflow.schedule = read_schedule(*schedule, workflow);
  if (tasks) workflow.tasks = read_task_list(*tasks, scope, "/do");
  check_used();
  workflow.observes_lifecycle = observes_lifecycle_;
}

void WorkflowReader::read_document(ObjectReader& reader, Workflow& workflow) {
  auto node = reader.require("document");
  if (!node) return;
  ObjectReader document(*node, "'document'");
  if (!document.is_object()) return;
  read_dsl_version(document);
  workflow.name.namespace_ = read_workflow_label(document, "namespace");
  workflow.name.name = read_workflow_label(document, "name");
  if (auto version = document.require("version")) workflow.name.version = read_version(*version).value_or("");
  workflow.title = document.text("title").value_or("");
  workflow.summary = document.text("summary").value_or("");
  for (const char* key : {"tags", "metadata"})
    if (auto free = document.find(key); free && !free->value().is_object()) free->expected("an object");
}

void WorkflowReader::read_evaluate(ObjectReader& reader) {
  auto node = reader.find("evaluate");
  if (!node) return;
  ObjectReader evaluate(*node, "'evaluate'");
  auto language = evaluate.find("language");
  if (language && !(language->value() == Value("jq")))
    language->problem(fmt::format("expressions in another language than jq are not supported yet; found {}",
                                  describe_found(language->value())));
  auto mode = evaluate.find("mode");
  if (!mode || mode->value() == Value("strict")) return;
  if (mode->value() == Value("loose"))
    mode->problem("evaluate.mode 'loose' is not supported yet; write expressions as ${ ... } and use 'strict'");
  else
    mode->expected("strict");
}

void WorkflowReader::read_use(ObjectReader& reader, Workflow& workflow) {
  auto node = reader.find("use");
  if (!node) return;
  ObjectReader use(*node, "'use'");
  if (auto secrets = use.find("secrets")) {
    workflow.secrets = secrets->texts("a list of names");
    for (const Node& each : secrets->items()) {
      if (!each.value().is_string()) continue;
      if (!secrets_.insert(std::string(each.value().as_string())).second)
        each.problem(fmt::format("the secret '{}' is in this list already", each.value().as_string()));
      check_secret_setting(each);
    }
  }
  read_used_map(use, "functions", functions_);
  read_used_map(use, "retries", retries_);
  read_used_map(use, "errors", errors_);
  read_used_map(use, "timeouts", timeouts_);
  read_used_map(use, "authentications", authentications_);
  if (auto extensions = use.find("extensions")) read_extensions(*extensions);
  use.refuse("catalogs", "'use.catalogs' is not supported yet");
}

void WorkflowReader::read_used_map(ObjectReader& use, std::string_view key, std::map<std::string, Node>& into) {
  auto node = use.find(key);
  if (!node) return;
  if (!node->value().is_object()) node->expected("an object of named definitions");
  for (const Member& each : node->value().is_object() ? node->value().members() : std::vector<Member>{})
    into.emplace(std::string(each.key.view()), node->member(each.key.view()));
}

// Reads each reusable definition by itself, so that one that nobody uses is checked as well. (Problems that are found
// twice are reported once.) A retry policy that is used was read with the variable that holds the error there.
void WorkflowReader::check_used() {
  Scope scope = Scope::standard();
  for (const auto& [name, node] : retries_)
    if (resolved_.count(node.pointer()) == 0) read_retry(node, scope.with("error"));
  for (const auto& [name, node] : errors_) read_error(node, scope);
  for (const auto& [name, node] : authentications_) read_authentication(node, scope);
  for (const auto& [name, node] : timeouts_) {
    ObjectReader timeout(node, "a timeout");
    if (auto after = timeout.require("after")) read_duration(*after, scope);
  }
  for (const ExtensionSource& source : extensions_) read_extension(source.node, scope, "/use/extensions");
  for (const auto& [name, node] : functions_) {
    static constexpr std::array<std::string_view, 9> reserved = {"http", "grpc",   "openapi",  "asyncapi", "a2a",
                                                                 "mcp",  "decide", "approval", "guardrail"};
    if (std::find(reserved.begin(), reserved.end(), name) != reserved.end()) {
      node.key_problem(fmt::format("a function can't be called '{}': the name has a meaning of its own", name));
      continue;
    }
    function_stack_.push_back(name);
    ListNames nowhere;
    read_task(node, name, {scope, &nowhere, node.pointer()});
    function_stack_.pop_back();
  }
}

// Remembers where every task is, to say so when `then` names one that it can't reach.
void WorkflowReader::collect_task_places(const Node& node) {
  for (const Node& each : node.items()) {
    if (each.value().is_object() && each.value().size() == 1) {
      std::string_view name = each.value().members()[0].key.view();
      Node task = each.member(name);
      task_places_.emplace(std::string(name), task.key_place());
      for (const char* key : {"do", "try"})
        if (task.value().find(key)) collect_task_places(task.member(key));
      if (task.value().find("catch") && task.member("catch").value().find("do"))
        collect_task_places(task.member("catch").member("do"));
      if (task.value().find("fork") && task.member("fork").value().find("branches"))
        collect_task_places(task.member("fork").member("branches"));
      if (task.value().find("foreach") && task.member("foreach").value().find("do"))
        collect_task_places(task.member("foreach").member("do"));
    }
  }
}

std::optional<DurationSource> WorkflowReader::read_timeout(ObjectReader& reader, const Scope& scope) {
  auto node = reader.find("timeout");
  if (!node) return std::nullopt;
  auto definition = resolve(*node, timeouts_, "timeouts");
  if (!definition) return std::nullopt;
  ObjectReader timeout(*definition, "a timeout");
  auto after = timeout.require("after");
  return after ? read_duration(*after, scope) : std::nullopt;
}

DataFlow WorkflowReader::read_data_flow(ObjectReader& reader, std::string_view key, std::string_view transform_key,
                                        const Scope& scope) {
  DataFlow flow;
  auto node = reader.find(key);
  if (!node) return flow;
  ObjectReader data(*node, fmt::format("'{}'", key));
  if (auto schema = data.find("schema")) flow.schema = read_schema_once(*schema);
  SecretUse secrets = transform_key == "from" ? SecretUse::allowed : SecretUse::refused;
  auto transform = data.find(transform_key);
  if (!transform) return flow;
  const Scope inner = key == "export" ? scope.with_value("output") : key == "input" ? without_input(scope) : scope;
  flow.transform = read_transform(*transform, inner, secrets);
  if (secrets == SecretUse::allowed && flow.transform) check_secret_references(*transform);
  // The schema of an input is that of the raw one; those of output and export are for what the transformation gives.
  if (flow.schema && key != "input" && transform->value().is_object())
    check_literals(*transform, *flow.schema, Severity::warning);
  return flow;
}

std::optional<Schema> WorkflowReader::read_schema_once(const Node& node) {
  auto found = schemas_.find(node.pointer());
  if (found == schemas_.end()) found = schemas_.emplace(node.pointer(), read_schema_reference(node)).first;
  return found->second;
}

std::optional<Node> WorkflowReader::resolve(const Node& node, const std::map<std::string, Node>& used,
                                            std::string_view kind) {
  if (!node.value().is_string()) return node;
  std::string name(node.value().as_string());
  auto found = used.find(name);
  if (found != used.end()) {
    resolved_.insert(found->second.pointer());
    return found->second;
  }
  std::vector<std::string_view> names;
  if (!node.file().problems().is_full())
    for (const auto& [each, unused] : used) names.push_back(each);
  node.problem(fmt::format("no '{}' under use.{}{}", name, kind,
                           used.empty() ? "; nothing is defined there" : suggestion(name, names)));
  return std::nullopt;
}

}  // namespace gantry::definition
