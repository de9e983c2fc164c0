#include "gate/shown_values.h"

#include <vector>

namespace gantry::gate {
namespace {

// The names of an enumeration's values, from the first to `last`.
template <typename Name>
std::vector<Value> names_up_to(Name last) {
  std::vector<Value> names;
  for (int i = 0; i <= static_cast<int>(last); ++i) names.emplace_back(name_of(static_cast<Name>(i)));
  return names;
}

std::vector<Value> lists_of(const std::vector<Value>& names) {
  std::vector<Value> lists;
  for (const Value& name : names) lists.push_back(Value::array({name}));
  return lists;
}

}  // namespace

const Value& shown(Integrity integrity) {
  static const std::vector<Value> names = names_up_to(Integrity::untrusted);
  return names[static_cast<std::size_t>(integrity)];
}

const Value& shown(Secrecy secrecy) {
  static const std::vector<Value> names = names_up_to(Secrecy::secret);
  return names[static_cast<std::size_t>(secrecy)];
}

const Value& shown_list(Shape shape) {
  static const std::vector<Value> lists = lists_of(names_up_to(Shape::link));
  return lists[static_cast<std::size_t>(shape)];
}

const Value& shown_list() {
  static const Value none = Value::array({});
  return none;
}

}  // namespace gantry::gate
