// What a policy's condition sees: facts that the engine kept about one effect. Private to the gate.
#pragma once

#include "definition/principal.h"
#include "definition/project.h"
#include "gate/run_facts.h"
#include "tool/effect.h"

namespace gantry::gate {

// {principal: {person, roles}, workflow: {namespace, name, version}, task, tool, operation,
//  effect: {id, instance, class, irreversible, arguments}, args,
//  labels: {integrity, secrecy, sources, compartments, arguments: {NAME: {integrity, ...}}},
//  provenance: {NAME: {...}},     see provenance.h; only where a policy asks for it
//  context: {integrity, secrecy, sources, compartments}, authority: [NAME...], audience: {clearance, named},
//  lists: [NAME...]}
// `labels` is the join over all arguments; `labels.arguments` has each argument's own; `args` is effect.arguments.
Value facts_of(const tool::Effect& effect, const definition::Operation& operation,
               definition::EffectClass effect_class, const definition::Principal& requester,
               const definition::Project& policies, const RunFacts& run);

}  // namespace gantry::gate
