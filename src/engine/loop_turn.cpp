// What a turn takes and decides, and how two turns overlap: the second is decided while the first is being written.
#include <algorithm>

#include "engine/loop.h"

namespace gantry::engine {
namespace {

// One is being decided, one written, one seen through. Of a burst nothing is kept.
constexpr std::size_t spare_turns_max = 3, spare_commands_max = 2'048, spare_dispatches_max = 4'096;

}  // namespace

void Engine::Loop::Turn::clear() {
  batch.events.clear();
  batch.snapshots.clear();
  batch.rests.clear();
  batch.printed.clear();
  handled.clear();
  touched.clear();
  changed.clear();
  dispatches.clear();
  traces.clear();
  keys.clear();
  is_noted = false;
  unreadable.reset();
}

void Engine::Loop::KeepTurn::operator()(Turn* turn) const {
  std::unique_ptr<Turn> over(turn);
  if (spare->size() >= spare_turns_max || over->handled.capacity() > spare_commands_max ||
      over->dispatches.capacity() > spare_dispatches_max)
    return;
  over->clear();
  spare->push_back(std::move(over));
}

Engine::Loop::TurnPointer Engine::Loop::new_turn() {
  TurnPointer turn(nullptr, KeepTurn{&spare_turns_});
  if (spare_turns_.empty()) {
    turn.reset(new Turn);
  } else {
    turn.reset(spare_turns_.back().release());
    spare_turns_.pop_back();
  }
  turn->number = ++turns_;
  return turn;
}

void Engine::Loop::turn() {
  const bool overlaps = may_overlap();
  if (committing_ && !overlaps) settle();
  TurnPointer turn = new_turn();
  collect(*turn, overlaps);
  if (const Status written = store_.finish(); !written) return failed_together(*turn, written.error());
  const TurnPointer durable = std::move(committing_);
  if (turn->handled.empty()) return durable ? committed(*durable) : pump();
  if (turn->unreadable) {
    if (durable) committed(*durable, turn.get());
    return failed(*turn, *turn->unreadable);
  }
  add_states(*turn);
  if (!overlaps) return commit(*turn);
  leave_early(*turn);
  committing_ = std::move(turn);
  store_.start(committing_->batch);
  if (durable) committed(*durable, committing_.get());
}

// With many instances one half is decided and performed while the other half is being written. With few, a batch of all has
// fewer syncs; and what is handled one by one must not drag others along.
bool Engine::Loop::may_overlap() const {
  const std::size_t commands = work_.size() + (committing_ ? committing_->handled.size() : 0);
  return options_.overlap_commands_min > 0 && commands >= options_.overlap_commands_min && isolated_ == 0 &&
         !budgets_.is_full();
}

void Engine::Loop::settle() {
  const TurnPointer turn = std::move(committing_);
  if (!turn) return;
  if (const Status written = store_.finish(); !written) return failed(*turn, written.error());
  committed(*turn);
}

// What the installation's events and the events known again hold of a batch is one state each, so the batch before must be
// over when they change.
void Engine::Loop::await_written(Turn& turn) {
  if (!committing_ || committing_->is_noted) return;
  if (const Status written = store_.wait(); !written) {
    turn.unreadable = written.error();
    return;
  }
  note_written(*committing_);
}

void Engine::Loop::note_written(Turn& turn) {
  if (std::exchange(turn.is_noted, true)) return;
  installation_.committed();
  recent_events_.committed();
}

void Engine::Loop::collect(Turn& turn, bool overlaps) {
  std::size_t commands_max = commands_per_take;
  if (overlaps) commands_max = (work_.size() + (committing_ ? committing_->handled.size() : 0) + 1) / 2;
  if (isolated_ > 0) commands_max = 1;
  commands_max = std::min(commands_max, commands_per_take);
  const std::size_t expected = std::min(work_.size(), commands_max);
  turn.handled.reserve(expected);
  turn.batch.events.reserve(2 * expected);
  turn.batch.printed.reserve(2 * expected);
  while (!work_.empty() && !turn.unreadable && turn.batch.events.size() < options_.batch_events_max &&
         turn.handled.size() < commands_max) {
    // A deployment is a transaction of its own, and what comes after it must see it only when it is durable. The same
    // is true of stopping the gate. A migration asks the store which instances there are.
    const Command::Request& next = work_.front().request;
    const bool alone = std::holds_alternative<DeployRequest>(next) || std::holds_alternative<GateRequest>(next) ||
                       std::holds_alternative<ChangePolicy>(next) || std::holds_alternative<MaintainRequest>(next) ||
                       std::holds_alternative<MigrationRequest>(next) || std::holds_alternative<UndoMigrationRequest>(next) ||
                       std::holds_alternative<FollowRequest>(next);
    if (alone && (!turn.handled.empty() || committing_)) break;
    Handled handled;
    handled.command = std::move(work_.front());
    work_.pop_front();
    handle(handled, turn);
    store_.print_ahead(turn.batch);
    turn.handled.push_back(std::move(handled));
    if (alone) break;
  }
  if (isolated_ > 0) --isolated_;
}

// What the batch says of its instances beside their events.
void Engine::Loop::add_states(Turn& turn) {
  installation_.add_snapshot(turn.batch, options_.snapshot_every_events);
  for (const std::string& instance : turn.changed) {
    const auto found = instances_.find(instance);
    if (found == instances_.end()) continue;
    add_snapshot(instance, found->second, turn);
    note_resting(instance, found->second, turn);
  }
}

// A large state is written again only after so many more events: snapshots never cost more than so much an event.
bool Engine::Loop::wants_snapshot(const Slot& slot) const {
  const std::uint64_t distance =
      std::max<std::uint64_t>(options_.snapshot_every_events, slot.snapshot_bytes / options_.snapshot_bytes_per_event);
  return slot.record->sequence() - slot.snapshot_sequence >= distance && !slot.record->ended();
}

void Engine::Loop::add_snapshot(const std::string& instance, Slot& slot, Turn& turn) const {
  if (!wants_snapshot(slot)) return;
  const InstanceRecord& record = *slot.record;
  turn.batch.snapshots.push_back({instance, record.sequence(), record.serialise()});
  slot.snapshot_sequence = record.sequence();
  slot.snapshot_bytes = turn.batch.snapshots.back().state.size();
}

void Engine::Loop::touch(Place& place, Turn& turn) {
  if (at_hand_.empty() || at_hand_.back() != &place) at_hand_.push_back(&place);
  if (place.second.touched_in == turn.number) return;
  place.second.touched_in = turn.number;
  turn.touched.push_back(place.first);
}

// After each command. Nearly every step of an instance leaves it waiting for its next call: nobody needs to look at it
// again when the turn is decided, or durable.
void Engine::Loop::note_changed(Turn& turn) {
  for (Place* place : at_hand_) {
    Slot& slot = place->second;
    const InstanceRecord& record = *slot.record;
    const bool just_waits =
        record.busy() && !record.ended() && !record.waits_for_person() && !slot.rests && !wants_snapshot(slot);
    if (just_waits || slot.changed_in == turn.number) continue;
    slot.changed_in = turn.number;
    turn.changed.push_back(place->first);
  }
  at_hand_.clear();
}

// Most commands are about one instance, which is looked for once.
Engine::Loop::Place* Engine::Loop::place_of(const std::string& instance) {
  if (!at_hand_.empty() && at_hand_.back()->first == instance) return at_hand_.back();
  const auto found = instances_.find(instance);
  return found == instances_.end() ? nullptr : &*found;
}

bool Engine::Loop::was_touched(const std::string& instance, const Turn& turn) const {
  const auto found = instances_.find(instance);
  return found != instances_.end() && found->second.touched_in == turn.number;
}

bool Engine::Loop::is_ahead(const Slot& slot) const {
  return later_ && slot.touched_in == later_->number;
}

bool Engine::Loop::is_ahead(const std::string& instance) const {
  return later_ && was_touched(instance, *later_);
}

bool Engine::Loop::is_family_ahead(const std::string& instance) const {
  if (!later_) return false;
  const auto found = instances_.find(instance);
  if (found == instances_.end()) return false;
  if (is_ahead(found->second)) return true;
  const auto& children = found->second.record->children();
  return std::any_of(children.begin(), children.end(), [&](const auto& child) { return is_family_ahead(child.first); });
}

}  // namespace gantry::engine
