// Who listens, by the type of event, so that an event reaches its listeners without a walk over all instances.
// One thread.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "definition/workflow.h"

namespace gantry::engine {

class EventIndex {
 public:
  // What this listener listens to from now on; nothing: it no longer listens.
  void set(const std::string& listener, const std::vector<const definition::EventConsumption*>& wanted);

  // Those that may want an event of this type: sorted, each once. Whether they do is for their filters to say.
  std::vector<std::string> candidates(std::string_view type) const;
  // Only those that name the type.
  std::vector<std::string> naming(std::string_view type) const;

  std::size_t listeners() const { return types_of_.size(); }
  bool names_lifecycle() const { return lifecycle_ > 0; }  // somebody names a type of lifecycle events

 private:
  struct Wanted {
    std::set<std::string> types;
    bool any_type = false;
    bool operator==(const Wanted&) const = default;
  };
  void remove(const std::string& listener, const Wanted& wanted);

  std::unordered_map<std::string, Wanted> types_of_;
  std::unordered_map<std::string, std::set<std::string>> by_type_;
  std::set<std::string> of_any_type_;
  std::size_t lifecycle_ = 0;  // of the keys of by_type_, those that are types of lifecycle events
};

}  // namespace gantry::engine
