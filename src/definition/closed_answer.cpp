#include "definition/closed_answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "value/pointer.h"

namespace gantry::definition {
namespace {

constexpr std::int64_t items_max = 64;
constexpr int depth_max = 32;
constexpr double bits_max = 1e6;

Error not_closed(const std::string& pointer, std::string_view what) {
  return {Code::invalid_argument, fmt::format("the answer is not closed at '{}': {}", pointer, what)};
}

// log2(2^a + 2^b)
double bits_of_either(double a, double b) {
  const double high = std::max(a, b), low = std::min(a, b);
  return high - low > 60 ? high + 1e-12 : high + std::log2(1 + std::exp2(low - high));
}

std::optional<double> number_at(const Value& schema, std::string_view key) {
  const Value* found = schema.find(key);
  return found != nullptr && found->is_number() ? std::optional<double>(found->as_number()) : std::nullopt;
}

Result<double> bits_of(const Value& schema, const std::string& pointer, int depth);

Result<double> bits_of_number(const Value& schema, const std::string& pointer, bool whole) {
  auto low = number_at(schema, "minimum"), high = number_at(schema, "maximum");
  if (!low) low = number_at(schema, "exclusiveMinimum");
  if (!high) high = number_at(schema, "exclusiveMaximum");
  if (!low || !high) return not_closed(pointer, "a number needs a minimum and a maximum");
  auto step = number_at(schema, "multipleOf");
  if (!step && !whole) return not_closed(pointer, "a number that need not be whole needs a multipleOf");
  if (whole && (!step || *step < 1)) step = 1;
  if (*step <= 0 || *high < *low) return 0.0;
  return std::log2(std::floor((*high - *low) / *step) + 1);
}

Result<double> bits_of_object(const Value& schema, const std::string& pointer, int depth) {
  const Value* others = schema.find("additionalProperties");
  if (others == nullptr || !others->is_boolean() || others->is_true())
    return not_closed(pointer, "an object needs additionalProperties: false");
  if (schema.find("patternProperties") != nullptr) return not_closed(pointer, "patternProperties allow any name");
  const Value* required = schema.find("required");
  const Value* properties = schema.find("properties");
  double bits = 0;
  if (properties == nullptr || !properties->is_object()) return bits;
  for (const Member& property : properties->members()) {
    double own = TRY(bits_of(property.value, pointer + "/properties/" + pointer_token(property.key.view()), depth + 1));
    const bool always = required != nullptr && required->is_array() &&
                        std::find(required->items().begin(), required->items().end(), Value(property.key)) !=
                            required->items().end();
    bits += always ? own : bits_of_either(own, 0);
  }
  return bits;
}

Result<double> bits_of_list(const Value& schema, const std::string& pointer, int depth) {
  const auto most = number_at(schema, "maxItems");
  const Value* items = schema.find("items");
  if (!most || *most > static_cast<double>(items_max)) return not_closed(pointer, "a list needs maxItems of at most 64");
  if (items == nullptr || schema.find("prefixItems") != nullptr) return not_closed(pointer, "a list needs items, all alike");
  const double own = TRY(bits_of(*items, pointer + "/items", depth + 1));
  double bits = 0;
  for (int count = 1; count <= static_cast<int>(*most); ++count) bits = bits_of_either(bits, own * count);
  return bits;
}

Result<double> bits_of_type(std::string_view type, const Value& schema, const std::string& pointer, int depth) {
  if (type == "null") return 0.0;
  if (type == "boolean") return 1.0;
  if (type == "integer") return bits_of_number(schema, pointer, true);
  if (type == "number") return bits_of_number(schema, pointer, false);
  if (type == "object") return bits_of_object(schema, pointer, depth);
  if (type == "array") return bits_of_list(schema, pointer, depth);
  return not_closed(pointer, "text can say anything; list the answers in an enum");
}

Result<double> bits_of(const Value& schema, const std::string& pointer, int depth) {
  if (depth > depth_max) return not_closed(pointer, "the schema is nested too deeply");
  if (!schema.is_object()) return not_closed(pointer, "expected a schema with a type, an enum or a const");
  if (schema.find("const") != nullptr) return 0.0;
  if (const Value* choices = schema.find("enum"); choices != nullptr && choices->is_array())
    return choices->size() == 0 ? 0.0 : std::log2(static_cast<double>(choices->size()));
  for (const char* key : {"oneOf", "anyOf"}) {
    const Value* choices = schema.find(key);
    if (choices == nullptr || !choices->is_array() || choices->size() == 0 || schema.find("type") != nullptr) continue;
    std::optional<double> bits;
    for (std::size_t index = 0; index < choices->size(); ++index) {
      const double own = TRY(bits_of(choices->items()[index], fmt::format("{}/{}/{}", pointer, key, index), depth + 1));
      bits = bits ? bits_of_either(*bits, own) : own;
    }
    return *bits;
  }
  const Value* type = schema.find("type");
  if (type != nullptr && type->is_string()) return bits_of_type(type->as_string(), schema, pointer, depth);
  if (type == nullptr || !type->is_array() || type->size() == 0)
    return not_closed(pointer, "expected a type, an enum or a const");
  std::optional<double> bits;
  for (const Value& each : type->items()) {
    const double own = TRY(bits_of_type(each.is_string() ? each.as_string() : "", schema, pointer, depth));
    bits = bits ? bits_of_either(*bits, own) : own;
  }
  return *bits;
}

}  // namespace

Result<std::int64_t> answer_millibits(const Value& schema) {
  const double bits = TRY(bits_of(schema, "", 0));
  return static_cast<std::int64_t>(std::ceil(std::min(bits, bits_max) * 1000 - 1e-6));
}

}  // namespace gantry::definition
