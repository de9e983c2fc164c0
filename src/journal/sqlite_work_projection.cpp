// The part of the projection that is about effects and human tasks.
#include <algorithm>

#include "journal/insert_rows.h"
#include "journal/sqlite_projection.h"

namespace gantry::journal {
namespace {

constexpr std::size_t remembered_effects_max = 100'000;
constexpr std::size_t new_effects_max = 1'024;

std::int64_t number_of(EffectState state) {
  return static_cast<std::int64_t>(state);
}

bool is_open(EffectState state) {
  return state == EffectState::permitted || state == EffectState::ambiguous;
}

// `effect` is the whole effect, {id}, or the id.
std::string_view effect_id(const Value& data) {
  const Value* effect = data.find("effect");
  if (!effect) return {};
  return effect->is_string() ? effect->as_string() : effect->string_or("id", "");
}
std::string_view effect_id(const Event& event) {
  return effect_id(event.data);
}

bool has_whole_effect(const Event& event) {
  const Value* effect = event.data.find("effect");
  return effect && effect->is_object() && effect->find("tool");
}

std::int64_t work_microseconds(Timestamp at) {
  return at.time_since_epoch().count();
}

}  // namespace

Result<std::optional<SqliteProjection::KnownEffect>> SqliteProjection::find_effect(const EventPlace& place,
                                                                                  std::string_view id) {
  if (const auto known = effects_.find(id); known != effects_.end()) return std::optional(known->second);
  TRY(flush_effects());
  auto select =
      TRY(places_.use("SELECT first_event, state FROM journal_effect WHERE first_event IN (SELECT position FROM journal_stream_event "
                      "WHERE stream = ?) AND id = ? ORDER BY first_event DESC LIMIT 1",
                      "SELECT f.first_event, f.state FROM journal_event_place p CROSS JOIN journal_effect f ON f.first_event = p.position "
                      "WHERE p.stream = ? AND f.id = ? ORDER BY p.sequence DESC LIMIT 1",
                      place.stream, true));
  select->bind(1, place.stream).bind(2, id);
  if (!TRY(select->step())) return std::optional<KnownEffect>();
  return std::optional(KnownEffect{select->integer(0), static_cast<EffectState>(select->integer(1))});
}

// An effect that people are asked about anew is one effect: as it is asked about now.
Status SqliteProjection::forget_asked_effect(const EventPlace& place, const Event& event) {
  const auto known = TRY(find_effect(place, effect_id(event)));
  if (!known || known->state != EffectState::proposed) return done();
  TRY(flush_effects());
  auto remove = TRY(connection_.use("DELETE FROM journal_effect WHERE first_event = ?"));
  remove->bind(1, known->first_event);
  --effect_changes_[static_cast<std::size_t>(EffectState::proposed)];
  return remove->run();
}

Status SqliteProjection::begin_effect(const EventPlace& place, const Event& event, EffectState state) {
  if (new_effects_.size() >= new_effects_max) TRY(flush_effects());
  new_effects_.push_back({place.position, state, event.data});
  ++effect_changes_[static_cast<std::size_t>(state)];
  if (state == EffectState::denied) return done();
  count_open_effect(place.stream, int{is_open(state)});
  if (effects_.size() >= remembered_effects_max) effects_.clear();
  effects_[std::string(effect_id(event))] = {place.position, state};
  return done();
}

// All rows that no statement has needed yet.
Status SqliteProjection::flush_effects() {
  static const InsertText text(
      "INSERT INTO journal_effect (first_event, id, state, attempts, tool, operation, permit_event, end_event)", 8);
  const auto bind = [](DatabaseStatement& insert, int before, const NewEffect& row) {
    const Value* effect = row.data.find("effect");
    const auto said = [&](const char* key) { return effect != nullptr ? effect->string_or(key, "") : std::string_view(); };
    const bool permitted = row.state == EffectState::permitted, denied = row.state == EffectState::denied;
    insert.bind(before + 1, row.first_event).bind(before + 2, effect_id(row.data));
    insert.bind(before + 3, number_of(row.state)).bind(before + 4, std::int64_t{permitted});
    insert.bind_text_or_null(before + 5, said("tool")).bind_text_or_null(before + 6, said("operation"));
    insert.bind(before + 7, permitted ? std::optional(row.first_event) : std::nullopt);
    insert.bind(before + 8, denied ? std::optional(row.first_event) : std::nullopt);
  };
  TRY(insert_rows(connection_, text, std::span<const NewEffect>(new_effects_), bind));
  new_effects_.clear();
  return done();
}

// Whether it was in one of the states `from`. `sql` takes the effect's place first, then that of the event, then `to`.
Result<bool> SqliteProjection::change_effect(const EventPlace& place, std::string_view id,
                                             std::initializer_list<EffectState> from, EffectState to, const char* sql) {
  const auto known = TRY(find_effect(place, id));
  if (!known || std::find(from.begin(), from.end(), known->state) == from.end()) return false;
  if (!new_effects_.empty() && known->first_event >= new_effects_.front().first_event) TRY(flush_effects());
  auto update = TRY(connection_.use(sql));
  update->bind(1, known->first_event).bind(2, place.position).bind(3, number_of(to));
  TRY(update->run());
  count_open_effect(place.stream, int{is_open(to)} - int{is_open(known->state)});
  --effect_changes_[static_cast<std::size_t>(known->state)];
  ++effect_changes_[static_cast<std::size_t>(to)];
  const auto remembered = effects_.find(id);
  if (remembered == effects_.end()) return true;
  if (is_open(to))
    remembered->second.state = to;
  else
    effects_.erase(remembered);
  return true;
}

Status SqliteProjection::permit_effect(const EventPlace& place, const Event& event) {
  // With the whole effect it was not proposed before, or only just now.
  if (has_whole_effect(event) && !effects_.contains(effect_id(event)))
    return begin_effect(place, event, EffectState::permitted);
  TRY(change_effect(place, effect_id(event), {EffectState::proposed}, EffectState::permitted,
                    "UPDATE journal_effect SET state = ?3, attempts = 1, permit_event = ?2 WHERE first_event = ?1"));
  return done();
}

Status SqliteProjection::deny_effect(const EventPlace& place, const Event& event) {
  const bool denied = TRY(change_effect(place, effect_id(event), {EffectState::proposed}, EffectState::denied,
                                        "UPDATE journal_effect SET state = ?3, end_event = ?2 WHERE first_event = ?1"));
  return denied || !has_whole_effect(event) ? done() : begin_effect(place, event, EffectState::denied);
}

Status SqliteProjection::send_effect_again(const EventPlace& place, const Event& event) {
  TRY(change_effect(place, effect_id(event), {EffectState::ambiguous, EffectState::permitted}, EffectState::permitted,
                    "UPDATE journal_effect SET state = ?3, attempts = attempts + 1 WHERE first_event = ?1 AND "
                    "CAST(?2 AS BIGINT) > 0"));
  return done();
}

Status SqliteProjection::doubt_effect(const EventPlace& place, const Event& event) {
  TRY(change_effect(place, effect_id(event), {EffectState::permitted}, EffectState::ambiguous,
                    "UPDATE journal_effect SET state = ?3, doubt_event = ?2 WHERE first_event = ?1"));
  return done();
}

// The first end counts.
Status SqliteProjection::end_effect(const EventPlace& place, const Event& event, EffectState state) {
  TRY(change_effect(place, effect_id(event), {EffectState::permitted, EffectState::ambiguous, EffectState::proposed},
                    state, "UPDATE journal_effect SET state = ?3, end_event = ?2 WHERE first_event = ?1"));
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
