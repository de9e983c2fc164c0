#include "prove/label_flow.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "engine/interpreter_plan.h"
#include "expression/inspect.h"
#include "prove/label_expression.h"
#include "tool/standard_call.h"

namespace gantry::prove {
namespace {

using definition::FlowDirective;
using definition::PolicyLabel;
using definition::Task;
using definition::Workflow;

constexpr std::size_t levels_max = 5;    // of fields that are told apart
constexpr std::size_t rounds_max = 100;  // until nothing changes; more, and nothing is followed

Label anything() {
  return Label::unknown();
}

// What an answer has beside the label of what was looked at: what people say names them, and may have been pasted; a
// closed answer names its decision.
Label label_of_answer(const definition::Project& project, const std::string& name) {
  const auto found = project.decisions.find(name);
  if (found == project.decisions.end()) return anything();
  const definition::Decision& decision = *found->second;
  const bool only_rules =
      std::all_of(decision.deciders.begin(), decision.deciders.end(), [](const definition::Decider& decider) {
        return decider.kind == definition::Decider::Kind::rules;
      });
  if (!only_rules) return anything();
  if (!decision.quarantined) return {};
  LabelContent content;
  content.sources = {"decision:" + name};
  return Label::of(std::move(content));
}

// The labels that rules with paths put on a value: `otherwise` where none speaks. Whether a rule's `when` holds is not
// followed: it may or may not.
LabelShape shape_of(const std::vector<definition::LabelRule>& rules, Label otherwise) {
  Label on_any = otherwise, deeper;
  for (const definition::LabelRule& rule : rules) {
    if (rule.path.empty())
      on_any = join(on_any, Label::of(rule.label));
    else if (!rule.any.empty() && rule.any.front())
      deeper = join(deeper, Label::of(rule.label));
  }
  LabelShape shape = LabelShape::all(join(on_any, deeper));
  for (const definition::LabelRule& rule : rules) {
    if (rule.path.empty() || (!rule.any.empty() && rule.any.front()) || shape.fields.contains(rule.path.front())) continue;
    const std::string& name = rule.path.front();
    Label label = deeper;
    bool is_certain = false;  // one rule is about exactly this field, always
    for (const definition::LabelRule& other : rules) {
      if (other.path.empty() || other.path.front() != name) continue;
      label = join(label, Label::of(other.label));
      is_certain = is_certain || (other.path.size() == 1 && !other.when);
    }
    if (!is_certain) label = join(label, on_any);
    shape.fields[name] = std::make_shared<const LabelShape>(LabelShape::all(label));
  }
  // The whole has the label that holds for all that is there: that of any of them, and no worse than any of them.
  shape.node = {};
  shape.structure = shape.rest;
  for (const auto& [name, each] : shape.fields) shape.structure = join(shape.structure, each->deep());
  if (shape.fields.empty()) shape.node = shape.rest;
  return shape;
}

bool is_run_by_another(const definition::Project& project, const Workflow& workflow) {
  bool is_run = false;
  for (const auto& [name, each] : project.workflows)
    engine::visit_tasks(each->tasks, [&](const Task& task) {
      const auto* run = std::get_if<definition::RunWorkflowTask>(&task.body);
      is_run = is_run || (run != nullptr && run->namespace_ == workflow.name.namespace_ && run->name == workflow.name.name);
    });
  return is_run;
}

}  // namespace

LabelFlow::Scope LabelFlow::Scope::with(std::initializer_list<std::pair<std::string, LabelShape>> added) const {
  Scope scope = *this;
  for (const auto& [name, shape] : added) {
    std::replace(scope.names.begin(), scope.names.end(), name, std::string("hidden variable"));
    scope.names.push_back(name);
    scope.shapes.push_back(shape);
  }
  return scope;
}

// A request is its author's words, but for what was pasted into it; policies may say otherwise. What another workflow
// or an event gives may have any label.
LabelShape LabelFlow::input_of(const Workflow& workflow) const {
  if ((workflow.schedule && workflow.schedule->on) || is_run_by_another(project_, workflow))
    return LabelShape::all(anything());
  const Label pasted = Label::of(
      {.integrity = Integrity::untrusted, .secrecy = Secrecy::public_, .sources = {"pasted"}, .compartments = {}});
  const std::string name = workflow.name.namespace_ + "/" + workflow.name.name;
  std::vector<definition::LabelRule> rules;
  for (const auto& [policy_name, policy] : project_.policies)
    for (const PolicyLabel& label : policy->labels.labels)
      if (label.kind == PolicyLabel::Kind::request && definition::matches_pattern(label.pattern, name))
        rules.push_back(label.rule);
  LabelShape shape = shape_of(rules, pasted);
  for (auto& [field, of_field] : shape.fields)
    of_field = std::make_shared<const LabelShape>(join(*of_field, LabelShape::all(pasted)));
  return shape;
}

// As the gate labels results (gate/gate.cpp), without what a result repeats of the arguments.
LabelShape labels_of_result(const definition::Project& project, std::string_view tool, std::string_view operation) {
  const definition::Operation* found = tool::find_operation(project, tool, operation);
  const auto own = project.tools.find(tool);
  // The standard's calls name the host they reached, files may have the label of what was written to them.
  if (found == nullptr || own == project.tools.end() || own->second->driver == "file") return LabelShape::all(anything());
  const std::string name = fmt::format("{}.{}", tool, operation);
  LabelContent source;
  source.sources = {"tool:" + name};
  std::vector<definition::LabelRule> rules;
  for (const auto& [policy_name, policy] : project.policies)
    for (const PolicyLabel& label : policy->labels.labels)
      if (label.kind == PolicyLabel::Kind::result && definition::matches_pattern(label.pattern, name))
        rules.push_back(label.rule);
  rules.insert(rules.end(), found->labels.begin(), found->labels.end());
  for (definition::LabelRule& rule : rules) rule.label = join(Label::of(rule.label), Label::of(source)).content();
  return shape_of(rules, join(found->result_label, Label::of(source)));
}

// All that an instance may read: its input and what its calls, people, events and the workflows that it runs say.
Label LabelFlow::readable(const Workflow& workflow) const {
  std::set<const Workflow*> seen;
  std::vector<const Workflow*> open{&workflow};
  Label label = input_of(workflow).deep();
  while (!open.empty()) {
    const Workflow& each = *open.back();
    open.pop_back();
    if (!seen.insert(&each).second) continue;
    if (!each.secrets.empty()) label = join(label, anything());
    engine::visit_tasks(each.tasks, [&](const Task& task) {
      if (const auto* call = std::get_if<definition::CallTask>(&task.body)) {
        label = join(label, result_of(call->tool, call->operation).deep());
      } else if (const auto* run = std::get_if<definition::RunWorkflowTask>(&task.body)) {
        const auto found = project_.find_workflow(run->namespace_, run->name, run->version);
        if (found != nullptr) open.push_back(found.get());
      } else if (std::holds_alternative<definition::ListenTask>(task.body) ||
                 std::holds_alternative<definition::OpenApiTask>(task.body) ||
                 std::holds_alternative<definition::ApprovalTask>(task.body)) {
        label = join(label, anything());
      } else if (const auto* decide = std::get_if<definition::DecideTask>(&task.body)) {
        label = join(label, label_of_answer(project_, decide->decision));
      }
    });
  }
  return label;
}

Label LabelFlow::context(const Workflow& workflow) {
  return analyse(workflow).everything.deep();
}

const LabelShape& LabelFlow::arguments(const Workflow& workflow, const Task& task) {
  const Analysed& analysed = analyse(workflow);
  const auto found = analysed.arguments.find(&task);
  return analysed.is_followed && found != analysed.arguments.end() ? found->second : analysed.everything;
}

const LabelFlow::Analysed& LabelFlow::analyse(const Workflow& workflow) {
  const auto [found, is_new] = known_.try_emplace(&workflow);
  Analysed& analysed = found->second;
  if (!is_new) return analysed;
  analysed.everything = LabelShape::all(readable(workflow));
  bool has_extensions = false;
  engine::visit_tasks(workflow.tasks,
                      [&](const Task& task) { has_extensions = has_extensions || !task.extensions.empty(); });
  if (has_extensions) return analysed;
  at_ = &analysed;
  workflow_input_ = input_of(workflow);
  context_ = {};
  // Again with what was exported and loops carried round, until there is nothing new.
  for (std::size_t round = 0; round < rounds_max; ++round) {
    const LabelShape context = context_;
    const auto arguments = analysed.arguments;
    Site site;
    site.input = site.raw_input = workflow_input_;
    LabelShape input = workflow_input_;
    if (workflow.input.transform) input = evaluate(*workflow.input.transform, workflow_input_, site, {});
    (void)list(workflow.tasks, input, {});
    analysed.is_followed = context == context_ && arguments == analysed.arguments;
    if (analysed.is_followed) break;
  }
  at_ = nullptr;
  return analysed;
}

// What leaves the list at its end; nothing when nothing does.
std::optional<LabelShape> LabelFlow::list(const List& tasks, const LabelShape& input, const Scope& scope) {
  const std::size_t count = tasks.tasks.size();
  std::vector<std::optional<LabelShape>> entering(count + 1);  // the last: of what leaves
  const auto flow = [&](std::size_t index, const LabelShape& value) {
    std::optional<LabelShape>& at = entering[std::min(index, count)];
    const LabelShape joined = (at ? join(*at, value) : value).cut(levels_max);
    if (at && *at == joined) return false;
    at = joined;
    return true;
  };
  flow(0, input);
  bool changed = true;
  for (std::size_t round = 0; changed; ++round) {
    changed = false;
    for (std::size_t i = 0; i < count; ++i) {
      if (!entering[i]) continue;
      const LabelShape raw = round < rounds_max ? *entering[i] : at_->everything;
      for (const Exit& exit : task(*tasks.tasks[i], raw, scope)) {
        switch (exit.directive.kind) {
          case FlowDirective::Kind::end:
            break;
          case FlowDirective::Kind::proceed:
            changed = flow(i + 1, exit.value) || changed;
            break;
          case FlowDirective::Kind::task:
            changed = flow(exit.directive.index, exit.value) || changed;
            break;
          case FlowDirective::Kind::exit:
            changed = flow(count, exit.value) || changed;
            break;
        }
      }
    }
  }
  return entering[count];
}

std::vector<LabelFlow::Exit> LabelFlow::task(const Task& task, const LabelShape& raw_input, const Scope& outer) {
  std::vector<Exit> exits;
  Scope scope = outer;
  if (scope.shapes.size() > task.scope_size) scope.shapes.resize(task.scope_size);
  if (task.condition) exits.push_back({.directive = {}, .value = raw_input});
  Site site;
  site.input = site.raw_input = raw_input;
  if (task.input.transform) site.input = evaluate(*task.input.transform, raw_input, site, scope);
  const std::optional<LabelShape> made = body(task, site, scope);
  if (!made) return exits;
  site.raw_output = *made;
  LabelShape output = *made;
  if (task.output.transform) output = evaluate(*task.output.transform, *made, site, scope);
  if (task.export_.transform) {
    site.output = output;
    context_ = join(context_, evaluate(*task.export_.transform, output, site, scope)).cut(levels_max);
  }
  if (const auto* choice = std::get_if<definition::SwitchTask>(&task.body))
    for (const definition::SwitchCase& one : choice->cases) exits.push_back({.directive = one.then, .value = output});
  if (const auto* guarded = std::get_if<definition::TryTask>(&task.body); guarded != nullptr && guarded->then)
    exits.push_back({.directive = *guarded->then, .value = output});
  exits.push_back({.directive = task.then, .value = output});
  return exits;
}

// A list that runs any number of times, each time with what the time before gave.
LabelShape LabelFlow::loop(const List& tasks, const LabelShape& input, const Scope& scope) {
  LabelShape value = input;
  for (std::size_t round = 0; round < rounds_max; ++round) {
    const std::optional<LabelShape> given = list(tasks, value, scope);
    const LabelShape joined = given ? join(value, *given).cut(levels_max) : value;
    if (joined == value) return value;
    value = joined;
  }
  return at_->everything;
}

LabelShape LabelFlow::evaluate(const definition::Template& source, const LabelShape& dot, const Site& site,
                               const Scope& scope) {
  std::vector<std::string> names = definition::standard_arguments();
  names.insert(names.end(), scope.names.begin(), scope.names.end());
  return labels_of(source, names, variables(site, scope), dot);
}

// In the order of the standard's variables: context, input, output, secrets, task, workflow, runtime, authorization.
std::vector<LabelShape> LabelFlow::variables(const Site& site, const Scope& scope) const {
  LabelShape task, workflow;
  task.fields["input"] = std::make_shared<const LabelShape>(site.raw_input);
  task.fields["output"] = std::make_shared<const LabelShape>(site.raw_output);
  workflow.fields["input"] = std::make_shared<const LabelShape>(workflow_input_);
  std::vector<LabelShape> shapes{context_, site.input, site.output, LabelShape::all(anything()), task, workflow, {}, {}};
  shapes.insert(shapes.end(), scope.shapes.begin(), scope.shapes.end());
  return shapes;
}

namespace {

// The arguments with what an endpoint takes from the input, and one's own label where nothing is told apart.
LabelShape with_endpoint(LabelShape arguments, const LabelShape& input) {
  const LabelShape endpoint = join(arguments.field("endpoint"), LabelShape::all(input.deep()));
  arguments.fields["endpoint"] = std::make_shared<const LabelShape>(endpoint);
  return arguments;
}

}  // namespace

// The raw output; nothing when the task never ends by itself.
std::optional<LabelShape> LabelFlow::body(const Task& task, const Site& site, const Scope& scope) {
  const LabelShape& input = site.input;
  if (const auto* one = std::get_if<definition::DoTask>(&task.body)) return list(one->tasks, input, scope);
  if (const auto* one = std::get_if<definition::SetTask>(&task.body)) return evaluate(one->value, input, site, scope);
  if (std::holds_alternative<definition::SwitchTask>(task.body) || std::holds_alternative<definition::WaitTask>(task.body))
    return input;
  if (const auto* one = std::get_if<definition::GuardrailTask>(&task.body))
    return evaluate(one->value, input, site, scope);
  if (const auto* one = std::get_if<definition::EmitTask>(&task.body))
    return LabelShape::all(evaluate(one->event, input, site, scope).deep());
  if (std::holds_alternative<definition::RaiseTask>(task.body)) return std::nullopt;
  if (const auto* one = std::get_if<definition::ForTask>(&task.body)) {
    const LabelShape items = labels_of(expression::root_of(*one->in.program), variables(site, scope), input);
    const LabelShape item = LabelShape::all(items.deep());
    return loop(one->body, input, scope.with({{one->each, item}, {one->at, item}}));
  }
  if (const auto* one = std::get_if<definition::ForkTask>(&task.body)) {
    Label all;
    for (const definition::TaskPointer& branch : one->branches.tasks)
      for (const Exit& exit : this->task(*branch, input, scope)) all = join(all, exit.value.deep());
    return LabelShape::all(all);
  }
  if (const auto* one = std::get_if<definition::TryTask>(&task.body)) {
    LabelShape made = input;  // without a handler, a caught error leaves the input
    if (const auto given = list(one->body, input, scope)) made = one->handler ? *given : join(made, *given);
    if (!one->handler) return made;
    const auto given = list(*one->handler, input, scope.with({{one->as, at_->everything}}));
    return given ? join(made, *given) : made;
  }
  return from_outside(task, site, scope);
}

// What the outside, people and other workflows answer.
LabelShape LabelFlow::from_outside(const Task& task, const Site& site, const Scope& scope) {
  const LabelShape& everything = at_->everything;
  if (const auto* one = std::get_if<definition::CallTask>(&task.body)) {
    LabelShape arguments = evaluate(one->arguments, site.input, site, scope);
    if (one->expands_endpoint) arguments = with_endpoint(std::move(arguments), site.input);
    LabelShape& known = at_->arguments[&task];
    known = join(known, arguments).cut(levels_max);
    const LabelShape result = result_of(one->tool, one->operation);
    return join(result, LabelShape::all(arguments.deep()));  // it may repeat them
  }
  if (const auto* one = std::get_if<definition::DecideTask>(&task.body)) {
    const Label looked_at = evaluate(one->input, site.input, site, scope).deep();
    return LabelShape::all(join(looked_at, label_of_answer(project_, one->decision)));
  }
  if (const auto* one = std::get_if<definition::ListenTask>(&task.body); one != nullptr && one->each) {
    const auto with_event = scope.with({{one->each->item, everything}, {one->each->at, everything}});
    (void)loop(one->each->body, everything, with_event);
    if (one->each->export_.transform) context_ = join(context_, everything);
  }
  // listen, openapi, approval, run
  at_->arguments[&task] = everything;
  return everything;
}

}  // namespace gantry::prove
