// Answers whether invariants hold in all runs of all workflows of a project, before any of them runs.
//
// *holds* is proven on a model that has every run of the real interpreter and more; whatever the model does not follow
// may be anything there. A *counter-example* has been replayed: the real interpreter was given the values that were
// found, and did what the invariant forbids, and the gate would have let it. Everything else is *unknown*, and says
// what stands in the way. There is no clock in it but `seconds_max`, so the answer is the same on every machine unless
// that is reached.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "definition/project.h"

namespace gantry::prove {

struct Options {
  std::size_t states_max = 20'000;             // looked at for one invariant and one workflow
  std::uint32_t solver_steps_max = 2'000'000;  // z3's steps for one question
  std::size_t terms_max = 2'000'000;           // about 300 bytes each
  double seconds_max = 60;                     // for one invariant and one workflow
  std::string workflow;                        // NAMESPACE/NAME: only this one; empty: all
  std::string invariant;                       // POLICY/ID or ID: only this one; empty: all
};

enum class Verdict : std::uint8_t { holds, counter_example, unknown };
const char* name_of(Verdict verdict);  // "holds", "counter-example", "unknown"

// A step of a path, for people.
struct Step {
  std::string path;  // file of the workflow
  SourcePlace place;
  std::string task, text;
};

struct Finding {
  std::string policy, invariant, sentence;
  std::string path;  // file of the policy
  SourcePlace place;
  std::string workflow;  // NAMESPACE/NAME:VERSION; empty for what is about policies alone
  Verdict verdict = Verdict::unknown;
  std::string reason;                    // one sentence: what was proven, what happens, or what stands in the way
  std::vector<Step> steps;               // of the path, for counter-examples and for unknown where there is one
  std::optional<Value> input;            // of the counter-example
  std::vector<std::string> values;       // "tos.status is done with {...}", of the counter-example
  std::vector<std::string> assumptions;  // unknown: what the path rests on that was not followed
  std::size_t states = 0;                // looked at
};

// One finding for each invariant and workflow, in the order of policies, invariants and workflows.
// Long; any thread; no I/O.
std::vector<Finding> prove(const definition::ProjectPointer& project, const Options& options = {});

// What stands in the way of deploying the project: an error for each counter-example, a warning for each unknown, at
// the place of the invariant. With limits that a check can wait for.
definition::Problems problems_of(const definition::ProjectPointer& project);

// "policies/port.yaml:12:5: ..." in one or several lines, as commands print it.
std::string text_of(const Finding& finding);
Value to_value(const Finding& finding);

}  // namespace gantry::prove
