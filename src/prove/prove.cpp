#include "prove/prove.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "definition/invariant.h"
#include "prove/replay.h"
#include "prove/variation.h"
#include "prove/search.h"
#include "value/json.h"

namespace gantry::prove {
namespace {

using definition::Invariant;
using definition::Workflow;

std::vector<std::shared_ptr<const Trace>> steps_of(const std::shared_ptr<const Trace>& last) {
  std::vector<std::shared_ptr<const Trace>> steps;
  for (auto at = last; at != nullptr; at = at->before) steps.push_back(at);
  std::reverse(steps.begin(), steps.end());
  return steps;
}

// The value that the model gives, put together from the values of its symbols.
Value value_of(TermPointer term, const std::map<TermPointer, Value>& values) {
  if (term == nullptr) return {};
  switch (term->kind) {
    case Term::Kind::literal:
      return term->literal;
    case Term::Kind::merge: {
      Value base = value_of(term->parts[0], values);
      if (!base.is_object()) base = Value::object(std::vector<Member>{});
      for (const Member& member : value_of(term->parts[1], values).members())
        base = std::move(base).with_member(member.key, member.value);
      return base;
    }
    case Term::Kind::object: {
      Value made = Value::object(std::vector<Member>{});
      for (std::size_t i = 0; i < term->keys.size(); ++i)
        made = std::move(made).with_member(term->keys[i], value_of(term->parts[i], values));
      return made;
    }
    default:
      break;
  }
  const auto found = values.find(term);
  if (found != values.end()) return found->second;
  if ((term->types & type_object) != 0) return Value::object(std::vector<Member>{});
  if ((term->types & type_string) != 0) return Value("text");
  if ((term->types & type_array) != 0) return Value::array({});
  return {};
}

const char* verb_of(TraceEvent::Kind kind) {
  switch (kind) {
    case TraceEvent::Kind::start:
      return "starts with";
    case TraceEvent::Kind::done:
      return "is done with";
    case TraceEvent::Kind::failed:
      return "fails with";
    case TraceEvent::Kind::answered:
      return "is answered with";
    case TraceEvent::Kind::child_failed:
      return "fails with";
    case TraceEvent::Kind::event:
      return "gets";
    default:
      return "";
  }
}

constexpr int variations_max = 6;

class Prover {
 public:
  Prover(const definition::ProjectPointer& project, const Options& options) : project_(project), options_(options) {}

  Finding look(const definition::StatedInvariant& stated, const Workflow& workflow) {
    const Invariant& invariant = stated.invariant;
    Finding finding = finding_of(stated);
    finding.workflow = workflow.name.text();
    Terms terms;
    Solver solver(options_.solver_steps_max);
    Machine machine(*project_, invariant, terms, solver);
    if (!machine.may_break(workflow)) {
      finding.verdict = Verdict::holds;
      finding.reason = "proven: no task can do it";
      return finding;
    }
    SearchResult found = search(machine, terms, workflow, options_);
    finding.states = found.states;
    if (found.breaches.empty() && found.not_followed.empty()) {
      finding.verdict = Verdict::holds;
      finding.reason = fmt::format("proven, {} states", found.states);
      return finding;
    }
    for (const Breach& breach : found.breaches)
      if (try_breach(invariant, workflow, solver, breach, finding)) return finding;
    finding.verdict = Verdict::unknown;
    if (!found.breaches.empty()) {
      tell_path(found.breaches.front(), finding);
      finding.reason = fmt::format("a path may lead to {}.{}, but {}", found.breaches.front().tool,
                                   found.breaches.front().operation, why_not_);
    } else {
      finding.reason = fmt::format("not everything was looked at: {}", found.not_followed);
    }
    return finding;
  }

  static Finding finding_of(const definition::StatedInvariant& stated) {
    Finding finding;
    finding.policy = stated.policy;
    finding.invariant = stated.invariant.id;
    finding.sentence = stated.invariant.sentence();
    finding.path = stated.path;
    finding.place = stated.invariant.place;
    return finding;
  }

 private:
  bool try_breach(const Invariant& invariant, const Workflow& workflow, Solver& solver, const Breach& breach,
                  Finding& finding) {
    const auto steps = steps_of(breach.state.trace);
    std::vector<Constraint> known = breach.state.condition.constraints();
    for (const auto& step : steps) known.insert(known.end(), step->known.begin(), step->known.end());
    const std::map<TermPointer, Value> values = solver.model(known);
    std::vector<ScriptEvent> script;
    for (const auto& step : steps) {
      if (step->event.kind == TraceEvent::Kind::none) continue;
      script.push_back({.kind = step->event.kind,
                        .instance = step->event.instance,
                        .task = step->event.task,
                        .purpose = step->event.purpose,
                        .value = value_of(step->event.value, values)});
    }
    const ReplayResult replayed = replay_varied(invariant, workflow, script);
    if (!replayed.is_broken) return false;
    finding.verdict = Verdict::counter_example;
    finding.reason = fmt::format("{}.{} is reached with {}; the gate says {}", breach.tool, breach.operation,
                                 print_json(replayed.arguments), replayed.verdict);
    tell_path(breach, finding);
    finding.assumptions.clear();
    finding.input = replayed.script.empty() ? Value() : replayed.script.front().value;
    for (const ScriptEvent& event : replayed.script) {
      const std::string who = event.kind == TraceEvent::Kind::start ? workflow.name.text() : event.task;
      const char* verb = verb_of(event.kind);
      if (*verb != '\0') finding.values.push_back(fmt::format("{} {} {}", who, verb, print_json(event.value)));
    }
    return true;
  }

  // First with the values that were found, then with others that label rules and schemas ask for.
  ReplayResult replay_varied(const Invariant& invariant, const Workflow& workflow, std::vector<ScriptEvent> script) {
    ReplayResult result = replay(project_, invariant, workflow, script);
    if (!result.is_broken && why_not_.empty())
      why_not_ = fmt::format("with the values found for it {}", result.why_not);
    for (int variation = 0; variation < variations_max && !result.is_broken; ++variation) {
      if (result.refused != nullptr)
        refit(script, *result.refused, result.refused_arguments);
      else if (variation > 0)
        break;
      result = replay(project_, invariant, workflow, script, LabelConditions::met);
    }
    return result;
  }

  // Puts what the schema takes in the place of the arguments that it does not, wherever they come from.
  static void refit(std::vector<ScriptEvent>& script, const definition::Operation& operation, const Value& arguments) {
    const Value properties = operation.arguments_schema.member("properties");
    if (!properties.is_object() || !arguments.is_object()) return;
    for (const Member& argument : arguments.members()) {
      const Value* schema = properties.find(argument.key.view());
      if (schema == nullptr) continue;
      const auto compiled = Schema::compile(*schema);
      if (!compiled || compiled->validate(argument.value).empty()) continue;
      const Value fitting = sample_of(*schema);
      for (ScriptEvent& event : script) event.value = replaced(event.value, argument.value, fitting);
    }
  }

  void tell_path(const Breach& breach, Finding& finding) {
    std::set<TermPointer> symbols;
    for (const auto& step : steps_of(breach.state.trace)) {
      if (!step->text.empty() && step->workflow != nullptr) {
        finding.steps.push_back({.path = step->workflow->path,
                                 .place = step->task != nullptr ? step->task->place : SourcePlace{},
                                 .task = step->task != nullptr ? step->task->name : step->workflow->name.text(),
                                 .text = step->text});
      }
      if (step->is_blurred) finding.assumptions.push_back("values that change from round to round are not followed");
      for (const Constraint& one : step->known) {
        add_symbols(one.left, symbols);
        add_symbols(one.right, symbols);
      }
    }
    for (TermPointer symbol : symbols)
      if (symbol->name.starts_with("a value in `")) finding.assumptions.push_back(symbol->name + " is not followed");
    std::sort(finding.assumptions.begin(), finding.assumptions.end());
    finding.assumptions.erase(std::unique(finding.assumptions.begin(), finding.assumptions.end()),
                              finding.assumptions.end());
  }

  const definition::ProjectPointer& project_;
  const Options& options_;
  std::string why_not_;
};

}  // namespace

const char* name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::holds:
      return "holds";
    case Verdict::counter_example:
      return "counter-example";
    case Verdict::unknown:
      break;
  }
  return "unknown";
}

std::vector<Finding> prove(const definition::ProjectPointer& project, const Options& options) {
  std::vector<Finding> findings;
  for (const definition::StatedInvariant& stated : definition::invariants_of(*project)) {
    const std::string& wanted = options.invariant;
    if (!wanted.empty() && wanted != stated.invariant.id && wanted != stated.policy + "/" + stated.invariant.id)
      continue;
    for (const auto& [name, workflow] : project->workflows) {
      if (!options.workflow.empty() && options.workflow != name.namespace_ + "/" + name.name) continue;
      findings.push_back(Prover(project, options).look(stated, *workflow));
    }
  }
  return findings;
}

definition::Problems problems_of(const definition::ProjectPointer& project) {
  Options options;
  options.states_max = 5'000;
  options.seconds_max = 10;
  definition::Problems problems;
  for (const Finding& finding : prove(project, options)) {
    if (finding.verdict == Verdict::holds) continue;
    const bool broken = finding.verdict == Verdict::counter_example;
    std::string message = fmt::format("invariant '{}' {} in {}: {}", finding.invariant,
                                      broken ? "does not hold" : "may not hold", finding.workflow, finding.reason);
    for (const Step& step : finding.steps)
      message += fmt::format("; {}:{}: {} {}", step.path, step.place.line, step.task, step.text);
    for (const std::string& value : finding.values) message += "; " + value;
    problems.push_back({.path = finding.path,
                        .place = finding.place,
                        .message = std::move(message),
                        .severity = broken ? definition::Severity::error : definition::Severity::warning});
  }
  return problems;
}

std::string text_of(const Finding& finding) {
  std::string text = fmt::format("{}:{}:{}: {} {}/{}: {}", finding.path, finding.place.line, finding.place.column,
                                 name_of(finding.verdict), finding.policy, finding.invariant, finding.sentence);
  if (!finding.workflow.empty())
    text += fmt::format("\n    {}: {}", finding.workflow, finding.reason);
  else
    text += fmt::format("\n    {}", finding.reason);
  for (const Step& step : finding.steps)
    text += fmt::format("\n    {}:{}:{}: {} {}", step.path, step.place.line, step.place.column, step.task, step.text);
  for (const std::string& value : finding.values) text += fmt::format("\n    {}", value);
  for (const std::string& one : finding.assumptions) text += fmt::format("\n    not followed: {}", one);
  return text;
}

Value to_value(const Finding& finding) {
  std::vector<Value> steps, values, assumptions;
  for (const Step& step : finding.steps) {
    steps.push_back(Value::object({{"path", step.path},
                                   {"line", step.place.line},
                                   {"column", step.place.column},
                                   {"task", step.task},
                                   {"text", step.text}}));
  }
  for (const std::string& each : finding.values) values.emplace_back(each);
  for (const std::string& each : finding.assumptions) assumptions.emplace_back(each);
  Value made = Value::object({{"policy", finding.policy},
                              {"invariant", finding.invariant},
                              {"sentence", finding.sentence},
                              {"path", finding.path},
                              {"line", finding.place.line},
                              {"column", finding.place.column},
                              {"workflow", finding.workflow},
                              {"verdict", name_of(finding.verdict)},
                              {"reason", finding.reason},
                              {"steps", Value::array(std::move(steps))},
                              {"values", Value::array(std::move(values))},
                              {"notFollowed", Value::array(std::move(assumptions))},
                              {"states", finding.states}});
  if (finding.input) made = std::move(made).with_member("input", *finding.input);
  return made;
}

}  // namespace gantry::prove
