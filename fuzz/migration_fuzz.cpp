// A mapping for a migration, as an operator may write it: whatever it says, a running state moves, or is told why not.
#include <cstdint>
#include <string_view>

#include "base/assert.h"
#include "engine/migration.h"
#include "value/yaml.h"

namespace {

using namespace gantry;

engine::Definitions load(const char* tasks, const char* version) {
  auto loaded = definition::load_project(
      {{"workflows/w.yaml", std::string("document: {dsl: 1.0.3, namespace: t, name: w, version: ") + version + "}\ndo:\n" + tasks}});
  GANTRY_ASSERT(loaded.index() == 0, "the fuzz target's workflow has problems");
  const auto project = std::get<0>(loaded);
  return {project, project->find_workflow("t", "w")};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const engine::Definitions from =
      load("- a: {set: {n: 1}, export: {as: .}}\n- f: {fork: {branches: [{x: {do: [{w: {wait: PT1H}}]}}, {y: {wait: PT2H}}]}}\n", "1.0.0");
  static const engine::Definitions to =
      load("- a: {set: {n: 1}, export: {as: ., schema: {format: json, document: {required: [n]}}}}\n- b: {set: {m: 1}}\n"
           "- f: {fork: {branches: [{x: {do: [{v: {wait: PT1H}}]}}, {y: {wait: PT3H}}]}}\n", "2.0.0");
  static const engine::InterpreterLimits limits{.expression = {.steps_max = 10'000, .memory_bytes_max = 1u << 20}};
  static const engine::InstanceState state = [] {
    engine::InstanceState fresh;
    const engine::Interpreter interpreter(from.project, from.workflow, limits);
    interpreter.apply(fresh, {.instance = "i", .sequence = 1, .at = Timestamp(), .type = journal::EventType::instance_started, .data = Value()});
    return fresh;
  }();
  const auto text = parse_yaml(std::string_view(reinterpret_cast<const char*>(data), size));
  const auto* document = std::get_if<YamlDocument>(&text);
  if (document == nullptr) return 0;
  const auto mapping = engine::mapping_from(document->root);
  if (!mapping) return 0;
  (void)engine::check_mapping(*mapping, *from.workflow, *to.workflow);
  const engine::MovedState moved = engine::move_state(state, from, to, *mapping, limits, Timestamp());
  GANTRY_ASSERT(moved.fit.movable() == moved.state.has_value(), "it can move and has no state there, or the other way round");
  GANTRY_ASSERT(moved.fit.movable() || !moved.fit.reason.empty() || !moved.fit.needs.empty(), "no reason is told");
  return 0;
}
