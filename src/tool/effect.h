// An effect: one intended tool call with its exact arguments. The digest binds approvals to it; the key lets the other
// system recognise a second attempt.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "base/hash.h"
#include "definition/tool.h"

namespace gantry::tool {

struct Effect {
  std::string id;  // "<instance>-e<number>", the same on every replay
  std::string instance;
  definition::WorkflowName workflow;
  std::string task;  // reference: "/do/2/reslot"
  std::string tool, operation;
  definition::EffectClass effect_class = definition::EffectClass::credential;
  bool irreversible = false;
  Value arguments;  // with labels
  Digest digest;    // see digest_of
  std::string key;  // idempotency key; equals `id` unless the workflow gives one
};

// One effect that several hold: it does not change any more.
class SharedEffect {
 public:
  SharedEffect() : effect_(none()) {}
  SharedEffect(std::shared_ptr<const Effect> effect) : effect_(std::move(effect)) {}  // not null
  SharedEffect(Effect effect) : effect_(std::make_shared<const Effect>(std::move(effect))) {}
  operator const Effect&() const { return *effect_; }
  const Effect* operator->() const { return effect_.get(); }

 private:
  static const std::shared_ptr<const Effect>& none();
  std::shared_ptr<const Effect> effect_;  // never null
};

// SHA-256 of the canonical JSON of {instance, task, effect id, tool, operation, tool digest, arguments}.
Digest digest_of(const Effect& effect, const Digest& tool_digest);

Value to_value(const Effect& effect);            // the form in events
Result<Effect> effect_from(const Value& value);  // its inverse

}  // namespace gantry::tool
