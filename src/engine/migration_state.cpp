// The walk through a state: each frame gets its task in the new version, each list its place there.
#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "engine/interpreter_plan.h"
#include "engine/migration.h"
#include "engine/migration_compare.h"

namespace gantry::engine {
namespace {

using definition::Task;
using definition::TaskList;

constexpr const char* workflow_reference = "/";
constexpr const char* context_need = "context";

std::size_t index_in(const TaskList& list, const Task* task) {
  const auto found = std::find_if(list.tasks.begin(), list.tasks.end(), [&](const auto& each) { return each.get() == task; });
  return static_cast<std::size_t>(found - list.tasks.begin());
}

class StateMover {
 public:
  StateMover(const Definitions& from, const Definitions& to, const MigrationMapping& mapping,
             const InterpreterLimits& limits, Timestamp now)
      : from_(from), to_(to), mapping_(mapping), limits_(limits), now_(now) {
    visit_tasks(to.workflow->tasks, [this](const Task& task) { targets_.emplace(task.reference, &task); });
  }

  MigrationFit move(StateData& data) {
    move_branch(*data.root, nullptr);
    if (mapping_.program && !is_stuck()) need(context_need, "the mapping has a program for it", "$context", true);
    return std::move(fit_);
  }

 private:
  bool is_stuck() const { return fit_.kind == MigrationFit::Kind::stuck; }
  bool stick(const std::string& task, std::string reason) {
    if (!is_stuck()) {
      fit_.kind = MigrationFit::Kind::stuck;
      fit_.task = task;
      fit_.reason = std::move(reason);
    }
    return false;
  }
  void need(std::string task, std::string reason, std::string target, bool given) {
    if (is_stuck()) return;
    fit_.kind = MigrationFit::Kind::convertible;
    for (const MigrationNeed& known : fit_.needs)
      if (known.task == task) return;
    fit_.needs.push_back({std::move(task), std::move(reason), std::move(target), given});
  }
  std::string reference_of(const Frame& frame) const {
    return frame.task == nullptr ? workflow_reference : frame.task->reference;
  }

  // What the mapping makes of the reference: its own entry, or that of a task around it. Where entries are missing, what
  // was suggested counts, so that one missing entry is not told again for each task within.
  std::string mapped(const std::string& reference) const {
    for (std::string around = reference; !around.empty(); around.resize(around.rfind('/')))
      for (const auto* entries : {&mapping_.tasks, &suggested_})
        if (const auto entry = entries->find(around); entry != entries->end())
          return entry->second + reference.substr(around.size());
    return reference;
  }

  // The task that stands for this one, in `list`; null, and the reason is told, when there is none.
  const Task* target_of(const Task& old, const TaskList& list, const std::string& around) {
    const std::string reference = mapped(old.reference);
    const auto found = targets_.find(reference);
    const Task* next = found == targets_.end() ? nullptr : found->second;
    const bool same_kind = next != nullptr && next->body.index() == old.body.index();
    if (same_kind && index_in(list, next) < list.tasks.size()) {
      if (next->reference != old.reference && mapping_.tasks.contains(old.reference))
        need(old.reference, "the mapping says so", next->reference, true);
      return next;
    }
    if (same_kind) {
      stick(old.reference, fmt::format("{} is not among the tasks of what stands for {}", reference, around));
      return nullptr;
    }
    const Task* nearest = nearest_in(list, old);
    const std::string lacks = next == nullptr ? fmt::format("version {} has no task {}", to_.workflow->name.version, reference)
                                              : fmt::format("{} is a task of another kind ({}) in version {}", reference,
                                                            next->kind_name(), to_.workflow->name.version);
    if (nearest == nullptr) {
      stick(old.reference, fmt::format("{}, and none of its kind ({}) in its place", lacks, old.kind_name()));
      return nullptr;
    }
    need(old.reference, lacks, nearest->reference, false);
    suggested_[old.reference] = nearest->reference;
    return nearest;
  }

  // Of the same kind: the same name first, then the same definition, then the nearest place.
  const Task* nearest_in(const TaskList& list, const Task& old) const {
    const Task* best = nullptr;
    std::tuple<bool, bool, std::size_t> best_rank;
    const std::size_t place = place_of(old.reference);
    for (std::size_t index = 0; index < list.tasks.size(); ++index) {
      const Task& task = *list.tasks[index];
      if (task.body.index() != old.body.index()) continue;
      const std::size_t distance = index > place ? index - place : place - index;
      const std::tuple rank(task.name != old.name, !(task.definition == old.definition), distance);
      if (best != nullptr && !(rank < best_rank)) continue;
      best = &task;
      best_rank = rank;
    }
    return best;
  }
  // "/do/12/name" -> 12
  static std::size_t place_of(const std::string& reference) {
    const std::size_t last = reference.rfind('/');
    const std::size_t before = last == 0 || last == std::string::npos ? std::string::npos : reference.rfind('/', last - 1);
    if (before == std::string::npos) return 0;
    std::size_t place = 0;
    for (std::size_t at = before + 1; at < last && reference[at] >= '0' && reference[at] <= '9' && place < 1'000'000; ++at)
      place = place * 10 + static_cast<std::size_t>(reference[at] - '0');
    return place;
  }

  // `list`: where the task of its first frame has to be; null for the root, whose first frame is the workflow.
  bool move_branch(Branch& branch, const TaskList* list) {
    if (!move_context(branch)) return false;
    std::string around = workflow_reference;
    for (std::size_t at = 0; at < branch.frames.size(); ++at) {
      Frame& frame = *branch.frames[at];
      const TaskList* old_list = list_of(frame, *from_.workflow);
      const std::string reference = reference_of(frame);
      const Task* next = nullptr;
      if (frame.task != nullptr) {
        if (list == nullptr) return stick(reference, "what it is in holds no tasks there");
        next = target_of(*frame.task, *list, around);
        if (next == nullptr) return false;
        if (at > 0) cursor_of(*branch.frames[at - 1]).position = index_in(*list, next);
      }
      const Task* old = frame.task;
      if (!compare(frame, next)) return false;
      frame.task = next;
      list = list_of(frame, *to_.workflow);
      if (old_list != nullptr && list == nullptr) return stick(reference, "it holds no tasks there");
      const bool is_last = at + 1 == branch.frames.size();
      if (is_last && old_list != nullptr && !place_between(frame, *old_list, *list, reference)) return false;
      if (auto* fork = std::get_if<ForkProgress>(&frame.progress); fork != nullptr && !move_fork(*fork, *old, *next))
        return false;
      around = reference;
    }
    return true;
  }

  bool compare(const Frame& frame, const Task* next) {
    const std::string reference = reference_of(frame);
    if (next != nullptr && next->scope_size != frame.task->scope_size)
      return stick(reference, "it sees other variables there");
    if (const auto difference = difference_of(frame, next, from_, to_)) {
      if (!difference->can_stand) return stick(reference, difference->reason);
      need(reference, difference->reason, next == nullptr ? workflow_reference : next->reference,
           mapping_.tasks.contains(reference));
    }
    std::string misfit = misfit_of_input(frame, next, to_);
    return misfit.empty() || stick(reference, std::move(misfit));
  }

  // No task of the list is at work: the next one decides where it goes on.
  bool place_between(Frame& frame, const TaskList& old_list, const TaskList& list, const std::string& around) {
    std::size_t& position = cursor_of(frame).position;
    if (frame.phase == Phase::resting || frame.phase == Phase::closing) {
      position = 0;
      return true;
    }
    if (old_list.tasks.empty()) return true;
    if (position >= old_list.tasks.size()) {
      // The last one is done: what stands for it may have others behind it.
      const auto last = targets_.find(mapped(old_list.tasks.back()->reference));
      const std::size_t behind = last == targets_.end() ? position : index_in(list, last->second) + 1;
      position = std::min(behind, list.tasks.size());
      return true;
    }
    const Task* next = target_of(*old_list.tasks[position], list, around);
    if (next == nullptr) return false;
    position = index_in(list, next);
    return true;
  }

  // All branches began together, so each has to be there, in the same order, and no other.
  bool move_fork(ForkProgress& progress, const Task& old, const Task& next) {
    const TaskList& before = std::get<definition::ForkTask>(old.body).branches;
    const TaskList& after = std::get<definition::ForkTask>(next.body).branches;
    if (before.tasks.size() != after.tasks.size())
      return stick(old.reference, fmt::format("it has begun {} branches, and has {} in version {}", before.tasks.size(),
                                              after.tasks.size(), to_.workflow->name.version));
    for (std::size_t index = 0; index < progress.branches.size(); ++index) {
      Branch& branch = *progress.branches[index];
      const TaskList only{{after.tasks[index]}};
      if (target_of(*before.tasks[index], only, old.reference) == nullptr) return false;
      if (!move_branch(branch, &only)) return false;
    }
    return true;
  }

  bool move_context(Branch& branch) {
    if (mapping_.program) {
      auto moved = expression::evaluate_first(*mapping_.program, branch.context,
                                              {.arguments = {}, .now = now_, .limits = limits_.expression});
      if (!moved) return stick(context_need, "the mapping's program failed: " + moved.error().message);
      // As good as an answer, and no better than what it read.
      const Label words = Label::of({.integrity = Integrity::internal,
                                     .secrecy = Secrecy::public_,
                                     .sources = {"migration:" + mapping_.by},
                                     .compartments = {}});
      const Label label = join(moved->label(), words);
      branch.context = (*std::move(moved)).labelled(label);
    }
    std::string misfit = misfit_of_context(branch.context, to_);
    if (misfit.empty()) return true;
    if (mapping_.program) return stick(context_need, "after the mapping's program: " + misfit);
    need(context_need, std::move(misfit), "", false);
    return true;
  }

  const Definitions& from_;
  const Definitions& to_;
  const MigrationMapping& mapping_;
  const InterpreterLimits& limits_;
  const Timestamp now_;
  std::unordered_map<std::string_view, const Task*> targets_;
  std::map<std::string, std::string> suggested_;
  MigrationFit fit_;
};

MovedState stuck_as(std::string task, std::string reason) {
  return {{MigrationFit::Kind::stuck, {}, std::move(task), std::move(reason)}, std::nullopt};
}

}  // namespace

bool MigrationFit::movable() const {
  return kind != Kind::stuck && std::all_of(needs.begin(), needs.end(), [](const auto& need) { return need.given; });
}

const char* name_of(MigrationFit::Kind kind) {
  switch (kind) {
    case MigrationFit::Kind::compatible:
      return "compatible";
    case MigrationFit::Kind::convertible:
      return "convertible";
    case MigrationFit::Kind::stuck:
      return "stuck";
  }
  return "";
}

Value to_value(const MigrationFit& fit) {
  Value value = Value::object({{"class", name_of(fit.kind)}, {"movable", fit.movable()}});
  if (fit.kind == MigrationFit::Kind::stuck)
    return std::move(value).with_member("task", fit.task).with_member("reason", fit.reason);
  std::vector<Value> needs;
  for (const MigrationNeed& need : fit.needs)
    needs.push_back(Value::object(
        {{"task", need.task}, {"target", need.target}, {"reason", need.reason}, {"given", need.given}}));
  return needs.empty() ? value : std::move(value).with_member("needs", Value::array(std::move(needs)));
}

MovedState move_state(const InstanceState& state, const Definitions& from, const Definitions& to,
                      const MigrationMapping& mapping, const InterpreterLimits& limits, Timestamp now) {
  if (state.status() != InstanceState::Status::running) return stuck_as(workflow_reference, "it is not running");
  auto copy = InstanceState::parse(state.serialise(), *from.workflow);
  if (!copy) return stuck_as(workflow_reference, copy.error().message);
  MovedState moved{StateMover(from, to, mapping, limits, now).move(StateAccess::data(*copy)), std::nullopt};
  if (!moved.fit.movable()) return moved;
  // What the reader of states would not take is no state of that workflow.
  auto read = InstanceState::parse(copy->serialise(), *to.workflow);
  if (!read) return stuck_as(workflow_reference, "its state is none of that version: " + read.error().message);
  moved.state = *std::move(read);
  return moved;
}

}  // namespace gantry::engine
