#include "definition/shared_check.h"

#include <fmt/format.h>

#include <algorithm>

namespace gantry::definition {
namespace {

// In any place, also in functions and extensions; of what only looks like a task, too.
bool has_emit(const Value& value) {
  if (value.is_array()) return std::any_of(value.items().begin(), value.items().end(), has_emit);
  if (!value.is_object()) return false;
  return std::any_of(value.members().begin(), value.members().end(), [](const Member& member) {
    const bool is_emit =
        member.key.view() == "emit" && member.value.is_object() && member.value.find("event") != nullptr;
    return is_emit || has_emit(member.value);
  });
}

bool counts_across_instances(const Budget& budget) {
  return budget.scope == Budget::Scope::workflow || budget.scope == Budget::Scope::principal ||
         budget.scope == Budget::Scope::all;
}

Error refused(const std::string& path, const std::string& what) {
  return {Code::invalid_argument, fmt::format("{}: {}; such a project needs a journal without partitions", path, what)};
}

}  // namespace

Status check_shareable(const Project& project) {
  for (const auto& [name, policy] : project.policies)
    for (const Budget& budget : policy->budgets)
      if (counts_across_instances(budget))
        return refused(
            policy->path,
            fmt::format("budget '{}' of policy '{}' counts across instances (scope {}), which partitions can't: each "
                        "counts its own",
                        budget.id, name, name_of(budget.scope)));
  for (const auto& [name, workflow] : project.workflows) {
    if (has_emit(workflow->source))
      return refused(workflow->path,
                     fmt::format("workflow '{}' emits events, and what one partition emits does not reach the others",
                                 name.text()));
    if (workflow->observes_lifecycle)
      return refused(workflow->path,
                     fmt::format("workflow '{}' listens for lifecycle events, and those of one partition do not reach "
                                 "the others",
                                 name.text()));
  }
  return done();
}

}  // namespace gantry::definition
