// Going on under another version of the workflow, and back.
#include <fmt/format.h>

#include "engine/instance_record.h"
#include "value/stored.h"

namespace gantry::engine {
namespace {

using journal::EventType;

Value pin_value(const definition::Project& project, const definition::Workflow& workflow) {
  return Value::object({{"workflow", to_value(workflow.name).with_member("digest", workflow.digest.hex())},
                        {"project", project.digest.hex()}});
}

Value migration_data(const std::string& migration, const Definitions& to, Value before, const definition::Principal& by) {
  return pin_value(*to.project, *to.workflow)
      .with_member("migration", migration)
      .with_member("before", std::move(before))
      .with_member("by", to_value(by));
}

}  // namespace

MigrationFit InstanceRecord::examine(const Definitions& to, const MigrationMapping& mapping, Timestamp now) const {
  if (ended()) return {MigrationFit::Kind::stuck, {}, "/", "it has ended"};
  return move_state(state_, {project_, workflow_}, to, mapping, interpreter_.limits(), now).fit;
}

void InstanceRecord::migrate(const Migration& migration, Work& work) {
  Value data = migration_data(migration.id, migration.to, pin_value(*project_, *workflow_), migration.by);
  if (!migration.mapping.empty()) data = std::move(data).with_member("mapping", to_value(migration.mapping));
  arriving_ = {migration.to, migration.interpreter};
  emit(EventType::instance_migrated, std::move(data), work);
}

bool InstanceRecord::can_move_back(const std::string& migration) const {
  return before_ && before_->migration == migration;
}

void InstanceRecord::move_back(const definition::Principal& by, Interpreter interpreter, Work& work) {
  const Before before = *before_;
  arriving_ = {before.definitions, std::move(interpreter)};
  emit(EventType::migration_undone,
       migration_data(before.migration, before.definitions, pin_value(*project_, *workflow_), by), work);
}

Status InstanceRecord::fold_migrated(const journal::Event& event) {
  if (!arriving_) return Error{Code::internal, "where it goes to is not known"};
  const Arrival arrival = *std::exchange(arriving_, std::nullopt);
  const std::string id = TRY(text_from(event.data, "migration"));
  MigrationMapping mapping = TRY(mapping_from(event.data.member("mapping")));
  mapping.by = event.data.member("by").string_or("person", "");
  MovedState moved =
      move_state(state_, {project_, workflow_}, arrival.definitions, mapping, interpreter_.limits(), event.at);
  if (!moved.state)
    return Error{Code::internal, fmt::format("it can't move to {}: {}", arrival.definitions.workflow->name.text(), moved.fit.reason)};
  before_ = Before{id, {project_, workflow_}, state_.serialise(), askers_};
  // What the mapping gives is what its author asks for.
  if (!mapping.empty()) add_asker(mapping.by);
  state_ = *std::move(moved.state);
  go_under(arrival);
  return done();
}

Status InstanceRecord::fold_moved_back(const journal::Event& event) {
  if (!arriving_ || !can_move_back(std::string(event.data.string_or("migration", ""))))
    return Error{Code::internal, "there is no such migration to undo"};
  const Arrival arrival = *std::exchange(arriving_, std::nullopt);
  const Before before = *std::exchange(before_, std::nullopt);
  if (arrival.definitions.workflow->digest != before.definitions.workflow->digest)
    return Error{Code::internal, "it ran under another version before"};
  state_ = TRY(InstanceState::parse(before.state, *arrival.definitions.workflow));
  if (before.askers) askers_ = *before.askers;
  go_under(arrival);
  return done();
}

// What was asked for keeps the definitions that it was asked under, until it is settled.
void InstanceRecord::go_under(const Arrival& arrival) {
  const definition::ProjectPointer now = arrival.definitions.project;
  for (auto& [id, effect] : effects_) {
    const definition::ProjectPointer its = effect.asked_under ? effect.asked_under : project_;
    effect.asked_under = its->digest == now->digest ? nullptr : its;
  }
  project_ = now;
  workflow_ = arrival.definitions.workflow;
  interpreter_ = arrival.interpreter;
  known_.forget_index();
}

const definition::ProjectPointer& InstanceRecord::project_of(const std::string& effect) const {
  const auto found = effects_.find(effect);
  return found != effects_.end() && found->second.asked_under ? found->second.asked_under : project_;
}

gate::RunFacts InstanceRecord::facts_about(const tool::Effect& effect) const {
  if (effect.workflow == workflow_->name) return run_facts();
  const auto its = project_of(effect.id)->find_workflow(effect.workflow.namespace_, effect.workflow.name, effect.workflow.version);
  return {context_, &known_, its ? its.get() : workflow_.get()};
}

Value InstanceRecord::before_value() const {
  if (!before_) return {};
  Value value = pin_value(*before_->definitions.project, *before_->definitions.workflow)
                    .with_member("migration", before_->migration)
                    .with_member("state", before_->state);
  return before_->askers ? std::move(value).with_member("askers", to_value(*before_->askers)) : value;
}

Status InstanceRecord::read_before(const Value& stored, DefinitionSource& definitions) {
  if (stored.is_null()) return done();
  Before before;
  before.migration = TRY(text_from(stored, "migration"));
  before.state = TRY(text_from(stored, "state"));
  if (stored.find("askers") != nullptr) before.askers = TRY(texts_from(stored.member("askers"), "askers"));
  before.definitions = TRY(find_definitions(definitions, id_, stored));
  before_ = std::move(before);
  return done();
}

}  // namespace gantry::engine
