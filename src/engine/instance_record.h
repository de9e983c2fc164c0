// Everything the engine knows of one instance: the interpreter's state, and the bookkeeping of its effects, approvals,
// human tasks, timers and children. Pure: no clock, no I/O, no threads.
//
// A record is the fold of the instance's events, and of nothing else. While it runs, a command decides which events
// come next; each of them is folded in by the very code that replays the journal, so a record that was rebuilt after a
// crash is the one that was lost. What must happen outside is handed back in Work::dispatches and may happen only when
// Work::events are durable.
#pragma once

#include <list>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "engine/engine.h"
#include "engine/migration.h"
#include "engine/record_data.h"
#include "engine/timer_queue.h"
#include "gate/invariants.h"
#include "gate/known_values.h"

namespace gantry::engine {

// --- What must happen once the events are durable.
struct SendEffect {
  const std::string& instance() const { return permit.effect().instance; }
  const std::string& effect() const { return permit.effect().id; }

  tool::Permit permit;
  definition::ProjectPointer project;   // the one that the instance is pinned to
  definition::ProjectPointer policies;  // of the newest project; they may say how results are labelled
  std::string requester;
  int attempt = 1;
};
struct ArmTimer {
  TimerKey timer;
};
struct DisarmTimer {
  TimerKey timer;
};
struct NotifyParent {
  std::string parent;
  Value data;  // of child_ended
};
struct CancelInstance {
  std::string instance, reason;
};
struct ContinueLater {
  std::string instance;
};
// In the same entry of the journal as the parent's event, so that a child is started exactly once.
struct StartChildInstance {
  std::string parent, child, task;
  std::shared_ptr<const definition::Workflow> workflow;
  definition::ProjectPointer project;
  definition::Principal principal;
  Value input;
  Value request;          // what the first of the workflows was started with: a child acts for the same person
  std::size_t depth = 1;  // of workflows that run each other; 0 is the first
  bool await = true;
  std::uint64_t quarantine_millibits = 0;
  Value met;  // guards of invariants that are there already: gate::RunPast
  std::string run = {};  // where the child's name does not say it
  std::vector<std::string> above = {}, askers = {};  // as InstanceRecord has them
  Label context = {};  // of all that the parent has read so far
};
// In the same entry of the journal as event_emitted, so that no listener gets the event twice or not at all.
struct PublishEvent {
  std::string instance;  // that emitted it
  Value event;
  definition::Principal principal;
  std::size_t depth = 1;  // of events that were emitted because of events
  bool is_lifecycle = false;  // for those only who name its type
};
// In the same entry of the journal as the end of the instance: the schedule's `after` counts from now.
struct ScheduleAgain {
  std::string schedule;
};
using Dispatch = std::variant<SendEffect, ArmTimer, DisarmTimer, NotifyParent, CancelInstance, ContinueLater,
                              StartChildInstance, PublishEvent, ScheduleAgain>;

class Budgets;
class Installation;

// One migration, as it is for each instance that it moves.
struct Migration {
  std::string id;
  Definitions to;
  Interpreter interpreter;  // of `to`
  MigrationMapping mapping;
  definition::Principal by;
};

// What a command sees and what it brings about.
struct Work {
  const gate::Gate& gate;
  const Installation& installation;
  Budgets& budgets;
  definition::ProjectPointer policies;  // of the newest project
  Timestamp now{};
  SteadyTime steady_now{};
  const EngineOptions& options;
  const LifecycleAudience* lifecycle = nullptr;  // null: nobody wants lifecycle events

  bool wants_traces = false;                     // somebody is told of them

  std::vector<journal::Event> events;
  std::vector<Dispatch> dispatches;
  std::vector<std::pair<std::string, std::vector<TaskTrace>>> traces;  // per instance and turn
  std::size_t event_depth = 0;                                         // of the CloudEvent that is being delivered
  std::size_t indexed = 0;  // of `events`: their instances' listening is known
};

class InstanceRecord {
 public:
  InstanceRecord(std::string id, definition::ProjectPointer project,
                 std::shared_ptr<const definition::Workflow> workflow, Interpreter interpreter);
  InstanceRecord(std::string id, definition::ProjectPointer project,
                 std::shared_ptr<const definition::Workflow> workflow, const InterpreterLimits& limits);

  // --- Commands. `data` is that of the event.
  void start(Value data, Work& work);
  void continue_computation(Work& work);
  void cancel(const definition::Principal& by, const std::string& reason, Work& work);
  // Errors: conflict when it is suspended already, or is not suspended.
  Status suspend(const definition::Principal& by, const std::string& reason, Work& work);
  Status resume(const definition::Principal& by, Work& work);
  void end_child(const Value& data, Work& work);
  void fire(const TimerKey& timer, Work& work);
  // A CloudEvent that it wants. `deferred`: what follows from it is left to a later command.
  void deliver(const Value& cloud_event, bool deferred, Work& work);
  void settle(const std::string& effect, const tool::Outcome& outcome, Work& work);
  // Errors: not_found, conflict (closed, changed, expired), denied, invalid_argument.
  Result<Value> vote(const VoteRequest& request, Work& work);
  // Whether this vote could be given now. Changes nothing.
  Status check_vote(const VoteRequest& request, Work& work);
  // Asks again, or goes on, where what was shown of an effect is no longer what it is; after a change of policy.
  void reconsider(Work& work);
  // What an approval of this task would mean, for approving several at once; empty when it is none, or is closed.
  std::string risk_of(const std::string& task) const;
  Result<Value> answer(const AnswerRequest& request, Work& work);
  // The server is about to stop and no worker took the effect.
  void note_not_sent(const std::string& effect, Work& work);
  // It could not be rebuilt the last time, and was now.
  void note_not_stuck(Work& work);
  // After the record was rebuilt: arms timers, resolves what is ambiguous.
  void recover(Work& work);
  // Arms what stands in the queue of timers, nothing else.
  void arm_timers(Work& work) const;
  // Ends the instance whatever the interpreter thinks of it; for what can't be recorded otherwise.
  void fail(Value error, Work& work);

  // --- Migration (instance_migration.cpp)
  // What would become of it. Changes nothing.
  MigrationFit examine(const Definitions& to, const MigrationMapping& mapping, Timestamp now) const;
  void migrate(const Migration& migration, Work& work);  // it must be movable
  // Whether nothing has happened since this migration moved it.
  bool can_move_back(const std::string& migration) const;
  const Definitions& before() const { return before_->definitions; }  // where it can move back to
  void move_back(const definition::Principal& by, Interpreter interpreter, Work& work);

  // --- Rebuilding. What it runs under after a migration is found in `definitions`.
  Status replay(const journal::Event& event, DefinitionSource& definitions);
  // The same, and what the interpreter answered: as it was when the event came, suspended or not.
  Result<Turn> replay_turn(const journal::Event& event, DefinitionSource& definitions, StartWatch* watch = nullptr);
  std::string serialise() const;
  static Result<std::unique_ptr<InstanceRecord>> parse(std::string_view text, std::string id,
                                                       definition::ProjectPointer project,
                                                       std::shared_ptr<const definition::Workflow> workflow,
                                                       Interpreter interpreter, DefinitionSource& definitions);

  // --- Looking
  const std::string& id() const { return id_; }
  const std::vector<std::string>& above() const { return above_; }
  const definition::Principal& principal() const { return principal_; }
  bool asks_people() const { return !tasks_.empty(); }
  std::uint64_t sequence() const { return sequence_; }
  bool ended() const;
  bool wants(const std::string& effect) const;  // the workflow still waits for its answer
  bool wants_effects() const;                   // it waits for any
  bool forgettable() const { return ended() && effects_.empty(); }
  // What it listens to, and whether it would take this event now.
  std::vector<const definition::EventConsumption*> listens() const;
  bool wants_event(const Value& cloud_event, Timestamp now);
  // It only waits for time or for people, and nobody in this engine needs to look at it before.
  bool rests() const;
  bool busy() const;              // something is in flight or to be computed
  bool waits_for_person() const;  // not busy, and a human task is open
  InstanceOutcome outcome() const;
  const std::map<std::string, Value>& children() const { return children_; }
  // Data of child_ended for the parent of an instance that has ended.
  Value end_notice(const definition::Project& policies) const;
  // The instance that waits for this one to end, or empty.
  const std::string& awaited_by() const { return awaited_ ? parent_ : nobody_; }
  // What the gate is told of the run; lives as long as the record is not changed.
  gate::RunFacts run_facts() const { return {context_, &known_, workflow_.get()}; }
  // The same for one effect: it may have been asked for under another version.
  gate::RunFacts facts_about(const tool::Effect& effect) const;
  const definition::ProjectPointer& project_of(const std::string& effect) const;
  // What it runs under now.
  Definitions definitions() const { return {project_, workflow_}; }
  // What the gate keeps of the run, for an instance that goes on from this one: {run, known, context, past}.
  Value carried() const;
  // The instance that all others of the run began from.
  std::string run() const { return run_.empty() ? id_.substr(0, id_.find('-')) : run_; }  // "ID-c1-c2" -> "ID"
  bool knows_effect(const std::string& effect) const { return effects_.contains(effect); }

 private:
  struct Input {
    journal::EventType type;
    Value data;
  };

  // --- The fold (instance_fold.cpp)
  Result<Turn> absorb(const journal::Event& event, bool replaying, StartWatch* watch = nullptr,
                      Traced traced = Traced::yes);
  Turn take_held(const journal::Event& resumed, StartWatch* watch, Traced traced);
  Status fold(const journal::Event& event, bool replaying);
  Status fold_timer(const Value& data);
  void fold_read(gate::KnownValues::Kind kind, std::string name, const Value& value);
  Status fold_started(const Value& data);
  Status read_lineage(const Value& from);
  void fold_answer(const Value& data);
  Status fold_effect(const journal::Event& event);
  Status fold_task(const journal::Event& event, bool replaying);
  Status fold_permitted(const journal::Event& event);
  Status fold_vote(const journal::Event& event);
  Status fold_escalated(const Value& data);
  Status fold_created(const Value& data, bool replaying);
  void fold_closed(const Value& data);
  Status fold_migrated(const journal::Event& event);
  Status fold_moved_back(const journal::Event& event);
  struct Arrival {
    Definitions definitions;
    Interpreter interpreter;
  };
  void go_under(const Arrival& arrival);
  Value before_value() const;
  Status read_before(const Value& stored, DefinitionSource& definitions);
  void note(const Turn& turn);
  void abandon(const std::string& effect);

  // --- Turns (instance_record.cpp)
  void emit(journal::EventType type, Value data, Work& work);
  Turn emit_input(journal::EventType type, Value data, Work& work);
  void run(Input input, Work& work);
  void drain(Work& work);
  void perform(Turn turn, Work& work);
  void finish(Work& work);
  void start_child(const StartChild& action, Work& work);
  void ask_person(const AskPerson& action, Work& work);
  void ask_approval(const AskApproval& action, Work& work);
  TimerKey key_of_timer(const std::string& timer) const;
  Status check_not_suspended() const;

  // --- Lifecycle events (instance_lifecycle.cpp)
  struct Announcement;
  void announce(const journal::Event& event, const Turn& turn, const std::vector<std::string>& active, Work& work);
  void announce_task(const TaskTrace& entry, Announcement& announcement, Work& work);
  void announce_workflow(const char* what, Value data, const char* status, Announcement& announcement, Work& work);
  void announce_active(const char* what, const std::vector<std::string>& tasks, const char* status,
                       Announcement& announcement, Work& work);
  void publish(std::string type, Value data, Announcement& announcement, Work& work);

  // --- Effects (instance_effects.cpp)
  void call(CallEffect action, Work& work);
  void decide(const tool::SharedEffect& effect, const gate::Verdict& verdict, bool known, Work& work);
  void deny(const tool::Effect& effect, Value verdict, std::string reason, bool known);
  void send(tool::Permit permit, Work& work);
  void send_again(const std::string& effect, const std::string& reason, bool certain, Work& work);
  void settle_failed(const EffectRecord& record, const tool::ErrorDetails& error, Work& work);
  void resolve(const std::string& effect, bool at_once, Work& work);
  void withdraw(const std::string& effect, Work& work);
  void retry_later(const EffectRecord& record, TimerKey::Purpose purpose, int attempt, Work& work);

  // --- Read-back (instance_read_back.cpp)
  void read_back(const std::string& effect, Work& work);
  void settle_read_back(const std::string& effect, const tool::Outcome& outcome, Work& work);
  void conclude(const std::string& effect, const Value& answer, std::optional<SteadyTime> asked_since, Work& work);
  void ask_when_due(const std::string& effect, Work& work);
  void ask_when_settled(EffectRecord& record, Work& work);
  void read_back_failed(const std::string& effect, Work& work);
  bool is_being_asked(const std::string& effect) const;  // a read-back about it is under way

  // --- What the gate is told, and budgets (instance_circumstances.cpp)
  gate::Verdict check(const tool::Effect& effect, Work& work) const;
  gate::Verdict check(const tool::Effect& effect, const definition::Project& definitions, Work& work) const;
  std::string stopped(const tool::Effect& effect, const Work& work) const;
  Value with_charges(Value data, const gate::Verdict& verdict, bool asks, Work& work) const;
  Value with_refunds(Value data, Work& work) const;
  std::vector<std::string> also_excluded(const gate::Verdict& verdict, const Work& work) const;
  bool asked_for_it(const std::string& person) const;
  void add_asker(std::string person);

  // --- Approvals (instance_approval.cpp)
  void propose(const tool::Effect& effect, const gate::Verdict& verdict, bool known, Work& work);
  std::string shown_digest(const std::string& task, const tool::Effect& effect, const gate::Verdict& verdict) const;
  Status check_unchanged(const std::string& task, Work& work);
  Result<Value> after_vote(const HumanTask& task, gate::Approval approval, const VoteRequest& request, Work& work);
  void escalate(const std::string& task, Work& work);
  void arm_approval(const std::string& task, Work& work) const;
  Value complete_approval(const std::string& task, gate::Approval approval, Work& work);
  void expire(const std::string& task, Work& work);

  // --- Human tasks (instance_tasks.cpp)
  Result<HumanTask*> find_open(const std::string& task);
  std::string next_task_id();
  void close_task(const std::string& task, const char* outcome, Work& work);
  void answer_approval(const HumanTask& task, const gate::Approval& approval, const char* outcome,
                       const definition::Principal& by, Work& work);
  void ask_resolution(const std::string& effect, const std::string& reason, Work& work);
  void resolve_by_person(const std::string& effect, const Value& answer, bool by_requester);

  std::string id_;  // constant
  // What it runs under: changed by migrations only.
  definition::ProjectPointer project_;
  std::shared_ptr<const definition::Workflow> workflow_;
  Interpreter interpreter_;

  // The fold of the events. What is new here belongs into serialise() and parse(), too.
  InstanceState state_;
  std::uint64_t sequence_ = 0;
  definition::Principal principal_;
  std::string parent_;
  bool awaited_ = false;   // by the parent
  std::size_t depth_ = 0;  // of workflows that run each other
  std::vector<std::string> above_;   // those that run this one, "NAMESPACE/NAME:VERSION", the first one first
  // Who had a say in what is asked for, beside the principal: asked for the run again, sent one of the events that started it, or
  // moved it to another version with a mapping of their own.
  std::vector<std::string> askers_;
  std::map<std::string, EffectRecord> effects_;
  std::map<std::string, HumanTask> tasks_;
  std::map<std::string, Timestamp> timers_;
  std::map<std::string, Value> children_;  // not ended, awaited or not: data of child_started
  std::uint64_t last_task_number_ = 0;
  bool continue_pending_ = false;
  gate::KnownValues known_;  // what it was given, for the gate
  gate::RunPast past_;       // what it has done, for the invariants
  Label context_;            // of all that it has read
  std::uint64_t quarantined_before_ = 0;  // thousandths of a bit that the parent had been told already
  std::optional<Value> failure_;  // set by fail()
  std::string schedule_;          // whose `after` counts from the end of this instance; empty: none
  bool suspended_ = false;
  std::string run_;  // of which it is a part, where its own name does not say it: it goes on from another instance
  // Until the next event after a migration: what it goes back to when that is undone.
  struct Before {
    std::string migration;
    Definitions definitions;
    std::string state;  // of the interpreter
    std::optional<std::vector<std::string>> askers = {};  // none: as they are
  };
  std::optional<Before> before_;
  std::vector<Input> held_;  // inputs that came since; their bookkeeping is done, the interpreter has not seen them

  // Empty between commands.
  std::list<Input> inputs_;
  std::optional<Arrival> arriving_;  // what the event at hand moves it to
  const tool::SharedEffect* judged_ = nullptr;  // what the event at hand describes, so that it need not be read back from it
  static inline const std::string nobody_;
};

// "ID-t3" -> "ID"; empty when the id has no such form.
std::string instance_of(std::string_view id, char kind);

}  // namespace gantry::engine
