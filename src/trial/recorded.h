// The effects that a journal holds, each with what the engine knew when the gate was asked: so that other policies can
// be asked about the same, and attacks made from within runs that took place. Reads only.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "journal/query.h"
#include "journal/store.h"
#include "trial/situation.h"

namespace gantry::trial {

struct RecordedEffect {
  std::string instance;
  std::uint64_t sequence = 0;              // of the event with the verdict
  Situation situation;                     // `known` is valid during the call only
  gate::Verdict verdict;                   // as it was recorded
  definition::ProjectPointer definitions;  // that the instance is pinned to
  bool permitted = false;                  // it was permitted with this event
  bool is_last = false;                    // of its instance
};

struct RecordedRuns {
  std::size_t instances = 0, effects = 0;
  std::vector<std::string> left_out;  // "INSTANCE: why", of those whose content was erased or can't be read any more
};

// Calls `look` for every recorded verdict about an effect, instance by instance in the order in which they were
// started, or of `instance` alone. At most `instances_max`; more are left out, and said to be. Errors: those of the
// store; not_found for an instance that there is not.
Result<RecordedRuns> each_recorded_effect(journal::Store& store, journal::Query& query, const std::string& instance,
                                          const std::function<void(const RecordedEffect&)>& look,
                                          std::size_t instances_max = 10'000);

}  // namespace gantry::trial
