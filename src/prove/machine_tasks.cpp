// The tasks that ask nobody: do, set, switch, for, try, raise, emit, wait, guardrail. Mirrors engine/task_*.cpp.
#include <fmt/format.h>

#include "prove/machine.h"
#include "value/json.h"

namespace gantry::prove {

using engine::ErrorKind;
using engine::Phase;

void Machine::begin(ProofState state, const definition::DoTask&) {
  state.top().value = state.top().input;
  go(std::move(state));
}

void Machine::begin(ProofState state, const definition::SetTask& task) {
  TermPointer input = state.top().input;
  for (Way& way : evaluate(state, {.input = input}, task.value, input)) {
    if (way.value == nullptr)
      fail(std::move(way.state), ErrorKind::expression);
    else
      complete(std::move(way.state), way.value);
  }
}

void Machine::begin(ProofState state, const definition::SwitchTask& task) {
  state.top().position = task.cases.size();
  choose_case(std::move(state), task, 0);
}

void Machine::choose_case(ProofState state, const definition::SwitchTask& task, std::size_t from) {
  TermPointer input = state.top().input;
  for (std::size_t index = from; index < task.cases.size(); ++index) {
    const definition::SwitchCase& one = task.cases[index];
    if (!one.when) {
      if (state.top().position == task.cases.size()) state.top().position = index;
      continue;
    }
    for (Way& way : truth(state, {.input = input}, *one.when, input)) {
      if (way.value == nullptr) {
        fail(std::move(way.state), ErrorKind::expression);
      } else if (way.value->literal.is_true()) {
        way.state.top().position = index;
        note(way.state, fmt::format("takes case '{}'", one.name));
        complete(std::move(way.state), input);
      } else {
        choose_case(std::move(way.state), task, index + 1);
      }
    }
    return;
  }
  if (state.top().position < task.cases.size())
    note(state, fmt::format("takes case '{}'", task.cases[state.top().position].name));
  complete(std::move(state), input);
}

void Machine::begin(ProofState state, const definition::ForTask& task) {
  TermPointer input = state.top().input;
  for (Way& way : evaluate(state, {.input = input}, task.in, input)) {
    if (way.value == nullptr) {
      fail(std::move(way.state), ErrorKind::expression);
      continue;
    }
    ProofState not_a_list = way.state;
    if (not_a_list.condition.restrict_types(way.value, static_cast<TypeMask>(type_any & ~type_array)))
      fail(std::move(not_a_list), ErrorKind::expression);
    if (!way.state.condition.restrict_types(way.value, type_array)) continue;
    way.state.top().value = input;
    way.state.top().items = way.value;
    way.state.top().iteration = 0;
    iterate(std::move(way.state));
  }
}

// The next round, or the end. Over a list that is not known, both are possible at any time; its first items are told
// apart, so that a counter-example can name them.
void Machine::iterate(ProofState state) {
  ProofFrame& frame = state.top();
  const auto& task = std::get<definition::ForTask>(frame.task->body);
  const bool is_array = frame.items->kind == Term::Kind::array;
  const bool is_known = is_array || is_literal(frame.items);
  const std::size_t size = is_array ? frame.items->parts.size() : is_known ? frame.items->literal.size() : 0;
  TermPointer output = frame.value;
  TermPointer item = nullptr, index = nullptr;
  if (is_known && size <= iterations_followed) {
    if (frame.iteration >= size) return complete(std::move(state), output);
    item = terms_.item(frame.items, frame.iteration);
    index = terms_.literal(Value(frame.iteration));
  } else if (frame.iteration < unknown_iterations_followed) {
    // The list has this item, or it ends before it.
    const Constraint longer{.kind = Constraint::Kind::greater,
                            .left = terms_.length(frame.items),
                            .right = terms_.literal(Value(frame.iteration))};
    Constraint not_longer = longer;
    not_longer.positive = false;
    Condition ends = state.condition, goes_on = state.condition;
    if (ends.add(not_longer) && evaluator_.may_hold(ends)) {
      ProofState done = state;
      learn(done, ends);
      complete(std::move(done), output);
    }
    if (!goes_on.add(longer) || !evaluator_.may_hold(goes_on)) return;
    item = terms_.item(frame.items, frame.iteration);
    index = terms_.literal(Value(frame.iteration));
    learn(state, goes_on);
  } else {
    state.top().iteration = unknown_iterations_followed;
    item = terms_.symbol(fmt::format("an item of {}", describe(frame.items)), frame.items->label);
    index = terms_.symbol("the number of the round", {}, type_number);
    complete(state, output);
  }
  state.variables.resize(frame.task->scope_size, terms_.null());
  state.variables.push_back(item);
  state.variables.push_back(index);
  state.signal = Signal::none;
  frame.position = 0;
  if (!task.while_) return go(std::move(state));
  const Site site{.input = frame.input, .more_scope = 2};
  for (Way& way : truth(state, site, *task.while_, output)) {
    if (way.value == nullptr)
      fail(std::move(way.state), ErrorKind::expression);
    else if (way.value->literal.is_true())
      go(std::move(way.state));
    else
      complete(std::move(way.state), output);
  }
}

void Machine::begin(ProofState state, const definition::RaiseTask& task) {
  TermPointer input = state.top().input;
  const Site site{.input = input};
  struct Partial {
    ProofState state;
    std::vector<std::pair<std::string, TermPointer>> members;
  };
  std::vector<Partial> partials{{.state = state, .members = {}}};
  const std::pair<const char*, const definition::Template*> parts[] = {{"type", &task.error.type},
                                                                       {"status", &task.error.status},
                                                                       {"title", &task.error.title},
                                                                       {"detail", &task.error.detail}};
  for (const auto& [key, source] : parts) {
    std::vector<Partial> next;
    for (Partial& partial : partials) {
      for (Way& way : evaluate(partial.state, site, *source, input)) {
        if (way.value == nullptr) {
          fail(std::move(way.state), ErrorKind::expression);
          continue;
        }
        auto members = partial.members;
        if (way.state.condition.types_of(way.value) != type_null) members.emplace_back(key, way.value);
        next.push_back({.state = std::move(way.state), .members = std::move(members)});
      }
    }
    partials = std::move(next);
  }
  for (Partial& partial : partials) {
    const auto known = [&](const char* key) {
      for (const auto& [name, value] : partial.members)
        if (name == key && is_literal(value)) return value->literal;
      return Value();
    };
    if (!known("type").is_string() || !known("status").is_integer())
      fail(partial.state, ErrorKind::validation);
    partial.members.emplace_back("instance", terms_.literal(Value(partial.state.top().task->reference)));
    TermPointer error = terms_.object(std::move(partial.members));
    raise(std::move(partial.state), error);
  }
}

void Machine::begin(ProofState state, const definition::EmitTask& task) {
  TermPointer input = state.top().input;
  for (Way& way : evaluate(state, {.input = input}, task.event, input)) {
    if (way.value == nullptr) {
      fail(std::move(way.state), ErrorKind::expression);
      continue;
    }
    fail(way.state, ErrorKind::validation);
    // What the author left out is filled in.
    TermPointer event = terms_.symbol("the event", way.value->label, type_object);
    complete(std::move(way.state), event);
  }
}

void Machine::begin(ProofState state, const definition::WaitTask& task) {
  if (duration_may_fail(task.duration)) {
    fail(state, ErrorKind::expression);
    complete(state, state.top().input);
  }
  state.top().wait = Wait::timer;
  go(std::move(state));
}

void Machine::begin(ProofState state, const definition::GuardrailTask& task) {
  TermPointer input = state.top().input;
  const Site site{.input = input};
  for (Way& way : evaluate(state, site, task.value, input)) {
    if (way.value == nullptr) {
      fail(std::move(way.state), ErrorKind::expression);
      continue;
    }
    bool may_fail = false;
    const Value document = way.state.top().task->definition.member("with").member("schema");
    for (ProofState& fitting : fits(way.state, task.schema, document, way.value, may_fail)) {
      if (!task.condition) {
        complete(std::move(fitting), way.value);
        continue;
      }
      for (Way& verdict : truth(fitting, site, *task.condition, way.value)) {
        if (verdict.value == nullptr)
          fail(std::move(verdict.state), ErrorKind::expression);
        else if (verdict.value->literal.is_true())
          complete(std::move(verdict.state), way.value);
        else
          fail(std::move(verdict.state), ErrorKind::validation);
      }
    }
    if (may_fail) fail(std::move(way.state), ErrorKind::validation);
  }
}

// --- try, catch and retry

void Machine::begin(ProofState state, const definition::TryTask&) {
  state.top().retries = 0;
  attempt(std::move(state));
}

void Machine::attempt(ProofState state) {
  ProofFrame& frame = state.top();
  const auto& task = std::get<definition::TryTask>(frame.task->body);
  frame.phase = Phase::body;
  frame.wait = Wait::none;
  frame.position = 0;
  frame.value = frame.input;
  state.signal = Signal::none;
  state.value = nullptr;
  state.variables.resize(frame.task->scope_size, terms_.null());
  if (task.retry && task.retry->attempt_duration && duration_may_fail(*task.retry->attempt_duration)) {
    ProofState broken = state;
    broken.top().phase = Phase::closing;
    fail(std::move(broken), ErrorKind::expression);
  }
  go(std::move(state));
}

namespace {

enum class Fit : std::uint8_t { no, yes, maybe };

Fit fits_text(Terms& terms, TermPointer error, const char* key, const std::optional<std::string>& expected,
              bool is_type) {
  if (!expected) return Fit::yes;
  TermPointer found = terms.field(error, key);
  if (!is_literal(found)) return Fit::maybe;
  if (!found->literal.is_string()) return is_type && expected->empty() ? Fit::maybe : Fit::no;
  const std::string text(found->literal.as_string());
  return (is_type ? definition::error_kind(text) : text) == *expected ? Fit::yes : Fit::no;
}

}  // namespace

void Machine::catch_error(ProofState state) {
  const auto& task = std::get<definition::TryTask>(state.top().task->body);
  const definition::ErrorFilter& filter = task.filter;
  Fit fit = Fit::yes;
  const auto narrow = [&](Fit other) {
    if (other == Fit::no || fit == Fit::no)
      fit = Fit::no;
    else if (other == Fit::maybe)
      fit = Fit::maybe;
  };
  narrow(fits_text(terms_, state.value, "type", filter.type, true));
  narrow(fits_text(terms_, state.value, "title", filter.title, false));
  narrow(fits_text(terms_, state.value, "detail", filter.detail, false));
  narrow(fits_text(terms_, state.value, "instance", filter.instance, false));
  const auto go_out = [this](ProofState out) {
    out.frames.pop_back();
    go(std::move(out));
  };
  if (fit != Fit::yes) go_out(state);
  if (fit == Fit::no) return;
  if (filter.status) {
    const Constraint same{.kind = Constraint::Kind::equal,
                          .left = terms_.field(state.value, "status"),
                          .right = terms_.literal(Value(*filter.status))};
    Constraint other = same;
    other.positive = false;
    Condition passes = state.condition, caught = state.condition;
    if (passes.add(other)) {
      ProofState out = state;
      learn(out, passes);
      go_out(std::move(out));
    }
    if (!caught.add(same)) return;
    learn(state, caught);
  }
  handle_error(std::move(state), task);
}

// `catch.when` and `catch.exceptWhen`.
void Machine::handle_error(ProofState state, const definition::TryTask& task) {
  state.variables.resize(state.top().task->scope_size, terms_.null());
  state.variables.push_back(state.value);
  const Site site{.input = state.top().input, .more_scope = 1};
  std::vector<ProofState> open{std::move(state)};
  for (const bool expected : {true, false}) {
    const auto& test = expected ? task.when : task.except_when;
    if (!test) continue;
    std::vector<ProofState> next;
    for (const ProofState& each : open) {
      for (Way& way : truth(each, site, *test, each.top().input)) {
        if (way.value == nullptr) {
          way.state.top().phase = Phase::closing;
          fail(std::move(way.state), ErrorKind::expression);
        } else if (way.value->literal.is_true() == expected) {
          next.push_back(std::move(way.state));
        } else {
          way.state.frames.pop_back();
          go(std::move(way.state));
        }
      }
    }
    open = std::move(next);
  }
  for (ProofState& each : open) retry_or_handle(std::move(each), task);
}

void Machine::retry_or_handle(ProofState state, const definition::TryTask& task) {
  bool may_give_up = true;
  if (task.retry) {
    may_give_up = false;
    try_again(state, task, may_give_up);
  }
  if (!may_give_up) return;
  if (task.retry && !task.handler) {
    state.frames.pop_back();
    return go(std::move(state));
  }
  ProofFrame& frame = state.top();
  frame.caught = true;
  note(state, "catches the error");
  TermPointer input = state.top().input;
  if (!task.handler) return complete(std::move(state), input);
  state.top().phase = Phase::handler;
  state.top().position = 0;
  state.top().value = input;
  state.signal = Signal::none;
  state.value = nullptr;
  go(std::move(state));
}

// Whether the retry's conditions hold, how long it waits and how long it may take altogether are not followed: a retry
// that may end early may end at any time. The number of retries is, as far as it is small.
void Machine::try_again(ProofState state, const definition::TryTask& task, bool& may_give_up) {
  const definition::RetryPolicy& policy = *task.retry;
  ProofFrame& frame = state.top();
  may_give_up = policy.when.has_value() || policy.except_when.has_value() || policy.total_duration.has_value();
  const bool may_fail = policy.when || policy.except_when || duration_may_fail(policy.delay) ||
                        (policy.total_duration && duration_may_fail(*policy.total_duration)) ||
                        (policy.jitter_from && duration_may_fail(*policy.jitter_from)) ||
                        (policy.jitter_to && duration_may_fail(*policy.jitter_to));
  if (may_fail) {
    ProofState broken = state;
    broken.top().phase = Phase::closing;
    fail(std::move(broken), ErrorKind::expression);
  }
  const std::int64_t limit = policy.attempt_count.value_or(-1);
  const bool is_counted = limit >= 0 && limit <= static_cast<std::int64_t>(retries_followed);
  if (!is_counted) may_give_up = true;
  if (is_counted) {
    if (frame.retries >= static_cast<std::uint64_t>(limit)) {
      may_give_up = true;
      return;
    }
    ++frame.retries;
  }
  note(state, "tries again");
  state.top().phase = Phase::resting;
  state.top().wait = Wait::rest;
  state.signal = Signal::none;
  state.value = nullptr;
  state.variables.resize(state.top().task->scope_size, terms_.null());
  go(std::move(state));
}

}  // namespace gantry::prove
