// Legal holds: two events of the installation and the table that they give.
#include <fmt/format.h>

#include "journal/retention.h"
#include "journal/sqlite_reader.h"

namespace gantry::journal {
namespace {

Result<std::string> scope_of(const HoldRequest& request) {
  if (request.workflow.empty() == request.instance.empty())
    return Error{Code::invalid_argument, "name a workflow, or an instance, to hold: one of the two"};
  if (request.reason.empty()) return Error{Code::invalid_argument, "a hold needs a reason; it is kept in the journal"};
  if (!request.workflow.empty() && request.workflow.find('/') == std::string::npos)
    return Error{Code::invalid_argument,
                 fmt::format("'{}' is no workflow; expected NAMESPACE/NAME", request.workflow.substr(0, 100))};
  return request.workflow.empty() ? "instance:" + request.instance : "workflow:" + request.workflow;
}

}  // namespace

Status SqliteStore::change_hold(const HoldRequest& request, bool place) {
  TRY(event_writer());
  const std::string scope = TRY(scope_of(request));
  std::lock_guard lock(connection_->mutex());
  return in_transaction("changing a hold", [&]() -> Status {
    auto known = TRY(connection_->use("SELECT 1 FROM journal_hold WHERE scope = ?"));
    known->bind(1, scope);
    const bool held = TRY(known->step());
    if (place && held) return Error{Code::conflict, fmt::format("{} is held already", scope)};
    if (!place && !held) return Error{Code::not_found, fmt::format("there is no hold on {}", scope)};
    Stream* stream = request.instance.empty() ? nullptr : TRY(stream_of(request.instance, false));
    if (place && !request.instance.empty() && !stream)
      return Error{Code::not_found, fmt::format("the journal has no instance '{}'", request.instance.substr(0, 100))};
    std::vector<Value> roles(request.by.roles.begin(), request.by.roles.end());
    Value by = Value::object({{"person", Value(request.by.person)}, {"roles", Value::array(std::move(roles))}});
    Value data = Value::object({{"by", std::move(by)}, {"reason", Value(request.reason)}});
    data = request.workflow.empty() ? std::move(data).with_member("instance", request.instance)
                                    : std::move(data).with_member("workflow", request.workflow);
    TRY(write_own(place ? EventType::hold_placed : EventType::hold_lifted, std::move(data), request.at));
    return finish_events();
  });
}

Status place_hold(Store& store, const HoldRequest& request) {
  SqliteStore* sqlite = TRY(sqlite_store_of(store));
  return sqlite->change_hold(request, true);
}

Status lift_hold(Store& store, const HoldRequest& request) {
  SqliteStore* sqlite = TRY(sqlite_store_of(store));
  return sqlite->change_hold(request, false);
}

Result<std::vector<Hold>> holds(Store& store) {
  auto connection = TRY(reader_of(store));
  std::lock_guard lock(connection->mutex());
  auto select = TRY(connection->prepare(
      "SELECT h.scope, e.data ->> '$.by.person', e.data ->> '$.reason', e.at FROM journal_hold h JOIN "
      "journal_event e ON e.position = h.event ORDER BY h.event"));
  std::vector<Hold> found;
  while (TRY(select->step()))
    found.push_back({std::string(select->text(0)), std::string(select->text(1)), std::string(select->text(2)),
                     Timestamp(Duration(select->integer(3)))});
  return found;
}

}  // namespace gantry::journal
