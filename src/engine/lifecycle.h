// The standard's lifecycle events: who wants them. They are made only for types that somebody wants, so that they cost
// nothing where nobody does.
#pragma once

#include <string_view>

namespace gantry::engine {

class EventIndex;
class Schedules;

// Kinds of lifecycle events, for the journal.
struct Lifecycle {
  bool workflow = false;  // io.serverlessworkflow.workflow.*
  bool task = false;      // io.serverlessworkflow.task.*
  bool status = false;    // the two status-changed
  bool any() const { return workflow || task || status; }
};

struct LifecycleAudience {
  Lifecycle recorded;
  const EventIndex& listening;
  const Schedules& schedules;

  bool anybody() const;
  bool records(std::string_view type) const;
  bool wants(std::string_view type) const;
};

}  // namespace gantry::engine
