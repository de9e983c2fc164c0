// JSON Schema: ours, beside parsing the same text (the floor: nobody validates what has not been parsed), and beside
// valijson (draft 7, C++) where Debian's package is installed. The schemas use only what both drafts share.
#include <benchmark/benchmark.h>

#include <chrono>
#include <string>

#include "value/json.h"
#include "value/schema.h"

#if __has_include(<valijson/validator.hpp>) && __has_include(<nlohmann/json.hpp>)
#define GANTRY_BENCH_VALIJSON
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wshadow"
#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>
#pragma GCC diagnostic pop
#endif

namespace gantry {
namespace {

struct Case {
  const char* name;
  std::string schema;
  std::string instance;
};

std::string repeated(const std::string& item, int count) {
  std::string text = "[";
  for (int i = 0; i < count; ++i) text += (i ? "," : "") + item;
  return text + "]";
}

std::string nested(int levels) {
  std::string text = R"({"value":1,"children":[]})";
  for (int i = 0; i < levels; ++i) text = R"({"value":1,"children":[)" + text + R"(,{"value":2,"children":[]}]})";
  return text;
}

const char* const container_schema = R"({"type":"object","required":["number","type","weight","slot"],
  "properties":{"number":{"type":"string","pattern":"^[A-Z]{3}[UJZ][0-9]{7}$"},"type":{"enum":["22G1","42G1","45R1","L5G1"]},
  "weight":{"type":"integer","minimum":0,"maximum":40000},"slot":{"type":"string","minLength":7,"maxLength":7},
  "temperature":{"type":"number"},"dangerous":{"type":"array","maxItems":8,"items":{"type":"object","required":["class"],
  "properties":{"class":{"type":"string"},"number":{"type":"integer"}},"additionalProperties":false}}},"additionalProperties":false})";
const char* const container =
    R"({"number":"MSKU1234565","type":"45R1","weight":28000,"slot":"0100382","temperature":-18.5,"dangerous":[{"class":"3","number":1993}]})";
const char* const tree_schema = R"({"definitions":{"node":{"type":"object","required":["value","children"],
  "properties":{"value":{"anyOf":[{"type":"integer"},{"type":"string"}]},"children":{"type":"array","items":{"$ref":"#/definitions/node"}}}}},
  "$ref":"#/definitions/node"})";

const std::vector<Case>& cases() {
  static const std::vector<Case> all = {
      {"one container", container_schema, container},
      {"200 containers", std::string(R"({"type":"array","items":)") + container_schema + "}", repeated(container, 200)},
      {"a tree of 81 nodes, by $ref", tree_schema, nested(40)},
  };
  return all;
}

void compile_schema(benchmark::State& state) {
  const Case& the_case = cases()[static_cast<std::size_t>(state.range(0))];
  Value schema = *parse_json(the_case.schema);
  for (auto _ : state) benchmark::DoNotOptimize(Schema::compile(schema));
  state.SetLabel(the_case.name);
}
BENCHMARK(compile_schema)->DenseRange(0, 2);

template <class Work>
double nanoseconds_of(Work work) {
  auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count();
}

// In turns, in the same run: what each takes, and how many times as long the other takes.
void validate_instance(benchmark::State& state) {
  const Case& the_case = cases()[static_cast<std::size_t>(state.range(0))];
  auto schema = *Schema::compile(*parse_json(the_case.schema));
  Value instance = *parse_json(the_case.instance);
  if (!schema.validate(instance).empty()) return state.SkipWithError("the instance must be valid");
  double ours = 0, parsing = 0;
#ifdef GANTRY_BENCH_VALIJSON
  auto their_schema_document = nlohmann::json::parse(the_case.schema);
  auto their_instance = nlohmann::json::parse(the_case.instance);
  valijson::Schema their_schema;
  valijson::SchemaParser parser(valijson::SchemaParser::kDraft7);
  parser.populateSchema(valijson::adapters::NlohmannJsonAdapter(their_schema_document), their_schema);
  double theirs = 0;
#endif
  for (auto _ : state) {
    ours += nanoseconds_of([&] { benchmark::DoNotOptimize(schema.validate(instance)); });
    parsing += nanoseconds_of([&] { benchmark::DoNotOptimize(parse_json(the_case.instance)); });
#ifdef GANTRY_BENCH_VALIJSON
    theirs += nanoseconds_of([&] {
      valijson::Validator validator;
      if (!validator.validate(their_schema, valijson::adapters::NlohmannJsonAdapter(their_instance), nullptr))
        state.SkipWithError("valijson finds the instance invalid");
    });
#endif
  }
  state.counters["ours_ns"] = benchmark::Counter(ours, benchmark::Counter::kAvgIterations);
  state.counters["parse_ns"] = benchmark::Counter(parsing, benchmark::Counter::kAvgIterations);
  state.counters["of_parse"] = ours / parsing;
#ifdef GANTRY_BENCH_VALIJSON
  state.counters["valijson_ns"] = benchmark::Counter(theirs, benchmark::Counter::kAvgIterations);
  state.counters["ratio"] = theirs / ours;
#endif
  state.SetLabel(the_case.name);
}
BENCHMARK(validate_instance)->DenseRange(0, 2);

}  // namespace
}  // namespace gantry

BENCHMARK_MAIN();
