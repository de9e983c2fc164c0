#include "engine/interpreter_execution.h"

#include "base/assert.h"

namespace gantry::engine {

using definition::FlowDirective;

namespace {

// A `switch` goes where its case says, a `try` that caught where `catch.then` says, every other task where `then` says.
const FlowDirective& directive_of(const Frame& frame) {
  if (const auto* choice = std::get_if<definition::SwitchTask>(&frame.task->body)) {
    if (frame.position < choice->cases.size()) return choice->cases[frame.position].then;
  }
  if (const auto* guarded = std::get_if<definition::TryTask>(&frame.task->body)) {
    const auto* progress = std::get_if<TryProgress>(&frame.progress);
    if (progress != nullptr && progress->caught && guarded->then) return *guarded->then;
  }
  return frame.task->then;
}

std::size_t nesting_of(const Branch& branch) {
  std::size_t nesting = 0;
  for (const Branch* at = &branch; at != nullptr; at = at->parent) nesting += at->frames.size();
  return nesting;
}

const definition::Task& branch_task(const Branch& branch) {
  const Frame& fork = *branch.parent->frames.back();
  return *std::get<definition::ForkTask>(fork.task->body).branches.tasks[branch.index];
}

}  // namespace

void Execution::start(const std::string& instance, const Value& input, std::uint64_t quarantine_millibits) {
  state_.counters.quarantine_millibits = quarantine_millibits;
  state_.status = InstanceState::Status::running;
  state_.instance = instance;
  state_.started_at = now_;
  state_.raw_input = input;
  state_.root = std::make_unique<Branch>();
  Branch& root = *state_.root;
  root.frames.push_back(std::make_unique<Frame>());
  Frame& frame = *root.frames.back();
  frame.raw_input = input;
  frame.started_at = now_;
  wake(root);
  if (!enter(root, frame)) return;
  frame.phase = Phase::body;
  frame.value = frame.input;
}

void Execution::run() {
  while (state_.status == InstanceState::Status::running && !state_.continuing && !state_.ready.empty()) {
    if (turn_steps_ >= setting_.limits.steps_per_turn) {
      state_.continuing = true;
      turn_.actions.emplace_back(Continue{});
      return;
    }
    step(*state_.ready.front());
  }
}

void Execution::go_on() {
  state_.continuing = false;
}

void Execution::cancel() {
  cancel_branch(*state_.root);
  end_instance(InstanceState::Status::cancelled, Cancelled{});
}

// The branch may be gone afterwards.
void Execution::step(Branch& branch) {
  switch (branch.signal) {
    case Branch::Signal::none:
      return advance(branch);
    case Branch::Signal::output:
      return finish(branch);
    case Branch::Signal::error:
      return unwind(branch);
    case Branch::Signal::ended:
      return block(branch);
  }
}

void Execution::advance(Branch& branch) {
  if (branch.frames.empty()) {
    if (setting_.watch != nullptr) note_start(branch, branch_task(branch));
    return start_task(branch, branch_task(branch), std::move(branch.value));
  }
  Frame& frame = *branch.frames.back();
  const definition::TaskList* list = list_of(frame, setting_.workflow);
  GANTRY_ASSERT(list != nullptr, "a branch goes on in a task that has no list");
  const ListCursor cursor = cursor_of(frame);
  if (cursor.position >= list->tasks.size()) return list_done(branch, frame);
  if (setting_.watch != nullptr) note_start(branch, *list->tasks[cursor.position]);
  start_task(branch, *list->tasks[cursor.position], cursor.value);
}

void Execution::list_done(Branch& branch, Frame& frame) {
  if (frame.task == nullptr) return end_workflow(frame.value);
  if (in_extension_phase(frame)) return extension_list_done(branch, frame);
  if (auto* loop = std::get_if<ForProgress>(&frame.progress)) {
    ++loop->iteration;
    return start_iteration(branch, frame);
  }
  if (std::holds_alternative<ListenProgress>(frame.progress)) return event_done(branch, frame, false);
  complete(branch, frame.value);
}

bool Execution::count_step() {
  ++turn_steps_;
  if (++state_.steps <= setting_.limits.steps_max) return true;
  const std::string detail = "The instance has run " + std::to_string(setting_.limits.steps_max) +
                             " tasks, which is the most an instance may run.";
  const Value error = make_error(ErrorKind::runtime, "Too many steps", detail, "/do");
  cancel_branch(*state_.root);
  state_.error = error;
  end_instance(InstanceState::Status::faulted, Fault{error});
  return false;
}

void Execution::start_task(Branch& branch, const definition::Task& task, Value raw_input) {
  if (!count_step()) return;
  if (nesting_of(branch) >= setting_.limits.nesting_max) {
    const std::string detail =
        "More than " + std::to_string(setting_.limits.nesting_max) + " tasks are nested in each other.";
    return raise(branch, make_error(ErrorKind::runtime, "Nested too deeply", detail, task.reference));
  }
  branch.signal = Branch::Signal::none;
  branch.value = Value();
  branch.frames.push_back(std::make_unique<Frame>());
  Frame& frame = *branch.frames.back();
  frame.task = &task;
  frame.raw_input = std::move(raw_input);
  frame.started_at = now_;
  if (task.condition) {
    const std::optional<bool> wanted = condition(branch, frame, {.field = "if"}, *task.condition, frame.raw_input);
    if (!wanted) return trace(frame, TaskTrace::Status::started);
    if (!*wanted) {
      trace(frame, TaskTrace::Status::skipped);
      Value output = std::move(frame.raw_input);
      branch.frames.pop_back();
      return pass_on(branch, std::move(output), FlowDirective{});
    }
  }
  if (!choose_extensions(branch, frame)) return trace(frame, TaskTrace::Status::started);
  if (!frame.extension) return start_body(branch, frame);
  frame.phase = Phase::before;
  next_before(branch, frame);
}

void Execution::start_body(Branch& branch, Frame& frame) {
  trace(frame, TaskTrace::Status::started);
  if (!enter(branch, frame)) return;
  frame.phase = Phase::body;
  std::visit([&](const auto& body) { begin(branch, frame, body); }, frame.task->body);
}

bool Execution::enter(Branch& branch, Frame& frame) {
  const definition::DataFlow& flow = frame.task != nullptr ? frame.task->input : setting_.workflow.input;
  if (!validate(branch, frame, "input.schema", flow.schema, frame.raw_input)) return false;
  std::optional<Value> input = transform(branch, frame, {.field = "input.from"}, flow, frame.raw_input);
  if (!input) return false;
  frame.input = std::move(*input);
  return set_time_limit(branch, frame);
}

bool Execution::set_time_limit(Branch& branch, Frame& frame) {
  const auto& timeout = frame.task != nullptr ? frame.task->timeout : setting_.workflow.timeout;
  if (!timeout) return true;
  const std::optional<Duration> after =
      duration(branch, frame, {.field = "timeout.after", .input = &frame.input}, *timeout);
  if (!after) return false;
  frame.timeout_timer = set_timer(branch, frame, *after, "timeout");
  return true;
}

void Execution::finish(Branch& branch) {
  Frame& frame = *branch.frames.back();
  const definition::Task& task = *frame.task;
  frame.phase = Phase::closing;
  const Value raw_output = std::move(branch.value);
  Site site{.field = "output.as", .input = &frame.input, .raw_output = &raw_output};
  std::optional<Value> output = transform(branch, frame, site, task.output, raw_output);
  if (!output || !validate(branch, frame, "output.schema", task.output.schema, *output)) return;
  if (task.export_.transform || task.export_.schema) {
    std::optional<Value> context = branch.context;
    site.field = "export.as";
    site.output = &*output;
    if (task.export_.transform) context = transform(branch, frame, site, task.export_, *output);
    if (!context || !validate(branch, frame, "export.schema", task.export_.schema, *context)) return;
    branch.context = std::move(*context);
  }
  release(frame);
  if (branch.variables.size() > task.scope_size) branch.variables.resize(task.scope_size);
  if (!frame.extension) return leave_task(branch, frame, std::move(*output));
  frame.phase = Phase::after;
  frame.extension->at = frame.extension->chosen.size();
  frame.extension->output = std::move(*output);
  next_after(branch, frame);
}

void Execution::leave_task(Branch& branch, Frame& frame, Value output) {
  const FlowDirective& directive = directive_of(frame);
  trace(frame, TaskTrace::Status::completed);
  branch.frames.pop_back();
  pass_on(branch, std::move(output), directive);
}

void Execution::pass_on(Branch& branch, Value output, const FlowDirective& directive) {
  if (directive.kind == FlowDirective::Kind::end) return end_workflow(output);
  if (branch.frames.empty()) return branch_ended(branch, std::move(output));
  Frame& parent = *branch.frames.back();
  const ListCursor cursor = cursor_of(parent);
  cursor.value = std::move(output);
  branch.signal = Branch::Signal::none;
  branch.value = Value();
  switch (directive.kind) {
    case FlowDirective::Kind::end:
    case FlowDirective::Kind::proceed:
      ++cursor.position;
      return;
    case FlowDirective::Kind::task:
      cursor.position = directive.index;
      return;
    case FlowDirective::Kind::exit:
      return leave_list(branch, parent);
  }
}

// `exit` ends the scope of its list: the workflow, a `do`, a whole `for`, the body or the handler of a `try`, a listen
// with the event at hand as its last.
void Execution::leave_list(Branch& branch, Frame& frame) {
  if (frame.task == nullptr) return end_workflow(frame.value);
  if (in_extension_phase(frame)) return leave_extension_list(branch, frame);
  if (std::holds_alternative<ListenProgress>(frame.progress)) return event_done(branch, frame, true);
  complete(branch, frame.value);
}

void Execution::complete(Branch& branch, Value output) {
  branch.signal = Branch::Signal::output;
  branch.value = std::move(output);
}

void Execution::raise(Branch& branch, Value error) {
  branch.signal = Branch::Signal::error;
  branch.value = std::move(error);
}

void Execution::unwind(Branch& branch) {
  if (branch.frames.empty()) {
    Value error = std::move(branch.value);
    if (branch.parent == nullptr) {
      state_.error = error;
      return end_instance(InstanceState::Status::faulted, Fault{std::move(error)});
    }
    Branch& parent = *branch.parent;
    release(*parent.frames.back());  // cancels the siblings, and `branch` is gone
    raise(parent, std::move(error));
    return wake(parent);
  }
  Frame& frame = *branch.frames.back();
  if (frame.phase == Phase::body && std::holds_alternative<TryProgress>(frame.progress) && catch_error(branch, frame)) {
    return;
  }
  release(frame);
  trace(frame, TaskTrace::Status::faulted, branch.value);
  branch.frames.pop_back();
}

// From the end of the list, or from `then: end` anywhere; `raw_output` is the raw output of the workflow.
void Execution::end_workflow(Value raw_output) {
  Branch& root = *state_.root;
  while (root.frames.size() > 1) {
    release(*root.frames.back());
    trace(*root.frames.back(), TaskTrace::Status::completed);
    root.frames.pop_back();
  }
  Frame& frame = *root.frames.back();
  frame.phase = Phase::closing;
  wake(root);
  const definition::DataFlow& flow = setting_.workflow.output;
  std::optional<Value> result = transform(root, frame, {.field = "output.as", .input = &frame.input}, flow, raw_output);
  if (!result || !validate(root, frame, "output.schema", flow.schema, *result)) return;
  release(frame);
  state_.output = *result;
  end_instance(InstanceState::Status::completed, Complete{std::move(*result)});
}

void Execution::end_instance(InstanceState::Status status, Action action) {
  state_.status = status;
  state_.ready.clear();
  state_.pending.clear();
  state_.listens.clear();
  state_.continuing = false;
  state_.root.reset();
  turn_.actions.push_back(std::move(action));
}

}  // namespace gantry::engine
