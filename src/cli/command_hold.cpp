// hold: legal holds, through the server's API.
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/output.h"

namespace gantry::cli {

int hold_command(const HoldOptions& options) {
  auto client = Client::create(options.server);
  if (!client) return fail(client.error());
  if (options.action == "list") {
    auto holds = client->list("/api/v1/holds");
    if (!holds) return fail(holds.error());
    if (options.server.json) {
      print_value(Value::array(*holds));
      return exit_done;
    }
    std::vector<std::vector<std::string>> table{{"SCOPE", "PERSON", "PLACED", "REASON"}};
    for (const Value& hold : *holds) {
      table.emplace_back();
      for (const char* key : {"scope", "person", "placedAt", "reason"})
        table.back().emplace_back(hold.string_or(key, ""));
    }
    print_table(table);
    return exit_done;
  }
  Value body = Value::object({{"action", Value(options.action)}, {"reason", Value(options.reason)}});
  if (!options.workflow.empty()) body = std::move(body).with_member("workflow", Value(options.workflow));
  if (!options.instance.empty()) body = std::move(body).with_member("instance", Value(options.instance));
  auto answer = client->post("/api/v1/holds", body);
  if (!answer) return fail(answer.error());
  if (options.server.json)
    print_value(*answer);
  else
    note(options.action == "place" ? "held: retention removes nothing of it" : "the hold is lifted");
  return exit_done;
}

}  // namespace gantry::cli
