// jq, natively: compile once, evaluate many times, on shared immutable Values.
//
// The language is jq 1.8 without modules, input/output and environment: `import`, `include`, `input`, `inputs`, `env`,
// `$ENV`, `input_filename`, `halt`, `halt_error` and `get_search_list` are refused by compile() with a clear message.
// `now` is the time given with each evaluation. Integers are exact within int64 and become doubles beyond.
//
// Labels: every output carries the join of the labels of all values it was computed from, including the values that
// selected it (conditions of if, select, //, and, or, sort keys). See value/label.h.
//
// A Program is immutable and may be used by any number of threads at once.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "value/value.h"

namespace gantry::expression {

// What one evaluation may use. Exceeding a limit is an Error with Code::exhausted that names it; nothing else is
// affected.
struct Limits {
  std::uint64_t steps_max = 20'000'000;       // evaluated nodes
  std::size_t memory_bytes_max = 256u << 20;  // estimated size of values built
  std::size_t depth_max = 10'000;             // nested calls of defined functions and nesting of built values
  std::size_t outputs_max = 1'000'000;        // for evaluate_all
};

struct CompileError {
  std::size_t offset = 0;  // bytes from the start of the program text
  std::string message;     // one sentence: what was found, what was expected, the nearest known name
};

class Program;
using ProgramPointer = std::shared_ptr<const Program>;

// What is compared and computed with: anything, as in jq, where null is less than every number and nothing in a sum; or
// values that are there: then null is an error that nothing in the program catches, except beside the literal `null`
// and behind `?` (null_refusal.h). For conditions where something missing must not pass for something small.
enum class Comparisons : std::uint8_t { of_anything, of_values };

// `variables`: names (without $) that the caller binds at each evaluation, in this order.
// Program text is at most 64 KiB and 1,000 levels deep.
std::variant<ProgramPointer, CompileError> compile(std::string_view text, std::span<const std::string> variables = {},
                                                   Comparisons comparisons = Comparisons::of_anything);

struct Evaluation {
  std::span<const Value> arguments = {};  // as many as `variables`, in the same order
  Timestamp now{};
  Limits limits;
};

// Errors: invalid_argument = an error raised by the program (message as jq prints it); exhausted = a limit.
// evaluate_first: the first output; an expression with no output is invalid_argument "the expression gave no value".
Result<Value> evaluate_first(const Program& program, const Value& input, const Evaluation& evaluation);
// evaluate_only: the output; several are invalid_argument, too: "the expression gave several values".
Result<Value> evaluate_only(const Program& program, const Value& input, const Evaluation& evaluation);
Result<std::vector<Value>> evaluate_all(const Program& program, const Value& input, const Evaluation& evaluation);
// Calls `output` for each value until it returns false.
Status evaluate_each(const Program& program, const Value& input, const Evaluation& evaluation,
                     const std::function<bool(Value)>& output);

// The names of the variables and the paths of the input that the program may read, for static checks.
struct Reads {
  std::vector<std::string> variables;  // of those given to compile, the ones used
};
Reads reads_of(const Program& program);

}  // namespace gantry::expression
