#include "trial/case_run.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "gate/judge.h"
#include "trial/case_reader.h"
#include "value/json.h"

namespace gantry::trial {
namespace {

using definition::ApproverRequirement;
using definition::PolicyRule;
using Says = gate::RuleResult::Says;

std::vector<std::string> rules_of(const gate::Verdict& verdict) {
  std::vector<std::string> rules;
  std::string_view rest = verdict.rule;
  while (!rest.empty()) {
    const std::size_t comma = rest.find(", ");
    rules.emplace_back(rest.substr(0, comma));
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 2);
  }
  std::sort(rules.begin(), rules.end());
  return rules;
}

bool same_approvers(std::vector<ApproverRequirement> left, std::vector<ApproverRequirement> right) {
  const auto by_role = [](const auto& a, const auto& b) { return a.role < b.role; };
  std::sort(left.begin(), left.end(), by_role);
  std::sort(right.begin(), right.end(), by_role);
  return left == right;
}

class ExpectationCheck {
 public:
  ExpectationCheck(const Expectation& expect, const gate::Verdict& verdict) : expect_(expect), verdict_(verdict) {}

  std::vector<std::string> differences() {
    if (expect_.verdict != verdict_.kind)
      differ("verdict", definition::name_of(expect_.verdict),
             fmt::format("{} by {}: {}", text_of(verdict_), verdict_.rule, verdict_.reason));
    if (expect_.rules && *expect_.rules != rules_of(verdict_))
      differ("rule", fmt::format("{}", fmt::join(*expect_.rules, ", ")), verdict_.rule);
    if (verdict_.kind == definition::VerdictKind::approve) compare_approval();
    if (verdict_.reason.find(expect_.reason) == std::string::npos)
      differ("reason", "\"" + expect_.reason + "\" in it", "\"" + verdict_.reason + "\"");
    compare_explanation();
    return std::move(found_);
  }

 private:
  void differ(const char* what, std::string_view expected, std::string_view found) {
    found_.push_back(fmt::format("{}: expected {}, found {}", what, expected, found));
  }

  void compare_approval() {
    if (expect_.approvers && !same_approvers(*expect_.approvers, verdict_.approvers))
      differ("approvers", text_of(*expect_.approvers), text_of(verdict_.approvers));
    if (expect_.requester_excluded && *expect_.requester_excluded != verdict_.requester_excluded)
      differ("requesterExcluded", *expect_.requester_excluded ? "true" : "false",
             verdict_.requester_excluded ? "true" : "false");
    if (expect_.expires && *expect_.expires != verdict_.expires)
      differ("expires", format_duration(*expect_.expires), format_duration(verdict_.expires));
  }

  void compare_explanation() {
    const Value to_pass = verdict_.explanation.is_object() ? verdict_.explanation.member("toPass") : Value();
    for (const std::string& text : expect_.to_pass) {
      const bool is_there =
          to_pass.is_array() && std::any_of(to_pass.items().begin(), to_pass.items().end(), [&](const Value& each) {
            return each.is_string() && each.as_string().find(text) != std::string_view::npos;
          });
      if (!is_there) differ("toPass", "\"" + text + "\" in one of them", print_json(to_pass));
    }
    if (!expect_.explanation.is_null() && !contains(verdict_.explanation, expect_.explanation))
      differ("explanation", print_json(expect_.explanation) + " as a part of it", print_json(verdict_.explanation));
  }

  const Expectation& expect_;
  const gate::Verdict& verdict_;
  std::vector<std::string> found_;
};

// What a rule could say, and what it said in some case.
class Coverage {
 public:
  explicit Coverage(const definition::Project& project) {
    for (const auto& [name, policy] : project.policies) {
      for (const PolicyRule& rule : policy->rules) {
        Entry& entry = entries_[name + "/" + rule.id];
        entry.coverage = {name + "/" + rule.id, policy->path, rule.place, 0, 0, {}};
        for (const auto& [key, rung] : {std::pair("deny", &rule.deny_if), std::pair("fourEyesIf", &rule.four_eyes_if),
                                        std::pair("approve", &rule.approve_if), std::pair("allow", &rule.allow_if)})
          if (*rung) entry.unseen.push_back(key);
        if (rule.has_ladder() && rule.verdict) entry.unseen.push_back("else");
      }
    }
  }

  void note(const gate::RuleResult& result) {
    Entry& entry = entries_[result.rule->name];
    ++entry.coverage.asked;
    if (result.says == Says::nothing) return;
    ++entry.coverage.spoke;
    if (result.says == Says::failed) return;
    const auto held = std::find_if(result.conditions.begin(), result.conditions.end(), [](const auto& condition) {
      return condition.holds && condition.key.view() != "when";
    });
    std::erase(entry.unseen, held == result.conditions.end() ? std::string_view("else") : std::string_view(held->key));
  }

  std::vector<RuleCoverage> take() {
    std::vector<RuleCoverage> all;
    for (auto& [name, entry] : entries_) {
      entry.coverage.unseen = std::move(entry.unseen);
      all.push_back(std::move(entry.coverage));
    }
    return all;
  }

 private:
  struct Entry {
    RuleCoverage coverage;
    std::vector<std::string> unseen;
  };
  std::map<std::string, Entry> entries_;
};

}  // namespace

bool contains(const Value& whole, const Value& part) {
  if (part.is_object()) {
    if (!whole.is_object()) return false;
    return std::all_of(part.members().begin(), part.members().end(), [&](const Member& member) {
      const Value* found = whole.find(member.key.view());
      return found != nullptr && contains(*found, member.value);
    });
  }
  if (part.is_array()) {
    if (!whole.is_array()) return false;
    return std::all_of(part.items().begin(), part.items().end(), [&](const Value& item) {
      return std::any_of(whole.items().begin(), whole.items().end(),
                         [&](const Value& each) { return contains(each, item); });
    });
  }
  return whole == part;
}

gate::Verdict judge_case(const Case& one, const definition::ProjectPointer& project) {
  const auto policies = policies_of(one, project);
  const definition::Project& definitions = definitions_for(one.situation.effect.tool, *project);
  Situation situation = one.situation;
  complete(situation, definitions);
  return judge(*policies, definitions, situation, gate::Explained::yes);
}

CaseReport run_cases(const std::vector<Case>& cases, const definition::ProjectPointer& project) {
  CaseReport report;
  Coverage coverage(*project);
  for (const Case& one : cases) {
    CaseResult& result = report.results.emplace_back();
    result.one = &one;
    result.verdict = judge_case(one, project);
    result.differences = ExpectationCheck(one.expect, result.verdict).differences();
    if (!result.differences.empty()) ++report.failed;
    const auto policies = policies_of(one, project);
    const definition::Project& definitions = definitions_for(one.situation.effect.tool, *project);
    Situation situation = one.situation;
    complete(situation, definitions);
    for (const gate::RuleResult& each : gate::opinions_on(*policies, definitions, situation.effect, situation.requester,
                                                          situation.at, circumstances_of(situation, *policies)))
      coverage.note(each);
  }
  report.coverage = coverage.take();
  return report;
}

}  // namespace gantry::trial
