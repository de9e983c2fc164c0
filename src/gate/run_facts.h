// What the engine kept of a run, for the facts about its effects. It says nothing about what a model says of itself.
#pragma once

#include "definition/workflow.h"

namespace gantry::gate {

class KnownValues;

struct RunFacts {
  Label context;                       // the join of the labels of everything that the run has read
  const KnownValues* known = nullptr;  // the values that it was given, with where they come from; null: nothing is known
  const definition::Workflow* workflow = nullptr;  // whose literals count as its author's
};

}  // namespace gantry::gate
