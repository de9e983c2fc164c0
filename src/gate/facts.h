// What a policy's condition sees: facts that the engine kept about one effect. Private to the gate.
#pragma once

#include "definition/principal.h"
#include "tool/effect.h"

namespace gantry::gate {

// {principal: {person, roles}, workflow: {namespace, name, version}, task, tool, operation,
//  effect: {id, instance, class, irreversible, arguments},
//  labels: {integrity, secrecy, sources, compartments, arguments: {NAME: {integrity, ...}}}, context: {}}
// `labels` is the join over all arguments; `labels.arguments` has each argument's own.
Value facts_of(const tool::Effect& effect, definition::EffectClass effect_class,
               const definition::Principal& requester);

}  // namespace gantry::gate
