// What must hold, whatever happens; judged from what the journal acknowledged (history.h), from what took place outside
// (world.h), and from what is true of the project (plan.h), without the engine's or the gate's code.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>

#include "sim/history.h"
#include "sim/plan.h"
#include "sim/world.h"

namespace gantry::sim {

class Invariants {
 public:
  using Report = std::function<void(std::string)>;
  Invariants(const History& history, const World& world, Report report)
      : history_(history), world_(world), report_(std::move(report)) {}

  // Its policies are in force once the journal says that it was deployed.
  void know(const Plan& plan);
  // An event was acknowledged; `history` has it already. In their order.
  void acknowledged(const journal::Event& event, Timestamp now);
  // The engine sends an effect.
  void sent(const tool::Effect& effect);
  // A call that changes something arrives outside.
  void arrived(const tool::Effect& effect);
  // What took place, and how often.
  void check_world() const;
  // Nothing is left to do: all has ended, and it is known of each effect whether it took place.
  void check_end() const;
  const Plan* in_force() const { return in_force_; }
  bool is_settled(const std::string& effect) const;

 private:
  struct KnownEffect {
    std::string instance, operation, digest;
    Value arguments;
    enum class State { asked, permitted, done, failed, denied } state = State::asked;
    bool is_question = false;  // a read-back
    std::string approved_task;
    bool charged = false;  // to the budget of posts
  };
  struct KnownTask {
    std::string effect, digest;
    Value created;
    std::vector<std::pair<std::string, Timestamp>> approvals;  // person, when
    bool rejected = false;
    std::set<std::string> escalated;  // roles that may fill any seat
  };

  void judge_permit(const journal::Event& event);
  void judge_rule(const KnownEffect& effect, const Rule& rule, const journal::Event& event);
  void judge_approval(const KnownEffect& effect, const Rule& rule, const journal::Event& event);
  void judge_budget(const std::string& instance, const std::string& id);
  void judge_outcome(const journal::Event& event);
  void note_task(const journal::Event& event, Timestamp now);
  void note_timer(const journal::Event& event, Timestamp now);
  void note_start(const journal::Event& event);
  KnownEffect* known(const std::string& id, const journal::Event& event);
  definition::Principal requester_of(const std::string& instance) const;

  const History& history_;
  const World& world_;
  Report report_;
  std::map<std::string, Plan> plans_;  // by project digest
  const Plan* in_force_ = nullptr;
  std::map<std::string, KnownEffect> effects_;
  std::map<std::string, KnownTask> tasks_;
  std::map<std::string, std::map<std::string, Timestamp>> timers_;  // by instance and name: due
  std::map<std::string, std::size_t> posts_;                        // by instance: charged permits of yard.post, net
  std::set<std::string> start_keys_, received_;
};

}  // namespace gantry::sim
