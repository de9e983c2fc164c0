#include "journal/sqlite_projection.h"

#include <fmt/format.h>

#include <utility>

#include "journal/start_key.h"

namespace gantry::journal {
namespace {

constexpr std::size_t remembered_workflows_max = 1000;
constexpr std::size_t counted_streams_max = 100'000;

std::int64_t number_of(InstanceStatus status) {
  return static_cast<std::int64_t>(status);
}
std::int64_t microseconds(Timestamp at) {
  return at.time_since_epoch().count();
}

// `principal` and `by` are {person, roles}; older or simpler writers may give the name alone.
std::string_view person_of(const Value* who) {
  if (!who) return {};
  return who->is_string() ? who->as_string() : who->string_or("person", "");
}

}  // namespace

Status SqliteProjection::apply(const EventPlace& place, const Event& event) {
  ++tail_events_;
  switch (event.type) {
    case EventType::project_deployed:
      return deploy_project(place, event);
    case EventType::instance_started:
      return start_instance(place, event);
    case EventType::instance_cancelled:
      return end_instance(place, event, InstanceStatus::cancelled);
    case EventType::instance_completed:
      return end_instance(place, event, InstanceStatus::completed);
    case EventType::instance_faulted:
      return end_instance(place, event, InstanceStatus::faulted);
    case EventType::effect_proposed:
      TRY(charge_budgets(event));
      TRY(forget_asked_effect(place, event));
      return begin_effect(place, event, EffectState::proposed);
    case EventType::effect_permitted:
      TRY(charge_budgets(event));
      return permit_effect(place, event);
    case EventType::effect_denied:
      return deny_effect(place, event);
    case EventType::effect_sent_again:
      return send_effect_again(place, event);
    case EventType::effect_ambiguous:
      return doubt_effect(place, event);
    case EventType::effect_done:
      return end_effect(place, event, EffectState::done);
    case EventType::effect_failed:
      TRY(charge_budgets(event));
      return end_effect(place, event, EffectState::failed);
    case EventType::timer_set:
      return set_timer(place, event);
    case EventType::timer_fired:
    case EventType::timer_cancelled:
      return end_timer(place, event);
    case EventType::task_created:
      return create_task(place, event);
    case EventType::task_voted:
      return add_vote(place, event);
    case EventType::task_answered:
      return answer_task(place, event);
    case EventType::task_closed:
      return close_task(event);
    case EventType::task_escalated:
      return escalate_task(event);
    case EventType::decision_made:
      return make_decision(place, event);
    case EventType::instance_suspended:
      return suspend_instance(place, true);
    case EventType::instance_resumed:
      return suspend_instance(place, false);
    case EventType::instance_stuck:
      return mark_stuck(place, event);
    case EventType::hold_placed:
    case EventType::hold_lifted:
      return change_hold(place, event);
    case EventType::instance_migrated:
    case EventType::migration_undone:
      return migrate_instance(place, event);
    case EventType::event_received:
    case EventType::instance_continued:
    case EventType::event_emitted:
    case EventType::child_started:
    case EventType::child_ended:
    case EventType::event_delivered:
    case EventType::data_erased:
    case EventType::instances_removed:
    case EventType::gate_stopped:
    case EventType::gate_started:
    case EventType::schedule_set:
    case EventType::schedule_event:
      return done();
  }
  return done();
}

Result<std::int64_t> SqliteProjection::workflow_number(const Value& workflow, std::string_view project) {
  std::string_view namespace_ = workflow.string_or("namespace", ""), name = workflow.string_or("name", "");
  std::string_view version = workflow.string_or("version", ""), digest = workflow.string_or("digest", "");
  std::string all = fmt::format("{}\n{}\n{}\n{}\n{}", namespace_, name, version, digest, project);
  auto found = workflows_.find(all);
  if (found != workflows_.end()) return found->second;
  // Numbered without gaps, so that a rebuild gives the same.
  auto insert =
      TRY(connection_.use("INSERT INTO journal_workflow (number, namespace, name, version, digest, project) SELECT "
                          "coalesce(max(number), 0) + 1, CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS "
                          "TEXT), CAST(? AS TEXT) FROM journal_workflow WHERE TRUE ON CONFLICT DO NOTHING"));
  insert->bind(1, namespace_).bind(2, name).bind(3, version).bind(4, digest).bind(5, project);
  TRY(insert->run());
  auto select =
      TRY(connection_.use("SELECT number FROM journal_workflow WHERE namespace = ? AND name = ? AND version = ? AND "
                          "digest = ? AND project = ?"));
  select->bind(1, namespace_).bind(2, name).bind(3, version).bind(4, digest).bind(5, project);
  TRY(select->step());
  std::int64_t number = select->integer(0);
  if (workflows_.size() >= remembered_workflows_max) workflows_.clear();
  workflows_.emplace(std::move(all), number);
  return number;
}

Status SqliteProjection::start_instance(const EventPlace& place, const Event& event) {
  const Value workflow = event.data.member("workflow");
  std::int64_t number = TRY(workflow_number(workflow, event.data.string_or("project", "")));
  std::string_view key = event.data.string_or("key", "");
  const Value* parent = event.data.find("parent");
  auto insert =
      TRY(connection_.use("INSERT INTO journal_instance (stream, workflow, status, started_at, start_event, person, "
                          "key, parent, parent_task) VALUES (?,?,0,?,?,?,?,?,?)"));
  insert->bind(1, place.stream).bind(2, number).bind(3, microseconds(event.at)).bind(4, place.position);
  insert->bind_text_or_null(5, person_of(event.data.find("principal"))).bind_text_or_null(6, key);
  insert->bind_text_or_null(7, parent ? parent->string_or("instance", "") : "")
      .bind_text_or_null(8, parent ? parent->string_or("task", "") : "");
  TRY(insert->run());
  if (open_effects_.size() >= counted_streams_max) open_effects_.clear();
  open_effects_[place.stream] = 0;
  ++instance_changes_[static_cast<std::size_t>(InstanceStatus::running)];
  if (key.empty()) return done();
  std::string name = fmt::format("{}/{}", workflow.string_or("namespace", ""), workflow.string_or("name", ""));
  auto keep_key = TRY(connection_.use("INSERT INTO journal_key (workflow, key, stream) VALUES (?,?,?)"));
  const std::string known_as = key_of_person(asker_of(event.data), key);
  keep_key->bind(1, name).bind(2, known_as).bind(3, place.stream);
  return keep_key->run();
}

// Known without a look for instances that started lately.
Result<bool> SqliteProjection::has_open_effects(std::int64_t stream) {
  if (const auto known = open_effects_.extract(stream)) return known.mapped() > 0;
  TRY(replace_changed_effects());
  if (!unwritten_open_.empty()) TRY(write_unwritten());
  auto select = TRY(
      places_.use("SELECT 1 FROM journal_effect WHERE first_event IN (SELECT position FROM journal_stream_event WHERE "
                  "stream = ?) AND state IN (1, 2) LIMIT 1",
                  "SELECT 1 FROM journal_placed_event p CROSS JOIN journal_effect f ON f.first_event = p.position WHERE p.stream = ? "
                  "AND f.state IN (1, 2) LIMIT 1",
                  stream, true));
  select->bind(1, stream);
  return select->step();
}

void SqliteProjection::count_open_effect(std::int64_t stream, int change) {
  if (const auto known = open_effects_.find(stream); known != open_effects_.end()) known->second += change;
}

// The first end counts: what arrives late changes nothing.
Status SqliteProjection::end_instance(const EventPlace& place, const Event& event, InstanceStatus status) {
  auto update =
      TRY(connection_.use("UPDATE journal_instance SET status = ?, ended_at = ?, end_event = ?, suspended = 0, "
                          "lingers = ? WHERE stream = ? AND status = 0"));
  const bool lingers = TRY(has_open_effects(place.stream));
  update->bind(1, number_of(status)).bind(2, microseconds(event.at)).bind(3, place.position);
  update->bind(4, std::int64_t{lingers}).bind(5, place.stream);
  const std::int64_t changed = TRY(update->run_counted());
  if (changed == 0) return done();
  --instance_changes_[static_cast<std::size_t>(InstanceStatus::running)];
  ++instance_changes_[static_cast<std::size_t>(status)];
  auto timers = TRY(connection_.use("DELETE FROM journal_timer WHERE stream = ?"));
  timers->bind(1, place.stream);
  return timers->run();
}

Status SqliteProjection::suspend_instance(const EventPlace& place, bool suspended) {
  auto update = TRY(connection_.use("UPDATE journal_instance SET suspended = ? WHERE stream = ? AND status = 0"));
  update->bind(1, std::int64_t{suspended}).bind(2, place.stream);
  return update->run();
}

Status SqliteProjection::migrate_instance(const EventPlace& place, const Event& event) {
  const bool undone = event.type == EventType::migration_undone;
  const std::int64_t number = TRY(workflow_number(event.data.member("workflow"), event.data.string_or("project", "")));
  auto update = TRY(connection_.use("UPDATE journal_instance SET workflow = ?, migration = ? WHERE stream = ?"));
  update->bind(1, number).bind_text_or_null(2, undone ? "" : event.data.string_or("migration", ""));
  update->bind(3, place.stream);
  return update->run();
}

Status SqliteProjection::mark_stuck(const EventPlace& place, const Event& event) {
  auto update = TRY(connection_.use("UPDATE journal_instance SET stuck_event = ? WHERE stream = ?"));
  update->bind(1, event.data.find("reason") != nullptr ? std::optional(place.position) : std::nullopt);
  update->bind(2, place.stream);
  return update->run();
}

Status SqliteProjection::make_decision(const EventPlace& place, const Event& event) {
  auto insert =
      TRY(connection_.use("INSERT INTO journal_decision (event, stream, decision, decider) VALUES (?,?,?,?)"));
  insert->bind(1, place.position).bind(2, place.stream).bind_text_or_null(3, event.data.string_or("decision", ""));
  insert->bind_text_or_null(4, event.data.string_or("decider", ""));
  return insert->run();
}

Status SqliteProjection::set_timer(const EventPlace& place, const Event& event) {
  auto due = parse_timestamp(event.data.string_or("due", ""));
  auto insert = TRY(connection_.use(
      "INSERT INTO journal_timer (stream, id, due, purpose, set_at) VALUES (?,?,?,?,?) ON CONFLICT DO NOTHING"));
  insert->bind(1, place.stream).bind(2, event.data.string_or("timer", ""));
  insert->bind(3, due ? std::optional<std::int64_t>(microseconds(*due)) : std::nullopt);
  insert->bind_text_or_null(4, event.data.string_or("purpose", "")).bind(5, microseconds(event.at));
  return insert->run();
}

Status SqliteProjection::end_timer(const EventPlace& place, const Event& event) {
  auto remove = TRY(connection_.use("DELETE FROM journal_timer WHERE stream = ? AND id = ?"));
  remove->bind(1, place.stream).bind(2, event.data.string_or("timer", ""));
  return remove->run();
}

Status SqliteProjection::deploy_project(const EventPlace& place, const Event& event) {
  auto insert = TRY(connection_.use("INSERT INTO journal_deployment (event, project, person, at) VALUES (?,?,?,?)"));
  insert->bind(1, place.position).bind(2, event.data.string_or("project", ""));
  insert->bind_text_or_null(3, person_of(event.data.find("principal"))).bind(4, microseconds(event.at));
  return insert->run();
}

Status SqliteProjection::create_counts(DatabaseConnection& connection) {
  std::string rows = "('tasks.open', 0), ('events', 0)";
  for (const char* name : instance_status_names) rows += fmt::format(", ('instances.{}', 0)", name);
  for (const char* name : effect_state_names) rows += fmt::format(", ('effects.{}', 0)", name);
  return connection.execute("INSERT INTO journal_count (name, value) VALUES " + rows);
}

Status SqliteProjection::flush(bool is_placed) {
  TRY(replace_changed_effects());
  if (is_placed || must_write_) TRY(write_unwritten());
  if (is_placed) event_changes_ += std::exchange(tail_events_, 0);
  needs_placed_tail_ = false;
  auto add = TRY(connection_.use("UPDATE journal_count SET value = value + ?2 WHERE name = ?1"));
  auto count = [&](const std::string& name, std::int64_t& change) -> Status {
    add->bind(1, name).bind(2, change);
    TRY(add->run());
    change = 0;
    return done();
  };
  for (std::size_t i = 0; i < instance_changes_.size(); ++i)
    if (instance_changes_[i] != 0)
      TRY(count(fmt::format("instances.{}", instance_status_names[i]), instance_changes_[i]));
  for (std::size_t i = 0; i < effect_changes_.size(); ++i)
    if (effect_changes_[i] != 0) TRY(count(fmt::format("effects.{}", effect_state_names[i]), effect_changes_[i]));
  if (open_task_changes_ != 0) TRY(count("tasks.open", open_task_changes_));
  if (event_changes_ != 0) TRY(count("events", event_changes_));
  return done();
}

Status SqliteProjection::change_hold(const EventPlace& place, const Event& event) {
  std::string_view instance = event.data.string_or("instance", "");
  std::string scope = instance.empty() ? fmt::format("workflow:{}", event.data.string_or("workflow", ""))
                                       : fmt::format("instance:{}", instance);
  if (event.type == EventType::hold_lifted) {
    auto remove = TRY(connection_.use("DELETE FROM journal_hold WHERE scope = ?"));
    remove->bind(1, scope);
    return remove->run();
  }
  auto insert = TRY(connection_.use("INSERT INTO journal_hold (scope, event) VALUES (?,?) ON CONFLICT DO NOTHING"));
  insert->bind(1, scope).bind(2, place.position);
  return insert->run();
}

Status SqliteProjection::uncount_stream(std::int64_t stream) {
  TRY(flush_effects());
  auto instance = TRY(connection_.use("SELECT status FROM journal_instance WHERE stream = ?"));
  instance->bind(1, stream);
  if (TRY(instance->step())) --instance_changes_.at(static_cast<std::size_t>(instance->integer(0)));
  TRY(places_.show());
  auto effects = TRY(connection_.use("SELECT state, count(*) FROM journal_effect WHERE first_event IN (SELECT position FROM "
                                     "journal_stream_event WHERE stream = ?) GROUP BY state"));
  effects->bind(1, stream);
  while (TRY(effects->step())) effect_changes_.at(static_cast<std::size_t>(effects->integer(0))) -= effects->integer(1);
  auto events = TRY(connection_.use("SELECT count(*) FROM journal_stream_event WHERE stream = ?"));
  events->bind(1, stream);
  TRY(events->step());
  event_changes_ -= events->integer(0);
  auto tasks = TRY(connection_.use("SELECT count(*) FROM journal_task WHERE stream = ? AND open = 1"));
  tasks->bind(1, stream);
  TRY(tasks->step());
  open_task_changes_ -= tasks->integer(0);
  return done();
}

Status SqliteProjection::forget_stream(std::int64_t stream) {
  TRY(flush_effects());
  TRY(places_.show());
  // In this order, and before the events: what has no stream of its own is found through them and the tasks.
  for (const char* sql :
       {"DELETE FROM journal_instance WHERE stream = ?1", "DELETE FROM journal_key WHERE stream = ?1",
        "DELETE FROM journal_effect WHERE first_event IN (SELECT position FROM journal_stream_event WHERE stream = ?1)",
        "DELETE FROM journal_decision WHERE stream = ?1",
        "DELETE FROM journal_timer WHERE stream = ?1",
        "DELETE FROM journal_vote WHERE task IN (SELECT id FROM journal_task WHERE stream = ?1)",
        "DELETE FROM journal_task_role WHERE task IN (SELECT event FROM journal_task WHERE stream = ?1)",
        "DELETE FROM journal_task WHERE stream = ?1",
        "DELETE FROM journal_deployment WHERE event IN (SELECT position FROM journal_stream_event WHERE stream = ?1)"}) {
    auto remove = TRY(connection_.prepare(sql));
    remove->bind(1, stream);
    TRY(remove->run());
  }
  return done();
}

void SqliteProjection::forget() {
  workflows_.clear();
  open_effects_.clear();
  effects_.clear();
  unwritten_open_.clear();
  unwritten_.clear();
  changed_effects_.clear();
  must_write_ = needs_placed_tail_ = is_tail_known_ = false;
  instance_changes_ = {};
  effect_changes_ = {};
  open_task_changes_ = 0;
  event_changes_ = tail_events_ = 0;
}

Status SqliteProjection::clear() {
  forget();
  is_tail_known_ = true;
  TRY(connection_.execute(
      "DELETE FROM journal_workflow; DELETE FROM journal_instance; DELETE FROM journal_key; DELETE FROM "
      "journal_effect; DELETE FROM journal_task;"
      "DELETE FROM journal_task_role; DELETE FROM journal_vote; DELETE FROM journal_decision; DELETE FROM "
      "journal_timer;"
      "DELETE FROM journal_deployment; DELETE FROM journal_hold; DELETE FROM journal_budget; "
      "DELETE FROM journal_count;"));
  return create_counts(connection_);
}

}  // namespace gantry::journal
