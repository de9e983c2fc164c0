// Functions of numbers.
#include <cmath>

#include "expression/builtins.h"
#include "expression/messages.h"

namespace gantry::expression {
namespace {

Got needs_number(Machine& machine, const Value& value) {
  return machine.fail(kind_and_brief(value) + " number required", about(value));
}

template <double (*function)(double)>
Got one_number(Machine& machine, Value input, Value*, Value& output) {
  if (!input.is_number()) return needs_number(machine, input);
  output = Value(function(input.as_number()));
  return Got::value;
}

// floor and the like leave integers alone, so that large ones stay exact.
template <double (*function)(double)>
Got rounded(Machine& machine, Value input, Value*, Value& output) {
  if (!input.is_number()) return needs_number(machine, input);
  output = input.is_integer() ? input : Value(function(input.as_number()));
  return Got::value;
}

template <double (*function)(double, double)>
Got two_numbers(Machine& machine, Value, Value* arguments, Value& output) {
  if (!arguments[0].is_number()) return needs_number(machine, arguments[0]);
  if (!arguments[1].is_number()) return needs_number(machine, arguments[1]);
  output = Value(function(arguments[0].as_number(), arguments[1].as_number()));
  return Got::value;
}

Got fma_of(Machine& machine, Value, Value* arguments, Value& output) {
  for (int i = 0; i < 3; ++i)
    if (!arguments[i].is_number()) return needs_number(machine, arguments[i]);
  output = Value(std::fma(arguments[0].as_number(), arguments[1].as_number(), arguments[2].as_number()));
  return Got::value;
}

int small_exponent(double exponent) {
  return std::isnan(exponent) ? 0 : static_cast<int>(std::fmin(std::fmax(exponent, -5000), 5000));
}
double load_exponent(double mantissa, double exponent) {
  return std::ldexp(mantissa, small_exponent(exponent));
}
double significand_of(double number) {
  if (number == 0 || !std::isfinite(number)) return number;
  int exponent = 0;
  return std::frexp(number, &exponent) * 2;
}
double bessel_first(double order, double x) {
  return ::jn(small_exponent(order), x);
}
double bessel_second(double order, double x) {
  return ::yn(small_exponent(order), x);
}
double power_of_ten(double x) {
  return std::pow(10.0, x);
}
double log_gamma(double x) {
  int sign = 0;
  return ::lgamma_r(x, &sign);
}
double next_towards(double from, double to) {
  return std::nexttoward(from, static_cast<long double>(to));
}

Got absolute(Machine&, Value input, Value*, Value& output) {
  if (!input.is_number()) {  // as in jq, what isn't negative stays as it is
    output = std::move(input);
    return Got::value;
  }
  bool whole = input.is_integer() && input.as_integer() != INT64_MIN;
  output = whole ? Value(input.as_integer() < 0 ? -input.as_integer() : input.as_integer())
                 : Value(std::fabs(input.as_number()));
  return Got::value;
}

Got frexp_of(Machine& machine, Value input, Value*, Value& output) {
  if (!input.is_number()) return needs_number(machine, input);
  int exponent = 0;
  double mantissa = std::frexp(input.as_number(), &exponent);
  if (!std::isfinite(input.as_number())) exponent = 0;
  output = Value::array({Value(mantissa), Value(exponent)});
  return Got::value;
}

Got modf_of(Machine& machine, Value input, Value*, Value& output) {
  if (!input.is_number()) return needs_number(machine, input);
  double whole = 0;
  double fraction = std::modf(input.as_number(), &whole);
  output = Value::array({Value(fraction), Value(whole)});
  return Got::value;
}

Got lgamma_with_sign(Machine& machine, Value input, Value*, Value& output) {
  if (!input.is_number()) return needs_number(machine, input);
  int sign = 0;
  double value = ::lgamma_r(input.as_number(), &sign);
  output = Value::array({Value(value), Value(sign)});
  return Got::value;
}

Got infinite(Machine&, Value, Value*, Value& output) {
  output = Value(HUGE_VAL);
  return Got::value;
}
Got not_a_number(Machine&, Value, Value*, Value& output) {
  output = Value(std::nan(""));
  return Got::value;
}

template <bool (*test)(double)>
Got number_test(Machine& machine, Value input, Value*, Value& output) {
  if (!input.is_number()) return needs_number(machine, input);
  output = Value(test(input.as_number()));
  return Got::value;
}
bool is_infinite_number(double x) {
  return std::isinf(x);
}
bool is_nan_number(double x) {
  return std::isnan(x);
}
bool is_normal_number(double x) {
  return std::isnormal(x);
}

Got literal_numbers(Machine&, Value, Value*, Value& output) {
  output = Value(true);
  return Got::value;
}
Got decimal_numbers(Machine&, Value, Value*, Value& output) {
  output = Value(false);
  return Got::value;
}

constexpr Builtin number_table[] = {
    {"floor", 0, Labelling::shallow, rounded<std::floor>},
    {"ceil", 0, Labelling::shallow, rounded<std::ceil>},
    {"round", 0, Labelling::shallow, rounded<std::round>},
    {"trunc", 0, Labelling::shallow, rounded<std::trunc>},
    {"rint", 0, Labelling::shallow, rounded<std::rint>},
    {"nearbyint", 0, Labelling::shallow, rounded<std::nearbyint>},
    {"sqrt", 0, Labelling::shallow, one_number<std::sqrt>},
    {"cbrt", 0, Labelling::shallow, one_number<std::cbrt>},
    {"fabs", 0, Labelling::shallow, one_number<std::fabs>},
    {"abs", 0, Labelling::shallow, absolute},
    {"sin", 0, Labelling::shallow, one_number<std::sin>},
    {"cos", 0, Labelling::shallow, one_number<std::cos>},
    {"tan", 0, Labelling::shallow, one_number<std::tan>},
    {"asin", 0, Labelling::shallow, one_number<std::asin>},
    {"acos", 0, Labelling::shallow, one_number<std::acos>},
    {"atan", 0, Labelling::shallow, one_number<std::atan>},
    {"sinh", 0, Labelling::shallow, one_number<std::sinh>},
    {"cosh", 0, Labelling::shallow, one_number<std::cosh>},
    {"tanh", 0, Labelling::shallow, one_number<std::tanh>},
    {"asinh", 0, Labelling::shallow, one_number<std::asinh>},
    {"acosh", 0, Labelling::shallow, one_number<std::acosh>},
    {"atanh", 0, Labelling::shallow, one_number<std::atanh>},
    {"exp", 0, Labelling::shallow, one_number<std::exp>},
    {"exp2", 0, Labelling::shallow, one_number<std::exp2>},
    {"exp10", 0, Labelling::shallow, one_number<power_of_ten>},
    {"pow10", 0, Labelling::shallow, one_number<power_of_ten>},
    {"expm1", 0, Labelling::shallow, one_number<std::expm1>},
    {"log", 0, Labelling::shallow, one_number<std::log>},
    {"log2", 0, Labelling::shallow, one_number<std::log2>},
    {"log10", 0, Labelling::shallow, one_number<std::log10>},
    {"log1p", 0, Labelling::shallow, one_number<std::log1p>},
    {"logb", 0, Labelling::shallow, one_number<std::logb>},
    {"gamma", 0, Labelling::shallow, one_number<log_gamma>},
    {"lgamma", 0, Labelling::shallow, one_number<log_gamma>},
    {"tgamma", 0, Labelling::shallow, one_number<std::tgamma>},
    {"lgamma_r", 0, Labelling::shallow, lgamma_with_sign},
    {"erf", 0, Labelling::shallow, one_number<std::erf>},
    {"erfc", 0, Labelling::shallow, one_number<std::erfc>},
    {"j0", 0, Labelling::shallow, one_number<::j0>},
    {"j1", 0, Labelling::shallow, one_number<::j1>},
    {"y0", 0, Labelling::shallow, one_number<::y0>},
    {"y1", 0, Labelling::shallow, one_number<::y1>},
    {"significand", 0, Labelling::shallow, one_number<significand_of>},
    {"frexp", 0, Labelling::shallow, frexp_of},
    {"modf", 0, Labelling::shallow, modf_of},
    {"pow", 2, Labelling::shallow, two_numbers<std::pow>},
    {"atan2", 2, Labelling::shallow, two_numbers<std::atan2>},
    {"copysign", 2, Labelling::shallow, two_numbers<std::copysign>},
    {"drem", 2, Labelling::shallow, two_numbers<std::remainder>},
    {"fdim", 2, Labelling::shallow, two_numbers<std::fdim>},
    {"fmax", 2, Labelling::shallow, two_numbers<std::fmax>},
    {"fmin", 2, Labelling::shallow, two_numbers<std::fmin>},
    {"fmod", 2, Labelling::shallow, two_numbers<std::fmod>},
    {"hypot", 2, Labelling::shallow, two_numbers<std::hypot>},
    {"jn", 2, Labelling::shallow, two_numbers<bessel_first>},
    {"yn", 2, Labelling::shallow, two_numbers<bessel_second>},
    {"ldexp", 2, Labelling::shallow, two_numbers<load_exponent>},
    {"scalb", 2, Labelling::shallow, two_numbers<load_exponent>},
    {"scalbln", 2, Labelling::shallow, two_numbers<load_exponent>},
    {"nextafter", 2, Labelling::shallow, two_numbers<std::nextafter>},
    {"nexttoward", 2, Labelling::shallow, two_numbers<next_towards>},
    {"remainder", 2, Labelling::shallow, two_numbers<std::remainder>},
    {"fma", 3, Labelling::shallow, fma_of},
    {"infinite", 0, Labelling::own, infinite},
    {"nan", 0, Labelling::own, not_a_number},
    {"isinfinite", 0, Labelling::shallow, number_test<is_infinite_number>},
    {"isnan", 0, Labelling::shallow, number_test<is_nan_number>},
    {"isnormal", 0, Labelling::shallow, number_test<is_normal_number>},
    {"have_literal_numbers", 0, Labelling::own, literal_numbers},
    {"have_decnum", 0, Labelling::own, decimal_numbers},
};

}  // namespace

std::span<const Builtin> number_builtins() {
  return number_table;
}

const Builtin* find_builtin(std::string_view name, std::size_t arguments) {
  for (auto table : {structure_builtins(), text_builtins(), number_builtins(), date_builtins(), regex_builtins()})
    for (const Builtin& builtin : table)
      if (builtin.arguments == arguments && builtin.name == name) return &builtin;
  return nullptr;
}

Got call_builtin(Machine& machine, const Builtin& builtin, Value input, Value* arguments, Value& output) {
  if (builtin.labelling == Labelling::own) return builtin.function(machine, std::move(input), arguments, output);
  bool deep = builtin.labelling == Labelling::deep;
  Label label = deep ? input.deep_label() : input.label();
  for (std::size_t i = 0; i < builtin.arguments; ++i)
    label = join(label, deep ? arguments[i].deep_label() : arguments[i].label());
  Got got = builtin.function(machine, std::move(input), arguments, output);
  if (label.is_default()) return got;
  if (got == Got::value) output = std::move(output).labelled(label);
  if (got == Got::failed) machine.label_error(label);
  return got;
}

}  // namespace gantry::expression
