// Lists, the life of a task, and its ends. Mirrors engine/interpreter_execution.cpp.
#include "prove/machine.h"

#include <fmt/format.h>

#include <algorithm>

#include "value/json.h"

namespace gantry::prove {

using definition::FlowDirective;
using engine::ErrorKind;
using engine::Phase;

Machine::Machine(const definition::Project& project, const definition::Invariant& invariant, Terms& terms,
                 Solver& solver)
    : project_(project),
      invariant_(invariant),
      terms_(terms),
      evaluator_(terms, solver),
      policies_(project, terms, evaluator_),
      labels_(project) {}

namespace {

const definition::TaskList* list_of(const ProofFrame& frame, const definition::Workflow& workflow) {
  if (frame.task == nullptr) return &workflow.tasks;
  if (frame.phase == Phase::before) return &frame.task->extensions[frame.chosen[frame.at]].before;
  if (frame.phase == Phase::after) return &frame.task->extensions[frame.chosen[frame.at]].after;
  if (const auto* sequence = std::get_if<definition::DoTask>(&frame.task->body)) return &sequence->tasks;
  if (const auto* loop = std::get_if<definition::ForTask>(&frame.task->body)) return &loop->body;
  if (const auto* guarded = std::get_if<definition::TryTask>(&frame.task->body)) {
    if (frame.phase == Phase::handler) return guarded->handler ? &*guarded->handler : nullptr;
    return &guarded->body;
  }
  if (const auto* listen = std::get_if<definition::ListenTask>(&frame.task->body))
    return listen->each ? &listen->each->body : nullptr;
  return nullptr;
}

bool in_extension(const ProofFrame& frame) {
  return frame.phase == Phase::before || frame.phase == Phase::after;
}

}  // namespace

void Machine::advance(ProofState state) {
  ProofFrame& frame = state.top();
  if (frame.wait != Wait::none) return answer(std::move(state));
  if (frame.runs_inner) return next_branch(std::move(state));
  const definition::TaskList* list = list_of(frame, *state.workflow);
  if (list == nullptr) return not_followed("a task that is not known here");
  const bool extension = in_extension(frame);
  const std::size_t position = extension ? frame.extension_position : frame.position;
  if (position >= list->tasks.size()) return list_done(std::move(state));
  TermPointer value = extension ? frame.extension_value : frame.value;
  start_task(std::move(state), *list->tasks[position], value);
}

void Machine::list_done(ProofState state) {
  ProofFrame& frame = state.top();
  if (frame.task == nullptr) {
    state.value = frame.value;
    return end_workflow(std::move(state));
  }
  if (in_extension(frame)) return extension_list_done(std::move(state));
  if (std::holds_alternative<definition::ForTask>(frame.task->body)) {
    ++frame.iteration;
    return iterate(std::move(state));
  }
  if (std::holds_alternative<definition::ListenTask>(frame.task->body)) return event_done(std::move(state));
  TermPointer value = frame.value;
  complete(std::move(state), value);
}

void Machine::start_task(ProofState state, const Task& task, TermPointer raw_input) {
  state.signal = Signal::none;
  state.value = nullptr;
  ProofFrame frame;
  frame.task = &task;
  frame.raw_input = raw_input;
  state.frames.push_back(std::move(frame));
  if (!task.condition) return choose_extensions(std::move(state), 0);
  for (Way& way : truth(state, {}, *task.condition, raw_input)) {
    if (way.value == nullptr) {
      fail(std::move(way.state), ErrorKind::expression);
    } else if (way.value->literal.is_true()) {
      choose_extensions(std::move(way.state), 0);
    } else {
      way.state.frames.pop_back();
      pass_on(std::move(way.state), raw_input, FlowDirective{});
    }
  }
}

void Machine::choose_extensions(ProofState state, std::size_t from) {
  const auto& extensions = state.top().task->extensions;
  for (std::size_t index = from; index < extensions.size(); ++index) {
    if (extensions[index].when) {
      for (Way& way : truth(state, {.shows_definition = true}, *extensions[index].when, state.top().raw_input)) {
        if (way.value == nullptr) {
          fail(std::move(way.state), ErrorKind::expression);
          continue;
        }
        if (way.value->literal.is_true()) way.state.top().chosen.push_back(index);
        choose_extensions(std::move(way.state), index + 1);
      }
      return;
    }
    state.top().chosen.push_back(index);
  }
  if (state.top().chosen.empty()) return start_body(std::move(state));
  state.top().extended = true;
  state.top().at = 0;
  state.top().phase = Phase::before;
  next_before(std::move(state));
}

std::vector<ProofState> Machine::enter(ProofState state) {
  const Task* task = state.top().task;
  const definition::DataFlow& flow = task != nullptr ? task->input : state.workflow->input;
  const auto& timeout = task != nullptr ? task->timeout : state.workflow->timeout;
  bool may_fail = false;
  std::vector<ProofState> entered;
  for (ProofState& fitting : fits(state, flow.schema, schema_of(state, "input"), state.top().raw_input, may_fail)) {
    for (Way& way : transform(fitting, {}, flow, fitting.top().raw_input)) {
      if (way.value == nullptr) {
        fail(std::move(way.state), ErrorKind::expression);
        continue;
      }
      way.state.top().input = way.value;
      if (timeout && duration_may_fail(*timeout)) fail(way.state, ErrorKind::expression);
      entered.push_back(std::move(way.state));
    }
  }
  if (may_fail) fail(std::move(state), ErrorKind::validation);
  return entered;
}

void Machine::start_body(ProofState state) {
  note(state, "starts");
  for (ProofState& entered : enter(std::move(state))) {
    entered.top().phase = Phase::body;
    begin_body(std::move(entered));
  }
}

void Machine::begin_body(ProofState state) {
  const Task& task = *state.top().task;
  std::visit([&](const auto& body) { begin(std::move(state), body); }, task.body);
}

void Machine::finish(ProofState state) {
  ProofFrame& frame = state.top();
  frame.phase = Phase::closing;
  frame.wait = Wait::none;
  const Task& task = *frame.task;
  TermPointer raw_output = state.value;
  const Site site{.input = frame.input, .raw_output = raw_output};
  for (Way& way : transform(state, site, task.output, raw_output)) {
    if (way.value == nullptr) {
      fail(std::move(way.state), ErrorKind::expression);
      continue;
    }
    bool may_fail = false;
    for (ProofState& fitting :
         fits(way.state, task.output.schema, schema_of(way.state, "output"), way.value, may_fail)) {
      export_(std::move(fitting), raw_output, way.value);
    }
    if (may_fail) fail(std::move(way.state), ErrorKind::validation);
  }
}

void Machine::export_(ProofState state, TermPointer raw_output, TermPointer output) {
  const Task& task = *state.top().task;
  if (!task.export_.transform && !task.export_.schema) return after_output(std::move(state), output);
  const Site site{.input = state.top().input, .output = output, .raw_output = raw_output};
  Ways ways;
  if (task.export_.transform)
    ways = transform(state, site, task.export_, output);
  else
    ways.push_back({.state = state, .value = state.context});
  for (Way& way : ways) {
    if (way.value == nullptr) {
      fail(std::move(way.state), ErrorKind::expression);
      continue;
    }
    bool may_fail = false;
    for (ProofState& fitting :
         fits(way.state, task.export_.schema, schema_of(way.state, "export"), way.value, may_fail)) {
      fitting.context = way.value;
      after_output(std::move(fitting), output);
    }
    if (may_fail) fail(std::move(way.state), ErrorKind::validation);
  }
}

void Machine::after_output(ProofState state, TermPointer output) {
  const Task& task = *state.top().task;
  if (state.variables.size() > task.scope_size) state.variables.resize(task.scope_size);
  state.value = nullptr;
  state.signal = Signal::none;
  if (!state.top().extended) return leave_task(std::move(state), output);
  ProofFrame& frame = state.top();
  frame.phase = Phase::after;
  frame.at = frame.chosen.size();
  frame.extension_output = output;
  next_after(std::move(state));
}

void Machine::leave_task(ProofState state, TermPointer output) {
  const ProofFrame& frame = state.top();
  FlowDirective directive = frame.task->then;
  if (const auto* choice = std::get_if<definition::SwitchTask>(&frame.task->body)) {
    if (frame.position < choice->cases.size()) directive = choice->cases[frame.position].then;
  }
  if (const auto* guarded = std::get_if<definition::TryTask>(&frame.task->body)) {
    if (frame.caught && guarded->then) directive = *guarded->then;
  }
  state.frames.pop_back();
  pass_on(std::move(state), output, directive);
}

void Machine::pass_on(ProofState state, TermPointer output, const FlowDirective& directive) {
  if (directive.kind == FlowDirective::Kind::end) {
    state.signal = Signal::ending;
    state.value = output;
    return go(std::move(state));
  }
  ProofFrame& parent = state.top();
  if (parent.runs_inner) return branch_ended(std::move(state), Signal::output, output);
  const bool extension = in_extension(parent);
  (extension ? parent.extension_value : parent.value) = output;
  std::size_t& position = extension ? parent.extension_position : parent.position;
  state.signal = Signal::none;
  state.value = nullptr;
  switch (directive.kind) {
    case FlowDirective::Kind::end:
    case FlowDirective::Kind::proceed:
      ++position;
      break;
    case FlowDirective::Kind::task:
      position = directive.index;
      break;
    case FlowDirective::Kind::exit:
      return leave_list(std::move(state));
  }
  go(std::move(state));
}

void Machine::leave_list(ProofState state) {
  ProofFrame& frame = state.top();
  if (frame.task == nullptr) {
    state.value = frame.value;
    return end_workflow(std::move(state));
  }
  if (in_extension(frame)) return leave_extension_list(std::move(state));
  if (std::holds_alternative<definition::ListenTask>(frame.task->body)) return event_done(std::move(state));
  TermPointer value = frame.value;
  complete(std::move(state), value);
}

void Machine::complete(ProofState state, TermPointer output) {
  state.top().wait = Wait::none;
  state.signal = Signal::output;
  state.value = output;
  go(std::move(state));
}

void Machine::raise(ProofState state, TermPointer error) {
  state.top().wait = Wait::none;
  state.signal = Signal::error;
  state.value = error;
  go(std::move(state));
}

// The top frame is the workflow's; `state.value` its raw output.
void Machine::end_workflow(ProofState state) {
  ProofFrame& frame = state.top();
  frame.phase = Phase::closing;
  if (state.frames.size() == 1) return;  // the run has ended
  const definition::DataFlow& flow = state.workflow->output;
  TermPointer raw_output = state.value;
  for (Way& way : transform(state, {.input = frame.input}, flow, raw_output)) {
    bool may_fail = false;
    if (way.value != nullptr) {
      for (ProofState& fitting : fits(way.state, flow.schema, schema_of(way.state, "output"), way.value, may_fail)) {
        fitting.frames.pop_back();
        child_ended(std::move(fitting), Signal::output, way.value);
      }
    }
    if (way.value != nullptr && !may_fail) continue;
    way.state.frames.pop_back();
    child_ended(std::move(way.state), Signal::error, nullptr);
  }
}

// An error, or `then: end`, on its way out.
void Machine::unwind(ProofState state) {
  ProofFrame& frame = state.top();
  const bool is_error = state.signal == Signal::error;
  if (frame.runs_inner) return branch_ended(std::move(state), state.signal, state.value);
  if (frame.task == nullptr) {
    if (!is_error) return end_workflow(std::move(state));
    state.frames.pop_back();
    if (state.frames.empty()) return;  // the run has failed
    TermPointer error = state.value;
    return child_ended(std::move(state), Signal::error, error);
  }
  if (is_error && frame.phase == Phase::body && std::holds_alternative<definition::TryTask>(frame.task->body))
    return catch_error(std::move(state));
  state.frames.pop_back();
  go(std::move(state));
}

}  // namespace gantry::prove
