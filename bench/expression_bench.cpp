// jq expressions: ours, and libjq for the same programs where it is installed.
#include <benchmark/benchmark.h>

#include "expression/expression.h"
#include "value/json.h"

#if __has_include(<jq.h>) && defined(GANTRY_BENCH_LIBJQ)
extern "C" {
#include <jq.h>
#include <jv.h>
}
#endif

namespace gantry::expression {
namespace {

const char* const document_text =
    R"({"a":{"b":41,"c":[1,2,3,4,5,6,7,8]},"items":[{"name":"one","price":10},{"name":"two","price":25},{"name":"three","price":5}],)"
    R"("text":"The quick brown fox jumps over the lazy dog"})";

const char* const programs[] = {
    ".a.b + 1",
    "{total: (.items | map(.price) | add), names: [.items[].name]}",
    ".items | map(select(.price > 8)) | sort_by(.price) | .[0].name",
    ".a.c |= map(. * 2)",
    "reduce .a.c[] as $x (0; . + $x)",
    "if .a.b > 40 then .text | ascii_upcase else \"none\" end",
    ".text | gsub(\"(?<w>[a-z]+)\"; \"<\\(.w)>\")",
    "[range(100)] | map(. * .) | add",
};
constexpr int program_count = static_cast<int>(std::size(programs));

Value document() { return *parse_json(document_text); }

void compile_program(benchmark::State& state) {
  std::string_view text = programs[state.range(0)];
  for (auto _ : state) benchmark::DoNotOptimize(compile(text));
  state.SetLabel(std::string(text));
}
BENCHMARK(compile_program)->DenseRange(0, program_count - 1);

void evaluate_program(benchmark::State& state) {
  std::string_view text = programs[state.range(0)];
  auto program = std::get<0>(compile(text));
  Value input = document();
  for (auto _ : state) benchmark::DoNotOptimize(evaluate_first(*program, input, {}));
  state.SetLabel(std::string(text));
}
BENCHMARK(evaluate_program)->DenseRange(0, program_count - 1);

void evaluate_labelled(benchmark::State& state) {
  auto program = std::get<0>(compile(programs[state.range(0)]));
  Value input = document().labelled(Label::of({Integrity::untrusted, Secrecy::internal, {"bench"}, {}}));
  for (auto _ : state) benchmark::DoNotOptimize(evaluate_first(*program, input, {}));
  state.SetLabel(std::string(programs[state.range(0)]) + "  (labels on)");
}
BENCHMARK(evaluate_labelled)->DenseRange(0, program_count - 1);

// As the workflow engine calls it: the eight standard arguments are bound.
void evaluate_with_eight_arguments(benchmark::State& state) {
  std::vector<std::string> names{"context", "input", "output", "secrets", "task", "workflow", "runtime", "authorization"};
  auto program = std::get<0>(compile(".a.b + 1", names));
  Value input = document();
  std::vector<Value> arguments(names.size(), input);
  Evaluation evaluation;
  evaluation.arguments = arguments;
  for (auto _ : state) benchmark::DoNotOptimize(evaluate_first(*program, input, evaluation));
}
BENCHMARK(evaluate_with_eight_arguments);

#if __has_include(<jq.h>) && defined(GANTRY_BENCH_LIBJQ)
void libjq_compile(benchmark::State& state) {
  for (auto _ : state) {
    jq_state* jq = jq_init();
    jq_compile(jq, programs[state.range(0)]);
    jq_teardown(&jq);
  }
  state.SetLabel(programs[state.range(0)]);
}
BENCHMARK(libjq_compile)->DenseRange(0, program_count - 1);

void libjq_evaluate(benchmark::State& state) {
  jq_state* jq = jq_init();
  if (!jq_compile(jq, programs[state.range(0)])) return state.SkipWithError("libjq can't compile it");
  jv input = jv_parse(document_text);
  for (auto _ : state) {
    jq_start(jq, jv_copy(input), 0);
    jv_free(jq_next(jq));
  }
  jv_free(input);
  state.SetLabel(programs[state.range(0)]);
  jq_teardown(&jq);
}
BENCHMARK(libjq_evaluate)->DenseRange(0, program_count - 1);
#endif

}  // namespace
}  // namespace gantry::expression

BENCHMARK_MAIN();
