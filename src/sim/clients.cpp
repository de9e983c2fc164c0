#include "sim/clients.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/cloud_event.h"
#include "gate/request_labels.h"
#include "value/json.h"

namespace gantry::sim {

using engine::SteppedEngine;
using journal::EventType;

Clients::Clients(Dice dice, const History& history, const World& world, Invariants& invariants, Report report,
                 Report note)
    : dice_(std::move(dice)),
      history_(history),
      world_(world),
      invariants_(invariants),
      report_(std::move(report)),
      note_(std::move(note)) {}

void Clients::post(SteppedEngine& engine, std::string what, engine::Command::Request request, Answer check,
                   bool again) {
  note_("ask " + what);
  engine::Command::Request repeated = engine::MaintainRequest{};
  if (again) repeated = request;
  auto posted = engine.post(std::move(request));
  if (posted) pending_.push_back({std::move(what), *std::move(posted), std::move(check), std::move(repeated)});
}

void Clients::collect() {
  std::vector<Pending> waiting = std::move(pending_);
  pending_.clear();
  for (Pending& pending : waiting) {
    if (pending.future.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
      pending_.push_back(std::move(pending));
      continue;
    }
    const Result<Value> answer = pending.future.get();
    note_("told " + pending.what + ": " + (answer ? print_json(*answer) : answer.error().message));
    if (!answer && answer.error().code == Code::internal)
      report_(fmt::format("{} was answered with an internal error: {}", pending.what, answer.error().message));
    if (!answer && answer.error().code == Code::unavailable &&
        !std::holds_alternative<engine::MaintainRequest>(pending.again))
      lost_.emplace_back(pending.what, std::move(pending.again));
    if (!answer) continue;
    ++acknowledged_;
    if (const std::string wrong = pending.check(*answer); !wrong.empty())
      report_(fmt::format("{} was acknowledged ({}), but {}", pending.what, print_json(*answer), wrong));
  }
}

void Clients::lose_process() {
  for (Pending& pending : pending_)
    if (!std::holds_alternative<engine::MaintainRequest>(pending.again))
      lost_.emplace_back(std::move(pending.what), std::move(pending.again));
  pending_.clear();
}

Clients::Answer Clients::recorded(std::string instance, EventType type, std::string key, std::string matching) const {
  return
      [this, instance = std::move(instance), type, key = std::move(key), matching = std::move(matching)](const Value&) {
        if (history_.last(instance, type, key, matching) != nullptr) return std::string();
        return fmt::format("the journal has no {} of instance '{}'", journal::name_of(type), instance);
      };
}

Clients::Answer Clients::start_check(const engine::StartRequest& request) const {
  return [this, key = request.key](const Value& answer) -> std::string {
    const std::string instance(answer.string_or("instance", ""));
    const journal::Event* started = history_.last(instance, EventType::instance_started);
    if (started == nullptr) return "the journal has no instance_started of it";
    return started->data.string_or("key", "") == key ? "" : "it is an instance with another key";
  };
}

Clients::Answer Clients::event_check(const std::string& id) const {
  return recorded("", EventType::event_received, "id", id);
}

void Clients::deploy(SteppedEngine& engine, const PlanOptions& options) {
  PlanOptions versioned = options;
  versioned.version = ++version_;
  plan_ = make_plan(dice_, versioned);
  invariants_.know(plan_);
  const std::string digest = plan_.project->digest.hex();
  post(engine, "deploy " + digest.substr(0, 8), engine::DeployRequest{plan_.project, people()[3], ""},
       recorded("", EventType::project_deployed, "project", digest), true);
}

void Clients::start(SteppedEngine& engine) {
  const definition::Principal& who = dice_.pick(people());
  // Sometimes somebody asks once more with a key of before.
  const bool known = next_key_ > 1 && dice_.chance(150);
  const std::size_t key = known ? dice_.below(next_key_ - 1) + 1 : next_key_++;
  engine::StartRequest request{.namespace_ = "sim",
                               .name = plan_.workflows[key % plan_.workflows.size()],
                               .version = "",
                               .input = Value::object({{"n", static_cast<std::int64_t>(key % 23)}}),
                               .principal = who,
                               .key = fmt::format("key-{}", key)};
  post(engine, "start " + request.name + " " + request.key, request, start_check(request), true);
}

void Clients::send_event(SteppedEngine& engine, Timestamp now, const std::string& type) {
  const bool known = next_event_ > 1 && dice_.chance(100);
  const std::size_t number = known ? dice_.below(next_event_ - 1) + 1 : next_event_++;
  const std::string id = fmt::format("event-{}", number);
  auto event = engine::checked_cloud_event(Value::object({{"specversion", "1.0"},
                                                          {"id", id},
                                                          {"source", "/sim"},
                                                          {"type", type},
                                                          {"time", format_timestamp(now)},
                                                          {"data", Value::object({{"n", dice_.below(100)}})}}));
  if (!event) return report_("an event of the simulator is none: " + event.error().message);
  const definition::Principal who = dice_.pick(people());
  Value labelled = gate::labelled_event(*std::move(event), engine.current_project().get(), who);
  post(engine, "event " + id, engine::ReceiveRequest{std::move(labelled), who}, event_check(id), true);
}

void Clients::vote(SteppedEngine& engine, const OpenTask& task, bool willing) {
  const definition::Principal& who = dice_.pick(people());
  const bool stale = !willing && dice_.chance(100);
  engine::VoteRequest request{
      .human_task = task.id,
      .voter = who,
      .approve = willing || dice_.chance(800),
      .comment = "seen",
      .shown_digest = stale ? std::string(64, '0') : std::string(task.created.string_or("digest", ""))};
  post(engine, fmt::format("vote {} {} {}", task.id, who.person, request.approve), request,
       recorded(task.instance, EventType::task_voted, "person", who.person), false);
}

void Clients::vote_several(SteppedEngine& engine) {
  engine::BatchVoteRequest request{.items = {}, .voter = dice_.pick(people()), .comment = "all"};
  for (const auto& [id, task] : history_.open_tasks())
    if (task.created.string_or("kind", "") == "approval" && dice_.chance(500) && request.items.size() < 4)
      request.items.push_back({id, std::string(task.created.string_or("digest", ""))});
  if (request.items.empty()) return;
  const std::string instance = history_.open_tasks().at(request.items.front().human_task).instance;
  const std::string what = fmt::format("vote on {} tasks by {}", request.items.size(), request.voter.person);
  post(
      engine, what, std::move(request), [](const Value&) { return std::string(); }, false);
}

// Whoever is asked whether it took place looks there.
void Clients::resolve(SteppedEngine& engine, const OpenTask& task) {
  const std::string effect(task.created.string_or("effect", ""));
  if (world_.is_late(effect)) return;
  const bool done = world_.took_place(effect);
  Value answer = done ? Value::object({{"outcome", "done"}, {"result", Value::object({{"n", 1}})}})
                      : Value::object({{"outcome", "not_done"}});
  post(engine, fmt::format("resolve {} {}", task.id, done),
       engine::AnswerRequest{task.id, people()[3], std::move(answer)},
       recorded(task.instance, EventType::task_answered, "task", task.id), false);
}

void Clients::decide(SteppedEngine& engine, const OpenTask& task, bool willing) {
  const std::string_view kind = task.created.string_or("kind", "");
  if (kind == "approval") return vote(engine, task, willing);
  if (kind == "resolution") return resolve(engine, task);
  const Value answer =
      willing || dice_.chance(900) ? Value::object({{"n", dice_.below(100)}, {"grade", "odd"}}) : Value("odd");
  post(engine, "answer " + task.id, engine::AnswerRequest{task.id, dice_.pick(people()), answer},
       recorded(task.instance, EventType::task_answered, "task", task.id), false);
}

void Clients::suspend(SteppedEngine& engine, const std::string& instance, bool suspend) {
  post(engine, (suspend ? "suspend " : "resume ") + instance,
       engine::SuspendRequest{instance, people()[3], "", suspend},
       recorded(instance, suspend ? EventType::instance_suspended : EventType::instance_resumed), false);
}

void Clients::stop_gate(SteppedEngine& engine, bool stop) {
  engine::GateStop what;
  what.tool = "yard";
  post(engine, stop ? "stop the gate" : "start the gate", engine::GateRequest{what, stop, "", people()[3]},
       recorded("", stop ? EventType::gate_stopped : EventType::gate_started), false);
}

void Clients::fork(SteppedEngine& engine) {
  std::vector<std::string> all;
  for (const auto& [id, instance] : history_.instances())
    if (!id.empty()) all.push_back(id);
  if (all.empty()) return;
  const bool retry = dice_.chance(600);
  const std::string instance = dice_.pick(all);
  const std::string task = retry ? "" : fmt::format("t{}", dice_.below(4));
  post(
      engine, fmt::format("{} {} {}", retry ? "retry" : "fork", instance, task),
      engine::ForkRequest{instance, task, retry, people()[3], {}},
      [this](const Value& answer) {
        return recorded(std::string(answer.string_or("instance", "")), EventType::instance_started)(answer);
      },
      false);
}

void Clients::control(SteppedEngine& engine) {
  const std::vector<std::string> running = history_.running();
  const std::size_t kind = dice_.below(12);
  if (kind == 0) return stop_gate(engine, history_.stops().empty());
  if (kind == 1) return deploy(engine, {});
  if (kind < 4) return fork(engine);
  if (running.empty()) return;
  const std::string instance = dice_.pick(running);
  if (kind < 6) return cancel(engine, instance);
  suspend(engine, instance, !history_.find(instance)->suspended);
}

void Clients::act(SteppedEngine& engine, Timestamp now) {
  if (!has_deployed()) {
    if (pending_.empty()) deploy(engine, {});
    return;
  }
  if (!lost_.empty() && dice_.chance(500)) {
    const auto [what, request] = lost_.front();
    lost_.erase(lost_.begin());
    Answer check = [](const Value&) { return std::string(); };
    if (const auto* start = std::get_if<engine::StartRequest>(&request)) check = start_check(*start);
    if (const auto* event = std::get_if<engine::ReceiveRequest>(&request))
      check = event_check(std::string(event->cloud_event.string_or("id", "")));
    return post(engine, what + " again", request, std::move(check), true);
  }
  const std::size_t kind = dice_.below(20);
  if (kind < 5) return start(engine);
  if (kind < 9) return send_event(engine, now, dice_.pick(plan_.event_types));
  if (kind == 9) return control(engine);
  if (kind == 10) return vote_several(engine);
  if (history_.open_tasks().empty()) return;
  const auto task =
      std::next(history_.open_tasks().begin(), static_cast<std::ptrdiff_t>(dice_.below(history_.open_tasks().size())));
  decide(engine, task->second, false);
}

// An event that more instances listen for than it may reach is refused, so of a storm some must go before others can be told.
void Clients::give_up_some(SteppedEngine& engine) {
  constexpr std::size_t given_up_at_once = 1'000;
  const std::vector<std::string> running = history_.running();
  const std::size_t may_run = engine::EngineOptions{}.event_listeners_max;
  if (running.size() <= may_run) return;
  for (std::size_t i = 0; i < std::min(running.size() - may_run, given_up_at_once); ++i) cancel(engine, running[i]);
}

void Clients::cancel(SteppedEngine& engine, const std::string& instance) {
  post(
      engine, "cancel " + instance, engine::CancelRequest{instance, people()[3], "enough"},
      [this, instance](const Value&) {
        const RecordedInstance* its = history_.find(instance);
        return its != nullptr && its->ended ? std::string() : std::string("it goes on");
      },
      false);
}

void Clients::help(SteppedEngine& engine, Timestamp now) {
  lost_.clear();
  if (!pending_.empty()) return;
  if (!has_deployed()) return;
  if (!history_.stops().empty()) return stop_gate(engine, false);
  for (const std::string& instance : history_.running())
    if (history_.find(instance)->suspended) suspend(engine, instance, false);
  give_up_some(engine);
  for (const auto& [id, task] : history_.open_tasks()) decide(engine, task, true);
  for (const std::string& type : plan_.event_types) send_event(engine, now, type);
}

}  // namespace gantry::sim
