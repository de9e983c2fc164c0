#include "definition/handover_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <type_traits>

#include "definition/data_reader.h"
#include "value/pointer.h"

namespace gantry::definition {
namespace {

constexpr std::size_t origins_max = 4;             // that one place may have; more are too many to know
constexpr std::size_t validated_values_max = 1u << 20;  // of all checks together

using Port = std::uint32_t;  // a place that data passes: the input or the output of a task or a list

constexpr std::int32_t as_it_is = -1;  // what an edge hands on: what came,
constexpr std::int32_t computed = -2;  // or something else that is not known; otherwise the index of an origin

struct Edge {
  Port to;
  std::int32_t what;
};

struct Origin {
  Value value;
  std::string pointer;
};

// What is known of the data at a port: nothing came so far; it is one of the origins; or anything.
struct Known {
  bool reached = false, anything = false;
  std::vector<std::int32_t> origins;

  bool learn(std::int32_t origin) {
    if (anything) return false;
    if (std::find(origins.begin(), origins.end(), origin) != origins.end()) return false;
    if (origins.size() == origins_max) return learn_anything();
    origins.push_back(origin);
    return true;
  }
  bool learn_anything() {
    origins.clear();
    return !std::exchange(anything, true);
  }
};

std::size_t count_values(const Value& value) {
  std::size_t count = 1;
  if (value.is_array())
    for (const Value& each : value.items()) count += count_values(each);
  if (value.is_object())
    for (const Member& each : value.members()) count += count_values(each.value);
  return count;
}

class HandoverChecker {
 public:
  HandoverChecker(const Workflow& workflow, const SourceFile& file) : workflow_(workflow), file_(file) {}

  void run() {
    const Port in = new_port(), out = new_port();
    end_ = out;
    add_list(workflow_.tasks, in, out);
    ports_[in].anything = true;
    spread(in);
    for (const auto& [task, port] : checked_)
      check(ports_[port], *task->input.schema, fmt::format("the input.schema of task '{}' refuses this: ", task->name));
    if (workflow_.output.schema && !workflow_.output.transform)
      check(ports_[out], *workflow_.output.schema, "the output.schema of the workflow refuses this: ");
  }

 private:
  Port new_port() {
    ports_.emplace_back();
    edges_.emplace_back();
    return static_cast<Port>(ports_.size() - 1);
  }
  void lead(Port from, Port to, std::int32_t what = as_it_is) {
    if (from != to || what != as_it_is) edges_[from].push_back({to, what});
  }

  // An object that is written out at `pointer`; anything else is computed, or is not in the file.
  std::int32_t origin_at(const Value& value, const std::string& pointer) {
    if (!value.is_object() || !at_pointer(workflow_.source, pointer)) return computed;
    origins_.push_back({value, pointer});
    return static_cast<std::int32_t>(origins_.size() - 1);
  }
  std::int32_t transformed(const Template& transform, const std::string& pointer) {
    return origin_at(transform.source(), pointer);
  }

  struct List {
    const TaskList& tasks;
    std::vector<Port> in;  // by index of the task
    Port out;
    Port anywhere;  // where a `then` that could not be read leads to

    Port next(std::size_t index) const { return index + 1 < in.size() ? in[index + 1] : out; }
  };

  void add_list(const TaskList& tasks, Port in, Port out) {
    if (tasks.tasks.empty()) return lead(in, out);
    List list{tasks, {}, out, new_port()};
    for (std::size_t i = 0; i < tasks.tasks.size(); ++i) {
      list.in.push_back(new_port());
      lead(list.anywhere, list.in.back(), computed);
    }
    lead(list.anywhere, out, computed);
    lead(in, list.in.front());
    for (std::size_t i = 0; i < tasks.tasks.size(); ++i) {
      const Task& task = *tasks.tasks[i];
      const Port done = new_port();
      add_task(task, list.in[i], done);
      if (task.condition) lead(list.in[i], list.next(i));
      follow(list, i, task.then, done);
      if (const auto* choice = std::get_if<SwitchTask>(&task.body))
        for (const SwitchCase& each : choice->cases) follow(list, i, each.then, done);
      if (const auto* attempt = std::get_if<TryTask>(&task.body); attempt && attempt->then)
        follow(list, i, *attempt->then, done);
    }
  }

  void follow(const List& list, std::size_t index, const FlowDirective& flow, Port from) {
    switch (flow.kind) {
      case FlowDirective::Kind::proceed:
        return lead(from, list.next(index));
      case FlowDirective::Kind::exit:
        return lead(from, list.out);
      case FlowDirective::Kind::end:
        return lead(from, end_);
      case FlowDirective::Kind::task:
        return lead(from, flow.index < list.in.size() ? list.in[flow.index] : list.anywhere);
    }
  }

  void add_task(const Task& task, Port raw, Port done) {
    if (task.input.schema) checked_.emplace_back(&task, raw);
    Port in = raw, out = done;
    if (task.input.transform) {
      in = new_port();
      lead(raw, in, transformed(*task.input.transform, task.reference + "/input/from"));
    }
    if (task.output.transform) {
      out = new_port();
      lead(out, done, transformed(*task.output.transform, task.reference + "/output/as"));
    }
    if (!task.extensions.empty()) lead(in, out, computed);  // one of them may stand in for it
    std::visit([&](const auto& body) { add_body(task, body, in, out); }, task.body);
  }

  template <class Body>
  void add_body(const Task& task, const Body& body, Port in, Port out) {
    if constexpr (std::is_same_v<Body, SetTask>) {
      lead(in, out, origin_at(body.value.source(), task.reference + "/set"));
    } else if constexpr (std::is_same_v<Body, SwitchTask> || std::is_same_v<Body, WaitTask>) {
      lead(in, out);
    } else if constexpr (std::is_same_v<Body, DoTask>) {
      add_list(body.tasks, in, out);
    } else if constexpr (std::is_same_v<Body, ForTask>) {
      const Port item = new_port();
      lead(in, item);
      lead(in, out);
      const Port item_done = new_port();
      add_list(body.body, item, item_done);
      lead(item_done, item);
      lead(item_done, out);
    } else if constexpr (std::is_same_v<Body, TryTask>) {
      add_list(body.body, in, out);
      if (body.handler)
        add_list(*body.handler, in, out);
      else
        lead(in, out);
    } else if constexpr (std::is_same_v<Body, ForkTask>) {
      lead(in, out, computed);
      for (const TaskPointer& branch : body.branches.tasks) add_task(*branch, in, new_port());
    } else if constexpr (std::is_same_v<Body, ListenTask>) {
      const Port event = new_port();
      lead(in, event, computed);
      lead(in, out, computed);
      if (body.each) add_list(body.each->body, event, new_port());
    } else if constexpr (!std::is_same_v<Body, RaiseTask>) {
      lead(in, out, computed);
    }
  }

  // Every port learns a few times at most, so that this ends after as many steps as there are edges, times a few.
  void spread(Port start) {
    ports_[start].reached = true;
    std::vector<Port> open{start};
    while (!open.empty()) {
      const Port from = open.back();
      open.pop_back();
      for (const Edge& edge : edges_[from]) {
        Known& to = ports_[edge.to];
        bool is_new = !std::exchange(to.reached, true);
        if (edge.what == computed || (edge.what == as_it_is && ports_[from].anything)) {
          is_new = to.learn_anything() || is_new;
        } else if (edge.what == as_it_is) {
          const std::vector<std::int32_t> origins = ports_[from].origins;  // `to` may be the same port
          for (const std::int32_t origin : origins) is_new = to.learn(origin) || is_new;
        } else {
          is_new = to.learn(edge.what) || is_new;
        }
        if (is_new) open.push_back(edge.to);
      }
    }
  }

  void check(const Known& known, const Schema& schema, const std::string& prefix) {
    if (!known.reached || known.anything || known.origins.empty()) return;
    std::vector<std::vector<SchemaViolation>> refused;
    for (const std::int32_t index : known.origins) {
      const Origin& origin = origins_[static_cast<std::size_t>(index)];
      validated_values_ += count_values(origin.value);
      if (validated_values_ > validated_values_max) return;
      refused.push_back(certain_violations(origin.value, schema));
      if (refused.back().empty()) return;
    }
    for (std::size_t i = 0; i < refused.size(); ++i) {
      const Origin& origin = origins_[static_cast<std::size_t>(known.origins[i])];
      report_violations(Node(origin.value, origin.pointer, file_), std::move(refused[i]), Severity::warning, prefix);
    }
  }

  const Workflow& workflow_;
  const SourceFile& file_;
  std::vector<Known> ports_;
  std::vector<std::vector<Edge>> edges_;
  std::vector<Origin> origins_;
  std::vector<std::pair<const Task*, Port>> checked_;
  Port end_ = 0;
  std::size_t validated_values_ = 0;
};

}  // namespace

void check_handovers(const Workflow& workflow, const SourceFile& file) {
  HandoverChecker(workflow, file).run();
}

}  // namespace gantry::definition
