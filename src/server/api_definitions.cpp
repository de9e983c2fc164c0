#include "prove/prove.h"
#include "server/api.h"
#include "tool/drivers.h"

namespace gantry::server {
namespace {

Value to_value(const definition::Problems& problems) {
  std::vector<Value> list;
  for (const definition::Problem& problem : problems)
    list.push_back(Value::object({{"path", problem.path},
                                  {"line", problem.place.line},
                                  {"column", problem.place.column},
                                  {"severity", name_of(problem.severity)},
                                  {"message", problem.message}}));
  return Value::array(std::move(list));
}

const definition::Problem& first_error(const definition::Problems& problems) {
  for (const definition::Problem& problem : problems)
    if (problem.severity == definition::Severity::error) return problem;
  return problems.front();
}

// A project that can't be used is answered with every problem, not only the first.
Response problems_response(const definition::Problems& problems) {
  Value body = Value::object({{"type", "about:blank"},
                              {"status", 400},
                              {"title", "The definitions have problems"},
                              {"detail", definition::format(first_error(problems))},
                              {"problems", to_value(problems)}});
  Response response = json_response(body, 400);
  response.content_type = "application/problem+json";
  return response;
}

Value summary_of(const definition::Workflow& workflow) {
  return Value::object({{"namespace", workflow.name.namespace_},
                        {"name", workflow.name.name},
                        {"version", workflow.name.version},
                        {"digest", workflow.digest.hex()},
                        {"title", workflow.title},
                        {"path", workflow.path}});
}

Response deploy_files(const Call& call, definition::SourceFiles files) {
  auto loaded = definition::load_project(std::move(files), tool::standard_checks());
  if (const auto* problems = std::get_if<definition::Problems>(&loaded)) return problems_response(*problems);
  auto project = std::get<definition::ProjectPointer>(loaded);
  // What breaks the project's own invariants is not deployed; what can't be proven is told with the warnings.
  const definition::Problems proven = prove::problems_of(project);
  const bool is_broken = std::any_of(proven.begin(), proven.end(), [](const definition::Problem& problem) {
    return problem.severity == definition::Severity::error;
  });
  if (is_broken) return problems_response(proven);
  definition::Problems warnings = project->warnings;
  warnings.insert(warnings.end(), proven.begin(), proven.end());
  auto deployed = call.parts.engine->deploy(project, call.principal);
  if (!deployed) return error_response(deployed.error());
  std::vector<Value> workflows;
  for (const auto& [name, workflow] : project->workflows) workflows.push_back(summary_of(*workflow));
  return json_response(Value::object({{"project", project->digest.hex()},
                                      {"status", deployed->status},
                                      {"instance", deployed->instance.empty() ? Value() : Value(deployed->instance)},
                                      {"workflows", Value::array(std::move(workflows))},
                                      {"warnings", to_value(warnings)}}),
                       deployed->status == "deployed" ? 201 : 202);
}

bool is_safe_path(std::string_view path) {
  return !path.empty() && path.size() <= 300 && path.front() != '/' && path.find("..") == std::string_view::npos &&
         path.find('\0') == std::string_view::npos;
}

}  // namespace

Response deploy_project(const Call& call) {
  auto body = body_value(call.request, {});
  if (!body) return error_response(body.error());
  const Value* files = body->find("files");
  if (!files || !files->is_object())
    return problem_response(400, "The request is wrong", "expected {\"files\": {path: text}}");
  definition::SourceFiles sources;
  if (body->boolean_or("merge", false))
    if (auto current = call.parts.engine->current_project()) sources = current->files;
  for (const Member& member : files->members()) {
    if (!member.value.is_string() || !is_safe_path(member.key.view()))
      return problem_response(
          400, "The request is wrong",
          "each file is a relative path without '..' and its text; wrong: '" + std::string(member.key.view()) + "'");
    sources[std::string(member.key.view())] = std::string(member.value.as_string());
  }
  return deploy_files(call, std::move(sources));
}

Response deploy_workflow(const Call& call) {
  definition::SourceFiles sources;
  if (auto current = call.parts.engine->current_project()) sources = current->files;
  Request yaml = call.request;
  yaml.headers["content-type"] = "application/yaml";  // JSON is YAML, too
  auto document = body_value(yaml, {});
  if (!document) return error_response(document.error());
  const Value* header = document->find("document");
  std::string name(header ? header->string_or("name", "workflow") : "workflow");
  std::string namespace_(header ? header->string_or("namespace", "default") : "default");
  std::string path = "workflows/" + namespace_ + "-" + name + ".yaml";
  if (auto current = call.parts.engine->current_project())
    if (auto existing = current->find_workflow(namespace_, name)) path = existing->path;
  if (!is_safe_path(path))
    return problem_response(400, "The request is wrong", "document.namespace and document.name must be plain names");
  sources[path] = call.request.body;
  return deploy_files(call, std::move(sources));
}

Response list_workflows(const Call& call) {
  journal::Page page;
  if (auto project = call.parts.engine->current_project())
    for (const auto& [name, workflow] : project->workflows) page.rows.push_back(summary_of(*workflow));
  return page_response(page);
}

}  // namespace gantry::server
