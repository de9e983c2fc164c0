// The part of the projection that is about human tasks.
#include "journal/sqlite_projection.h"

namespace gantry::journal {
namespace {

std::int64_t task_microseconds(Timestamp at) {
  return at.time_since_epoch().count();
}

}  // namespace

Status SqliteProjection::create_task(const EventPlace& place, const Event& event) {
  auto expires = parse_timestamp(event.data.string_or("expires", ""));
  auto insert =
      TRY(connection_.use("INSERT INTO journal_task (event, id, stream, kind, title, effect, requester, open, "
                          "created_at, expires_at) VALUES (?,?,?,?,?,?,?,1,?,?)"));
  insert->bind(1, place.position).bind(2, event.data.string_or("task", "")).bind(3, place.stream);
  insert->bind_text_or_null(4, event.data.string_or("kind", ""))
      .bind_text_or_null(5, event.data.string_or("title", ""));
  insert->bind_text_or_null(6, effect_id(event));
  const Value* requester = event.data.find("requester");
  insert->bind_text_or_null(7, !requester               ? ""
                               : requester->is_string() ? requester->as_string()
                                                        : requester->string_or("person", ""));
  insert->bind(8, task_microseconds(event.at))
      .bind(9, expires ? std::optional(task_microseconds(*expires)) : std::nullopt);
  TRY(insert->run());
  ++open_task_changes_;
  auto add_role =
      TRY(connection_.use("INSERT INTO journal_task_role (role, task) VALUES (?,?) ON CONFLICT DO NOTHING"));
  for (const char* list : {"roles", "requirements"}) {
    const Value* entries = event.data.find(list);
    if (!entries || !entries->is_array()) continue;
    for (const Value& entry : entries->items()) {
      std::string_view role = entry.is_string()   ? entry.as_string()
                              : entry.is_object() ? entry.string_or("role", "")
                                                  : "";
      if (role.empty()) continue;
      add_role->bind(1, role).bind(2, place.position);
      TRY(add_role->run());
    }
  }
  return done();
}

Status SqliteProjection::add_vote(const EventPlace& place, const Event& event) {
  auto insert = TRY(connection_.use("INSERT INTO journal_vote (event, task, person, approve) VALUES (?,?,?,?)"));
  insert->bind(1, place.position)
      .bind(2, event.data.string_or("task", ""))
      .bind_text_or_null(3, event.data.string_or("person", ""));
  insert->bind(4, static_cast<std::int64_t>(event.data.boolean_or("approve", false)));
  return insert->run();
}

Status SqliteProjection::answer_task(const EventPlace& place, const Event& event) {
  auto update = TRY(connection_.use(
      "UPDATE journal_task SET answer_event = ?, answered_by = ? WHERE id = ? AND answer_event IS NULL"));
  update->bind(1, place.position)
      .bind_text_or_null(2, event.data.string_or("person", ""))
      .bind(3, event.data.string_or("task", ""));
  return update->run();
}

Status SqliteProjection::close_task(const Event& event) {
  auto update =
      TRY(connection_.use("UPDATE journal_task SET open = 0, outcome = ?, closed_at = ? WHERE id = ? AND open = 1"));
  update->bind_text_or_null(1, event.data.string_or("outcome", ""))
      .bind(2, task_microseconds(event.at))
      .bind(3, event.data.string_or("task", ""));
  const std::int64_t changed = TRY(update->run_counted());
  if (changed > 0) --open_task_changes_;
  return done();
}

}  // namespace gantry::journal
