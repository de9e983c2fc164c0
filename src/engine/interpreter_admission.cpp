#include "engine/interpreter_admission.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace gantry::engine {

namespace {

constexpr std::size_t bytes_of_node = 16;
constexpr std::size_t remembered_bytes_min = 8192;  // smaller parts are quicker measured again than found
constexpr std::size_t remembered_level_max = 4;
constexpr std::size_t remembered_max = 256;

const void* address_of(const Value& value) {
  if (value.is_array()) return &value.items();
  return &value.members();
}

Value finite_number(const Value& value) {
  const double number = value.as_number();
  if (std::isnan(number)) return Value().labelled(value.label());
  if (std::isinf(number))
    return Value(std::copysign(std::numeric_limits<double>::max(), number)).labelled(value.label());
  return value;
}

Value finite_copy(const Value& value) {
  if (value.kind() == Value::Kind::number) return finite_number(value);
  if (value.is_array()) {
    std::vector<Value> items;
    for (const Value& item : value.items()) items.push_back(finite_copy(item));
    return Value::array(std::move(items)).labelled(value.label());
  }
  if (value.is_object()) {
    std::vector<Member> members;
    for (const Member& member : value.members()) members.push_back({member.key, finite_copy(member.value)});
    return Value::object(std::move(members)).labelled(value.label());
  }
  return value;
}

}  // namespace

Result<Value> Admission::admit(Value value) {
  const Extent extent = measure(value, 0);
  if (extent.depth > limits_.depth_max) {
    return Error{Code::exhausted,
                 "the value is nested more than " + std::to_string(limits_.depth_max) + " levels deep"};
  }
  if (extent.bytes > limits_.bytes_max) {
    return Error{Code::exhausted, "the value is larger than " + std::to_string(limits_.bytes_max) + " bytes"};
  }
  if (!extent.is_finite) return finite_copy(value);
  return value;
}

Admission::Extent Admission::measure(const Value& value, std::size_t level) {
  switch (value.kind()) {
    case Value::Kind::null:
    case Value::Kind::boolean:
    case Value::Kind::integer:
      return {.bytes = bytes_of_node};
    case Value::Kind::number:
      return {.bytes = bytes_of_node, .is_finite = std::isfinite(value.as_number())};
    case Value::Kind::string:
      return {.bytes = bytes_of_node + value.size()};
    case Value::Kind::array:
    case Value::Kind::object:
      break;
  }
  if (level >= limits_.depth_max) return {.depth = limits_.depth_max + 1, .is_whole = false};
  if (level <= remembered_level_max && !known_.empty()) {
    const auto found = known_.find(address_of(value));
    if (found != known_.end()) return found->second.extent;
  }
  const Extent extent = measure_items(value, level);
  if (extent.is_whole && extent.bytes >= remembered_bytes_min && level <= remembered_level_max) {
    if (known_.size() >= remembered_max) known_.clear();
    known_.emplace(address_of(value), Measured{.value = value, .extent = extent});
  }
  return extent;
}

Admission::Extent Admission::measure_items(const Value& value, std::size_t level) {
  Extent whole{.bytes = bytes_of_node};
  const auto add = [&](const Value& part, std::size_t key_bytes) {
    const Extent extent = measure(part, level + 1);
    whole.depth = std::max(whole.depth, extent.depth);
    whole.bytes += extent.bytes + key_bytes;
    whole.is_finite = whole.is_finite && extent.is_finite;
    whole.is_whole = whole.is_whole && extent.is_whole && whole.bytes <= limits_.bytes_max;
    return whole.is_whole;
  };
  if (value.is_array()) {
    for (const Value& item : value.items()) {
      if (!add(item, 0)) return whole;
    }
  } else {
    for (const Member& member : value.members()) {
      if (!add(member.value, member.key.view().size())) return whole;
    }
  }
  ++whole.depth;
  return whole;
}

}  // namespace gantry::engine
