// approve, reject, gate: what people say to effects, through the server's API.
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/output.h"
#include "value/json.h"

namespace gantry::cli {
namespace {

std::string missing_text(const Value& answer) {
  std::string missing;
  if (const Value* list = answer.find("missing"); list && list->is_array())
    for (const Value& needed : list->items())
      missing += (missing.empty() ? "" : ", ") + std::to_string(needed.integer_or("count", 1)) + " of " +
                 std::string(needed.string_or("role", "?"));
  return missing;
}

void print_vote(const Value& answer) {
  const std::string missing = missing_text(answer);
  print_result(std::string(answer.string_or("task", "")) + ": " + std::string(answer.string_or("state", "")) +
               (missing.empty() ? "" : "; still needs " + missing));
}

// What the task shows now. Who names no digest has seen nothing else than what this fetches.
Result<std::string> shown_digest(const Client& client, const std::string& id, const std::string& given) {
  if (!given.empty()) return given;
  const Value task = TRY(client.get("/api/v1/tasks/" + percent_encode(id)));
  return std::string(task.string_or("digest", ""));
}

Result<Value> vote_on(const Client& client, const std::string& id, const std::string& digest, bool approve,
                      const std::string& comment) {
  const std::string shown = TRY(shown_digest(client, id, digest));
  return client.post("/api/v1/tasks/" + percent_encode(id) + "/answer",
                     Value::object({{"approve", approve}, {"comment", comment}, {"digest", shown}}));
}

Result<Value> approve_all(const Client& client, const ApproveOptions& options) {
  std::vector<Value> tasks;
  for (const std::string& id : options.ids) {
    const std::string shown = TRY(shown_digest(client, id, ""));
    tasks.push_back(Value::object({{"id", id}, {"digest", shown}}));
  }
  return client.post("/api/v1/approvals",
                     Value::object({{"tasks", Value::array(std::move(tasks))}, {"comment", options.comment}}));
}

int print_stops(const Value& state) {
  const Value* stops = state.find("stops");
  if (stops == nullptr || !stops->is_array() || stops->size() == 0) {
    print_result("the gate is open");
    return exit_done;
  }
  std::vector<std::vector<std::string>> table{{"TOOL", "WORKFLOW", "PRINCIPAL", "BY", "AT", "REASON"}};
  for (const Value& stop : stops->items()) {
    table.emplace_back();
    for (const char* key : {"tool", "workflow", "principal", "by", "at", "reason"})
      table.back().emplace_back(stop.string_or(key, "").empty() ? "all" : stop.string_or(key, ""));
    if (stop.string_or("reason", "").empty()) table.back().back() = "-";
  }
  print_table(table);
  return exit_done;
}

}  // namespace

int approve_command(const ApproveOptions& options) {
  if (options.ids.size() > 1 && !options.digest.empty())
    return fail({Code::invalid_argument, "--digest is for one task; several are read before they are approved"});
  auto client = Client::create(options.server);
  if (!client) return fail(client.error());
  Result<Value> answer = options.ids.size() == 1
                             ? vote_on(*client, options.ids[0], options.digest, true, options.comment)
                             : approve_all(*client, options);
  if (!answer) return fail(answer.error());
  if (options.server.json) {
    print_value(*answer);
  } else if (const Value* tasks = answer->find("tasks"); tasks && tasks->is_array()) {
    for (const Value& each : tasks->items()) print_vote(each);
  } else {
    print_vote(*answer);
  }
  return exit_done;
}

int reject_command(const IdOptions& options) {
  auto client = Client::create(options.server);
  if (!client) return fail(client.error());
  Result<Value> answer = vote_on(*client, options.id, options.digest, false, options.comment);
  if (!answer) return fail(answer.error());
  if (options.server.json)
    print_value(*answer);
  else
    print_vote(*answer);
  return exit_done;
}

namespace {

// Of nodes that share a database: who has not heard of it yet goes on as before until it has.
int say_unconfirmed(const Value& state) {
  const Value* partitions = state.find("unconfirmed");
  if (partitions == nullptr || !partitions->is_array() || partitions->size() == 0) return exit_done;
  std::string numbers;
  for (const Value& each : partitions->items())
    if (each.is_integer()) numbers += (numbers.empty() ? "" : ", ") + std::to_string(each.as_integer());
  note("not confirmed yet by partition " + numbers + ": what runs there may still act as before; ask again with 'gantry gate'");
  return exit_waiting;
}

}  // namespace

int gate_command(const GateOptions& options) {
  auto client = Client::create(options.server);
  if (!client) return fail(client.error());
  Value body = Value::object(std::vector<Member>{});
  for (const auto& [key, name] : {std::pair("tool", &options.tool), std::pair("workflow", &options.workflow),
                                  std::pair("principal", &options.principal)})
    if (!name->empty()) body = std::move(body).with_member(key, *name);
  if (options.action == "stop") body = std::move(body).with_member("reason", options.reason);
  Result<Value> state =
      options.action == "status" ? client->get("/api/v1/gate") : client->post("/api/v1/gate/" + options.action, body);
  if (!state) return fail(state.error());
  options.server.json ? print_value(*state) : static_cast<void>(print_stops(*state));
  return say_unconfirmed(*state);
}

}  // namespace gantry::cli
