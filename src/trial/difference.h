// The verdicts of two sets of policies about the same effects: before a new policy is deployed. Over recorded effects,
// or over the cases of the policies. Pure.
#pragma once

#include "trial/case.h"
#include "trial/recorded.h"

namespace gantry::trial {

enum class Direction { looser, stricter, other };  // other: other people must agree, or another rule says the same
const char* name_of(Direction direction);

// Effects of one operation whose verdict changes in the same way.
struct VerdictChange {
  std::string operation;
  Direction direction = Direction::other;
  std::string before, after;                    // "allow", "approve: 1 of finance"
  std::string rule_before, rule_after, reason;  // reason: of the new verdict
  std::size_t count = 0;
  std::vector<std::string> where;  // the first few: "INSTANCE, event 7", or the name and place of the case
  Value arguments;                 // of the first; secrets left out
};

class Difference {
 public:
  explicit Difference(definition::ProjectPointer next) : next_(std::move(next)) {}

  // `before`: the old policies' verdict. Budgets of which the journal doesn't know what was spent count what the
  // effects before took from them.
  void add(const RecordedEffect& recorded, const gate::Verdict& before);
  void add(const Case& one, const definition::ProjectPointer& old);

  std::vector<VerdictChange> take();  // looser first, then by operation
  std::size_t compared() const { return compared_; }

 private:
  void compare(const Situation& situation, const gate::Verdict& before, const gate::Verdict& after, std::string where);
  void charge(const gate::Verdict& verdict, bool asks);
  double spent(const gate::ChargedBudget& budget, Timestamp now) const;

  definition::ProjectPointer next_;
  std::size_t compared_ = 0;
  std::map<std::string, VerdictChange> changes_;
  std::map<std::pair<std::string, std::string>, std::vector<std::pair<Timestamp, double>>>
      charged_;  // by budget and key
};

}  // namespace gantry::trial
