// The attacker: calls as a hostile model could make them after it has read untrusted bytes, put before the gate. Every
// argument of such a call is labelled untrusted, since a model's whole output is; whether a value is nevertheless known
// to be good is for the gate to find out, as in a run. Nothing is performed. Pure; the same input gives the same
// report.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "trial/case.h"

namespace gantry::trial {

struct AttackOptions {
  std::uint64_t seed = 1;              // for what is chosen where there is too much
  std::size_t attempts_max = 200'000;  // then the rest is left out, and the report says so
};

// All attempts of one kind on one argument of one operation.
struct AttackRow {
  std::string operation, kind, argument;  // argument: empty for the whole call
  definition::EffectClass effect_class = definition::EffectClass::credential;
  std::size_t runs = 0, asks = 0, denied = 0;
  // Of the worst attempt: what the gate said, who asked, in which workflow, and the arguments.
  std::string verdict, rule, requester, workflow;
  std::string instance;  // of the recorded run; empty: made up
  Value arguments;
  bool is_promised = false;  // the guarantee speaks of it
  bool is_hole = false;      // it runs unasked, though it is promised that it doesn't
  std::string advice;        // how to close the hole
};

struct AttackReport {
  std::vector<AttackRow> rows;  // by operation, kind and argument
  std::size_t bases = 0, attempts = 0, holes = 0;
  std::vector<std::string> left_out;  // operations for which no call could be made, with the reason; what was too much
};

class Attacker {
 public:
  // `policies` are those that are asked; `definitions` have the tools.
  Attacker(definition::ProjectPointer policies, AttackOptions options);

  // Attacks this call, as it is in the situation.
  void attack(const Situation& base, const definition::Project& definitions, const std::string& instance);
  // Attacks a made-up call of each operation of the project, by requesters without and with all roles, from no workflow
  // and from each of the project's.
  void attack_operations();
  // Attacks every other operation of the project from within this run: calls that it never made.
  void attack_from(const Situation& run, const definition::Project& definitions, const std::string& instance);

  AttackReport take();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace gantry::trial
