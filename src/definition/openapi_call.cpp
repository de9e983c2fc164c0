// call: openapi. The document's endpoint is one of call: http, or the path of a file under openapi/ of the project; a
// file is looked at here already: whether it has the operation, and whether the parameters can fit.
#include <fmt/format.h>

#include "definition/openapi.h"
#include "definition/workflow_reader.h"

namespace gantry::definition {
namespace {

// "openapi/pets.yaml", also as "project://openapi/pets.yaml", which the schema of version 1.0.3 asks for.
std::optional<std::string> project_path(const Value& endpoint) {
  if (!endpoint.is_string()) return std::nullopt;
  constexpr std::string_view scheme = "project://";
  std::string_view text = endpoint.as_string();
  if (text.substr(0, scheme.size()) == scheme) return std::string(text.substr(scheme.size()));
  const bool elsewhere = text.empty() || text.find("://") != std::string_view::npos || text.front() == '{' ||
                         text.find("${") != std::string_view::npos;
  return elsewhere ? std::nullopt : std::optional(std::string(text));
}

}  // namespace

OpenApiTask WorkflowReader::read_openapi(const Node& with, const Scope& scope) {
  OpenApiTask task;
  ObjectReader reader(with, "the arguments of 'openapi'");
  if (auto document = reader.require("document")) {
    ObjectReader resource(*document, "a document");
    resource.text("name");
    if (auto endpoint = resource.require("endpoint")) read_openapi_endpoint(*endpoint, scope, task);
  }
  if (auto operation = reader.require("operationId")) operation->text("the id of an operation");
  if (auto parameters = reader.find("parameters");
      parameters && !parameters->value().is_object() &&
      !(parameters->value().is_string() && expression::embedded_expression(parameters->value().as_string())))
    parameters->expected("an object of parameters, or one ${ expression }");
  if (auto output = reader.find("output")) read_choice_index(*output, {"content", "raw", "response"});
  reader.boolean("redirect");
  auto authentication = reader.find("authentication");
  std::size_t before = with.file().problems().count();
  std::vector<Member> arguments;
  for (const Node& each : with.members()) {
    if (each.key() == "document" || each.key() == "authentication") continue;
    read_template(each, scope);  // for its problems, each at its own place
    arguments.push_back({Text(each.key()), each.value()});
  }
  if (authentication) {
    if (auto resolved = read_authentication(*authentication, scope))
      arguments.push_back({Text("authentication"), *resolved});
  }
  if (with.file().problems().count() != before || !reader.is_object()) return task;
  task.arguments = build_template(with, Value::object(std::move(arguments)), scope);
  auto document = known_.openapi_documents.find(task.project_document);
  if (document != known_.openapi_documents.end()) check_openapi_call(with, document->second);
  return task;
}

void WorkflowReader::read_openapi_endpoint(const Node& node, const Scope& scope, OpenApiTask& task) {
  if (auto path = project_path(node.value())) {
    task.project_document = *path;
    if (known_.openapi_documents.count(*path) > 0 || known_.declared_openapi.count(*path) > 0) return;
    std::vector<std::string_view> names(known_.declared_openapi.begin(), known_.declared_openapi.end());
    node.problem(fmt::format("no file '{}' in the project{}; expected one under openapi/, or a URI", *path,
                             suggestion(*path, names)));
    return;
  }
  auto endpoint = read_endpoint(node, scope, task.expands_endpoint);
  if (endpoint)
    task.document = build_template(node, Value::object({{"method", "get"}, {"endpoint", *endpoint}}), scope);
}

// Makes the request with the parameters as they are written; an expression stands for itself, which fits wherever
// text does.
void WorkflowReader::check_openapi_call(const Node& with, const Value& document) {
  const std::string_view id = with.value().string_or("operationId", "");
  const Value parameters = with.value().member("parameters");
  if (expression::embedded_expression(id)) return;
  const bool is_computed = parameters.is_string();
  auto request = openapi_request(document, "", id, is_computed ? Value() : parameters);
  if (request) return;
  const bool is_about_parameters = request.error().code == Code::invalid_argument;
  if (is_about_parameters ? is_computed : has_expressions(parameters) && openapi_request(document, "", id, Value()))
    return;
  const bool has_parameters = with.value().find("parameters") != nullptr;
  with.member(is_about_parameters && has_parameters ? "parameters" : "operationId").problem(request.error().message);
}

}  // namespace gantry::definition
