// listen: any number of any events, or an end, or an error. Mirrors engine/task_listen.cpp.
#include "prove/machine.h"

namespace gantry::prove {

using engine::ErrorKind;

void Machine::begin(ProofState state, const definition::ListenTask&) {
  state.top().wait = Wait::listen;
  state.top().iteration = 0;
  state.signal = Signal::none;
  go(std::move(state));
}

void Machine::next_event(ProofState state) {
  const auto& task = std::get<definition::ListenTask>(state.top().task->body);
  TermPointer event = terms_.symbol("an event", label_of_outside());
  if (!task.each) {
    Label label = join(label_of_outside(), join(state.context->label, state.top().input->label));
    TermPointer events = terms_.symbol("the events", label, type_array);
    note(state, "has its events", {.kind = TraceEvent::Kind::event, .value = events});
    fail(state, ErrorKind::expression);
    fail(state, ErrorKind::runtime);
    return complete(std::move(state), events);
  }
  fail(state, ErrorKind::runtime);
  Label label = label_of_outside();
  for (TermPointer part : {state.context, state.top().input, state.top().value})
    if (part != nullptr) label = join(label, part->label);
  complete(state, terms_.symbol("what became of the events", label, type_array));
  note(state, "takes an event", {.kind = TraceEvent::Kind::event, .value = event});
  state.top().wait = Wait::none;
  state.top().position = 0;
  state.top().value = event;
  state.variables.resize(state.top().task->scope_size, terms_.null());
  state.variables.push_back(event);
  state.variables.push_back(terms_.symbol("the number of the event", {}, type_number));
  go(std::move(state));
}

// Whether it was the last is not followed: more may come after each.
void Machine::event_done(ProofState state) {
  const definition::EventIterator& each = *std::get<definition::ListenTask>(state.top().task->body).each;
  const Site site{.input = state.top().input, .raw_output = state.top().value, .more_scope = 2};
  for (Way& way : transform(state, site, each.output, state.top().value)) {
    if (way.value == nullptr) {
      fail(std::move(way.state), ErrorKind::expression);
      continue;
    }
    if (each.output.schema || each.export_.schema) fail(way.state, ErrorKind::validation);
    Ways exported;
    if (each.export_.transform) {
      Site after = site;
      after.output = way.value;
      exported = transform(way.state, after, each.export_, way.value);
    } else {
      exported.push_back({.state = way.state, .value = way.state.context});
    }
    for (Way& one : exported) {
      if (one.value == nullptr) {
        fail(std::move(one.state), ErrorKind::expression);
        continue;
      }
      one.state.context = one.value;
      one.state.top().wait = Wait::listen;
      one.state.signal = Signal::none;
      one.state.variables.resize(one.state.top().task->scope_size, terms_.null());
      fail(one.state, ErrorKind::expression);  // `until`
      go(std::move(one.state));
    }
  }
}

}  // namespace gantry::prove
