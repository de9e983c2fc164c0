// What a policy's condition sees: facts that the engine kept about one effect. Private to the gate.
#pragma once

#include "definition/principal.h"
#include "definition/project.h"
#include "gate/run_facts.h"
#include "gate/gate.h"
#include "tool/effect.h"

namespace gantry::gate {

// {principal: {person, roles}, workflow: {namespace, name, version, author}, run, task, tool, operation, args,
//  effect: {id, instance, class, irreversible, arguments},
//  labels: {integrity, secrecy, sources, compartments, arguments: {NAME: {integrity, ...}}},
//  provenance: {NAME: {...}},     see provenance.h; only where a policy asks for it, or with_provenance
//  context: {integrity, secrecy, sources, compartments}, authority: [NAME...], audience: {clearance, named},
//  budget: {"POLICY/BUDGET": {spent, max, left}}, lists: {LIST: {KEY: record}}}
// `labels` is the join over all arguments; `labels.arguments` has each argument's own; `args` is effect.arguments. What is
// not known (an author, say) is absent.
//
// `wanted`: only these are made. Provenance always is where a policy asks for it, since explanations show it.
Value facts_of(const tool::Effect& effect, const definition::Operation& operation,
               const definition::Principal& requester, const definition::Project& policies,
               const Circumstances& circumstances, Value budgets, const Value& lists,
               definition::FactSet wanted = definition::FactSet().set());

// The facts with the provenance of all arguments, for people who are asked.
Value with_provenance(Value facts, const tool::Effect& effect, const definition::Operation& operation,
                      const definition::Project& policies, const RunFacts& known);

const Value& no_members();  // {}

// {NAME: {integrity, secrecy, sources, compartments}} of each argument; with `only_marked` of those about which anything
// is known: the others are trusted and public, and come from the workflow itself.
Value labels_of_arguments(const Value& arguments, bool only_marked);

}  // namespace gantry::gate
