#include "prove/search.h"

#include <fmt/format.h>

#include <chrono>
#include <deque>
#include <unordered_map>
#include <unordered_set>

#include "base/hash.h"

namespace gantry::prove {
namespace {

constexpr std::size_t breaches_max = 12;
constexpr std::size_t variants_followed = 12;  // of one control state; what comes later is taken together

class Search {
 public:
  Search(Machine& machine, Terms& terms, const Options& options)
      : machine_(machine), terms_(terms), options_(options), started_(std::chrono::steady_clock::now()) {}

  SearchResult run(const definition::Workflow& workflow) {
    for (ProofState& state : machine_.start(workflow)) add(std::move(state));
    while (!open_.empty() && result_.not_followed.empty() && result_.breaches.size() < breaches_max) {
      // The oldest first: the first path to a breach is a shortest one.
      const ProofState state = std::move(open_.front());
      open_.pop_front();
      ++result_.states;
      check_limits();
      Successors next = machine_.step(state);
      if (!next.not_followed.empty()) result_.not_followed = std::move(next.not_followed);
      for (Breach& breach : next.breaches) result_.breaches.push_back(std::move(breach));
      for (ProofState& each : next.states) add(std::move(each));
    }
    return std::move(result_);
  }

 private:
  void add(ProofState state) {
    if (state.signal != Signal::none) {
      open_.push_back(std::move(state));
      return;
    }
    if (!visited_.insert(sha256(canonical_text(state)).hex()).second) return;
    const std::string control = control_text(state);
    std::size_t& variants = variants_[control];
    if (++variants <= variants_followed) {
      latest_.insert_or_assign(control, state);
      open_.push_back(std::move(state));
      return;
    }
    ProofState blurred = generalise(terms_, latest_.at(control), state);
    auto step = std::make_shared<Trace>();
    step->before = blurred.trace;
    step->workflow = blurred.workflow;
    step->is_blurred = true;
    blurred.trace = std::move(step);
    const bool is_new = visited_.insert(sha256(canonical_text(blurred)).hex()).second;
    latest_.insert_or_assign(control, blurred);
    if (is_new) open_.push_back(std::move(blurred));
  }

  void check_limits() {
    const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - started_;
    if (result_.states >= options_.states_max)
      result_.not_followed = fmt::format("more than {} states (--states)", options_.states_max);
    else if (terms_.count() >= options_.terms_max)
      result_.not_followed = fmt::format("more than {} terms (--terms)", options_.terms_max);
    else if (spent.count() > options_.seconds_max)
      result_.not_followed = fmt::format("more than {} seconds (--seconds)", options_.seconds_max);
  }

  Machine& machine_;
  Terms& terms_;
  const Options& options_;
  std::chrono::steady_clock::time_point started_;
  std::deque<ProofState> open_;
  std::unordered_set<std::string> visited_;
  std::unordered_map<std::string, std::size_t> variants_;
  std::unordered_map<std::string, ProofState> latest_;
  SearchResult result_;
};

}  // namespace

SearchResult search(Machine& machine, Terms& terms, const definition::Workflow& workflow, const Options& options) {
  return Search(machine, terms, options).run(workflow);
}

}  // namespace gantry::prove
