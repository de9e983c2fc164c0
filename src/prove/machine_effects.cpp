// The tasks that ask the outside: call, openapi, decide, approval, listen; and all its answers.
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "prove/machine.h"
#include "tool/standard_call.h"

namespace gantry::prove {

using definition::InvariantGuard;
using engine::ErrorKind;
using engine::Phase;

void Machine::begin(ProofState state, const definition::CallTask& task) {
  TermPointer input = state.top().input;
  for (Way& way : evaluate(state, {.input = input}, task.arguments, input)) {
    if (way.value == nullptr) {
      fail(std::move(way.state), ErrorKind::expression);
      continue;
    }
    TermPointer arguments = way.value;
    if (task.tool == tool::standard_http_tool) {
      if (way.state.condition.types_of(arguments) == type_object)
        way.state.top().value = terms_.field(arguments, "output");
      else
        way.state.top().value = terms_.symbol("the part of the response", arguments->label);
      // The endpoint may be expanded from the input.
      if (task.expands_endpoint && arguments->kind == Term::Kind::object) {
        TermPointer endpoint = terms_.symbol("the endpoint", join(input->label, arguments->label));
        arguments = terms_.merge(arguments, terms_.object({{"endpoint", endpoint}}));
      } else if (task.expands_endpoint) {
        const TypeMask types = arguments->types;
        TermPointer method = types == type_object ? terms_.field(arguments, "method") : nullptr;
        arguments = terms_.symbol("the arguments", join(input->label, arguments->label), type_object);
        if (method != nullptr) arguments = terms_.merge(arguments, terms_.object({{"method", method}}));
      }
    }
    call(std::move(way.state), task.tool, task.operation, arguments, Wait::effect);
  }
}

void Machine::begin(ProofState state, const definition::OpenApiTask& task) {
  TermPointer input = state.top().input;
  fail(state, ErrorKind::configuration);
  fail(state, ErrorKind::validation);
  fail(state, ErrorKind::expression);
  Label label = join(input->label, state.context->label);
  for (TermPointer variable : state.variables)
    if (variable != nullptr) label = join(label, variable->label);
  TermPointer arguments = terms_.symbol("the request", label, type_object);
  const Wait wait = task.project_document.empty() ? Wait::document : Wait::effect;
  state.top().value = terms_.symbol("the part of the response", label);
  call(std::move(state), tool::standard_http_tool, tool::standard_http_operation_name, arguments, wait);
}

std::vector<definition::EffectClass> Machine::classes_of_call(std::string_view tool, std::string_view operation,
                                                              TermPointer arguments) {
  using definition::EffectClass;
  const definition::Operation* found = tool::find_operation(project_, tool, operation);
  if (found == nullptr) return {EffectClass::credential};
  if (tool != tool::standard_http_tool) return {found->effect_class};
  if (arguments->types == type_object) {
    TermPointer method = terms_.field(arguments, "method");
    if (is_literal(method)) return {tool::class_of_call(*found, tool, Value::object({{"method", method->literal}}))};
  }
  return {EffectClass::egress_read, EffectClass::write, EffectClass::destroy, found->effect_class};
}

EffectView Machine::view_of(const definition::Workflow& workflow, const Task& task, const std::string& tool,
                            const std::string& operation, const definition::Operation& called, TermPointer arguments) {
  return {.workflow = &workflow,
          .task = task.reference,
          .tool = tool,
          .operation = operation,
          .effect_class = called.effect_class,
          .irreversible = called.irreversible,
          .arguments = arguments,
          .called = &called,
          .labels = &labels_.arguments(workflow, task),
          .context = labels_.context(workflow)};
}

// The gate is asked. It may refuse; when it permits, the invariant is looked at.
void Machine::call(ProofState state, std::string_view tool, std::string_view operation, TermPointer arguments,
                   Wait wait) {
  ProofState refused = state;
  refused.top().denied = true;
  refused.top().wait = Wait::effect;
  refused.signal = Signal::none;
  go(std::move(refused));

  const definition::Operation* found = tool::find_operation(project_, tool, operation);
  if (found == nullptr) return;
  // The engine may ask by another operation whether a lost effect took place.
  if (found->read_back && invariant_.covers(tool, found->read_back->operation, definition::EffectClass::read))
    not_followed("read-backs, which the invariant speaks of");
  // Arguments that don't fit are denied.
  Condition fitting = state.condition;
  if (!assume_schema(terms_, fitting, found->arguments_schema, arguments)) return;
  learn(state, fitting);
  EffectView view =
      view_of(*state.workflow, *state.top().task, std::string(tool), std::string(operation), *found, arguments);
  for (definition::EffectClass each : classes_of_call(tool, operation, arguments)) {
    view.effect_class = each;
    if (!policies_.may_permit(view, state.condition)) continue;
    ProofState permitted = state;
    if (permitted.top().value == nullptr) permitted.top().value = terms_.null();
    permitted.top().wait = wait;
    permitted.signal = Signal::none;
    look_at(std::move(permitted), view);
  }
}

// Does the invariant speak of this effect? In some cases it may, in others not.
void Machine::look_at(ProofState state, const EffectView& effect) {
  const std::string name = state.workflow->name.namespace_ + "/" + state.workflow->name.name;
  const auto& only = invariant_.workflows;
  const bool in_scope = only.empty() || std::find(only.begin(), only.end(), name) != only.end();
  if (!in_scope || !invariant_.covers(effect.tool, effect.operation, effect.effect_class)) return go(std::move(state));
  Condition bounded = state.condition;
  TermPointer facts = policies_.facts(effect, bounded);
  std::vector<Condition> matching{bounded};
  if (invariant_.when) {
    PolicyView::Answers answers = policies_.ask(*invariant_.when, facts, bounded);
    for (const Condition& condition : answers.no) {
      ProofState other = state;
      learn(other, condition);
      go(std::move(other));
    }
    matching = std::move(answers).yes_or_failed();
  }
  const bool excusable = invariant_.approvers > 0;
  const std::size_t approvers = excusable ? invariant_.approvers : std::numeric_limits<std::size_t>::max();
  for (const Condition& condition : matching) {
    for (const Condition& permitted : policies_.permitted_with_fewer(effect, approvers, condition, facts)) {
      if (!evaluator_.may_hold(permitted)) continue;
      ProofState each = state;
      learn(each, permitted);
      permit(std::move(each), effect);
    }
    if (!excusable) continue;
    ProofState excused = state;  // enough people approve it
    learn(excused, condition);
    go(std::move(excused));
  }
}

void Machine::permit(ProofState state, const EffectView& effect) {
  if (state.count >= invariant_.more_than) {
    const Task* task = state.top().task;
    const definition::Workflow* workflow = state.workflow;
    note(state, fmt::format("calls {}.{}", effect.tool, effect.operation));
    successors_.breaches.push_back({.state = std::move(state),
                                    .task = task,
                                    .workflow = workflow,
                                    .tool = effect.tool,
                                    .operation = effect.operation,
                                    .arguments = effect.arguments});
    return;
  }
  ++state.count;
  note(state, fmt::format("calls {}.{} (number {})", effect.tool, effect.operation, state.count));
  stop_line(state);
  go(std::move(state));
}

// Everything the outside can say to the top task.
void Machine::answer(ProofState state) {
  ProofFrame& frame = state.top();
  TermPointer input = frame.input;
  switch (frame.wait) {
    case Wait::none:
      return;
    case Wait::timer:
      note(state, "has waited", {.kind = TraceEvent::Kind::timer, .purpose = "wait"});
      return complete(std::move(state), input);
    case Wait::rest:
      note(state, "", {.kind = TraceEvent::Kind::timer, .purpose = "retry"});
      return attempt(std::move(state));
    case Wait::effect:
    case Wait::document:
      return effect_done(std::move(state));
    case Wait::person: {
      const auto& task = std::get<definition::DecideTask>(frame.task->body);
      return decided(std::move(state), task);
    }
    case Wait::approval: {
      const auto& task = std::get<definition::ApprovalTask>(frame.task->body);
      return approved(std::move(state), task);
    }
    case Wait::child:
      return start_child(std::move(state));
    case Wait::listen:
      return next_event(std::move(state));
  }
}

std::vector<ProofState> Machine::excuse(ProofState state, InvariantGuard::Kind kind, std::string_view name,
                                        TermPointer answer) {
  std::vector<ProofState> open{std::move(state)};
  for (const InvariantGuard& guard : invariant_.unless) {
    if (guard.kind != kind || guard.name != name) continue;
    std::vector<ProofState> next;
    for (ProofState& each : open) {
      if (!guard.test) {
        each.excused = true;
        next.push_back(std::move(each));
        continue;
      }
      for (Way& verdict : truth(each, {}, *guard.test, answer)) {
        if (verdict.value != nullptr && verdict.value->literal.is_true()) verdict.state.excused = true;
        next.push_back(std::move(verdict.state));
      }
    }
    open = std::move(next);
  }
  return open;
}

void Machine::effect_done(ProofState state) {
  if (state.top().denied) {
    state.top().denied = false;
    note(state, "is denied by policy", {.kind = TraceEvent::Kind::denied});
    return fail(std::move(state), ErrorKind::authorization);
  }
  const auto* task = std::get_if<definition::CallTask>(&state.top().task->body);
  const std::string tool(task != nullptr ? task->tool : tool::standard_http_tool);
  const std::string operation(task != nullptr ? task->operation : tool::standard_http_operation_name);
  const std::string name = fmt::format("{}.{}", tool, operation);

  ProofState broken = state;
  TermPointer error = error_from_outside(broken, "an error of the call");
  note(broken, fmt::format("{} fails", name), {.kind = TraceEvent::Kind::failed, .value = error});
  raise(std::move(broken), error);

  const definition::Operation* found = tool::find_operation(project_, tool, operation);
  const Label label = found != nullptr ? join(found->result_label, label_of_outside()) : Label::unknown();
  TermPointer result = terms_.symbol(fmt::format("result of {}", name), label);
  note(state, fmt::format("{} is done", name), {.kind = TraceEvent::Kind::done, .value = result});
  if (state.top().wait == Wait::document) {
    fail(state, ErrorKind::configuration);
    fail(state, ErrorKind::validation);
    TermPointer arguments = terms_.symbol("the request", join(label, state.top().value->label), type_object);
    state.top().wait = Wait::none;
    return call(std::move(state), tool, operation, arguments, Wait::effect);
  }

  // What the task gives on: of the standard's call, a part of the response.
  std::vector<Way> ways;
  if (tool != tool::standard_http_tool) {
    ways.push_back({.state = state, .value = result});
  } else {
    TermPointer part = state.top().value;
    const bool is_known = is_literal(part);
    const std::string wanted =
        is_known && part->literal.is_string() ? std::string(part->literal.as_string()) : "content";
    ProofState other = state;
    if (!is_known) {
      ways.push_back({.state = state, .value = terms_.symbol("a part of the response", join(label, part->label))});
    } else if (wanted == "response") {
      ways.push_back({.state = state, .value = result});
    } else {
      if (state.condition.restrict_types(result, type_object))
        ways.push_back({.state = state, .value = terms_.field(result, wanted == "raw" ? "raw" : "content")});
      if (other.condition.restrict_types(result, static_cast<TypeMask>(type_any & ~type_object)))
        ways.push_back({.state = other, .value = result});
    }
  }
  for (Way& way : ways) {
    for (ProofState& each : excuse(std::move(way.state), InvariantGuard::Kind::done, name, result))
      complete(std::move(each), way.value);
  }
}

void Machine::begin(ProofState state, const definition::DecideTask& task) {
  TermPointer input = state.top().input;
  const auto found = project_.decisions.find(task.decision);
  if (found == project_.decisions.end()) return fail(std::move(state), ErrorKind::configuration);
  for (Way& way : evaluate(state, {.input = input}, task.input, input)) {
    if (way.value == nullptr) {
      fail(std::move(way.state), ErrorKind::expression);
      continue;
    }
    bool may_fail = false;
    for (ProofState& fitting :
         fits(way.state, found->second->input, found->second->input_schema, way.value, may_fail)) {
      fitting.top().value = way.value;
      fitting.top().wait = Wait::person;
      fitting.signal = Signal::none;
      go(std::move(fitting));
    }
    if (may_fail) fail(std::move(way.state), ErrorKind::validation);
  }
}

// Rules and people are taken together: any answer that fits the decision's schema, or none.
void Machine::decided(ProofState state, const definition::DecideTask& task) {
  const definition::Decision& decision = *project_.decisions.at(task.decision);
  fail(state, ErrorKind::expression);
  fail(state, ErrorKind::runtime);
  fail(state, ErrorKind::validation);
  Label label = join(state.top().value->label, label_of_outside());
  TermPointer answer = terms_.symbol(fmt::format("answer to {}", decision.name), label);
  note(state, fmt::format("{} is answered", decision.name), {.kind = TraceEvent::Kind::answered, .value = answer});
  bool may_fail = false;
  for (ProofState& fitting : fits(std::move(state), decision.answer, decision.answer_schema, answer, may_fail)) {
    for (ProofState& each : excuse(std::move(fitting), InvariantGuard::Kind::decided, decision.name, answer))
      complete(std::move(each), answer);
  }
}

void Machine::begin(ProofState state, const definition::ApprovalTask&) {
  fail(state, ErrorKind::expression);
  state.top().wait = Wait::approval;
  state.signal = Signal::none;
  go(std::move(state));
}

void Machine::approved(ProofState state, const definition::ApprovalTask&) {
  for (const bool yes : {true, false}) {
    ProofState each = state;
    TermPointer outcome = yes ? terms_.literal(Value("approved"))
                              : terms_.symbol("how the approval ended", label_of_outside(), type_string);
    TermPointer answer = terms_.object({{"approved", terms_.boolean(yes)},
                                        {"outcome", outcome},
                                        {"votes", terms_.symbol("the votes", label_of_outside(), type_array)}});
    note(each, yes ? "is approved" : "is not approved", {.kind = TraceEvent::Kind::answered, .value = answer});
    if (!yes) {
      complete(std::move(each), answer);
      continue;
    }
    const std::string name = each.top().task->name;
    for (ProofState& one : excuse(std::move(each), InvariantGuard::Kind::approval, name, answer))
      complete(std::move(one), answer);
  }
}

}  // namespace gantry::prove
