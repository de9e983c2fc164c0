// The part of the projection that is about effects and human tasks.
#include "journal/sqlite_projection.h"

namespace gantry::journal {
namespace {

constexpr std::size_t remembered_effects_max = 100'000;

std::int64_t number_of(EffectState state) {
  return static_cast<std::int64_t>(state);
}

bool is_open(EffectState state) {
  return state == EffectState::permitted || state == EffectState::ambiguous;
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

// Where the effect's row is; 0: there is none.
Result<std::int64_t> SqliteProjection::place_of_effect(const EventPlace& place, std::string_view id) {
  if (const auto known = effect_places_.find(id); known != effect_places_.end()) return known->second;
  auto select =
      TRY(places_.use("SELECT first_event FROM journal_effect WHERE first_event IN (SELECT position FROM journal_stream_event WHERE "
                      "stream = ?) AND id = ? ORDER BY first_event DESC LIMIT 1",
                      "SELECT f.first_event FROM journal_event_place p CROSS JOIN journal_effect f ON f.first_event = p.position WHERE "
                      "p.stream = ? AND f.id = ? ORDER BY p.sequence DESC LIMIT 1",
                      place.stream, true));
  select->bind(1, place.stream).bind(2, id);
  const bool found = TRY(select->step());
  return found ? select->integer(0) : 0;
}

// An effect that people are asked about anew is one effect: as it is asked about now.
Status SqliteProjection::forget_asked_effect(const EventPlace& place, const Event& event) {
  const std::int64_t first_event = TRY(place_of_effect(place, effect_id(event)));
  if (first_event == 0) return done();
  auto remove = TRY(connection_.use("DELETE FROM journal_effect WHERE first_event = ? AND state = ?"));
  remove->bind(1, first_event).bind(2, number_of(EffectState::proposed));
  effect_changes_[static_cast<std::size_t>(EffectState::proposed)] -= TRY(remove->run_counted());
  return done();
}

Status SqliteProjection::begin_effect(const EventPlace& place, const Event& event, EffectState state) {
  const Value* effect = event.data.find("effect");
  const auto said = [&](const char* key) { return effect != nullptr ? effect->string_or(key, "") : std::string_view(); };
  bool permitted = state == EffectState::permitted;
  auto insert = TRY(
      connection_.use("INSERT INTO journal_effect (first_event, id, state, attempts, tool, operation, permit_event, "
                      "end_event) VALUES (?,?,?,?,?,?,?,?)"));
  const std::string_view id = effect_id(event);
  insert->bind(1, place.position).bind(2, id).bind(3, number_of(state)).bind(4, static_cast<std::int64_t>(permitted));
  insert->bind_text_or_null(5, said("tool")).bind_text_or_null(6, said("operation"));
  insert->bind(7, permitted ? std::optional(place.position) : std::nullopt);
  insert->bind(8, state == EffectState::denied ? std::optional(place.position) : std::nullopt);
  TRY(insert->run());
  ++effect_changes_[static_cast<std::size_t>(state)];
  if (state == EffectState::denied) return done();
  count_open_effect(place.stream, int{is_open(state)});
  if (effect_places_.size() >= remembered_effects_max) effect_places_.clear();
  effect_places_[std::string(id)] = place.position;
  return done();
}

// Whether it was in the state `from`. `sql` takes the effect's place first, then that of the event.
Result<bool> SqliteProjection::change_effect(const EventPlace& place, std::string_view id, EffectState from,
                                             EffectState to, const char* sql) {
  const std::int64_t first_event = TRY(place_of_effect(place, id));
  if (first_event == 0) return false;
  auto update = TRY(connection_.use(sql));
  update->bind(1, first_event).bind(2, place.position).bind(3, number_of(from)).bind(4, number_of(to));
  const std::int64_t changed = TRY(update->run_counted());
  if (changed == 0) return false;
  count_open_effect(place.stream, int{is_open(to)} - int{is_open(from)});
  --effect_changes_[static_cast<std::size_t>(from)];
  ++effect_changes_[static_cast<std::size_t>(to)];
  if (to == EffectState::permitted || to == EffectState::ambiguous) return true;
  if (const auto known = effect_places_.find(id); known != effect_places_.end()) effect_places_.erase(known);
  return true;
}

Status SqliteProjection::permit_effect(const EventPlace& place, const Event& event) {
  // With the whole effect it was not proposed before, or only just now.
  if (has_whole_effect(event) && !effect_places_.contains(effect_id(event)))
    return begin_effect(place, event, EffectState::permitted);
  TRY(change_effect(place, effect_id(event), EffectState::proposed, EffectState::permitted,
                    "UPDATE journal_effect SET state = ?4, attempts = 1, permit_event = ?2 WHERE first_event = ?1 AND "
                    "state = ?3"));
  return done();
}

Status SqliteProjection::deny_effect(const EventPlace& place, const Event& event) {
  const bool denied = TRY(change_effect(place, effect_id(event), EffectState::proposed, EffectState::denied,
                                        "UPDATE journal_effect SET state = ?4, end_event = ?2 WHERE first_event = ?1 "
                                        "AND state = ?3"));
  return denied || !has_whole_effect(event) ? done() : begin_effect(place, event, EffectState::denied);
}

Status SqliteProjection::send_effect_again(const EventPlace& place, const Event& event) {
  TRY(change_effect(place, effect_id(event), EffectState::ambiguous, EffectState::permitted,
                    "UPDATE journal_effect SET state = ?4 WHERE first_event = ?1 AND state = ?3 AND CAST(?2 AS BIGINT) > 0"));
  TRY(change_effect(
      place, effect_id(event), EffectState::permitted, EffectState::permitted,
      "UPDATE journal_effect SET attempts = attempts + 1 WHERE first_event = ?1 AND state = ?3 AND "
      "CAST(?2 AS BIGINT) > 0 AND CAST(?4 AS BIGINT) > 0"));
  return done();
}

Status SqliteProjection::doubt_effect(const EventPlace& place, const Event& event) {
  TRY(change_effect(place, effect_id(event), EffectState::permitted, EffectState::ambiguous,
                    "UPDATE journal_effect SET state = ?4, doubt_event = ?2 WHERE first_event = ?1 AND state = ?3"));
  return done();
}

// The first end counts. Nearly always the effect was permitted; the other states are tried after that.
Status SqliteProjection::end_effect(const EventPlace& place, const Event& event, EffectState state) {
  for (EffectState from : {EffectState::permitted, EffectState::ambiguous, EffectState::proposed}) {
    const bool ended = TRY(
        change_effect(place, effect_id(event), from, state,
                      "UPDATE journal_effect SET state = ?4, end_event = ?2 WHERE first_event = ?1 AND state = ?3"));
    if (ended) break;
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
  const std::int64_t changed = TRY(update->run_counted());
  if (changed > 0) --open_task_changes_;
  return done();
}

}  // namespace gantry::journal
