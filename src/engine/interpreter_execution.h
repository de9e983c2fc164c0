// One turn of the interpreter: delivers an outside answer to the branch that waits for it, then lets every branch that
// can go on do so until all wait again, the instance has ended, or the turn's step budget is used up.
//
// A branch moves in small steps; after each the state is complete and could be serialised. What happens next is told
// by Branch::signal: start the next task, hand an output to the enclosing list, or unwind an error.
#pragma once

#include <optional>

#include "engine/error.h"
#include "engine/interpreter_admission.h"
#include "engine/interpreter_plan.h"
#include "engine/state.h"

namespace gantry::engine {

// What stays the same for all turns of an instance.
struct Setting {
  const definition::Project* project = nullptr;  // may be null: no decisions and no other workflows
  const definition::Workflow& workflow;
  const InterpreterLimits& limits;
  const Plan& plan;
  StartWatch* watch = nullptr;
  Traced traced = Traced::yes;
};

class Execution {
 public:
  Execution(const Setting& setting, StateData& state, Timestamp now)
      : setting_(setting), state_(state), now_(now), admission_(setting.limits.value) {}

  // Inputs. Each ignores what the state does not wait for.
  void start(const std::string& instance, const Value& input, std::uint64_t quarantine_millibits);
  // Instead of start: the state is that of another instance, right before one of its tasks. Time limits of what it is
  // in begin anew.
  void start_from(const std::string& instance);
  void cancel();
  void go_on();  // instance_continued
  void effect_done(const std::string& effect, const Value& result);
  void effect_failed(const std::string& effect, const Value& error);
  void effect_denied(const std::string& effect, const Value& reason);
  void timer_fired(const std::string& timer);
  void task_answered(const std::string& human_task, const Value& answer);
  void child_ended(const Value& data);
  // `deferred`: what follows from the event is left to the next turn.
  void event_delivered(const Value& event, bool deferred);
  bool wants(const Value& event);

  // Lets the branches run, unless a Continue is out.
  void run();
  Turn take_turn() { return std::move(turn_); }

 private:
  // Where an expression stands and what it may see.
  struct Site {
    const char* field;                  // for messages: "input.from"
    const Value* input = nullptr;       // $input
    const Value* output = nullptr;      // $output
    const Value* raw_output = nullptr;  // $task.output
    std::size_t more_scope = 0;         // variables beyond those of the task's own scope
    bool shows_definition = false;      // $task has the members of the task's definition, too
  };

  // --- execution: lists, the life of a task, ends
  void step(Branch& branch);
  void advance(Branch& branch);
  void note_start(const Branch& branch, const definition::Task& task);
  bool restart_limits(Branch& branch, Frame& frame);  // false: an error was raised
  void list_done(Branch& branch, Frame& frame);
  void start_task(Branch& branch, const definition::Task& task, Value raw_input);
  void start_body(Branch& branch, Frame& frame);
  bool enter(Branch& branch, Frame& frame);  // `input` and the timeout; false: an error was raised
  bool set_time_limit(Branch& branch, Frame& frame);  // where there is one; false: an error was raised
  void finish(Branch& branch);
  void leave_task(Branch& branch, Frame& frame, Value output);
  void pass_on(Branch& branch, Value output, const definition::FlowDirective& directive);
  void leave_list(Branch& branch, Frame& frame);
  void complete(Branch& branch, Value output);  // of the top task
  void raise(Branch& branch, Value error);
  void unwind(Branch& branch);
  void end_workflow(Value raw_output);
  void end_instance(InstanceState::Status status, Action action);
  bool count_step();  // false: the instance has used up its steps and was faulted

  // --- cancelling
  void interrupt(Branch& branch, Frame& frame, Value error);
  void cut_down_to(Branch& branch, const Frame& frame);
  void cancel_branch(Branch& branch);
  void release(Frame& frame);
  void wake(Branch& branch);
  void block(Branch& branch);
  void trace(const Frame& frame, TaskTrace::Status status, Value detail = {});

  // --- timers and waiting
  std::string set_timer(Branch& branch, Frame& frame, Duration after, const char* purpose);
  void cancel_timer(std::string& timer);
  void wait_for(Branch& branch, Frame& frame, Waiting waiting);
  // The branch whose top frame waited for this, now awake; null when nobody did.
  Branch* awake(Waiting::For kind, const std::string& id);

  // --- arguments: expressions. Each raises in the branch and answers nothing when the evaluation fails.
  std::optional<Value> evaluate(Branch& branch, const Frame& frame, const Site& site,
                                const definition::Expression& expression, const Value& dot);
  std::optional<Value> evaluate(Branch& branch, const Frame& frame, const Site& site,
                                const definition::Template& source, const Value& dot);
  std::optional<Value> transform(Branch& branch, const Frame& frame, const Site& site, const definition::DataFlow& flow,
                                 const Value& dot);
  std::optional<Duration> duration(Branch& branch, const Frame& frame, const Site& site,
                                   const definition::DurationSource& source);
  std::optional<bool> condition(Branch& branch, const Frame& frame, const Site& site,
                                const definition::Expression& expression, const Value& dot);
  bool validate(Branch& branch, const Frame& frame, const char* field, const std::optional<Schema>& schema,
                const Value& value);
  template <class Program>
  Result<Value> evaluate_quietly(const Branch& branch, const Frame& frame, const Site& site, const Program& program,
                                 const Value& dot, const expression::Limits& limits);
  template <class Program>
  std::optional<Value> evaluate_with(Branch& branch, const Frame& frame, const Site& site, const Program& program,
                                     const Value& dot);
  // The value as it may be kept in the state; raises in the branch when it is too large.
  std::optional<Value> admit(Branch& branch, const Frame& frame, const char* field, ErrorKind kind, Value value);
  void fill_arguments(const Branch& branch, const Frame& frame, const Site& site);
  Value describe_task(const Branch& branch, const Frame& frame, const Site& site) const;
  const Value& describe_workflow();
  std::string place_of(const Frame& frame, const char* field) const;

  // --- tasks: each has its own file
  void begin(Branch& branch, Frame& frame, const definition::DoTask& task);
  void begin(Branch& branch, Frame& frame, const definition::SetTask& task);
  void begin(Branch& branch, Frame& frame, const definition::SwitchTask& task);
  void begin(Branch& branch, Frame& frame, const definition::ForTask& task);
  void begin(Branch& branch, Frame& frame, const definition::ForkTask& task);
  void begin(Branch& branch, Frame& frame, const definition::TryTask& task);
  bool limit_attempt(Branch& branch, Frame& frame);  // false: an error was raised
  void begin(Branch& branch, Frame& frame, const definition::RaiseTask& task);
  void begin(Branch& branch, Frame& frame, const definition::EmitTask& task);
  void begin(Branch& branch, Frame& frame, const definition::WaitTask& task);
  void begin(Branch& branch, Frame& frame, const definition::CallTask& task);
  void begin(Branch& branch, Frame& frame, const definition::DecideTask& task);
  void begin(Branch& branch, Frame& frame, const definition::RunWorkflowTask& task);
  void begin(Branch& branch, Frame& frame, const definition::ListenTask& task);
  void begin(Branch& branch, Frame& frame, const definition::OpenApiTask& task);
  void begin(Branch& branch, Frame& frame, const definition::ApprovalTask& task);
  void begin(Branch& branch, Frame& frame, const definition::GuardrailTask& task);

  // --- extensions (task_extension.cpp)
  bool choose_extensions(Branch& branch, Frame& frame);  // false: an error was raised
  void next_before(Branch& branch, Frame& frame);
  void next_after(Branch& branch, Frame& frame);
  void extension_list_done(Branch& branch, Frame& frame);
  void leave_extension_list(Branch& branch, Frame& frame);  // by `exit`

  void start_iteration(Branch& branch, Frame& frame);
  void branch_ended(Branch& branch, Value output);
  void start_attempt(Branch& branch, Frame& frame);
  bool catch_error(Branch& branch, Frame& frame);  // false: not caught here
  enum class Retry { no, yes, failed };
  Retry retry(Branch& branch, Frame& frame, const definition::RetryPolicy& policy);
  std::uint64_t retries_of(const definition::RetryPolicy& policy) const;
  std::optional<Duration> retry_delay(Branch& branch, Frame& frame, const definition::RetryPolicy& policy);
  // Asks for an effect; the task waits for its answer.
  bool expand_endpoint(Branch& branch, Frame& frame, Value& arguments);
  bool may_use_secrets(Branch& branch, const Frame& frame, const Value& authentication);
  void call_effect(Branch& branch, Frame& frame, std::string_view tool, std::string_view operation, Value arguments);
  static Value reduce_response(const Value& result, const Value& output);
  void call_operation(Branch& branch, Frame& frame, const Value& document, std::string_view document_uri);
  void openapi_answered(Branch& branch, Frame& frame, const Value& result);
  void ask_decider(Branch& branch, Frame& frame, const definition::Decision& decision, std::size_t from);
  bool release(Branch& branch, Frame& frame, const definition::Decision& decision, Value& answer,
               std::uint64_t& millibits);
  void decided(Branch& branch, Frame& frame, const definition::Decision& decision, const char* decider,
               std::vector<std::string> rules, Value given);
  const definition::Decision* find_decision(const std::string& name) const;

  // --- listening (task_listen.cpp)
  class FilterExpressions;
  std::vector<Pending> ordered_listens() const;
  void take(const Pending& listen, const Value& event);
  void add_event(Branch& branch, Frame& frame, Value event);
  bool has_enough(Branch& branch, Frame& frame);  // `until`; also true when an error was raised
  void next_event(Branch& branch, Frame& frame);
  void event_done(Branch& branch, Frame& frame, bool leaves);
  void stop_listening(Frame& frame);
  void finish_listening(Branch& branch, Frame& frame);

  const Setting& setting_;
  StateData& state_;
  Timestamp now_;
  Admission admission_;
  Turn turn_;
  std::uint64_t turn_steps_ = 0;
  std::vector<Value> arguments_;  // of the evaluation at hand
  std::optional<Value> workflow_description_;
};

}  // namespace gantry::engine
