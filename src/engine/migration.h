// Moving a running instance to another version of its workflow: what its state becomes there, or why it can't. Pure.
//
// A state can move when each task that it is in is there, too: under the same reference and of the same kind, in the list
// in which the state needs it, with the same variables in scope, and the same in all that has been decided of it already
// (docs/reference/migrate.md lists that for each kind). What is still to come may differ. A mapping says which task stands
// for another, and that what was decided of a task stands although it is another there.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/definitions.h"
#include "engine/interpreter.h"
#include "expression/expression.h"

namespace gantry::engine {

struct MigrationMapping {
  std::string name;
  // Reference in the old version -> in the new one. An entry of a task that holds others stands for these, too. "/" is the
  // workflow itself.
  std::map<std::string, std::string> tasks;
  std::string context;                  // jq; `.` is $context, and what it gives the new one; empty: it stays
  expression::ProgramPointer program = {};  // of `context`; null when that is empty
  std::string by = {};  // who migrates: the program's values are this person's; not part of the file

  bool empty() const { return tasks.empty() && !program; }
};
inline constexpr std::size_t mapping_tasks_max = 1'000;

// From {mapping: NAME, tasks?: {OLD: NEW}, context?: JQ}; null gives an empty one. Errors: invalid_argument with the pointer.
Result<MigrationMapping> mapping_from(const Value& value);
Value to_value(const MigrationMapping& mapping);  // null when it is empty
// Errors: invalid_argument when it names a task that there is not, or one for another of another kind.
Status check_mapping(const MigrationMapping& mapping, const definition::Workflow& from, const definition::Workflow& to);

// One entry that the mapping has to have.
struct MigrationNeed {
  std::string task;    // reference in the old version, "/" for the workflow; "context" for the program
  std::string reason;  // a sentence
  std::string target;  // reference in the new version: what the mapping says, else the nearest
  bool given = false;  // the mapping says so
};
struct MigrationFit {
  enum class Kind { compatible, convertible, stuck } kind = Kind::compatible;
  std::vector<MigrationNeed> needs;  // convertible
  std::string task, reason;          // stuck: the task, and a sentence
  bool movable() const;
};
const char* name_of(MigrationFit::Kind kind);
Value to_value(const MigrationFit& fit);  // {class, movable, task?, reason?, needs?: [{task, target, reason, given}]}

struct MovedState {
  MigrationFit fit;
  std::optional<InstanceState> state;  // when it is movable
};
// `state` must be running; it stays as it is. `now` is for the mapping's program. The same arguments give the same bytes.
MovedState move_state(const InstanceState& state, const Definitions& from, const Definitions& to,
                      const MigrationMapping& mapping, const InterpreterLimits& limits, Timestamp now);

}  // namespace gantry::engine
