// What the journal has acknowledged, kept apart from it: whatever happens to the engine and its disk, this stays. And a
// plain reading of it, made without the engine's code, for those who act on it and those who judge by it.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "journal/store.h"

namespace gantry::sim {

struct OpenTask {
  std::string id, instance;
  Value created;             // data of task_created
  std::vector<Value> votes;  // data of task_voted, with `at`
};

struct RecordedInstance {
  std::vector<journal::Event> events;
  bool ended = false, suspended = false;
};

class History {
 public:
  void add(const journal::Event& event);

  // "" is the installation.
  const std::map<std::string, RecordedInstance>& instances() const { return instances_; }
  const RecordedInstance* find(const std::string& instance) const;
  // By id, those that are open.
  const std::map<std::string, OpenTask>& open_tasks() const { return open_tasks_; }
  // The last event of the type, or null. `matching`: of those whose `key` is this text.
  const journal::Event* last(const std::string& instance, journal::EventType type, std::string_view key = {},
                             std::string_view matching = {}) const;
  std::size_t events() const { return events_; }
  // Instances of workflows of the simulation that have not ended.
  std::vector<std::string> running() const;
  std::set<std::string> stops() const { return stops_; }  // tools that the gate lets nothing through of

 private:
  std::map<std::string, RecordedInstance> instances_;
  std::map<std::string, OpenTask> open_tasks_;
  std::set<std::string> stops_;
  std::size_t events_ = 0;
};

}  // namespace gantry::sim
