// Policies that anybody may send to be deployed: parsed with a tool and a list, and asked about an effect when they
// load. Whatever they say, a verdict comes back, twice the same.
#include <cstdint>
#include <string>

#include "base/assert.h"
#include "gate/gate.h"
#include "tool/standard_call.h"
#include "value/json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gantry;
  auto loaded = definition::load_project({{"policies/p.yaml", std::string(reinterpret_cast<const char*>(data), size)},
                                          {"policies/list.csv", "iban,name\nDE1,Ann\n"},
                                          {"tools/bank.yaml",
                                           "tool: bank\nversion: 1.0.0\ndriver: echo\noperations:\n"
                                           "  pay: {class: money, arguments: {type: object, properties: {amount: "
                                           "{type: number}, iban: {type: string}}}}\n"}});
  auto* project = std::get_if<definition::ProjectPointer>(&loaded);
  if (project == nullptr) return 0;
  tool::Effect effect;
  effect.id = "01A-e1";
  effect.instance = "01A";
  effect.workflow = {.namespace_ = "a", .name = "b", .version = "1.0.0"};
  effect.task = "/do/0/x";
  effect.tool = "bank";
  effect.operation = "pay";
  effect.key = effect.id;
  effect.arguments = Value::object({{"amount", 5}, {"iban", "DE1"}});
  if (!tool::complete_effect(effect, **project)) return 0;
  const gate::Gate gate{{}};
  gate::Circumstances around;
  around.author = "ann";
  const definition::Principal requester{"rita", {"clerk"}};
  for (auto& budget : gate::budgets_charged(**project, effect, requester, "")) around.budgets.push_back(budget.use);
  const Timestamp now{std::chrono::hours(490'000)};
  const auto ask = [&] {
    return print_canonical(gate::to_value(gate.check(**project, **project, effect, requester, now, around)));
  };
  const std::string first = ask();
  GANTRY_ASSERT(first == ask(), "the same question got two answers");
  return 0;
}
