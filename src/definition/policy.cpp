#include "definition/policy.h"

#include <fmt/format.h>

#include "definition/condition.h"
#include "definition/invariant_parse.h"
#include "definition/policy_reader.h"

namespace gantry::definition {
namespace {

class PolicyReader {
 public:
  PolicyReader(const Node& root, const KnownDefinitions& known) : root_(root), known_(known) {}

  std::shared_ptr<const Policy> read() {
    const std::size_t before = root_.file().problems().count();
    policy_->path = root_.file().path();
    read_document();
    policy_->digest = digest();
    return root_.file().problems().count() == before ? policy_ : nullptr;
  }

 private:
  void read_document() {
    ObjectReader reader(root_, "a policy");
    if (auto name = reader.require("policy")) policy_->name = read_name(*name).value_or("");
    if (auto version = reader.require("version")) policy_->version = read_version(*version).value_or("");
    reader.text("description");
    policy_->labels = read_policy_labels(reader, known_);
    policy_->asks_for_provenance = asks_for_provenance(root_.value());
    if (auto lists = reader.find("lists")) read_lists(*lists);
    if (auto invariants = reader.find("invariants")) policy_->invariants = read_invariants(*invariants, known_);
    if (auto rules = reader.require("rules"); rules && rules->is_array("a list of rules")) {
      for (const Node& each : rules->items()) {
        policy_->rules.push_back(read_policy_rule(each, known_));
        note_id(each, "rule", policy_->rules.back().id);
      }
    }
    if (auto budgets = reader.find("budgets"); budgets && budgets->is_array("a list of budgets")) {
      for (const Node& each : budgets->items()) {
        policy_->budgets.push_back(read_budget(each, known_));
        note_id(each, "budget", policy_->budgets.back().id);
      }
    }
    if (auto duties = reader.find("duties"); duties && duties->is_array("a list of duties"))
      for (const Node& each : duties->items()) policy_->duties.push_back(read_duty(each, policy_->rules));
    if (auto delegations = reader.find("delegations"); delegations && delegations->is_array("a list of delegations"))
      for (const Node& each : delegations->items()) policy_->delegations.push_back(read_delegation(each));
    if (auto rules = reader.find("rules"); rules && rules->value().is_array()) check_approvers(rules->items());
  }

  void read_lists(const Node& lists) {
    if (!lists.value().is_object()) return lists.expected("an object of lists");
    for (const Node& each : lists.members())
      if (auto list = read_policy_list(each, known_)) policy_->lists.push_back(*std::move(list));
  }

  void note_id(const Node& node, const char* what, const std::string& id) {
    auto [first, is_new] = lines_.emplace(fmt::format("{} {}", what, id), node.place().line);
    if (!is_new && !id.empty())
      node.problem(fmt::format("{} '{}' is there already, in line {}", what, id, first->second));
  }

  // Somebody must be named who can say yes, by the rule or by a duty.
  void check_approvers(const std::vector<Node>& nodes) const {
    for (std::size_t i = 0; i < policy_->rules.size() && i < nodes.size(); ++i) {
      const PolicyRule& rule = policy_->rules[i];
      bool named = !rule.can_approve() || !rule.approvers.empty() || nodes[i].value().find("approvers") != nullptr;
      for (const Duty& duty : policy_->duties)
        for (const std::string& id : duty.rules) named = named || (id == rule.id && !duty.by.empty());
      if (!named)
        nodes[i].problem("'approvers' is missing in a rule that may ask for an approval, and no duty names any");
    }
  }

  Digest digest() const {
    std::vector<Member> members = {{Text("policy"), root_.value()}};
    for (const PolicyList& list : policy_->lists) members.push_back({Text("list " + list.name), list.records});
    return members.size() == 1 ? digest_of_value(root_.value()) : digest_of_value(Value::object(std::move(members)));
  }

  const Node& root_;
  const KnownDefinitions& known_;
  std::shared_ptr<Policy> policy_ = std::make_shared<Policy>();
  std::map<std::string, int> lines_;
};

}  // namespace

const char* name_of(VerdictKind kind) {
  switch (kind) {
    case VerdictKind::allow:
      return "allow";
    case VerdictKind::approve:
      return "approve";
    case VerdictKind::deny:
      break;
  }
  return "deny";
}

std::shared_ptr<const Policy> parse_policy(const Node& root, const KnownDefinitions& known) {
  return PolicyReader(root, known).read();
}

}  // namespace gantry::definition
