// jq expressions: ours, and libjq for the same programs where it is installed.
#include <benchmark/benchmark.h>
#include <dlfcn.h>

#include <algorithm>
#include <chrono>

#include "expression/expression.h"
#include "value/json.h"

#if __has_include(<jq.h>)
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

Value document() {
  return *parse_json(document_text);
}

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

// What labels cost: the same programs on the same data without and with labels, in turns in one run, so that nothing
// else on the machine counts more for one of them. Each round counts with its best time. `ratio` is with / without.
enum class Labelling { whole, fields };

Value labelled_document(Labelling labelling) {
  const Value plain = document();
  if (labelling == Labelling::whole)
    return plain.labelled(Label::of({Integrity::untrusted, Secrecy::internal, {"bench"}, {}}));
  // As tool files do it: each field of the records its own.
  const Label name = Label::of({Integrity::untrusted, Secrecy::confidential, {"tool:bench.read"}, {}});
  const Label price = Label::of({Integrity::internal, Secrecy::confidential, {"tool:bench.read"}, {}});
  std::vector<Value> items;
  for (const Value& item : plain.member("items").items())
    items.push_back(Value::object({{"name", item.member("name").labelled(name)}, {"price", item.member("price").labelled(price)}}));
  return Value(plain)
      .with_member("items", Value::array(std::move(items)).labelled(Label::of({Integrity::internal, Secrecy::internal, {"tool:bench.read"}, {}})))
      .with_member("text", plain.member("text").labelled(name))
      .with_member("a", plain.member("a").labelled(price));
}

void labels_off_and_on(benchmark::State& state) {
  auto program = std::get<0>(compile(programs[state.range(0)]));
  const Value plain = document();
  const Value labelled = labelled_document(static_cast<Labelling>(state.range(1)));
  constexpr int rounds = 200;
  double off = 1e18, on = 1e18;
  const auto time = [&](const Value& input) {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < rounds; ++i) benchmark::DoNotOptimize(evaluate_first(*program, input, {}));
    return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count() / rounds;
  };
  for (auto _ : state) {
    off = std::min(off, time(plain));
    on = std::min(on, time(labelled));
  }
  state.counters["off_ns"] = off;
  state.counters["on_ns"] = on;
  state.counters["ratio"] = on / off;
  state.SetLabel(std::string(programs[state.range(0)]) + (state.range(1) == 0 ? "  (whole)" : "  (by field)"));
}
BENCHMARK(labels_off_and_on)->ArgsProduct({benchmark::CreateDenseRange(0, program_count - 1, 1), {0, 1}});

// As the workflow engine calls it: the eight standard arguments are bound.
void evaluate_with_eight_arguments(benchmark::State& state) {
  std::vector<std::string> names{"context", "input",    "output",  "secrets",
                                 "task",    "workflow", "runtime", "authorization"};
  auto program = std::get<0>(compile(".a.b + 1", names));
  Value input = document();
  std::vector<Value> arguments(names.size(), input);
  Evaluation evaluation;
  evaluation.arguments = arguments;
  for (auto _ : state) benchmark::DoNotOptimize(evaluate_first(*program, input, evaluation));
}
BENCHMARK(evaluate_with_eight_arguments);

#if __has_include(<jq.h>)
// Debian's libjq, loaded at run time so that nothing here depends on it.
struct LibJq {
  void* library = dlopen("libjq.so.1", RTLD_NOW | RTLD_LOCAL);
  decltype(&jq_init) init = reinterpret_cast<decltype(&jq_init)>(symbol("jq_init"));
  decltype(&jq_compile) compile = reinterpret_cast<decltype(&jq_compile)>(symbol("jq_compile"));
  decltype(&jq_teardown) teardown = reinterpret_cast<decltype(&jq_teardown)>(symbol("jq_teardown"));
  decltype(&jq_start) start = reinterpret_cast<decltype(&jq_start)>(symbol("jq_start"));
  decltype(&jq_next) next = reinterpret_cast<decltype(&jq_next)>(symbol("jq_next"));
  decltype(&jv_parse) parse = reinterpret_cast<decltype(&jv_parse)>(symbol("jv_parse"));
  decltype(&jv_copy) copy = reinterpret_cast<decltype(&jv_copy)>(symbol("jv_copy"));
  decltype(&jv_free) free = reinterpret_cast<decltype(&jv_free)>(symbol("jv_free"));
  void* symbol(const char* name) { return library ? dlsym(library, name) : nullptr; }
};

template <class Work>
double nanoseconds(Work work) {
  auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count();
}

// Both in the same run, in turns; the counter says how many times as long libjq takes.
void evaluate_against_libjq(benchmark::State& state) {
  const char* text = programs[state.range(0)];
  LibJq library;
  if (!library.library) return state.SkipWithError("libjq.so.1 is not installed");
  jq_state* jq = library.init();
  if (!library.compile(jq, text)) return state.SkipWithError("libjq can't compile it");
  jv their_input = library.parse(document_text);
  auto program = std::get<0>(compile(text));
  Value input = document();
  double ours = 0, theirs = 0;
  constexpr int rounds = 50;
  for (auto _ : state) {
    ours += nanoseconds([&] {
      for (int i = 0; i < rounds; ++i) benchmark::DoNotOptimize(evaluate_first(*program, input, {}));
    });
    theirs += nanoseconds([&] {
      for (int i = 0; i < rounds; ++i) {
        library.start(jq, library.copy(their_input), 0);
        library.free(library.next(jq));
      }
    });
  }
  state.counters["ours_ns"] = benchmark::Counter(ours / rounds, benchmark::Counter::kAvgIterations);
  state.counters["libjq_ns"] = benchmark::Counter(theirs / rounds, benchmark::Counter::kAvgIterations);
  state.counters["ratio"] = theirs / ours;
  state.SetLabel(text);
  library.free(their_input);
  library.teardown(&jq);
}
BENCHMARK(evaluate_against_libjq)->DenseRange(0, program_count - 1);

void compile_against_libjq(benchmark::State& state) {
  const char* text = programs[state.range(0)];
  LibJq library;
  if (!library.library) return state.SkipWithError("libjq.so.1 is not installed");
  double ours = 0, theirs = 0;
  for (auto _ : state) {
    ours += nanoseconds([&] { benchmark::DoNotOptimize(compile(text)); });
    theirs += nanoseconds([&] {
      jq_state* jq = library.init();
      library.compile(jq, text);
      library.teardown(&jq);
    });
  }
  state.counters["ratio"] = theirs / ours;
  state.SetLabel(text);
}
BENCHMARK(compile_against_libjq)->DenseRange(0, 1);
#endif

}  // namespace
}  // namespace gantry::expression

BENCHMARK_MAIN();
