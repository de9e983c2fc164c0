#include "sim/invariants.h"

#include <fmt/format.h>

#include <utility>

namespace gantry::sim {

using journal::EventType;

void Invariants::know(const Plan& plan) {
  plans_[plan.project->digest.hex()] = plan;
}

Invariants::KnownEffect* Invariants::known(const std::string& id, const journal::Event& event) {
  const auto found = effects_.find(id);
  if (found != effects_.end()) return &found->second;
  report_(fmt::format("{} of instance {} is about the effect {}, which nobody has asked for",
                      journal::name_of(event.type), event.instance, id));
  return nullptr;
}

definition::Principal Invariants::requester_of(const std::string& instance) const {
  const RecordedInstance* recorded = history_.find(instance);
  definition::Principal requester;
  if (recorded == nullptr || recorded->events.empty()) return requester;
  const Value principal = recorded->events.front().data.member("principal");
  requester.person = principal.string_or("person", "");
  if (const Value* roles = principal.find("roles"); roles != nullptr && roles->is_array())
    for (const Value& role : roles->items()) requester.roles.emplace_back(role.as_string());
  return requester;
}

void Invariants::acknowledged(const journal::Event& event, Timestamp now) {
  switch (event.type) {
    case EventType::project_deployed: {
      const auto found = plans_.find(std::string(event.data.string_or("project", "")));
      if (found != plans_.end()) in_force_ = &found->second;
      break;
    }
    case EventType::instance_started:
      note_start(event);
      break;
    case EventType::event_received:
      if (!received_
               .insert(std::string(event.data.string_or("source", "")) + " " +
                       std::string(event.data.string_or("id", "")))
               .second)
        report_(fmt::format("the event {} was received twice", event.data.string_or("id", "")));
      break;
    case EventType::effect_proposed:
    case EventType::effect_permitted:
    case EventType::effect_denied: {
      const Value effect = event.data.member("effect");
      const std::string id(effect.string_or("id", ""));
      if (effect.find("operation") != nullptr && !effects_.contains(id))
        effects_[id] = {event.instance,
                        std::string(effect.string_or("operation", "")),
                        std::string(effect.string_or("digest", "")),
                        effect.member("arguments"),
                        KnownEffect::State::asked,
                        event.data.find("readBackOf") != nullptr,
                        {}};
      if (event.type == EventType::effect_permitted) judge_permit(event);
      if (event.type == EventType::effect_denied)
        if (KnownEffect* its = known(id, event)) its->state = KnownEffect::State::denied;
      break;
    }
    case EventType::effect_done:
    case EventType::effect_failed:
      judge_outcome(event);
      break;
    case EventType::timer_set:
    case EventType::timer_fired:
      note_timer(event, now);
      break;
    case EventType::task_created:
    case EventType::task_voted:
    case EventType::task_escalated:
    case EventType::task_closed:
    case EventType::task_answered:
      note_task(event, now);
      break;
    default:
      break;
  }
}

// Starts by a schedule and starts with a key take place once; none comes before its time.
void Invariants::note_start(const journal::Event& event) {
  const std::string key(event.data.string_or("key", ""));
  const std::string workflow(event.data.member("workflow").string_or("name", ""));
  const Value who = event.data.member(event.data.find("by") == nullptr ? "principal" : "by");
  const std::string person(who.string_or("person", ""));
  if (!key.empty() && !start_keys_.insert(workflow + " " + person + " " + key).second)
    report_(fmt::format("two instances of {} were started with the key {}", workflow, key));
  const Value schedule = event.data.member("schedule");
  if (!schedule.is_object()) return;
  if (const auto due = parse_timestamp(schedule.string_or("due", "")); due && *due > event.at)
    report_(fmt::format("instance {} was started by its schedule at {}, before it was due ({})", event.instance,
                        format_timestamp(event.at), format_timestamp(*due)));
}

void Invariants::note_timer(const journal::Event& event, Timestamp now) {
  const std::string timer(event.data.string_or("timer", ""));
  auto& timers = timers_[event.instance];
  if (event.type == EventType::timer_set) {
    if (const auto due = parse_timestamp(event.data.string_or("due", ""))) timers[timer] = *due;
    return;
  }
  const auto found = timers.find(timer);
  if (found == timers.end())
    return report_(fmt::format("timer {} of instance {} fired, but was never set", timer, event.instance));
  if (event.at < found->second || now < found->second)
    report_(fmt::format("timer {} of instance {} fired at {} (it was {}), before it was due ({})", timer,
                        event.instance, format_timestamp(event.at), format_timestamp(now),
                        format_timestamp(found->second)));
  timers.erase(found);
}

void Invariants::judge_outcome(const journal::Event& event) {
  const std::string id(event.data.string_or("effect", ""));
  KnownEffect* effect = known(id, event);
  if (effect == nullptr) return;
  const bool done = event.type == EventType::effect_done;
  if (effect->state != KnownEffect::State::permitted)
    report_(fmt::format("effect {} has an outcome ({}), and was not under way", id, journal::name_of(event.type)));
  effect->state = done ? KnownEffect::State::done : KnownEffect::State::failed;
  if (!done && std::exchange(effect->charged, false)) --posts_[effect->instance];
  if (effect->operation == "look" || effect->operation == "find") return;
  if (done && !world_.took_place(id))
    report_(fmt::format("effect {} ({}) is recorded as done, but it did not take place", id, effect->operation));
  if (!done && world_.took_place(id))
    report_(fmt::format("effect {} ({}) is recorded as failed, but it took place", id, effect->operation));
}

void Invariants::note_task(const journal::Event& event, Timestamp now) {
  const std::string id(event.data.string_or("task", ""));
  if (event.type == EventType::task_created) {
    tasks_[id] = {std::string(event.data.string_or("effect", "")),
                  std::string(event.data.string_or("digest", "")),
                  event.data,
                  {},
                  false,
                  {}};
    return;
  }
  const auto found = tasks_.find(id);
  if (found == tasks_.end()) return report_(fmt::format("task {} was never created", id));
  KnownTask& task = found->second;
  if (event.type == EventType::task_voted) {
    if (event.data.boolean_or("approve", false))
      task.approvals.emplace_back(event.data.string_or("person", ""), event.at);
    else
      task.rejected = true;
    if (event.data.string_or("digest", "") != task.digest)
      report_(fmt::format("a vote on task {} counts, and was about something else than the task shows", id));
  } else if (event.type == EventType::task_escalated) {
    const Value roles = event.data.member("roles");
    if (roles.is_array())
      for (const Value& role : roles.items()) task.escalated.insert(std::string(role.as_string()));
  } else {
    const std::string_view outcome = event.data.string_or("outcome", "");
    const auto expires = parse_timestamp(task.created.string_or("expires", ""));
    if (outcome == "expired" && expires && (event.at < *expires || now < *expires))
      report_(fmt::format("task {} expired at {}, before its time ({})", id, format_timestamp(event.at),
                          format_timestamp(*expires)));
    if (outcome == "approved" && !task.effect.empty())
      if (KnownEffect* effect = known(task.effect, event)) effect->approved_task = id;
  }
}

void Invariants::sent(const tool::Effect& effect) {
  const auto found = effects_.find(effect.id);
  if (found == effects_.end() || found->second.state != KnownEffect::State::permitted)
    return report_(fmt::format("effect {} ({}) is sent, and the journal does not say that it is permitted", effect.id,
                               effect.operation));
  if (found->second.digest != effect.digest.hex())
    report_(fmt::format("effect {} is sent, and is another one than was permitted", effect.id));
  if (history_.stops().contains(effect.tool) || history_.stops().contains(""))
    report_(fmt::format("effect {} ({}) is sent, and the gate is stopped", effect.id, effect.operation));
}

void Invariants::arrived(const tool::Effect& effect) {
  const auto found = effects_.find(effect.id);
  if (found == effects_.end() || found->second.state == KnownEffect::State::asked ||
      found->second.state == KnownEffect::State::denied)
    report_(fmt::format("effect {} ({}) arrives outside, and the journal does not say that it is permitted", effect.id,
                        effect.operation));
}

void Invariants::check_world() const {
  for (const auto& [id, application] : world_.applications())
    if (application.times > 1)
      report_(fmt::format("effect {} ({}) took place {} times", id, application.operation, application.times));
}

bool Invariants::is_settled(const std::string& effect) const {
  const auto found = effects_.find(effect);
  return found == effects_.end() || found->second.state != KnownEffect::State::permitted;
}

void Invariants::check_end() const {
  for (const std::string& instance : history_.running()) {
    const RecordedInstance* recorded = history_.find(instance);
    report_(fmt::format("instance {} hangs: people, events and time do not bring it to an end; its last event is {}",
                        instance, journal::name_of(recorded->events.back().type)));
  }
  for (const auto& [id, effect] : effects_)
    if (effect.state == KnownEffect::State::permitted)
      report_(fmt::format("nobody knows what became of effect {} ({}), and nobody is asked", id, effect.operation));
  for (const auto& [id, task] : history_.open_tasks())
    report_(fmt::format("task {} ({}) stays open, and nobody can close it", id, task.created.string_or("kind", "")));
}

}  // namespace gantry::sim
