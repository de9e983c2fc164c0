#include "journal/redaction.h"

#include <algorithm>
#include <array>

#include "journal/start_key.h"

namespace gantry::journal {
namespace {

// Structure: who erases content keeps these, and who erases a text does not look into the ones that are names.
constexpr std::array kept_members = {
    "workflow", "project",    "principal", "by",      "parent",     "timer",     "due",          "purpose",
    "task",     "kind",       "decision",  "decider", "rules",      "child",     "status",       "await",
    "outcome",  "attempt",    "approve",   "person",  "roles",      "requester", "requirements", "requesterExcluded",
    "expires",  "resolvedBy", "certain",   "notSent", "readBackOf", "deferred",  "policy",
    "migration", "authorExcluded", "alsoExcluded"};
constexpr std::array kept_effect_members = {"id", "task", "tool", "operation", "class"};
constexpr std::array kept_verdict_members = {"kind",   "rule", "policy", "tool", "approvers", "requesterExcluded",
                                             "expires", "authorExcluded"};
constexpr std::array kept_approval_members = {"person", "roles"};
// Who acted, and who was kept from acting because of it: for the audit of separated duties. Names of people all the same:
// who erases a text erases them, too. `parent` has the askers of the run beside ids that stay.
constexpr std::array people = {"principal", "by", "person", "requester", "authorExcluded", "alsoExcluded"};

bool is_one_of(const auto& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

Value only(const Value& object, const auto& names) {
  if (!object.is_object()) return Value();
  std::vector<Member> members;
  for (const Member& member : object.members())
    if (is_one_of(names, member.key.view())) members.push_back(member);
  return Value::object(std::move(members));
}

Value approvals_without_comments(const Value& approvals) {
  std::vector<Value> kept;
  if (approvals.is_array())
    for (const Value& approval : approvals.items()) kept.push_back(only(approval, kept_approval_members));
  return Value::array(std::move(kept));
}

Value erase_text(const Value& value, std::string_view text) {
  if (value.is_string()) return value.as_string().find(text) == std::string_view::npos ? value : Value(erased_text);
  if (value.is_array()) {
    std::vector<Value> items;
    for (const Value& item : value.items()) items.push_back(erase_text(item, text));
    return Value::array(std::move(items)).labelled(value.label());
  }
  if (!value.is_object()) return value;
  std::vector<Member> members;
  for (const Member& member : value.members())
    members.push_back({member.key.view().find(text) == std::string_view::npos ? member.key : Text(erased_text),
                       erase_text(member.value, text)});
  return Value::object(std::move(members)).labelled(value.label());
}

Value without_digests(EventType type, Value data) {
  if (type != EventType::decision_made) data = std::move(data).without_member("digest");
  for (const char* name : {"effect", "verdict"}) {
    const Value* part = data.find(name);
    if (!part || !part->is_object()) continue;
    Value kept = Value(*part).without_member("digest").without_member("key").without_member("effect");
    data = std::move(data).with_member(name, std::move(kept));
  }
  return data;
}

}  // namespace

Value redact_content(EventType type, const Value& data) {
  if (!data.is_object()) return Value::object({});
  std::vector<Member> members;
  for (const Member& member : data.members()) {
    std::string_view name = member.key.view();
    if (name == "effect" && member.value.is_object())
      members.push_back({member.key, only(member.value, kept_effect_members)});
    else if (name == "verdict")
      members.push_back({member.key, only(member.value, kept_verdict_members)});
    else if (name == "approvals")
      members.push_back({member.key, approvals_without_comments(member.value)});
    else if (name == "effect" || is_one_of(kept_members, name) ||
             (name == "digest" && type == EventType::decision_made))
      members.push_back(member);
  }
  return Value::object(std::move(members));
}

std::optional<Value> redact_text(EventType type, const Value& data, std::string_view text, bool digests) {
  if (!data.is_object()) return std::nullopt;
  Value result = data;
  for (const Member& member : data.members()) {
    std::string_view name = member.key.view();
    if (name == "parent" && member.value.is_object() && member.value.find("askers") != nullptr)
      result = std::move(result).with_member(
          name, Value(member.value).with_member("askers", erase_text(member.value.member("askers"), text)));
    if (is_one_of(kept_members, name) && !is_one_of(people, name)) continue;
    if ((name == "effect" || name == "verdict") && member.value.is_object()) {
      const bool effect = name == "effect";
      Value part = member.value;
      for (const Member& inner : member.value.members()) {
        bool structure = effect ? is_one_of(kept_effect_members, inner.key.view())
                                : is_one_of(kept_verdict_members, inner.key.view());
        if (!structure || is_one_of(people, inner.key.view())) part = std::move(part).with_member(inner.key, erase_text(inner.value, text));
      }
      result = std::move(result).with_member(member.key, std::move(part));
    } else if (name == "key" && member.value.is_string() &&
               member.value.as_string().find(text) != std::string_view::npos) {
      result = std::move(result).without_member(name);  // two instances must not share a key
    } else if (name != "effect") {
      result = std::move(result).with_member(member.key, erase_text(member.value, text));
    }
  }
  // Keys are one person's, and two whose names are gone must not share one.
  if (type == EventType::instance_started && asker_of(result) != asker_of(data))
    result = std::move(result).without_member("key");
  if (digests) result = without_digests(type, std::move(result));
  if (result == data) return std::nullopt;
  return result;
}

}  // namespace gantry::journal
