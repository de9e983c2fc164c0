#include "prove/replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>

#include "engine/interpreter.h"
#include "gate/echo_rule.h"
#include "gate/facts.h"
#include "gate/gate.h"
#include "gate/judge.h"
#include "gate/known_values.h"
#include "gate/request_labels.h"
#include "gate/result_labels.h"
#include "prove/label_flow.h"
#include "prove/variation.h"
#include "tool/standard_call.h"

namespace gantry::prove {
namespace {

using definition::InvariantGuard;
using engine::CallEffect;

constexpr std::size_t turns_max = 20'000;

struct Pending {
  std::string id, task;
  bool is_approval = false;
};
struct PendingTimer {
  std::string id, purpose;
  Timestamp due;
};

// One instance of a workflow in the replay.
struct Instance {
  std::shared_ptr<const definition::Workflow> workflow;
  std::unique_ptr<engine::Interpreter> interpreter;
  engine::InstanceState state;
  std::string name, id, parent_name, parent_child;
  bool is_awaited = false;
  std::vector<Pending> effects, people;
  std::vector<PendingTimer> timers;
  std::map<std::string, tool::Effect> asked;
  std::uint64_t sequence = 0;
  Label context;  // of all that it has read
  gate::KnownValues known;

  void read(gate::KnownValues::Kind kind, std::string from, const Value& value) {
    if (value.is_null()) return;
    context = join(context, value.deep_label());
    known.add(kind, std::move(from), value);
  }
};

class Replay {
 public:
  Replay(const definition::ProjectPointer& project, const definition::Invariant& invariant,
         LabelConditions conditions)
      : project_(project), invariant_(invariant), conditions_(conditions), gate_(tool::Drivers{}) {}

  ReplayResult run(const definition::Workflow& workflow, const std::vector<ScriptEvent>& script) {
    result_.script = script;
    for (ScriptEvent& event : result_.script) {
      if (event.kind == TraceEvent::Kind::start) {
        begin("", workflow.name, gate::labelled_request(event.value, *project_, workflow.name, requester()), {});
      } else {
        tell(event);
      }
      settle();
      if (result_.is_broken || !result_.why_not.empty()) return result_;
    }
    if (result_.why_not.empty()) result_.why_not = "the run ended without the forbidden effect";
    return result_;
  }

 private:
  Instance* begin(const std::string& name, const definition::WorkflowName& workflow, const Value& input,
                  const std::string& id) {
    const auto found = project_->find_workflow(workflow.namespace_, workflow.name, workflow.version);
    if (found == nullptr) {
      result_.why_not = "the workflow is not there";
      return nullptr;
    }
    auto made = std::make_unique<Instance>();
    made->workflow = found;
    made->interpreter = std::make_unique<engine::Interpreter>(project_, found);
    made->name = name;
    made->id = id.empty() ? "proof" : id;
    Instance* instance = made.get();
    instances_.push_back(std::move(made));
    instance->read(name.empty() ? gate::KnownValues::Kind::request : gate::KnownValues::Kind::input, "", input);
    send(*instance, journal::EventType::instance_started, Value::object({{"input", input}}));
    return instance;
  }

  Instance* find(const std::string& name) {
    const auto found = std::find_if(instances_.rbegin(), instances_.rend(),
                                    [&](const auto& instance) { return instance->name == name; });
    return found == instances_.rend() ? nullptr : found->get();
  }

  static Pending take(std::vector<Pending>& pending, const std::string& task) {
    const auto found =
        std::find_if(pending.begin(), pending.end(), [&](const Pending& one) { return one.task == task; });
    if (found == pending.end()) return {};
    Pending taken = *found;
    pending.erase(found);
    return taken;
  }

  // What the outside says. What nobody waits for is skipped: rules may have answered already.
  void tell(ScriptEvent& event) {
    Instance* instance = find(event.instance);
    if (instance == nullptr) return;
    switch (event.kind) {
      case TraceEvent::Kind::none:
      case TraceEvent::Kind::start:
        return;
      case TraceEvent::Kind::done:
        return effect_done(*instance, event);
      case TraceEvent::Kind::failed:
        if (const std::string id = take(instance->effects, event.task).id; !id.empty())
          effect_failed(*instance, id, event.value);
        return;
      case TraceEvent::Kind::denied:
        if (const std::string id = take(instance->effects, event.task).id; !id.empty())
          send(*instance, journal::EventType::effect_denied, Value::object({{"effect", id}, {"reason", "refused"}}));
        return;
      case TraceEvent::Kind::timer:
        return fire(*instance, event);
      case TraceEvent::Kind::answered:
        if (const Pending asked = take(instance->people, event.task); !asked.id.empty()) {
          look_at_approval(*instance, event);
          const Value answer = asked.is_approval ? event.value : gate::labelled_answer(event.value, "somebody");
          instance->read(gate::KnownValues::Kind::answer, "somebody", answer);
          send(*instance, journal::EventType::task_answered, Value::object({{"task", asked.id}, {"answer", answer}}));
        }
        return;
      case TraceEvent::Kind::child_failed:
        return child_failed(*instance, event);
      case TraceEvent::Kind::event:
        return deliver(*instance, event.value);
    }
  }

  void effect_done(Instance& instance, ScriptEvent& event) {
    const std::string id = take(instance.effects, event.task).id;
    if (id.empty()) return;
    const tool::Effect& effect = instance.asked[id];
    if (!is_permitted(instance, effect)) {
      result_.why_not = fmt::format("the gate refuses {}.{}", effect.tool, effect.operation);
      return;
    }
    const definition::Operation* called = tool::find_operation(*project_, effect.tool, effect.operation);
    if (conditions_ == LabelConditions::met && called != nullptr)
      event.value = with_conditions_met(event.value, conditional_rules(*project_, *called, effect.tool));
    for (const InvariantGuard& guard : invariant_.unless) {
      if (guard.kind == InvariantGuard::Kind::done && guard.name == effect.tool + "." + effect.operation)
        excuse_if(guard, event.value);
    }
    Value result = event.value;
    if (called != nullptr)
      result = gate::with_echoes_labelled(gate::labelled_result(result, *called, effect.tool, project_.get()),
                                          effect.arguments);
    instance.read(gate::KnownValues::Kind::result, effect.tool + "." + effect.operation, result);
    send(instance, journal::EventType::effect_done, Value::object({{"effect", id}, {"result", result}}));
  }

  void effect_failed(Instance& instance, const std::string& id, Value error) {
    const tool::Effect& effect = instance.asked[id];
    // Its text may quote any field of what the other side says.
    error = std::move(error).labelled(labels_of_result(*project_, effect.tool, effect.operation).deep());
    instance.context = join(instance.context, error.deep_label());
    send(instance, journal::EventType::effect_failed, Value::object({{"effect", id}, {"error", std::move(error)}}));
  }

  void look_at_approval(const Instance&, const ScriptEvent& event) {
    const std::string name = event.task.substr(event.task.rfind('/') + 1);
    for (const InvariantGuard& guard : invariant_.unless) {
      if (guard.kind == InvariantGuard::Kind::approval && guard.name == name &&
          event.value.member("approved").is_true())
        excused_ = true;
    }
  }

  void excuse_if(const InvariantGuard& guard, const Value& value) {
    if (!guard.test) {
      excused_ = true;
      return;
    }
    const Result<Value> verdict = expression::evaluate_only(*guard.test->program, value, {});
    if (verdict && verdict->is_truthy()) excused_ = true;
  }

  void fire(Instance& instance, const ScriptEvent& event) {
    for (auto timer = instance.timers.rbegin(); timer != instance.timers.rend(); ++timer) {
      if (timer->purpose != event.purpose) continue;
      const PendingTimer fired = *timer;
      std::erase_if(instance.timers, [&](const PendingTimer& one) { return one.id == fired.id; });
      now_ = std::max(now_, fired.due);
      return send(instance, journal::EventType::timer_fired, Value::object({{"timer", fired.id}}));
    }
  }

  void child_failed(Instance& instance, const ScriptEvent& event) {
    for (const auto& child : instances_) {
      if (child->parent_name != instance.name || child->parent_child.empty() || !child->is_awaited) continue;
      const std::string id = std::exchange(child->parent_child, "");
      return send(instance, journal::EventType::child_ended,
                  Value::object({{"child", id}, {"status", "faulted"}, {"error", event.value}}));
    }
  }

  void deliver(Instance& instance, const Value& value) {
    for (const definition::EventConsumption* listen : instance.state.listens()) {
      std::vector<std::string> types;
      listen->visit_types([&](const std::string* type) { types.push_back(type == nullptr ? "test" : *type); });
      for (const std::string& type : types) {
        const Value data = value.is_array() ? value.item(0) : value;
        Value cloud_event = Value::object({{"specversion", "1.0"},
                                           {"id", fmt::format("event-{}", ++events_)},
                                           {"source", "/proof"},
                                           {"type", type},
                                           {"data", data}});
        cloud_event = gate::labelled_event(std::move(cloud_event), project_.get(), requester());
        instance.read(gate::KnownValues::Kind::event, type, cloud_event);
        if (instance.interpreter->wants(instance.state, cloud_event, now_))
          send(instance, journal::EventType::event_delivered, Value::object({{"event", cloud_event}}));
        return;
      }
    }
  }

  void send(Instance& instance, journal::EventType type, Value data) {
    queue_.push_back(
        {&instance, {.instance = instance.id, .sequence = 0, .at = now_, .type = type, .data = std::move(data)}});
  }

  // Until everybody waits for the outside.
  void settle() {
    while (!queue_.empty() && !result_.is_broken && result_.why_not.empty()) {
      if (++turns_ > turns_max) {
        result_.why_not = "the replay takes too long";
        return;
      }
      auto [instance, event] = std::move(queue_.front());
      queue_.pop_front();
      event.sequence = ++instance->sequence;
      event.at = now_;
      take_turn(*instance, instance->interpreter->apply(instance->state, event));
      end(*instance);
    }
  }

  void end(Instance& instance) {
    using Status = engine::InstanceState::Status;
    const Status status = instance.state.status();
    if (status == Status::running || status == Status::created || instance.parent_child.empty()) return;
    Instance* parent = find(instance.parent_name);
    const std::string child = std::exchange(instance.parent_child, "");
    if (parent == nullptr) return;
    Value data = Value::object({{"child", child}, {"status", status == Status::completed ? "completed" : "faulted"}});
    data = status == Status::completed ? std::move(data).with_member("output", instance.state.output())
                                       : std::move(data).with_member("error", instance.state.error());
    parent->read(gate::KnownValues::Kind::input, "", data.member("output"));
    parent->context = join(parent->context, instance.context);
    send(*parent, journal::EventType::child_ended, std::move(data));
  }

  void take_turn(Instance& instance, const engine::Turn& turn) {
    for (const engine::Action& action : turn.actions) {
      if (const auto* call = std::get_if<CallEffect>(&action)) called(instance, *call);
      if (const auto* gone = std::get_if<engine::AbandonEffect>(&action))
        std::erase_if(instance.effects, [&](const Pending& one) { return one.id == gone->effect; });
      if (const auto* timer = std::get_if<engine::SetTimer>(&action))
        instance.timers.push_back({.id = timer->timer, .purpose = timer->purpose, .due = timer->due});
      if (const auto* gone = std::get_if<engine::CancelTimer>(&action))
        std::erase_if(instance.timers, [&](const PendingTimer& one) { return one.id == gone->timer; });
      if (const auto* person = std::get_if<engine::AskPerson>(&action))
        instance.people.push_back({.id = person->human_task, .task = person->task});
      if (const auto* approval = std::get_if<engine::AskApproval>(&action))
        instance.people.push_back({.id = approval->human_task, .task = approval->task, .is_approval = true});
      if (const auto* decision = std::get_if<engine::RecordDecision>(&action)) {
        for (const InvariantGuard& guard : invariant_.unless)
          if (guard.kind == InvariantGuard::Kind::decided && guard.name == decision->decision)
            excuse_if(guard, decision->answer);
      }
      if (const auto* child = std::get_if<engine::StartChild>(&action)) start_child(instance, *child);
      if (std::holds_alternative<engine::Continue>(action))
        send(instance, journal::EventType::instance_continued, Value::object(std::vector<Member>{}));
      if (result_.is_broken) return;
    }
  }

  void start_child(Instance& instance, const engine::StartChild& child) {
    const std::string name = instance.name + (instance.name.empty() ? "" : " ") + child.task;
    const std::string parent = instance.name;
    Instance* made = begin(name, child.workflow, child.input, child.child);
    if (made == nullptr) return;
    made->parent_name = parent;
    made->parent_child = child.child;
    made->is_awaited = child.await;
    made->context = join(made->context, find(parent)->context);
  }

  // By its rules alone: that it holds invariants whatever the rules say proves nothing about the rules.
  gate::Circumstances circumstances_of(const Instance& instance) const {
    gate::Circumstances circumstances;
    circumstances.facts = {.context = instance.context, .known = &instance.known, .workflow = instance.workflow.get()};
    for (const auto& named : project_->policy_set->invariants()) circumstances.excused.push_back(named.name);
    return circumstances;
  }
  gate::Verdict verdict_on(const Instance& instance, const tool::Effect& effect) const {
    return gate_.check(*project_, *project_, effect, requester(), now_, circumstances_of(instance), gate::Explained::no);
  }
  bool is_permitted(const Instance& instance, const tool::Effect& effect) const {
    return verdict_on(instance, effect).kind != definition::VerdictKind::deny;
  }

  definition::Principal requester() const { return {.person = "somebody", .roles = invariant_.roles}; }

  void called(Instance& instance, const CallEffect& call) {
    instance.effects.push_back({.id = call.effect, .task = call.task});
    tool::Effect effect;
    effect.id = effect.key = call.effect;
    effect.instance = instance.id;
    effect.workflow = instance.workflow->name;
    effect.task = call.task;
    effect.tool = call.tool;
    effect.operation = call.operation;
    effect.arguments = call.arguments;
    if (!tool::complete_effect(effect, *project_)) return;
    instance.asked[call.effect] = effect;
    look_at(instance, effect);
  }

  // Does this effect break the invariant?
  void look_at(const Instance& instance, const tool::Effect& effect) {
    const std::string workflow = effect.workflow.namespace_ + "/" + effect.workflow.name;
    const auto& only = invariant_.workflows;
    if (excused_ || !invariant_.covers(effect.tool, effect.operation, effect.effect_class)) return;
    if (!only.empty() && std::find(only.begin(), only.end(), workflow) == only.end()) return;
    if (!matters(instance, effect)) return;
    const gate::Verdict verdict = verdict_on(instance, effect);
    if (verdict.kind == definition::VerdictKind::deny) {
      refused_ = fmt::format("the gate refuses {}.{} there: {}", effect.tool, effect.operation, verdict.reason);
      result_.refused = tool::find_operation(*project_, effect.tool, effect.operation);
      result_.refused_arguments = effect.arguments;
      return;
    }
    std::size_t people = 0;
    for (const auto& approver : verdict.approvers) people += approver.count;
    if (invariant_.approvers > 0 && people >= invariant_.approvers) return;
    if (count_++ < invariant_.more_than) return;
    result_.is_broken = true;
    result_.arguments = effect.arguments;
    result_.verdict = definition::name_of(verdict.kind);
  }

  bool matters(const Instance& instance, const tool::Effect& effect) const {
    if (!invariant_.when) return true;
    const definition::Operation* operation = tool::find_operation(*project_, effect.tool, effect.operation);
    if (operation == nullptr) return true;
    const Value facts = gate::facts_of(effect, *operation, requester(), *project_, circumstances_of(instance),
                                       Value::object({}), project_->policy_set->lists());
    const Result<bool> holds = gate::holds(*invariant_.when, facts, now_);
    return !holds.ok() || *holds;
  }

  definition::ProjectPointer project_;
  const definition::Invariant& invariant_;
  const LabelConditions conditions_;
  gate::Gate gate_;
  std::vector<std::unique_ptr<Instance>> instances_;
  std::deque<std::pair<Instance*, journal::Event>> queue_;
  Timestamp now_ = Timestamp(std::chrono::hours(24 * 365 * 56));
  bool excused_ = false;
  std::size_t count_ = 0, turns_ = 0, events_ = 0;
  std::string refused_;
  ReplayResult result_;

 public:
  const std::string& refused() const { return refused_; }
};

}  // namespace

ReplayResult replay(const definition::ProjectPointer& project, const definition::Invariant& invariant,
                    const definition::Workflow& workflow, const std::vector<ScriptEvent>& script,
                    LabelConditions conditions) {
  Replay replay(project, invariant, conditions);
  ReplayResult result = replay.run(workflow, script);
  if (!result.is_broken && !replay.refused().empty()) result.why_not = replay.refused();
  return result;
}

}  // namespace gantry::prove
