#include "gate/facts.h"

#include "gate/reading.h"

namespace gantry::gate {
namespace {

std::vector<Member> label_members(Label label) {
  const LabelContent& content = label.content();
  std::vector<Member> members;
  members.reserve(5);
  members.push_back({Text("integrity"), name_of(content.integrity)});
  members.push_back({Text("secrecy"), name_of(content.secrecy)});
  members.push_back({Text("sources"), texts_value(content.sources)});
  members.push_back({Text("compartments"), texts_value(content.compartments)});
  return members;
}

Value labels_of(const Value& arguments) {
  std::vector<Member> each;
  if (arguments.is_object()) {
    each.reserve(arguments.size());
    for (const Member& argument : arguments.members()) {
      const Label label = join(arguments.label(), argument.value.deep_label());
      each.push_back({argument.key, Value::object(label_members(label))});
    }
  }
  std::vector<Member> all = label_members(arguments.deep_label());
  all.push_back({Text("arguments"), Value::object(std::move(each))});
  return Value::object(std::move(all));
}

}  // namespace

Value facts_of(const tool::Effect& effect, definition::EffectClass effect_class,
               const definition::Principal& requester) {
  return Value::object({
      {"principal", Value::object({{"person", requester.person}, {"roles", texts_value(requester.roles)}})},
      {"workflow", Value::object({{"namespace", effect.workflow.namespace_},
                                  {"name", effect.workflow.name},
                                  {"version", effect.workflow.version}})},
      {"task", effect.task},
      {"tool", effect.tool},
      {"operation", effect.operation},
      {"effect", Value::object({{"id", effect.id},
                                {"instance", effect.instance},
                                {"class", definition::name_of(effect_class)},
                                {"irreversible", effect.irreversible},
                                {"arguments", effect.arguments}})},
      {"labels", labels_of(effect.arguments)},
      {"context", Value::object({})},
  });
}

}  // namespace gantry::gate
