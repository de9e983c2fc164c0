// Arguments that an operation could be called with, from its schema.
#include <algorithm>
#include <array>

#include "trial/mutation.h"

namespace gantry::trial {
namespace {

constexpr std::size_t depth_max = 6;

bool has_part(std::string_view name, std::initializer_list<std::string_view> parts) {
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::any_of(parts.begin(), parts.end(),
                     [&](std::string_view part) { return lower.find(part) != std::string::npos; });
}

// By the name of the argument and the schema's `format`.
std::string plausible_text(std::string_view name, std::string_view format) {
  if (format == "email" || has_part(name, {"mail", "recipient"})) return "anna@example.com";
  if (format == "uri" || has_part(name, {"url", "uri", "endpoint", "link"})) return "https://intranet.example/report";
  if (format == "hostname" || has_part(name, {"host"})) return "intranet.example";
  if (format == "date-time") return "2026-01-05T12:00:00Z";
  if (format == "date" || has_part(name, {"date"})) return "2026-01-05";
  if (has_part(name, {"iban", "account"})) return "DE89370400440532013000";
  return "sample";
}

class Sampler {
 public:
  Sampler(const AttackHints& hints, const std::map<std::string, Value>& wanted) : hints_(hints), wanted_(wanted) {}

  Value sample(const Value& schema, std::string_view name, bool all, std::size_t depth) const {
    if (!schema.is_object() || depth > depth_max) return Value("sample");
    for (const char* key : {"const", "default"})
      if (const Value* given = schema.find(key)) return *given;
    for (const char* key : {"examples", "enum"})
      if (const Value* given = schema.find(key); given != nullptr && given->is_array() && given->size() > 0)
        return given->items()[0];
    const std::string type = type_of(schema);
    if (type == "object") return object(schema, all, depth);
    if (type == "array") return array(schema, name, all, depth);
    if (type == "boolean") return Value(true);
    if (type == "null") return {};
    if (type == "number" || type == "integer") return number(schema);
    return text(schema, name);
  }

 private:
  static std::string type_of(const Value& schema) {
    const Value* type = schema.find("type");
    if (type != nullptr && type->is_string()) return std::string(type->as_string());
    if (type != nullptr && type->is_array())
      for (const Value& each : type->items())
        if (each.is_string() && each.as_string() != "null") return std::string(each.as_string());
    return schema.find("properties") != nullptr ? "object" : "string";
  }

  Value object(const Value& schema, bool all, std::size_t depth) const {
    const Value properties = schema.member("properties"), required = schema.member("required");
    std::vector<Member> members;
    const auto is_required = [&](std::string_view name) {
      return required.is_array() &&
             std::any_of(required.items().begin(), required.items().end(),
                         [&](const Value& each) { return each.is_string() && each.as_string() == name; });
    };
    if (properties.is_object()) {
      for (const Member& property : properties.members()) {
        const std::string_view name = property.key.view();
        const auto wanted = depth == 0 ? wanted_.find(std::string(name)) : wanted_.end();
        if (wanted != wanted_.end())
          members.push_back({property.key, wanted->second});
        else if (all || is_required(name))
          members.push_back({property.key, sample(property.value, name, all, depth + 1)});
      }
    }
    return Value::object(std::move(members));
  }

  Value array(const Value& schema, std::string_view name, bool all, std::size_t depth) const {
    const Value items = schema.member("items");
    const auto count = static_cast<std::size_t>(std::clamp<std::int64_t>(schema.integer_or("minItems", 1), 1, 20));
    return Value::array(std::vector<Value>(
        count, sample(items.is_object() ? items : Value::object(std::vector<Member>()), name, all, depth + 1)));
  }

  static Value number(const Value& schema) {
    const Value low = schema.member("minimum"), high = schema.member("maximum"),
                above = schema.member("exclusiveMinimum");
    double number = 1;
    if (low.is_number()) number = std::max(number, low.as_number());
    if (above.is_number()) number = std::max(number, above.as_number() + 1);
    if (high.is_number()) number = std::min(number, high.as_number());
    return number == static_cast<double>(static_cast<std::int64_t>(number)) ? Value(static_cast<std::int64_t>(number))
                                                                            : Value(number);
  }

  // The first candidate that the schema takes.
  Value text(const Value& schema, std::string_view name) const {
    std::vector<std::string> candidates = {plausible_text(name, schema.string_or("format", "")),
                                           "sample",
                                           "A1",
                                           "AAAA",
                                           "1",
                                           "12345",
                                           "2026-01-05",
                                           "MSCU6639870",
                                           "DEHAM"};
    candidates.insert(candidates.end(), hints_.texts.begin(), hints_.texts.end());
    for (const auto& [list, keys] : hints_.lists) candidates.insert(candidates.end(), keys.begin(), keys.end());
    const auto compiled = Schema::compile(schema);
    if (!compiled) return Value(candidates.front());
    for (const std::string& candidate : candidates)
      if (compiled->validate(Value(candidate)).empty()) return Value(candidate);
    const auto length = static_cast<std::size_t>(std::clamp<std::int64_t>(schema.integer_or("minLength", 1), 1, 1'000));
    return Value(std::string(length, 'A'));
  }

  const AttackHints& hints_;
  const std::map<std::string, Value>& wanted_;
};

}  // namespace

Value sample_arguments(const definition::Operation& operation, const AttackHints& hints,
                       const std::map<std::string, Value>& wanted) {
  const Value empty = Value::object(std::vector<Member>());
  if (!operation.arguments) return empty;
  const Sampler sampler(hints, wanted);
  for (const bool all : {true, false}) {
    Value sample = sampler.sample(operation.arguments_schema, "", all, 0);
    if (sample.is_object() && operation.arguments->validate(sample).empty()) return sample;
  }
  return operation.arguments->validate(empty).empty() ? empty : Value();
}

}  // namespace gantry::trial
