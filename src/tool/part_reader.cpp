#include "tool/part_reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "value/pointer.h"

namespace gantry::tool {

Error wrong_part(std::string_view pointer, std::string_view message) {
  return {Code::invalid_argument, fmt::format("{}: {}", pointer, message)};
}

Result<PartReader> PartReader::open(const Value& object, std::string pointer,
                                    std::initializer_list<std::string_view> known) {
  if (!object.is_object()) return wrong_part(pointer, fmt::format("expected an object, found a {}", object.kind_name()));
  for (const Member& member : object.members()) {
    if (std::find(known.begin(), known.end(), member.key.view()) != known.end()) continue;
    return wrong_part(fmt::format("{}/{}", pointer, pointer_token(member.key.view())),
                      fmt::format("unknown key; expected one of {}", fmt::join(known, ", ")));
  }
  return PartReader(object, std::move(pointer));
}

std::string PartReader::pointer(std::string_view key) const {
  return fmt::format("{}/{}", pointer_, pointer_token(key));
}

Result<std::string> PartReader::text(std::string_view key) const {
  const Value* found = object_->find(key);
  if (found == nullptr || !found->is_string() || found->size() == 0)
    return wrong_part(pointer(key), "expected text that is not empty");
  return std::string(found->as_string());
}

Result<std::string> PartReader::text_or(std::string_view key, std::string_view fallback) const {
  return has(key) ? text(key) : Result<std::string>(std::string(fallback));
}

Result<std::int64_t> PartReader::integer_or(std::string_view key, std::int64_t fallback, std::int64_t low,
                                            std::int64_t high) const {
  const Value* found = object_->find(key);
  if (found == nullptr) return fallback;
  if (!found->is_integer() || found->as_integer() < low || found->as_integer() > high)
    return wrong_part(pointer(key), fmt::format("expected a whole number from {} to {}", low, high));
  return found->as_integer();
}

Result<bool> PartReader::boolean_or(std::string_view key, bool fallback) const {
  const Value* found = object_->find(key);
  if (found == nullptr) return fallback;
  if (!found->is_boolean()) return wrong_part(pointer(key), "expected true or false");
  return found->is_true();
}

Result<Duration> PartReader::duration_or(std::string_view key, Duration fallback, Duration most) const {
  const Value* found = object_->find(key);
  if (found == nullptr) return fallback;
  const Result<Duration> duration = found->is_string() ? parse_duration(found->as_string())
                                                       : Result<Duration>(Error{Code::invalid_argument, ""});
  if (!duration || *duration <= Duration::zero() || *duration > most)
    return wrong_part(pointer(key), fmt::format("expected a duration such as PT10S, at most {}", format_duration(most)));
  return *duration;
}

Result<std::size_t> PartReader::choice(std::string_view key, std::initializer_list<std::string_view> choices) const {
  const Value* found = object_->find(key);
  if (found == nullptr) return std::size_t{0};
  const auto match = std::find(choices.begin(), choices.end(), found->is_string() ? found->as_string() : "");
  if (match == choices.end())
    return wrong_part(pointer(key), fmt::format("expected one of {}", fmt::join(choices, ", ")));
  return static_cast<std::size_t>(match - choices.begin());
}

Result<std::string> PartReader::secret(std::string_view key) const {
  const Value* found = object_->find(key);
  if (found == nullptr) return std::string();
  const auto reader = TRY(PartReader::open(*found, pointer(key), {"secret"}));
  return reader.text("secret");
}

std::vector<std::string> argument_names(const definition::Operation& operation) {
  std::vector<std::string> names;
  const Value* properties =
      operation.arguments_schema.is_object() ? operation.arguments_schema.find("properties") : nullptr;
  if (properties == nullptr || !properties->is_object()) return names;
  for (const Member& member : properties->members()) names.emplace_back(member.key.view());
  return names;
}

void check_argument_names(const definition::Operation& operation, const std::vector<std::string>& used,
                          const std::string& pointer, std::vector<std::string>& problems) {
  const std::vector<std::string> names = argument_names(operation);
  for (const std::string& name : used)
    if (std::find(names.begin(), names.end(), name) == names.end())
      problems.push_back(fmt::format("{}: the operation has no argument \"{}\"", pointer, name));
}

std::string binding_pointer(std::string_view operation) {
  return fmt::format("/operations/{}/binding", pointer_token(operation));
}

}  // namespace gantry::tool
