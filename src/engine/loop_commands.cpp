// One function per kind of command. Each decides events; nothing here leaves the process.
#include <fmt/format.h>

#include "base/assert.h"
#include "base/planted.h"
#include "engine/loop.h"
#include "engine/policy_change.h"
#include "gate/request_labels.h"
#include "journal/start_key.h"

namespace gantry::engine {
namespace {

using journal::EventType;

constexpr std::size_t key_bytes_max = 1'024;
constexpr std::size_t spare_elements_max = 64;  // of what one command makes; of a burst nothing is kept

template <class Element>
void keep_memory(std::vector<Element>& made, std::vector<Element>& spare) {
  if (made.capacity() > spare_elements_max) return;
  made.clear();
  spare = std::move(made);
}

Value workflow_reference(const definition::Workflow& workflow) {
  return to_value(workflow.name).with_member("digest", workflow.digest.hex());
}

Value started_data(const definition::Workflow& workflow, const definition::Project& project, const Value& input,
                   const definition::Principal& principal) {
  return Value::object({{"workflow", workflow_reference(workflow)},
                        {"project", project.digest.hex()},
                        {"input", input},
                        {"principal", to_value(principal)}});
}

Value started_reply(const std::string& instance, bool existed) {
  return Value::object({{"instance", instance}, {"existed", existed}});
}

}  // namespace

void Engine::Loop::handle(Handled& handled, Turn& turn) {
  Work work{.gate = *gate_,
            .installation = installation_,
            .budgets = budgets_,
            .policies = installation_.current(),
            .now = parts_.clock->now(),
            .steady_now = steady_clock_.now(),
            .options = options_,
            .lifecycle = lifecycle_.anybody() ? &lifecycle_ : nullptr,
            .wants_traces = parts_.trace != nullptr,
            .events = std::move(spare_events_),
            .dispatches = std::move(spare_dispatches_),
            .traces = {},
            .event_depth = 0,
            .indexed = 0};
  handled.answer =
      std::visit([&](const auto& request) { return handle(request, work, turn); }, handled.command.request);
  finish_entry(work, turn);
  std::move(work.events.begin(), work.events.end(), std::back_inserter(turn.batch.events));
  std::move(work.dispatches.begin(), work.dispatches.end(), std::back_inserter(turn.dispatches));
  std::move(work.traces.begin(), work.traces.end(), std::back_inserter(turn.traces));
  note_changed(turn);
  keep_memory(work.events, spare_events_);
  keep_memory(work.dispatches, spare_dispatches_);
}

Interpreter Engine::Loop::interpreter_for(const definition::ProjectPointer& project,
                                          const std::shared_ptr<const definition::Workflow>& workflow) {
  if (project != installation_.current()) return Interpreter(project, workflow, options_.interpreter);
  if (project != interpreters_of_) interpreters_.clear();
  interpreters_of_ = project;
  return interpreters_.try_emplace(workflow.get(), project, workflow, options_.interpreter).first->second;
}

InstanceRecord* Engine::Loop::find(const std::string& instance, Turn& turn, bool rests) {
  Place* place = place_of(instance);
  if (place == nullptr) {
    auto awake = wake(instance, rests);
    if (!awake) turn.unreadable = awake.error();
    if (!awake || !*awake) return nullptr;
    place = place_of(instance);
  }
  touch(*place, turn);
  return place->second.record.get();
}

InstanceRecord& Engine::Loop::add(std::unique_ptr<InstanceRecord> record, Turn& turn) {
  Place& place = *instances_.try_emplace(record->id()).first;
  GANTRY_ASSERT(!place.second.record, "an instance with this id is running already");
  touch(place, turn);
  place.second.record = std::move(record);
  count_running();
  return *place.second.record;
}

Error Engine::Loop::not_running(const std::string& instance) {
  // The empty name is that of the installation's own events.
  auto sequence = instance.empty() ? Result<std::uint64_t>(std::uint64_t{0}) : store_.last_sequence(instance);
  if (!sequence) return sequence.error();
  if (*sequence == 0) return {Code::not_found, fmt::format("there is no instance {}", instance)};
  if (auto stuck = stuck_.find(instance); stuck != stuck_.end())
    return {Code::conflict, fmt::format("instance {} is stuck: {}", instance, stuck->second)};
  return {Code::conflict, fmt::format("instance {} has ended already", instance)};
}

Result<Value> Engine::Loop::handle(const StartRequest& request, Work& work, Turn& turn) {
  auto workflow =
      work.policies ? work.policies->find_workflow(request.namespace_, request.name, request.version) : nullptr;
  const std::string name = request.namespace_ + "/" + request.name;
  if (!workflow) {
    return Error{Code::not_found, fmt::format("there is no workflow {}{}{} among those deployed", name,
                                              request.version.empty() ? "" : ":", request.version)};
  }
  Value input = gate::labelled_request(request.input, *work.policies, workflow->name, request.principal);
  return start_instance({std::move(workflow), std::move(input), request.principal, request.key, {}}, work, turn);
}

Result<Value> Engine::Loop::start_instance(NewInstance start, Work& work, Turn& turn) {
  const std::string name = start.workflow->name.namespace_ + "/" + start.workflow->name.name;
  if (const auto known = TRY(started_before(name, start.principal.person, start.key))) return started_reply(*known, true);
  if (running_ >= options_.instances_max)
    return Error{Code::exhausted, fmt::format("{} instances are running, the most that may", running_.load())};
  Value data = started_data(*start.workflow, *work.policies, start.input, start.principal);
  if (!start.cause.is_null()) data = std::move(data).with_member("schedule", start.cause);
  if (!start.key.empty()) data = std::move(data).with_member("key", start.key);
  if (!start.senders.empty()) data = std::move(data).with_member("senders", to_value(start.senders));
  const std::string id = add_instance(work.policies, start.workflow, std::move(data), work, turn);
  note_start(name, start.principal.person, start.key, id, turn);
  return started_reply(id, false);
}

void Engine::Loop::note_start(const std::string& workflow, const std::string& person, const std::string& key,
                              const std::string& instance, Turn& turn) {
  if (key.empty()) return;
  turn.keys.push_back(key_name(workflow, person, key));
  uncommitted_keys_[turn.keys.back()] = instance;
}

std::string Engine::Loop::key_name(const std::string& workflow, const std::string& person, const std::string& key) {
  return workflow + ' ' + journal::key_of_person(person, key);
}

Result<std::optional<std::string>> Engine::Loop::started_before(const std::string& workflow, const std::string& person,
                                                                const std::string& key) {
  if (key.empty()) return std::optional<std::string>();
  if (key.size() > key_bytes_max)
    return Error{Code::invalid_argument,
                 fmt::format("the idempotency key has {} bytes; at most {}", key.size(), key_bytes_max)};
  if (auto found = uncommitted_keys_.find(key_name(workflow, person, key)); found != uncommitted_keys_.end())
    return std::optional(found->second);
  return store_.instance_with_key(workflow, journal::key_of_person(person, key));
}

std::string Engine::Loop::add_instance(const definition::ProjectPointer& project,
                                       const std::shared_ptr<const definition::Workflow>& workflow, Value data,
                                       Work& work, Turn& turn) {
  std::string id = new_id(work.now);
  auto& record = add(std::make_unique<InstanceRecord>(id, project, workflow, interpreter_for(project, workflow)), turn);
  record.start(std::move(data), work);
  return id;
}

void Engine::Loop::start_child(StartChildInstance child, Work& work, Turn& turn) {
  if (running_ >= options_.instances_max) {
    auto error =
        tool::standard_error("runtime", fmt::format("{} instances are running, the most that may", running_.load()));
    work.dispatches.emplace_back(
        NotifyParent{child.parent,
                     Value::object({{"child", child.child}, {"status", "faulted"}, {"error", tool::to_value(error)}})});
    return;
  }
  Value data =
      started_data(*child.workflow, *child.project, child.input, child.principal)
          .with_member(
              "parent",
              Value::object(
                  {{"instance", child.parent}, {"task", child.task}, {"await", child.await}, {"depth", child.depth},
                   {"quarantineMillibits", static_cast<std::int64_t>(child.quarantine_millibits)}}));
  if (!child.above.empty() || !child.askers.empty())
    data = std::move(data).with_member("parent", data.member("parent")
                                                     .with_member("above", to_value(child.above))
                                                     .with_member("askers", to_value(child.askers)));
  if (!child.met.is_null()) data = std::move(data).with_member("met", child.met);
  if (!child.context.is_default())
    data = std::move(data).with_member("parent", data.member("parent").with_member("context", Value().labelled(child.context)));
  if (!child.request.is_null()) data = std::move(data).with_member("request", child.request);
  if (!child.run.empty())
    data = std::move(data).with_member("parent", data.member("parent").with_member("run", child.run));
  auto& record = add(std::make_unique<InstanceRecord>(child.child, child.project, child.workflow,
                                                      interpreter_for(child.project, child.workflow)),
                     turn);
  record.start(std::move(data), work);
}

Result<Value> Engine::Loop::handle(const VoteRequest& request, Work& work, Turn& turn) {
  const std::string instance = instance_of(request.human_task, 't');
  InstanceRecord* record = find(instance, turn);
  if (record) return record->vote(request, work);
  Error error = not_running(instance);
  if (error.code == Code::not_found) error.message = fmt::format("there is no task {}", request.human_task);
  return error;
}

Result<Value> Engine::Loop::handle(const AnswerRequest& request, Work& work, Turn& turn) {
  const std::string instance = instance_of(request.human_task, 't');
  InstanceRecord* record = find(instance, turn);
  if (record) return record->answer(request, work);
  Error error = not_running(instance);
  if (error.code == Code::not_found) error.message = fmt::format("there is no task {}", request.human_task);
  return error;
}

Result<Value> Engine::Loop::handle(const CancelRequest& request, Work& work, Turn& turn) {
  InstanceRecord* record = find(request.instance, turn);
  if (!record || record->ended()) return not_running(request.instance);
  record->cancel(request.by, request.reason, work);
  return Value();
}

Result<Value> Engine::Loop::handle(const SuspendRequest& request, Work& work, Turn& turn) {
  InstanceRecord* record = find(request.instance, turn);
  if (!record || record->ended()) return not_running(request.instance);
  TRY(request.suspend ? record->suspend(request.by, request.reason, work) : record->resume(request.by, work));
  return Value();
}

Result<Value> Engine::Loop::handle(const DeployRequest& request, Work& work, Turn& turn) {
  const definition::ProjectPointer current = work.policies;
  const bool changes = current && changes_the_gate(*current, *request.project);
  if (changes && current->policy_set && current->policy_set->governs_change())
    return propose_change(request, work, turn);
  TRY(installation_.deploy(request, work.now));
  arm_schedules();
  if (changes) reconsider_all();
  return Value::object({{"status", "deployed"}});
}

Result<Value> Engine::Loop::handle(const MaintainRequest& request, Work&, Turn&) {
  auto answer = request.work(*parts_.store);
  TRY(installation_.catch_up());
  return answer;
}

// Answered when the batch is durable.
Result<Value> Engine::Loop::handle(const WaitRequest&, Work&, Turn&) {
  return Value();
}

Result<Value> Engine::Loop::handle(const OutcomeArrived& request, Work& work, Turn& turn) {
  if (InstanceRecord* record = find(request.effect->instance, turn)) record->settle(request.effect->id, request.outcome, work);
  return Value();
}

Result<Value> Engine::Loop::handle(const TimerKey& request, Work& work, Turn& turn) {
  if (request.purpose == TimerKey::Purpose::schedule) {
    fire_schedule(request, work, turn);
    return Value();
  }
  // It was due when it was taken. While the journal could not be written, somebody has set the clock back.
  if (request.due > work.now && !GANTRY_PLANTED(fires_timers_early)) {
    timers_.arm(request);
    return Value();
  }
  // One with a timer in the journal that is not in memory rests, or has ended since the timer was fetched.
  const bool rests = request.purpose <= TimerKey::Purpose::expiry;
  if (InstanceRecord* record = find(request.instance, turn, rests)) record->fire(request, work);
  return Value();
}

Result<Value> Engine::Loop::handle(const ContinueLater& request, Work& work, Turn& turn) {
  if (InstanceRecord* record = find(request.instance, turn)) record->continue_computation(work);
  return Value();
}

Result<Value> Engine::Loop::handle(const NotifyParent& request, Work& work, Turn& turn) {
  if (InstanceRecord* record = find(request.parent, turn)) record->end_child(request.data, work);
  return Value();
}

Result<Value> Engine::Loop::handle(const CancelInstance& request, Work& work, Turn& turn) {
  if (InstanceRecord* record = find(request.instance, turn)) record->cancel({"gantry", {}}, request.reason, work);
  return Value();
}

Result<Value> Engine::Loop::handle(const RecoverInstance& request, Work& work, Turn& turn) {
  InstanceRecord* record = find(request.instance, turn);
  if (!record) return Value();
  record->recover(work);
  if (const std::string& parent = record->awaited_by(); !parent.empty()) {
    auto waiting = instances_.find(parent);
    // The parent gave it up, and the server stopped before it was cancelled.
    const bool given_up = waiting == instances_.end() ? !stuck_.contains(parent)
                                                      : !waiting->second.record->children().contains(request.instance);
    if (given_up) work.dispatches.emplace_back(CancelInstance{request.instance, "its parent no longer waits for it"});
  }
  for (const auto& [child, data] : record->children()) {
    if (stuck_.contains(child)) continue;
    // It ended, and the server stopped before its parent was told; it may be here for an effect of which nobody knows what became.
    if (const auto here = instances_.find(child); here != instances_.end()) {
      if (here->second.record->ended())
        work.dispatches.emplace_back(NotifyParent{request.instance, here->second.record->end_notice(*work.policies)});
      continue;
    }
    auto ended = load(child);
    if (!ended && ended.error().code == Code::unavailable) return ended.error();
    if (ended && ended->record->ended()) {
      work.dispatches.emplace_back(NotifyParent{request.instance, ended->record->end_notice(*work.policies)});
      continue;
    }
    Value lost = tool::to_value(tool::standard_error("runtime", "what became of it is not known"));
    work.dispatches.emplace_back(NotifyParent{
        request.instance, Value::object({{"child", child}, {"status", "faulted"}, {"error", std::move(lost)}})});
  }
  return Value();
}

Result<Value> Engine::Loop::handle(const NoteNotSent& request, Work& work, Turn& turn) {
  if (InstanceRecord* record = find(request.instance, turn)) record->note_not_sent(request.effect, work);
  return Value();
}

Result<Value> Engine::Loop::handle(const FailInstance& request, Work& work, Turn& turn) {
  if (InstanceRecord* record = find(request.instance, turn))
    record->fail(tool::to_value(tool::standard_error("runtime", request.reason)), work);
  return Value();
}

// The first of the two is written past the record, which does not exist.
Result<Value> Engine::Loop::handle(const NoteStuck& request, Work& work, Turn& turn) {
  if (InstanceRecord* record = find(request.instance, turn)) {
    if (request.reason.empty()) record->note_not_stuck(work);
  } else if (!request.reason.empty()) {
    const std::uint64_t last = TRY(store_.last_sequence(request.instance));
    work.events.push_back(
        {request.instance, last + 1, work.now, EventType::instance_stuck, Value::object({{"reason", request.reason}})});
  }
  return Value();
}

}  // namespace gantry::engine
