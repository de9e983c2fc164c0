// CloudEvents in requests, in all modes: what is read and found valid stays what it is when it is looked at again, fits
// the limits, and can be matched by a filter of each kind.
#include <cstdint>

#include "definition/project.h"
#include "engine/cloud_event.h"
#include "engine/event_match.h"
#include "server/cloud_event_request.h"
#include "value/json.h"

namespace {

using namespace gantry;

constexpr const char* listening_workflow = R"(document: {dsl: '1.0.3', namespace: t, name: w, version: 1.0.0}
do:
  - l:
      listen:
        to:
          any:
            - with: {type: 'a.*', source: s, data: {x: 1}}
              correlate: {k: {from: .data.k}, c: {from: .c, expect: '5'}}
            - with: {subject: '(b|c)+', data: '${ .x > 1 }'}
          until: {all: [{with: {id: '1'}}, {with: {type: t}}]}
)";

class FilterExpressions final : public engine::EventExpressions {
 public:
  Result<Value> evaluate(const definition::Expression& expression, const Value& dot) override {
    return expression::evaluate_first(*expression.program, dot, evaluation_);
  }
  Result<Value> evaluate(const definition::Template& source, const Value& dot) override {
    return source.evaluate(dot, evaluation_);
  }

 private:
  std::vector<Value> arguments_ = std::vector<Value>(definition::standard_argument_count);
  expression::Evaluation evaluation_{.arguments = arguments_, .now = {}, .limits = engine::event_filter_limits()};
};

const definition::EventConsumption& listening() {
  static const auto loaded = definition::load_single_workflow("w.yaml", listening_workflow);
  static const auto workflow = std::get<definition::ProjectPointer>(loaded)->find_workflow("t", "w");
  return std::get<definition::ListenTask>(workflow->tasks.tasks[0]->body).to;
}

void check(const Value& event) {
  auto checked = engine::checked_cloud_event(event);
  if (!checked) return;
  auto again = engine::checked_cloud_event(*checked);
  if (!again || !(*again == *checked)) __builtin_trap();
  if (print_json(*checked).size() > engine::cloud_event_bytes_max) __builtin_trap();
  for (auto reading :
       {definition::EventReading::data, definition::EventReading::envelope, definition::EventReading::raw})
    (void)engine::read_event(*checked, reading);
  engine::ConsumptionProgress progress;
  FilterExpressions expressions;
  for (int time = 0; time < 2; ++time) (void)engine::take_event(listening(), progress, *checked, expressions);
  auto read = engine::consumption_progress_from(engine::to_value(progress));
  if (!read || !(engine::to_value(*read) == engine::to_value(progress))) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto request = gantry::server::parse_request({reinterpret_cast<const char*>(data), size},
                                               {.header_bytes_max = 4096, .body_bytes_max = 65536});
  if (!request) return 0;
  auto events = gantry::server::cloud_events_of(*request);
  if (!events) return 0;
  for (const gantry::Value& event : *events) check(event);
  return 0;
}
