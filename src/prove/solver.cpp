#include "prove/solver.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "prove/solver_encoding.h"
#include "prove/z3_library.h"

namespace gantry::prove {

struct Solver::Session {
  explicit Session(std::uint32_t steps_max) : rlimit(steps_max) {}
  std::uint32_t rlimit;

  // A fresh context for each question: z3's answers must not depend on what was asked before.
  Feasible ask(const std::vector<Constraint>& constraints, std::map<TermPointer, Value>* values) {
    try {
      z3::context context;
      z3::solver solver(context);
      z3::params params(context);
      params.set("rlimit", rlimit);
      solver.set(params);
      Encoding encoding(context, solver);
      for (const Constraint& constraint : constraints) encoding.add(constraint);
      switch (solver.check()) {
        case z3::unsat:
          return Feasible::no;
        case z3::unknown:
          return Feasible::unknown;
        case z3::sat:
          break;
      }
      if (values != nullptr) *values = encoding.values(solver.get_model());
      return Feasible::yes;
    } catch (const z3::exception&) {
      return Feasible::unknown;
    }
  }
};

namespace {

std::string key_of(const std::vector<Constraint>& constraints) {
  std::vector<std::string> keys;
  for (const Constraint& one : constraints) {
    keys.push_back(fmt::format("{}{}{}:{}:{}", static_cast<int>(one.kind), one.positive ? '+' : '-', one.mask,
                               one.left->id, one.right == nullptr ? 0 : one.right->id));
  }
  std::sort(keys.begin(), keys.end());
  std::string key;
  for (const std::string& one : keys) key += one + ";";
  return key;
}

}  // namespace

Solver::Solver(std::uint32_t steps_max) : session_(std::make_unique<Session>(steps_max)) {}
Solver::~Solver() = default;

Feasible Solver::check(const std::vector<Constraint>& constraints) {
  if (constraints.empty()) return Feasible::yes;
  const auto [found, is_new] = answers_.emplace(key_of(constraints), Feasible::unknown);
  if (!is_new) return found->second;
  ++questions_;
  found->second = session_->ask(constraints, nullptr);
  return found->second;
}

std::map<TermPointer, Value> Solver::model(const std::vector<Constraint>& constraints) {
  std::map<TermPointer, Value> values;
  ++questions_;
  session_->ask(constraints, &values);
  return values;
}

}  // namespace gantry::prove
