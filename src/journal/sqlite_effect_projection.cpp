// The part of the projection that is about effects.
#include <fmt/format.h>

#include <algorithm>

#include "journal/insert_rows.h"
#include "journal/sqlite_projection.h"
#include "journal/stored_data.h"

namespace gantry::journal {
namespace {

constexpr std::size_t remembered_effects_max = 100'000;
constexpr std::size_t changed_effects_max = 1'024;     // that wait for a statement
constexpr std::size_t unwritten_effects_max = 16'384;  // more than the tail has; a rebuild has more
constexpr std::string_view into_effects =
    "INTO journal_effect (first_event, id, state, attempts, tool, operation, permit_event, doubt_event, end_event)";

std::int64_t number_of(EffectState state) {
  return static_cast<std::int64_t>(state);
}

bool is_open(EffectState state) {
  return state == EffectState::permitted || state == EffectState::ambiguous;
}

bool may_change(EffectState state) {
  return state == EffectState::proposed || is_open(state);
}

bool has_whole_effect(const Event& event) {
  const Value* effect = event.data.find("effect");
  return effect && effect->is_object() && effect->find("tool");
}

// Whether a view finds it in the event's JSON as it is (stored_data.h says what may be elsewhere).
bool can_be_read_in_place(std::string_view text) {
  return !text.empty() && text.size() <= never_split_bytes_max &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

}  // namespace

// `effect` is the whole effect, {id}, or the id.
std::string_view SqliteProjection::effect_id(const Event& event) {
  const Value* effect = event.data.find("effect");
  if (!effect) return {};
  return effect->is_string() ? effect->as_string() : effect->string_or("id", "");
}

Result<std::optional<SqliteProjection::EffectRow>> SqliteProjection::read_effect(const EventPlace& place,
                                                                                 std::string_view id) {
  TRY(replace_changed_effects());
  auto select = TRY(places_.use(
      "SELECT first_event, state, attempts, permit_event, doubt_event, end_event, tool, operation FROM journal_effect "
      "WHERE first_event IN (SELECT position FROM journal_stream_event WHERE stream = ?) AND id = ? "
      "ORDER BY first_event DESC LIMIT 1",
      "SELECT f.first_event, f.state, f.attempts, f.permit_event, f.doubt_event, f.end_event, f.tool, f.operation FROM "
      "journal_placed_event p CROSS JOIN journal_effect f ON f.first_event = p.position "
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
  TRY(write_unwritten());
  const auto known = TRY(read_effect(place, effect_id(event)));
  if (!known || known->state != EffectState::proposed) return done();
  auto remove = TRY(connection_.use("DELETE FROM journal_effect WHERE first_event = ?"));
  remove->bind(1, known->first_event);
  --effect_changes_[static_cast<std::size_t>(EffectState::proposed)];
  return remove->run();
}

SqliteProjection::KnownEffect SqliteProjection::begun_effect(std::int64_t position, EffectState state, std::string_view id) {
  KnownEffect effect{std::string(id), {}};
  effect.row.first_event = position;
  effect.row.state = state;
  if (state == EffectState::permitted) {
    effect.row.attempts = 1;
    effect.row.permit_event = position;
  }
  if (state == EffectState::denied) effect.row.end_event = position;
  return effect;
}

Status SqliteProjection::begin_effect(const EventPlace& place, const Event& event, EffectState state) {
  if (unwritten_.size() >= unwritten_effects_max) TRY(write_unwritten());
  const Value* said = event.data.find("effect");
  KnownEffect effect = begun_effect(place.position, state, effect_id(event));
  EffectRow& row = effect.row;
  if (said != nullptr) {
    row.tool = said->string_or("tool", "");
    row.operation = said->string_or("operation", "");
  }
  const bool is_seen = state == EffectState::permitted && can_be_read_in_place(effect.id) &&
                       can_be_read_in_place(row.tool) && (row.operation.empty() || can_be_read_in_place(row.operation));
  must_write_ = must_write_ || !is_seen;
  if (is_open(state)) count_open_effect(place.stream, 1);
  keep_unwritten(std::move(effect));
  return done();
}

void SqliteProjection::keep_unwritten(KnownEffect effect) {
  KnownEffect& kept = unwritten_.emplace_back(std::move(effect));
  if (may_change(kept.row.state)) unwritten_open_[kept.id] = &kept;
}

// Whether it ended is what readers see; anything else they don't.
void SqliteProjection::change_unwritten(std::int64_t stream, KnownEffect& effect, EffectState to) {
  must_write_ = must_write_ || effect.row.state != EffectState::permitted || may_change(to);
  count_open_effect(stream, int{is_open(to)} - int{is_open(effect.row.state)});
  effect.row.state = to;
  if (!may_change(to)) unwritten_open_.erase(effect.id);
}

Status SqliteProjection::load_tail() {
  if (!places_.is_used() || is_tail_known_) return done();
  forget();
  // A text that is no JSON is a matter for those who read the event.
  auto select = TRY(connection_.use(
      "SELECT e.position, e.type, e.stream, coalesce(e.data ->> '$.effect.id', e.data ->> '$.effect'), e.data ->> "
      "'$.effect.tool', e.data ->> '$.effect.operation', json_type(e.data, '$.effect.tool') IS NULL OR EXISTS (SELECT 1 FROM "
      "main.journal_effect f WHERE f.first_event = e.position) FROM main.journal_event e WHERE e.position > (SELECT position "
      "FROM main.journal_placed) AND e.type IN (?, ?, ?) AND json_valid(e.data) ORDER BY e.position"));
  select->bind(1, static_cast<std::int64_t>(EventType::effect_permitted));
  select->bind(2, static_cast<std::int64_t>(EventType::effect_done));
  select->bind(3, static_cast<std::int64_t>(EventType::effect_failed));
  while (TRY(select->step())) {
    const std::int64_t position = select->integer(0);
    const auto type = static_cast<EventType>(select->integer(1));
    if (type == EventType::effect_permitted) {
      if (select->integer(6) != 0) continue;
      KnownEffect effect = begun_effect(position, EffectState::permitted, select->text(3));
      effect.row.tool = select->text(4);
      effect.row.operation = select->text(5);
      keep_unwritten(std::move(effect));
    } else if (const auto known = unwritten_open_.find(select->text(3)); known != unwritten_open_.end()) {
      KnownEffect& effect = *known->second;
      effect.row.end_event = position;
      change_unwritten(select->integer(2), effect, type == EventType::effect_done ? EffectState::done : EffectState::failed);
    }
  }
  tail_events_ = TRY(connection_.integer_of(
      "SELECT count(*) FROM main.journal_event WHERE position > (SELECT position FROM main.journal_placed)"));
  is_tail_known_ = true;
  return done();
}

void SqliteProjection::bind_effect(DatabaseStatement& statement, int before, const KnownEffect& effect) {
  const EffectRow& row = effect.row;
  statement.bind(before + 1, row.first_event).bind(before + 2, effect.id);
  statement.bind(before + 3, number_of(row.state)).bind(before + 4, row.attempts);
  statement.bind_text_or_null(before + 5, row.tool).bind_text_or_null(before + 6, row.operation);
  statement.bind(before + 7, row.permit_event).bind(before + 8, row.doubt_event).bind(before + 9, row.end_event);
}

Status SqliteProjection::flush_effects() {
  TRY(replace_changed_effects());
  return write_unwritten();
}

Status SqliteProjection::write_unwritten() {
  static const InsertText text(fmt::format("INSERT {}", into_effects), 9);
  std::vector<const KnownEffect*> rows;
  rows.reserve(unwritten_.size());
  for (const KnownEffect& effect : unwritten_) rows.push_back(&effect);
  const auto bind = [](DatabaseStatement& insert, int before, const KnownEffect* effect) {
    bind_effect(insert, before, *effect);
  };
  TRY(insert_rows(connection_, text, std::span<const KnownEffect* const>(rows), bind));
  unwritten_open_.clear();
  for (const KnownEffect& effect : unwritten_) {
    ++effect_changes_[static_cast<std::size_t>(effect.row.state)];
    if (may_change(effect.row.state)) remember_effect(effect.id, effect.row);
  }
  unwritten_.clear();
  must_write_ = false;
  return done();
}

// Whole rows, because many of them are one statement.
Status SqliteProjection::replace_changed_effects() {
  static const InsertText in_sqlite(fmt::format("INSERT OR REPLACE {}", into_effects), 9);
  static const InsertText in_postgres(
      fmt::format("INSERT {}", into_effects), 9,
      " ON CONFLICT (first_event) DO UPDATE SET state = excluded.state, attempts = excluded.attempts, "
      "permit_event = excluded.permit_event, doubt_event = excluded.doubt_event, "
      "end_event = excluded.end_event");
  TRY(insert_rows(connection_, connection_.dialect() == Dialect::sqlite ? in_sqlite : in_postgres,
                  std::span<const KnownEffect>(changed_effects_), bind_effect));
  changed_effects_.clear();
  return done();
}

template <class Change>
Result<bool> SqliteProjection::change_effect(const EventPlace& place, std::string_view id,
                                             std::initializer_list<EffectState> from, EffectState to,
                                             const Change& change) {
  const auto may = [&](EffectState state) { return std::find(from.begin(), from.end(), state) != from.end(); };
  if (const auto unwritten = unwritten_open_.find(id); unwritten != unwritten_open_.end()) {
    KnownEffect& known = *unwritten->second;
    if (!may(known.row.state)) return false;
    change(known.row);
    change_unwritten(place.stream, known, to);
    return true;
  }
  KnownEffect effect;
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
  if (changed_effects_.size() >= changed_effects_max) TRY(replace_changed_effects());
  count_open_effect(place.stream, int{is_open(to)} - int{is_open(row.state)});
  --effect_changes_[static_cast<std::size_t>(row.state)];
  ++effect_changes_[static_cast<std::size_t>(to)];
  row.state = to;
  change(row);
  if (is_open(to)) remember_effect(effect.id, row);
  changed_effects_.push_back(std::move(effect));
  if (is_open(to)) TRY(replace_changed_effects());  // it may change again in this batch
  return true;
}

void SqliteProjection::remember_effect(std::string id, EffectRow row) {
  if (effects_.size() >= remembered_effects_max) effects_.clear();
  effects_[std::move(id)] = std::move(row);
}

Status SqliteProjection::permit_effect(const EventPlace& place, const Event& event) {
  // With the whole effect it was not proposed before, or only just now.
  if (has_whole_effect(event)) {
    const std::string_view id = effect_id(event);
    if (!effects_.contains(id) && !unwritten_open_.contains(id)) return begin_effect(place, event, EffectState::permitted);
    needs_placed_tail_ = true;
  }
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

}  // namespace gantry::journal
