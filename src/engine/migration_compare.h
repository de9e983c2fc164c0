// Whether a task is still the same in another version, as far as it has been decided for a frame of a state. Pure.
#pragma once

#include <optional>
#include <string>

#include "engine/definitions.h"
#include "engine/state.h"

namespace gantry::engine {

struct TaskDifference {
  std::string reason;       // a sentence
  bool can_stand = false;   // a mapping may say that what was decided stands
};

// `next` is of the same kind as the frame's task, which is of `from`; both null for the workflow itself.
std::optional<TaskDifference> difference_of(const Frame& frame, const definition::Task* next, const Definitions& from,
                                            const Definitions& to);

// Why the data that was checked on the way in would not be let in there; empty when it would.
std::string misfit_of_input(const Frame& frame, const definition::Task* next, const Definitions& to);
// The same of $context: it has to fit what one of the tasks that set it says of it. Empty when no task says, too.
std::string misfit_of_context(const Value& context, const Definitions& to);

}  // namespace gantry::engine
