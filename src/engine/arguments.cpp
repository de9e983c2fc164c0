// What expressions see, and what becomes of their failures.
#include <algorithm>

#include "base/assert.h"
#include "engine/interpreter_execution.h"

namespace gantry::engine {

namespace {

enum ArgumentIndex : std::size_t { context, input, output, secrets, task, workflow, runtime, authorization };

// The standard's "DateTime descriptor".
Value describe_time(Timestamp at) {
  const std::int64_t microseconds = at.time_since_epoch().count();
  return Value::object(
      {{"iso8601", format_timestamp(at)},
       {"epoch", Value::object({{"seconds", microseconds / 1'000'000}, {"milliseconds", microseconds / 1'000}})}});
}

// The version is that of the language's rules, not of the program: an instance must compute the same after an upgrade.
const Value& runtime_description() {
  static const Value description =
      Value::object({{"name", "gantry"}, {"version", "1.0.0"}, {"metadata", Value::object(std::vector<Member>{})}});
  return description;
}

// Never the secrets themselves, which would end up in the journal: a reference that the driver resolves where it is
// used for authentication.
Value describe_secrets(const std::vector<std::string>& names) {
  Value secrets_object = Value::object(std::vector<Member>{});
  for (const std::string& name : names) {
    secrets_object = std::move(secrets_object).with_member(name, Value::object({{"$secret", name}}));
  }
  return secrets_object;
}

Result<Value> run_program(const definition::Expression& expression, const Value& dot,
                          const expression::Evaluation& evaluation) {
  return expression::evaluate_first(*expression.program, dot, evaluation);
}

Result<Value> run_program(const definition::Template& source, const Value& dot,
                          const expression::Evaluation& evaluation) {
  return source.evaluate(dot, evaluation);
}

// In an extension $task is the task that is extended, as in the standard's example of one.
const Frame& described_frame(const Branch& branch, const Frame& frame) {
  if (!frame.task->in_extension) return frame;
  for (const Branch* at = &branch; at != nullptr; at = at->parent) {
    for (auto each = at->frames.rbegin(); each != at->frames.rend(); ++each) {
      if ((*each)->task != nullptr && !(*each)->task->in_extension) return **each;
    }
  }
  return frame;
}

}  // namespace

std::string Execution::place_of(const Frame& frame, const char* field) const {
  if (frame.task != nullptr) return frame.task->reference;
  std::string place = "/" + std::string(field);
  std::replace(place.begin(), place.end(), '.', '/');
  return place;
}

Value Execution::describe_task(const Branch& branch, const Frame& current, const Site& site) const {
  const Frame& frame = described_frame(branch, current);
  const definition::Task& described = *frame.task;
  std::vector<Member> members = Value::members_of({{"name", described.name},
                                                   {"reference", described.reference},
                                                   {"definition", described.definition},
                                                   {"input", frame.raw_input},
                                                   {"startedAt", describe_time(frame.started_at)}});
  if (frame.phase == Phase::after)
    members.push_back({Text("output"), frame.extension->output});
  else if (site.raw_output != nullptr && &frame == &current)
    members.push_back({Text("output"), *site.raw_output});
  if (site.shows_definition && described.definition.is_object()) {
    std::vector<Member> all = described.definition.members();
    all.insert(all.end(), members.begin(), members.end());
    return Value::object(std::move(all));
  }
  return Value::object(std::move(members));
}

const Value& Execution::describe_workflow() {
  if (!workflow_description_) {
    workflow_description_ = Value::object({{"id", state_.instance},
                                           {"definition", setting_.workflow.source},
                                           {"input", state_.raw_input},
                                           {"startedAt", describe_time(state_.started_at)}});
  }
  return *workflow_description_;
}

std::optional<Value> Execution::admit(Branch& branch, const Frame& frame, const char* field, ErrorKind kind,
                                      Value value) {
  Result<Value> admitted = admission_.admit(std::move(value));
  if (admitted) return std::move(*admitted);
  const std::string detail = std::string(field) + ": " + admitted.error().message;
  raise(branch, make_error(kind, "Value too large", detail, place_of(frame, field)));
  return std::nullopt;
}

void Execution::fill_arguments(const Branch& branch, const Frame& frame, const Site& site) {
  const ArgumentNeeds needs = setting_.plan.needs_of(frame.task);
  const std::size_t own_scope = frame.task != nullptr ? frame.task->scope_size : 0;
  const std::size_t scope = own_scope + site.more_scope;
  GANTRY_ASSERT(branch.variables.size() >= scope, "a scope variable has no value");
  arguments_.assign(definition::standard_argument_count + scope, Value());
  arguments_[context] = branch.context;
  if (site.input != nullptr) arguments_[input] = *site.input;
  if (site.output != nullptr) arguments_[output] = *site.output;
  if (!setting_.workflow.secrets.empty()) arguments_[secrets] = describe_secrets(setting_.workflow.secrets);
  if (needs.task && frame.task != nullptr) arguments_[task] = describe_task(branch, frame, site);
  if (needs.workflow) arguments_[workflow] = describe_workflow();
  arguments_[runtime] = runtime_description();
  std::copy_n(branch.variables.begin(), scope, arguments_.begin() + definition::standard_argument_count);
}

template <class Program>
std::optional<Value> Execution::evaluate_with(Branch& branch, const Frame& frame, const Site& site,
                                              const Program& program, const Value& dot) {
  fill_arguments(branch, frame, site);
  Result<Value> result =
      run_program(program, dot, {.arguments = arguments_, .now = now_, .limits = setting_.limits.expression});
  if (result) {
    arguments_.clear();
    return admit(branch, frame, site.field, ErrorKind::expression, std::move(*result));
  }
  // jq's messages quote the data they are about, so the message is as secret and as trustworthy as that.
  Label label = dot.deep_label();
  for (const Value& argument : arguments_) label = join(label, argument.deep_label());
  arguments_.clear();
  const std::string detail = std::string(site.field) + ": " + result.error().message;
  raise(branch, make_error(ErrorKind::expression, "Expression failed", detail, place_of(frame, site.field), label));
  return std::nullopt;
}

// Without raising an error.
template <class Program>
Result<Value> Execution::evaluate_quietly(const Branch& branch, const Frame& frame, const Site& site,
                                          const Program& program, const Value& dot, const expression::Limits& limits) {
  fill_arguments(branch, frame, site);
  Result<Value> result = run_program(program, dot, {.arguments = arguments_, .now = now_, .limits = limits});
  arguments_.clear();
  return result;
}
template Result<Value> Execution::evaluate_quietly(const Branch&, const Frame&, const Site&,
                                                   const definition::Expression&, const Value&,
                                                   const expression::Limits&);
template Result<Value> Execution::evaluate_quietly(const Branch&, const Frame&, const Site&,
                                                   const definition::Template&, const Value&,
                                                   const expression::Limits&);

std::optional<Value> Execution::evaluate(Branch& branch, const Frame& frame, const Site& site,
                                         const definition::Expression& expression, const Value& dot) {
  return evaluate_with(branch, frame, site, expression, dot);
}

std::optional<Value> Execution::evaluate(Branch& branch, const Frame& frame, const Site& site,
                                         const definition::Template& source, const Value& dot) {
  if (source.is_literal()) return source.source();
  return evaluate_with(branch, frame, site, source, dot);
}

std::optional<Value> Execution::transform(Branch& branch, const Frame& frame, const Site& site,
                                          const definition::DataFlow& flow, const Value& dot) {
  if (!flow.transform) return dot;
  return evaluate(branch, frame, site, *flow.transform, dot);
}

std::optional<bool> Execution::condition(Branch& branch, const Frame& frame, const Site& site,
                                         const definition::Expression& expression, const Value& dot) {
  const std::optional<Value> result = evaluate(branch, frame, site, expression, dot);
  if (!result) return std::nullopt;
  return result->is_truthy();
}

std::optional<Duration> Execution::duration(Branch& branch, const Frame& frame, const Site& site,
                                            const definition::DurationSource& source) {
  if (source.fixed) return *source.fixed;
  if (!source.computed) return Duration::zero();
  const std::optional<Value> value = evaluate(branch, frame, site, *source.computed, frame.input);
  if (!value) return std::nullopt;
  const Result<Duration> result = definition::duration_from(*value);
  if (result) return *result;
  const std::string detail = std::string(site.field) + ": " + result.error().message;
  raise(branch,
        make_error(ErrorKind::expression, "Not a duration", detail, place_of(frame, site.field), value->deep_label()));
  return std::nullopt;
}

bool Execution::validate(Branch& branch, const Frame& frame, const char* field, const std::optional<Schema>& schema,
                         const Value& value) {
  if (!schema) return true;
  const std::vector<SchemaViolation> violations = schema->validate(value);
  if (violations.empty()) return true;
  const std::string detail = std::string(field) + ": " + describe(violations);
  raise(branch, make_error(ErrorKind::validation, "Data does not match its schema", detail, place_of(frame, field),
                           value.deep_label()));
  return false;
}

}  // namespace gantry::engine
