// Idempotency keys of starts. A key is one person's: what somebody else used it for is not answered with it.
#pragma once

#include <string>
#include <string_view>

#include "value/json.h"

namespace gantry::journal {

// As the store knows it: `instance_with_key` takes this, while `key` of instance_started stays as it was given.
inline std::string key_of_person(std::string_view person, std::string_view key) {
  return print_canonical(Value::array({Value(person), Value(key)}));
}

// Who asked for an instance, from the data of its instance_started: `by` of one that goes on from another.
inline std::string asker_of(const Value& started) {
  const Value* who = started.find("by");
  if (who == nullptr) who = started.find("principal");
  if (who == nullptr) return "";
  return std::string(who->is_string() ? who->as_string() : who->string_or("person", ""));
}

}  // namespace gantry::journal
