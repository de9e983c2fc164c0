#include "gate/result_labels.h"

#include <algorithm>

namespace gantry::gate {
namespace {

using definition::LabelRule;

// A condition looks at one record.
constexpr expression::Limits when_limits{
    .steps_max = 100'000, .memory_bytes_max = 4u << 20, .depth_max = 500, .outputs_max = 1};

// What holds for both: the better integrity, the lower secrecy, the compartments and sources of both.
Label meet(Label left, Label right) {
  if (left == right) return left;
  const LabelContent& a = left.content();
  const LabelContent& b = right.content();
  LabelContent both{.integrity = std::min(a.integrity, b.integrity),
                    .secrecy = std::min(a.secrecy, b.secrecy),
                    .sources = {},
                    .compartments = {}};
  std::set_intersection(a.sources.begin(), a.sources.end(), b.sources.begin(), b.sources.end(),
                        std::back_inserter(both.sources));
  std::set_intersection(a.compartments.begin(), a.compartments.end(), b.compartments.begin(), b.compartments.end(),
                        std::back_inserter(both.compartments));
  return Label::of(std::move(both));
}

enum class Holds { yes, no, failed };

Holds holds(const LabelRule& rule, const Value& record) {
  if (!rule.when) return Holds::yes;
  if (!rule.when->program) return Holds::failed;
  const auto answer = expression::evaluate_only(*rule.when->program, record, {.limits = when_limits});
  if (!answer || !answer->is_boolean()) return Holds::failed;
  return answer->as_boolean() ? Holds::yes : Holds::no;
}

using Rules = std::vector<const LabelRule*>;

// Whether a member's own name, or `*`, is the rule's next token.
bool leads_to(const LabelRule& rule, std::size_t depth, std::string_view name) {
  return rule.any[depth] || rule.path[depth] == name;
}

struct Labelled {
  Value value;
  Label label;  // that holds for all of it
};

// `record` is what `value` stands in, `rules` are those whose path leads here.
Labelled label_below(const Value& value, const Value& record, const Rules& rules, std::size_t depth, Label outer) {
  Label label = outer, failed;
  bool goes_on = false;
  std::optional<std::size_t> chosen;  // the group of the rule that was chosen last; groups follow one another
  for (const LabelRule* rule : rules) {
    if (rule->path.size() > depth) {
      goes_on = true;
      continue;
    }
    if (chosen && (*chosen == rule->group || rule->group == 0)) continue;
    const Holds answer = holds(*rule, record);
    if (answer == Holds::failed) failed = join(failed, Label::of(rule->label));
    if (answer != Holds::yes) continue;
    label = chosen ? join(label, Label::of(rule->label)) : Label::of(rule->label);
    chosen = rule->group;
  }
  label = join(label, failed);
  const bool is_list = value.is_array(), is_object = value.is_object();
  if (!goes_on || (!is_list && !is_object) || value.size() == 0) return {value.labelled(label), label};

  bool keys_are_data = false;
  std::optional<Label> whole;
  auto descend = [&](const Value& child, std::string_view name) {
    Rules deeper;
    for (const LabelRule* rule : rules)
      if (rule->path.size() > depth && leads_to(*rule, depth, name)) deeper.push_back(rule);
    Labelled labelled = label_below(child, value, deeper, depth + 1, label);
    whole = whole ? meet(*whole, labelled.label) : labelled.label;
    return std::move(labelled.value);
  };
  Value built;
  if (is_list) {
    std::vector<Value> items;
    items.reserve(value.size());
    for (std::size_t index = 0; index < value.size(); ++index)
      items.push_back(descend(value.items()[index], std::to_string(index)));
    built = Value::array(std::move(items));
  } else {
    for (const LabelRule* rule : rules)
      keys_are_data = keys_are_data || (rule->path.size() > depth && rule->any[depth]);
    std::vector<Member> members;
    members.reserve(value.size());
    for (const Member& member : value.members())
      members.push_back({member.key, descend(member.value, member.key.view())});
    built = Value::object(std::move(members));
  }
  const Label structure = keys_are_data ? join(label, *whole) : *whole;
  return {std::move(built).labelled(join(value.label(), structure)), structure};
}

}  // namespace

Value with_declared_labels(Value value, std::span<const definition::LabelRule> rules, Label otherwise) {
  if (rules.empty()) return std::move(value).labelled(otherwise);
  Rules all;
  for (const LabelRule& rule : rules) all.push_back(&rule);
  return label_below(value, value, all, 0, otherwise).value;
}

}  // namespace gantry::gate
