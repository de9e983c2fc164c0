// Files of policy cases: read against a project, and run when they are fine. Whatever they say, each case gets a verdict.
#include <cstdint>
#include <string>

#include "base/assert.h"
#include "trial/case_run.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gantry;
  static const definition::ProjectPointer project = [] {
    auto loaded = definition::load_project(
        {{"policies/p.yaml",
          "policy: p\nversion: 1.0.0\nlists: {payees: {values: [DE1, DE2]}}\nrules:\n"
          "  - {id: pay, tools: [bank.pay], allow: 'requested(\"iban\") and in_list(\"iban\"; \"payees\")', else: approve,"
          " approvers: [{role: finance}]}\nbudgets: [{id: spend, scope: run, sum: .args.amount, max: 9}]\n"},
         {"tools/bank.yaml",
          "tool: bank\nversion: 1.0.0\ndriver: echo\noperations:\n  pay: {class: money, arguments: {type: object, "
          "properties: {amount: {type: number}, iban: {type: string}}}}\n"}});
    GANTRY_ASSERT(std::holds_alternative<definition::ProjectPointer>(loaded), "the project has problems");
    return std::get<definition::ProjectPointer>(loaded);
  }();
  auto cases = trial::read_cases({{"policies/tests/c.yaml", std::string(reinterpret_cast<const char*>(data), size)}}, *project);
  if (auto* found = std::get_if<std::vector<trial::Case>>(&cases)) {
    const auto report = trial::run_cases(*found, project);
    GANTRY_ASSERT(report.results.size() == found->size(), "a case was left out");
  }
  return 0;
}
