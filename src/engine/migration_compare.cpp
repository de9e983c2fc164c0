#include "engine/migration_compare.h"

#include <fmt/format.h>

#include "engine/interpreter_plan.h"

namespace gantry::engine {
namespace {

using definition::Task;

// Compares one task, or the workflow, with its counterpart, member by member; keeps the first difference.
class Comparison {
 public:
  Comparison(const Frame& frame, const Task* next, const Definitions& from, const Definitions& to)
      : frame_(frame),
        next_task_(next),
        from_(from),
        to_(to),
        old_(frame.task != nullptr ? frame.task->definition : from.workflow->source),
        next_(next != nullptr ? next->definition : to.workflow->source) {}

  std::optional<TaskDifference> run() {
    if (frame_.extension) compare_extensions();
    if (frame_.phase == Phase::entering && frame_.task != nullptr) return found_;
    if (frame_.phase == Phase::after || frame_.phase == Phase::closing) {
      compare("switch");
      return found_;
    }
    compare("if");
    if (frame_.phase == Phase::before) return found_;
    compare_member("input", "from");
    compare_timeout();
    if (frame_.task != nullptr) std::visit([this](const auto& body) { compare_body(body); }, frame_.task->body);
    return found_;
  }

 private:
  void differ(std::string reason, bool can_stand) {
    if (!found_ || (found_->can_stand && !can_stand)) found_ = TaskDifference{std::move(reason), can_stand};
  }
  std::string version() const { return to_.workflow->name.version; }
  void differ_in(std::string_view member, bool can_stand) {
    differ(fmt::format("its '{}' has been evaluated already, and is another one in version {}", member, version()),
           can_stand);
  }
  static Value member_of(const Value& value, std::string_view key) {
    return value.is_object() ? value.member(key) : Value();
  }

  void compare(const char* key, bool can_stand = true) {
    if (!(member_of(old_, key) == member_of(next_, key))) differ_in(key, can_stand);
  }
  void compare_member(const char* key, const char* inner, bool can_stand = true) {
    if (!(member_of(member_of(old_, key), inner) == member_of(member_of(next_, key), inner)))
      differ_in(fmt::format("{}.{}", key, inner), can_stand);
  }
  // What may be the name of something under `use` is that.
  static Value resolved(const Value& value, const Definitions& definitions, const char* kind) {
    if (!value.is_string()) return value;
    const Value known = member_of(member_of(definitions.workflow->source, "use"), kind);
    return member_of(known, value.as_string());
  }
  void compare_timeout() {
    if (!(resolved(member_of(old_, "timeout"), from_, "timeouts") == resolved(member_of(next_, "timeout"), to_, "timeouts")))
      differ_in("timeout", true);
  }
  void compare_retry() {
    const Value old = resolved(member_of(member_of(old_, "catch"), "retry"), from_, "retries");
    const Value next = resolved(member_of(member_of(next_, "catch"), "retry"), to_, "retries");
    if (!(old == next)) differ_in("catch.retry", true);
  }
  void compare_extensions() {
    const Value old = member_of(member_of(from_.workflow->source, "use"), "extensions");
    const Value next = member_of(member_of(to_.workflow->source, "use"), "extensions");
    const std::size_t counts[] = {frame_.task->extensions.size(), next_task_->extensions.size()};
    if (!(old == next) || counts[0] != counts[1])
      differ(fmt::format("extensions are at work on it, and version {} has others", version()), false);
  }

  // A call of a function of `use.functions` is a list of tasks, too.
  void compare_body(const definition::DoTask&) {
    compare("call");
    compare("with");
  }
  void compare_body(const definition::ForTask&) { compare_member("for", "in"); }
  void compare_body(const definition::ForkTask&) { compare_member("fork", "compete", false); }
  void compare_body(const definition::TryTask&) {
    const auto* progress = std::get_if<TryProgress>(&frame_.progress);
    const bool limited = progress != nullptr && !progress->attempt_timer.empty();
    if (limited || frame_.phase != Phase::body) compare_retry();
    if (frame_.phase == Phase::body) return;
    for (const char* key : {"errors", "when", "exceptWhen"}) compare_member("catch", key);
  }
  void compare_body(const definition::ListenTask& old) {
    const auto* progress = std::get_if<ListenProgress>(&frame_.progress);
    const auto& next = std::get<definition::ListenTask>(next_task_->body);
    if (progress == nullptr) return;
    const bool taken = progress->count > 0 || !(to_value(progress->taken) == to_value(ConsumptionProgress{}));
    compare_member("listen", "to", !taken && !progress->closed);
    compare_member("listen", "read", !taken && !progress->closed);
    if (old.each.has_value() != next.each.has_value()) differ_in("foreach", !taken && !progress->closed);
  }
  void compare_body(const definition::WaitTask&) { compare("wait"); }
  void compare_body(const definition::CallTask& old) {
    const auto& next = std::get<definition::CallTask>(next_task_->body);
    if (old.tool != next.tool || old.operation != next.operation)
      return differ(fmt::format("it has called {}.{}, and calls {}.{} in version {}", old.tool, old.operation, next.tool,
                                next.operation, version()),
                    false);
    compare("with");
  }
  void compare_body(const definition::OpenApiTask&) { compare("with"); }
  void compare_body(const definition::ApprovalTask&) { compare("with", false); }
  void compare_body(const definition::RunWorkflowTask&) { compare("run"); }
  void compare_body(const definition::DecideTask& old) {
    const auto& next = std::get<definition::DecideTask>(next_task_->body);
    const auto asked = from_.project->decisions.find(old.decision), there = to_.project->decisions.find(next.decision);
    const bool same = old.decision == next.decision && asked != from_.project->decisions.end() &&
                      there != to_.project->decisions.end() && asked->second->digest == there->second->digest;
    if (!same)
      return differ(fmt::format("a person is asked about decision {}, which is another one in version {}", old.decision,
                                version()),
                    false);
    compare("with");
  }
  // These wait for nothing of their own.
  void compare_body(const definition::SetTask&) {}
  void compare_body(const definition::SwitchTask&) {}
  void compare_body(const definition::RaiseTask&) {}
  void compare_body(const definition::EmitTask&) {}
  void compare_body(const definition::GuardrailTask&) {}

  const Frame& frame_;
  const Task* next_task_;
  const Definitions& from_;
  const Definitions& to_;
  const Value old_, next_;
  std::optional<TaskDifference> found_;
};

}  // namespace

std::optional<TaskDifference> difference_of(const Frame& frame, const Task* next, const Definitions& from,
                                            const Definitions& to) {
  return Comparison(frame, next, from, to).run();
}

std::string misfit_of_input(const Frame& frame, const Task* next, const Definitions& to) {
  const bool decided = frame.phase != Phase::entering && frame.phase != Phase::before;
  if (frame.task != nullptr && !decided) return {};
  const definition::DataFlow& flow = next != nullptr ? next->input : to.workflow->input;
  if (!flow.schema) return {};
  const auto violations = flow.schema->validate(frame.raw_input);
  if (violations.empty()) return {};
  return fmt::format("its input does not fit the schema that version {} has for it: {}", to.workflow->name.version,
                     describe(violations));
}

std::string misfit_of_context(const Value& context, const Definitions& to) {
  if (context.is_null()) return {};
  std::string first;
  bool fits = false, known = false;
  visit_tasks(to.workflow->tasks, [&](const Task& task) {
    const definition::DataFlow& flow = task.export_;
    if (!flow.transform && !flow.schema) return;
    known = true;
    if (fits) return;
    const auto violations = flow.schema ? flow.schema->validate(context) : std::vector<SchemaViolation>{};
    fits = violations.empty();
    if (!fits && first.empty()) first = fmt::format("{}: {}", task.reference, describe(violations));
  });
  if (fits || !known) return {};
  return fmt::format("$context does not fit the 'export.schema' of any task of version {}, for example that of {}",
                     to.workflow->name.version, first);
}

}  // namespace gantry::engine
