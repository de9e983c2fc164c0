// What an operator says of tasks that are called otherwise in another version.
#include <fmt/format.h>

#include "engine/interpreter_plan.h"
#include "engine/migration.h"
#include "value/pointer.h"

namespace gantry::engine {
namespace {

constexpr std::size_t name_bytes_max = 200;

Error wrong_mapping(std::string_view pointer, std::string_view what) {
  return {Code::invalid_argument, fmt::format("mapping: {}: {}", pointer, what)};
}

const definition::Task* find_task(const definition::Workflow& workflow, std::string_view reference) {
  const definition::Task* found = nullptr;
  visit_tasks(workflow.tasks, [&](const definition::Task& task) {
    if (task.reference == reference && found == nullptr) found = &task;
  });
  return found;
}

Status read_tasks(const Value& tasks, MigrationMapping& mapping) {
  if (!tasks.is_object()) return wrong_mapping("/tasks", "expected references of the old version, each with one of the new version");
  if (tasks.size() > mapping_tasks_max)
    return wrong_mapping("/tasks", fmt::format("{} entries; at most {}", tasks.size(), mapping_tasks_max));
  for (const Member& member : tasks.members()) {
    const std::string key(member.key.view());
    const bool is_reference = key.starts_with('/') && member.value.is_string() && member.value.as_string().starts_with('/');
    if (!is_reference)
      return wrong_mapping("/tasks/" + pointer_token(key), "expected a reference such as /do/2/pay on both sides");
    mapping.tasks[key] = member.value.as_string();
  }
  return done();
}

}  // namespace

Result<MigrationMapping> mapping_from(const Value& value) {
  MigrationMapping mapping;
  if (value.is_null()) return mapping;
  if (!value.is_object()) return wrong_mapping("/", "expected an object with mapping, tasks and context");
  for (const Member& member : value.members())
    if (const auto key = member.key.view(); key != "mapping" && key != "tasks" && key != "context")
      return wrong_mapping("/" + pointer_token(key), "there is no such key; expected mapping, tasks or context");
  const Value* name = value.find("mapping");
  if (name == nullptr || !name->is_string() || name->as_string().empty() || name->as_string().size() > name_bytes_max)
    return wrong_mapping("/mapping", fmt::format("expected its name, text of 1 to {} bytes", name_bytes_max));
  mapping.name = name->as_string();
  if (const Value* tasks = value.find("tasks")) TRY(read_tasks(*tasks, mapping));
  const Value* context = value.find("context");
  if (context == nullptr) return mapping;
  if (!context->is_string()) return wrong_mapping("/context", "expected text: a jq program");
  mapping.context = context->as_string();
  auto program = expression::compile(mapping.context);
  if (const auto* error = std::get_if<expression::CompileError>(&program))
    return wrong_mapping("/context", fmt::format("at byte {}: {}", error->offset, error->message));
  mapping.program = std::get<expression::ProgramPointer>(std::move(program));
  return mapping;
}

Value to_value(const MigrationMapping& mapping) {
  if (mapping.empty()) return {};
  std::vector<Member> tasks;
  for (const auto& [from, to] : mapping.tasks) tasks.push_back({Text(from), Value(to)});
  Value value = Value::object({{"mapping", mapping.name}, {"tasks", Value::object(std::move(tasks))}});
  return mapping.program ? std::move(value).with_member("context", mapping.context) : value;
}

Status check_mapping(const MigrationMapping& mapping, const definition::Workflow& from, const definition::Workflow& to) {
  for (const auto& [key, target] : mapping.tasks) {
    const std::string place = "/tasks/" + pointer_token(key);
    if (key == "/" || target == "/") {
      if (key == target) continue;
      return wrong_mapping(place, "the workflow itself, \"/\", stands for itself only");
    }
    const definition::Task* old = find_task(from, key);
    if (old == nullptr) return wrong_mapping(place, fmt::format("{} has no task {}", from.name.text(), key));
    const definition::Task* next = find_task(to, target);
    if (next == nullptr) return wrong_mapping(place, fmt::format("{} has no task {}", to.name.text(), target));
    if (old->body.index() != next->body.index())
      return wrong_mapping(place, fmt::format("{} is a task of another kind ({}) than {} ({})", target, next->kind_name(),
                                              key, old->kind_name()));
  }
  return done();
}

}  // namespace gantry::engine
