// Known programs on any value. Input: one byte that picks the program, then JSON. Between them the programs use every
// builtin that looks into its input; evaluating one twice gives the same, and the input is never changed.
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/assert.h"
#include "expression/expression.h"
#include "value/json.h"

namespace {

using namespace gantry;

constexpr std::array programs = {
    "..", "tojson | fromjson", "keys, length, type", "to_entries | from_entries", "with_entries(.value |= tostring)",
    "group_by(.), unique, sort, (map([.]) | unique_by(.[0]))", "min, max, min_by(.), max_by(.)", "flatten, add, any, all",
    "[paths] | length", "[leaf_paths as $p | getpath($p)]", "del(.[0], .a)", "map_values(. + 1)", "walk(numbers |= -.)",
    "tostream", "fromstream(tostream)", "[limit(5; ..)] | reverse", "transpose", "input_line_number? // 1",
    "test(\"a+b?\"), [match(\"(?<x>[a-z])|(\\\\d)\"; \"g\").captures]", "gsub(\"(?<a>.)\"; \"\\(.a)-\")",
    "split(\", *\"; null), ascii_downcase, explode, ltrimstr(\"a\"), trim", "@csv, @tsv", "@html, @uri, @sh, @base64",
    "@base64d", "@urid, @text, @json", "tonumber, floor, sqrt, pow(.; 2), log", "todate, (todate | fromdate)",
    "gmtime, (gmtime | mktime)", "strptime(\"%Y-%m-%dT%H:%M:%SZ\")", "strftime(\"%A %j %U\")", "splits(\"a\")",
    "indices(1), indices([1,2]), index(\"a\"), rindex(\"a\")", "inside([[1]]), contains([])", "ltrimstr(1), startswith(\"a\")",
    "combinations", "bsearch(1)", "env? // 0", "getpath([\"a\",0,\"b\"])", "pick(.a[1].b)", "to_entries, tojson",
    "try error catch .", "first, last, nth(2)", "until(type != \"array\"; .[0])", "[splits(\"\")]", "ascii, implode",
    "tojson | @json", "reduce .[] as $x (0; . + ($x | tostring | length))", "foreach .[] as [$a, $b] (0; . + 1; [$a, $b])",
    ". as {a: $x, b: [$y]} ?// [$x, $y] | [$x, $y]", "limit(3; recurse(if type == \"array\" then .[] else empty end))",
    "(.a, .[1]?) = 1", ".[2:4] = [1], .[-1:], .[:2]", "delpaths([[\"a\"], [0]])", "setpath([0]; 1), setpath([\"a\"]; 1)",
    "[.[] | (1 / .)?]", "abs, toarray, have_decnum", "getpath(paths)", "ltrimstr(\"x\"), rtrimstr(\"x\"), trimstr(\"x\")",
    "limit(10; repeat(.))", "tojson | ascii_upcase | length", "$input == ., ($context | type)", "skip(1; .[]?)"};

std::string evaluate(const expression::Program& program, const Value& input) {
  std::vector<Value> arguments{Value(1), input};
  expression::Evaluation evaluation;
  evaluation.arguments = arguments;
  evaluation.limits = {.steps_max = 20'000, .memory_bytes_max = 4u << 20, .depth_max = 300, .outputs_max = 100};
  std::string text;
  std::size_t outputs = 0;
  const Status status = expression::evaluate_each(program, input, evaluation, [&](const Value& value) {
    text += print_json(value) + "\n";
    return ++outputs < 100;
  });
  if (status) return text;
  GANTRY_ASSERT(status.error().code == Code::invalid_argument || status.error().code == Code::exhausted,
                "only these two fail");
  return text + status.error().message;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  static const std::vector<std::string> variables{"context", "input"};
  static std::array<expression::ProgramPointer, programs.size()> compiled;
  expression::ProgramPointer& program = compiled[data[0] % programs.size()];
  if (!program) {
    auto result = expression::compile(programs[data[0] % programs.size()], variables);
    auto* found = std::get_if<expression::ProgramPointer>(&result);
    if (found == nullptr) return 0;  // one of the refused names: that is known when it is compiled
    program = *found;
  }
  auto input = parse_json({reinterpret_cast<const char*>(data) + 1, size - 1});
  if (!input) return 0;
  const std::string before = print_json(*input);
  const std::string first = evaluate(*program, *input);
  GANTRY_ASSERT(evaluate(*program, *input) == first, "evaluating again gives the same");
  GANTRY_ASSERT(print_json(*input) == before, "the input is never changed");
  return 0;
}
