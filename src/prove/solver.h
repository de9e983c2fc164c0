// Asks z3 whether constraints can hold together, and for values that make them hold.
//
// "no" is a proof over all JSON values: numbers are taken as reals, of which JSON's are a part; sums and products occur
// in terms only where they are exact in double arithmetic; of strings only equality is understood. So "no" is never
// wrong, and "yes" may be.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "prove/condition.h"

namespace gantry::prove {

enum class Feasible : std::uint8_t { no, yes, unknown };  // unknown: a limit was reached

class Solver {
 public:
  // `steps_max`: z3's own count of steps for one question ("rlimit"); the same on every machine.
  explicit Solver(std::uint32_t steps_max);
  ~Solver();

  Feasible check(const std::vector<Constraint>& constraints);
  // Values for the symbols in the constraints that make them hold; members nobody asked about are absent.
  // Nothing when there are none or none were found.
  std::map<TermPointer, Value> model(const std::vector<Constraint>& constraints);

  std::size_t questions() const { return questions_; }

 private:
  struct Session;
  std::unique_ptr<Session> session_;
  std::unordered_map<std::string, Feasible> answers_;
  std::size_t questions_ = 0;
};

}  // namespace gantry::prove
