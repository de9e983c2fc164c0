#include "gate/reading.h"

#include <fmt/format.h>

#include "gate/shown_values.h"

namespace gantry::gate {
namespace {

constexpr std::int64_t approver_count_max = 100;

}  // namespace

Error FieldReader::expected(std::string_view key, std::string_view kind) const {
  const Value* found = value.find(key);
  return {Code::invalid_argument, fmt::format("{}: /{}: expected {}, found {}", what, key, kind,
                                              found == nullptr ? "nothing" : found->kind_name())};
}

Result<std::string> FieldReader::text(std::string_view key) const {
  const Value* found = value.find(key);
  if (found == nullptr || !found->is_string()) return expected(key, "a string");
  return std::string(found->as_string());
}

Result<bool> FieldReader::boolean(std::string_view key) const {
  const Value* found = value.find(key);
  if (found == nullptr || !found->is_boolean()) return expected(key, "a boolean");
  return found->is_true();
}

Result<Timestamp> FieldReader::timestamp(std::string_view key) const {
  const std::string at = TRY(text(key));
  return parse_timestamp(at);
}

Result<const std::vector<Value>*> FieldReader::array(std::string_view key) const {
  const Value* found = value.find(key);
  if (found == nullptr || !found->is_array()) return expected(key, "an array");
  return &found->items();
}

Result<std::vector<std::string>> FieldReader::texts(std::string_view key) const {
  std::vector<std::string> texts;
  for (const Value& item : *TRY(array(key))) {
    if (!item.is_string()) return expected(key, "an array of strings");
    texts.emplace_back(item.as_string());
  }
  return texts;
}

Result<std::vector<definition::ApproverRequirement>> FieldReader::requirements(std::string_view key) const {
  std::vector<definition::ApproverRequirement> requirements;
  for (const Value& item : *TRY(array(key))) {
    const Value* count = item.find("count");
    if (item.string_or("role", "").empty() || count == nullptr || !count->is_integer() || count->as_integer() < 1 ||
        count->as_integer() > approver_count_max) {
      return expected(key, fmt::format("objects with a role and a count from 1 to {}", approver_count_max));
    }
    requirements.push_back(
        {.role = std::string(item.string_or("role", "")), .count = static_cast<std::size_t>(count->as_integer())});
  }
  return requirements;
}

Value requirements_value(const std::vector<definition::ApproverRequirement>& requirements) {
  std::vector<Value> items;
  items.reserve(requirements.size());
  for (const definition::ApproverRequirement& requirement : requirements) {
    items.push_back(Value::object({{"role", requirement.role}, {"count", requirement.count}}));
  }
  return Value::array(std::move(items));
}

Value texts_value(const std::vector<std::string>& texts) {
  // Most are: that nothing is bad about an argument is said with one list for all of them.
  if (texts.empty()) return shown_list();
  return Value::array(std::vector<Value>(texts.begin(), texts.end()));
}

}  // namespace gantry::gate
