#include "tool/postgresql_value.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "tool/base64.h"
#include "value/json.h"

namespace gantry::tool {
namespace {

// Object ids of built-in types (pg_type.dat); they never change.
constexpr Oid type_boolean = 16, type_bytes = 17, type_int8 = 20, type_int2 = 21, type_int4 = 23, type_json = 114,
              type_float4 = 700, type_float8 = 701, type_numeric = 1700, type_jsonb = 3802;

constexpr std::size_t exact_digits = 15;  // that a double keeps

Value integer_value(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? Value(number) : Value(text);
}

Value float_value(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool fine = error == std::errc() && end == text.data() + text.size() && std::isfinite(number);
  return fine ? Value(number) : Value(text);  // NaN and Infinity stay text
}

// A number where nothing is lost by it, else text.
Value numeric_value(std::string_view text) {
  if (text.find('.') == std::string_view::npos) return integer_value(text);
  const auto digits = std::count_if(text.begin(), text.end(), [](char byte) { return byte >= '0' && byte <= '9'; });
  return static_cast<std::size_t>(digits) <= exact_digits ? float_value(text) : Value(text);
}

Value bytes_value(const char* text) {
  std::size_t size = 0;
  unsigned char* bytes = pq().PQunescapeBytea(reinterpret_cast<const unsigned char*>(text), &size);
  if (bytes == nullptr) return {};
  Value value = Value::object({{"base64", encode_base64({reinterpret_cast<const char*>(bytes), size})}});
  pq().PQfreemem(bytes);
  return value;
}

Value postgresql_column(const PGresult* result, int row, int column) {
  if (pq().PQgetisnull(result, row, column) != 0) return {};
  const char* raw = pq().PQgetvalue(result, row, column);
  const std::string_view text(raw, static_cast<std::size_t>(pq().PQgetlength(result, row, column)));
  switch (pq().PQftype(result, column)) {
    case type_boolean:
      return text == "t";
    case type_int2:
    case type_int4:
    case type_int8:
      return integer_value(text);
    case type_float4:
    case type_float8:
      return float_value(text);
    case type_numeric:
      return numeric_value(text);
    case type_json:
    case type_jsonb: {
      Result<Value> parsed = parse_json(text);
      return parsed ? *std::move(parsed) : Value(text);
    }
    case type_bytes:
      return bytes_value(raw);
    default:
      return sql_text(text);
  }
}

}  // namespace

PostgresqlParameter postgresql_parameter(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::null:
      return {};
    case Value::Kind::boolean:
      return {type_boolean, value.is_true() ? "t" : "f"};
    case Value::Kind::integer:
      return {type_int8, print_number(value)};
    case Value::Kind::number:
      return {type_float8, print_number(value)};
    case Value::Kind::string:
      return {0, std::string(value.as_string())};
    case Value::Kind::array:
    case Value::Kind::object:
      return {0, print_json(value)};
  }
  return {};
}

std::vector<std::string> postgresql_columns(const PGresult* result) {
  std::vector<std::string> names;
  for (int column = 0; column < pq().PQnfields(result); ++column) names.emplace_back(pq().PQfname(result, column));
  return names;
}

std::vector<Value> postgresql_row(const PGresult* result, int row) {
  std::vector<Value> values;
  values.reserve(static_cast<std::size_t>(pq().PQnfields(result)));
  for (int column = 0; column < pq().PQnfields(result); ++column)
    values.push_back(postgresql_column(result, row, column));
  return values;
}

}  // namespace gantry::tool
