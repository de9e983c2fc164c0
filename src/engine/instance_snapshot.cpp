// The record as text, to shorten recovery, and back.
#include <fmt/format.h>

#include "base/planted.h"
#include "engine/instance_record.h"
#include "value/stored.h"

namespace gantry::engine {
namespace {

Value map_to_value(const std::map<std::string, Timestamp>& timers) {
  std::vector<Member> members;
  for (const auto& [name, due] : timers) members.push_back({Text(name), Value(format_timestamp(due))});
  return Value::object(std::move(members));
}

}  // namespace

std::string InstanceRecord::serialise() const {
  std::vector<Value> effects, tasks, children, held;
  for (const auto& [id, effect] : effects_) effects.push_back(to_value(effect));
  for (const auto& [id, task] : tasks_) tasks.push_back(to_value(task));
  for (const auto& [id, child] : children_) children.push_back(child);
  for (const Input& input : held_)
    held.push_back(Value::object({{"type", journal::name_of(input.type)}, {"data", input.data}}));
  return print_stored(Value::object({
      {"format", 2},
      {"sequence", sequence_},
      {"project", project_->digest.hex()},
      {"workflow", to_value(workflow_->name).with_member("digest", workflow_->digest.hex())},
      {"interpreter", state_.serialise()},
      {"principal", to_value(principal_)},
      {"parent", parent_},
      {"depth", depth_},
      {"awaited", awaited_},
      {"effects", Value::array(std::move(effects))},
      {"tasks", Value::array(std::move(tasks))},
      {"timers", map_to_value(timers_)},
      {"children", Value::array(std::move(children))},
      {"lastTask", last_task_number_},
      {"continuePending", continue_pending_},
      {"known", known_.to_value()},
      {"past", past_.to_value()},
      {"context", Value().labelled(context_)},
      {"quarantinedBefore", static_cast<std::int64_t>(quarantined_before_)},
      {"failed", failure_.has_value()},
      {"failure", failure_.value_or(Value())},
      {"schedule", schedule_},
      {"suspended", suspended_},
      {"run", run_},
      {"above", to_value(above_)},
      {"askers", to_value(askers_)},
      {"before", before_value()},
      {"held", Value::array(std::move(held))},
  }));
}

Result<std::unique_ptr<InstanceRecord>> InstanceRecord::parse(std::string_view text, std::string id,
                                                              definition::ProjectPointer project,
                                                              std::shared_ptr<const definition::Workflow> workflow,
                                                              Interpreter interpreter,
                                                              DefinitionSource& definitions) {
  const Value stored = TRY(parse_stored(text));
  if (stored.integer_or("format", 0) != 2) {
    return Error{Code::conflict,
                 fmt::format("snapshot of instance {}: format {}, expected 2", id, stored.integer_or("format", 0))};
  }
  auto record = std::make_unique<InstanceRecord>(std::move(id), std::move(project), workflow, std::move(interpreter));
  const std::string state = TRY(text_from(stored, "interpreter"));
  record->state_ = TRY(InstanceState::parse(state, *workflow));
  record->sequence_ = static_cast<std::uint64_t>(stored.integer_or("sequence", 0));
  record->principal_ = TRY(principal_from(stored.member("principal")));
  record->parent_ = TRY(text_from(stored, "parent"));
  record->depth_ = static_cast<std::size_t>(std::max<std::int64_t>(stored.integer_or("depth", 0), 0));
  record->awaited_ = stored.boolean_or("awaited", false);
  const Value effects = stored.member("effects");
  const Value tasks = stored.member("tasks");
  const Value timers = stored.member("timers");
  const Value children = stored.member("children");
  if (!effects.is_array() || !tasks.is_array() || !timers.is_object() || !children.is_array())
    return Error{Code::internal, fmt::format("snapshot of instance {}: a part is missing", record->id_)};
  for (const Value& item : effects.items()) {
    EffectRecord effect = TRY(effect_record_from(item));
    if (item.find("project") != nullptr) {
      const std::string asked_under = TRY(text_from(item, "project"));
      effect.asked_under = TRY(definitions.project(asked_under));
    }
    std::string key = effect.effect->id;
    record->effects_[std::move(key)] = std::move(effect);
  }
  for (const Value& item : tasks.items()) {
    HumanTask task = TRY(human_task_from(item));
    std::string key = task.id;
    record->tasks_[std::move(key)] = std::move(task);
  }
  for (const Member& timer : timers.members()) {
    if (GANTRY_PLANTED(forgets_timers_in_snapshots)) break;
    const Timestamp due = TRY(timestamp_from(timers, timer.key.view()));
    record->timers_[std::string(timer.key.view())] = due;
  }
  for (const Value& child : children.items()) record->children_[std::string(child.string_or("child", ""))] = child;
  record->last_task_number_ = static_cast<std::uint64_t>(stored.integer_or("lastTask", 0));
  record->known_ = TRY(gate::KnownValues::from_value(stored.member("known")));
  record->past_ = TRY(gate::RunPast::from_value(stored.member("past")));
  record->context_ = stored.member("context").label();
  record->quarantined_before_ =
      static_cast<std::uint64_t>(std::max<std::int64_t>(stored.integer_or("quarantinedBefore", 0), 0));
  record->continue_pending_ = stored.boolean_or("continuePending", false);
  if (stored.boolean_or("failed", false)) record->failure_ = stored.member("failure");
  record->schedule_ = stored.string_or("schedule", "");
  record->suspended_ = stored.boolean_or("suspended", false);
  record->run_ = stored.string_or("run", "");
  TRY(record->read_lineage(stored));
  TRY(record->read_before(stored.member("before"), definitions));
  const Value held = stored.member("held");
  for (const Value& input : held.is_array() ? held.items() : std::vector<Value>{}) {
    const auto type = TRY(journal::parse_event_type(input.string_or("type", "")));
    record->held_.push_back({type, input.member("data")});
  }
  return record;
}

}  // namespace gantry::engine
