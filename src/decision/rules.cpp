#include "decision/rules.h"

#include <fmt/format.h>

namespace gantry::decision {
namespace {

using definition::Decision;
using definition::DecisionRule;
using definition::HitPolicy;

Error in_rule(const Decision& decision, const DecisionRule& rule, const char* part, const Error& error) {
  return {error.code, fmt::format("decision '{}', rule '{}', {}: {}", decision.name, rule.id, part, error.message)};
}

class RuleTable {
 public:
  RuleTable(const Decision& decision, const Value& input, Timestamp now, const expression::Limits& limits)
      : decision_(decision), input_(input), data_(decision.data), evaluation_{{&data_, 1}, now, limits} {}

  Result<Answer> decide() {
    TRY(check_input());
    TRY(read_columns());
    bool first_only = decision_.hit_policy == HitPolicy::first;
    for (const DecisionRule& rule : decision_.rules) {
      if (!TRY(matches_rule(rule))) continue;
      matched_.push_back(&rule);
      if (first_only) break;
    }
    return decision_.hit_policy == HitPolicy::collect ? collect() : one();
  }

 private:
  Status check_input() {
    if (!decision_.input) return done();
    auto violations = decision_.input->validate(input_);
    if (violations.empty()) return done();
    return Error{Code::invalid_argument, fmt::format("decision '{}': the input does not fit its schema: {}",
                                                     decision_.name, describe(violations))};
  }

  Status read_columns() {
    values_.reserve(decision_.columns.size());
    for (const auto& column : decision_.columns) {
      auto value = evaluate_first(*column.value.program, input_, evaluation_);
      if (!value)
        return Error{value.error().code,
                     fmt::format("decision '{}', column '{}': {}", decision_.name, column.name, value.error().message)};
      values_.push_back(*std::move(value));
    }
    return done();
  }

  // Whatever was looked at to select a rule labels the answer, rules that did not match included: that they did not
  // is known from the answer too.
  Result<bool> matches_rule(const DecisionRule& rule) {
    for (std::size_t i = 0; i < rule.cells.size(); ++i) {
      if (std::holds_alternative<definition::AnyValue>(rule.cells[i].test)) continue;
      label_ = join(label_, values_[i].deep_label());
      if (!definition::matches(rule.cells[i], values_[i])) return false;
    }
    if (!rule.when) return true;
    auto value = evaluate_first(*rule.when->program, input_, evaluation_);
    if (!value) return in_rule(decision_, rule, "when", value.error());
    label_ = join(label_, value->deep_label());
    if (value->is_boolean()) return value->as_boolean();
    return in_rule(decision_, rule, "when",
                   {Code::invalid_argument, fmt::format("expected true or false, found {}", value->kind_name())});
  }

  Result<Value> answer_of(const DecisionRule& rule) {
    auto answer = rule.answer.evaluate(input_, evaluation_);
    if (!answer) return in_rule(decision_, rule, "answer", answer.error());
    return answer;
  }

  Result<Answer> one() {
    if (matched_.empty()) return fall_back();
    const DecisionRule* chosen = matched_[0];
    if (decision_.hit_policy == HitPolicy::unique && matched_.size() > 1)
      return Error{Code::invalid_argument,
                   fmt::format("decision '{}': rules '{}' and '{}' both match; with hitPolicy unique one rule may",
                               decision_.name, matched_[0]->id, matched_[1]->id)};
    for (const DecisionRule* rule : matched_)
      if (decision_.hit_policy == HitPolicy::priority && rule->priority > chosen->priority) chosen = rule;
    return finish(TRY(answer_of(*chosen)), {chosen->id});
  }

  Result<Answer> collect() {
    std::vector<Value> answers;
    std::vector<std::string> rules;
    for (const DecisionRule* rule : matched_) {
      answers.push_back(TRY(answer_of(*rule)));
      rules.push_back(rule->id);
    }
    return finish(Value::array(std::move(answers)), std::move(rules));
  }

  Result<Answer> fall_back() {
    if (!decision_.fallback) return Answer{};
    auto answer = decision_.fallback->evaluate(input_, evaluation_);
    if (!answer)
      return Error{answer.error().code,
                   fmt::format("decision '{}', default: {}", decision_.name, answer.error().message)};
    return finish(*std::move(answer), {"default"});
  }

  Result<Answer> finish(Value answer, std::vector<std::string> rules) const {
    auto violations = decision_.answer ? decision_.answer->validate(answer) : std::vector<SchemaViolation>{};
    if (!violations.empty())
      return Error{Code::invalid_argument,
                   fmt::format("decision '{}', {} '{}': the answer does not fit its schema: {}", decision_.name,
                               rules.size() == 1 ? "rule" : "rules", fmt::join(rules, "', '"), describe(violations))};
    return Answer{true, std::move(answer).labelled(label_), std::move(rules)};
  }

  const Decision& decision_;
  const Value& input_;
  const Value& data_;
  expression::Evaluation evaluation_;
  std::vector<Value> values_;  // of the columns
  std::vector<const DecisionRule*> matched_;
  Label label_;
};

}  // namespace

Result<Answer> decide_by_rules(const Decision& decision, const Value& input, Timestamp now,
                               const expression::Limits& limits) {
  return RuleTable(decision, input, now, limits).decide();
}

}  // namespace gantry::decision
