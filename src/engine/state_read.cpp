// InstanceState from text, linked to the tasks of its workflow again. The text is checked as any other input: a state
// that is damaged or of another workflow gives an error, not a crash later.
#include <map>

#include "base/assert.h"
#include "engine/interpreter_plan.h"
#include "engine/state.h"
#include "value/stored.h"

namespace gantry::engine {

namespace {

constexpr std::size_t depth_max = 400;  // of branches within branches; far more than nesting_max allows

Error damaged(const std::string& what) {
  return Error{Code::invalid_argument, "instance state: " + what};
}

// How many scope variables the tasks within the frame see.
std::size_t variables_of(const Frame& frame) {
  if (frame.task == nullptr) return 0;
  std::size_t count = frame.task->scope_size;
  if (in_extension_phase(frame)) return count;
  const auto* loop = std::get_if<ForProgress>(&frame.progress);
  if (loop != nullptr && loop->iteration < loop->items.size()) count += 2;
  if (frame.phase == Phase::handler) count += 1;
  const auto* listen = std::get_if<ListenProgress>(&frame.progress);
  if (listen != nullptr && listen->processing) count += 2;
  return count;
}

class StateReader {
 public:
  StateReader(StateData& data, const definition::Workflow& workflow) : data_(data), workflow_(workflow) {
    visit_tasks(workflow.tasks, [this](const definition::Task& task) { tasks_.emplace(task.reference, &task); });
  }

  Status read(const Value& state) {
    if (!state.is_object() || state.integer_or("format", 0) != 1) return damaged("expected an object with format 1");
    values_ = state.member("values");
    if (!values_.is_array()) return damaged("values: expected an array");
    data_.status = static_cast<InstanceState::Status>(TRY(choice(state, "status", 4)));
    data_.instance = TRY(text(state, "instance"));
    data_.started_at = TRY(time(state, "startedAt"));
    data_.raw_input = TRY(kept(state, "input"));
    data_.output = TRY(kept(state, "output"));
    data_.error = TRY(kept(state, "error"));
    TRY(read_counters(state.member("counters")));
    data_.continuing = state.boolean_or("continuing", false);
    if (const Value* root = state.find("root")) {
      data_.root = TRY(read_branch(*root, nullptr, 0, 0));
      if (data_.root->frames.empty() || data_.root->frames.front()->task != nullptr) {
        return damaged("root: expected the workflow's own frame at the bottom");
      }
    }
    if ((data_.status == InstanceState::Status::running) != (data_.root != nullptr)) {
      return damaged("root: expected it when, and only when, the instance is running");
    }
    return read_ready(state.member("ready"));
  }

 private:
  static Result<std::int64_t> number(const Value& from, std::string_view key) {
    const Value* found = from.find(key);
    if (found == nullptr || !found->is_integer() || found->as_integer() < 0) {
      return damaged(std::string(key) + ": expected a whole number that is not negative");
    }
    return found->as_integer();
  }

  static Result<std::int64_t> choice(const Value& from, std::string_view key, std::int64_t most) {
    const std::int64_t found = TRY(number(from, key));
    if (found > most) return damaged(std::string(key) + ": expected at most " + std::to_string(most));
    return found;
  }

  static Result<std::string> text(const Value& from, std::string_view key) {
    const Value* found = from.find(key);
    if (found == nullptr || !found->is_string()) return damaged(std::string(key) + ": expected text");
    return std::string(found->as_string());
  }

  static Result<Timestamp> time(const Value& from, std::string_view key) {
    const Value* found = from.find(key);
    if (found == nullptr || !found->is_integer()) return damaged(std::string(key) + ": expected microseconds");
    return Timestamp(Duration(found->as_integer()));
  }

  Result<Value> kept(const Value& from, std::string_view key) const {
    const Value* found = from.find(key);
    if (found == nullptr) return damaged(std::string(key) + ": expected the index of a value");
    return kept(*found);
  }

  Result<Value> kept(const Value& index) const {
    if (!index.is_integer() || index.as_integer() < 0) return damaged("expected the index of a value");
    const Value* found = values_.find(static_cast<std::size_t>(index.as_integer()));
    if (found == nullptr) return damaged("no value " + std::to_string(index.as_integer()));
    return *found;
  }

  Status read_counters(const Value& counters) {
    std::uint64_t* const fields[] = {
        &data_.counters.effects, &data_.counters.timers,   &data_.counters.tasks, &data_.counters.children,
        &data_.counters.events,  &data_.counters.branches, &data_.steps,
        &data_.counters.quarantine_millibits};
    for (std::size_t index = 0; index < std::size(fields); ++index) {
      const Value* count = counters.find(index);
      if (count == nullptr || !count->is_integer() || count->as_integer() < 0) {
        return damaged("counters: expected eight whole numbers");
      }
      *fields[index] = static_cast<std::uint64_t>(count->as_integer());
    }
    return done();
  }

  Status read_ready(const Value& ready) {
    if (!ready.is_array()) return damaged("ready: expected an array");
    for (const Value& id : ready.items()) {
      const auto found = branches_.find(id.is_integer() ? id.as_integer() : -1);
      if (found == branches_.end()) return damaged("ready: no such branch");
      const Branch& branch = *found->second;
      const Frame* top = branch.frames.empty() ? nullptr : branch.frames.back().get();
      if (branch.signal == Branch::Signal::none && top != nullptr && list_of(*top, workflow_) == nullptr) {
        return damaged("ready: a branch that has nothing to go on with");
      }
      if (branch.signal == Branch::Signal::output && (top == nullptr || top->task == nullptr)) {
        return damaged("ready: an output without a task");
      }
      data_.ready.push_back(found->second);
      branches_.erase(found);
    }
    return done();
  }

  Result<std::unique_ptr<Branch>> read_branch(const Value& from, Branch* parent, std::size_t index, std::size_t depth) {
    if (depth > depth_max) return damaged("nested too deeply");
    auto branch = std::make_unique<Branch>();
    branch->id = static_cast<std::uint64_t>(TRY(number(from, "id")));
    branch->parent = parent;
    branch->index = index;
    branch->context = TRY(kept(from, "context"));
    const Value variables = from.member("variables"), frames = from.member("frames");
    if (!variables.is_array() || !frames.is_array()) return damaged("a branch has variables and frames");
    for (const Value& variable : variables.items()) branch->variables.push_back(TRY(kept(variable)));
    branch->signal = static_cast<Branch::Signal>(TRY(choice(from, "signal", 3)));
    branch->value = TRY(kept(from, "value"));
    if (!branches_.emplace(static_cast<std::int64_t>(branch->id), branch.get()).second) {
      return damaged("two branches have the same id");
    }
    for (std::size_t at = 0; at < frames.size(); ++at) {
      branch->frames.push_back(std::make_unique<Frame>());
      TRY(read_frame(frames.items()[at], *branch, *branch->frames.back(), depth));
      const Frame& frame = *branch->frames.back();
      const bool is_last = at + 1 == frames.size();
      if ((!is_last || frame.task == nullptr) && list_of(frame, workflow_) == nullptr) {
        return damaged("a task that is no list holds another");
      }
      if (frame.task == nullptr && (at != 0 || parent != nullptr)) return damaged("a frame without a task");
      if (branch->variables.size() < variables_of(frame)) return damaged("a scope variable has no value");
    }
    return branch;
  }

  Status read_frame(const Value& from, Branch& branch, Frame& frame, std::size_t depth) {
    if (from.find("task") != nullptr) {
      const std::string reference = TRY(text(from, "task"));
      const auto found = tasks_.find(reference);
      if (found == tasks_.end()) return damaged("the workflow has no task " + reference);
      frame.task = found->second;
    }
    frame.phase = static_cast<Phase>(TRY(choice(from, "phase", 6)));
    frame.raw_input = TRY(kept(from, "rawInput"));
    frame.input = TRY(kept(from, "input"));
    frame.value = TRY(kept(from, "value"));
    frame.position = static_cast<std::size_t>(TRY(number(from, "position")));
    frame.started_at = TRY(time(from, "startedAt"));
    if (from.find("timeout") != nullptr) {
      frame.timeout_timer = TRY(text(from, "timeout"));
      await(frame.timeout_timer, branch, frame);
    }
    TRY(read_extension(from.find("extension"), frame));
    if (frame.task == nullptr) return done();
    return read_progress(from, branch, frame, depth);
  }

  Status read_extension(const Value* from, Frame& frame) const {
    if (from == nullptr) return in_extension_phase(frame) ? Status(damaged("extension: none is at work")) : done();
    const Value chosen = from->member("chosen");
    if (frame.task == nullptr || !chosen.is_array()) return damaged("extension: expected a task and its choice");
    ExtensionProgress progress;
    for (const Value& index : chosen.items()) {
      if (!index.is_integer() || index.as_integer() < 0 ||
          static_cast<std::size_t>(index.as_integer()) >= frame.task->extensions.size())
        return damaged("extension: the task has fewer");
      progress.chosen.push_back(static_cast<std::size_t>(index.as_integer()));
    }
    progress.at = static_cast<std::size_t>(TRY(number(*from, "at")));
    progress.position = static_cast<std::size_t>(TRY(number(*from, "position")));
    progress.value = TRY(kept(*from, "value"));
    progress.output = TRY(kept(*from, "output"));
    if (in_extension_phase(frame) && progress.at >= progress.chosen.size()) return damaged("extension: at: too large");
    frame.extension = std::move(progress);
    return done();
  }

  // Each kind of task has one kind of progress, and none at all while it is being entered.
  Status read_progress(const Value& from, Branch& branch, Frame& frame, std::size_t depth) {
    const auto& body = frame.task->body;
    if (const Value* loop = from.find("for"); loop != nullptr && std::holds_alternative<definition::ForTask>(body)) {
      ForProgress progress;
      progress.items = TRY(kept(*loop, "items"));
      progress.iteration = static_cast<std::size_t>(TRY(number(*loop, "iteration")));
      if (!progress.items.is_array()) return damaged("for: expected a list of items");
      frame.progress = std::move(progress);
    } else if (const Value* attempt = from.find("try");
               attempt != nullptr && std::holds_alternative<definition::TryTask>(body)) {
      TryProgress progress;
      progress.retries = static_cast<std::uint64_t>(TRY(number(*attempt, "retries")));
      progress.caught = attempt->boolean_or("caught", false);
      progress.started_at = TRY(time(*attempt, "startedAt"));
      progress.attempt_timer = TRY(text(*attempt, "attemptTimer"));
      progress.retry_timer = TRY(text(*attempt, "retryTimer"));
      await(progress.attempt_timer, branch, frame);
      await(progress.retry_timer, branch, frame);
      frame.progress = std::move(progress);
    } else if (const Value* fork = from.find("fork"); fork != nullptr) {
      return read_fork(*fork, branch, frame, depth);
    } else if (const Value* listen = from.find("listen");
               listen != nullptr && std::holds_alternative<definition::ListenTask>(body)) {
      return read_listen(*listen, branch, frame);
    } else if (const Value* waiting = from.find("waiting"); waiting != nullptr) {
      Waiting progress;
      progress.kind = static_cast<Waiting::For>(TRY(choice(*waiting, "for", 3)));
      progress.id = TRY(text(*waiting, "id"));
      progress.decider = static_cast<std::size_t>(TRY(number(*waiting, "decider")));
      await(progress.id, branch, frame);
      frame.progress = std::move(progress);
    }
    return done();
  }

  Status read_listen(const Value& from, Branch& branch, Frame& frame) {
    ListenProgress progress;
    progress.taken = TRY(consumption_progress_from(from.member("taken")));
    const Value results = from.member("results"), queue = from.member("queue");
    if (!results.is_array() || !queue.is_array()) return damaged("listen: expected results and a queue");
    for (const Value& result : results.items()) progress.results.push_back(TRY(kept(result)));
    for (const Value& event : queue.items()) progress.queue.push_back(TRY(kept(event)));
    progress.count = static_cast<std::size_t>(TRY(number(from, "count")));
    progress.bytes = static_cast<std::size_t>(TRY(number(from, "bytes")));
    progress.iteration = static_cast<std::size_t>(TRY(number(from, "iteration")));
    progress.processing = from.boolean_or("processing", false);
    progress.closed = from.boolean_or("closed", false);
    if (progress.processing && !std::get<definition::ListenTask>(frame.task->body).each)
      return damaged("listen: an event at hand without a foreach");
    if (!progress.closed) data_.listens.push_back({.branch = &branch, .frame = &frame});
    frame.progress = std::move(progress);
    return done();
  }

  Status read_fork(const Value& from, Branch& branch, Frame& frame, std::size_t depth) {
    const auto* task = std::get_if<definition::ForkTask>(&frame.task->body);
    if (task == nullptr || !from.is_array() || from.size() > task->branches.tasks.size()) {
      return damaged("fork: expected one branch for each of the task's");
    }
    ForkProgress progress;
    for (std::size_t index = 0; index < from.size(); ++index) {
      progress.branches.push_back(TRY(read_branch(from.items()[index], &branch, index, depth + 1)));
    }
    frame.progress = std::move(progress);
    return done();
  }

  void await(const std::string& id, Branch& branch, Frame& frame) {
    if (!id.empty()) data_.pending[id] = {.branch = &branch, .frame = &frame};
  }

  StateData& data_;
  const definition::Workflow& workflow_;
  Value values_;
  std::map<std::string_view, const definition::Task*> tasks_;
  std::map<std::int64_t, Branch*> branches_;  // those that are not in `ready` yet
};

}  // namespace

Result<InstanceState> InstanceState::parse(std::string_view text, const definition::Workflow& workflow) {
  const Value value = TRY(parse_stored(text));
  InstanceState state;
  TRY(StateReader(*state.data_, workflow).read(value));
  return state;
}

}  // namespace gantry::engine
