// The gate's verdict with 200 rules over 50 tools: how long it takes, at the median and at the tail.
//
// Google Benchmark measures means; what a caller sees is the distribution, so the program first times single verdicts
// and prints their percentiles.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "gate/gate.h"
#include "tool/standard_call.h"
#include "value/json.h"

namespace gantry::gate {
namespace {

constexpr int tool_count = 50;
constexpr std::size_t samples = 200'000;

definition::SourceFiles bench_files() {
  definition::SourceFiles files;
  std::string rules = "policy: bench\nversion: 1.0.0\nrules:\n";
  for (int i = 0; i < tool_count; ++i) {
    files[fmt::format("tools/t{}.yaml", i)] = fmt::format(
        "tool: t{0}\nversion: 1.0.0\ndriver: echo\noperations:\n"
        "  pay: {{class: money, arguments: {{type: object, required: [amount, iban, note], properties: {{amount: "
        "{{type: "
        "number}}, iban: {{type: string}}, note: {{type: string}}}}}}}}\n",
        i);
    rules += fmt::format(
        "  - {{id: ladder{0}, tools: [t{0}.pay], fourEyesIf: .args.amount > 5000, allow: '.args.amount <= 250 and "
        ".labels.arguments.iban.integrity == \"trusted\"', else: approve, approvers: [{{role: finance}}]}}\n"
        "  - {{id: office{0}, tools: [t{0}.*], deny: '.principal.person == \"mallory\"'}}\n"
        "  - {{id: reads{0}, tools: [t{0}.pay], classes: [read], verdict: allow}}\n",
        i);
  }
  for (int i = 0; i < tool_count - 2; ++i)
    rules += fmt::format("  - {{id: other{0}, classes: [send, notify], tools: [t{0}.*], verdict: deny}}\n", i);
  rules += "  - {id: secrets, deny: '.labels.secrecy == \"secret\"'}\n";
  rules += "  - {id: large, classes: [money], deny: .args.amount > 1000000}\n";
  files["policies/bench.yaml"] = rules;
  return files;
}

struct Bench {
  Bench() {
    auto loaded = definition::load_project(bench_files());
    if (auto* problems = std::get_if<definition::Problems>(&loaded)) {
      for (const auto& problem : *problems) fmt::print(stderr, "{}\n", definition::format(problem));
      std::abort();
    }
    project = std::get<definition::ProjectPointer>(loaded);
    effect.id = "01ARZ3NDEKTSV4RRFFQ69G5FAV-e1";
    effect.instance = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
    effect.workflow = {.namespace_ = "port", .name = "desk", .version = "1.0.0"};
    effect.task = "/do/2/pay";
    effect.tool = "t17";
    effect.operation = "pay";
    effect.key = effect.id;
    set_amount(120);
  }
  void set_amount(int amount) {
    effect.arguments =
        Value::object({{"amount", amount}, {"iban", "DE89370400440532013000"}, {"note", "toll of the harbour"}});
    if (!tool::complete_effect(effect, *project)) std::abort();
  }
  Verdict check(Explained explained) const { return gate.check(*project, *project, effect, requester, now, {}, explained); }

  definition::ProjectPointer project;
  tool::Effect effect;
  definition::Principal requester{.person = "rita", .roles = {"dispatcher"}};
  Timestamp now{std::chrono::hours(490'000)};
  Gate gate{{}};
};

void verdict(benchmark::State& state) {
  Bench bench;
  bench.set_amount(static_cast<int>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(bench.check(Explained::no));
  state.SetLabel(definition::name_of(bench.check(Explained::no).kind));
}
BENCHMARK(verdict)->Arg(120)->Arg(900)->Arg(2'000'000);

void print_percentiles(int amount, Explained explained) {
  Bench bench;
  bench.set_amount(amount);
  const Verdict first = bench.check(explained);
  std::vector<double> microseconds;
  microseconds.reserve(samples);
  for (std::size_t i = 0; i < samples; ++i) {
    const auto start = std::chrono::steady_clock::now();
    benchmark::DoNotOptimize(bench.check(explained));
    microseconds.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count());
  }
  std::sort(microseconds.begin(), microseconds.end());
  const auto at = [&](double part) { return microseconds[static_cast<std::size_t>(part * (samples - 1))]; };
  fmt::print("verdict {:8} {:11} {} rules, {} samples: p50 {:.2f} us, p90 {:.2f} us, p99 {:.2f} us, p99.9 {:.2f} us\n",
             definition::name_of(first.kind), explained == Explained::yes ? "explained" : "", bench.project->policy_set->rules().size(), samples, at(0.5), at(0.9),
             at(0.99), at(0.999));
}

}  // namespace
}  // namespace gantry::gate

int main(int argc, char** argv) {
  for (const auto explained : {gantry::gate::Explained::no, gantry::gate::Explained::yes})
    for (int amount : {120, 900, 2'000'000}) gantry::gate::print_percentiles(amount, explained);
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
