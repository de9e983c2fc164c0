#include "journal/sqlite_query.h"

#include <charconv>
#include <limits>

#include "journal/event_blocks.h"
#include "journal/postgres_connection.h"
#include "journal/stored_utf8.h"
#include "value/json.h"

namespace gantry::journal {
namespace {

constexpr std::size_t page_rows_max = 1000;
// More than any journal has; what is added to a cursor stays a number.
constexpr std::int64_t cursor_max = std::int64_t{1} << 53;

// "workflow_name" -> "workflowName"
std::string camel_case(std::string_view name) {
  std::string text;
  bool raise = false;
  for (char letter : name) {
    if (letter == '_') {
      raise = true;
      continue;
    }
    text += raise && letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter;
    raise = false;
  }
  return text;
}

}  // namespace

Result<Value> row_object(const DatabaseStatement& row) {
  std::vector<Member> members;
  for (int column = 0; column < row.column_count(); ++column) {
    std::string_view name = row.column_name(column);
    Value value;
    if (row.is_integer(column))
      value = Value(row.integer(column));
    else if (name == "roles" && !row.is_null(column))
      value = TRY(parse_json(readable_text(row.text(column))));
    else if (!row.is_null(column))
      value = text_value(row.text(column));
    members.push_back({Text(camel_case(name)), std::move(value)});
  }
  return Value::object(std::move(members));
}

Result<std::optional<std::int64_t>> read_cursor(const std::string& cursor) {
  if (cursor.empty()) return std::optional<std::int64_t>();
  std::int64_t number = 0;
  auto [end, failure] = std::from_chars(cursor.data(), cursor.data() + cursor.size(), number);
  if (failure != std::errc() || end != cursor.data() + cursor.size() || number < 0 || number > cursor_max)
    return Error{
        Code::invalid_argument,
        fmt::format("'{}' is not a cursor; use the one that the page before gave, or none", cursor.substr(0, 40))};
  return std::optional(number);
}

Status check_limit(const PageRequest& page) {
  if (page.limit >= 1 && page.limit <= page_rows_max) return done();
  return Error{Code::invalid_argument,
               fmt::format("a page has 1 to {} rows, {} were asked for", page_rows_max, page.limit)};
}

Error nothing_found(const char* what, std::string_view id) {
  return {Code::not_found, fmt::format("the journal has no {} '{}'", what, id.substr(0, 100))};
}

Result<Page> SqliteQuery::page_of(const std::string& select, const Condition& condition, std::string_view order,
                                  const PageRequest& page, const char* place) {
  auto statement =
      TRY(connection_->prepare(fmt::format("{}{} {} LIMIT {}", select, condition.sql, order, page.limit + 1)));
  int parameter = 0;
  for (const auto& value : condition.parameters) {
    ++parameter;
    if (const auto* number = std::get_if<std::int64_t>(&value))
      statement->bind(parameter, *number);
    else
      statement->bind(parameter, std::string_view(std::get<std::string>(value)));
  }
  Page result;
  while (TRY(statement->step())) {
    if (result.rows.size() == page.limit) {
      result.next_cursor = fmt::format("{}", result.rows.back().integer_or(place, 0));
      break;
    }
    result.rows.push_back(TRY(row_object(*statement)));
  }
  return result;
}

Result<std::vector<Value>> SqliteQuery::rows_of(const std::string& sql, std::string_view parameter) {
  auto statement = TRY(connection_->prepare(sql));
  statement->bind(1, parameter);
  std::vector<Value> rows;
  while (TRY(statement->step())) rows.push_back(TRY(row_object(*statement)));
  return rows;
}

// The event's data with its labels; null for no event.
Result<Value> SqliteQuery::event_data(std::optional<std::int64_t> position) {
  if (!position) return Value();
  auto select = TRY(connection_->use("SELECT data, labels FROM journal_event WHERE position = ?"));
  select->bind(1, *position);
  bool found = TRY(select->step());
  if (!found) return Value();
  return data_from_text(*connection_, select->text(0), select->text(1));
}

// Newest first: new instances come before the first page and move nothing.
Result<Page> SqliteQuery::instances(const InstanceFilter& filter, const PageRequest& page) {
  TRY(check_limit(page));
  auto cursor = TRY(read_cursor(page.cursor));
  Condition condition;
  if (filter.status) {
    constexpr const char* goes_on = "i.status = 0 AND i.suspended = 0 AND i.stuck_event IS NULL";
    constexpr const char* has_open_task =
        "EXISTS (SELECT 1 FROM journal_task t WHERE t.stream = i.stream AND t.open = 1)";
    if (*filter.status == "stuck") {
      condition.add("i.status = 0 AND i.stuck_event IS NOT NULL");
    } else if (*filter.status == "suspended") {
      condition.add("i.status = 0 AND i.suspended = 1 AND i.stuck_event IS NULL");
    } else if (*filter.status == "waiting") {
      condition.add(goes_on);
      condition.add("i.stream IN (SELECT stream FROM journal_task WHERE open = 1)");
    } else if (*filter.status == "running") {
      condition.add(goes_on);
      condition.add(std::string("NOT ") + has_open_task);
    } else {
      std::int64_t number = -1;
      for (std::size_t i = 1; i < instance_status_names.size(); ++i)
        if (*filter.status == instance_status_names[i]) number = static_cast<std::int64_t>(i);
      if (number < 0)
        return Error{
            Code::invalid_argument,
            fmt::format("'{}' is no status of an instance; expected running, waiting, suspended, stuck, completed, "
                        "faulted or cancelled",
                        filter.status->substr(0, 40))};
      condition.add("i.status = ?", number);
    }
  }
  if (filter.workflow) {
    std::size_t slash = filter.workflow->find('/');
    if (slash == std::string::npos)
      return Error{Code::invalid_argument,
                   fmt::format("'{}' is no workflow; expected NAMESPACE/NAME", filter.workflow->substr(0, 100))};
    condition.add("i.workflow IN (SELECT number FROM journal_workflow WHERE namespace = ? AND name = ?)",
                  filter.workflow->substr(0, slash));
    condition.parameters.emplace_back(filter.workflow->substr(slash + 1));
  }
  if (cursor) condition.add("i.stream < ?", *cursor);
  std::lock_guard lock(connection_->mutex());
  return page_of(
      fmt::format("SELECT {} FROM journal_instance i CROSS JOIN instances v ON v.number = i.stream", instance_columns),
      condition, "ORDER BY i.stream DESC", page, "number");
}

Result<Value> SqliteQuery::instance(std::string_view id) {
  std::lock_guard lock(connection_->mutex());
  auto rows = TRY(rows_of(fmt::format("SELECT {}, v.events, v.migration, v.reason FROM instances v WHERE v.number = (SELECT number "
                                      "FROM journal_stream WHERE id = ?)",
                                      instance_columns),
                          id));
  if (rows.empty()) return nothing_found("instance", id);
  Value result = std::move(rows.front());
  auto places = TRY(connection_->use("SELECT start_event, end_event FROM journal_instance WHERE stream = ?"));
  places->bind(1, result.integer_or("number", 0));
  TRY(places->step());
  Value start = TRY(event_data(places->integer(0)));
  Value end = TRY(event_data(places->is_null(1) ? std::nullopt : std::optional(places->integer(1))));
  result = std::move(result).with_member("input", start.is_object() ? start.member("input") : Value());
  result = std::move(result).with_member("output", end.is_object() ? end.member("output") : Value());
  result = std::move(result).with_member("error", end.is_object() ? end.member("error") : Value());
  constexpr const char* of_stream = "= (SELECT number FROM journal_stream WHERE id = ?1)";
  auto effects =
      TRY(rows_of(fmt::format("SELECT {} FROM effects v WHERE v.instance = ? ORDER BY v.position LIMIT {}", effect_columns,
                              detail_rows_max),
                  id));
  auto tasks = TRY(rows_of(fmt::format("SELECT {} FROM journal_task t CROSS JOIN tasks v ON v.position = t.event WHERE "
                                       "t.stream {} ORDER BY t.event LIMIT {}",
                                       task_columns, of_stream, detail_rows_max),
                           id));
  auto children = TRY(rows_of(fmt::format("SELECT {} FROM journal_instance i CROSS JOIN instances v ON v.number = "
                                          "i.stream WHERE i.parent = ?1 ORDER BY i.stream LIMIT {}",
                                          instance_columns, detail_rows_max),
                              id));
  result = std::move(result).with_member("effects", Value::array(std::move(effects)));
  result = std::move(result).with_member("tasks", Value::array(std::move(tasks)));
  return std::move(result).with_member("children", Value::array(std::move(children)));
}

Result<Page> SqliteQuery::events(std::string_view instance, const PageRequest& page) {
  TRY(check_limit(page));
  auto cursor = TRY(read_cursor(page.cursor));
  std::lock_guard lock(connection_->mutex());
  auto stream = TRY(connection_->use("SELECT number FROM journal_stream WHERE id = ?"));
  stream->bind(1, instance);
  bool known = TRY(stream->step());
  if (!known && !instance.empty()) return nothing_found("instance", instance);
  auto select = TRY(connection_->prepare(
      fmt::format("SELECT s.id, e.sequence, e.at, e.type, e.data, e.labels, e.position FROM journal_event e JOIN "
                  "journal_stream s ON s.number = e.stream WHERE e.position IN (SELECT position FROM journal_stream_event "
                  "WHERE stream = (SELECT number FROM journal_stream WHERE id = ?1) AND block BETWEEN ?2 / {0} AND ?3 "
                  "AND sequence > ?2 ORDER BY sequence LIMIT {1}) ORDER BY e.position",
                  events_in_block, page.limit + 1)));
  const std::int64_t after = cursor.value_or(0), expected_last = after + static_cast<std::int64_t>(page.limit) + 1;
  Page result = TRY(events_page(*connection_, *select, instance, after, block_of(expected_last), page.limit));
  // The end; or some are missing that retention has begun to remove, or that somebody has taken out.
  if (result.next_cursor.empty())
    result = TRY(events_page(*connection_, *select, instance, after, std::numeric_limits<std::int64_t>::max(), page.limit));
  return result;
}

Result<Page> SqliteQuery::events_page(DatabaseConnection& connection, DatabaseStatement& select,
                                      std::string_view instance, std::int64_t after, std::int64_t last_block,
                                      std::size_t limit) {
  select.reset();
  select.bind(1, instance).bind(2, after).bind(3, last_block);
  Page result;
  while (TRY(select.step())) {
    if (result.rows.size() == limit) {
      result.next_cursor = fmt::format("{}", result.rows.back().integer_or("sequence", 0));
      break;
    }
    Event event = TRY(event_from_row(connection, select));
    result.rows.push_back(Value::object({{"position", Value(select.integer(6))},
                                         {"instance", Value(event.instance)},
                                         {"sequence", Value(static_cast<std::int64_t>(event.sequence))},
                                         {"at", Value(format_timestamp(event.at))},
                                         {"type", Value(name_of(event.type))},
                                         {"data", event.data}}));
  }
  return result;
}

Result<std::unique_ptr<Query>> Query::open(const std::string& url) {
  const PostgresAddress address = TRY(PostgresAddress::parse(url));
  std::shared_ptr<PostgresConnection> connection = TRY(PostgresConnection::open(address, true));
  TRY(check_schema(*connection));
  return std::unique_ptr<Query>(std::make_unique<SqliteQuery>(std::move(connection)));
}

Result<std::unique_ptr<Query>> Query::open(Store& store) {
  auto* sqlite = dynamic_cast<SqliteStore*>(&store);
  if (!sqlite)
    return Error{Code::invalid_argument, fmt::format("the store {} is not kept in SQLite", store.location())};
  auto connection = TRY(sqlite->open_reader());
  if (!connection->is_memory()) TRY(check_schema(*connection));
  return std::unique_ptr<Query>(std::make_unique<SqliteQuery>(std::move(connection)));
}

}  // namespace gantry::journal
