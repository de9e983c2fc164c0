// For tests: one workflow instance in a small world of its own. Effects are answered by a function, timers fire when
// the time is moved on, people and children answer when told. Outcomes are short texts:
//
//   World world("do:\n  - hello: {set: {a: 1}}");
//   EXPECT_EQ(world.run(), R"(completed {"a":1})");
//
// Every scenario is a property test too: when the world ends, its events are replayed, and at every event the state is
// written and read back; all ways must give the same bytes.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "engine/interpreter.h"
#include "value/json.h"

namespace gantry::engine::testing {

inline Value json(std::string_view text) {
  auto value = parse_json(text);
  if (!value) ADD_FAILURE() << "not JSON: " << text << ": " << value.error().message;
  return value ? *value : Value();
}

// What the outside says to an effect.
struct Reply {
  enum class Kind { done, failed, denied, none } kind = Kind::done;  // none: not yet
  Value value;                                                       // result, error, or the reason as text
};
inline Reply done_with(std::string_view text) {
  return {Reply::Kind::done, json(text)};
}
inline Reply fails_with(std::string_view text) {
  return {Reply::Kind::failed, json(text)};
}
inline Reply denied_because(std::string_view reason) {
  return {Reply::Kind::denied, Value(reason)};
}
inline Reply no_answer() {
  return {Reply::Kind::none, {}};
}

class World {
 public:
  // `workflow` is the file without its `document`; `more` are other files of the project.
  explicit World(std::string_view workflow, definition::SourceFiles more = {}, InterpreterLimits limits = {}) {
    more["workflows/main.yaml"] = document("main") + std::string(workflow);
    auto loaded = definition::load_project(std::move(more));
    if (const auto* problems = std::get_if<definition::Problems>(&loaded)) {
      for (const definition::Problem& problem : *problems) ADD_FAILURE() << definition::format(problem);
      return;
    }
    project_ = std::get<definition::ProjectPointer>(std::move(loaded));
    workflow_ = project_->find_workflow("test", "main");
    interpreter_ = std::make_unique<Interpreter>(project_, workflow_, limits);
  }

  ~World() {
    if (interpreter_ && events_.size() <= 80) check_replay();
  }
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  static std::string document(const std::string& name) {
    return "document: {dsl: 1.0.3, namespace: test, name: " + name + ", version: 1.0.0}\n";
  }

  // The first problem that loading the workflow reports; empty when it is fine.
  static std::string problem_of(std::string_view workflow) {
    auto loaded = definition::load_project({{"workflows/main.yaml", document("main") + std::string(workflow)}});
    const auto* problems = std::get_if<definition::Problems>(&loaded);
    return problems == nullptr || problems->empty() ? std::string() : problems->front().message;
  }

  std::function<Reply(const CallEffect&)> answer = [](const CallEffect&) { return no_answer(); };

  std::string run(std::string_view input = "{}") { return run_on(json(input)); }
  std::string run_on(const Value& input) {
    return send(journal::EventType::instance_started, Value::object({{"input", input}}));
  }

  // Fires what falls due on the way, in order of time.
  std::string advance(Duration by) {
    const Timestamp until = now_ + by;
    while (!timers_.empty() && timers_.begin()->first.first <= until) {
      const auto [key, purpose] = *timers_.begin();
      timers_.erase(timers_.begin());
      now_ = std::max(now_, key.first);
      send(journal::EventType::timer_fired, Value::object({{"timer", key.second}}));
    }
    now_ = until;
    return outcome();
  }

  std::string reply(const std::string& effect, const Reply& reply) {
    const char* key = reply.kind == Reply::Kind::done     ? "result"
                      : reply.kind == Reply::Kind::failed ? "error"
                                                          : "reason";
    const auto type = reply.kind == Reply::Kind::done     ? journal::EventType::effect_done
                      : reply.kind == Reply::Kind::failed ? journal::EventType::effect_failed
                                                          : journal::EventType::effect_denied;
    return send(type, Value::object({{"effect", effect}, {key, reply.value}}));
  }
  std::string person_answers(const std::string& task, std::string_view text) {
    return send(journal::EventType::task_answered, Value::object({{"task", task}, {"answer", json(text)}}));
  }
  std::string child_ends(const std::string& data) { return send(journal::EventType::child_ended, json(data)); }
  std::string deliver(std::string_view cloud_event, bool deferred = false) {
    Value data = Value::object({{"event", json(cloud_event)}});
    if (deferred) data = std::move(data).with_member("deferred", true);
    return send(journal::EventType::event_delivered, std::move(data));
  }
  bool wants(std::string_view cloud_event) { return interpreter_->wants(state_, json(cloud_event), now_); }
  std::string cancel() { return send(journal::EventType::instance_cancelled, Value::object({{"reason", "test"}})); }

  std::string send(journal::EventType type, Value data) {
    inputs_.push_back({.instance = "i", .sequence = 0, .at = now_, .type = type, .data = std::move(data)});
    while (!inputs_.empty()) {
      journal::Event event = std::move(inputs_.front());
      inputs_.pop_front();
      event.at = now_;
      event.sequence = events_.size() + 1;
      take(interpreter_->apply(state_, event));
      events_.push_back(std::move(event));
    }
    return outcome();
  }

  std::string outcome() const {
    switch (state_.status()) {
      case InstanceState::Status::created:
        return "created";
      case InstanceState::Status::running:
        return state_.waiting() ? "waiting" : "running";
      case InstanceState::Status::completed:
        return "completed " + print_json(state_.output());
      case InstanceState::Status::faulted:
        return "faulted " + definition::error_kind(state_.error().string_or("type", "")) + " " +
               print_json(state_.error().member("status")) + " " +
               std::string(state_.error().string_or("instance", ""));
      case InstanceState::Status::cancelled:
        return "cancelled";
    }
    return {};
  }

  const InstanceState& state() const { return state_; }
  const Value& output() const { return state_.output(); }
  std::string detail() const { return std::string(state_.error().string_or("detail", "")); }
  std::string title() const { return std::string(state_.error().string_or("title", "")); }
  // "first second", in the order in which tasks reached that status.
  std::string names(TaskTrace::Status status) const {
    std::string names;
    for (const TaskTrace& trace : trace_) {
      if (trace.status == status) names += (names.empty() ? "" : " ") + trace.name;
    }
    return names;
  }
  std::string started() const { return names(TaskTrace::Status::started); }
  // What the interpreter asked for: "call e1 http.request", "timer w1 retry 5", "abandon e1", ...
  const std::vector<std::string>& asked() const { return asked_; }
  std::vector<CallEffect> calls;
  std::vector<RecordDecision> decisions;
  std::vector<AskPerson> questions;
  std::vector<AskApproval> approvals;
  std::vector<StartChild> children;
  std::vector<Value> emitted;
  std::size_t turns() const { return events_.size(); }
  const definition::Workflow& workflow() const { return *workflow_; }
  std::size_t timers() const { return timers_.size(); }
  Timestamp now() const { return now_; }

 private:
  void ask(std::string text) { asked_.push_back(std::move(text)); }
  static std::string tail(const std::string& id) { return id.substr(id.rfind('-') + 1); }

  void take(Turn turn) {
    trace_.insert(trace_.end(), turn.trace.begin(), turn.trace.end());
    for (const Action& action : turn.actions) {
      std::visit([this](const auto& one) { handle(one); }, action);
    }
  }

  void handle(const CallEffect& call) {
    ask("call " + tail(call.effect) + " " + call.tool + "." + call.operation);
    calls.push_back(call);
    const Reply reply_now = answer(call);
    if (reply_now.kind == Reply::Kind::none) return;
    const char* key = reply_now.kind == Reply::Kind::done     ? "result"
                      : reply_now.kind == Reply::Kind::failed ? "error"
                                                              : "reason";
    const auto type = reply_now.kind == Reply::Kind::done     ? journal::EventType::effect_done
                      : reply_now.kind == Reply::Kind::failed ? journal::EventType::effect_failed
                                                              : journal::EventType::effect_denied;
    queue(type, Value::object({{"effect", call.effect}, {key, reply_now.value}}));
  }
  void handle(const AbandonEffect& abandon) { ask("abandon " + tail(abandon.effect)); }
  void handle(const SetTimer& timer) {
    const auto seconds = std::chrono::duration<double>(timer.due - now_).count();
    ask("timer " + tail(timer.timer) + " " + timer.purpose + " " + print_json(Value(seconds)));
    timers_[{timer.due, timer.timer}] = timer.purpose;
  }
  void handle(const CancelTimer& cancelled) {
    ask("stop " + tail(cancelled.timer));
    std::erase_if(timers_, [&](const auto& entry) { return entry.first.second == cancelled.timer; });
  }
  void handle(const RecordDecision& decision) {
    ask("decided " + decision.decision + " by " + decision.decider);
    decisions.push_back(decision);
  }
  void handle(const AskPerson& question) {
    ask("person " + tail(question.human_task));
    questions.push_back(question);
  }
  void handle(const AskApproval& approval) {
    ask("approval " + tail(approval.human_task));
    approvals.push_back(approval);
  }
  void handle(const WithdrawTask& task) { ask("withdraw " + tail(task.human_task)); }
  void handle(const EmitEvent& event) {
    ask("emit");
    emitted.push_back(event.event);
  }
  void handle(const StartChild& child) {
    ask("child " + tail(child.child));
    children.push_back(child);
  }
  void handle(const CancelChild& child) { ask("cancel child " + tail(child.child)); }
  void handle(const Complete&) { ask("complete"); }
  void handle(const Fault&) { ask("fault"); }
  void handle(const Cancelled&) { ask("cancelled"); }
  void handle(const Continue&) { queue(journal::EventType::instance_continued, Value::object(std::vector<Member>{})); }

  void queue(journal::EventType type, Value data) {
    inputs_.push_back({.instance = "i", .sequence = 0, .at = now_, .type = type, .data = std::move(data)});
  }

  void check_replay() const {
    const std::string expected = state_.serialise();
    InstanceState whole, cut;
    for (std::size_t index = 0; index < events_.size(); ++index) {
      interpreter_->apply(whole, events_[index]);
      interpreter_->apply(cut, events_[index]);
      const std::string text = cut.serialise();
      ASSERT_EQ(text, whole.serialise()) << "after event " << index + 1;
      auto parsed = InstanceState::parse(text, *workflow_);
      ASSERT_TRUE(parsed.ok()) << parsed.error().message << "\n" << text;
      cut = std::move(*parsed);
      ASSERT_EQ(cut.serialise(), text) << "after event " << index + 1;
    }
    EXPECT_EQ(whole.serialise(), expected);
  }

  definition::ProjectPointer project_;
  std::shared_ptr<const definition::Workflow> workflow_;
  std::unique_ptr<Interpreter> interpreter_;
  InstanceState state_;
  Timestamp now_ = Timestamp(std::chrono::hours(24 * 365 * 56));
  std::deque<journal::Event> inputs_;
  std::vector<journal::Event> events_;
  std::map<std::pair<Timestamp, std::string>, std::string> timers_;
  std::vector<TaskTrace> trace_;
  std::vector<std::string> asked_;
};

}  // namespace gantry::engine::testing
