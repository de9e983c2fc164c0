// deploy, start, instances, show, journal, cancel, tasks, task, answer, emit: through the server's API. approve, reject
// and gate are in commands_gate.cpp.
#include <fmt/format.h>

#include <filesystem>

#include "cli/client.h"
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/output.h"
#include "value/json.h"

namespace gantry::cli {
namespace {

std::string text_of(const Value& row, std::string_view key) {
  const Value* value = row.find(key);
  if (!value || value->is_null()) return "-";
  return value->is_string() ? std::string(value->as_string()) : print_json(*value);
}

int print_rows(const std::vector<Value>& rows, const std::vector<std::pair<std::string, std::string>>& columns,
               bool json) {
  if (json) {
    print_value(Value::array(rows));
    return exit_done;
  }
  std::vector<std::vector<std::string>> table(1);
  for (const auto& [heading, key] : columns) table[0].push_back(heading);
  for (const Value& row : rows) {
    table.emplace_back();
    for (const auto& [heading, key] : columns) table.back().push_back(text_of(row, key));
  }
  print_table(table);
  note(std::to_string(rows.size()) + " row(s)");
  return exit_done;
}

// Runs `request` with a client and prints what it answers.
template <class Request>
int with_client(const ServerOptions& options, Request&& request) {
  auto client = Client::create(options);
  if (!client) return fail(client.error());
  Result<Value> answer = request(*client);
  if (!answer) return fail(answer.error());
  print_value(*answer);
  return exit_done;
}

// The files of a project directory, or single files by their name within one of the definition folders.
Result<Value> files_to_deploy(const std::vector<std::string>& paths) {
  Value files = Value::object(std::vector<Member>{});
  bool merge = false;
  for (const std::string& path : paths) {
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored)) {
      definition::ProjectPointer project = TRY(read_project(path));
      for (const auto& [name, text] : project->files) files = std::move(files).with_member(name, text);
      continue;
    }
    merge = true;
    std::filesystem::path file = std::filesystem::absolute(path).lexically_normal();
    std::string folder = file.parent_path().filename().string();
    bool known = folder == "workflows" || folder == "policies" || folder == "decisions" || folder == "tools";
    std::string name = file.filename() == "gantry.yaml"
                           ? "gantry.yaml"
                           : (known ? folder : "workflows") + "/" + file.filename().string();
    std::string text = TRY(read_file(path));
    files = std::move(files).with_member(name, text);
  }
  return Value::object({{"files", files}, {"merge", merge}});
}

int change_instance(const IdOptions& options, const char* action) {
  Value body = Value::object({{"reason", options.reason}});
  return with_client(options.server, [&](const Client& client) {
    return client.post("/api/v1/instances/" + percent_encode(options.id) + "/" + action, body);
  });
}

int go_on_from(const IdOptions& options, const char* action) {
  auto client = Client::create(options.server);
  if (!client) return fail(client.error());
  const Value body =
      options.task.empty() ? Value::object(std::vector<Member>{}) : Value::object({{"task", options.task}});
  auto answer = client->post("/api/v1/instances/" + percent_encode(options.id) + "/" + action, body);
  if (!answer) return fail(answer.error());
  if (options.server.json)
    print_value(*answer);
  else
    print_result(text_of(*answer, "instance"));
  note("goes on from " + text_of(*answer, "task") + " of " + options.id);
  return exit_done;
}

void print_deployed(const Value& answer, bool is_deployed) {
  std::vector<std::vector<std::string>> rows{{"WORKFLOW", "VERSION", "FILE"}};
  const Value workflows = answer.member("workflows");
  for (std::size_t i = 0; workflows.is_array() && i < workflows.size(); ++i) {
    const Value& each = workflows.item(i);
    rows.push_back(
        {text_of(each, "namespace") + "/" + text_of(each, "name"), text_of(each, "version"), text_of(each, "path")});
  }
  print_table(rows);
  const Value warnings = answer.member("warnings");
  for (std::size_t i = 0; warnings.is_array() && i < warnings.size(); ++i) {
    const Value& each = warnings.item(i);
    note(printable(fmt::format("{}:{}:{}: warning: {}", text_of(each, "path"), each.integer_or("line", 0),
                               each.integer_or("column", 0), text_of(each, "message"))));
  }
  if (is_deployed) note("deployed: project " + text_of(answer, "project").substr(0, 12));
}

}  // namespace

int deploy_command(const DeployOptions& options) {
  auto files = files_to_deploy(options.paths);
  if (!files) return fail(files.error());
  auto client = Client::create(options.server);
  if (!client) return fail(client.error());
  Result<Value> answer = client->post("/api/v1/projects", *files);
  if (!answer) return fail(answer.error());
  const bool is_deployed = answer->string_or("status", "deployed") == "deployed";
  if (options.server.json)
    print_value(*answer);
  else
    print_deployed(*answer, is_deployed);
  if (is_deployed) return exit_done;
  note("not yet: this changes policies, and people must approve it first; see 'gantry show " +
       text_of(*answer, "instance") + "'");
  return exit_waiting;
}

int start_command(const StartOptions& options) {
  std::string name = options.workflow, version;
  if (std::size_t colon = name.find(':'); colon != std::string::npos) {
    version = name.substr(colon + 1);
    name.resize(colon);
  }
  std::size_t slash = name.find('/');
  if (slash == std::string::npos)
    return fail({Code::invalid_argument,
                 "expected NAMESPACE/NAME or NAMESPACE/NAME:VERSION, found '" + options.workflow + "'"});
  auto input = read_input(options.input, Value::object(std::vector<Member>{}));
  if (!input) return fail(input.error());
  auto client = Client::create(options.server);
  if (!client) return fail(client.error());
  std::vector<std::pair<std::string, std::string>> headers;
  if (!options.key.empty()) headers.emplace_back("Idempotency-Key", options.key);
  std::string path = "/api/v1/workflows/" + percent_encode(name.substr(0, slash)) + "/" +
                     percent_encode(name.substr(slash + 1)) + "/instances?version=" + percent_encode(version) +
                     "&wait=" + std::to_string(options.wait_seconds);
  auto answer = client->post(path, *input, headers);
  if (!answer) return fail(answer.error());
  if (options.server.json)
    print_value(*answer);
  else
    print_result(text_of(*answer, "instance"));
  std::string status = text_of(*answer, "status");
  note(status + (answer->boolean_or("existed", false) ? " (this key had started it before)" : ""));
  return status == "faulted" || status == "cancelled" ? exit_no : exit_done;
}

int instances_command(const ListOptions& options) {
  auto client = Client::create(options.server);
  if (!client) return fail(client.error());
  std::string path =
      "/api/v1/instances?status=" + percent_encode(options.status) + "&workflow=" + percent_encode(options.workflow);
  auto rows = client->list(path);
  if (!rows) return fail(rows.error());
  return print_rows(*rows,
                    {{"INSTANCE", "id"},
                     {"NAMESPACE", "workflowNamespace"},
                     {"WORKFLOW", "workflowName"},
                     {"VERSION", "workflowVersion"},
                     {"STATUS", "status"},
                     {"STARTED", "startedAt"},
                     {"ENDED", "endedAt"}},
                    options.server.json);
}

int tasks_command(const ListOptions& options) {
  auto client = Client::create(options.server);
  if (!client) return fail(client.error());
  auto rows = client->list("/api/v1/tasks?state=" + percent_encode(options.state) + (options.all ? "&all=true" : ""));
  if (!rows) return fail(rows.error());
  return print_rows(*rows,
                    {{"TASK", "id"},
                     {"KIND", "kind"},
                     {"TITLE", "title"},
                     {"STATE", "state"},
                     {"CREATED", "createdAt"},
                     {"EXPIRES", "expiresAt"}},
                    options.server.json);
}

int show_command(const IdOptions& options) {
  return with_client(options.server, [&](const Client& client) {
    return client.get("/api/v1/instances/" + percent_encode(options.id));
  });
}

int journal_command(const IdOptions& options) {
  auto client = Client::create(options.server);
  if (!client) return fail(client.error());
  auto rows = client->list("/api/v1/instances/" + percent_encode(options.id) + "/journal");
  if (!rows) return fail(rows.error());
  return print_rows(*rows, {{"SEQUENCE", "sequence"}, {"AT", "at"}, {"TYPE", "type"}, {"DATA", "data"}},
                    options.server.json);
}

int cancel_command(const IdOptions& options) {
  return change_instance(options, "cancel");
}
int suspend_command(const IdOptions& options) {
  return change_instance(options, "suspend");
}
int resume_command(const IdOptions& options) {
  return change_instance(options, "resume");
}
int retry_command(const IdOptions& options) {
  return go_on_from(options, "retry");
}
int fork_command(const IdOptions& options) {
  return go_on_from(options, "fork");
}

int schedules_command(const ListOptions& options) {
  auto client = Client::create(options.server);
  if (!client) return fail(client.error());
  auto rows = client->list("/api/v1/schedules");
  if (!rows) return fail(rows.error());
  return print_rows(*rows,
                    {{"SCHEDULE", "schedule"},
                     {"EVERY", "every"},
                     {"CRON", "cron"},
                     {"AFTER", "after"},
                     {"COLLECTING", "collecting"},
                     {"NEXT", "next"},
                     {"SINCE", "since"}},
                    options.server.json);
}

int task_command(const IdOptions& options) {
  return with_client(options.server,
                     [&](const Client& client) { return client.get("/api/v1/tasks/" + percent_encode(options.id)); });
}

int answer_command(const IdOptions& options) {
  auto value = read_input(options.answer, {});
  if (!value) return fail(value.error());
  Value body = Value::object({{"answer", *value}});
  return with_client(options.server, [&](const Client& client) {
    return client.post("/api/v1/tasks/" + percent_encode(options.id) + "/answer", body);
  });
}

int emit_command(const EmitOptions& options) {
  auto event = read_input(options.event, {});
  if (!event) return fail(event.error());
  return with_client(options.server, [&](const Client& client) { return client.post("/api/v1/events", *event); });
}

}  // namespace gantry::cli
