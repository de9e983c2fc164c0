#include <algorithm>

#include "journal/sqlite_query.h"

namespace gantry::journal {
namespace {

constexpr std::int64_t events_looked_at_max = 100'000;  // for one page

}  // namespace

Result<Page> SqliteQuery::audit(const AuditFilter& filter, const PageRequest& page) {
  TRY(check_limit(page));
  auto cursor = TRY(read_cursor(page.cursor));
  const std::int64_t after = cursor.value_or(0);
  Condition condition;
  condition.add("e.position > ?", after);
  condition.add("e.position <= ?", after + events_looked_at_max);
  if (filter.instance)
    condition.add(
        "e.position IN (SELECT position FROM journal_stream_event WHERE stream = (SELECT number FROM journal_stream "
        "WHERE id = ?))",
        *filter.instance);
  if (filter.type) {
    auto type = TRY(parse_event_type(*filter.type));
    condition.add("e.type = ?", static_cast<std::int64_t>(type));
  }
  if (filter.from) condition.add("e.at >= ?", std::int64_t{filter.from->time_since_epoch().count()});
  if (filter.to) condition.add("e.at < ?", std::int64_t{filter.to->time_since_epoch().count()});
  if (filter.person)
    condition.add(
        "? IN (e.data ->> '$.principal.person', e.data ->> '$.by.person', e.data ->> '$.person', e.data ->> "
        "'$.requester.person')",
        *filter.person);
  std::lock_guard lock(connection_->mutex());
  auto select = TRY(connection_->prepare(
      fmt::format("SELECT s.id, e.sequence, e.at, e.type, e.data, e.labels, e.position, e.hash, EXISTS (SELECT 1 FROM "
                  "journal_erased g WHERE g.position = e.position) FROM journal_event e JOIN journal_stream s ON "
                  "s.number = e.stream{} ORDER BY e.position LIMIT {}",
                  condition.sql, page.limit + 1)));
  int parameter = 0;
  for (const auto& value : condition.parameters) {
    ++parameter;
    if (const auto* number = std::get_if<std::int64_t>(&value))
      select->bind(parameter, *number);
    else
      select->bind(parameter, std::string_view(std::get<std::string>(value)));
  }
  Page result;
  while (TRY(select->step())) {
    if (result.rows.size() == page.limit) {
      result.next_cursor = fmt::format("{}", result.rows.back().integer_or("position", 0));
      return result;
    }
    Event event = TRY(event_from_row(*connection_, *select));
    result.rows.push_back(Value::object({{"position", Value(select->integer(6))},
                                         {"instance", Value(event.instance)},
                                         {"sequence", Value(static_cast<std::int64_t>(event.sequence))},
                                         {"at", Value(format_timestamp(event.at))},
                                         {"type", Value(name_of(event.type))},
                                         {"hash", Value(hex_of(select->blob(7)))},
                                         {"erased", Value(select->integer(8) != 0)},
                                         {"data", event.data}}));
  }
  const std::int64_t last = TRY(connection_->integer_of("SELECT max(position) FROM journal_event"));
  if (last > after + events_looked_at_max) result.next_cursor = fmt::format("{}", after + events_looked_at_max);
  return result;
}

}  // namespace gantry::journal
