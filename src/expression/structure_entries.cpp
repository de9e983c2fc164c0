// to_entries and from_entries: objects as lists of their members.
#include "expression/formats.h"
#include "expression/messages.h"
#include "expression/structure.h"

namespace gantry::expression {

Got to_entries(Machine& machine, const Value& input, Value& output) {
  if (!input.is_array() && !input.is_object())
    return machine.fail(kind_and_brief(input) + " has no keys", about(input));
  if (!machine.use_memory(input.size() * 8 * sizeof(Value))) return Got::failed;
  static const Text key_name("key"), value_name("value");
  std::vector<Value> entries;
  entries.reserve(input.size());
  auto put = [&](Value key, const Value& value) {
    std::vector<Member> members;
    members.reserve(2);
    members.push_back({key_name, std::move(key)});
    members.push_back({value_name, value});
    entries.push_back(Value::object(std::move(members)));
    return machine.may_nest(value, 2);
  };
  if (input.is_array()) {
    for (std::size_t i = 0; i < input.size(); ++i)
      if (!put(Value(i), input.items()[i])) return Got::failed;
  } else {
    for (const Member& member : input.members())
      if (!put(Value(member.key), member.value)) return Got::failed;
  }
  output = Value::array(std::move(entries)).labelled(input.label());
  return Got::value;
}

// Accepts key, k, name, Name, K, Key and value, v, Value, V; keys that are no strings as their JSON.
Got from_entries(Machine& machine, const Value& input, Value& output) {
  if (!input.is_array() && !input.is_object())
    return machine.fail("Cannot iterate over " + (input.is_null() ? "null" : kind_and_brief(input)), about(input));
  Label label = input.label();
  std::vector<Member> members;
  auto put = [&](const Value& entry) {
    if (!entry.is_object()) {
      machine.fail("Cannot index " + std::string(entry.kind_name()) + " with string (\"key\")");
      return false;
    }
    const Value* key = entry.find("key");
    if (key) label = join(label, key->deep_label());
    if (!key || key->is_null()) {
      for (const char* name : {"k", "name", "Name", "K", "Key"}) {
        key = entry.find(name);
        if (key) label = join(label, key->deep_label());  // one that is passed over has decided, too
        if (key && key->is_truthy()) break;
      }
    }
    const Value* value = nullptr;
    for (const char* name : {"value", "v", "Value", "V"})
      if (!value) value = entry.find(name);
    label = join(label, entry.label());
    Value name = key ? text_of(*key) : Value("null");
    members.push_back({name.as_text(), value ? *value : Value()});
    return machine.use_memory(2 * sizeof(Value));
  };
  if (input.is_array()) {
    for (const Value& entry : input.items())
      if (!put(entry)) return Got::failed;
  } else {
    for (const Member& member : input.members())
      if (!put(member.value)) return Got::failed;
  }
  output = Value::object(std::move(members)).labelled(label);
  return Got::value;
}

}  // namespace gantry::expression
