#include "expression/structure.h"

#include <algorithm>
#include <cmath>

#include "expression/builtins.h"
#include "expression/formats.h"
#include "expression/messages.h"
#include "expression/operators.h"
#include "expression/paths.h"
#include "value/utf8.h"

namespace gantry::expression {
namespace {

bool is_container(const Value& value) {
  return value.is_array() || value.is_object();
}

Got yield(Value& output, Value value) {
  output = std::move(value);
  return Got::value;
}

Got length_of(Machine& machine, Value input, Value*, Value& output) {
  switch (input.kind()) {
    case Value::Kind::null:
      return yield(output, Value(0));
    case Value::Kind::boolean:
      return machine.fail(kind_and_brief(input) + " has no length", about(input));
    case Value::Kind::integer:
      return yield(output, input.as_integer() >= 0           ? input
                           : input.as_integer() == INT64_MIN ? Value(-input.as_number())
                                                             : Value(-input.as_integer()));
    case Value::Kind::number:
      return yield(output, Value(std::fabs(input.as_number())));
    case Value::Kind::string:
      return yield(output, Value(count_code_points(input.as_string())));
    default:
      return yield(output, Value(input.size()));
  }
}

Got type_of(Machine&, Value input, Value*, Value& output) {
  static const Value names[] = {Value("null"),   Value("boolean"), Value("number"), Value("number"),
                                Value("string"), Value("array"),   Value("object")};
  return yield(output, names[static_cast<std::size_t>(input.kind())]);
}

Got not_of(Machine&, Value input, Value*, Value& output) {
  return yield(output, Value(!input.is_truthy()));
}

Got keys_in(Machine& machine, const Value& input, bool sorted, Value& output) {
  if (!is_container(input)) return machine.fail(kind_and_brief(input) + " has no keys", about(input));
  if (!machine.use_memory(input.size() * sizeof(Value)) || !machine.use_steps(input.size() / 4)) return Got::failed;
  std::vector<Value> keys;
  keys.reserve(input.size());
  if (input.is_array())
    for (std::size_t i = 0; i < input.size(); ++i) keys.emplace_back(i);
  else
    for (const Member& member : input.members()) keys.emplace_back(member.key);
  if (sorted && input.is_object())
    std::sort(keys.begin(), keys.end(),
              [](const Value& left, const Value& right) { return left.as_string() < right.as_string(); });
  return yield(output, Value::array(std::move(keys)));
}
Got keys_sorted(Machine& machine, Value input, Value*, Value& output) {
  return keys_in(machine, input, true, output);
}
Got keys_unsorted(Machine& machine, Value input, Value*, Value& output) {
  return keys_in(machine, input, false, output);
}

Got has_key(Machine& machine, Value input, Value* arguments, Value& output) {
  if (input.is_null()) return yield(output, Value(false));
  const Value& key = arguments[0];
  if (input.is_object() && key.is_string()) return yield(output, Value(input.find(key.as_string()) != nullptr));
  if (input.is_array() && key.is_number()) {
    double index = key.as_number();
    return yield(output, Value(index >= 0 && std::floor(index) < static_cast<double>(input.size())));
  }
  return machine.fail("Cannot check whether " + std::string(input.kind_name()) + " has a " +
                      (key.is_string() ? "string" : key.kind_name()) + " key");
}

bool contains_value(const Value& whole, const Value& part) {
  if (whole.is_object() && part.is_object()) {
    return std::all_of(part.members().begin(), part.members().end(), [&whole](const Member& member) {
      const Value* found = whole.find(member.key.view());
      return found && contains_value(*found, member.value);
    });
  }
  if (whole.is_array() && part.is_array()) {
    return std::all_of(part.items().begin(), part.items().end(), [&whole](const Value& wanted) {
      return std::any_of(whole.items().begin(), whole.items().end(),
                         [&wanted](const Value& item) { return contains_value(item, wanted); });
    });
  }
  if (whole.is_string() && part.is_string()) return whole.as_string().find(part.as_string()) != std::string_view::npos;
  return whole == part;
}

Got contains(Machine& machine, Value input, Value* arguments, Value& output) {
  const Value& part = arguments[0];
  bool comparable = input.kind() == part.kind() || (input.is_number() && part.is_number());
  if (!comparable)
    return machine.fail(
        kind_and_brief(input) + " and " + kind_and_brief(part) + " cannot have their containment checked",
        about(input, part));
  if (machine.is_too_deep(input) && machine.is_too_deep(part)) return machine.fail("Containment check too deep");
  if (is_container(input) && !machine.use_steps(input.size() * part.size() / 4)) return Got::failed;
  return yield(output, Value(contains_value(input, part)));
}

Got reverse_of(Machine& machine, Value input, Value*, Value& output) {
  if (input.is_null()) return yield(output, Value::array({}).labelled(input.label()));
  if (!machine.use_memory(input.size() * sizeof(Value))) return Got::failed;
  if (input.is_string()) {
    std::vector<Value> characters = divide_text(input.as_string(), "").items();
    std::string text;
    for (auto character = characters.rbegin(); character != characters.rend(); ++character)
      text += character->as_string();
    return yield(output, Value(text).labelled(input.label()));
  }
  // jq takes the elements from the last to the first: nothing has none where the length is 0, whatever its kind.
  bool is_empty = input.is_object() ? input.size() == 0 : input.is_number() && input.as_number() == 0;
  if (is_empty) return yield(output, Value::array({}).labelled(input.label()));
  if (!input.is_array()) return machine.fail("Cannot reverse " + kind_and_brief(input), about(input));
  Label label = input.label();
  std::vector<Value> items = std::move(input).take_items();
  std::reverse(items.begin(), items.end());
  return yield(output, Value::array(std::move(items)).labelled(label));
}

Got flatten_into(Machine& machine, const Value& list, double depth, std::vector<Value>& flat) {
  for (const Value& item : list.items()) {
    if (item.is_array() && depth != 0) {
      if (flatten_into(machine, item, depth - 1, flat) != Got::value) return Got::failed;
    } else {
      if (!machine.use_memory(sizeof(Value))) return Got::failed;
      flat.push_back(item.labelled(list.label()));
    }
  }
  return Got::value;
}

Got flatten_to(Machine& machine, const Value& input, double depth, Value& output) {
  Value list = input;
  if (input.is_object()) {
    std::vector<Value> values;
    for (const Member& member : input.members()) values.push_back(member.value);
    list = Value::array(std::move(values)).labelled(input.label());
  }
  if (!list.is_array())
    return machine.fail("Cannot iterate over " + (input.is_null() ? "null" : kind_and_brief(input)), about(input));
  std::vector<Value> flat;
  if (flatten_into(machine, list, depth, flat) != Got::value) return Got::failed;
  return yield(output, Value::array(std::move(flat)).labelled(list.deep_label()));
}
Got flatten_all(Machine& machine, Value input, Value*, Value& output) {
  return flatten_to(machine, input, -1, output);
}
Got flatten_depth(Machine& machine, Value input, Value* arguments, Value& output) {
  if (!arguments[0].is_number()) return machine.fail("flatten depth must be a number");
  if (arguments[0].as_number() < 0) return machine.fail("flatten depth must not be negative");
  Got got = flatten_to(machine, input, std::floor(arguments[0].as_number()), output);
  if (got == Got::value) output = std::move(output).labelled(arguments[0].label());
  return got;
}

Got ordered_by_itself(Machine& machine, const Value& input, Ordering ordering, const char* problem, Value& output) {
  if (!input.is_array()) return machine.fail(kind_and_brief(input) + problem, about(input));
  return order(machine, input, input.items(), ordering, output);
}
constexpr const char* unsortable = " cannot be sorted, as it is not an array";
Got sort_of(Machine& machine, Value input, Value*, Value& output) {
  return ordered_by_itself(machine, input, Ordering::sort, unsortable, output);
}
Got unique_of(Machine& machine, Value input, Value*, Value& output) {
  return ordered_by_itself(machine, input, Ordering::unique, unsortable, output);
}
Got least_of(Machine& machine, Value input, Value*, Value& output) {
  return ordered_by_itself(machine, input, Ordering::least, " cannot be iterated over", output);
}
Got greatest_of(Machine& machine, Value input, Value*, Value& output) {
  return ordered_by_itself(machine, input, Ordering::greatest, " cannot be iterated over", output);
}

Got transpose(Machine& machine, Value input, Value*, Value& output) {
  if (input.is_object()) {  // its values are the rows
    std::vector<Value> rows;
    for (const Member& each : input.members()) rows.push_back(each.value);
    input = Value::array(std::move(rows)).labelled(input.label());
  }
  if (!input.is_array())
    return machine.fail("Cannot iterate over " + (input.is_null() ? "null" : kind_and_brief(input)), about(input));
  // How many columns there are, and which places are empty, the rows say.
  std::size_t width = 0;
  Label shape = input.label();
  for (const Value& row : input.items()) {
    if (!row.is_array())
      return machine.fail("Cannot transpose: found " + kind_and_brief(row) + " as a row; expected an array",
                          about(row));
    width = std::max(width, row.size());
    shape = join(shape, row.label());
  }
  if (!machine.use_steps(width * input.size() / 8) || !machine.use_memory(width * (input.size() + 3) * sizeof(Value)))
    return Got::failed;
  std::vector<Value> columns;
  for (std::size_t i = 0; i < width; ++i) {
    std::vector<Value> column;
    for (const Value& row : input.items()) column.push_back(row.item(i));
    columns.push_back(Value::array(std::move(column)));
  }
  return yield(output, Value::array(std::move(columns)).labelled(shape));
}

Got set_path_of(Machine& machine, Value input, Value* arguments, Value& output) {
  return set_path(machine, std::move(input), arguments[0], std::move(arguments[1]), output);
}
Got delete_paths_of(Machine& machine, Value input, Value* arguments, Value& output) {
  return delete_paths(machine, std::move(input), arguments[0], output);
}

Got binary_search(Machine& machine, Value input, Value* arguments, Value& output) {
  if (!input.is_array()) return machine.fail(kind_and_brief(input) + " cannot be searched from", about(input));
  const auto& items = input.items();
  auto found = std::lower_bound(items.begin(), items.end(), arguments[0],
                                [](const Value& left, const Value& right) { return compare(left, right) < 0; });
  std::int64_t position = found - items.begin();
  bool exact = found != items.end() && compare(*found, arguments[0]) == 0;
  return yield(output, Value(exact ? position : -1 - position));
}

Got to_array(Machine& machine, Value input, Value*, Value& output) {
  if (input.is_array()) return yield(output, std::move(input));
  if (!machine.may_nest(input)) return Got::failed;
  return yield(output, Value::array({std::move(input)}));
}

Got tostream_of(Machine& machine, const Value& value, std::vector<Value>& path, std::vector<Value>& events) {
  if (!machine.use_memory((path.size() + 6) * sizeof(Value)) || !machine.use_steps(1)) return Got::failed;
  if (!is_container(value) || value.size() == 0) {
    events.push_back(Value::array({Value::array(path), value}));
    return Got::value;
  }
  std::size_t index = 0;
  Value last_key;
  auto visit = [&](Value key, const Value& child) {
    last_key = key;
    path.push_back(std::move(key));
    Got got = tostream_of(machine, child, path, events);
    path.pop_back();
    return got;
  };
  if (value.is_array()) {
    for (const Value& item : value.items())
      if (visit(Value(index++), item) != Got::value) return Got::failed;
  } else {
    for (const Member& member : value.members())
      if (visit(Value(member.key), member.value) != Got::value) return Got::failed;
  }
  path.push_back(last_key);
  events.push_back(Value::array({Value::array(path)}));
  path.pop_back();
  return Got::value;
}

Got stream_events(Machine& machine, Value input, Value*, Value& output) {
  std::vector<Value> path, events;
  if (tostream_of(machine, input, path, events) != Got::value) return Got::failed;
  return yield(output, Value::array(std::move(events)));
}

Got to_entries_of(Machine& machine, Value input, Value*, Value& output) {
  return to_entries(machine, input, output);
}
Got from_entries_of(Machine& machine, Value input, Value*, Value& output) {
  return from_entries(machine, input, output);
}

constexpr Builtin structure_table[] = {
    {"length", 0, Labelling::shallow, length_of},
    {"type", 0, Labelling::shallow, type_of},
    {"not", 0, Labelling::shallow, not_of},
    {"keys", 0, Labelling::shallow, keys_sorted},
    {"keys_unsorted", 0, Labelling::shallow, keys_unsorted},
    {"has", 1, Labelling::shallow, has_key},
    {"contains", 1, Labelling::deep, contains},
    {"reverse", 0, Labelling::own, reverse_of},
    {"flatten", 0, Labelling::own, flatten_all},
    {"flatten", 1, Labelling::own, flatten_depth},
    {"sort", 0, Labelling::own, sort_of},
    {"unique", 0, Labelling::own, unique_of},
    {"min", 0, Labelling::own, least_of},
    {"max", 0, Labelling::own, greatest_of},
    {"transpose", 0, Labelling::shallow, transpose},
    {"setpath", 2, Labelling::own, set_path_of},
    {"delpaths", 1, Labelling::own, delete_paths_of},
    {"bsearch", 1, Labelling::deep, binary_search},
    {"toarray", 0, Labelling::shallow, to_array},
    {"to_entries", 0, Labelling::own, to_entries_of},
    {"from_entries", 0, Labelling::own, from_entries_of},
    {"_stream_events", 0, Labelling::deep, stream_events},
};

}  // namespace

std::span<const Builtin> structure_builtins() {
  return structure_table;
}

}  // namespace gantry::expression
