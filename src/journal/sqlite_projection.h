// Keeps the projection tables in step with the events: each event is applied in the transaction that writes it, and
// the same function over all events from the start gives the same rows (rebuild_projections, maintenance.h).
// A projection takes only what it needs to find and filter rows; the views read the rest from the events.
//
// In SQLite an effect that is allowed at once gets its row when the tail of the journal is placed (sqlite_places.h), with
// its end if it has one by then: most need one row in place of two, and a commit does not touch their pages. Until then
// readers see it from its events (the view journal_effect_tail), as they see how many events the tail has. An effect that
// waits for people, is denied, in doubt or sent again has its row with the commit.
#pragma once

#include <array>
#include <deque>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "journal/event.h"
#include "journal/database_connection.h"
#include "journal/sqlite_places.h"
#include "journal/sqlite_states.h"

namespace gantry::journal {

// Where an event was written.
struct EventPlace {
  std::int64_t position = 0;
  std::int64_t stream = 0;
};

class SqliteProjection {
 public:
  SqliteProjection(DatabaseConnection& connection, SqlitePlaces& places) : connection_(connection), places_(places) {}

  Status apply(const EventPlace& place, const Event& event);
  // Before the first event after a start or a rollback: reads what the tail has that is in no table.
  Status load_tail();
  // An event of the tail would be read as the begin of an effect, and is none: the tail has to be placed now.
  bool needs_placed_tail() const { return needs_placed_tail_; }
  // Writes what is left of the events since the last flush, the counters among it; before the commit. What readers see
  // from the tail is written only when it `is_placed`.
  Status flush(bool is_placed);
  // The effects' rows, all of them.
  Status flush_effects();
  // After a rollback: what was remembered about the transaction is void.
  void forget();
  // Takes one instance out of the counters, for retention: before its rows go.
  Status uncount_stream(std::int64_t stream);
  // Removes the rows of one instance; its events stay, and so do the counters.
  Status forget_stream(std::int64_t stream);
  // Empties the projection tables.
  Status clear();
  // The counters' rows, all zero; for new databases.
  static Status create_counts(DatabaseConnection& connection);

 private:
  Status start_instance(const EventPlace& place, const Event& event);
  Status end_instance(const EventPlace& place, const Event& event, InstanceStatus status);
  Status suspend_instance(const EventPlace& place, bool suspended);
  Status migrate_instance(const EventPlace& place, const Event& event);
  Status mark_stuck(const EventPlace& place, const Event& event);
  Result<std::int64_t> workflow_number(const Value& workflow, std::string_view project);
  Status forget_asked_effect(const EventPlace& place, const Event& event);
  Status begin_effect(const EventPlace& place, const Event& event, EffectState state);
  Status permit_effect(const EventPlace& place, const Event& event);
  Status deny_effect(const EventPlace& place, const Event& event);
  Status send_effect_again(const EventPlace& place, const Event& event);
  Status doubt_effect(const EventPlace& place, const Event& event);
  Status end_effect(const EventPlace& place, const Event& event, EffectState state);
  Status create_task(const EventPlace& place, const Event& event);
  Status add_vote(const EventPlace& place, const Event& event);
  Status answer_task(const EventPlace& place, const Event& event);
  Status close_task(const Event& event);
  Status escalate_task(const Event& event);
  Status charge_budgets(const Event& event);
  Status add_to_budget(const Value& charge, int sign);
  Status make_decision(const EventPlace& place, const Event& event);
  Status set_timer(const EventPlace& place, const Event& event);
  Status end_timer(const EventPlace& place, const Event& event);
  Status deploy_project(const EventPlace& place, const Event& event);
  Status change_hold(const EventPlace& place, const Event& event);
  Result<bool> has_open_effects(std::int64_t stream);
  void count_open_effect(std::int64_t stream, int change);
  // A row of journal_effect.
  struct EffectRow {
    std::int64_t first_event = 0;
    EffectState state{};
    std::int64_t attempts = 0;
    std::optional<std::int64_t> permit_event, doubt_event, end_event;
    std::string tool, operation;
  };
  struct KnownEffect {
    std::string id;
    EffectRow row;
  };
  static std::string_view effect_id(const Event& event);
  static KnownEffect begun_effect(std::int64_t position, EffectState state, std::string_view id);
  static void bind_effect(DatabaseStatement& statement, int before, const KnownEffect& effect);
  void keep_unwritten(KnownEffect effect);
  void remember_effect(std::string id, EffectRow row);
  Result<std::optional<EffectRow>> read_effect(const EventPlace& place, std::string_view id);
  // Where it is in one of the states `from`, `change` is made to its row, and the answer is true.
  template <class Change>
  Result<bool> change_effect(const EventPlace& place, std::string_view id, std::initializer_list<EffectState> from,
                             EffectState to, const Change& change);
  void change_unwritten(std::int64_t stream, KnownEffect& effect, EffectState to);
  Status write_unwritten();
  Status replace_changed_effects();

  DatabaseConnection& connection_;
  SqlitePlaces& places_;
  std::unordered_map<std::string, std::int64_t> workflows_;  // by all their parts; bounded, see workflow_number
  // Of instances that started lately: effects that are under way, or of which nobody knows.
  std::unordered_map<std::int64_t, int> open_effects_;
  // Effects that began lately and have not ended. Found by a part of an event, without a copy of it.
  struct HashOfText {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  std::unordered_map<std::string, EffectRow, HashOfText, std::equal_to<>> effects_;
  std::deque<KnownEffect> unwritten_;                                  // without a row yet, by position
  std::unordered_map<std::string_view, KnownEffect*> unwritten_open_;  // those that have not ended; by their own id
  std::vector<KnownEffect> changed_effects_;                           // with an older row, each once
  bool must_write_ = false;                                            // readers can't see one of the unwritten
  bool needs_placed_tail_ = false;
  bool is_tail_known_ = false;
  std::array<std::int64_t, instance_status_names.size()> instance_changes_{};
  std::array<std::int64_t, effect_state_names.size()> effect_changes_{};
  std::int64_t open_task_changes_ = 0;
  std::int64_t event_changes_ = 0;
  std::int64_t tail_events_ = 0;  // not in journal_count
};

}  // namespace gantry::journal
