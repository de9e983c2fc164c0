#include "engine/event_index.h"

#include <algorithm>

namespace gantry::engine {

void EventIndex::set(const std::string& listener, const std::vector<const definition::EventConsumption*>& wanted) {
  const auto known = types_of_.find(listener);
  if (known == types_of_.end() && wanted.empty()) return;
  Wanted now;
  for (const definition::EventConsumption* consumption : wanted) {
    consumption->visit_types([&now](const std::string* type) {
      if (type != nullptr) now.types.insert(*type);
      now.any_type = now.any_type || type == nullptr;
    });
  }
  if (known != types_of_.end()) {
    if (known->second == now) return;
    remove(listener, known->second);
    types_of_.erase(known);
  }
  if (wanted.empty()) return;
  for (const std::string& type : now.types) {
    std::set<std::string>& listeners = by_type_[type];
    if (listeners.empty() && definition::is_lifecycle_type(type)) ++lifecycle_;
    listeners.insert(listener);
  }
  if (now.any_type) of_any_type_.insert(listener);
  types_of_.emplace(listener, std::move(now));
}

void EventIndex::remove(const std::string& listener, const Wanted& wanted) {
  for (const std::string& type : wanted.types) {
    const auto found = by_type_.find(type);
    found->second.erase(listener);
    if (!found->second.empty()) continue;
    by_type_.erase(found);
    if (definition::is_lifecycle_type(type)) --lifecycle_;
  }
  if (wanted.any_type) of_any_type_.erase(listener);
}

std::vector<std::string> EventIndex::naming(std::string_view type) const {
  const auto found = by_type_.find(std::string(type));
  if (found == by_type_.end()) return {};
  return {found->second.begin(), found->second.end()};
}

std::vector<std::string> EventIndex::candidates(std::string_view type) const {
  std::vector<std::string> found;
  const auto of_type = by_type_.find(std::string(type));
  if (of_type == by_type_.end()) return {of_any_type_.begin(), of_any_type_.end()};
  std::set_union(of_type->second.begin(), of_type->second.end(), of_any_type_.begin(), of_any_type_.end(),
                 std::back_inserter(found));
  return found;
}

}  // namespace gantry::engine
