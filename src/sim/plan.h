// A project made at random, and what is true of it: the ground on which a run is judged, apart from the engine's own
// judgement.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "definition/principal.h"
#include "definition/project.h"
#include "sim/dice.h"

namespace gantry::sim {

// The people of every simulation, and the roles that they hold.
const std::vector<definition::Principal>& people();

// What the policies say of an operation of the tool `yard`, as they were made.
struct Rule {
  enum class Says { nothing, allow, deny, approve, ladder } says = Says::nothing;
  // ladder: up to `allowed_to` of the argument `n` it is allowed, above `denied_above` denied, between people are
  // asked.
  std::int64_t allowed_to = 0, denied_above = 0;
  std::map<std::string, std::size_t> approvers;  // role -> different people
  bool requester_excluded = true;
};

struct Plan {
  definition::ProjectPointer project;
  std::map<std::string, Rule> rules;     // by operation
  std::optional<std::size_t> posts_max;  // permits of yard.post of one instance that were not given back
  bool guests_denied = false;            // whoever has the role `guest` gets nothing but reads
  std::vector<std::string> workflows;    // names, in the namespace `sim`
  std::vector<std::string> event_types;  // that somebody may listen for
};

enum class Idempotency { none, key, read_back };
Idempotency idempotency_of(std::string_view operation);

struct PlanOptions {
  std::size_t version = 1;  // of all workflows: 1.VERSION.0
  bool schedules = true;    // false: nothing starts by itself
};
// The same dice give the same plan.
Plan make_plan(Dice& dice, const PlanOptions& options);

}  // namespace gantry::sim
