// Human tasks, effects, CloudEvents, and the counts of all.
#include <limits>

#include "journal/sqlite_query.h"
#include "value/json.h"

namespace gantry::journal {

// Oldest first: who waits longest is first, and new tasks come after the last page.
Result<Page> SqliteQuery::tasks(const TaskFilter& filter, const PageRequest& page) {
  TRY(check_limit(page));
  auto cursor = TRY(read_cursor(page.cursor));
  std::string state = filter.state.value_or("open");
  if (state != "open" && state != "closed")
    return Error{Code::invalid_argument,
                 fmt::format("'{}' is no state of a task; expected open or closed", state.substr(0, 40))};
  Condition condition;
  condition.add(state == "open" ? "t.open = 1" : "t.open = 0");
  if (filter.instance) condition.add("t.stream = (SELECT number FROM journal_stream WHERE id = ?)", *filter.instance);
  if (!filter.roles.empty()) {
    std::string marks;
    for (std::size_t i = 0; i < filter.roles.size(); ++i) marks += i == 0 ? "?" : ",?";
    condition.add(
        fmt::format("EXISTS (SELECT 1 FROM journal_task_role r WHERE r.task = t.event AND r.role IN ({}))", marks));
    for (const std::string& role : filter.roles) condition.parameters.emplace_back(role);
  }
  if (cursor) condition.add("t.event > ?", *cursor);
  std::lock_guard lock(connection_->mutex());
  return page_of(fmt::format("SELECT {} FROM journal_task t CROSS JOIN tasks v ON v.position = t.event", task_columns),
                 condition, "ORDER BY t.event", page, "position");
}

Result<Value> SqliteQuery::task(std::string_view id) {
  std::lock_guard lock(connection_->mutex());
  auto rows =
      TRY(rows_of(fmt::format("SELECT {} FROM tasks v WHERE v.position = (SELECT event FROM journal_task WHERE id = ?)",
                              task_columns),
                  id));
  if (rows.empty()) return nothing_found("task", id);
  Value result = std::move(rows.front());
  auto places = TRY(connection_->use("SELECT event, answer_event FROM journal_task WHERE id = ?"));
  places->bind(1, id);
  TRY(places->step());
  Value created = TRY(event_data(places->integer(0)));
  Value answered = TRY(event_data(places->is_null(1) ? std::nullopt : std::optional(places->integer(1))));
  for (const char* name : {"requirements", "answerSchema", "context"})
    result = std::move(result).with_member(name, created.member(name));
  result = std::move(result).with_member("answer", answered.is_object() ? answered.member("answer") : Value());
  auto votes = TRY(rows_of(
      "SELECT person, roles, vote, comment, digest, voted_at FROM approvals WHERE task = ? ORDER BY position", id));
  result = std::move(result).with_member("votes", Value::array(std::move(votes)));
  Value effect;
  std::string effect_id(result.string_or("effect", ""));
  if (!effect_id.empty()) {
    auto found = effect_locked(effect_id);
    if (found)
      effect = *std::move(found);
    else if (found.error().code != Code::not_found)
      return found.error();
  }
  return std::move(result).with_member("effectDetail", std::move(effect));
}

Result<Value> SqliteQuery::effect(std::string_view id) {
  std::lock_guard lock(connection_->mutex());
  return effect_locked(id);
}

// An effect's id is its instance's with a number behind it: it is looked for among that instance's events.
Result<std::optional<std::int64_t>> SqliteQuery::place_of_effect(std::string_view id) {
  const std::size_t dash = id.rfind('-');
  const bool has_instance = dash != std::string_view::npos;
  auto select = TRY(connection_->use(
      has_instance
          ? "SELECT first_event FROM journal_effect_all WHERE id = ?1 AND first_event IN (SELECT position FROM "
            "journal_stream_event WHERE stream = (SELECT number FROM journal_stream WHERE id = ?2))"
          : "SELECT first_event FROM journal_effect_all WHERE id = ?1 AND ?2 = ''"));
  select->bind(1, id).bind(2, has_instance ? id.substr(0, dash) : std::string_view());
  const bool found = TRY(select->step());
  return found ? std::optional(select->integer(0)) : std::nullopt;
}

Result<Value> SqliteQuery::effect_locked(std::string_view id) {
  const std::optional<std::int64_t> position = TRY(place_of_effect(id));
  if (!position) return nothing_found("effect", id);
  auto rows = TRY(rows_of(fmt::format("SELECT {} FROM effects v WHERE v.position = CAST(CAST(? AS TEXT) AS BIGINT)", effect_columns),
                          std::to_string(*position)));
  if (rows.empty()) return nothing_found("effect", id);
  Value result = std::move(rows.front());
  auto places =
      TRY(connection_->use("SELECT first_event, permit_event, end_event FROM journal_effect_all WHERE first_event = ?"));
  places->bind(1, *position);
  TRY(places->step());
  auto place = [&](int column) {
    return places->is_null(column) ? std::nullopt : std::optional(places->integer(column));
  };
  Value first = TRY(event_data(place(0)));
  Value permit = TRY(event_data(place(1)));
  Value end = TRY(event_data(place(2)));
  Value effect = first.member("effect");
  result = std::move(result).with_member("arguments", effect.is_object() ? effect.member("arguments") : Value());
  result =
      std::move(result).with_member("verdict", permit.is_object() ? permit.member("verdict") : first.member("verdict"));
  result = std::move(result).with_member("approvals", permit.is_object() ? permit.member("approvals") : Value());
  result = std::move(result).with_member("result", end.is_object() ? end.member("result") : Value());
  return std::move(result).with_member("error", end.is_object() ? end.member("error") : Value());
}

Result<Page> SqliteQuery::cloud_events(const PageRequest& page) {
  TRY(check_limit(page));
  auto cursor = TRY(read_cursor(page.cursor));
  std::lock_guard lock(connection_->mutex());
  auto select =
      TRY(connection_->prepare(fmt::format("SELECT s.id, e.sequence, e.at, e.type, e.data, e.labels, e.position FROM "
                                           "journal_event e INDEXED BY journal_event_cloud"
                                           " CROSS JOIN journal_stream s ON s.number = e.stream WHERE e.type IN ({}) "
                                           "AND e.position < ? ORDER BY e.position DESC LIMIT {}",
                                           cloud_event_types, page.limit + 1)));
  select->bind(1, cursor.value_or(std::numeric_limits<std::int64_t>::max()));
  Page result;
  while (TRY(select->step())) {
    if (result.rows.size() == page.limit) {
      result.next_cursor = fmt::format("{}", result.rows.back().integer_or("position", 0));
      break;
    }
    Event event = TRY(event_from_row(*connection_, *select));
    result.rows.push_back(Value::object({{"position", Value(select->integer(6))},
                                         {"at", Value(format_timestamp(event.at))},
                                         {"direction", Value(event.type == EventType::event_received ? "in" : "out")},
                                         {"instance", Value(event.instance)},
                                         {"event", event.data.is_object() ? event.data.member("event") : Value()}}));
  }
  return result;
}

Result<Value> SqliteQuery::totals() {
  std::lock_guard lock(connection_->mutex());
  std::map<std::string, std::int64_t, std::less<>> counts;
  auto select = TRY(connection_->use("SELECT name, value FROM journal_count_all"));
  while (TRY(select->step())) counts.emplace(select->text(0), select->integer(1));
  auto count_of = [&](std::string_view name) {
    auto found = counts.find(name);
    return found == counts.end() ? 0 : found->second;
  };
  std::int64_t waiting =
      TRY(connection_->integer_of("SELECT count(DISTINCT t.stream) FROM journal_task t JOIN journal_instance i ON "
                                  "i.stream = t.stream WHERE t.open = 1 AND i.status = 0 AND i.suspended = 0 AND "
                                  "i.stuck_event IS NULL"));
  std::int64_t stuck = TRY(
      connection_->integer_of("SELECT count(*) FROM journal_instance WHERE stuck_event IS NOT NULL AND status = 0"));
  std::int64_t suspended = TRY(connection_->integer_of(
      "SELECT count(*) FROM journal_instance WHERE suspended = 1 AND stuck_event IS NULL AND status = 0"));
  std::vector<Member> instances, effects;
  for (const char* name : instance_status_names) {
    std::int64_t count = count_of(fmt::format("instances.{}", name));
    instances.push_back(
        {Text(name), Value(std::string_view(name) == "running" ? count - waiting - stuck - suspended : count)});
  }
  instances.push_back({Text("waiting"), Value(waiting)});
  instances.push_back({Text("suspended"), Value(suspended)});
  instances.push_back({Text("stuck"), Value(stuck)});
  for (const char* name : effect_state_names)
    effects.push_back({Text(name), Value(count_of(fmt::format("effects.{}", name)))});
  const std::int64_t bytes = TRY(connection_->bytes_used());
  return Value::object({{"instances", Value::object(std::move(instances))},
                        {"effects", Value::object(std::move(effects))},
                        {"tasks", Value::object({{"open", Value(count_of("tasks.open"))}})},
                        {"events", Value(count_of("events"))},
                        {"bytes", Value(bytes)}});
}

}  // namespace gantry::journal
