// What the attacker keeps while it attacks. Private to trial/.
#pragma once

#include <map>
#include <optional>
#include <tuple>

#include "trial/attack.h"
#include "trial/mutation.h"

namespace gantry::trial {

struct Attacker::Impl {
  struct Attempt {
    const char* kind;
    std::string argument;
    bool promised = false;
    std::string advice;
  };

  // A call that people are asked about.
  struct Asked {
    Situation situation;
    gate::Verdict verdict;
  };

  definition::ProjectPointer policies;
  AttackOptions options;
  AttackHints hints;
  std::vector<std::string> roles;
  AttackReport report;
  std::map<std::tuple<std::string, std::size_t, std::string>, std::size_t> index;
  std::string instance;
  bool is_full = false;

  AttackRow& row_of(const Situation& situation, const Attempt& attempt);

  void note(const Situation& situation, const Attempt& attempt, definition::VerdictKind kind, std::string verdict,
            std::string rule);

  gate::Verdict ask(const Situation& situation, const definition::Project& definitions, const Attempt& attempt);

  bool has_room();

  void attack(const Situation& base, const definition::Project& definitions);
  void attack_everywhere(Situation situation, const definition::Project& definitions);
  void attack_built_in(const Situation& around);
  void repeat(const Situation& base, const definition::Project& definitions);
  void leave_out(const std::string& tool, const std::string& operation);
  void attack_approval(const Asked& asked, const std::optional<Asked>& other);
  void approve_oneself(const Situation& base, const gate::Verdict& verdict);
  std::optional<Situation> made_up(const std::string& tool, const definition::Operation& operation,
                                   const Situation& around);
};

}  // namespace gantry::trial
