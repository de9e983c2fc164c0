#include <fmt/format.h>

#include "definition/policy_set.h"
#include "gate/explain.h"
#include "gate/gate.h"
#include "gate/reading.h"
#include "value/recurring_text.h"

namespace gantry::gate {
namespace {

Result<definition::VerdictKind> parse_verdict_kind(std::string_view name) {
  for (const auto kind :
       {definition::VerdictKind::allow, definition::VerdictKind::approve, definition::VerdictKind::deny}) {
    if (name == definition::name_of(kind)) return kind;
  }
  return Error{Code::invalid_argument,
               fmt::format("verdict: /kind: expected allow, approve or deny, found \"{}\"", name)};
}

Value escalations_value(const std::vector<definition::Escalation>& escalations) {
  std::vector<Value> items;
  for (const auto& each : escalations)
    items.push_back(Value::object({{"after", format_duration(each.after)}, {"roles", texts_value(each.roles)}}));
  return Value::array(std::move(items));
}

Result<std::vector<definition::Escalation>> escalations_from(const FieldReader& fields) {
  std::vector<definition::Escalation> escalations;
  if (fields.value.find("escalations") == nullptr) return escalations;
  for (const Value& item : *TRY(fields.array("escalations"))) {
    const FieldReader each{"escalation", item};
    const std::string after = TRY(each.text("after"));
    definition::Escalation escalation;
    escalation.after = TRY(parse_duration(after));
    escalation.roles = TRY(each.texts("roles"));
    escalations.push_back(std::move(escalation));
  }
  return escalations;
}

Value text_of(const std::optional<Digest>& digest) {
  if (!digest) return "";
  const auto digits = digest->hex_digits();
  return Value(std::string_view(digits.data(), digits.size()));
}

// Nearly all verdicts of a while are about few tools.
const Value& tool_value(const std::optional<Digest>& tool) {
  thread_local std::optional<Digest> last;
  thread_local Value value = text_of(last);
  if (last != tool) value = text_of(last = tool);
  return value;
}

// What nearly every effect that is allowed has for an explanation: the rule that allowed it, which the verdict names
// anyway.
bool is_implied(const Value& explanation, const Verdict& verdict) {
  if (verdict.kind != definition::VerdictKind::allow || explanation.size() != 1) return false;
  const Value* rules = explanation.find("rules");
  if (rules == nullptr || !rules->is_array() || rules->size() != 1) return false;
  const Value& only = rules->item(0);
  return only.is_object() && only.size() == 2 && only.string_or("rule", "") == verdict.rule &&
         only.string_or("says", "") == "allow";
}

Value implied_explanation(const Verdict& verdict) {
  return verdict.kind == definition::VerdictKind::allow ? definition::explanation_of_allowing(verdict.rule) : Value();
}

}  // namespace

Value to_value(const Charge& charge) {
  std::vector<Member> members = Value::members_of(
      {{"budget", charge.budget}, {"key", charge.key}, {"amount", charge.amount}, {"at", format_timestamp(charge.at)}});
  if (charge.per) members.push_back({Text("per"), format_duration(*charge.per)});
  if (charge.asks) members.push_back({Text("asks"), true});
  return Value::object(std::move(members));
}

Result<Charge> charge_from(const Value& value) {
  const FieldReader fields{"charge", value};
  Charge charge;
  charge.budget = TRY(fields.text("budget"));
  charge.key = TRY(fields.text("key"));
  const Value* amount = value.find("amount");
  if (amount == nullptr || !amount->is_number())
    return Error{Code::invalid_argument, "charge: /amount: expected a number"};
  charge.amount = amount->as_number();
  charge.at = TRY(fields.timestamp("at"));
  if (value.find("per") != nullptr) {
    const std::string per = TRY(fields.text("per"));
    charge.per = TRY(parse_duration(per));
  }
  charge.asks = value.boolean_or("asks", false);
  return charge;
}

Value to_value(const Circumstances& circumstances) {
  std::vector<Member> members;
  if (!circumstances.author.empty()) members.push_back({Text("author"), circumstances.author});
  if (!circumstances.stopped.empty()) members.push_back({Text("stopped"), circumstances.stopped});
  if (!circumstances.budgets.empty()) {
    std::vector<Value> budgets;
    for (const BudgetUse& use : circumstances.budgets)
      budgets.push_back(Value::object({{"budget", use.budget}, {"key", use.key}, {"spent", use.spent}}));
    members.push_back({Text("budgets"), Value::array(std::move(budgets))});
  }
  if (!circumstances.excused.empty()) members.push_back({Text("excused"), texts_value(circumstances.excused)});
  return members.empty() ? Value() : Value::object(std::move(members));
}

Result<Circumstances> circumstances_from(const Value& value) {
  Circumstances circumstances;
  if (value.is_null()) return circumstances;
  const FieldReader fields{"circumstances", value};
  circumstances.author = value.string_or("author", "");
  circumstances.stopped = value.string_or("stopped", "");
  if (value.find("excused") != nullptr) circumstances.excused = TRY(fields.texts("excused"));
  if (value.find("budgets") == nullptr) return circumstances;
  for (const Value& item : *TRY(fields.array("budgets"))) {
    const FieldReader use{"budget", item};
    std::string budget = TRY(use.text("budget"));
    std::string key = TRY(use.text("key"));
    const Value* spent = item.find("spent");
    if (spent == nullptr || !spent->is_number())
      return Error{Code::invalid_argument, "circumstances: /budgets/spent: expected a number"};
    circumstances.budgets.push_back({std::move(budget), std::move(key), spent->as_number()});
  }
  return circumstances;
}

std::optional<Digest> digest_in(const Value& object, std::string_view key) {
  const Result<Digest> digest = Digest::from_hex(object.string_or(key, ""));
  return digest ? std::optional(*digest) : std::nullopt;
}

Value to_value(const Verdict& verdict) {
  thread_local RecurringText kind, rule, reason, policy;
  const bool asks = verdict.kind == definition::VerdictKind::approve;
  std::vector<Member> members;
  members.reserve(10);
  members.push_back({Text("kind"), kind.of(definition::name_of(verdict.kind))});
  members.push_back({Text("rule"), rule.of(verdict.rule)});
  members.push_back({Text("reason"), reason.of(verdict.reason)});
  members.push_back({Text("policy"), policy.of(verdict.policy)});
  if (verdict.kind != definition::VerdictKind::allow) members.push_back({Text("effect"), text_of(verdict.effect)});
  members.push_back({Text("tool"), tool_value(verdict.tool)});
  if (asks) {
    members.push_back({Text("approvers"), requirements_value(verdict.approvers)});
    members.push_back({Text("requesterExcluded"), verdict.requester_excluded});
    members.push_back({Text("expires"), format_duration(verdict.expires)});
  }
  if (!verdict.author.empty()) members.push_back({Text("authorExcluded"), verdict.author});
  if (!verdict.escalations.empty()) members.push_back({Text("escalations"), escalations_value(verdict.escalations)});
  if (!verdict.charges.empty()) {
    std::vector<Value> charges;
    for (const Charge& charge : verdict.charges) charges.push_back(to_value(charge));
    members.push_back({Text("charges"), Value::array(std::move(charges))});
  }
  if (!verdict.explanation.is_null() && !is_implied(verdict.explanation, verdict))
    members.push_back({Text("explanation"), verdict.explanation});
  if (!verdict.circumstances.is_null()) members.push_back({Text("circumstances"), verdict.circumstances});
  return Value::object(std::move(members));
}

Result<Verdict> verdict_from(const Value& value) {
  const FieldReader fields{"verdict", value};
  Verdict verdict;
  const std::string kind = TRY(fields.text("kind"));
  verdict.kind = TRY(parse_verdict_kind(kind));
  verdict.rule = TRY(fields.text("rule"));
  verdict.reason = TRY(fields.text("reason"));
  verdict.policy = TRY(fields.text("policy"));
  // Where it is not said it is the effect that stands beside the verdict.
  if (verdict.kind != definition::VerdictKind::allow || value.find("effect") != nullptr) {
    TRY(fields.text("effect"));
    verdict.effect = digest_in(value, "effect");
  }
  TRY(fields.text("tool"));
  verdict.tool = digest_in(value, "tool");
  if (verdict.kind == definition::VerdictKind::approve) {
    verdict.approvers = TRY(fields.requirements("approvers"));
    verdict.requester_excluded = TRY(fields.boolean("requesterExcluded"));
    const std::string expires = TRY(fields.text("expires"));
    verdict.expires = TRY(parse_duration(expires));
  }
  verdict.author = value.string_or("authorExcluded", "");
  verdict.escalations = TRY(escalations_from(fields));
  if (value.find("charges") != nullptr) {
    for (const Value& item : *TRY(fields.array("charges"))) {
      Charge charge = TRY(charge_from(item));
      verdict.charges.push_back(std::move(charge));
    }
  }
  verdict.explanation = value.find("explanation") == nullptr
                            ? implied_explanation(verdict)
                            : short_explanation(verdict.kind, value.member("explanation"));
  verdict.circumstances = value.member("circumstances");
  return verdict;
}

}  // namespace gantry::gate
