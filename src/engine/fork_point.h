// Where an instance stood right before one of its tasks: what another instance needs to go on from there. Pure.
#pragma once

#include <span>
#include <string>

#include "engine/definitions.h"
#include "engine/interpreter.h"

namespace gantry::engine {

struct ForkPoint {
  std::string task;  // reference
  Definitions definitions;  // that the instance ran under then
  // For the member `continues` of instance_started: {instance, task, state}, `sequence` of the event after which the task
  // was about to start, and what InstanceRecord::carried() says: what the gate keeps of the run, so that nothing becomes cleaner, and no budget
  // larger, by beginning anew.
  Value continues;
};

// `events` are all of the instance. `task` is a reference ("/do/2/pay"), or a name that only one task has; empty: the
// one that faulted the instance, or what of the main line it is in. Errors: not_found when there is no such task, or it
// never started; invalid_argument when it is within a `fork` or the `foreach` of a `listen`, or none is named and
// none faulted.
Result<ForkPoint> find_fork_point(std::span<const journal::Event> events, DefinitionSource& source,
                                  const std::string& task, const InterpreterLimits& limits);

}  // namespace gantry::engine
