// sort, group_by, unique, min, max: lists in the order of keys.
#include <algorithm>
#include <numeric>

#include "expression/messages.h"
#include "expression/structure.h"
#include "value/operator_order.h"

namespace gantry::expression {
namespace {

// Items whose keys are equal come together; positions in the order of the keys, equal ones as they stood.
std::vector<std::size_t> sorted_positions(const std::vector<Value>& keys) {
  std::vector<std::size_t> positions(keys.size());
  std::iota(positions.begin(), positions.end(), std::size_t{0});
  std::stable_sort(positions.begin(), positions.end(),
                   [&keys](std::size_t left, std::size_t right) { return compare(keys[left], keys[right]) < 0; });
  return positions;
}

Value extreme(const Value& input, const std::vector<Value>& keys, bool least) {
  if (keys.empty()) return Value();
  std::size_t best = 0;
  for (std::size_t i = 1; i < keys.size(); ++i)
    if ((compare_as_operator(keys[i], keys[best]) < 0) == least) best = i;
  return input.items()[best];
}

}  // namespace

Got order(Machine& machine, const Value& input, const std::vector<Value>& keys, Ordering ordering, Value& output) {
  auto put = [&output](Value value) {
    output = std::move(value);
    return Got::value;
  };
  if (!input.is_array()) {
    const char* problem = ordering == Ordering::least || ordering == Ordering::greatest
                              ? " cannot be iterated over"
                              : " cannot be sorted, as it is not an array";
    return machine.fail(kind_and_brief(input) + problem, about(input));
  }
  if (machine.is_too_deep(input)) return machine.fail("Comparison too deep");
  std::size_t work = keys.size();
  for (std::size_t n = keys.size(); n > 1; n /= 2) work += keys.size() / 4;
  if (!machine.use_steps(work) || !machine.use_memory(keys.size() * 2 * sizeof(Value))) return Got::failed;
  Label label = input.label();
  for (const Value& key : keys) label = join(label, key.deep_label());
  if (ordering == Ordering::least || ordering == Ordering::greatest)
    return put(extreme(input, keys, ordering == Ordering::least).labelled(label));

  const auto& items = input.items();
  std::vector<Value> result, group;
  std::vector<std::size_t> positions = sorted_positions(keys);
  for (std::size_t i = 0; i < positions.size(); ++i) {
    const Value& item = items[positions[i]];
    bool starts = i == 0 || compare_as_operator(keys[positions[i - 1]], keys[positions[i]]) != 0;
    if (ordering == Ordering::sort || (ordering == Ordering::unique && starts)) result.push_back(item);
    if (ordering != Ordering::group) continue;
    if (starts && !group.empty()) result.push_back(Value::array(std::exchange(group, {})));
    if (!machine.may_nest(item, 2)) return Got::failed;
    group.push_back(item);
  }
  if (!group.empty()) result.push_back(Value::array(std::move(group)));
  return put(Value::array(std::move(result)).labelled(label));
}

}  // namespace gantry::expression
