// The part of the projection that is about effects and human tasks.
#include <fmt/format.h>

#include <algorithm>

#include "journal/insert_rows.h"
#include "journal/sqlite_projection.h"

namespace gantry::journal {
namespace {

constexpr std::size_t remembered_effects_max = 100'000;
constexpr std::size_t waiting_effects_max = 1'024;  // for a statement

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

SqliteProjection::EffectRow SqliteProjection::row_of(const NewEffect& effect) {
  EffectRow row;
  row.first_event = effect.first_event;
  row.state = effect.state;
  if (effect.state == EffectState::permitted) {
    row.attempts = 1;
    row.permit_event = effect.first_event;
  }
  if (effect.state == EffectState::denied) row.end_event = effect.first_event;
  if (const Value* said = effect.data.find("effect")) {
    row.tool = said->string_or("tool", "");
    row.operation = said->string_or("operation", "");
  }
  return row;
}

Result<std::optional<SqliteProjection::EffectRow>> SqliteProjection::read_effect(const EventPlace& place,
                                                                                 std::string_view id) {
  TRY(flush_effects());
  auto select = TRY(places_.use(
      "SELECT first_event, state, attempts, permit_event, doubt_event, end_event, tool, operation FROM journal_effect "
      "WHERE first_event IN (SELECT position FROM journal_stream_event WHERE stream = ?) AND id = ? "
      "ORDER BY first_event DESC LIMIT 1",
      "SELECT f.first_event, f.state, f.attempts, f.permit_event, f.doubt_event, f.end_event, f.tool, f.operation FROM "
      "journal_event_place p CROSS JOIN journal_effect f ON f.first_event = p.position "
      "WHERE p.stream = ? AND f.id = ? ORDER BY p.sequence DESC LIMIT 1",
      place.stream, true));
  select->bind(1, place.stream).bind(2, id);
  if (!TRY(select->step())) return std::optional<EffectRow>();
  const auto event = [&](int column) {
    return select->is_null(column) ? std::nullopt : std::optional(select->integer(column));
  };
  return std::optional(EffectRow{select->integer(0), static_cast<EffectState>(select->integer(1)), select->integer(2),
                                 event(3), event(4), event(5), std::string(select->text(6)),
                                 std::string(select->text(7))});
}

// An effect that people are asked about anew is one effect: as it is asked about now.
Status SqliteProjection::forget_asked_effect(const EventPlace& place, const Event& event) {
  const auto known = TRY(read_effect(place, effect_id(event)));
  if (!known || known->state != EffectState::proposed) return done();
  auto remove = TRY(connection_.use("DELETE FROM journal_effect WHERE first_event = ?"));
  remove->bind(1, known->first_event);
  --effect_changes_[static_cast<std::size_t>(EffectState::proposed)];
  return remove->run();
}

Status SqliteProjection::begin_effect(const EventPlace& place, const Event& event, EffectState state) {
  if (new_effects_.size() >= waiting_effects_max) TRY(flush_effects());
  new_effects_.push_back({place.position, state, event.data});
  ++effect_changes_[static_cast<std::size_t>(state)];
  if (state == EffectState::denied) return done();
  count_open_effect(place.stream, int{is_open(state)});
  remember_effect(effect_id(event), row_of(new_effects_.back()));
  return done();
}

// All rows that no statement has needed yet.
Status SqliteProjection::flush_effects() {
  TRY(replace_changed_effects());  // they grow a little: before the pages that they lie in are full
  return insert_new_effects();
}

Status SqliteProjection::insert_new_effects() {
  static const InsertText text(
      "INSERT INTO journal_effect (first_event, id, state, attempts, tool, operation, permit_event, end_event)", 8);
  const auto bind = [](DatabaseStatement& insert, int before, const NewEffect& row) {
    const Value* effect = row.data.find("effect");
    const auto said = [&](const char* key) {
      return effect != nullptr ? effect->string_or(key, "") : std::string_view();
    };
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

// Whole rows, because many of them are one statement.
Status SqliteProjection::replace_changed_effects() {
  constexpr std::string_view columns =
      "INTO journal_effect (first_event, id, state, attempts, tool, operation, permit_event, doubt_event, end_event)";
  static const InsertText in_sqlite(fmt::format("INSERT OR REPLACE {}", columns), 9);
  static const InsertText in_postgres(
      fmt::format("INSERT {}", columns), 9,
      " ON CONFLICT (first_event) DO UPDATE SET state = excluded.state, attempts = excluded.attempts, "
      "permit_event = excluded.permit_event, doubt_event = excluded.doubt_event, "
      "end_event = excluded.end_event");
  const auto bind = [](DatabaseStatement& replace, int before, const ChangedEffect& effect) {
    const EffectRow& row = effect.row;
    replace.bind(before + 1, row.first_event).bind(before + 2, effect.id);
    replace.bind(before + 3, number_of(row.state)).bind(before + 4, row.attempts);
    replace.bind_text_or_null(before + 5, row.tool).bind_text_or_null(before + 6, row.operation);
    replace.bind(before + 7, row.permit_event).bind(before + 8, row.doubt_event).bind(before + 9, row.end_event);
  };
  TRY(insert_rows(connection_, connection_.dialect() == Dialect::sqlite ? in_sqlite : in_postgres,
                  std::span<const ChangedEffect>(changed_effects_), bind));
  changed_effects_.clear();
  return done();
}

template <class Change>
Result<bool> SqliteProjection::change_effect(const EventPlace& place, std::string_view id,
                                             std::initializer_list<EffectState> from, EffectState to,
                                             const Change& change) {
  const auto may = [&](EffectState state) { return std::find(from.begin(), from.end(), state) != from.end(); };
  ChangedEffect effect;
  if (const auto known = effects_.find(id); known != effects_.end()) {
    if (!may(known->second.state)) return false;
    auto taken = effects_.extract(known);
    effect = {std::move(taken.key()), std::move(taken.mapped())};
  } else {
    auto read = TRY(read_effect(place, id));
    if (!read || !may(read->state)) return false;
    effect = {std::string(id), *std::move(read)};
  }
  EffectRow& row = effect.row;
  const bool is_new = !new_effects_.empty() && row.first_event >= new_effects_.front().first_event;
  if (is_new || changed_effects_.size() >= waiting_effects_max) TRY(flush_effects());
  count_open_effect(place.stream, int{is_open(to)} - int{is_open(row.state)});
  --effect_changes_[static_cast<std::size_t>(row.state)];
  ++effect_changes_[static_cast<std::size_t>(to)];
  row.state = to;
  change(row);
  if (is_open(to)) remember_effect(effect.id, row);
  changed_effects_.push_back(std::move(effect));
  if (is_open(to)) TRY(flush_effects());  // it may change again in this batch
  return true;
}

void SqliteProjection::remember_effect(std::string_view id, EffectRow row) {
  if (effects_.size() >= remembered_effects_max) effects_.clear();
  effects_[std::string(id)] = std::move(row);
}

Status SqliteProjection::permit_effect(const EventPlace& place, const Event& event) {
  // With the whole effect it was not proposed before, or only just now.
  if (has_whole_effect(event) && !effects_.contains(effect_id(event)))
    return begin_effect(place, event, EffectState::permitted);
  TRY(change_effect(place, effect_id(event), {EffectState::proposed}, EffectState::permitted, [&](EffectRow& row) {
    row.attempts = 1;
    row.permit_event = place.position;
  }));
  return done();
}

Status SqliteProjection::deny_effect(const EventPlace& place, const Event& event) {
  const bool denied = TRY(change_effect(place, effect_id(event), {EffectState::proposed}, EffectState::denied,
                                        [&](EffectRow& row) { row.end_event = place.position; }));
  return denied || !has_whole_effect(event) ? done() : begin_effect(place, event, EffectState::denied);
}

Status SqliteProjection::send_effect_again(const EventPlace& place, const Event& event) {
  TRY(change_effect(place, effect_id(event), {EffectState::ambiguous, EffectState::permitted}, EffectState::permitted,
                    [](EffectRow& row) { ++row.attempts; }));
  return done();
}

Status SqliteProjection::doubt_effect(const EventPlace& place, const Event& event) {
  TRY(change_effect(place, effect_id(event), {EffectState::permitted}, EffectState::ambiguous,
                    [&](EffectRow& row) { row.doubt_event = place.position; }));
  return done();
}

// The first end counts.
Status SqliteProjection::end_effect(const EventPlace& place, const Event& event, EffectState state) {
  TRY(change_effect(place, effect_id(event), {EffectState::permitted, EffectState::ambiguous, EffectState::proposed},
                    state, [&](EffectRow& row) { row.end_event = place.position; }));
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
