// mcp tools, mcp pin: what an MCP server says of its tools, and keeping that somebody has looked at it. The question
// goes through the gate as every other effect: the project's policies say whether it may be asked.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>

#include "base/log.h"
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/output.h"
#include "cli/pin_edit.h"
#include "gate/gate.h"
#include "tool/drivers.h"
#include "tool/mcp_binding.h"
#include "tool/mcp_standard_call.h"
#include "value/json.h"

namespace gantry::cli {
namespace {

struct McpTool {
  definition::SourceFiles files;
  definition::ProjectPointer project;
  const definition::Tool* tool = nullptr;
};

// Without the drivers' checks: a pin that is missing is what this is for.
Result<McpTool> find_tool(const McpOptions& options) {
  auto read = definition::read_project_files(options.directory);
  if (const auto* problems = std::get_if<definition::Problems>(&read)) {
    print_problems(*problems, {}, options.directory);
    return Error{Code::invalid_argument, fmt::format("the project in '{}' can't be read", options.directory)};
  }
  McpTool found;
  found.files = std::get<definition::SourceFiles>(std::move(read));
  auto loaded = definition::load_project(found.files);
  if (const auto* problems = std::get_if<definition::Problems>(&loaded)) {
    print_problems(*problems, found.files, options.directory);
    return Error{Code::invalid_argument, fmt::format("{} problem(s) in the definitions", problems->size())};
  }
  found.project = std::get<definition::ProjectPointer>(loaded);
  const auto tool = found.project->tools.find(options.tool);
  if (tool == found.project->tools.end() || tool->second->driver != "mcp") {
    return Error{Code::not_found, fmt::format("the project has no tool '{}' with the driver mcp", options.tool)};
  }
  found.tool = tool->second.get();
  return found;
}

Result<std::vector<Value>> ask_for_tools(const McpOptions& options, const McpTool& found) {
  tool::DriverOptions drivers;
  drivers.directory = options.directory;
  drivers.http.egress_allow = found.project->settings.egress_allow;
  drivers.http.host_override = TRY(read_host_overrides(options.host_overrides));
  auto opened = TRY(tool::Secrets::open(found.project->settings.secrets, options.directory));
  for (const std::string& warning : opened.warnings) log(LogLevel::warning, warning);
  drivers.http.secrets = std::move(opened.secrets);
  const gate::Gate gate(tool::standard_drivers(drivers));
  tool::Effect effect;
  effect.id = effect.key = effect.instance = "command-line";
  effect.task = "/";
  effect.tool = options.tool;
  effect.operation = tool::mcp_listing_operation_name;
  effect.arguments = Value::object({});
  TRY(tool::complete_effect(effect, *found.project));
  const definition::Principal asker{.person = options.person.empty() ? login_name() : options.person, .roles = {}};
  const gate::Verdict verdict = gate.check(*found.project, *found.project, effect, asker, SystemClock().now());
  if (verdict.kind != definition::VerdictKind::allow) {
    return Error{
        Code::denied,
        fmt::format("the policies don't allow to ask the server ({}: {}); allow '{}.*' with the class egress_read",
                    verdict.rule, verdict.reason, options.tool)};
  }
  tool::Permit permit = TRY(gate.permit(effect, verdict));
  const tool::Outcome outcome = gate.perform(std::move(permit), *found.project, 1, {});
  if (outcome.kind != tool::Outcome::Kind::done) return Error{Code::unavailable, outcome.error.detail};
  return outcome.result.member("tools").items();
}

// The operations that stand for each tool of the server, by the tool's name there.
std::multimap<std::string, const definition::Operation*> bound_operations(const definition::Tool& tool) {
  std::multimap<std::string, const definition::Operation*> bound;
  for (const auto& [name, operation] : tool.operations) {
    if (operation.binding.is_object()) bound.emplace(operation.binding.string_or("tool", ""), &operation);
  }
  return bound;
}

Value description_of(const Value& listed, const std::multimap<std::string, const definition::Operation*>& bound) {
  const std::string name(listed.string_or("name", ""));
  const std::string pin = tool::mcp_pin_of(listed);
  std::vector<Value> operations;
  bool same = true;
  for (auto [at, end] = bound.equal_range(name); at != end; ++at) {
    operations.emplace_back(at->second->name);
    same = same && at->second->binding.string_or("pin", "") == pin;
  }
  const char* state = operations.empty() ? "not declared" : same ? "pinned" : "not pinned, or changed";
  return Value::object(
      {{"tool", listed}, {"pin", pin}, {"operations", Value::array(std::move(operations))}, {"state", state}});
}

void print_description(const Value& described) {
  const Value tool = described.member("tool");
  print_result(fmt::format("{}  ({})", printable(tool.string_or("name", "")), described.string_or("state", "")));
  if (const auto text = tool.string_or("description", ""); !text.empty()) print_result("  " + printable(text));
  print_result("  arguments: " + printable(print_json(tool.member("inputSchema"))));
  print_result(fmt::format("  pin: \"{}\"", described.string_or("pin", "")));
}

Status replace_file(const std::string& path, const std::string& text) {
  const std::string fresh = path + ".new";
  {
    std::ofstream file(fresh, std::ios::binary | std::ios::trunc);
    file << text;
    file.flush();
    if (!file) return Error{Code::unavailable, fmt::format("can't write '{}'", fresh)};
  }
  std::error_code error;
  std::filesystem::rename(fresh, path, error);
  if (error) return Error{Code::unavailable, fmt::format("can't replace '{}': {}", path, error.message())};
  return done();
}

Result<int> list_tools(const McpOptions& options) {
  const McpTool found = TRY(find_tool(options));
  const std::vector<Value> tools = TRY(ask_for_tools(options, found));
  const auto bound = bound_operations(*found.tool);
  std::vector<Value> descriptions;
  for (const Value& listed : tools) descriptions.push_back(description_of(listed, bound));
  if (options.json) {
    print_value(Value::array(std::move(descriptions)));
  } else {
    for (const Value& described : descriptions) print_description(described);
  }
  return static_cast<int>(exit_done);
}

Result<int> pin_tools(const McpOptions& options) {
  const McpTool found = TRY(find_tool(options));
  const std::vector<Value> tools = TRY(ask_for_tools(options, found));
  std::map<std::string, std::string> pins;
  for (const auto& [name, operation] : bound_operations(*found.tool)) {
    if (name.empty()) continue;
    const auto listed = std::find_if(tools.begin(), tools.end(), [&, wanted = name](const Value& tool) {
      return tool.string_or("name", "") == wanted;
    });
    if (listed == tools.end()) {
      return Error{Code::not_found, fmt::format("operation '{}': the server has no tool '{}'", operation->name, name)};
    }
    const std::string pin = tool::mcp_pin_of(*listed);
    if (operation->binding.string_or("pin", "") == pin) continue;
    pins[operation->name] = pin;
    print_description(description_of(*listed, {{name, operation}}));
  }
  if (!pins.empty()) {
    const std::string changed = TRY(with_pins(found.files.at(found.tool->path), pins));
    TRY(replace_file((std::filesystem::path(options.directory) / found.tool->path).string(), changed));
  }
  print_result(fmt::format("{}: {} pinned, {} unchanged", found.tool->path, pins.size(),
                           found.tool->operations.size() - pins.size()));
  return static_cast<int>(exit_done);
}

}  // namespace

int mcp_command(const McpOptions& options) {
  const Result<int> status = options.action == "pin" ? pin_tools(options) : list_tools(options);
  if (status) return *status;
  const int failed = fail(status.error());
  return status.error().code == Code::denied ? static_cast<int>(exit_no) : failed;
}

}  // namespace gantry::cli
