// The part of the projection that is about effects and human tasks.
#include "journal/sqlite_projection.h"

namespace gantry::journal {
namespace {

std::int64_t number_of(EffectState state) {
  return static_cast<std::int64_t>(state);
}

// `effect` is the whole effect, {id}, or the id.
std::string_view effect_id(const Event& event) {
  const Value* effect = event.data.find("effect");
  if (!effect) return {};
  return effect->is_string() ? effect->as_string() : effect->string_or("id", "");
}

bool has_whole_effect(const Event& event) {
  const Value* effect = event.data.find("effect");
  return effect && effect->is_object() && effect->find("tool");
}

std::int64_t work_microseconds(Timestamp at) {
  return at.time_since_epoch().count();
}

}  // namespace

void SqliteProjection::move_effect(EffectState from, EffectState to) {
  --effect_changes_[static_cast<std::size_t>(from)];
  ++effect_changes_[static_cast<std::size_t>(to)];
}

Status SqliteProjection::begin_effect(const EventPlace& place, const Event& event, EffectState state) {
  const Value effect = event.data.member("effect");
  bool permitted = state == EffectState::permitted;
  auto insert =
      TRY(connection_.use("INSERT INTO journal_effect (id, stream, state, attempts, tool, operation, first_event, "
                          "permit_event, end_event) VALUES (?,?,?,?,?,?,?,?,?)"
                          " ON CONFLICT DO NOTHING"));
  insert->bind(1, effect_id(event))
      .bind(2, place.stream)
      .bind(3, number_of(state))
      .bind(4, static_cast<std::int64_t>(permitted));
  insert->bind_text_or_null(5, effect.string_or("tool", ""))
      .bind_text_or_null(6, effect.string_or("operation", ""))
      .bind(7, place.position);
  insert->bind(8, permitted ? std::optional(place.position) : std::nullopt);
  insert->bind(9, state == EffectState::denied ? std::optional(place.position) : std::nullopt);
  TRY(insert->run());
  if (connection_.changes() > 0) ++effect_changes_[static_cast<std::size_t>(state)];
  return done();
}

Status SqliteProjection::permit_effect(const EventPlace& place, const Event& event) {
  auto update = TRY(connection_.use(
      "UPDATE journal_effect SET state = 1, attempts = 1, permit_event = ? WHERE id = ? AND state = 0"));
  update->bind(1, place.position).bind(2, effect_id(event));
  TRY(update->run());
  if (connection_.changes() == 0)
    return has_whole_effect(event) ? begin_effect(place, event, EffectState::permitted) : done();
  move_effect(EffectState::proposed, EffectState::permitted);
  return done();
}

Status SqliteProjection::deny_effect(const EventPlace& place, const Event& event) {
  auto update = TRY(connection_.use("UPDATE journal_effect SET state = 5, end_event = ? WHERE id = ? AND state = 0"));
  update->bind(1, place.position).bind(2, effect_id(event));
  TRY(update->run());
  if (connection_.changes() == 0)
    return has_whole_effect(event) ? begin_effect(place, event, EffectState::denied) : done();
  move_effect(EffectState::proposed, EffectState::denied);
  return done();
}

Status SqliteProjection::send_effect_again(const Event& event) {
  auto resolve = TRY(connection_.use("UPDATE journal_effect SET state = 1 WHERE id = ? AND state = 2"));
  resolve->bind(1, effect_id(event));
  TRY(resolve->run());
  if (connection_.changes() > 0) move_effect(EffectState::ambiguous, EffectState::permitted);
  auto count = TRY(connection_.use("UPDATE journal_effect SET attempts = attempts + 1 WHERE id = ? AND state = 1"));
  count->bind(1, effect_id(event));
  return count->run();
}

Status SqliteProjection::doubt_effect(const EventPlace& place, const Event& event) {
  auto update = TRY(connection_.use("UPDATE journal_effect SET state = 2, doubt_event = ? WHERE id = ? AND state = 1"));
  update->bind(1, place.position).bind(2, effect_id(event));
  TRY(update->run());
  if (connection_.changes() > 0) move_effect(EffectState::permitted, EffectState::ambiguous);
  return done();
}

// The first end counts. Nearly always the effect was permitted; the other states are tried after that.
Status SqliteProjection::end_effect(const EventPlace& place, const Event& event, EffectState state) {
  auto update = TRY(connection_.use("UPDATE journal_effect SET state = ?, end_event = ? WHERE id = ? AND state = ?"));
  for (EffectState from : {EffectState::permitted, EffectState::ambiguous, EffectState::proposed}) {
    update->bind(1, number_of(state)).bind(2, place.position).bind(3, effect_id(event)).bind(4, number_of(from));
    TRY(update->run());
    if (connection_.changes() == 0) continue;
    move_effect(from, state);
    break;
  }
  return done();
}

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
  insert->bind(8, work_microseconds(event.at))
      .bind(9, expires ? std::optional(work_microseconds(*expires)) : std::nullopt);
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
      .bind(2, work_microseconds(event.at))
      .bind(3, event.data.string_or("task", ""));
  TRY(update->run());
  if (connection_.changes() > 0) --open_task_changes_;
  return done();
}

}  // namespace gantry::journal
