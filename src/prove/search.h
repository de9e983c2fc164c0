// Looks at all states that can follow the start of a workflow, until none is new, a limit is reached, or the invariant
// is broken often enough to have candidates for a counter-example.
#pragma once

#include "prove/machine.h"
#include "prove/prove.h"

namespace gantry::prove {

struct SearchResult {
  std::vector<Breach> breaches;
  std::string not_followed;  // not empty: not everything was looked at, and why
  std::size_t states = 0;
};

SearchResult search(Machine& machine, Terms& terms, const definition::Workflow& workflow, const Options& options);

}  // namespace gantry::prove
