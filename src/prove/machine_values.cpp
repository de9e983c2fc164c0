// What expressions see, schemas, and errors as terms. Mirrors engine/arguments.cpp and engine/error.cpp.
#include <fmt/format.h>

#include <algorithm>

#include "prove/machine.h"
#include "value/pointer.h"

namespace gantry::prove {

using engine::ErrorKind;
using engine::Phase;

TermPointer Machine::describe_task(const ProofState& state, const ProofFrame& frame, const Site& site) {
  // In an extension $task is the task that is extended; what it holds is not followed there.
  if (frame.task->in_extension) {
    Label label = state.context->label;
    for (const ProofFrame& each : state.frames)
      for (TermPointer part : {each.raw_input, each.input, each.extension_output})
        if (part != nullptr) label = join(label, part->label);
    return terms_.symbol("$task of an extension", label, type_object);
  }
  std::vector<std::pair<std::string, TermPointer>> members;
  if (site.shows_definition && frame.task->definition.is_object()) {
    for (const Member& member : frame.task->definition.members())
      members.emplace_back(std::string(member.key.view()), terms_.literal(member.value));
  }
  members.emplace_back("name", terms_.literal(Value(frame.task->name)));
  members.emplace_back("reference", terms_.literal(Value(frame.task->reference)));
  members.emplace_back("definition", terms_.literal(frame.task->definition));
  members.emplace_back("input", frame.raw_input);
  members.emplace_back("startedAt", terms_.symbol("the time when the task started", {}, type_object));
  if (frame.phase == Phase::after)
    members.emplace_back("output", frame.extension_output);
  else if (site.raw_output != nullptr)
    members.emplace_back("output", site.raw_output);
  return terms_.object(std::move(members));
}

std::vector<TermPointer> Machine::arguments_of(const ProofState& state, const ProofFrame& frame, const Site& site) {
  const std::size_t own_scope = frame.task != nullptr ? frame.task->scope_size : 0;
  const auto or_null = [&](TermPointer term) { return term != nullptr ? term : terms_.null(); };
  std::vector<TermPointer> arguments{or_null(state.context), or_null(site.input), or_null(site.output)};
  if (state.workflow->secrets.empty())
    arguments.push_back(terms_.null());
  else
    arguments.push_back(terms_.symbol("$secrets", {}, type_object));
  arguments.push_back(frame.task != nullptr ? describe_task(state, frame, site) : terms_.null());
  arguments.push_back(terms_.object({{"id", terms_.symbol("the instance's id", {}, type_string)},
                                     {"definition", terms_.literal(state.workflow->source)},
                                     {"input", state.workflow_input},
                                     {"startedAt", terms_.symbol("the time of the start", {}, type_object)}}));
  arguments.push_back(terms_.symbol("$runtime", {}, type_object));
  arguments.push_back(terms_.null());
  for (std::size_t i = 0; i < own_scope + site.more_scope && i < state.variables.size(); ++i)
    arguments.push_back(or_null(state.variables[i]));
  return arguments;
}

// The variables of enclosing scopes, as the reader of workflows names them: inner ones hide outer ones. What a function
// or an extension does not see has a name here that it does not use.
void Machine::remember_names(const definition::TaskList& list, const std::vector<std::string>& scope) {
  const auto with = [&scope](std::initializer_list<std::string> added) {
    std::vector<std::string> names = scope;
    for (const std::string& name : added) {
      std::replace(names.begin(), names.end(), name, std::string("hidden variable"));
      names.push_back(name);
    }
    return names;
  };
  for (const definition::TaskPointer& task : list.tasks) {
    names_[task.get()] = scope;
    for (const definition::Extension& extension : task->extensions) {
      remember_names(extension.before, scope);
      remember_names(extension.after, scope);
    }
    if (const auto* sequence = std::get_if<definition::DoTask>(&task->body)) remember_names(sequence->tasks, scope);
    if (const auto* fork = std::get_if<definition::ForkTask>(&task->body)) remember_names(fork->branches, scope);
    if (const auto* loop = std::get_if<definition::ForTask>(&task->body))
      remember_names(loop->body, with({loop->each, loop->at}));
    if (const auto* guarded = std::get_if<definition::TryTask>(&task->body)) {
      remember_names(guarded->body, scope);
      if (guarded->handler) remember_names(*guarded->handler, with({guarded->as}));
    }
    if (const auto* listen = std::get_if<definition::ListenTask>(&task->body); listen != nullptr && listen->each)
      remember_names(listen->each->body, with({listen->each->item, listen->each->at}));
  }
}

std::vector<std::string> Machine::names_of(const ProofState& state, const Site& site) {
  if (named_.insert(state.workflow).second) remember_names(state.workflow->tasks, {});
  std::vector<std::string> names = definition::standard_arguments();
  const Task* task = state.top().task;
  if (task == nullptr) return names;
  for (const std::string& name : names_.at(task)) names.push_back(name);
  const auto* listen = std::get_if<definition::ListenTask>(&task->body);
  if (site.more_scope == 2 && listen != nullptr && listen->each) {
    names.push_back(listen->each->item);
    names.push_back(listen->each->at);
  }
  return names;
}

template <class Source>
Machine::Ways Machine::evaluate(const ProofState& state, const Site& site, const Source& source, TermPointer dot) {
  const std::vector<TermPointer> arguments = arguments_of(state, state.top(), site);
  const View view{.dot = dot, .arguments = arguments};
  Outcomes outcomes;
  if constexpr (std::is_same_v<Source, definition::Template>)
    outcomes = evaluator_.evaluate(source, names_of(state, site), view, state.condition);
  else
    outcomes = evaluator_.evaluate(source, view, state.condition);
  Ways ways;
  for (const Outcome& outcome : outcomes) {
    Way way{.state = state, .value = outcome.kind == Outcome::Kind::value ? outcome.value : nullptr};
    learn(way.state, outcome.condition);
    ways.push_back(std::move(way));
  }
  return ways;
}
template Machine::Ways Machine::evaluate(const ProofState&, const Site&, const definition::Expression&, TermPointer);
template Machine::Ways Machine::evaluate(const ProofState&, const Site&, const definition::Template&, TermPointer);

Machine::Ways Machine::truth(const ProofState& state, const Site& site, const definition::Expression& source,
                             TermPointer dot) {
  Ways ways;
  for (Way& way : evaluate(state, site, source, dot)) {
    if (way.value == nullptr) {
      ways.push_back(std::move(way));
      continue;
    }
    for (const bool holds : {true, false}) {
      const auto mask = static_cast<TypeMask>(holds ? type_any & ~type_falsy : type_falsy);
      Way split = way;
      Condition known = way.state.condition;
      if (!known.restrict_types(way.value, mask) || !evaluator_.may_hold(known)) continue;
      learn(split.state, known);
      split.value = terms_.boolean(holds);
      ways.push_back(std::move(split));
    }
  }
  return ways;
}

Machine::Ways Machine::transform(const ProofState& state, const Site& site, const definition::DataFlow& flow,
                                 TermPointer dot) {
  if (!flow.transform) return {{.state = state, .value = dot}};
  return evaluate(state, site, *flow.transform, dot);
}

Value Machine::schema_of(const ProofState& state, const char* direction) {
  const Value& source = state.top().task != nullptr ? state.top().task->definition : state.workflow->source;
  return source.member(direction).member("schema").member("document");
}

namespace {

TypeMask mask_of_type(std::string_view name) {
  if (name == "null") return type_null;
  if (name == "boolean") return type_true | type_false;
  if (name == "integer" || name == "number") return type_number;
  if (name == "string") return type_string;
  if (name == "array") return type_array;
  if (name == "object") return type_object;
  return type_any;
}

TypeMask mask_of_types(const Value& type) {
  if (type.is_string()) return mask_of_type(type.as_string());
  if (!type.is_array() || type.size() == 0) return type_any;
  TypeMask mask = 0;
  for (const Value& each : type.items()) mask |= each.is_string() ? mask_of_type(each.as_string()) : type_any;
  return mask;
}

bool has_key(TermPointer value, std::string_view key) {
  return value->kind == Term::Kind::object && std::binary_search(value->keys.begin(), value->keys.end(), key);
}

}  // namespace

// Only what is certain; keywords that are not known here are left out.
bool assume_schema(Terms& terms, Condition& condition, const Value& schema, TermPointer value, int depth) {
  if (!schema.is_object() || depth > 8) return true;
  if (const Value* type = schema.find("type"); type != nullptr)
    if (!condition.restrict_types(value, mask_of_types(*type))) return false;
  if (const Value* constant = schema.find("const"); constant != nullptr)
    if (!condition.add({.kind = Constraint::Kind::equal, .left = value, .right = terms.literal(*constant)}))
      return false;
  if (const Value* choices = schema.find("enum"); choices != nullptr && choices->is_array() && choices->size() > 0) {
    TypeMask mask = 0;
    for (const Value& choice : choices->items()) mask |= types_of(choice);
    if (!condition.restrict_types(value, mask)) return false;
  }
  if (condition.types_of(value) == type_number) {
    constexpr std::pair<const char*, Constraint::Kind> bounds[] = {{"minimum", Constraint::Kind::greater_equal},
                                                                   {"maximum", Constraint::Kind::less_equal},
                                                                   {"exclusiveMinimum", Constraint::Kind::greater},
                                                                   {"exclusiveMaximum", Constraint::Kind::less}};
    for (const auto& [key, kind] : bounds) {
      const Value* bound = schema.find(key);
      if (bound == nullptr || !bound->is_number()) continue;
      if (!condition.add({.kind = kind, .left = value, .right = terms.literal(*bound)})) return false;
    }
  }
  const Value* properties = schema.find("properties");
  const Value* required = schema.find("required");
  if (condition.types_of(value) != type_object || properties == nullptr || !properties->is_object()) return true;
  for (const Member& property : properties->members()) {
    const auto is_this = [&](const Value& name) { return name.is_string() && name.as_string() == property.key.view(); };
    const bool is_required = required != nullptr && required->is_array() &&
                             std::any_of(required->items().begin(), required->items().end(), is_this);
    // A member that may be missing reads as null, whatever its schema says.
    if (!is_required && !has_key(value, property.key.view())) continue;
    if (!assume_schema(terms, condition, property.value, terms.field(value, property.key.view()), depth + 1))
      return false;
  }
  return true;
}

std::vector<ProofState> Machine::fits(ProofState state, const std::optional<Schema>& schema, const Value& document,
                                      TermPointer value, bool& may_fail) {
  if (!schema) return {std::move(state)};
  if (is_literal(value)) {
    if (schema->validate(value->literal).empty()) return {std::move(state)};
    may_fail = true;
    return {};
  }
  may_fail = true;
  Condition known = state.condition;
  if (!assume_schema(terms_, known, document, value)) return {};
  // An enumeration of few values is told apart.
  std::vector<Condition> cases;
  const Value* choices = document.is_object() ? document.find("enum") : nullptr;
  if (choices != nullptr && choices->is_array() && choices->size() > 0 && choices->size() <= 8) {
    for (const Value& choice : choices->items()) {
      Condition chosen = known;
      if (chosen.add({.kind = Constraint::Kind::equal, .left = value, .right = terms_.literal(choice)}))
        cases.push_back(std::move(chosen));
    }
  } else {
    cases.push_back(std::move(known));
  }
  std::vector<ProofState> states;
  for (const Condition& one : cases) {
    states.push_back(state);
    learn(states.back(), one);
  }
  return states;
}

// Not its title: one kind of error has several.
TermPointer Machine::error_term(const ProofState& state, ErrorKind kind) {
  const Task* task = state.frames.empty() ? nullptr : state.top().task;
  // The details quote the data that they are about.
  Label label = state.context->label;
  for (const ProofFrame& frame : state.frames)
    for (TermPointer part : {frame.raw_input, frame.input, frame.value})
      if (part != nullptr) label = join(label, part->label);
  const Value error = engine::make_error(kind, "", "", "");
  return terms_.object({{"type", terms_.literal(error.member("type"))},
                        {"status", terms_.literal(error.member("status"))},
                        {"title", terms_.symbol("an error's title", {}, type_string)},
                        {"detail", terms_.symbol("an error's detail", label, type_string)},
                        {"instance", task != nullptr ? terms_.literal(Value(task->reference))
                                                     : terms_.symbol("an error's place", {}, type_string)}});
}

void Machine::fail(ProofState state, ErrorKind kind) {
  TermPointer error = error_term(state, kind);
  raise(std::move(state), error);
}

// {type: text, status: whole number, title: text, ..., instance}: what a driver or another workflow reports.
TermPointer Machine::error_from_outside(ProofState& state, const char* origin) {
  TermPointer base = terms_.symbol(origin, label_of_outside(), type_object);
  state.condition.restrict_types(terms_.field(base, "type"), type_string);
  state.condition.restrict_types(terms_.field(base, "status"), type_number);
  state.condition.restrict_types(terms_.field(base, "title"), type_string);
  const std::string reference = state.top().task != nullptr ? state.top().task->reference : "";
  return terms_.merge(base, terms_.object({{"instance", terms_.literal(Value(reference))}}));
}

}  // namespace gantry::prove
