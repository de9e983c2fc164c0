// Lines that run side by side, put in a row: see state.h. Mirrors engine/task_fork.cpp and engine/task_run.cpp.
#include <fmt/format.h>

#include <algorithm>

#include "prove/machine.h"

namespace gantry::prove {

using engine::ErrorKind;

namespace {

void put_aside(ProofState& state) {
  ProofFrame& frame = state.top();
  frame.outer_context = state.context;
  frame.outer_variables = state.variables;
  frame.outer_workflow = state.workflow;
  frame.outer_workflow_input = state.workflow_input;
}

// Back in the line that the top frame is in. What the inner line had put aside is that of the outer one.
void take_back(ProofState& state) {
  const ProofFrame& frame = state.top();
  state.context = frame.outer_context;
  state.variables = frame.outer_variables;
  state.workflow = frame.outer_workflow;
  state.workflow_input = frame.outer_workflow_input;
}

bool is_fork(const ProofFrame& frame) {
  return frame.task != nullptr && std::holds_alternative<definition::ForkTask>(frame.task->body);
}

bool is_awaited(const ProofFrame& frame) {
  const auto* task = frame.task == nullptr ? nullptr : std::get_if<definition::RunWorkflowTask>(&frame.task->body);
  return task == nullptr || task->await;
}

}  // namespace

void Machine::begin(ProofState state, const definition::ForkTask& task) {
  if (task.branches.tasks.empty()) return complete(std::move(state), terms_.array({}));
  put_aside(state);
  ProofFrame& frame = state.top();
  frame.runs_inner = true;
  frame.branch = 0;
  frame.outputs.clear();
  go(std::move(state));
}

// A branch begins; or it never does, as long as the others do something.
void Machine::next_branch(ProofState state) {
  const auto& branches = std::get<definition::ForkTask>(state.top().task->body).branches.tasks;
  if (state.top().branch >= branches.size()) return conclude(std::move(state));
  ProofState without = state;
  ++without.top().branch;
  without.top().broken = true;
  go(std::move(without));
  take_back(state);
  const Task& task = *branches[state.top().branch];
  TermPointer input = state.top().input;
  state.variables.resize(state.top().task->scope_size, terms_.null());
  start_task(std::move(state), task, input);
}

// The line on top of the frame has come to its end.
void Machine::branch_ended(ProofState state, Signal how, TermPointer value) {
  ProofFrame& frame = state.top();
  if (!is_fork(frame)) {
    state.value = nullptr;
    return child_ended(std::move(state), how, value);
  }
  const bool compete = std::get<definition::ForkTask>(frame.task->body).compete;
  take_back(state);
  ++frame.branch;
  state.signal = Signal::none;
  state.value = nullptr;
  if (how == Signal::output && !compete) {
    frame.outputs.push_back(value);
    return go(std::move(state));
  }
  // It ends the fork, at once or after the others have got somewhere; or another does so before.
  ProofState outrun = state;
  outrun.top().broken = true;
  go(std::move(outrun));
  frame.conclusion = how;
  frame.conclusion_value = value;
  go(std::move(state));
}

// All branches have had their turn.
void Machine::conclude(ProofState state) {
  ProofFrame& frame = state.top();
  take_back(state);
  const Signal how = frame.conclusion;
  TermPointer value = frame.conclusion_value;
  const bool broken = frame.broken;
  std::vector<TermPointer> outputs = std::move(frame.outputs);
  frame.runs_inner = false;
  frame.broken = false;
  frame.branch = 0;
  frame.conclusion = Signal::none;
  frame.conclusion_value = nullptr;
  frame.outputs.clear();
  const std::size_t all = std::get<definition::ForkTask>(frame.task->body).branches.tasks.size();
  if (how == Signal::output) return complete(std::move(state), value);
  if (how == Signal::error) return raise(std::move(state), value);
  if (how == Signal::ending) {
    state.signal = Signal::ending;
    state.value = value;
    state.frames.pop_back();
    return go(std::move(state));
  }
  if (!broken && outputs.size() == all) {
    fail(state, ErrorKind::runtime);
    TermPointer output = terms_.array(std::move(outputs));
    return complete(std::move(state), output);
  }
  // Waits for ever; so does the line that the fork is in.
  stop_line(std::move(state));
}

// The innermost line that others run beside goes no further; they do.
void Machine::stop_line(ProofState state) {
  while (!state.frames.empty()) {
    ProofFrame& frame = state.top();
    const bool is_line = frame.runs_inner && (is_fork(frame) || !is_awaited(frame));
    if (!is_line) {
      // The line of an awaited workflow is that of the task that waits for it.
      if (frame.runs_inner) take_back(state);
      state.frames.pop_back();
      continue;
    }
    take_back(state);
    state.excused = false;  // else it would not have gone on to run this line
    state.signal = Signal::none;
    state.value = nullptr;
    if (is_fork(frame)) {
      ++frame.branch;
      frame.broken = true;
      note(state, "a branch waits");
      return go(std::move(state));
    }
    frame.runs_inner = false;
    TermPointer input = frame.input;
    return complete(std::move(state), input);
  }
}

// --- run: workflow

void Machine::begin(ProofState state, const definition::RunWorkflowTask& task) {
  TermPointer input = state.top().input;
  const auto found = project_.find_workflow(task.namespace_, task.name, task.version);
  for (Way& way : evaluate(state, {.input = input}, task.input, input)) {
    if (way.value == nullptr) {
      fail(std::move(way.state), ErrorKind::expression);
      continue;
    }
    if (found == nullptr) {
      fail(std::move(way.state), ErrorKind::configuration);
      continue;
    }
    ProofState each = std::move(way.state);
    // It may be cancelled, or fail before it does anything.
    if (task.await) {
      ProofState broken = each;
      TermPointer error = error_from_outside(broken, "an error of the other workflow");
      note(broken, fmt::format("{} fails or is cancelled", found->name.text()),
           {.kind = TraceEvent::Kind::child_failed, .value = error});
      raise(std::move(broken), error);
    } else {
      complete(each, input);
    }
    if (std::count_if(each.frames.begin(), each.frames.end(), [](const ProofFrame& frame) {
          return frame.runs_inner && !is_fork(frame);
        }) >= static_cast<std::ptrdiff_t>(nested_workflows_followed)) {
      not_followed("workflows that run each other too deeply");
      continue;
    }
    each.top().wait = Wait::child;
    each.signal = Signal::none;
    // It starts with {} instead of null.
    ProofState empty = each;
    if (empty.condition.restrict_types(way.value, type_null)) {
      empty.top().value = terms_.literal(Value::object(std::vector<Member>{}));
      go(std::move(empty));
    }
    if (!each.condition.restrict_types(way.value, static_cast<TypeMask>(type_any & ~type_null))) continue;
    each.top().value = way.value;
    go(std::move(each));
  }
}

void Machine::start_child(ProofState state) {
  const auto& task = std::get<definition::RunWorkflowTask>(state.top().task->body);
  const auto found = project_.find_workflow(task.namespace_, task.name, task.version);
  put_aside(state);
  state.top().wait = Wait::none;
  state.top().runs_inner = true;
  TermPointer input = state.top().value;
  state.workflow = found.get();
  state.workflow_input = input;
  state.context = terms_.null();
  state.variables.clear();
  ProofFrame root;
  root.raw_input = input;
  state.frames.push_back(std::move(root));
  for (ProofState& entered : enter(std::move(state))) {
    entered.top().phase = engine::Phase::body;
    entered.top().value = entered.top().input;
    go(std::move(entered));
  }
}

// The frame of the workflow is gone; the top one is that of the task that ran it.
void Machine::child_ended(ProofState state, Signal how, TermPointer value) {
  ProofFrame& frame = state.top();
  take_back(state);
  frame.runs_inner = false;
  state.signal = Signal::none;
  state.value = nullptr;
  if (!is_awaited(frame)) {
    TermPointer input = frame.input;
    return complete(std::move(state), input);
  }
  if (how == Signal::output) return complete(std::move(state), value);
  TermPointer error = error_from_outside(state, "an error of the other workflow");
  note(state, "the other workflow has failed");
  raise(std::move(state), error);
}

}  // namespace gantry::prove
