// One step: what may cut in, and then what the signal asks for. Notes for the path.
#include <fmt/format.h>

#include <algorithm>

#include "prove/machine.h"

namespace gantry::prove {

using engine::ErrorKind;
using engine::Phase;

void Machine::not_followed(std::string what) {
  if (successors_.not_followed.empty()) successors_.not_followed = std::move(what);
}

Label Machine::label_of_outside() const {
  return Label::of({.integrity = Integrity::untrusted, .secrecy = Secrecy::public_, .sources = {}, .compartments = {}});
}

std::string Machine::instance_of(const ProofState& state) const {
  std::string path;
  for (const ProofFrame& frame : state.frames) {
    if (!frame.runs_inner || frame.task == nullptr) continue;
    if (std::holds_alternative<definition::RunWorkflowTask>(frame.task->body))
      path += (path.empty() ? "" : " ") + frame.task->reference;
  }
  return path;
}

void Machine::note(ProofState& state, std::string text, TraceEvent event) {
  auto step = std::make_shared<Trace>();
  step->before = state.trace;
  step->workflow = state.workflow;
  step->task = state.frames.empty() ? nullptr : state.top().task;
  step->text = std::move(text);
  step->event = std::move(event);
  step->event.instance = instance_of(state);
  if (step->event.task.empty() && step->task != nullptr) step->event.task = step->task->reference;
  state.trace = std::move(step);
}

void Machine::learn(ProofState& state, const Condition& condition) {
  const std::vector<Constraint>& known = state.condition.constraints();
  std::vector<Constraint> fresh;
  for (const Constraint& one : condition.constraints())
    if (std::find(known.begin(), known.end(), one) == known.end()) fresh.push_back(one);
  state.condition = condition;
  if (fresh.empty()) return;
  note(state, "");
  auto step = std::make_shared<Trace>(*state.trace);
  step->known = std::move(fresh);
  state.trace = std::move(step);
}

std::vector<ProofState> Machine::start(const definition::Workflow& workflow) {
  successors_ = {};
  ProofState state;
  state.workflow = &workflow;
  state.context = terms_.null();
  TermPointer input = terms_.symbol("input", label_of_outside());
  state.workflow_input = input;
  note(state, "", {.kind = TraceEvent::Kind::start, .value = input});
  ProofFrame root;
  root.raw_input = input;
  state.frames.push_back(std::move(root));
  for (ProofState& entered : enter(std::move(state))) {
    entered.top().phase = Phase::body;
    entered.top().value = entered.top().input;
    go(std::move(entered));
  }
  return std::move(successors_.states);
}

Successors Machine::step(const ProofState& state) {
  successors_ = {};
  if (state.frames.size() >= 190) {
    not_followed("tasks are nested too deeply");
    return std::move(successors_);
  }
  interrupts(state);
  if (state.excused) {
    // Nothing on this line can break the invariant any more; lines beside it may.
    stop_line(state);
    return std::move(successors_);
  }
  switch (state.signal) {
    case Signal::none:
      advance(state);
      break;
    case Signal::output:
      finish(state);
      break;
    case Signal::error:
    case Signal::ending:
      unwind(state);
      break;
  }
  return std::move(successors_);
}

namespace {

// The state with the frames above this one gone. What they had put aside is what goes on.
ProofState cut_to(const ProofState& state, std::size_t index) {
  ProofState cut = state;
  for (std::size_t j = state.frames.size(); j-- > index;) {
    const ProofFrame& gone = state.frames[j];
    if (!gone.runs_inner) continue;
    cut.context = gone.outer_context;
    cut.variables = gone.outer_variables;
    cut.workflow = gone.outer_workflow;
    cut.workflow_input = gone.outer_workflow_input;
  }
  cut.frames.resize(index + 1);
  cut.top().runs_inner = false;
  cut.top().wait = Wait::none;
  return cut;
}

}  // namespace

// What may cut a task off between two steps: its timeout, that of the workflow, the end of a workflow that it waits
// for, too many events.
void Machine::interrupts(const ProofState& state) {
  if (state.signal == Signal::error || state.signal == Signal::ending || state.excused) return;
  const definition::Workflow* workflow = state.workflow;
  for (std::size_t i = state.frames.size(); i-- > 0;) {
    const ProofFrame& frame = state.frames[i];
    if (frame.runs_inner && frame.outer_workflow != nullptr && i + 1 < state.frames.size())
      workflow = frame.outer_workflow;
    const bool is_root = frame.task == nullptr;
    const bool has_timeout = is_root ? workflow->timeout.has_value() : frame.task->timeout.has_value();
    const auto* guarded = is_root ? nullptr : std::get_if<definition::TryTask>(&frame.task->body);
    const bool has_limit = guarded != nullptr && guarded->retry && guarded->retry->attempt_duration &&
                           frame.phase == Phase::body && i + 1 < state.frames.size();
    const bool runs_workflow =
        frame.runs_inner && !is_root && std::holds_alternative<definition::RunWorkflowTask>(frame.task->body);
    if (runs_workflow && std::get<definition::RunWorkflowTask>(frame.task->body).await) {
      ProofState cut = cut_to(state, i);
      TermPointer error = error_from_outside(cut, "an error of the other workflow");
      note(cut, "the other workflow fails or is cancelled", {.kind = TraceEvent::Kind::child_failed, .value = error});
      raise(std::move(cut), error);
    }
    // Events come in while one is worked on, and may be too many.
    if (!is_root && std::holds_alternative<definition::ListenTask>(frame.task->body) && frame.phase == Phase::body &&
        frame.wait == Wait::none) {
      ProofState cut = cut_to(state, i);
      cut.top().phase = Phase::closing;
      note(cut, "gets too many events");
      fail(std::move(cut), ErrorKind::runtime);
    }
    for (const bool of_attempt : {false, true}) {
      if (of_attempt ? !has_limit : !has_timeout) continue;
      ProofState cut = cut_to(state, i);
      if (!of_attempt) cut.top().phase = Phase::closing;
      note(cut, "times out", {.kind = TraceEvent::Kind::timer, .purpose = "timeout"});
      fail(std::move(cut), ErrorKind::timeout);
    }
  }
}

}  // namespace gantry::prove
