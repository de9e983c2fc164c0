// `call`: a tool's operation, a decision, or a function of use.functions. call: http is in http_call.cpp.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "definition/workflow_reader.h"

namespace gantry::definition {
namespace {

constexpr std::size_t function_depth_max = 32;
constexpr std::array<std::string_view, 3> refused_protocols = {"grpc", "asyncapi", "a2a"};
constexpr std::array<std::string_view, 2> refused_functions = {"agent", "dmn"};

template <std::size_t Size>
bool contains_name(const std::array<std::string_view, Size>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

const Value& empty_object() {
  static const Value value = Value::object(std::vector<Member>{});
  return value;
}

}  // namespace

void report_unknown_tool(const Node& node, std::string_view tool, const KnownDefinitions& known) {
  if (known.tools_unreadable || known.declared_tools.count(tool) > 0) return;
  std::vector<std::string_view> names(known.declared_tools.begin(), known.declared_tools.end());
  node.problem(
      fmt::format("no tool '{}'{}", tool, names.empty() ? "; the project has no tools" : suggestion(tool, names)));
}

const Operation* find_known_operation(const Node& node, std::string_view tool, std::string_view operation,
                                      const KnownDefinitions& known) {
  auto found = known.tools.find(tool);
  if (found == known.tools.end()) {
    report_unknown_tool(node, tool, known);
    return nullptr;
  }
  const auto& operations = found->second->operations;
  auto match = operations.find(operation);
  if (match != operations.end()) return &match->second;
  std::vector<std::string_view> names;
  for (const auto& [name, unused] : operations) names.push_back(name);
  node.problem(fmt::format("tool '{}' has no operation '{}'{}", tool, operation, suggestion(operation, names)));
  return nullptr;
}

void WorkflowReader::read_call(ObjectReader& reader, Task& task, const Place& place) {
  Node call = *reader.find("call");
  auto with = reader.find("with");
  auto name = call.text("http, openapi, mcp, TOOL.OPERATION, decide or the name of a function");
  if (with && !with->value().is_object()) {
    with->expected("an object of arguments");
    return;
  }
  if (!name) return;
  if (*name == "http") {
    if ((with = reader.require("with"))) task.body = read_http(*with, place.scope);
  } else if (*name == "openapi") {
    if ((with = reader.require("with"))) task.body = read_openapi(*with, place.scope);
  } else if (*name == "mcp") {
    if ((with = reader.require("with"))) task.body = read_mcp(*with, place.scope);
  } else if (contains_name(refused_protocols, *name)) {
    call.problem(fmt::format("'call: {}' is not supported yet", *name));
  } else if (functions_.count(*name) > 0) {
    read_function_call(call, with, *name, task, place);
  } else if (read_catalog_call(call, with, task, place.scope)) {
    return;
  } else if (name->find("://") != std::string::npos) {
    call.problem("calling a function by its URL is not supported yet");
  } else if (name->find('@') != std::string::npos || name->find(':') != std::string::npos ||
             contains_name(refused_functions, *name)) {
    const std::string_view near =
        nearest_name(*name, {"decide:1.0.0@default", "approval:1.0.0@default", "guardrail:1.0.0@default"});
    call.problem(fmt::format(
        "the catalog function '{}' is not supported yet; the default catalog has decide, approval and guardrail, each "
        ":1.0.0@default{}",
        *name, near.empty() ? "" : fmt::format("; did you mean '{}'?", near)));
  } else if (name->find('.') != std::string::npos) {
    read_tool_call(call, with, task, place.scope);
  } else {
    report_unknown_call(call, *name);
  }
}

void WorkflowReader::report_unknown_call(const Node& call, const std::string& name) {
  std::vector<std::string> known = {"http", "openapi", "mcp", "decide", "approval", "guardrail"};
  if (call.file().problems().is_full()) known.clear();
  for (const auto& [function, unused] : functions_) known.push_back(function);
  for (const auto& [tool, definition] : known_.tools)
    for (const auto& [operation, unused] : definition->operations) known.push_back(tool + "." + operation);
  std::vector<std::string_view> names(known.begin(), known.end());
  call.problem(fmt::format("nothing called '{}' to call{}", name, suggestion(name, names)));
}

void WorkflowReader::read_tool_call(const Node& call, std::optional<Node> with, Task& task, const Scope& scope) {
  std::string_view name = call.value().as_string();
  std::size_t dot = name.find('.');
  CallTask result;
  result.tool = name.substr(0, dot);
  result.operation = name.substr(dot + 1);
  const Operation* operation = find_known_operation(call, result.tool, result.operation, known_);
  Node arguments = with ? *with : Node(empty_object(), call.pointer(), call.file());
  if (operation && operation->arguments) check_literals(arguments, *operation->arguments);
  result.arguments = read_template(arguments, scope);
  task.body = std::move(result);
}

void WorkflowReader::read_decide(const Node& call, std::optional<Node> with, Task& task, const Scope& scope) {
  if (!with) {
    call.problem("'call: decide' needs 'with: {decision: NAME, input: ...}'");
    return;
  }
  ObjectReader arguments(*with, "the arguments of 'decide'");
  DecideTask result;
  auto decision = arguments.require("decision");
  auto input = arguments.find("input");
  result.input = input ? read_template(*input, scope) : build_template(*with, Value("${ . }"), scope);
  if (decision) result.decision = decision->text("the name of a decision").value_or("");
  if (!result.decision.empty()) {
    auto found = known_.decisions.find(result.decision);
    if (found != known_.decisions.end()) {
      if (found->second->input && input) check_literals(*input, *found->second->input);
    } else if (!known_.decisions_unreadable && known_.declared_decisions.count(result.decision) == 0) {
      std::vector<std::string_view> names(known_.declared_decisions.begin(), known_.declared_decisions.end());
      decision->problem(
          fmt::format("no decision '{}'{}", result.decision,
                      names.empty() ? "; the project has no decisions" : suggestion(result.decision, names)));
    }
  }
  task.body = std::move(result);
}

// What a call hands to a function is the raw input of the function's task.
void WorkflowReader::check_function_input(const Node& with, const Node& function) {
  const Value* input = function.value().find("input");
  const Value* schema = input ? input->find("schema") : nullptr;
  if (!schema || !schema->is_object()) return;
  if (auto compiled = read_schema_once(function.member("input").member("schema")))
    check_literals(with, *compiled, Severity::warning);
}

// A function is a task of its own whose raw input is the `with` of the caller. So the call becomes a `do` of two
// tasks: a `set` of the arguments and the function; without `with` the function gets the caller's input.
void WorkflowReader::read_function_call(const Node& call, std::optional<Node> with, const std::string& function,
                                        Task& task, const Place& place) {
  bool is_cycle = std::find(function_stack_.begin(), function_stack_.end(), function) != function_stack_.end();
  if (is_cycle || function_stack_.size() >= function_depth_max) {
    call.problem(is_cycle ? fmt::format("function '{}' calls itself", function)
                          : fmt::format("functions call each other more than {} deep", function_depth_max));
    return;
  }
  DoTask body;
  if (with && with->value().size() > 0) {
    auto arguments = std::make_shared<Task>();
    arguments->name = "arguments";
    arguments->reference = place.reference + "/do/0/arguments";
    arguments->place = with->place();
    arguments->scope_size = place.scope.added();
    arguments->definition = Value::object({{"set", with->value()}});
    arguments->body = SetTask{read_template(*with, place.scope)};
    check_function_input(*with, functions_.at(function));
    body.tasks.tasks.push_back(std::move(arguments));
  } else if (with) {
    with->problem("expected at least one argument; leave 'with' out to hand the task's input to the function");
  }
  function_stack_.push_back(function);
  ListNames nowhere;
  Place inner{place.scope.hiding_added(), &nowhere,
              fmt::format("{}/do/{}/{}", place.reference, body.tasks.tasks.size(), function)};
  if (auto definition = read_task(functions_.at(function), function, inner))
    body.tasks.tasks.push_back(std::move(definition));
  function_stack_.pop_back();
  task.body = std::move(body);
}

}  // namespace gantry::definition
