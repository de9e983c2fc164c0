#include "definition/decision_cells.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace gantry::definition {
namespace {

constexpr std::size_t cell_values_max = 1'000;

std::string_view without_blanks(std::string_view text) {
  std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::optional<double> read_number(std::string_view text) {
  std::string trimmed(without_blanks(text));
  if (trimmed.empty() || trimmed.size() > 40 || trimmed.find_first_not_of("+-.0123456789eE") != std::string::npos)
    return std::nullopt;
  char* end = nullptr;
  double number = std::strtod(trimmed.c_str(), &end);
  if (end != trimmed.c_str() + trimmed.size() || !std::isfinite(number)) return std::nullopt;
  return number;
}

std::optional<Interval> read_comparison(std::string_view text) {
  Interval interval;
  bool less = text[0] == '<', closed = text.size() > 1 && text[1] == '=';
  auto bound = read_number(text.substr(closed ? 2 : 1));
  if (!bound) return std::nullopt;
  (less ? interval.high : interval.low) = bound;
  (less ? interval.high_closed : interval.low_closed) = closed;
  return interval;
}

std::optional<Interval> read_range(std::string_view text) {
  Interval interval;
  if (text.front() == '(' || text.front() == '[') {
    if (text.back() != ')' && text.back() != ']') return std::nullopt;
    interval.low_closed = text.front() == '[';
    interval.high_closed = text.back() == ']';
    text = text.substr(1, text.size() - 2);
  }
  std::size_t dots = text.find("..");
  interval.low = read_number(text.substr(0, dots));
  interval.high = read_number(text.substr(dots + 2));
  if (!interval.low || !interval.high) return std::nullopt;
  return interval;
}

bool interval_contains(const Interval& interval, double number) {
  if (interval.low && (interval.low_closed ? number < *interval.low : number <= *interval.low)) return false;
  if (interval.high && (interval.high_closed ? number > *interval.high : number >= *interval.high)) return false;
  return !std::isnan(number);
}

Interval intersection(const Interval& left, const Interval& right) {
  Interval both = left;
  if (right.low && (!both.low || *right.low > *both.low)) {
    both.low = right.low;
    both.low_closed = right.low_closed;
  } else if (right.low && *right.low == *both.low) {
    both.low_closed = both.low_closed && right.low_closed;
  }
  if (right.high && (!both.high || *right.high < *both.high)) {
    both.high = right.high;
    both.high_closed = right.high_closed;
  } else if (right.high && *right.high == *both.high) {
    both.high_closed = both.high_closed && right.high_closed;
  }
  return both;
}

// A number in the interval, the roundest that is easily found.
std::optional<double> number_in(const Interval& interval, bool whole) {
  std::vector<double> candidates = {0};
  if (interval.low) candidates.insert(candidates.end(), {*interval.low, std::floor(*interval.low) + 1});
  if (interval.high) candidates.insert(candidates.end(), {*interval.high, std::ceil(*interval.high) - 1});
  if (interval.low && interval.high) candidates.push_back(*interval.low + (*interval.high - *interval.low) / 2);
  for (double candidate : candidates)
    if ((!whole || candidate == std::floor(candidate)) && interval_contains(interval, candidate)) return candidate;
  return std::nullopt;
}

bool is_identifier_character(char c, bool first) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (!first && c >= '0' && c <= '9');
}

// ".a.b" -> {a, b}; nothing for any other expression.
std::vector<std::string> plain_path(std::string_view text) {
  text = without_blanks(text);
  std::vector<std::string> path;
  while (!text.empty()) {
    if (text[0] != '.') return {};
    std::size_t end = 1;
    while (end < text.size() && is_identifier_character(text[end], end == 1)) ++end;
    if (end == 1) return {};
    path.emplace_back(text.substr(1, end - 1));
    text.remove_prefix(end);
  }
  return path;
}

bool is_required(const Value& schema, const std::string& name) {
  const Value* required = schema.find("required");
  return required && required->is_array() &&
         std::find(required->items().begin(), required->items().end(), Value(name)) != required->items().end();
}

ColumnDomain domain_of_schema(const Value& schema) {
  ColumnDomain domain;
  const Value* values = schema.find("enum");
  const Value* constant = schema.find("const");
  const Value* type = schema.find("type");
  if (values && values->is_array()) {
    domain.kind = ColumnDomain::Kind::enumeration;
    domain.values = values->items();
  } else if (constant) {
    domain.kind = ColumnDomain::Kind::enumeration;
    domain.values = {*constant};
  } else if (type && *type == Value("boolean")) {
    domain.kind = ColumnDomain::Kind::enumeration;
    domain.values = {Value(true), Value(false)};
  } else if (type && (*type == Value("integer") || *type == Value("number"))) {
    domain.kind = ColumnDomain::Kind::numbers;
    domain.whole = *type == Value("integer");
    auto bound = [&](const char* key) {
      const Value* number = schema.find(key);
      return number && number->is_number() ? std::optional<double>(number->as_number()) : std::nullopt;
    };
    Interval closed{bound("minimum"), bound("maximum"), true, true};
    Interval open{bound("exclusiveMinimum"), bound("exclusiveMaximum"), false, false};
    domain.bounds = intersection(closed, open);
  }
  return domain;
}

bool in_domain(const Value& value, const ColumnDomain& domain) {
  if (domain.kind == ColumnDomain::Kind::unknown) return true;
  if (value.is_null() && domain.may_be_null) return true;
  if (domain.kind == ColumnDomain::Kind::enumeration)
    return std::find(domain.values.begin(), domain.values.end(), value) != domain.values.end();
  if (!value.is_number()) return false;
  return interval_contains(domain.bounds, value.as_number()) &&
         (!domain.whole || value.as_number() == std::floor(value.as_number()));
}

}  // namespace

bool matches(const Cell& cell, const Value& value) {
  if (std::holds_alternative<AnyValue>(cell.test)) return true;
  if (auto* values = std::get_if<std::vector<Value>>(&cell.test))
    return std::find(values->begin(), values->end(), value) != values->end();
  return value.is_number() && interval_contains(std::get<Interval>(cell.test), value.as_number());
}

Cell read_cell(const Node& node) {
  const Value& value = node.value();
  if (value.is_object()) {
    node.expected("a literal, a list of literals, a comparison such as \"<=5\", a range such as \"1..5\", or \"-\"");
    return {AnyValue{}};
  }
  if (value.is_array()) {
    if (value.size() == 0 || value.size() > cell_values_max)
      node.problem(fmt::format("expected a list of 1 to {} literals", cell_values_max));
    for (const Node& each : node.items())
      if (each.value().is_object() || each.value().is_array()) each.expected("a literal");
    return {value.items()};
  }
  if (!value.is_string()) return {std::vector<Value>{value}};
  std::string_view text = without_blanks(value.as_string());
  if (text == "-") return {AnyValue{}};
  bool is_comparison = !text.empty() && (text[0] == '<' || text[0] == '>');
  std::size_t dots = text.find("..");
  // "1..5" is a range; "a..b" is text; "1..x" is more likely a mistake.
  bool is_range =
      dots != std::string_view::npos && dots > 0 &&
      (text[0] == '(' || text[0] == '[' || read_number(text.substr(0, dots)) || read_number(text.substr(dots + 2)));
  if (!is_comparison && !is_range) return {std::vector<Value>{value}};
  auto interval = is_comparison ? read_comparison(text) : read_range(text);
  if (!interval) {
    node.problem(fmt::format(
        "expected {}, found {}; text that only looks like this is written in a list: [{}]",
        is_comparison ? "a comparison with a number such as \"<=5\"" : "a range such as \"1..5\", \"(1..5]\"",
        describe_found(value), describe_found(value).substr(9)));
    return {AnyValue{}};
  }
  if (!number_in(*interval, false)) node.problem(fmt::format("no number is in {}", describe_found(value)));
  return {*interval};
}

ColumnDomain column_domain(const InputColumn& column, const Value& input_schema) {
  std::vector<std::string> path = plain_path(column.value.text);
  if (path.empty()) return {};
  const Value* schema = &input_schema;
  bool may_be_null = false;
  for (const std::string& name : path) {
    const Value* properties = schema->find("properties");
    const Value* type = schema->find("type");
    const Value* next = properties ? properties->find(name) : nullptr;
    if (!type || !(*type == Value("object")) || !next || !next->is_object()) return {};
    may_be_null = may_be_null || !is_required(*schema, name);
    schema = next;
  }
  ColumnDomain domain = domain_of_schema(*schema);
  domain.may_be_null = may_be_null;
  return domain;
}

std::optional<Value> common_value(const Cell& left, const Cell& right, const ColumnDomain& domain) {
  const auto* left_values = std::get_if<std::vector<Value>>(&left.test);
  const auto* right_values = std::get_if<std::vector<Value>>(&right.test);
  if (left_values || right_values) {
    for (const Value& value : left_values ? *left_values : *right_values)
      if (matches(left, value) && matches(right, value) && in_domain(value, domain)) return value;
    return std::nullopt;
  }
  const auto* left_interval = std::get_if<Interval>(&left.test);
  const auto* right_interval = std::get_if<Interval>(&right.test);
  if (!left_interval && !right_interval)
    return domain.kind == ColumnDomain::Kind::enumeration && !domain.values.empty() ? domain.values[0] : Value();
  Interval both = left_interval && right_interval ? intersection(*left_interval, *right_interval)
                  : left_interval                 ? *left_interval
                                                  : *right_interval;
  if (domain.kind == ColumnDomain::Kind::enumeration) {
    for (const Value& value : domain.values)
      if (value.is_number() && interval_contains(both, value.as_number())) return value;
    return std::nullopt;
  }
  auto number = number_in(intersection(both, domain.bounds), domain.whole);
  return number ? std::optional<Value>(Value(*number)) : std::nullopt;
}

std::vector<Value> representatives(const ColumnDomain& domain, const std::vector<const Cell*>& cells) {
  std::vector<Value> result;
  if (domain.kind == ColumnDomain::Kind::unknown) return result;
  if (domain.kind == ColumnDomain::Kind::enumeration) result = domain.values;
  if (domain.kind == ColumnDomain::Kind::numbers) {
    std::vector<double> cuts;
    for (const Cell* cell : cells) {
      if (auto* interval = std::get_if<Interval>(&cell->test))
        for (const auto& bound : {interval->low, interval->high})
          if (bound) cuts.push_back(*bound);
      if (auto* values = std::get_if<std::vector<Value>>(&cell->test))
        for (const Value& value : *values)
          if (value.is_number()) cuts.push_back(value.as_number());
    }
    for (const auto& bound : {domain.bounds.low, domain.bounds.high})
      if (bound) cuts.push_back(*bound);
    std::sort(cuts.begin(), cuts.end());
    cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
    auto add = [&](const Interval& group) {
      if (auto number = number_in(intersection(group, domain.bounds), domain.whole)) result.emplace_back(*number);
    };
    for (std::size_t i = 0; i < cuts.size(); ++i) {
      add({i == 0 ? std::nullopt : std::optional<double>(cuts[i - 1]), cuts[i], false, false});
      add({cuts[i], cuts[i], true, true});
    }
    add({cuts.empty() ? std::nullopt : std::optional<double>(cuts.back()), std::nullopt, false, false});
  }
  if (domain.may_be_null && std::find(result.begin(), result.end(), Value()) == result.end()) result.emplace_back();
  return result;
}

}  // namespace gantry::definition
