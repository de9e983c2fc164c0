// listen: takes events as they are delivered until its strategy has enough. With `foreach` each event is worked on,
// one after the other in the order in which they came, while more are taken.
#include <algorithm>

#include "engine/cloud_event.h"
#include "engine/interpreter_execution.h"
#include "value/json.h"

namespace gantry::engine {

namespace {

using definition::ListenTask;

const ListenTask& listen_of(const Frame& frame) {
  return std::get<ListenTask>(frame.task->body);
}

ListenProgress& progress_of(Frame& frame) {
  return std::get<ListenProgress>(frame.progress);
}

std::size_t depth_of_frame(const Pending& listen) {
  const auto& frames = listen.branch->frames;
  const auto found = std::find_if(frames.begin(), frames.end(),
                                  [&](const std::unique_ptr<Frame>& frame) { return frame.get() == listen.frame; });
  return static_cast<std::size_t>(found - frames.begin());
}

}  // namespace

// Filters see what the task sees; a filter that fails does not match, so nothing is raised.
class Execution::FilterExpressions final : public EventExpressions {
 public:
  FilterExpressions(Execution& execution, const Pending& listen)
      : execution_(execution), listen_(listen), site_{.field = "listen.to", .input = &listen.frame->input} {}
  Result<Value> evaluate(const definition::Expression& expression, const Value& dot) override {
    return execution_.evaluate_quietly(*listen_.branch, *listen_.frame, site_, expression, dot, event_filter_limits());
  }
  Result<Value> evaluate(const definition::Template& source, const Value& dot) override {
    if (source.is_literal()) return source.source();
    return execution_.evaluate_quietly(*listen_.branch, *listen_.frame, site_, source, dot, event_filter_limits());
  }

 private:
  Execution& execution_;
  const Pending& listen_;
  Site site_;
};

void Execution::begin(Branch& branch, Frame& frame, const ListenTask&) {
  frame.progress = ListenProgress{};
  state_.listens.push_back({.branch = &branch, .frame = &frame});
  trace(frame, TaskTrace::Status::correlating);
  block(branch);
}

// By branch, outer tasks first: the same in a state that was computed and in one that was read back.
std::vector<Pending> Execution::ordered_listens() const {
  std::vector<Pending> listens = state_.listens;
  std::sort(listens.begin(), listens.end(), [](const Pending& left, const Pending& right) {
    if (left.branch->id != right.branch->id) return left.branch->id < right.branch->id;
    return depth_of_frame(left) < depth_of_frame(right);
  });
  return listens;
}

bool Execution::wants(const Value& event) {
  return std::any_of(state_.listens.begin(), state_.listens.end(), [&](const Pending& listen) {
    ConsumptionProgress progress = progress_of(*listen.frame).taken;
    FilterExpressions expressions(*this, listen);
    return take_event(listen_of(*listen.frame).to, progress, event, expressions) != Taken::no;
  });
}

void Execution::event_delivered(const Value& event, bool deferred) {
  for (const Pending& listen : ordered_listens()) {
    // An error in one may have ended another.
    const bool still_there = std::any_of(state_.listens.begin(), state_.listens.end(),
                                         [&](const Pending& one) { return one.frame == listen.frame; });
    if (still_there) take(listen, event);
  }
  if (!deferred || state_.continuing || state_.ready.empty()) return;
  state_.continuing = true;
  turn_.actions.emplace_back(Continue{});
}

void Execution::take(const Pending& listen, const Value& event) {
  Branch& branch = *listen.branch;
  Frame& frame = *listen.frame;
  ListenProgress& progress = progress_of(frame);
  FilterExpressions expressions(*this, listen);
  const Taken taken = take_event(listen_of(frame).to, progress.taken, event, expressions);
  if (taken == Taken::last || taken == Taken::ended) stop_listening(frame);
  if (taken == Taken::yes || taken == Taken::last)
    return add_event(branch, frame, read_event(event, listen_of(frame).read));
  // With events at hand or waiting, the end of the last of them is the end of the task.
  if (taken == Taken::ended && !progress.processing) finish_listening(branch, frame);
}

void Execution::add_event(Branch& branch, Frame& frame, Value event) {
  ListenProgress& progress = progress_of(frame);
  const InterpreterLimits& limits = setting_.limits;
  ++progress.count;
  progress.bytes += print_json(event).size();
  if (progress.count > limits.listen_events_max || progress.queue.size() >= limits.listen_queue_max ||
      progress.bytes > limits.value.bytes_max) {
    const std::string detail = "listen: more than " + std::to_string(limits.listen_events_max) + " events, " +
                               std::to_string(limits.listen_queue_max) + " waiting for their turn, or " +
                               std::to_string(limits.value.bytes_max) + " bytes.";
    return interrupt(branch, frame, make_error(ErrorKind::runtime, "Too many events", detail, frame.task->reference));
  }
  if (listen_of(frame).each) {
    progress.queue.push_back(std::move(event));
    if (!progress.processing) next_event(branch, frame);
    return;
  }
  progress.results.push_back(std::move(event));
  if (progress.closed || has_enough(branch, frame)) finish_listening(branch, frame);
}

bool Execution::has_enough(Branch& branch, Frame& frame) {
  const auto& until = listen_of(frame).to.until;
  if (!until) return false;
  const Site site{.field = "listen.to.any.until", .input = &frame.input};
  const std::optional<bool> holds = condition(branch, frame, site, *until, Value::array(progress_of(frame).results));
  return !holds || *holds;
}

// The output, unless an error is on its way out.
void Execution::finish_listening(Branch& branch, Frame& frame) {
  stop_listening(frame);
  wake(branch);
  if (branch.signal == Branch::Signal::error) return;
  std::optional<Value> output =
      admit(branch, frame, "listen", ErrorKind::runtime, Value::array(progress_of(frame).results));
  if (!output) return;
  std::vector<Member> keys;
  for (const auto& [key, value] : progress_of(frame).taken.wanted.correlations) keys.push_back({Text(key), value});
  trace(frame, TaskTrace::Status::correlated, Value::object(std::move(keys)));
  complete(branch, std::move(*output));
}

void Execution::stop_listening(Frame& frame) {
  progress_of(frame).closed = true;
  std::erase_if(state_.listens, [&](const Pending& listen) { return listen.frame == &frame; });
}

// With `foreach`: begins with the first event of the queue, or waits, or is done.
void Execution::next_event(Branch& branch, Frame& frame) {
  ListenProgress& progress = progress_of(frame);
  branch.signal = Branch::Signal::none;
  branch.value = Value();
  branch.variables.resize(frame.task->scope_size);
  progress.processing = !progress.queue.empty();
  if (!progress.processing) {
    if (progress.closed) return finish_listening(branch, frame);
    return block(branch);
  }
  if (!count_step()) return;
  Value event = std::move(progress.queue.front());
  progress.queue.pop_front();
  branch.variables.push_back(event);
  branch.variables.emplace_back(progress.iteration);
  frame.position = 0;
  frame.value = std::move(event);
  wake(branch);
}

// The tasks for one event have ended. `leaves`: by `then: exit`, which ends the listening.
void Execution::event_done(Branch& branch, Frame& frame, bool leaves) {
  const definition::EventIterator& each = *listen_of(frame).each;
  ListenProgress& progress = progress_of(frame);
  Site site{.field = "foreach.output.as", .input = &frame.input, .raw_output = &frame.value, .more_scope = 2};
  std::optional<Value> output = transform(branch, frame, site, each.output, frame.value);
  if (!output || !validate(branch, frame, "foreach.output.schema", each.output.schema, *output)) return;
  if (each.export_.transform || each.export_.schema) {
    std::optional<Value> context = branch.context;
    site.field = "foreach.export.as";
    site.output = &*output;
    if (each.export_.transform) context = transform(branch, frame, site, each.export_, *output);
    if (!context || !validate(branch, frame, "foreach.export.schema", each.export_.schema, *context)) return;
    branch.context = std::move(*context);
  }
  ++progress.iteration;
  progress.results.push_back(std::move(*output));
  if (leaves || has_enough(branch, frame)) {
    if (branch.signal == Branch::Signal::error) return;
    progress.queue.clear();
    stop_listening(frame);
  }
  next_event(branch, frame);
}

}  // namespace gantry::engine
