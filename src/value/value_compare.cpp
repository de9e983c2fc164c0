// Equality and the total order of values.
#include <algorithm>
#include <cmath>

#include "value/operator_order.h"

namespace gantry {
namespace {

int sign(double difference) {
  return difference < 0 ? -1 : difference > 0 ? 1 : 0;
}

int compare_integer_with_double(std::int64_t left, double right) {
  if (std::isnan(right)) return 1;
  if (right >= 9223372036854775808.0) return -1;
  if (right < -9223372036854775808.0) return 1;
  auto whole = static_cast<std::int64_t>(right);
  if (left != whole) return left < whole ? -1 : 1;
  return sign(static_cast<double>(whole) - right);
}

// What comparing NaN with NaN gives.
enum class NanBeside : std::int8_t { equal = 0, less = -1 };

int compare_values(const Value& left, const Value& right, NanBeside nan);

int compare_numbers(const Value& left, const Value& right, NanBeside nan = NanBeside::equal) {
  if (left.is_integer() && right.is_integer()) {
    std::int64_t a = left.as_integer(), b = right.as_integer();
    return a < b ? -1 : a > b ? 1 : 0;
  }
  if (left.is_integer()) return compare_integer_with_double(left.as_integer(), right.as_number());
  if (right.is_integer()) return -compare_integer_with_double(right.as_integer(), left.as_number());
  double a = left.as_number(), b = right.as_number();
  if (std::isnan(a) && std::isnan(b)) return static_cast<int>(nan);
  if (std::isnan(a) || std::isnan(b)) return std::isnan(b) - std::isnan(a);
  return a < b ? -1 : a > b ? 1 : 0;
}

// Unsigned byte order of UTF-8 is code point order.
int compare_text(std::string_view left, std::string_view right) {
  int order = left.compare(right);
  return order < 0 ? -1 : order > 0 ? 1 : 0;
}

std::vector<const Member*> sorted_members(const Value& object) {
  std::vector<const Member*> sorted;
  sorted.reserve(object.size());
  for (const Member& member : object.members()) sorted.push_back(&member);
  std::sort(sorted.begin(), sorted.end(),
            [](const Member* a, const Member* b) { return a->key.view() < b->key.view(); });
  return sorted;
}

int compare_objects(const Value& left, const Value& right, NanBeside nan) {
  auto a = sorted_members(left), b = sorted_members(right);
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i)
    if (int order = compare_text(a[i]->key.view(), b[i]->key.view())) return order;
  if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (int order = compare_values(a[i]->value, b[i]->value, nan)) return order;
  return 0;
}

int compare_arrays(const Value& left, const Value& right, NanBeside nan) {
  const auto& a = left.items();
  const auto& b = right.items();
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i)
    if (int order = compare_values(a[i], b[i], nan)) return order;
  return a.size() < b.size() ? -1 : a.size() > b.size() ? 1 : 0;
}

int rank_of(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::null:
      return 0;
    case Value::Kind::boolean:
      return value.as_boolean() ? 2 : 1;
    case Value::Kind::integer:
    case Value::Kind::number:
      return 3;
    case Value::Kind::string:
      return 4;
    case Value::Kind::array:
      return 5;
    case Value::Kind::object:
      return 6;
  }
  return 7;
}

int compare_values(const Value& left, const Value& right, NanBeside nan) {
  int left_rank = rank_of(left), right_rank = rank_of(right);
  if (left_rank != right_rank) return left_rank < right_rank ? -1 : 1;
  switch (left.kind()) {
    case Value::Kind::null:
    case Value::Kind::boolean:
      return 0;
    case Value::Kind::integer:
    case Value::Kind::number:
      return compare_numbers(left, right, nan);
    case Value::Kind::string:
      return compare_text(left.as_string(), right.as_string());
    case Value::Kind::array:
      return left.same_as(right) ? 0 : compare_arrays(left, right, nan);
    case Value::Kind::object:
      return left.same_as(right) ? 0 : compare_objects(left, right, nan);
  }
  return 0;
}

}  // namespace

bool operator==(const Value& left, const Value& right) {
  if (left.is_number() && right.is_number())
    return compare_numbers(left, right) == 0 && !(!left.is_integer() && std::isnan(left.as_number()));
  if (left.kind() != right.kind()) return false;
  if (left.same_as(right)) return true;
  if (left.is_array())
    return std::equal(left.items().begin(), left.items().end(), right.items().begin(), right.items().end());
  if (!left.is_object()) return compare(left, right) == 0;
  if (left.size() != right.size()) return false;
  for (const Member& member : left.members()) {
    const Value* other = right.find(member.key.view());
    if (!other || !(member.value == *other)) return false;
  }
  return true;
}

int compare(const Value& left, const Value& right) {
  return compare_values(left, right, NanBeside::equal);
}

int compare_as_operator(const Value& left, const Value& right) {
  return compare_values(left, right, NanBeside::less);
}

}  // namespace gantry
