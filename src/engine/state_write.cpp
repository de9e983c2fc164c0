// InstanceState as text. Values are kept once each, by content, in a table: a task's input often is the output of the
// task before it, the value of its list and the input of its branches too.
#include <algorithm>
#include <map>

#include "engine/state.h"
#include "value/stored.h"

namespace gantry::engine {

namespace {

class StateWriter {
 public:
  Value write(const StateData& data) {
    add("format", 1);
    add("status", static_cast<int>(data.status));
    add("instance", data.instance);
    add("startedAt", data.started_at.time_since_epoch().count());
    add("input", keep(data.raw_input));
    add("output", keep(data.output));
    add("error", keep(data.error));
    const Counters& counters = data.counters;
    std::vector<Value> numbers;
    for (const std::uint64_t count : {counters.effects, counters.timers, counters.tasks, counters.children,
                                      counters.events, counters.branches, data.steps, counters.quarantine_millibits}) {
      numbers.emplace_back(static_cast<std::int64_t>(count));
    }
    add("counters", Value::array(std::move(numbers)));
    add("continuing", data.continuing);
    std::vector<Value> ready;
    for (const Branch* branch : data.ready) ready.emplace_back(static_cast<std::int64_t>(branch->id));
    add("ready", Value::array(std::move(ready)));
    if (data.root) add("root", branch_value(*data.root));
    add("values", Value::array(std::move(values_)));
    return Value::object(std::move(members_));
  }

 private:
  void add(std::string_view key, Value value) { members_.push_back({Text(key), std::move(value)}); }

  // The index of the value in the table.
  Value keep(const Value& value) {
    const auto [found, is_new] = indexes_.emplace(print_stored(value), values_.size());
    if (is_new) values_.push_back(value);
    return Value(found->second);
  }

  Value branch_value(const Branch& branch) {
    std::vector<Value> variables, frames;
    for (const Value& variable : branch.variables) variables.push_back(keep(variable));
    for (const auto& frame : branch.frames) frames.push_back(frame_value(*frame));
    return Value::object({{"id", static_cast<std::int64_t>(branch.id)},
                          {"context", keep(branch.context)},
                          {"variables", Value::array(std::move(variables))},
                          {"signal", static_cast<int>(branch.signal)},
                          {"value", keep(branch.value)},
                          {"frames", Value::array(std::move(frames))}});
  }

  Value frame_value(const Frame& frame) {
    std::vector<Member> members = Value::members_of({{"phase", static_cast<int>(frame.phase)},
                                                     {"rawInput", keep(frame.raw_input)},
                                                     {"input", keep(frame.input)},
                                                     {"value", keep(frame.value)},
                                                     {"position", frame.position},
                                                     {"startedAt", frame.started_at.time_since_epoch().count()}});
    if (frame.task != nullptr) members.push_back({Text("task"), frame.task->reference});
    if (frame.extension) members.push_back({Text("extension"), extension_value(*frame.extension)});
    if (!frame.timeout_timer.empty()) members.push_back({Text("timeout"), frame.timeout_timer});
    if (const auto* loop = std::get_if<ForProgress>(&frame.progress)) {
      members.push_back({Text("for"), Value::object({{"items", keep(loop->items)}, {"iteration", loop->iteration}})});
    }
    if (const auto* attempt = std::get_if<TryProgress>(&frame.progress)) {
      members.push_back({Text("try"), Value::object({{"retries", static_cast<std::int64_t>(attempt->retries)},
                                                     {"caught", attempt->caught},
                                                     {"startedAt", attempt->started_at.time_since_epoch().count()},
                                                     {"attemptTimer", attempt->attempt_timer},
                                                     {"retryTimer", attempt->retry_timer}})});
    }
    if (const auto* fork = std::get_if<ForkProgress>(&frame.progress)) {
      std::vector<Value> branches;
      for (const auto& branch : fork->branches) branches.push_back(branch_value(*branch));
      members.push_back({Text("fork"), Value::array(std::move(branches))});
    }
    if (const auto* listen = std::get_if<ListenProgress>(&frame.progress)) {
      members.push_back({Text("listen"), listen_value(*listen)});
    }
    if (const auto* waiting = std::get_if<Waiting>(&frame.progress)) {
      members.push_back({Text("waiting"), Value::object({{"for", static_cast<int>(waiting->kind)},
                                                         {"id", waiting->id},
                                                         {"decider", waiting->decider}})});
    }
    return Value::object(std::move(members));
  }

  Value listen_value(const ListenProgress& listen) {
    std::vector<Value> results, queue;
    for (const Value& result : listen.results) results.push_back(keep(result));
    for (const Value& event : listen.queue) queue.push_back(keep(event));
    return Value::object({{"taken", to_value(listen.taken)},
                          {"results", Value::array(std::move(results))},
                          {"queue", Value::array(std::move(queue))},
                          {"count", listen.count},
                          {"bytes", listen.bytes},
                          {"iteration", listen.iteration},
                          {"processing", listen.processing},
                          {"closed", listen.closed}});
  }

  Value extension_value(const ExtensionProgress& extension) {
    std::vector<Value> chosen;
    for (const std::size_t index : extension.chosen) chosen.emplace_back(index);
    return Value::object({{"chosen", Value::array(std::move(chosen))},
                          {"at", extension.at},
                          {"position", extension.position},
                          {"value", keep(extension.value)},
                          {"output", keep(extension.output)}});
  }

  std::vector<Member> members_;
  std::map<std::string, std::size_t> indexes_;
  std::vector<Value> values_;
};

}  // namespace

std::string serialise(const StateData& data) {
  return print_stored(StateWriter().write(data));
}

std::string InstanceState::serialise() const {
  return engine::serialise(*data_);
}

}  // namespace gantry::engine
