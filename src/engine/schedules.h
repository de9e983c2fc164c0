// What starts instances by itself: the schedules of the newest project. Like all that the engine remembers it is a fold
// of events, of those of the installation: project_deployed says since when a schedule is in force, schedule_set when
// `after` is due, schedule_event what `on` has collected. One thread.
//
// Only the newest version of a workflow is scheduled. A schedule is known by "NAMESPACE/NAME:VERSION"; deploying a project
// that has the same version goes on with it, any other deployment ends it.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "definition/project.h"
#include "engine/event_index.h"
#include "engine/event_match.h"
#include "engine/timer_queue.h"
#include "journal/event.h"

namespace gantry::engine {

struct ScheduleLimits {
  std::size_t collections_max = 1'000;      // of one schedule, begun and not complete; then the oldest is dropped
  std::size_t collected_max = 10'000;       // events in one; then it starts an instance as it is
  std::size_t collected_bytes = 16u << 20;  // of these, written as JSON
};

class Schedules {
 public:
  explicit Schedules(const ScheduleLimits& limits = {}) : limits_(limits) {}

  // What an instance is to be started for.
  struct Due {
    std::string schedule;
    const char* trigger = "";  // every, cron, after
    std::shared_ptr<const definition::Workflow> workflow;
    Timestamp at{};
  };
  // Events of `on`, complete: in the order in which they came.
  struct Collected {
    std::string schedule;
    std::shared_ptr<const definition::Workflow> workflow;
    std::uint64_t collection = 0;
    bool is_recorded = false;  // earlier events of it are in the journal
    std::vector<Value> events;
    Value principal;  // who sent the last of them
    std::vector<std::string> senders;  // the people who sent the others, each once
  };

  // --- The fold
  // {"NAMESPACE/NAME:VERSION": since} of the project's schedules, for project_deployed.
  Value in_force(const definition::Project& project, Timestamp now) const;
  Status deploy(const Value& in_force);
  Status fold(const journal::Event& event);
  // The definitions of what is in force. The project is the newest one.
  void bind(const definition::Project& project);
  Value serialise() const;
  Status read(const Value& stored);

  // --- Time. A timer's name is "TRIGGER SCHEDULE", or "on NUMBER SCHEDULE" for a collection that is to be started.
  std::vector<TimerKey> timers(Timestamp now) const;
  // The latest time that is due, if there is any: those before it that were missed are not made up for.
  std::optional<Due> due(const std::string& timer, Timestamp now) const;
  std::optional<TimerKey> next(const std::string& timer, Timestamp now) const;
  // Data of schedule_set: when the next instance of `after` is due, as the one before has just ended.
  std::optional<Value> again(const std::string& schedule, Timestamp now) const;
  std::optional<Collected> ready(const std::string& timer) const;

  // --- Events
  // Data of schedule_event for what the event begins or adds to; and what it completes.
  struct Taken {
    std::vector<Value> changes;
    std::vector<Collected> complete;
  };
  // `named_only`: by those schedules only whose filters name the event's type.
  Taken take(const Value& event, const Value& principal, bool named_only, Timestamp now) const;
  bool names_lifecycle() const { return listening_.names_lifecycle(); }
  bool names(std::string_view type) const { return !listening_.naming(type).empty(); }
  // Data of schedule_event: the collection is complete and waits to be started; it has been started.
  static Value kept(const Collected& collected);
  static Value started(const Collected& collected);
  static TimerKey timer_of(const Collected& collected, Timestamp due);

  // For people: [{schedule, workflow, since, every?, cron?, after?, on?, next?, collecting?}]
  Value describe(Timestamp now) const;

 private:
  struct Collection {
    ConsumptionProgress progress;
    std::vector<Value> events;
    std::size_t bytes = 0;
    bool is_ready = false;
    Value principal;
    std::vector<std::string> senders;
    void add_sender(std::string person);
  };
  struct State {
    Timestamp since{};
    std::optional<Timestamp> after_due;
    std::map<std::uint64_t, Collection> collections;  // by number, so the oldest is first
    std::uint64_t last_collection = 0;
  };

  struct Step {
    engine::Taken taken = engine::Taken::no;
    Collection collection;
    bool is_complete = false;
  };
  const definition::Schedule* schedule_of(const std::string& name) const;
  Step step(const definition::Schedule& schedule, Collection collection, const Value& event, Timestamp now) const;
  void take_for(const std::string& name, const Value& event, const Value& principal, Timestamp now,
                Taken& result) const;
  std::optional<Timestamp> latest(const std::string& name, std::string_view trigger, Timestamp now) const;
  std::optional<Timestamp> following(const std::string& name, std::string_view trigger, Timestamp now) const;

  ScheduleLimits limits_;
  std::map<std::string, State> states_;
  std::map<std::string, std::shared_ptr<const definition::Workflow>> workflows_;
  EventIndex listening_;
};

}  // namespace gantry::engine
