// migrate: what would become of each running instance in another version of its workflow, the move, and back.
#include <fmt/format.h>

#include "cli/client.h"
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/output.h"
#include "value/json.h"
#include "value/yaml.h"

namespace gantry::cli {
namespace {

std::string cell(const Value& row, std::string_view key) {
  const std::string text(row.string_or(key, ""));
  return text.empty() ? "-" : text;
}

// One line for what is in the way, or for each entry that the mapping has or needs.
void add_rows(const Value& row, std::vector<std::vector<std::string>>& table) {
  const std::string instance(row.string_or("instance", "")), kind(row.string_or("class", ""));
  const Value needs = row.member("needs");
  if (!needs.is_array()) return table.push_back({instance, kind, cell(row, "task"), "-", cell(row, "reason")});
  for (const Value& need : needs.items()) {
    const bool given = need.boolean_or("given", false);
    const std::string target = need.string_or("target", "").empty() ? "-" : (given ? "" : "suggested: ") + cell(need, "target");
    table.push_back({instance, kind, cell(need, "task"), target, cell(need, "reason")});
  }
}

void print_plan(const Value& plan, const ServerOptions& server) {
  if (server.json) return print_value(plan);
  std::vector<std::vector<std::string>> table = {{"INSTANCE", "CLASS", "TASK", "THERE", "REASON"}};
  for (const Value& row : plan.member("instances").items()) add_rows(row, table);
  print_table(table);
  note(fmt::format("{} compatible, {} convertible, {} stuck; {} can move{}", plan.integer_or("compatible", 0),
                   plan.integer_or("convertible", 0), plan.integer_or("stuck", 0), plan.integer_or("movable", 0),
                   plan.boolean_or("more", false) ? "; there are more, for another migration" : ""));
}

int undo(const MigrateOptions& options) {
  auto client = Client::create(options.server);
  if (!client) return fail(client.error());
  auto answer = client->post("/api/v1/migrations/" + percent_encode(options.undo) + "/undo",
                             Value::object({{"partly", options.partly}}));
  if (!answer) return fail(answer.error());
  if (options.server.json)
    print_value(*answer);
  else
    for (const Value& row : answer->member("stay").items()) print_result(cell(row, "instance") + " stays: " + cell(row, "reason"));
  note(fmt::format("{} moved back", answer->integer_or("undone", 0)));
  return exit_done;
}

Result<Value> body_of(const MigrateOptions& options) {
  Value body = Value::object({{"workflow", options.workflow}, {"from", options.from}, {"to", options.to}});
  if (options.map.empty()) return body;
  const std::string text = TRY(read_file(options.map));
  auto mapping = parse_yaml(text);
  if (const auto* error = std::get_if<YamlError>(&mapping))
    return Error{Code::invalid_argument, fmt::format("{}:{}:{}: {}", options.map, error->place.line, error->place.column, error->message)};
  return std::move(body).with_member("mapping", std::get<YamlDocument>(mapping).root);
}

}  // namespace

int migrate_command(const MigrateOptions& options) {
  if (!options.undo.empty()) return undo(options);
  if (options.plan == options.apply || options.to.empty())
    return fail({Code::invalid_argument, "expected --plan or --apply with NAMESPACE/NAME FROM TO, or --undo MIGRATION"});
  const auto body = body_of(options);
  if (!body) return fail(body.error());
  auto client = Client::create(options.server);
  if (!client) return fail(client.error());
  auto answer = client->post(options.apply ? "/api/v1/migrations" : "/api/v1/migrations/plan", *body);
  if (!answer) return fail(answer.error());
  print_plan(*answer, options.server);
  const auto rows = static_cast<std::int64_t>(answer->member("instances").size());
  if (options.plan) return answer->integer_or("movable", 0) == rows ? exit_done : exit_no;
  const std::string migration(answer->string_or("migration", ""));
  note(migration.empty() ? "none moved"
                         : fmt::format("{} moved; back, until something happens to them: gantry migrate --undo {}",
                                       answer->integer_or("moved", 0), migration));
  return exit_done;
}

}  // namespace gantry::cli
