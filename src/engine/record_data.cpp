#include "engine/record_data.h"

#include <fmt/format.h>

namespace gantry::engine {
namespace {

Error wrong_member(std::string_view key, std::string_view expected, const Value* found) {
  return {Code::invalid_argument,
          fmt::format("/{}: expected {}, found {}", key, expected, found == nullptr ? "nothing" : found->kind_name())};
}

const char* name_of_state(EffectRecord::State state) {
  switch (state) {
    case EffectRecord::State::proposed:
      return "proposed";
    case EffectRecord::State::permitted:
      return "permitted";
    case EffectRecord::State::ambiguous:
      return "ambiguous";
  }
  return "";
}

Result<EffectRecord::State> parse_effect_state(std::string_view name) {
  for (auto state : {EffectRecord::State::proposed, EffectRecord::State::permitted, EffectRecord::State::ambiguous})
    if (name == name_of_state(state)) return state;
  return Error{Code::invalid_argument, fmt::format("/state: \"{}\" is no state of an effect", name)};
}

Result<HumanTask::Kind> parse_task_kind(std::string_view name) {
  for (auto kind : {HumanTask::Kind::approval, HumanTask::Kind::decision, HumanTask::Kind::resolution})
    if (name == name_of(kind)) return kind;
  return Error{Code::invalid_argument, fmt::format("/kind: \"{}\" is no kind of a human task", name)};
}

// The common part of both forms of a human task.
Result<HumanTask> read_human_task(const Value& value) {
  HumanTask task;
  task.id = TRY(text_from(value, "task"));
  const std::string kind = TRY(text_from(value, "kind"));
  task.kind = TRY(parse_task_kind(kind));
  if (value.find("effect") != nullptr) task.effect = TRY(text_from(value, "effect"));
  if (value.find("roles") != nullptr) task.roles = TRY(texts_from(value.member("roles"), "roles"));
  task.answer_schema = value.member("answerSchema");
  task.risk = value.string_or("risk", "");
  task.asked_by = value.string_or("askedBy", "");
  return task;
}

}  // namespace

Result<std::string> text_from(const Value& object, std::string_view key) {
  const Value* found = object.find(key);
  if (found == nullptr || !found->is_string()) return wrong_member(key, "a string", found);
  return std::string(found->as_string());
}

Result<Timestamp> timestamp_from(const Value& object, std::string_view key) {
  const std::string text = TRY(text_from(object, key));
  return parse_timestamp(text);
}

Value to_value(const std::vector<std::string>& texts) {
  std::vector<Value> items(texts.begin(), texts.end());
  return Value::array(std::move(items));
}

Result<std::vector<std::string>> texts_from(const Value& value, std::string_view what) {
  std::vector<std::string> texts;
  if (value.is_null()) return texts;
  if (!value.is_array()) return wrong_member(what, "an array of strings", &value);
  for (const Value& item : value.items()) {
    if (!item.is_string()) return wrong_member(what, "an array of strings", &item);
    texts.emplace_back(item.as_string());
  }
  return texts;
}

Value to_value(const definition::Principal& principal) {
  return Value::object({{"person", principal.person}, {"roles", to_value(principal.roles)}});
}

Result<definition::Principal> principal_from(const Value& value) {
  definition::Principal principal;
  principal.person = TRY(text_from(value, "person"));
  principal.roles = TRY(texts_from(value.member("roles"), "roles"));
  return principal;
}

Value to_value(const definition::WorkflowName& name) {
  return Value::object({{"namespace", name.namespace_}, {"name", name.name}, {"version", name.version}});
}

Result<Pin> pin_from(const Value& value) {
  const Value workflow = value.member("workflow");
  Pin pin;
  pin.project = TRY(text_from(value, "project"));
  pin.workflow.namespace_ = TRY(text_from(workflow, "namespace"));
  pin.workflow.name = TRY(text_from(workflow, "name"));
  pin.workflow.version = TRY(text_from(workflow, "version"));
  pin.workflow_digest = TRY(text_from(workflow, "digest"));
  return pin;
}

Value to_value(const EffectRecord& record) {
  Value value = Value::object({
      {"effect", tool::to_value(record.effect)},
      {"state", name_of_state(record.state)},
      {"verdict", record.verdict},
      {"intent", record.intent},
      {"attempts", record.attempts},
      {"readBacks", record.read_backs},
      {"readBackOf", record.read_back_of},
      {"task", record.human_task},
      {"reason", record.reason},
      {"uncertain", record.uncertain},
      {"notSent", record.not_sent},
      {"abandoned", record.abandoned},
  });
  return record.asked_under ? std::move(value).with_member("project", record.asked_under->digest.hex()) : value;
}

Result<EffectRecord> effect_record_from(const Value& value) {
  EffectRecord record;
  record.effect = TRY(tool::effect_from(value.member("effect")));
  const std::string state = TRY(text_from(value, "state"));
  record.state = TRY(parse_effect_state(state));
  record.verdict = value.member("verdict");
  record.intent = value.member("intent");
  record.attempts = static_cast<int>(value.integer_or("attempts", 0));
  record.read_backs = static_cast<int>(value.integer_or("readBacks", 0));
  record.read_back_of = TRY(text_from(value, "readBackOf"));
  record.human_task = TRY(text_from(value, "task"));
  record.reason = TRY(text_from(value, "reason"));
  record.uncertain = value.boolean_or("uncertain", false);
  record.not_sent = value.boolean_or("notSent", false);
  record.abandoned = value.boolean_or("abandoned", false);
  return record;
}

const char* name_of(HumanTask::Kind kind) {
  switch (kind) {
    case HumanTask::Kind::approval:
      return "approval";
    case HumanTask::Kind::decision:
      return "decision";
    case HumanTask::Kind::resolution:
      return "resolution";
  }
  return "";
}

Result<HumanTask> human_task_from_event(const Value& data) {
  HumanTask task = TRY(read_human_task(data));
  if (task.kind != HumanTask::Kind::approval) return task;
  if (task.effect.empty()) task.asked_by = data.member("context").string_or("task", "");
  task.approval = TRY(gate::approval_from(Value::object({
      // Events of before there was a digest of what is shown had that of the effect under `digest`.
      {"effect", data.find("effectDigest") != nullptr ? data.member("effectDigest") : data.member("digest")},
      {"shown", data.member("digest")},
      {"policy", data.member("policy")},
      {"requirements", data.member("requirements")},
      {"requester", data.member("requester")},
      {"requesterExcluded", data.member("requesterExcluded")},
      {"authorExcluded", data.string_or("authorExcluded", "")},
      {"alsoExcluded", data.member("alsoExcluded")},
      {"escalations", data.member("escalations")},
      {"expires", data.member("expires")},
      {"votes", Value::array({})},
      {"used", false},
  })));
  return task;
}

Value to_value(const HumanTask& task) {
  return Value::object({
      {"task", task.id},
      {"kind", name_of(task.kind)},
      {"effect", task.effect},
      {"approval", task.approval ? gate::to_value(*task.approval) : Value()},
      {"roles", to_value(task.roles)},
      {"answerSchema", task.answer_schema},
      {"risk", task.risk},
      {"askedBy", task.asked_by},
  });
}

Result<HumanTask> human_task_from(const Value& value) {
  HumanTask task = TRY(read_human_task(value));
  if (task.kind == HumanTask::Kind::approval) task.approval = TRY(gate::approval_from(value.member("approval")));
  return task;
}

}  // namespace gantry::engine
