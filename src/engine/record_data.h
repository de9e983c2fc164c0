// The JSON forms, in events and snapshots, of what a record of an instance is made of. Reading checks everything:
// what is in the store may have been written by another version, or damaged.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "definition/principal.h"
#include "definition/project.h"
#include "engine/steady_clock.h"
#include "gate/approval.h"
#include "journal/event.h"
#include "tool/effect.h"

namespace gantry::engine {

Value to_value(const definition::Principal& principal);  // {person, roles}
Result<definition::Principal> principal_from(const Value& value);
Value to_value(const definition::WorkflowName& name);  // {namespace, name, version}
Value to_value(const std::vector<std::string>& texts);
Result<std::vector<std::string>> texts_from(const Value& value, std::string_view what);
Result<std::string> text_from(const Value& object, std::string_view key);
Result<Timestamp> timestamp_from(const Value& object, std::string_view key);

// Whether the instance runs under other definitions after it.
inline bool is_migration(journal::EventType type) {
  return type == journal::EventType::instance_migrated || type == journal::EventType::migration_undone;
}

// What an instance is pinned to, as instance_started and snapshots say it.
struct Pin {
  std::string project;  // digest
  definition::WorkflowName workflow;
  std::string workflow_digest;
};
Result<Pin> pin_from(const Value& value);

// Where one effect stands, from the moment the gate has said yes or "ask people" until its answer is journaled.
struct EffectRecord {
  enum class State {
    proposed,   // people are asked
    permitted,  // the intent is durable; it is being sent, or waits for a free worker
    ambiguous,  // sent, and nobody knows whether it took place
  };
  tool::SharedEffect effect;
  State state = State::proposed;
  Value verdict;             // that let it through, or asked for people
  Value intent;              // data of effect_permitted; null before
  int attempts = 0;          // times it was sent
  int read_backs = 0;        // times the other system was asked whether it took place
  std::string read_back_of;  // this effect is such a question, about that one
  std::string human_task;    // open, kind approval or resolution
  std::string reason;        // why it is ambiguous
  bool uncertain = false;    // an earlier attempt may have taken place
  bool not_sent = false;     // permitted, but the server stopped before a worker was free
  bool abandoned = false;    // the workflow no longer waits for it
  // The definitions that it was asked under; null: those that the instance runs under now.
  definition::ProjectPointer asked_under = nullptr;
  // In memory only, by the clock that nobody sets; after a restart they count from then.
  std::optional<SteadyTime> doubted_since;  // the last call was sent before that
  std::optional<SteadyTime> asked_since;    // of a question: the call was sent after that
  std::optional<SteadyTime> settles;        // a "no" counts only if it was asked for after that
};
Value to_value(const EffectRecord& record);
// All but times in memory, and `asked_under`, which is the digest under "project" where there is one.
Result<EffectRecord> effect_record_from(const Value& value);

// An open item in somebody's inbox.
struct HumanTask {
  enum class Kind { approval, decision, resolution };
  std::string id;
  Kind kind = Kind::decision;
  std::string effect;                      // for approval and resolution; empty: the workflow's own call: approval
  std::optional<gate::Approval> approval;  // for approval
  std::vector<std::string> roles;          // for the others: any one of them; empty: everybody
  Value answer_schema;
  std::string asked_by;  // the task of the workflow, for its own call: approval
  std::string risk;  // of an effect's approval: equal for tasks whose approval means the same
};
const char* name_of(HumanTask::Kind kind);
// From the data of task_created.
Result<HumanTask> human_task_from_event(const Value& data);
Value to_value(const HumanTask& task);
Result<HumanTask> human_task_from(const Value& value);

}  // namespace gantry::engine
