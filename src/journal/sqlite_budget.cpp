// What budgets are charged: kept in step with the events that charge them and give back, in their transaction.
#include "journal/sqlite_projection.h"
#include "journal/sqlite_store.h"
#include "value/json.h"

namespace gantry::journal {
namespace {

std::int64_t budget_microseconds(Timestamp at) {
  return at.time_since_epoch().count();
}

}  // namespace

Status SqliteProjection::add_to_budget(const Value& charge, int sign) {
  const Value* amount = charge.find("amount");
  const auto at = parse_timestamp(charge.string_or("at", ""));
  if (amount == nullptr || !amount->is_number() || !at) return done();
  const std::string number = print_json(Value(sign * amount->as_number()));
  auto add =
      TRY(connection_.use("INSERT INTO journal_budget (budget, key, at, amount) VALUES (?, ?, ?, CAST(CAST(? AS TEXT) AS "
                          "DOUBLE PRECISION)) ON CONFLICT (budget, key, at) DO UPDATE SET amount = journal_budget.amount + "
                          "excluded.amount"));
  add->bind(1, charge.string_or("budget", ""))
      .bind(2, charge.string_or("key", ""))
      .bind(3, budget_microseconds(*at))
      .bind(4, std::string_view(number));
  TRY(add->run());
  const auto per = parse_duration(charge.string_or("per", ""));
  if (!per) return done();
  // Parts that left the window long ago are of no use to anybody: the events still say what they were.
  auto forget = TRY(connection_.use("DELETE FROM journal_budget WHERE budget = ? AND key = ? AND at > 0 AND at < ?"));
  forget->bind(1, charge.string_or("budget", ""))
      .bind(2, charge.string_or("key", ""))
      .bind(3, budget_microseconds(*at - 2 * *per));
  return forget->run();
}

Status SqliteProjection::charge_budgets(const Event& event) {
  for (const auto& [list, sign] : {std::pair{"charges", 1}, std::pair{"refunds", -1}}) {
    const Value* charges = event.data.find(list);
    if (charges == nullptr || !charges->is_array()) continue;
    for (const Value& charge : charges->items()) TRY(add_to_budget(charge, sign));
  }
  return done();
}

// Those who may stand in now have it in their inbox.
Status SqliteProjection::escalate_task(const Event& event) {
  const Value* roles = event.data.find("roles");
  if (roles == nullptr || !roles->is_array()) return done();
  auto add =
      TRY(connection_.use("INSERT INTO journal_task_role (role, task) SELECT ?, event FROM journal_task WHERE id = ? "
                          "ON CONFLICT DO NOTHING"));
  for (const Value& role : roles->items()) {
    if (!role.is_string()) continue;
    add->bind(1, role.as_string()).bind(2, event.data.string_or("task", ""));
    TRY(add->run());
  }
  return done();
}

Result<std::vector<BudgetPart>> SqliteStore::budget_parts(std::string_view budget, std::string_view key) {
  std::lock_guard lock(connection_->mutex());
  auto select = TRY(connection_->use(
      "SELECT at, amount FROM journal_budget WHERE budget = ? AND key = ? ORDER BY at"));
  select->bind(1, budget).bind(2, key);
  std::vector<BudgetPart> parts;
  while (TRY(select->step())) parts.push_back({Timestamp(Duration(select->integer(0))), select->real(1)});
  return parts;
}

}  // namespace gantry::journal
