// Each permit in the journal is judged again: by the rule that was made, the votes that were acknowledged, and the
// roles that people really hold.
#include <fmt/format.h>

#include <algorithm>

#include "sim/invariants.h"

namespace gantry::sim {
namespace {

// Whether every seat can be given to another person.
bool can_be_seated(const std::vector<std::vector<std::size_t>>& fitting, std::vector<bool>& taken, std::size_t seat) {
  if (seat == fitting.size()) return true;
  for (const std::size_t person : fitting[seat]) {
    if (taken[person]) continue;
    taken[person] = true;
    if (can_be_seated(fitting, taken, seat + 1)) return true;
    taken[person] = false;
  }
  return false;
}

}  // namespace

void Invariants::judge_permit(const journal::Event& event) {
  const std::string id(event.data.member("effect").string_or("id", ""));
  KnownEffect* effect = known(id, event);
  if (effect == nullptr) return;
  if (effect->state != KnownEffect::State::asked)
    report_(
        fmt::format("effect {} ({}) is permitted, and was denied, permitted or settled before", id, effect->operation));
  effect->state = KnownEffect::State::permitted;
  if (in_force_ == nullptr) return report_(fmt::format("effect {} is permitted, and there is no policy", id));
  if (effect->operation == "look" || effect->operation == "find") return;
  const auto rule = in_force_->rules.find(effect->operation);
  if (rule == in_force_->rules.end())
    return report_(fmt::format("effect {} is permitted, and there is no operation {}", id, effect->operation));
  if (in_force_->guests_denied && requester_of(event.instance).has_role("guest"))
    report_(fmt::format("effect {} ({}) is permitted for a guest, whom a rule denies it", id, effect->operation));
  judge_rule(*effect, rule->second, event);
  judge_budget(event.instance, id);
}

void Invariants::judge_rule(const KnownEffect& effect, const Rule& rule, const journal::Event& event) {
  const std::string_view id = event.data.member("effect").string_or("id", "");
  const std::int64_t number = effect.arguments.integer_or("n", 0);
  switch (rule.says) {
    case Rule::Says::allow:
      return;
    case Rule::Says::nothing:
    case Rule::Says::deny:
      return report_(fmt::format("effect {} ({}) is permitted, and {}", id, effect.operation,
                                 rule.says == Rule::Says::deny ? "a rule denies it" : "no rule allows it"));
    case Rule::Says::ladder:
      if (number > rule.denied_above)
        return report_(fmt::format("effect {} ({}) is permitted for {}, and a rule denies it above {}", id,
                                   effect.operation, number, rule.denied_above));
      if (number <= rule.allowed_to) return;
      [[fallthrough]];
    case Rule::Says::approve:
      judge_approval(effect, rule, event);
  }
}

void Invariants::judge_approval(const KnownEffect& effect, const Rule& rule, const journal::Event& event) {
  const std::string_view id = event.data.member("effect").string_or("id", "");
  const auto found = tasks_.find(effect.approved_task);
  if (found == tasks_.end())
    return report_(fmt::format("effect {} ({}) is permitted, and nobody has approved it", id, effect.operation));
  const KnownTask& task = found->second;
  const auto expires = parse_timestamp(task.created.string_or("expires", ""));
  const std::string requester = requester_of(event.instance).person;
  std::vector<const definition::Principal*> voters;
  for (const auto& [person, at] : task.approvals) {
    const auto who = std::find_if(people().begin(), people().end(),
                                  [&, name = person](const auto& one) { return one.person == name; });
    if (who == people().end() || (rule.requester_excluded && person == requester) || (expires && at >= *expires))
      continue;
    if (std::find(voters.begin(), voters.end(), &*who) == voters.end()) voters.push_back(&*who);
  }
  std::vector<std::vector<std::size_t>> fitting;
  for (const auto& [role, count] : rule.approvers) {
    std::vector<std::size_t> fit;
    for (std::size_t i = 0; i < voters.size(); ++i) {
      const bool escalated = std::any_of(task.escalated.begin(), task.escalated.end(),
                                         [&](const std::string& other) { return voters[i]->has_role(other); });
      if (escalated || voters[i]->has_role(role)) fit.push_back(i);
    }
    fitting.insert(fitting.end(), count, fit);
  }
  std::vector<bool> taken(voters.size());
  if (task.rejected || !can_be_seated(fitting, taken, 0))
    report_(fmt::format("effect {} ({}) is permitted, and the approval {} does not hold: {}", id, effect.operation,
                        effect.approved_task,
                        task.rejected ? "somebody has rejected it" : "not all have signed who must"));
}

void Invariants::judge_budget(const std::string& instance, const std::string& id) {
  // What was permitted while no policy had the budget was charged to none.
  if (effects_.at(id).operation != "post" || !in_force_->posts_max) return;
  effects_.at(id).charged = true;
  const std::size_t posts = ++posts_[instance];
  if (posts > *in_force_->posts_max)
    report_(fmt::format("effect {} is permitted, the {}th post of its instance, and the budget has {}", id, posts,
                        *in_force_->posts_max));
}

}  // namespace gantry::sim
