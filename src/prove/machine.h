// The interpreter on terms: from a state to all states that may follow it in one step. It mirrors engine/interpreter_*
// and engine/task_*; where those ask the outside or evaluate what is not understood, all answers follow.
//
// Over-approximates: every run of the real interpreter, seen step by step, is one of the paths here (see state.h for
// how concurrent lines are put in a row).
#pragma once

#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "definition/project.h"
#include "engine/error.h"
#include "prove/evaluator.h"
#include "prove/label_flow.h"
#include "prove/policy_view.h"
#include "prove/state.h"

namespace gantry::prove {

// An effect about to start that the invariant forbids.
struct Breach {
  ProofState state;  // when it starts
  const definition::Task* task = nullptr;
  const definition::Workflow* workflow = nullptr;
  std::string tool, operation;
  TermPointer arguments = nullptr;
};

struct Successors {
  std::vector<ProofState> states;
  std::vector<Breach> breaches;
  std::string not_followed;  // not empty: something may happen that is not in `states`
};

class Machine {
 public:
  Machine(const definition::Project& project, const definition::Invariant& invariant, Terms& terms, Solver& solver);

  // False: no task of the workflow, nor of those that it runs, can break the invariant, whatever happened before.
  bool may_break(const definition::Workflow& workflow);
  // States at the start of an instance of the workflow, with any input.
  std::vector<ProofState> start(const definition::Workflow& workflow);
  Successors step(const ProofState& state);

 private:
  using Task = definition::Task;
  struct Site {
    TermPointer input = nullptr, output = nullptr, raw_output = nullptr;
    std::size_t more_scope = 0;
    bool shows_definition = false;
  };
  // A way on: the state before what was evaluated, with the outcome's condition and its value (null: an error).
  struct Way {
    ProofState state;
    TermPointer value = nullptr;
  };
  using Ways = std::vector<Way>;

  // --- lists and the life of a task (machine.cpp); timeouts (machine_steps.cpp)
  void advance(ProofState state);
  void list_done(ProofState state);
  void start_task(ProofState state, const Task& task, TermPointer raw_input);
  void choose_extensions(ProofState state, std::size_t from);
  void start_body(ProofState state);
  std::vector<ProofState> enter(ProofState state);  // `input`; errors are given to go()
  void begin_body(ProofState state);
  void finish(ProofState state);
  void export_(ProofState state, TermPointer raw_output, TermPointer output);
  void after_output(ProofState state, TermPointer output);
  void leave_task(ProofState state, TermPointer output);
  void pass_on(ProofState state, TermPointer output, const definition::FlowDirective& directive);
  void leave_list(ProofState state);
  void complete(ProofState state, TermPointer output);
  void raise(ProofState state, TermPointer error);
  void end_workflow(ProofState state);
  void unwind(ProofState state);
  void interrupts(const ProofState& state);  // timeouts that may strike now
  // --- extensions
  void next_before(ProofState state);
  void next_after(ProofState state);
  void extension_list_done(ProofState state);
  void leave_extension_list(ProofState state);
  // --- task kinds (machine_tasks.cpp, machine_effects.cpp, machine_listen.cpp)
  void begin(ProofState state, const definition::DoTask& task);
  void begin(ProofState state, const definition::SetTask& task);
  void begin(ProofState state, const definition::SwitchTask& task);
  void begin(ProofState state, const definition::ForTask& task);
  void begin(ProofState state, const definition::ForkTask& task);
  void begin(ProofState state, const definition::TryTask& task);
  void begin(ProofState state, const definition::RaiseTask& task);
  void begin(ProofState state, const definition::EmitTask& task);
  void begin(ProofState state, const definition::WaitTask& task);
  void begin(ProofState state, const definition::CallTask& task);
  void begin(ProofState state, const definition::DecideTask& task);
  void begin(ProofState state, const definition::RunWorkflowTask& task);
  void begin(ProofState state, const definition::ListenTask& task);
  void begin(ProofState state, const definition::OpenApiTask& task);
  void begin(ProofState state, const definition::ApprovalTask& task);
  void begin(ProofState state, const definition::GuardrailTask& task);
  void iterate(ProofState state);
  void next_event(ProofState state);
  void event_done(ProofState state);
  void attempt(ProofState state);
  void catch_error(ProofState state);
  void handle_error(ProofState state, const definition::TryTask& task);
  void retry_or_handle(ProofState state, const definition::TryTask& task);
  void try_again(ProofState state, const definition::TryTask& task, bool& may_give_up);
  void choose_case(ProofState state, const definition::SwitchTask& task, std::size_t from);
  // The states with `excused` set where the answer satisfies one of `unless`.
  std::vector<ProofState> excuse(ProofState state, definition::InvariantGuard::Kind kind, std::string_view name,
                                 TermPointer answer);
  void call(ProofState state, std::string_view tool, std::string_view operation, TermPointer arguments, Wait wait);
  bool may_break(const definition::Workflow& workflow, const Task& task, const std::string& tool,
                 const std::string& operation);
  // For the standard's call the class follows from the method.
  std::vector<definition::EffectClass> classes_of_call(std::string_view tool, std::string_view operation,
                                                       TermPointer arguments);
  EffectView view_of(const definition::Workflow& workflow, const Task& task, const std::string& tool,
                     const std::string& operation, const definition::Operation& called, TermPointer arguments);
  void look_at(ProofState state, const EffectView& effect);
  void permit(ProofState state, const EffectView& effect);
  void answer(ProofState state);  // the outside answers what the top task waits for
  void effect_done(ProofState state);
  void decided(ProofState state, const definition::DecideTask& task);
  void approved(ProofState state, const definition::ApprovalTask& task);
  // --- concurrency (machine_fork.cpp)
  void next_branch(ProofState state);
  void branch_ended(ProofState state, Signal how, TermPointer value);
  void stop_line(ProofState state);  // the innermost concurrent line goes no further
  void conclude(ProofState state);
  void start_child(ProofState state);
  void child_ended(ProofState state, Signal how, TermPointer value);

  // --- evaluation (machine_values.cpp)
  std::vector<TermPointer> arguments_of(const ProofState& state, const ProofFrame& frame, const Site& site);
  // Of arguments_of(), in the same order.
  std::vector<std::string> names_of(const ProofState& state, const Site& site);
  void remember_names(const definition::TaskList& list, const std::vector<std::string>& scope);
  TermPointer describe_task(const ProofState& state, const ProofFrame& frame, const Site& site);
  template <class Source>
  Ways evaluate(const ProofState& state, const Site& site, const Source& source, TermPointer dot);
  Ways truth(const ProofState& state, const Site& site, const definition::Expression& source, TermPointer dot);
  Ways transform(const ProofState& state, const Site& site, const definition::DataFlow& flow, TermPointer dot);
  // The states in which the value satisfies the schema; whether it may not.
  std::vector<ProofState> fits(ProofState state, const std::optional<Schema>& schema, const Value& document,
                               TermPointer value, bool& may_fail);
  static Value schema_of(const ProofState& state, const char* direction);  // as written, of the top task; null if none
  bool duration_may_fail(const definition::DurationSource& source) const { return source.computed.has_value(); }
  void fail(ProofState state, engine::ErrorKind kind);
  TermPointer error_term(const ProofState& state, engine::ErrorKind kind);
  TermPointer error_from_outside(ProofState& state, const char* origin);
  Label label_of_outside() const;

  void go(ProofState state) { successors_.states.push_back(std::move(state)); }
  void note(ProofState& state, std::string text, TraceEvent event = {});
  // The state's condition becomes this one; what is new in it is told in the path.
  void learn(ProofState& state, const Condition& condition);
  std::string instance_of(const ProofState& state) const;
  void not_followed(std::string what);

  const definition::Project& project_;
  const definition::Invariant& invariant_;
  Terms& terms_;
  Evaluator evaluator_;
  PolicyView policies_;
  LabelFlow labels_;
  // The scope variables that a task sees, by workflow and task.
  std::unordered_set<const definition::Workflow*> named_;
  std::unordered_map<const Task*, std::vector<std::string>> names_;
  Successors successors_;
};

// Adds what is known of a value that satisfies the schema. False: none does, for certain.
bool assume_schema(Terms& terms, Condition& condition, const Value& schema, TermPointer value, int depth = 0);

inline constexpr std::uint64_t retries_followed = 10;                  // more are taken together
inline constexpr std::size_t iterations_followed = 50;                 // of a loop over a list whose items are known
inline constexpr std::size_t unknown_iterations_followed = 2;          // of a loop over any other list
inline constexpr std::size_t nested_workflows_followed = 8;

}  // namespace gantry::prove
