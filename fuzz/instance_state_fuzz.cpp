// A stored instance state that may be damaged: reading it, and going on with whatever was read, must not crash.
#include <cstddef>
#include <cstdint>

#include "base/assert.h"
#include "engine/interpreter.h"

namespace {

using namespace gantry;

constexpr const char* workflow_text = R"(
document: {dsl: 1.0.3, namespace: test, name: main, version: 1.0.0}
timeout: {after: PT1H}
do:
  - loop:
      for: {each: n, in: '[1,2]'}
      do:
        - guarded:
            try:
              - both:
                  fork:
                    branches:
                      - waits: {wait: PT5S}
                      - asks: {call: http, with: {method: get, endpoint: "https://example.com"}}
            catch: {as: e, retry: {delay: PT1S, limit: {attempt: {count: 2, duration: PT9S}}}}
)";

definition::ProjectPointer load() {
  auto loaded = definition::load_project({{"workflows/main.yaml", workflow_text}});
  GANTRY_ASSERT(loaded.index() == 0, "the fuzz target's workflow has problems");
  return std::get<0>(loaded);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const definition::ProjectPointer project = load();
  static const auto workflow = project->find_workflow("test", "main");
  engine::InterpreterLimits limits;
  limits.steps_per_turn = 200;
  limits.expression.steps_max = 10'000;
  static const engine::Interpreter interpreter(project, workflow, limits);
  auto state = engine::InstanceState::parse(std::string_view(reinterpret_cast<const char*>(data), size), *workflow);
  if (!state) return 0;
  const auto send = [&](journal::EventType type, Value value) {
    interpreter.apply(*state,
                      {.instance = "i", .sequence = 1, .at = Timestamp(), .type = type, .data = std::move(value)});
  };
  send(journal::EventType::instance_continued, Value());
  for (const char* timer : {"i-w1", "i-w2", "i-w3"}) {
    send(journal::EventType::timer_fired, Value::object({{"timer", timer}}));
  }
  send(journal::EventType::effect_failed, Value::object({{"effect", "i-e1"}}));
  send(journal::EventType::instance_cancelled, Value());
  return 0;
}
