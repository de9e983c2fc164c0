// How an event changes the record: the same code while it happens and when the journal is replayed.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>

#include "base/planted.h"
#include "engine/instance_record.h"
#include "value/json.h"
#include "value/stored.h"

namespace gantry::engine {
namespace {

using journal::EventType;

bool is_input(EventType type) {
  switch (type) {
    case EventType::instance_started:
    case EventType::instance_continued:
    case EventType::instance_cancelled:
    case EventType::effect_denied:
    case EventType::effect_done:
    case EventType::effect_failed:
    case EventType::timer_fired:
    case EventType::task_answered:
    case EventType::child_ended:
    case EventType::event_delivered:
      return true;
    case EventType::project_deployed:
    case EventType::event_received:
    case EventType::instance_completed:
    case EventType::instance_faulted:
    case EventType::effect_proposed:
    case EventType::effect_permitted:
    case EventType::effect_sent_again:
    case EventType::effect_ambiguous:
    case EventType::timer_set:
    case EventType::timer_cancelled:
    case EventType::task_created:
    case EventType::task_voted:
    case EventType::task_closed:
    case EventType::decision_made:
    case EventType::event_emitted:
    case EventType::child_started:
    case EventType::instance_suspended:
    case EventType::instance_resumed:
    case EventType::instance_stuck:
    case EventType::data_erased:
    case EventType::instances_removed:
    case EventType::hold_placed:
    case EventType::hold_lifted:
    case EventType::task_escalated:
    case EventType::gate_stopped:
    case EventType::gate_started:
    case EventType::schedule_set:
    case EventType::schedule_event:
    case EventType::instance_migrated:
    case EventType::migration_undone:
      return false;
  }
  return false;
}

// "ID-t12" -> 12; 0 when it has no such form.
std::uint64_t number_of_task(std::string_view id) {
  std::uint64_t number = 0;
  if (auto dash = id.rfind("-t"); dash != std::string_view::npos)
    std::from_chars(id.data() + dash + 2, id.data() + id.size(), number);
  return number;
}

}  // namespace

Status InstanceRecord::replay(const journal::Event& event, DefinitionSource& definitions) {
  TRY(replay_turn(event, definitions));
  return done();
}

Result<Turn> InstanceRecord::replay_turn(const journal::Event& event, DefinitionSource& definitions, StartWatch* watch) {
  if (event.instance != id_ || event.sequence != sequence_ + 1) {
    return Error{Code::internal, fmt::format("journal: instance {}: expected event {}, found {} of \"{}\"", id_,
                                             sequence_ + 1, event.sequence, event.instance)};
  }
  if (is_migration(event.type)) {
    const Definitions to = TRY(find_definitions(definitions, id_, event.data));
    arriving_ = {to, Interpreter(to.project, to.workflow, interpreter_.limits())};
  }
  auto turn = absorb(event, true, watch);
  if (turn) return turn;
  return Error{turn.error().code, fmt::format("journal: instance {}: event {} ({}): {}", id_, event.sequence,
                                              journal::name_of(event.type), turn.error().message)};
}

Result<Turn> InstanceRecord::absorb(const journal::Event& event, bool replaying, StartWatch* watch, Traced traced) {
  sequence_ = event.sequence;
  const bool was_ended = ended();
  if (event.type != EventType::migration_undone) before_.reset();
  TRY(fold(event, replaying));
  if (was_ended) return Turn{};
  Turn turn;
  if (event.type == EventType::instance_resumed) {
    turn = take_held(event, watch, traced);
  } else if (!is_input(event.type)) {
    return turn;
  } else if (suspended_ && event.type != EventType::instance_cancelled) {
    held_.push_back({event.type, event.data});
    return turn;
  } else {
    turn = interpreter_.apply(state_, event, watch, traced);
  }
  note(turn);
  return turn;
}

// What came while it was suspended, in its order, as if it came now.
Turn InstanceRecord::take_held(const journal::Event& resumed, StartWatch* watch, Traced traced) {
  Turn turn;
  for (Input& input : std::exchange(held_, {})) {
    Turn one = interpreter_.apply(state_, {id_, resumed.sequence, resumed.at, input.type, std::move(input.data)}, watch,
                                  traced);
    std::move(one.actions.begin(), one.actions.end(), std::back_inserter(turn.actions));
    std::move(one.trace.begin(), one.trace.end(), std::back_inserter(turn.trace));
  }
  return turn;
}

// What the interpreter's answer alone changes; no event says it.
void InstanceRecord::note(const Turn& turn) {
  for (const Action& action : turn.actions) {
    if (const auto* abandoned = std::get_if<AbandonEffect>(&action)) abandon(abandoned->effect);
    if (std::holds_alternative<Continue>(action)) continue_pending_ = true;
    if (const auto* cancelled = std::get_if<CancelChild>(&action)) children_.erase(cancelled->child);
  }
  if (!ended()) return;
  suspended_ = false;
  held_.clear();
  std::vector<std::string> all;
  for (const auto& [effect, record] : effects_) all.push_back(effect);
  for (const std::string& effect : all) abandon(effect);
}

// It stays until it is known what became of it, also when the instance has ended. A question about another effect is
// never the workflow's own, so nobody gives it up.
void InstanceRecord::abandon(const std::string& effect) {
  auto found = effects_.find(effect);
  if (found != effects_.end() && found->second.read_back_of.empty()) found->second.abandoned = true;
}

Status InstanceRecord::fold(const journal::Event& event, bool replaying) {
  switch (event.type) {
    case EventType::instance_started:
      principal_ = TRY(principal_from(event.data.member("principal")));
      TRY(fold_started(event.data));
      past_.add_met(event.data.member("met"));
      if (const Value* parent = event.data.find("parent"); parent != nullptr && parent->is_object()) {
        parent_ = TRY(text_from(*parent, "instance"));
        depth_ = static_cast<std::size_t>(std::max<std::int64_t>(parent->integer_or("depth", 1), 1));
        awaited_ = parent->boolean_or("await", true);
        quarantined_before_ =
            static_cast<std::uint64_t>(std::max<std::int64_t>(parent->integer_or("quarantineMillibits", 0), 0));
      }
      if (const Value schedule = event.data.member("schedule"); schedule.string_or("trigger", "") == "after")
        schedule_ = schedule.string_or("name", "");
      return done();
    case EventType::instance_continued:
      continue_pending_ = false;
      return done();
    case EventType::instance_suspended:
      suspended_ = true;
      return done();
    case EventType::instance_resumed:
      suspended_ = false;
      return done();
    case EventType::instance_faulted:
      if (!ended()) {
        failure_ = event.data.member("error");
        note({});
      }
      return done();
    case EventType::effect_proposed:
    case EventType::effect_permitted:
    case EventType::effect_denied:
    case EventType::effect_sent_again:
    case EventType::effect_ambiguous:
    case EventType::effect_done:
    case EventType::effect_failed:
      return fold_effect(event);
    case EventType::timer_set:
      return fold_timer(event.data);
    case EventType::timer_fired:
    case EventType::timer_cancelled:
      timers_.erase(TRY(text_from(event.data, "timer")));
      return done();
    case EventType::task_created:
    case EventType::task_voted:
    case EventType::task_closed:
    case EventType::task_escalated:
      return fold_task(event, replaying);
    case EventType::child_started:
      children_[TRY(text_from(event.data, "child"))] = event.data;
      return done();
    case EventType::child_ended:
      children_.erase(TRY(text_from(event.data, "child")));
      fold_read(gate::KnownValues::Kind::input, "", event.data.member("output"));
      past_.add_met(event.data.member("met"));
      context_ = join(context_, join(event.data.member("error").deep_label(), event.data.member("context").label()));
      return done();
    case EventType::project_deployed:
    case EventType::event_received:
    case EventType::instance_cancelled:
    case EventType::instance_completed:
    case EventType::event_emitted:
    case EventType::instance_stuck:
    case EventType::data_erased:
    case EventType::instances_removed:
    case EventType::hold_placed:
    case EventType::hold_lifted:
    case EventType::gate_stopped:
    case EventType::gate_started:
    case EventType::schedule_set:
    case EventType::schedule_event:
      return done();
    case EventType::instance_migrated:
      return fold_migrated(event);
    case EventType::migration_undone:
      return fold_moved_back(event);
    case EventType::decision_made:
      past_.add_decided(std::string(event.data.string_or("decision", "")), event.data.member("answer"));
      return done();
    case EventType::task_answered:
      fold_answer(event.data);
      return done();
    case EventType::event_delivered: {
      const Value cloud_event = event.data.member("event");
      fold_read(gate::KnownValues::Kind::event, std::string(cloud_event.string_or("type", "")), cloud_event);
      return done();
    }
  }
  return done();
}

// The gate keeps in mind what the run was given: its values and the join of their labels.
void InstanceRecord::fold_read(gate::KnownValues::Kind kind, std::string name, const Value& value) {
  if (value.is_null()) return;
  context_ = join(context_, value.deep_label());
  known_.add(kind, std::move(name), value);
}

void InstanceRecord::fold_answer(const Value& data) {
  fold_read(gate::KnownValues::Kind::answer, std::string(data.string_or("person", "")), data.member("answer"));
  const auto task = tasks_.find(std::string(data.string_or("task", "")));
  if (task == tasks_.end() || task->second.asked_by.empty() || data.string_or("outcome", "") != "approved") return;
  past_.add_approved(task->second.asked_by.substr(task->second.asked_by.rfind('/') + 1));
}

Status InstanceRecord::fold_timer(const Value& data) {
  std::string timer = TRY(text_from(data, "timer"));
  timers_[std::move(timer)] = TRY(timestamp_from(data, "due"));
  return done();
}

Status InstanceRecord::fold_effect(const journal::Event& event) {
  const Value& data = event.data;
  if (event.type == EventType::effect_proposed) {
    EffectRecord record;
    record.effect = TRY(tool::effect_from(data.member("effect")));
    record.verdict = data.member("verdict");
    effects_[record.effect->id] = std::move(record);
    return done();
  }
  if (event.type == EventType::effect_permitted) return fold_permitted(event);
  if (event.type == EventType::effect_denied) {
    effects_.erase(TRY(text_from(data.member("effect"), "id")));
    return done();
  }
  auto found = effects_.find(TRY(text_from(data, "effect")));
  if (found == effects_.end()) return Error{Code::internal, "the effect is not known here"};
  EffectRecord& record = found->second;
  if (event.type == EventType::effect_sent_again) {
    record.state = EffectRecord::State::permitted;
    record.attempts = static_cast<int>(data.integer_or("attempt", record.attempts + 1));
    record.not_sent = false;
    if (data.boolean_or("certain", false)) record.uncertain = false;
    return done();
  }
  if (event.type == EventType::effect_ambiguous) {
    record.state = EffectRecord::State::ambiguous;
    record.doubted_since.reset();
    record.settles.reset();
    record.reason = data.string_or("reason", "");
    record.not_sent = data.boolean_or("notSent", false);
    if (!record.not_sent) record.uncertain = true;
    return done();
  }
  // effect_done, effect_failed. What a read-back says, and what comes too late, the workflow does not read.
  if (!record.abandoned && record.read_back_of.empty()) {
    context_ = join(context_, data.member("error").deep_label());
    std::string called = record.effect->tool + "." + record.effect->operation;
    if (event.type == EventType::effect_done) past_.add_done(called);
    fold_read(gate::KnownValues::Kind::result, std::move(called), data.member("result"));
  }
  effects_.erase(found);
  return done();
}

Status InstanceRecord::fold_permitted(const journal::Event& event) {
  const Value& data = event.data;
  const Value described = data.member("effect");
  const std::string id = TRY(text_from(described, "id"));
  const bool is_whole = described.find("tool") != nullptr;
  const auto [found, is_new] = is_whole ? effects_.try_emplace(id) : std::pair(effects_.find(id), false);
  if (found == effects_.end()) return Error{Code::internal, "the effect was not proposed before"};
  EffectRecord& record = found->second;
  if (is_whole) {
    if (!is_new) record = {};
    const bool is_judged = judged_ != nullptr && (*judged_)->id == id;
    record.effect = is_judged ? *judged_ : tool::SharedEffect(TRY(tool::effect_from(described)));
  }
  record.state = EffectRecord::State::permitted;
  record.verdict = data.member("verdict");
  record.intent = data;
  record.attempts = 1;
  record.read_back_of = data.string_or("readBackOf", "");
  if (auto asked = effects_.find(record.read_back_of); asked != effects_.end()) {
    ++asked->second.read_backs;
    record.asked_under = asked->second.asked_under;
  }
  return done();
}

Status InstanceRecord::fold_task(const journal::Event& event, bool replaying) {
  if (event.type == EventType::task_created) return fold_created(event.data, replaying);
  if (event.type == EventType::task_closed) {
    fold_closed(event.data);
    return done();
  }
  return event.type == EventType::task_escalated ? fold_escalated(event.data) : fold_vote(event);
}

Status InstanceRecord::fold_vote(const journal::Event& event) {
  auto task = tasks_.find(TRY(text_from(event.data, "task")));
  if (task == tasks_.end() || !task->second.approval) return Error{Code::internal, "the approval is not open"};
  gate::Vote vote;
  vote.voter.person = TRY(text_from(event.data, "person"));
  vote.voter.roles = TRY(texts_from(event.data.member("roles"), "roles"));
  vote.on_behalf_of = event.data.string_or("onBehalfOf", "");
  vote.approve = event.data.boolean_or("approve", false);
  vote.comment = event.data.string_or("comment", "");
  vote.at = event.at;
  task->second.approval->votes.push_back(std::move(vote));
  return done();
}

Status InstanceRecord::fold_escalated(const Value& data) {
  auto task = tasks_.find(TRY(text_from(data, "task")));
  if (task == tasks_.end() || !task->second.approval) return Error{Code::internal, "the approval is not open"};
  gate::Approval& approval = *task->second.approval;
  for (std::string& role : TRY(texts_from(data.member("roles"), "roles")))
    approval.escalated.push_back(std::move(role));
  if (!approval.escalations.empty()) approval.escalations.erase(approval.escalations.begin());
  return done();
}

Status InstanceRecord::fold_created(const Value& data, bool replaying) {
  HumanTask task = TRY(human_task_from_event(data));
  // Tasks of the interpreter have taken their number from its state already; ours take it here, or, while it happens,
  // took it when the id was made.
  const bool is_engines = task.kind != HumanTask::Kind::decision && !task.effect.empty();
  if (replaying && is_engines) state_.take_task_number();
  last_task_number_ = std::max(last_task_number_, number_of_task(task.id));
  if (auto effect = effects_.find(task.effect); effect != effects_.end()) effect->second.human_task = task.id;
  std::string id = task.id;
  tasks_[std::move(id)] = std::move(task);
  return done();
}

void InstanceRecord::fold_closed(const Value& data) {
  auto task = tasks_.find(std::string(data.string_or("task", "")));
  if (task == tasks_.end()) return;
  const std::string effect = task->second.effect;
  tasks_.erase(task);
  auto found = effects_.find(effect);
  if (found == effects_.end()) return;
  found->second.human_task.clear();
}

}  // namespace gantry::engine
