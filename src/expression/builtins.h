// The functions of the language that are plain functions of values. Those that take expressions are nodes of their own
// (see resolver.cpp), and some are written in the language itself (prelude.cpp).
#pragma once

#include <span>
#include <string_view>

#include "expression/machine.h"

namespace gantry::expression {

// How the output is labelled: by the function itself; by the labels of input and arguments; or by those and all below.
enum class Labelling : std::uint8_t { own, shallow, deep };

// `arguments` has as many values as the table says; the function may move out of them.
using NativeFunction = Got (*)(Machine& machine, Value input, Value* arguments, Value& output);

struct Builtin {
  std::string_view name;
  std::uint8_t arguments;
  Labelling labelling;
  NativeFunction function;
};

std::span<const Builtin> structure_builtins();  // keys, has, sort, flatten ...
std::span<const Builtin> text_builtins();       // split, explode, tojson ...
std::span<const Builtin> number_builtins();     // floor, pow, isnan ...
std::span<const Builtin> date_builtins();       // strftime ...
std::span<const Builtin> regex_builtins();      // match, test ...

// Calls it and labels the output as its row says.
Got call_builtin(Machine& machine, const Builtin& builtin, Value input, Value* arguments, Value& output);

const Builtin* find_builtin(std::string_view name, std::size_t arguments);

}  // namespace gantry::expression
