// One effect with all that the engine would know around it, so that the gate can be asked about it as in a run: by the
// cases of a policy, by the attacker, and over recorded effects. Plain data; one thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gate/gate.h"
#include "gate/invariants.h"
#include "gate/known_values.h"

namespace gantry::trial {

struct Situation {
  tool::Effect effect;  // class, irreversible and digest are filled in by judge()
  definition::Principal requester;
  Timestamp at{};
  std::string run, author, stopped;                      // as in gate::Circumstances
  Label context;                                         // of what the run has read, beside `known`
  std::shared_ptr<const gate::KnownValues> known;        // null: nothing
  std::shared_ptr<const definition::Workflow> workflow;  // whose literals count as its author's; null: none
  std::map<std::string, double>
      spent;  // by "policy/budget", or "policy/invariant" that counts; 0 for those that are not in it
  // What the run has done, for the invariants; null: the calls whose results are in `known`.
  std::shared_ptr<const gate::RunPast> past;
  std::vector<std::string>
      excused;  // "policy/invariant": those that the past is known to excuse the effect from, beside that
};

// "policy/budget", and "policy/invariant" for a count of an invariant: the key of `spent`.
std::string spent_name(const std::string& budget);

// What the gate is told beside the effect. Valid as long as the situation.
gate::Circumstances circumstances_of(const Situation& situation, const definition::Project& policies);

// Fills in what follows from the definitions. An operation that they don't have stays as it is: the gate denies it.
void complete(Situation& situation, const definition::Project& definitions);

// `situation` is complete.
gate::Verdict judge(const definition::Project& policies, const definition::Project& definitions,
                    const Situation& situation, gate::Explained explained = gate::Explained::no);

// "approve: 1 of finance, 1 of duty_manager" or "deny"; who must agree, for people.
std::string text_of(const gate::Verdict& verdict);
std::string text_of(const std::vector<definition::ApproverRequirement>& approvers);

}  // namespace gantry::trial
