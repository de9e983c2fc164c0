#include "trial/recorded.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/installation.h"
#include "engine/instance_record.h"
#include "engine/record_data.h"

namespace gantry::trial {
namespace {

using journal::Event;
using journal::EventType;

bool holds_verdict(const Event& event) {
  if (event.type != EventType::effect_proposed && event.type != EventType::effect_permitted &&
      event.type != EventType::effect_denied)
    return false;
  const Value* verdict = event.data.find("verdict");
  return verdict != nullptr && verdict->is_object() && !event.data.find("readBackOf");
}

class Run {
 public:
  Run(journal::Store& store, engine::Installation& installation, std::string instance)
      : store_(store), installation_(installation), instance_(std::move(instance)) {}

  // Errors: conflict when it can't be read any more.
  Result<std::size_t> walk(const std::function<void(const RecordedEffect&)>& look) {
    const std::vector<Event> events = TRY(store_.events_of(instance_));
    if (events.empty()) return Error{Code::not_found, fmt::format("there is no instance {}", instance_)};
    TRY(open(events.front()));
    std::size_t last = 0, count = 0;
    for (std::size_t i = 0; i < events.size(); ++i)
      if (holds_verdict(events[i])) last = i;
    for (std::size_t i = 0; i < events.size(); ++i) {
      if (holds_verdict(events[i])) {
        auto recorded = TRY(recorded_of(events[i]));
        if (recorded) {
          recorded->is_last = i == last;
          look(*recorded);
          ++count;
        }
      }
      TRY(record_->replay(events[i], installation_));
    }
    return count;
  }

 private:
  Status open(const Event& first) {
    if (first.type != EventType::instance_started || !first.data.find("input"))
      return Error{Code::conflict, "its content was erased"};
    const engine::Definitions definitions = TRY(engine::find_definitions(installation_, instance_, first.data));
    principal_ = TRY(engine::principal_from(first.data.member("principal")));
    record_ = std::make_unique<engine::InstanceRecord>(instance_, definitions.project, definitions.workflow,
                                                       engine::InterpreterLimits{});
    return done();
  }

  // An event about a known effect has its id only: the whole of it stands where it was asked for first.
  Result<std::optional<RecordedEffect>> recorded_of(const Event& event) {
    const Value given = event.data.member("effect");
    if (given.is_object() && given.find("tool")) effects_[std::string(given.string_or("id", ""))] = given;
    const std::string id(given.is_object() ? given.string_or("id", "") : given.is_string() ? given.as_string() : "");
    const auto whole = effects_.find(id);
    if (whole == effects_.end()) return std::optional<RecordedEffect>();
    RecordedEffect recorded;
    recorded.instance = instance_;
    recorded.sequence = event.sequence;
    recorded.permitted = event.type == EventType::effect_permitted;
    recorded.verdict = TRY(gate::verdict_from(event.data.member("verdict")));
    recorded.situation.effect = TRY(tool::effect_from(whole->second));
    recorded.definitions = record_->project_of(id);
    const gate::Circumstances circumstances =
        TRY(gate::circumstances_from(event.data.member("verdict").member("circumstances")));
    recorded.situation.requester = principal_;
    recorded.situation.at = event.at;
    recorded.situation.run = record_->run();
    recorded.situation.author = circumstances.author;
    recorded.situation.stopped = circumstances.stopped;
    recorded.situation.excused = circumstances.excused;
    for (const gate::BudgetUse& use : circumstances.budgets)
      recorded.situation.spent[spent_name(use.budget)] = use.spent;
    const gate::RunFacts facts = record_->facts_about(recorded.situation.effect);
    recorded.situation.context = facts.context;
    recorded.situation.known = std::shared_ptr<const gate::KnownValues>(std::shared_ptr<void>(), facts.known);
    const definition::WorkflowName& name = recorded.situation.effect.workflow;
    recorded.situation.workflow = recorded.definitions->find_workflow(name.namespace_, name.name, name.version);
    return std::optional(std::move(recorded));
  }

  journal::Store& store_;
  engine::Installation& installation_;
  std::string instance_;
  definition::Principal principal_;
  std::unique_ptr<engine::InstanceRecord> record_;
  std::map<std::string, Value> effects_;
};

// Oldest first: their ids are sorted by time.
Result<std::vector<std::string>> all_instances(journal::Query& query, std::size_t instances_max) {
  std::vector<std::string> ids;
  journal::PageRequest page{.cursor = {}, .limit = 1'000};
  do {
    journal::Page rows = TRY(query.instances({}, page));
    for (const Value& row : rows.rows) ids.emplace_back(row.string_or("id", ""));
    page.cursor = rows.next_cursor;
  } while (!page.cursor.empty() && ids.size() <= instances_max);
  std::sort(ids.begin(), ids.end());
  return ids;
}

}  // namespace

Result<RecordedRuns> each_recorded_effect(journal::Store& store, journal::Query& query, const std::string& instance,
                                          const std::function<void(const RecordedEffect&)>& look,
                                          std::size_t instances_max) {
  RecordedRuns runs;
  engine::Installation installation(store, engine::ScheduleLimits{});
  std::vector<std::string> ids{instance};
  if (instance.empty()) ids = TRY(all_instances(query, instances_max));
  if (ids.size() > instances_max) {
    runs.left_out.push_back(fmt::format("all but the first {} instances", instances_max));
    ids.resize(instances_max);
  }
  for (const std::string& id : ids) {
    auto count = Run(store, installation, id).walk(look);
    if (!count && (instance == id || count.error().code == Code::unavailable)) return count.error();
    if (!count) runs.left_out.push_back(id + ": " + count.error().message);
    if (!count) continue;
    ++runs.instances;
    runs.effects += *count;
  }
  return runs;
}

}  // namespace gantry::trial
