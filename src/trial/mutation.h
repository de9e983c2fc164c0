// The calls that a hostile model could make instead of a good one, once it has read untrusted bytes: changed arguments,
// one thing at a time. Pure; the same input and seed give the same calls. Private to trial/.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "definition/project.h"
#include "gate/known_values.h"

namespace gantry::trial {

// What the attacker knows of the policies: it reads them, as an attacker may.
struct AttackHints {
  std::map<std::string, std::vector<std::string>> lists;  // keys, at most a few
  std::vector<std::string> texts;                         // constants in conditions
  std::vector<double> numbers;
};
AttackHints hints_of(const definition::Project& policies);

struct Mutation {
  const char* kind = "";    // a row of mutation_kinds()
  std::string argument;     // that was changed; empty: none, or all
  Value arguments;          // without labels
  bool is_promised = true;  // the gate's guarantee speaks of it: if this runs unasked, something is wrong
  bool has_secret = false;  // the changed argument holds what is secret
  std::string advice;       // how to close it
};

struct MutationKind {
  const char* kind;
  const char* meaning;
};
const std::vector<MutationKind>& mutation_kinds();

struct MutationSource {
  const definition::Operation& operation;
  definition::EffectClass effect_class;
  const AttackHints& hints;
  const gate::KnownValues* known;  // of the run; may be null
  std::uint64_t seed;
};
// All of them, those of each argument together; the first is the call itself, unchanged.
std::vector<Mutation> mutations_of(const Value& arguments, const MutationSource& source);

// Arguments that fit the operation's schema and, as far as can be guessed, its policies; null when none are found.
Value sample_arguments(const definition::Operation& operation, const AttackHints& hints,
                       const std::map<std::string, Value>& wanted);

// The arguments that decide who is affected: as declared, or else all that can hold text.
std::vector<std::string> deciding_arguments(const definition::Operation& operation);

}  // namespace gantry::trial
