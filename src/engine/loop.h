// The engine's thread: drain the inbox, let each command decide its events, append them all in one transaction, and
// only then answer callers, arm timers and send effects. When there is much to do, a second turn is decided while the first is
// being written (commit_pipeline.h); nothing of it gets out before it is durable, and if the first is refused, both are.
//
// When the journal can't take a batch, every instance that the batch has touched is rebuilt from the journal, so memory
// never runs ahead of it: callers get the error, and the engine's own commands (answers of workers, timers) are kept
// and tried again. All members belong to the engine's thread, but for those said to be for any thread.
#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <set>
#include <thread>
#include <unordered_map>

#include "engine/budgets.h"
#include "engine/command.h"
#include "engine/commit_pipeline.h"
#include "engine/effect_executor.h"
#include "engine/event_index.h"
#include "engine/inbox.h"
#include "engine/installation.h"
#include "engine/recent_events.h"
#include "engine/timer_queue.h"

namespace gantry::engine {

struct Engine::Loop {
  Loop(Parts parts, EngineOptions options);
  ~Loop();
  Status open();  // reads the store
  void start_thread();
  // What the thread does, for those who have none: one turn without waiting, and the end.
  void step();
  void stop();
  // That need not be waited for.
  bool has_work() const { return !work_.empty() || !broken_.empty() || committing_; }
  bool is_settled() const { return !committing_; }  // the journal says what is in memory
  std::optional<Timestamp> next_due() const { return timers_.next_due(); }
  SteadyTime paused_until() const { return pause_until_; }              // the journal takes no writes until then, perhaps
  const SteadyClock& steady_clock() const { return steady_clock_; }
  // For those who compare: the state of an instance that is in memory, and what the journal gives.
  std::optional<std::string> serialised(const std::string& instance) const;
  Result<std::string> rebuilt(const std::string& instance, bool from_snapshot);

  // Any thread: posts and waits for the durable answer.
  Result<Value> ask(Command::Request request);
  Result<Received> receive(std::vector<Value> cloud_events, const definition::Principal& from);

  // --- Constant after open()
  Parts parts_;
  EngineOptions options_;
  std::shared_ptr<const gate::Gate> gate_;
  std::shared_ptr<Inbox> inbox_;  // any thread
  CommitPipeline store_;          // the engine's thread; in front of parts_.store
  Installation installation_;

  // --- For any thread
  std::atomic<std::uint64_t> commits_{0}, events_{0}, effects_sent_{0};
  std::atomic<std::size_t> running_{0}, in_memory_{0}, in_flight_{0};

 private:
  struct Slot {
    std::unique_ptr<InstanceRecord> record;
    std::uint64_t snapshot_sequence = 0;
    std::size_t snapshot_bytes = 0;  // of the last one
    bool rests = false;              // as the journal says
    std::size_t tickets = 0;         // places in resting_
    std::uint64_t touched_in = 0;    // the last turn that touched it
    std::uint64_t changed_in = 0;    // the last turn that has it among its `changed`
  };
  using Instances = std::unordered_map<std::string, Slot>;
  using Place = Instances::value_type;
  // One command of a batch, and its answer when the batch is durable.
  struct Handled {
    Command command;
    Result<Value> answer = Value();
  };
  struct Waiter {
    WaitRequest request;
    std::shared_ptr<std::promise<Result<Value>>> reply;
  };
  struct Turn {
    std::uint64_t number = 0;  // counts up
    journal::Batch batch;
    std::vector<Handled> handled;
    std::vector<std::string> touched;  // instances, each once; see touch()
    std::vector<std::string> changed;  // those of them that do not just wait for a call; see note_changed()
    std::vector<Dispatch> dispatches;  // what is to happen when it is durable
    std::vector<std::pair<std::string, std::vector<TaskTrace>>> traces;
    std::vector<std::string> keys;    // that it put into uncommitted_keys_
    bool is_noted = false;            // as written, by what keeps the state of a batch
    std::optional<Error> unreadable;  // the journal could not be read; nothing of the turn counts
    void clear();
  };
  // Turns that are over are kept for their memory.
  struct KeepTurn {
    std::vector<std::unique_ptr<Turn>>* spare;
    void operator()(Turn* turn) const;
  };
  using TurnPointer = std::unique_ptr<Turn, KeepTurn>;

  static constexpr std::size_t commands_per_take = 4'096;

  std::shared_ptr<const gate::Gate> make_gate();

  // --- The thread (loop.cpp)
  void run();
  void take(Inbox::Taken taken);
  std::size_t takes_max() const;
  void go_on();
  void tell_idle() const;
  SteadyTime::duration time_to_wake() const;
  bool paused() const { return steady_clock_.now() < pause_until_; }
  void refuse_callers(const Error& error);
  void leave_early(Turn& turn);  // what planted mistakes do
  void commit(Turn& turn);
  void committed(Turn& turn, const Turn* later = nullptr);
  void dispatch_all(Turn& turn);
  void answer_callers(Turn& turn);
  void dispatch(Dispatch& dispatch);
  void pump();
  bool is_immediate(const SendEffect& effect) const;
  void let_go(const std::vector<std::string>& changed);
  void count_running();

  // --- Turns, and how two of them overlap (loop_turn.cpp)
  void turn();
  TurnPointer new_turn();
  bool may_overlap() const;
  void settle();  // waits for the batch that is being written, if any, and does what follows from it
  void await_written(Turn& turn);
  void note_written(Turn& turn);
  void collect(Turn& turn, bool overlaps);
  void add_states(Turn& turn);
  bool wants_snapshot(const Slot& slot) const;
  void add_snapshot(const std::string& instance, Slot& slot, Turn& turn) const;
  void touch(Place& place, Turn& turn);
  void note_changed(Turn& turn);
  Place* place_of(const std::string& instance);
  bool was_touched(const std::string& instance, const Turn& turn) const;  // and by no later one
  bool is_ahead(const Slot& slot) const;                    // its record holds what is not durable
  bool is_ahead(const std::string& instance) const;
  bool is_family_ahead(const std::string& instance) const;  // or that of a child

  // --- When the journal says no (loop_failure.cpp)
  void failed(Turn& turn, const Error& error);
  void failed_together(Turn& next, const Error& error);
  void roll_back(const std::vector<std::string>& touched);
  bool reload_broken();
  void isolate(Turn& turn);
  void give_up(Handled& handled, const Error& error);
  void pause();

  // --- Commands (loop_commands.cpp)
  void handle(Handled& handled, Turn& turn);
  Result<Value> handle(const StartRequest& request, Work& work, Turn& turn);
  Result<Value> handle(const VoteRequest& request, Work& work, Turn& turn);
  Result<Value> handle(const AnswerRequest& request, Work& work, Turn& turn);
  Result<Value> handle(const CancelRequest& request, Work& work, Turn& turn);
  Result<Value> handle(const SuspendRequest& request, Work& work, Turn& turn);
  Result<Value> handle(const ReceiveRequest& request, Work& work, Turn& turn);
  Result<Value> handle(const DeployRequest& request, Work& work, Turn& turn);
  Result<Value> handle(const MaintainRequest& request, Work& work, Turn& turn);
  Result<Value> handle(const WaitRequest& request, Work& work, Turn& turn);
  Result<Value> handle(const OutcomeArrived& request, Work& work, Turn& turn);
  Result<Value> handle(const TimerKey& request, Work& work, Turn& turn);
  Result<Value> handle(const ContinueLater& request, Work& work, Turn& turn);
  Result<Value> handle(const NotifyParent& request, Work& work, Turn& turn);
  Result<Value> handle(const CancelInstance& request, Work& work, Turn& turn);
  Result<Value> handle(const RecoverInstance& request, Work& work, Turn& turn);
  Result<Value> handle(const NoteNotSent& request, Work& work, Turn& turn);
  Result<Value> handle(const FailInstance& request, Work& work, Turn& turn);
  Result<Value> handle(const NoteStuck& request, Work& work, Turn& turn);
  // --- The gate's own (loop_gate.cpp)
  Result<Value> handle(const BatchVoteRequest& request, Work& work, Turn& turn);
  Result<Value> handle(const GateRequest& request, Work& work, Turn& turn);
  Result<Value> handle(const ChangePolicy& request, Work& work, Turn& turn);
  Result<Value> handle(const ReconsiderApprovals& request, Work& work, Turn& turn);
  Result<Value> handle(const FollowRequest& request, Work& work, Turn& turn);  // loop_follow.cpp
  std::string new_id(Timestamp now);
  Result<Value> propose_change(const DeployRequest& request, Work& work, Turn& turn);
  void reconsider_all();
  std::string add_instance(const definition::ProjectPointer& project,
                             const std::shared_ptr<const definition::Workflow>& workflow, Value data, Work& work,
                             Turn& turn);
  struct NewInstance {
    std::shared_ptr<const definition::Workflow> workflow;  // of the newest project
    Value input;
    definition::Principal principal;
    std::string key;  // idempotency key; empty: none
    Value cause;      // what the schedule says of it; null: somebody asked for it
    std::vector<std::string> senders = {};  // of the other events that it is started for
  };
  // The instance of this workflow ("namespace/name") that this person started with the key, if any; no key: none.
  Result<std::optional<std::string>> started_before(const std::string& workflow, const std::string& person,
                                                    const std::string& key);
  static std::string key_name(const std::string& workflow, const std::string& person, const std::string& key);
  // What started_before answers until the turn is durable.
  void note_start(const std::string& workflow, const std::string& person, const std::string& key,
                  const std::string& instance, Turn& turn);
  // {instance, existed}. Errors: those of starting.
  Result<Value> start_instance(NewInstance start, Work& work, Turn& turn);
  void start_child(StartChildInstance child, Work& work, Turn& turn);
  Interpreter interpreter_for(const definition::ProjectPointer& project,
                              const std::shared_ptr<const definition::Workflow>& workflow);
  Result<Value> handle(const ForkRequest& request, Work& work, Turn& turn);  // loop_fork.cpp
  // --- Migration (loop_migration.cpp)
  Result<Value> handle(const MigrationRequest& request, Work& work, Turn& turn);
  Result<Value> handle(const UndoMigrationRequest& request, Work& work, Turn& turn);
  Result<InstanceRecord*> look_at(const std::string& instance, Slot& visitor, Turn& turn);
  Result<Migration> prepare(const MigrationRequest& request, const Work& work);
  Status check_mapping_for(const std::string& instance, const Migration& migration, Turn& turn);
  // Nothing when it is where it was to go.
  Result<std::optional<MigrationFit>> migrate_one(const std::string& instance, const Migration& migration, bool apply,
                                                  Work& work, Turn& turn);
  // Why it can't move back, or empty.
  Result<std::string> move_one_back(const std::string& instance, const UndoMigrationRequest& request, bool apply, Work& work,
                                    Turn& turn);
  InstanceRecord* find(const std::string& instance, Turn& turn, bool rests = false);
  InstanceRecord& add(std::unique_ptr<InstanceRecord> record, Turn& turn);
  // Why an instance that is not running can't be acted on: not_found or conflict.
  Error not_running(const std::string& instance);

  // --- Schedules (loop_schedules.cpp)
  Result<Value> handle(const DescribeSchedules& request, Work& work, Turn& turn);
  void arm_schedules();
  void arm_schedule(TimerKey timer);
  void fire_schedule(const TimerKey& timer, Work& work, Turn& turn);
  void start_due(const Schedules::Due& due, Work& work, Turn& turn);
  void schedule_again(const std::string& schedule, Work& work, Turn& turn);
  void offer_to_schedules(const Value& event, const definition::Principal& from, bool named_only, Work& work,
                          Turn& turn);
  void start_ready(const Schedules::Collected& collected, Work& work, Turn& turn);
  void start_collected(const Schedules::Collected& collected, Work& work, Turn& turn);

  // --- CloudEvents (loop_events.cpp)
  Status load_recent_events();
  // What must be in the same entry of the journal as the command: children to start, events to deliver.
  void finish_entry(Work& work, Turn& turn);
  void publish(const PublishEvent& request, Work& work, Turn& turn);
  void publish_lifecycle(const PublishEvent& request, Work& work, Turn& turn);
  std::vector<std::string> takers_of(const Value& event, Timestamp now);
  std::vector<std::string> takers_among(std::vector<std::string> candidates, const Value& event, Timestamp now);
  // What follows from the event at hand is left to later commands.
  static bool is_deferred(const Work& work);
  void deliver(const Value& event, const std::vector<std::string>& takers, Work& work, Turn& turn);
  void index_listening(Work& work);
  void index_listening(const std::string& instance);

  // --- Waiting (loop_waiting.cpp)
  void wait_or_answer(Waiter waiter);
  void wait_or_answer_awake(Waiter waiter);
  void keep_waiting(Waiter waiter);
  void answer_waiters(const Turn& turn);
  void answer_waiters_of(const std::string& instance);
  void answer_impatient();
  void answer_idle();
  // It, or a child that it waits for.
  bool waits_for_person(const std::string& instance) const;
  bool is_idle() const;  // nothing is to be done, is under way, or falls due
  Result<InstanceOutcome> outcome_of(const std::string& instance);
  Result<InstanceOutcome> outcome_in_store(const std::string& instance);

  // --- Instances that rest, and may leave memory (loop_resting.cpp)
  static void note_resting(const std::string& instance, Slot& slot, Turn& turn);
  void let_rest(const std::string& instance, Slot& slot);
  void make_room();
  bool may_leave(const std::string& instance, const Slot& slot) const;
  // True when it is in memory now. `rests`: the journal has said already that it does. Errors: unavailable.
  Result<bool> wake(const std::string& instance, bool rests = false);
  void fetch_timers();

  // --- Recovery (loop_recovery.cpp)
  Status load_unfinished();
  void set_stuck(const std::string& instance, const Error& error, const std::string& known_reason);
  Result<Slot> load(const std::string& instance);
  Result<Slot> load_events(const std::string& instance);  // all of them, whatever snapshots there are
  Result<Slot> load_snapshot(const journal::Snapshot& snapshot);

  const MachineSteadyClock machine_steady_clock_;
  const SteadyClock& steady_clock_;
  Budgets budgets_;
  std::unique_ptr<EffectExecutor> executor_;
  Instances instances_;
  std::vector<Place*> at_hand_;  // of instances_: touched by the command that is being handled
  // Prepared once for each workflow of the newest project.
  definition::ProjectPointer interpreters_of_;
  std::unordered_map<const definition::Workflow*, Interpreter> interpreters_;
  std::deque<std::string> resting_;   // in memory, in the order in which they came to rest; some more than once
  std::size_t out_of_memory_ = 0;     // instances that run and are not in instances_
  std::map<std::string, std::string> stuck_;  // instances that can't be rebuilt, and why; they are not in instances_
  EventIndex listening_;                      // of the instances in memory
  RecentEvents recent_events_;                // received
  LifecycleAudience lifecycle_;  // of all that is listened to and recorded
  TimerQueue timers_;
  std::set<TimerKey> schedule_timers_;  // of these, those of schedules
  std::deque<Command> work_;                             // taken from the inbox, or the engine's own
  std::deque<SendEffect> sending_;                       // durable, waiting for a free worker
  std::map<std::string, std::string> uncommitted_keys_;  // "namespace/name key" -> instance
  std::unordered_multimap<std::string, Waiter> waiters_;  // by instance
  bool ask_idle_again_ = false;                          // one of them waits until nothing is to be done
  SteadyTime next_impatience_ = SteadyTime::max();
  std::set<std::string> broken_;  // must be rebuilt from the journal before anything else
  std::size_t isolated_ = 0;      // so many commands are handled one per batch
  SteadyTime pause_until_{};
  Duration pause_length_{};
  bool stopping_ = false;
  std::uint64_t turns_ = 0;
  std::vector<std::unique_ptr<Turn>> spare_turns_;  // empty ones
  std::vector<journal::Event> spare_events_;        // likewise, those of Work
  std::vector<Dispatch> spare_dispatches_;
  TurnPointer committing_{nullptr, KeepTurn{&spare_turns_}};  // being written while the next one is decided
  const Turn* later_ = nullptr;       // while a turn is seen through: the one that was decided after it
  std::thread thread_;
};

// Between an outcome and the form in which it goes back to callers.
Value to_value(const InstanceOutcome& outcome);
InstanceOutcome outcome_from(const Value& value);

}  // namespace gantry::engine
