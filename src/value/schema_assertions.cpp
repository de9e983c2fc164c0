// Keywords that look at one value: type, enum, const, numbers, strings, sizes, format.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "value/ecma_pattern.h"
#include "value/json.h"
#include "value/schema_compiler.h"
#include "value/schema_format.h"
#include "value/schema_number.h"
#include "value/utf8.h"

namespace gantry::json_schema {
namespace {

enum TypeFlag : unsigned {
  type_null = 1,
  type_boolean = 2,
  type_integer = 4,
  type_number = 8,
  type_string = 16,
  type_array = 32,
  type_object = 64
};

struct TypeName {
  std::string_view name, article;
  unsigned flag;
};
constexpr TypeName type_names[] = {{"null", "", type_null},          {"boolean", "a ", type_boolean},
                                   {"integer", "an ", type_integer}, {"number", "a ", type_number},
                                   {"string", "a ", type_string},    {"array", "an ", type_array},
                                   {"object", "an ", type_object}};

unsigned type_of(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::null:
      return type_null;
    case Value::Kind::boolean:
      return type_boolean;
    case Value::Kind::integer:
      return type_integer | type_number;
    case Value::Kind::number:
      return value.as_number() == std::trunc(value.as_number()) ? type_integer | type_number : type_number;
    case Value::Kind::string:
      return type_string;
    case Value::Kind::array:
      return type_array;
    case Value::Kind::object:
      return type_object;
  }
  return 0;
}

class TypeCheck final : public KeywordCheck {
 public:
  explicit TypeCheck(unsigned allowed) : allowed_(allowed) {}
  bool check(Evaluation& evaluation, const Place& place, Evaluated*) const override {
    if (type_of(place.value()) & allowed_) return true;
    return evaluation.fail(place, "/type", [&] {
      std::vector<std::string> names;
      for (const TypeName& type : type_names)
        if (allowed_ & type.flag) names.push_back(fmt::format("{}{}", type.article, type.name));
      return fmt::format("expected {}, found {}", list_of(names, "or"), with_article(place.value()));
    });
  }

 private:
  unsigned allowed_;
};

// enum and const. More than a few values are kept sorted.
class EnumerationCheck final : public KeywordCheck {
 public:
  EnumerationCheck(std::vector<Value> values, std::string_view token) : values_(std::move(values)), token_(token) {
    for (std::size_t i = 0; i < values_.size() && i < 12; ++i) shown_.push_back(shown_text(values_[i]));
    for (std::size_t i = shown_.size(); i < values_.size(); ++i) shown_.emplace_back();  // counted, never shown
    std::sort(values_.begin(), values_.end(), precedes);
  }
  bool check(Evaluation& evaluation, const Place& place, Evaluated*) const override {
    if (std::binary_search(values_.begin(), values_.end(), place.value(), precedes)) return true;
    return evaluation.fail(place, token_, [&] {
      return fmt::format("expected {}{}, {}", shown_.size() > 1 ? "one of " : "", list_of(shown_, "and"),
                         Evaluation::found(place));
    });
  }

 private:
  static bool precedes(const Value& left, const Value& right) { return compare(left, right) < 0; }
  static std::string shown_text(const Value& value) {
    std::string text = print_json(value);
    return text.size() <= 80 ? text : with_article(value);
  }
  std::vector<Value> values_;
  std::vector<std::string> shown_;
  std::string_view token_;
};

enum class Comparison { at_least, more_than, at_most, less_than };

class BoundCheck final : public KeywordCheck {
 public:
  BoundCheck(Value bound, Comparison comparison, std::string_view token)
      : bound_(std::move(bound)), comparison_(comparison), token_(token) {}
  bool check(Evaluation& evaluation, const Place& place, Evaluated*) const override {
    if (!place.value().is_number() || holds(compare(place.value(), bound_))) return true;
    return evaluation.fail(place, token_, [&] {
      return fmt::format("expected a number {} {}, {}", words(), print_number(bound_), Evaluation::found(place));
    });
  }

 private:
  bool holds(int order) const {
    switch (comparison_) {
      case Comparison::at_least:
        return order >= 0;
      case Comparison::more_than:
        return order > 0;
      case Comparison::at_most:
        return order <= 0;
      case Comparison::less_than:
        return order < 0;
    }
    return false;
  }
  const char* words() const {
    switch (comparison_) {
      case Comparison::at_least:
        return "of at least";
      case Comparison::more_than:
        return "greater than";
      case Comparison::at_most:
        return "of at most";
      case Comparison::less_than:
        return "less than";
    }
    return "";
  }
  Value bound_;
  Comparison comparison_;
  std::string_view token_;
};

class MultipleOfCheck final : public KeywordCheck {
 public:
  explicit MultipleOfCheck(Value divisor) : divisor_(std::move(divisor)) {}
  bool check(Evaluation& evaluation, const Place& place, Evaluated*) const override {
    const Value& value = place.value();
    if (!value.is_number() || (std::isfinite(value.as_number()) && is_multiple(value, divisor_))) return true;
    return evaluation.fail(place, "/multipleOf", [&] {
      return fmt::format("expected a multiple of {}, {}", print_number(divisor_), Evaluation::found(place));
    });
  }

 private:
  Value divisor_;
};

// minLength, maxLength, minItems, maxItems, minProperties, maxProperties.
struct SizeRule {
  std::string_view token;
  Value::Kind kind;
  bool is_minimum;
  std::string_view unit;
};
constexpr SizeRule size_rules[] = {
    {"/minLength", Value::Kind::string, true, "character"},  {"/maxLength", Value::Kind::string, false, "character"},
    {"/minItems", Value::Kind::array, true, "item"},         {"/maxItems", Value::Kind::array, false, "item"},
    {"/minProperties", Value::Kind::object, true, "member"}, {"/maxProperties", Value::Kind::object, false, "member"}};

class SizeCheck final : public KeywordCheck {
 public:
  SizeCheck(const SizeRule& rule, Value limit) : rule_(rule), limit_(std::move(limit)) {}
  bool check(Evaluation& evaluation, const Place& place, Evaluated*) const override {
    const Value& value = place.value();
    if (value.kind() != rule_.kind) return true;
    Value size(value.is_string() ? count_code_points(value.as_string()) : value.size());
    int order = compare(size, limit_);
    if (rule_.is_minimum ? order >= 0 : order <= 0) return true;
    return evaluation.fail(place, rule_.token, [&] {
      return fmt::format("expected at {} {} {}{}, found {}", rule_.is_minimum ? "least" : "most", print_number(limit_),
                         rule_.unit, limit_ == Value(1) ? "" : "s", print_number(size));
    });
  }

 private:
  const SizeRule& rule_;
  Value limit_;
};

class PatternCheck final : public KeywordCheck {
 public:
  PatternCheck(EcmaPattern pattern, std::string text) : pattern_(std::move(pattern)), text_(std::move(text)) {}
  bool check(Evaluation& evaluation, const Place& place, Evaluated*) const override {
    if (!place.value().is_string()) return true;
    auto outcome = pattern_.search(place.value().as_string());
    if (outcome == EcmaPattern::Outcome::match) return true;
    if (outcome == EcmaPattern::Outcome::too_expensive)
      return evaluation.cut_off(place, "/pattern", "the pattern needs too many steps for this text");
    return evaluation.fail(place, "/pattern", [&] {
      return fmt::format("expected text that matches '{}', {}", text_.substr(0, 200), Evaluation::found(place));
    });
  }

 private:
  EcmaPattern pattern_;
  std::string text_;
};

class FormatKeywordCheck final : public KeywordCheck {
 public:
  FormatKeywordCheck(FormatCheck format, std::string name) : format_(format), name_(std::move(name)) {}
  bool check(Evaluation& evaluation, const Place& place, Evaluated*) const override {
    if (!place.value().is_string() || format_(place.value().as_string())) return true;
    return evaluation.fail(place, "/format", [&] {
      return fmt::format("expected text of the format '{}', {}", name_, Evaluation::found(place));
    });
  }

 private:
  FormatCheck format_;
  std::string name_;
};

Status compile_type(SchemaCompiler&, const SchemaSource& source, const Value& value) {
  unsigned allowed = 0;
  auto add = [&](const Value& name) {
    for (const TypeName& type : type_names)
      if (name.is_string() && name.as_string() == type.name) return allowed |= type.flag, true;
    return false;
  };
  bool known =
      value.is_array() ? value.size() > 0 && std::all_of(value.items().begin(), value.items().end(), add) : add(value);
  if (!known)
    return SchemaCompiler::error(
        source, "/type", "expected null, boolean, integer, number, string, array or object, or a list of these");
  source.node.checks.push_back(std::make_unique<TypeCheck>(allowed));
  return done();
}

Status compile_enum(SchemaCompiler&, const SchemaSource& source, const Value& value) {
  if (!value.is_array())
    return SchemaCompiler::error(source, "/enum",
                                 fmt::format("expected a list of values, found {}", with_article(value)));
  source.node.checks.push_back(std::make_unique<EnumerationCheck>(value.items(), "/enum"));
  return done();
}

Status compile_const(SchemaCompiler&, const SchemaSource& source, const Value& value) {
  source.node.checks.push_back(std::make_unique<EnumerationCheck>(std::vector<Value>{value}, "/const"));
  return done();
}

template <Comparison comparison>
Status compile_bound(SchemaCompiler&, const SchemaSource& source, const Value& value) {
  static constexpr std::string_view tokens[] = {"/minimum", "/exclusiveMinimum", "/maximum", "/exclusiveMaximum"};
  std::string_view token = tokens[static_cast<std::size_t>(comparison)];
  if (!value.is_number())
    return SchemaCompiler::error(source, token, fmt::format("expected a number, found {}", with_article(value)));
  source.node.checks.push_back(std::make_unique<BoundCheck>(value, comparison, token));
  return done();
}

Status compile_multiple_of(SchemaCompiler&, const SchemaSource& source, const Value& value) {
  if (!value.is_number() || !(value.as_number() > 0))
    return SchemaCompiler::error(source, "/multipleOf", "expected a number greater than 0");
  source.node.checks.push_back(std::make_unique<MultipleOfCheck>(value));
  return done();
}

template <std::size_t index>
Status compile_size(SchemaCompiler&, const SchemaSource& source, const Value& value) {
  const SizeRule& rule = size_rules[index];
  if (!(type_of(value) & type_integer) || value.as_number() < 0)
    return SchemaCompiler::error(source, rule.token, "expected a whole number of at least 0");
  source.node.checks.push_back(std::make_unique<SizeCheck>(rule, value));
  return done();
}

Status compile_pattern(SchemaCompiler&, const SchemaSource& source, const Value& value) {
  if (!value.is_string())
    return SchemaCompiler::error(source, "/pattern",
                                 fmt::format("expected a regular expression, found {}", with_article(value)));
  auto pattern = EcmaPattern::compile(value.as_string());
  if (!pattern)
    return SchemaCompiler::error(source, "/pattern",
                                 "not a regular expression of ECMA 262: " + pattern.error().message);
  source.node.checks.push_back(std::make_unique<PatternCheck>(std::move(*pattern), std::string(value.as_string())));
  return done();
}

Status compile_format(SchemaCompiler& compiler, const SchemaSource& source, const Value& value) {
  if (!value.is_string())
    return SchemaCompiler::error(source, "/format", fmt::format("expected a name, found {}", with_article(value)));
  bool asserted = compiler.options().assert_format || (source.resource.vocabularies & vocabulary_format_assertion);
  FormatCheck format = find_format(value.as_string());
  if (asserted && format)
    source.node.checks.push_back(std::make_unique<FormatKeywordCheck>(format, std::string(value.as_string())));
  return done();
}

}  // namespace

void add_assertion_rules(std::vector<KeywordRule>& rules) {
  rules.push_back({"type", vocabulary_validation, compile_type});
  rules.push_back({"enum", vocabulary_validation, compile_enum});
  rules.push_back({"const", vocabulary_validation, compile_const});
  rules.push_back({"minimum", vocabulary_validation, compile_bound<Comparison::at_least>});
  rules.push_back({"exclusiveMinimum", vocabulary_validation, compile_bound<Comparison::more_than>});
  rules.push_back({"maximum", vocabulary_validation, compile_bound<Comparison::at_most>});
  rules.push_back({"exclusiveMaximum", vocabulary_validation, compile_bound<Comparison::less_than>});
  rules.push_back({"multipleOf", vocabulary_validation, compile_multiple_of});
  rules.push_back({"minLength", vocabulary_validation, compile_size<0>});
  rules.push_back({"maxLength", vocabulary_validation, compile_size<1>});
  rules.push_back({"minItems", vocabulary_validation, compile_size<2>});
  rules.push_back({"maxItems", vocabulary_validation, compile_size<3>});
  rules.push_back({"minProperties", vocabulary_validation, compile_size<4>});
  rules.push_back({"maxProperties", vocabulary_validation, compile_size<5>});
  rules.push_back({"pattern", vocabulary_validation, compile_pattern});
  rules.push_back({"format", vocabulary_format_annotation | vocabulary_format_assertion, compile_format});
}

}  // namespace gantry::json_schema
