#include "expression/paths.h"

#include <algorithm>
#include <cmath>

#include "expression/messages.h"
#include "value/utf8.h"

namespace gantry::expression {
namespace {

constexpr std::size_t path_length_max = 10'000;
constexpr double index_max = 536'870'911;  // 2^29 - 1

struct Range {
  std::size_t start = 0;
  std::size_t end = 0;
};

// The bounds of a slice key within `length`; false when they are no numbers.
bool slice_range(const Value& key, std::size_t length, Range& range) {
  const Value* from = key.find("start");
  const Value* upto = key.find("end");
  if (!from || !upto) return false;
  auto size = static_cast<double>(length);
  double start = 0, end = size;
  if (!from->is_null()) {
    if (!from->is_number()) return false;
    start = from->as_number();
  }
  if (!upto->is_null()) {
    if (!upto->is_number()) return false;
    end = upto->as_number();
  }
  if (std::isnan(start)) start = 0;
  if (std::isnan(end)) end = size;
  if (start < 0) start += size;
  if (end < 0) end += size;
  start = std::clamp(std::floor(start), 0.0, size);
  end = std::clamp(std::ceil(end), start, size);
  range = {static_cast<std::size_t>(start), static_cast<std::size_t>(end)};
  return true;
}

// What kind of value is asked for what by a key: that decides whether it fails.
Label cause_of(const Value& target, const Value& key) {
  return join(target.label(), key.deep_label());
}

Got get_slice(Machine& machine, const Value& target, const Value& key, Value& output) {
  Range range;
  std::size_t length = target.is_string() ? count_code_points(target.as_string()) : target.size();
  if (!slice_range(key, length, range))
    return machine.fail("Start and end indices of " + std::string(target.is_array() ? "an array" : "a string") +
                            " slice must be numbers",
                        {}, cause_of(target, key));
  Label label = join(target.label(), key.deep_label());
  if (target.is_string()) {
    std::string_view text = target.as_string();
    text.remove_prefix(byte_offset(text, range.start));
    text = text.substr(0, byte_offset(text, range.end - range.start));
    if (!machine.use_memory(text.size())) return Got::failed;
    output = Value(text).labelled(label);
    return Got::value;
  }
  if (!machine.use_memory((range.end - range.start) * sizeof(Value))) return Got::failed;
  const auto& items = target.items();
  output = Value::array({items.begin() + static_cast<std::ptrdiff_t>(range.start),
                         items.begin() + static_cast<std::ptrdiff_t>(range.end)})
               .labelled(label);
  return Got::value;
}

Got cannot_index(Machine& machine, const Value& target, const Value& key) {
  std::string message = "Cannot index " + std::string(target.kind_name()) + " with ";
  return machine.fail(message + (key.is_string() || key.is_number() ? kind_and_brief(key) : key.kind_name()),
                      about(key), cause_of(target, key));
}

Value item_at(const Value& array, const Value& key) {
  if (key.is_integer()) {
    std::int64_t index = key.as_integer();
    if (index < 0) index += static_cast<std::int64_t>(array.size());
    return index < 0 ? Value().labelled(array.label()) : array.item(static_cast<std::size_t>(index));
  }
  double index = std::floor(key.as_number());
  if (index < 0) index += static_cast<double>(array.size());
  if (!(index >= 0 && index < static_cast<double>(array.size()))) return Value().labelled(array.label());
  return array.item(static_cast<std::size_t>(index));
}

Got set_index(Machine& machine, Value target, const Value& key, Value value, Value& output) {
  double index = key.as_number();
  if (std::isnan(index)) return machine.fail("Cannot set array element at NaN index", {}, cause_of(target, key));
  index = std::trunc(index);
  if (index < 0) index += static_cast<double>(target.size());
  if (index < 0) return machine.fail("Out of bounds negative array index", {}, cause_of(target, key));
  if (index > index_max) return machine.fail("Array index too large", {}, cause_of(target, key));
  auto position = static_cast<std::size_t>(index);
  if (position >= target.size() && !machine.use_memory((position + 1 - target.size()) * sizeof(Value)))
    return Got::failed;
  output = std::move(target).with_item(position, std::move(value));
  return Got::value;
}

Got set_slice(Machine& machine, Value target, const Value& key, const Value& value, Value& output) {
  Range range;
  if (!slice_range(key, target.size(), range))
    return machine.fail("Start and end indices of an array slice must be numbers", {}, cause_of(target, key));
  if (!value.is_array()) return machine.fail("A slice of an array can only be assigned another array", {}, value.label());
  if (!machine.use_memory((target.size() + value.size()) * sizeof(Value))) return Got::failed;
  Label label = join(target.label(), value.label());
  const auto& old = target.items();
  std::vector<Value> items(old.begin(), old.begin() + static_cast<std::ptrdiff_t>(range.start));
  items.insert(items.end(), value.items().begin(), value.items().end());
  items.insert(items.end(), old.begin() + static_cast<std::ptrdiff_t>(range.end), old.end());
  output = Value::array(std::move(items)).labelled(label);
  return Got::value;
}

// Puts null in place of the child that `key` leads to, so that the child has one owner less and can change in place.
void detach(Value& target, const Value& key) {
  if (target.is_object() && key.is_string() && target.find(key.as_string())) {
    target = std::move(target).with_member(key.as_text(), Value());
  } else if (target.is_array() && key.is_integer()) {
    std::int64_t index = key.as_integer();
    if (index < 0) index += static_cast<std::int64_t>(target.size());
    if (index >= 0 && index < static_cast<std::int64_t>(target.size()))
      target = std::move(target).with_item(static_cast<std::size_t>(index), Value());
  }
}

// The child without the label of its parent: what is to be put back.
Got raw_child(Machine& machine, const Value& target, const Value& key, Value& output) {
  if (target.is_object() && key.is_string()) {
    const Value* found = target.find(key.as_string());
    output = found ? *found : Value();
    return Got::value;
  }
  if (target.is_array() && key.is_integer() && key.as_integer() >= 0) {
    const Value* found = target.find(static_cast<std::size_t>(key.as_integer()));
    output = found ? *found : Value();
    return Got::value;
  }
  return get_key(machine, target, key, output);
}

bool path_is_usable(Machine& machine, const Value& path) {
  if (!path.is_array()) return machine.fail("Path must be specified as an array", {}, path.label()), false;
  if (path.size() > path_length_max) return machine.fail("Path too deep", {}, path.label()), false;
  return true;
}

Got delete_keys(Machine& machine, Value target, const std::vector<const Value*>& keys, Value& output) {
  if (target.is_null() || keys.empty()) {
    output = std::move(target);
    return Got::value;
  }
  if (target.is_object()) {
    for (const Value* key : keys) {
      if (!key->is_string())
        return machine.fail("Cannot delete " + std::string(key->kind_name()) + " field of object", {}, cause_of(target, *key));
      target = std::move(target).without_member(key->as_string()).labelled(key->label());
    }
    output = std::move(target);
    return Got::value;
  }
  if (!target.is_array()) return machine.fail("Cannot delete fields from " + std::string(target.kind_name()), {}, target.label());
  std::vector<bool> goes(target.size());
  Label label = target.label();
  for (const Value* key : keys) {
    label = join(label, key->deep_label());
    Range range;
    if (key->is_number()) {
      double index = std::floor(key->as_number());
      if (index < 0) index += static_cast<double>(target.size());
      if (index >= 0 && index < static_cast<double>(target.size())) goes[static_cast<std::size_t>(index)] = true;
    } else if (key->is_object()) {
      if (!slice_range(*key, target.size(), range))
        return machine.fail("Start and end indices of an array slice must be numbers", {}, cause_of(target, *key));
      std::fill(goes.begin() + static_cast<std::ptrdiff_t>(range.start),
                goes.begin() + static_cast<std::ptrdiff_t>(range.end), true);
    } else {
      return machine.fail("Cannot delete " + std::string(key->kind_name()) + " element of array", {}, cause_of(target, *key));
    }
  }
  std::vector<Value> kept;
  kept.reserve(target.size());
  const auto& items = target.items();
  for (std::size_t i = 0; i < items.size(); ++i)
    if (!goes[i]) kept.push_back(items[i]);
  output = Value::array(std::move(kept)).labelled(label);
  return Got::value;
}

using PathIterator = std::vector<Value>::const_iterator;

// `first` to `last`: sorted paths, each longer than `depth`, that agree before `depth`.
Got delete_sorted(Machine& machine, Value target, PathIterator first, PathIterator last, std::size_t depth,
                  Value& output) {
  std::vector<const Value*> doomed;
  while (first != last) {
    const Value& key = first->items()[depth];
    PathIterator next = first + 1;  // a NaN differs even from itself
    while (next != last && next->items()[depth] == key) ++next;
    if (!machine.use_steps(static_cast<std::uint64_t>(next - first))) return Got::failed;
    if (first->size() == depth + 1) {
      doomed.push_back(&key);
    } else {
      Value child, rest;
      if (raw_child(machine, target, key, child) != Got::value) return Got::failed;
      if (!child.is_null()) {
        detach(target, key);
        if (delete_sorted(machine, std::move(child), first, next, depth + 1, rest) != Got::value) return Got::failed;
        Value changed;
        if (set_key(machine, std::move(target), key, std::move(rest), changed) != Got::value) return Got::failed;
        target = std::move(changed);
      }
    }
    first = next;
  }
  return delete_keys(machine, std::move(target), doomed, output);
}

}  // namespace

Value slice_key(const Value& from, const Value& upto) {
  return Value::object({{"start", from}, {"end", upto}});
}

Value indices_of(const Value& array, const Value& part) {
  std::vector<Value> found;
  const auto& items = array.items();
  const auto& wanted = part.items();
  for (std::size_t at = 0; !wanted.empty() && at + wanted.size() <= items.size(); ++at)
    if (std::equal(wanted.begin(), wanted.end(), items.begin() + static_cast<std::ptrdiff_t>(at)))
      found.emplace_back(at);
  return Value::array(std::move(found)).labelled(join(array.deep_label(), part.deep_label()));
}

Got get_key(Machine& machine, const Value& target, const Value& key, Value& output) {
  if (target.is_object() && key.is_string()) {
    output = target.member(key.as_string()).labelled(key.label());
    return Got::value;
  }
  if (target.is_array() && key.is_number()) {
    output = item_at(target, key).labelled(key.label());
    return Got::value;
  }
  if ((target.is_array() || target.is_string()) && key.is_object()) return get_slice(machine, target, key, output);
  if (target.is_array() && key.is_array()) {
    if (!machine.use_steps(target.size() * std::max<std::size_t>(1, key.size()))) return Got::failed;
    output = indices_of(target, key);
    return Got::value;
  }
  if (target.is_null() && (key.is_string() || key.is_number() || key.is_object())) {
    output = Value().labelled(join(target.label(), key.deep_label()));
    return Got::value;
  }
  return cannot_index(machine, target, key);
}

Got set_key(Machine& machine, Value target, const Value& key, Value value, Value& output) {
  bool is_null = target.is_null();
  Label label = join(target.label(), key.deep_label());
  if (!machine.may_nest(value)) return Got::failed;
  if (key.is_string() && (is_null || target.is_object())) {
    if (is_null) target = Value::object({});
    if (!machine.use_memory(2 * sizeof(Value))) return Got::failed;
    output = std::move(target).with_member(key.as_text(), std::move(value)).labelled(label);
    return Got::value;
  }
  if (key.is_number() && (is_null || target.is_array())) {
    if (is_null) target = Value::array({});
    if (set_index(machine, std::move(target), key, std::move(value), output) != Got::value) return Got::failed;
    output = std::move(output).labelled(label);
    return Got::value;
  }
  if (key.is_object() && (is_null || target.is_array())) {
    if (is_null) target = Value::array({});
    if (set_slice(machine, std::move(target), key, value, output) != Got::value) return Got::failed;
    output = std::move(output).labelled(label);
    return Got::value;
  }
  if (key.is_object() && target.is_string()) return machine.fail("Cannot update string slices", {}, label);
  if ((key.is_string() && target.is_array()) || (key.is_number() && target.is_object()))
    return cannot_index(machine, target, key);
  return machine.fail("Cannot update field at " + std::string(key.is_object() ? "object" : key.kind_name()) +
                          " index of " + target.kind_name(),
                      {}, cause_of(target, key));
}

Got get_path(Machine& machine, const Value& root, const Value& path, Value& output) {
  if (!path_is_usable(machine, path)) return Got::failed;
  Value at = root.labelled(path.label());
  for (const Value& key : path.items()) {
    if (at.is_null()) {
      output = at.labelled(path.deep_label());
      return Got::value;
    }
    Value next;
    if (!machine.use_steps(1) || get_key(machine, at, key, next) != Got::value) return Got::failed;
    at = std::move(next);
  }
  output = std::move(at);
  return Got::value;
}

// Goes down with the parents kept on a list, then puts the children back on the way up.
Got set_path(Machine& machine, Value root, const Value& path, Value value, Value& output) {
  if (!path_is_usable(machine, path)) return Got::failed;
  const auto& keys = path.items();
  if (!machine.may_nest(value, keys.size())) return Got::failed;
  std::vector<Value> parents;
  parents.reserve(keys.size());
  Value at = std::move(root);
  for (const Value& key : keys) {
    Value child;
    if (!machine.use_steps(1)) return Got::failed;
    if (&key != &keys.back() && raw_child(machine, at, key, child) != Got::value) return Got::failed;
    if (&key != &keys.back()) detach(at, key);
    parents.push_back(std::move(at));
    at = std::move(child);
  }
  Value result = std::move(value);
  for (std::size_t i = keys.size(); i-- > 0;) {
    Value changed;
    if (set_key(machine, std::move(parents[i]), keys[i], std::move(result), changed) != Got::value) return Got::failed;
    result = std::move(changed);
  }
  output = std::move(result).labelled(path.label());
  return Got::value;
}

Got delete_paths(Machine& machine, Value root, const Value& paths, Value& output) {
  if (!paths.is_array()) return machine.fail("Paths must be specified as an array", {}, paths.label());
  for (const Value& path : paths.items()) {
    if (!path.is_array()) return machine.fail("Path must be specified as an array", {}, paths.deep_label());
    if (path.size() > path_length_max) return machine.fail("Path too deep", {}, paths.deep_label());
  }
  if (!machine.use_steps(paths.size())) return Got::failed;
  std::vector<Value> sorted = paths.items();
  std::sort(sorted.begin(), sorted.end(),
            [](const Value& left, const Value& right) { return compare(left, right) < 0; });
  Label label = paths.deep_label();
  if (sorted.empty()) {
    output = std::move(root);
  } else if (sorted.front().size() == 0) {
    output = Value();
  } else if (delete_sorted(machine, std::move(root), sorted.begin(), sorted.end(), 0, output) != Got::value) {
    return Got::failed;
  }
  output = std::move(output).labelled(label);
  return Got::value;
}

}  // namespace gantry::expression
