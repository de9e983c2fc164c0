#include "gate/facts.h"

#include <algorithm>

#include "gate/provenance.h"
#include "gate/reading.h"
#include "gate/shown_values.h"

namespace gantry::gate {
namespace {

using definition::Fact;

constexpr expression::Limits audience_limits{
    .steps_max = 100'000, .memory_bytes_max = 4u << 20, .depth_max = 500, .outputs_max = 1};

std::vector<Member> label_members(Label label) {
  const LabelContent& content = label.content();
  std::vector<Member> members;
  members.reserve(5);
  members.push_back({Text("integrity"), shown(content.integrity)});
  members.push_back({Text("secrecy"), shown(content.secrecy)});
  members.push_back({Text("sources"), texts_value(content.sources)});
  members.push_back({Text("compartments"), texts_value(content.compartments)});
  return members;
}

// Arguments mostly have the label of the one before.
const Value& label_value(Label label) {
  thread_local Label last;
  thread_local Value made = Value::object(label_members(last));
  if (label != last) {
    made = Value::object(label_members(label));
    last = label;
  }
  return made;
}

Value labels_of(const Value& arguments) {
  std::vector<Member> all = label_members(arguments.deep_label());
  all.push_back({Text("arguments"), labels_of_arguments(arguments, false)});
  return Value::object(std::move(all));
}

// A level, a list of who is named, or {clearance, named}. Whatever can't be told means anybody.
Value audience_from(const Value& given) {
  Secrecy clearance = Secrecy::public_;
  std::vector<Value> named;
  const Value level = given.is_object() ? given.member("clearance") : given;
  if (level.is_string())
    if (const auto parsed = parse_secrecy(level.as_string())) clearance = *parsed;
  const Value names = given.is_object() ? given.member("named") : given;
  if (names.is_array())
    std::copy_if(names.items().begin(), names.items().end(), std::back_inserter(named),
                 [](const Value& name) { return name.is_string(); });
  return Value::object({{"clearance", name_of(clearance)}, {"named", Value::array(std::move(named))}});
}

Value audience_of(const definition::Operation& operation, const Value& arguments) {
  if (operation.fixed_audience) return audience_from(name_of(*operation.fixed_audience));
  if (!operation.audience || !operation.audience->program) return audience_from(Value());
  const auto given = expression::evaluate_only(*operation.audience->program, Value::object({{"arguments", arguments}}),
                                               {.limits = audience_limits});
  return audience_from(given ? given->relabelled({}) : Value());
}

Value workflow_fact(const tool::Effect& effect, const std::string& author) {
  std::vector<Member> workflow = Value::members_of({{"namespace", effect.workflow.namespace_},
                                                    {"name", effect.workflow.name},
                                                    {"version", effect.workflow.version}});
  if (!author.empty()) workflow.push_back({Text("author"), author});
  return Value::object(std::move(workflow));
}

bool asks_for_provenance(const definition::Project& policies) {
  return std::any_of(policies.policies.begin(), policies.policies.end(),
                     [](const auto& policy) { return policy.second->asks_for_provenance; });
}

}  // namespace

// Nearly every verdict needs it several times.
const Value& no_members() {
  static const Value none = Value::object(std::vector<Member>());
  return none;
}

Value facts_of(const tool::Effect& effect, const definition::Operation& operation,
               const definition::Principal& requester, const definition::Project& policies,
               const Circumstances& circumstances, Value budgets, const Value& lists, definition::FactSet wanted) {
  const RunFacts& known = circumstances.facts;
  std::vector<Member> facts;
  facts.reserve(wanted.count() + 1);
  const auto add = [&](Fact fact, const Key& name, auto make) {
    if (wanted.test(static_cast<std::size_t>(fact))) facts.push_back({Text(name), make()});
  };
  add(Fact::principal, "principal", [&] {
    return Value::object({{"person", requester.person}, {"roles", texts_value(requester.roles)}});
  });
  add(Fact::workflow, "workflow", [&] { return workflow_fact(effect, circumstances.author); });
  add(Fact::run, "run", [&] { return Value(circumstances.run.empty() ? effect.instance : circumstances.run); });
  add(Fact::task, "task", [&] { return Value(effect.task); });
  add(Fact::tool, "tool", [&] { return Value(effect.tool); });
  add(Fact::operation, "operation", [&] { return Value(effect.operation); });
  add(Fact::args, "args", [&] { return effect.arguments; });
  add(Fact::effect, "effect", [&] {
    return Value::object({{"id", effect.id},
                          {"instance", effect.instance},
                          {"class", definition::name_of(effect.effect_class)},
                          {"irreversible", effect.irreversible},
                          {"arguments", effect.arguments}});
  });
  add(Fact::labels, "labels", [&] { return labels_of(effect.arguments); });
  add(Fact::context, "context",
      [&] { return label_value(join(known.context, effect.arguments.deep_label())); });
  add(Fact::authority, "authority", [&] { return texts_value(operation.authority); });
  add(Fact::audience, "audience", [&] { return audience_of(operation, effect.arguments); });
  add(Fact::budget, "budget", [&] { return std::move(budgets); });
  add(Fact::lists, "lists", [&] { return lists; });
  if (asks_for_provenance(policies))
    facts.push_back({Text("provenance"), provenance_of(effect.arguments, operation.arguments_schema, policies, known)});
  return facts.empty() ? no_members() : Value::object(std::move(facts));
}

Value with_provenance(Value facts, const tool::Effect& effect, const definition::Operation& operation,
                      const definition::Project& policies, const RunFacts& known) {
  if (facts.find("provenance") != nullptr) return facts;
  const Label label = facts.label();
  std::vector<Member> members = std::move(facts).take_members();
  members.push_back({Text("provenance"), provenance_of(effect.arguments, operation.arguments_schema, policies, known)});
  return Value::object(std::move(members)).labelled(label);
}

Value labels_of_arguments(const Value& arguments, bool only_marked) {
  std::vector<Member> each;
  if (!arguments.is_object()) return no_members();
  for (const Member& argument : arguments.members()) {
    const Label label = join(arguments.label(), argument.value.deep_label());
    if (!only_marked || !label.is_default()) each.push_back({argument.key, label_value(label)});
  }
  return each.empty() ? no_members() : Value::object(std::move(each));
}

}  // namespace gantry::gate
