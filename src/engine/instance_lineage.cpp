// What workflows that run each other, and runs that go on from others, have in common: who asked, what was read, who runs whom.
#include <fmt/format.h>

#include "engine/instance_record.h"

namespace gantry::engine {
namespace {

using journal::EventType;

// Events of one entry of the journal; children beyond it are refused.
constexpr std::size_t entry_events_max = 50'000;

std::vector<std::string> with_name(std::vector<std::string> names, std::string name) {
  names.push_back(std::move(name));
  return names;
}

}  // namespace

void InstanceRecord::start_child(const StartChild& action, Work& work) {
  auto refuse = [&](std::string detail) {
    inputs_.push_back(
        {EventType::child_ended,
         Value::object({{"child", action.child},
                        {"status", "faulted"},
                        {"error", tool::to_value(tool::standard_error("runtime", std::move(detail)))}})});
  };
  auto workflow = project_->find_workflow(action.workflow.namespace_, action.workflow.name, action.workflow.version);
  if (!workflow)
    return refuse(fmt::format("there is no workflow {} in the project of this instance", action.workflow.text()));
  if (depth_ >= work.options.children_depth_max) {
    return refuse(
        fmt::format("instance {} may not run workflow {}: workflows have run each other {} levels deep, the "
                    "most that may; does one run itself without an end?",
                    id_, workflow->name.text(), depth_));
  }
  if (work.events.size() > entry_events_max) return refuse("too many workflows were started at once");
  emit(EventType::child_started,
       Value::object({{"child", action.child},
                      {"workflow", to_value(workflow->name)},
                      {"task", action.task},
                      {"await", action.await}}),
       work);
  work.dispatches.emplace_back(StartChildInstance{.parent = id_,
                                                  .child = action.child,
                                                  .task = action.task,
                                                  .workflow = workflow,
                                                  .project = project_,
                                                  .principal = principal_,
                                                  .input = action.input,
                                                  .request = known_.request(),
                                                  .depth = depth_ + 1,
                                                  .await = action.await,
                                                  .quarantine_millibits = action.quarantine_millibits,
                                                  .met = past_.guards_met(*work.policies, known_),
                                                  .run = run_,
                                                  .above = with_name(above_, workflow_->name.text()),
                                                  .askers = askers_,
                                                  .context = context_});
}

void InstanceRecord::end_child(const Value& data, Work& work) {
  if (ended() || !children_.contains(std::string(data.string_or("child", "")))) return;
  run({EventType::child_ended, data}, work);
}

Value InstanceRecord::end_notice(const definition::Project& policies) const {
  const InstanceOutcome end = outcome();
  Value data = Value::object(
      {{"child", id_},
       {"status", end.status},
       {"output", end.output},
       {"error", end.error},
       {"quarantineMillibits", static_cast<std::int64_t>(state_.quarantine_millibits() - quarantined_before_)}});
  if (!context_.is_default()) data = std::move(data).with_member("context", Value().labelled(context_));
  if (Value met = past_.guards_met(policies, known_); !met.is_null())
    data = std::move(data).with_member("met", std::move(met));
  return data;
}

Value InstanceRecord::carried() const {
  return Value::object({{"run", run()},
                        {"known", known_.to_value()},
                        {"context", Value().labelled(context_)},
                        {"past", past_.to_value()},
                        {"above", to_value(above_)},
                        {"askers", to_value(askers_)}});
}

void InstanceRecord::add_asker(std::string person) {
  if (!person.empty() && !asked_for_it(person)) askers_.push_back(std::move(person));
}

// What older journals do not have is empty.
Status InstanceRecord::read_lineage(const Value& from) {
  if (from.find("above") != nullptr) above_ = TRY(texts_from(from.member("above"), "above"));
  if (from.find("askers") != nullptr) askers_ = TRY(texts_from(from.member("askers"), "askers"));
  return done();
}

Status InstanceRecord::fold_started(const Value& data) {
  if (const Value* continues = data.find("continues"); continues != nullptr) {
    run_ = TRY(text_from(*continues, "run"));
    known_ = TRY(gate::KnownValues::from_value(continues->member("known")));
    context_ = continues->member("context").label();
    past_ = TRY(gate::RunPast::from_value(continues->member("past")));
    TRY(read_lineage(*continues));
    if (const Value by = data.member("by"); by.is_object()) add_asker(std::string(by.string_or("person", "")));
    return done();
  }
  if (const Value* parent = data.find("parent"); parent != nullptr) {
    run_ = parent->string_or("run", "");
    context_ = join(context_, parent->member("context").label());
    TRY(read_lineage(*parent));
  }
  // What others sent is part of what is asked for.
  if (data.find("senders") != nullptr) {
    std::vector<std::string> senders = TRY(texts_from(data.member("senders"), "senders"));
    for (std::string& person : senders) add_asker(std::move(person));
  }
  if (data.find("parent") == nullptr) {
    fold_read(gate::KnownValues::Kind::request, "", data.member("input"));
    return done();
  }
  fold_read(gate::KnownValues::Kind::request, "", data.member("request"));
  fold_read(gate::KnownValues::Kind::input, "", data.member("input"));
  return done();
}

}  // namespace gantry::engine
