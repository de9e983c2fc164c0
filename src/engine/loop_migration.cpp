// Moving the running instances of a workflow's version to another one: all that can move in one entry of the journal.
#include <fmt/format.h>

#include "engine/loop.h"

namespace gantry::engine {
namespace {

Error not_deployed(const definition::WorkflowName& name) {
  return {Code::not_found, fmt::format("there is no workflow {} among those deployed now", name.text())};
}

// What has happened since, for people.
std::string since(const std::vector<journal::Event>& events, const std::string& migration) {
  for (std::size_t at = 0; at + 1 < events.size(); ++at)
    if (events[at].type == journal::EventType::instance_migrated && events[at].data.string_or("migration", "") == migration)
      return fmt::format("event {} ({}, {})", events[at + 1].sequence, journal::name_of(events[at + 1].type),
                         format_timestamp(events[at + 1].at));
  return "more";
}

}  // namespace

// One that rests is read for the occasion, and leaves again: what it comes to is in the journal.
Result<InstanceRecord*> Engine::Loop::look_at(const std::string& instance, Slot& visitor, Turn& turn) {
  if (Place* place = place_of(instance); place != nullptr) {
    touch(*place, turn);
    return place->second.record.get();
  }
  if (auto stuck = stuck_.find(instance); stuck != stuck_.end())
    return Error{Code::internal, "it can't be rebuilt from its events: " + stuck->second};
  visitor = TRY(load(instance));
  return visitor.record.get();
}

Result<std::optional<MigrationFit>> Engine::Loop::migrate_one(const std::string& instance, const Migration& migration, bool apply, Work& work,
                                               Turn& turn) {
  Slot visitor;
  auto record = look_at(instance, visitor, turn);
  if (!record && record.error().code == Code::unavailable) return record.error();
  if (!record) return std::optional(MigrationFit{MigrationFit::Kind::stuck, {}, "/", record.error().message});
  const Definitions now = (*record)->definitions();
  if (now.project->digest == migration.to.project->digest && now.workflow->name == migration.to.workflow->name)
    return std::optional<MigrationFit>();
  MigrationFit fit = (*record)->examine(migration.to, migration.mapping, work.now);
  if (apply && fit.movable()) (*record)->migrate(migration, work);
  return std::optional(std::move(fit));
}

Result<Migration> Engine::Loop::prepare(const MigrationRequest& request, const Work& work) {
  const definition::WorkflowName from{request.namespace_, request.name, request.from};
  const definition::WorkflowName to{request.namespace_, request.name, request.to};
  MigrationMapping mapping = TRY(mapping_from(request.mapping));
  mapping.by = request.by.person;
  auto workflow = work.policies ? work.policies->find_workflow(to.namespace_, to.name, to.version) : nullptr;
  if (!workflow || workflow->name != to) return not_deployed(to);
  if (!installation_.knows(from))
    return Error{Code::not_found, fmt::format("workflow {} was never deployed", from.text())};
  return Migration{.id = {},
                   .to = {work.policies, workflow},
                   .interpreter = interpreter_for(work.policies, workflow),
                   .mapping = std::move(mapping),
                   .by = request.by};
}

// The mapping is checked against the version that the first of them runs under; all of one version have the same tasks.
Status Engine::Loop::check_mapping_for(const std::string& instance, const Migration& migration, Turn& turn) {
  Slot visitor;
  auto record = look_at(instance, visitor, turn);
  if (!record) return record.error().code == Code::unavailable ? Status(record.error()) : done();
  return check_mapping(migration.mapping, *(*record)->definitions().workflow, *migration.to.workflow);
}

Result<Value> Engine::Loop::handle(const MigrationRequest& request, Work& work, Turn& turn) {
  Migration migration = TRY(prepare(request, work));
  const std::size_t most = options_.migration_instances_max;
  std::vector<std::string> instances =
      TRY(store_.running_under(request.namespace_ + "/" + request.name, request.from, most + 1));
  const bool more = instances.size() > most;
  if (more) instances.pop_back();
  if (!instances.empty()) TRY(check_mapping_for(instances.front(), migration, turn));
  if (request.apply) migration.id = new_id(work.now);
  std::vector<Value> rows;
  std::map<std::string, std::size_t> counts{{"compatible", 0}, {"convertible", 0}, {"stuck", 0}, {"movable", 0}};
  for (const std::string& instance : instances) {
    auto fit = migrate_one(instance, migration, request.apply, work, turn);
    if (!fit) {
      turn.unreadable = fit.error();  // nothing of it counts, for none of them
      return fit.error();
    }
    if (!*fit) continue;  // it is there
    ++counts[name_of((*fit)->kind)];
    if ((*fit)->movable()) ++counts["movable"];
    rows.push_back(to_value(**fit).with_member("instance", instance));
  }
  const bool moved = request.apply && counts["movable"] > 0;
  return Value::object({{"workflow", request.namespace_ + "/" + request.name},
                        {"from", request.from},
                        {"to", request.to},
                        {"migration", moved ? Value(migration.id) : Value()},
                        {"moved", moved ? counts["movable"] : 0},
                        {"compatible", counts["compatible"]},
                        {"convertible", counts["convertible"]},
                        {"stuck", counts["stuck"]},
                        {"movable", counts["movable"]},
                        {"more", more},
                        {"instances", Value::array(std::move(rows))}});
}

Result<std::string> Engine::Loop::move_one_back(const std::string& instance, const UndoMigrationRequest& request,
                                                bool apply, Work& work, Turn& turn) {
  Slot visitor;
  auto looked = look_at(instance, visitor, turn);
  if (!looked && looked.error().code == Code::unavailable) return looked.error();
  if (looked && (*looked)->can_move_back(request.migration)) {
    const Definitions before = (*looked)->before();
    if (apply) (*looked)->move_back(request.by, interpreter_for(before.project, before.workflow), work);
    return std::string();
  }
  const auto events = TRY(store_.events_of(instance, 0));
  return fmt::format("{} has happened to instance {} since", since(events, request.migration), instance);
}

Result<Value> Engine::Loop::handle(const UndoMigrationRequest& request, Work& work, Turn& turn) {
  const std::vector<std::string> instances =
      request.migration.empty() ? std::vector<std::string>{} : TRY(store_.moved_by(request.migration));
  if (instances.empty())
    return Error{Code::not_found, fmt::format("there is no migration {}, or it was undone already", request.migration)};
  std::vector<Value> stay;
  std::string first;
  for (const std::string& instance : instances) {
    const std::string reason = TRY(move_one_back(instance, request, false, work, turn));
    if (reason.empty()) continue;
    if (first.empty()) first = reason;
    stay.push_back(Value::object({{"instance", instance}, {"reason", reason}}));
  }
  if (!stay.empty() && (!request.partly || stay.size() == instances.size()))
    return Error{Code::conflict, fmt::format("{}; {} of the {} instances that it moved can move back, and none was{}", first,
                                             instances.size() - stay.size(), instances.size(),
                                             stay.size() < instances.size() ? " ('partly' moves these)" : "")};
  for (const std::string& instance : instances) {
    auto moved = move_one_back(instance, request, true, work, turn);
    if (moved) continue;
    turn.unreadable = moved.error();
    return moved.error();
  }
  return Value::object({{"migration", request.migration},
                        {"undone", instances.size() - stay.size()},
                        {"stay", Value::array(std::move(stay))}});
}

}  // namespace gantry::engine
