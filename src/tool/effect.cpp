#include "tool/effect.h"

#include <fmt/format.h>

#include "value/json.h"
#include "value/recurring_text.h"

namespace gantry::tool {
namespace {

constexpr std::size_t digest_text_kept_max = 64u << 10;

Result<std::string> effect_text(const Value& value, std::string_view key) {
  const Value* found = value.find(key);
  if (found == nullptr || !found->is_string()) {
    return Error{Code::invalid_argument, fmt::format("effect: /{}: expected a string, found {}", key,
                                                     found == nullptr ? "nothing" : found->kind_name())};
  }
  return std::string(found->as_string());
}

// The engine's ids are "INSTANCE-eNUMBER".
std::string_view instance_in(std::string_view id) {
  const std::size_t dash = id.rfind('-');
  return dash == std::string_view::npos ? std::string_view() : id.substr(0, dash);
}

// Of the canonical JSON of an object with these members, written without making the object.
Digest computed_digest(const Effect& effect, const Digest& tool_digest) {
  thread_local std::string text;  // kept for its memory
  text.assign("{\"arguments\":");
  append_canonical(text, effect.arguments);
  for (const auto& [key, member] : {std::pair<std::string_view, const std::string&>{",\"effect\":", effect.id},
                                    {",\"instance\":", effect.instance},
                                    {",\"operation\":", effect.operation},
                                    {",\"task\":", effect.task},
                                    {",\"tool\":", effect.tool}}) {
    text.append(key);
    append_json_text(text, member);
  }
  const auto tool_digits = tool_digest.hex_digits();
  text.append(",\"toolDigest\":\"").append(tool_digits.data(), tool_digits.size()).append("\"}");
  const Digest digest = sha256(text);
  if (text.capacity() > digest_text_kept_max) std::string().swap(text);
  return digest;
}

// The digest computed last on this thread, and of what. The gate asks for it again at each of its checks, of an effect
// that has not changed; the arguments are held, so that nothing else can come to lie where they are.
struct LastDigest {
  std::string id, instance, task, tool, operation;
  Value arguments;
  Digest tool_digest, digest;

  bool is_of(const Effect& effect, const Digest& digest_of_tool) const {
    return arguments.is_object() && arguments.same_as(effect.arguments) && id == effect.id &&
           instance == effect.instance && task == effect.task && tool == effect.tool && operation == effect.operation &&
           tool_digest == digest_of_tool;
  }
};

}  // namespace

const std::shared_ptr<const Effect>& SharedEffect::none() {
  static const auto empty = std::make_shared<const Effect>();
  return empty;
}

Digest digest_of(const Effect& effect, const Digest& tool_digest) {
  thread_local LastDigest last;
  if (last.is_of(effect, tool_digest)) return last.digest;
  last.id = effect.id;
  last.instance = effect.instance;
  last.task = effect.task;
  last.tool = effect.tool;
  last.operation = effect.operation;
  last.arguments = effect.arguments;
  last.tool_digest = tool_digest;
  last.digest = computed_digest(effect, tool_digest);
  return last.digest;
}

namespace {

// Nearly all effects of a while are of few workflows, and many of one.
const Value& workflow_value(const definition::WorkflowName& name) {
  thread_local definition::WorkflowName last;
  thread_local Value value;
  if (value.is_null() || last != name) {
    last = name;
    value = Value::object({{"namespace", name.namespace_}, {"name", name.name}, {"version", name.version}});
  }
  return value;
}

}  // namespace

// Journaled with every effect, so it leaves out what the rest says already.
Value to_value(const Effect& effect) {
  thread_local RecurringText tool, operation, effect_class;
  std::vector<Member> members;
  members.reserve(11);
  members.push_back({Text("id"), effect.id});
  if (effect.instance != instance_in(effect.id)) members.push_back({Text("instance"), effect.instance});
  members.push_back({Text("workflow"), workflow_value(effect.workflow)});
  members.push_back({Text("task"), effect.task});
  members.push_back({Text("tool"), tool.of(effect.tool)});
  members.push_back({Text("operation"), operation.of(effect.operation)});
  members.push_back({Text("class"), effect_class.of(definition::name_of(effect.effect_class))});
  if (effect.irreversible) members.push_back({Text("irreversible"), true});
  members.push_back({Text("arguments"), effect.arguments});
  const auto digits = effect.digest.hex_digits();
  members.push_back({Text("digest"), Value(std::string_view(digits.data(), digits.size()))});
  if (effect.key != effect.id) members.push_back({Text("key"), effect.key});
  return Value::object(std::move(members));
}

Result<Effect> effect_from(const Value& value) {
  if (!value.is_object()) {
    return Error{Code::invalid_argument, fmt::format("effect: expected an object, found {}", value.kind_name())};
  }
  Effect effect;
  effect.id = TRY(effect_text(value, "id"));
  effect.instance = instance_in(effect.id);
  if (value.find("instance") != nullptr) effect.instance = TRY(effect_text(value, "instance"));
  const Value workflow = value.member("workflow");
  if (!workflow.is_object()) return Error{Code::invalid_argument, "effect: /workflow: expected an object"};
  effect.workflow.namespace_ = TRY(effect_text(workflow, "namespace"));
  effect.workflow.name = TRY(effect_text(workflow, "name"));
  effect.workflow.version = TRY(effect_text(workflow, "version"));
  effect.task = TRY(effect_text(value, "task"));
  effect.tool = TRY(effect_text(value, "tool"));
  effect.operation = TRY(effect_text(value, "operation"));
  const std::string class_name = TRY(effect_text(value, "class"));
  effect.effect_class = TRY(definition::parse_effect_class(class_name));
  if (const Value* irreversible = value.find("irreversible"); irreversible != nullptr) {
    if (!irreversible->is_boolean()) return Error{Code::invalid_argument, "effect: /irreversible: expected a boolean"};
    effect.irreversible = irreversible->is_true();
  }
  effect.arguments = value.member("arguments");
  const std::string digest = TRY(effect_text(value, "digest"));
  effect.digest = TRY(Digest::from_hex(digest));
  effect.key = effect.id;
  if (value.find("key") != nullptr) effect.key = TRY(effect_text(value, "key"));
  return effect;
}

}  // namespace gantry::tool
