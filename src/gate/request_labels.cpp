#include "gate/request_labels.h"

#include <algorithm>

#include "gate/pasted_text.h"
#include "gate/result_labels.h"

namespace gantry::gate {
namespace {

using definition::PolicyLabel;

std::vector<definition::LabelRule> rules_for(const definition::Project& policies, PolicyLabel::Kind kind,
                                             std::string_view name, const definition::Principal& from) {
  std::vector<definition::LabelRule> rules;
  std::size_t group = 0;
  for (const auto& [policy_name, policy] : policies.policies) {
    ++group;
    for (const PolicyLabel& label : policy->labels.labels) {
      if (label.kind != kind || !definition::matches_pattern(label.pattern, name)) continue;
      const bool meant = label.roles.empty() || std::any_of(label.roles.begin(), label.roles.end(),
                                                            [&](const auto& role) { return from.has_role(role); });
      if (!meant) continue;
      rules.push_back(label.rule);
      rules.back().group = group;
    }
  }
  return rules;
}

Label pasted_label() {
  static const Label label = Label::of(
      {.integrity = Integrity::untrusted, .secrecy = Secrecy::public_, .sources = {"pasted"}, .compartments = {}});
  return label;
}

bool has_pasted_text(const Value& value) {
  if (value.is_string()) {
    // Most texts are one line without a mark.
    const std::string_view text = value.as_string();
    constexpr std::string_view signs = "\n\r<\xc2\xe2";  // the last two begin the other ends of lines
    return text.find_first_of(signs) != std::string_view::npos && own_words_of(text).pasted;
  }
  if (value.is_array()) return std::any_of(value.items().begin(), value.items().end(), has_pasted_text);
  if (value.is_object())
    return std::any_of(value.members().begin(), value.members().end(),
                       [](const Member& member) { return has_pasted_text(member.value); });
  return false;
}

Value mark_pasted(Value value) {
  if (!has_pasted_text(value)) return value;
  if (value.is_string()) return std::move(value).labelled(pasted_label());
  const Label label = value.label();
  if (value.is_array()) {
    std::vector<Value> items = std::move(value).take_items();
    for (Value& item : items) item = mark_pasted(std::move(item));
    return Value::array(std::move(items)).labelled(label);
  }
  std::vector<Member> members = std::move(value).take_members();
  for (Member& member : members) member.value = mark_pasted(std::move(member.value));
  return Value::object(std::move(members)).labelled(label);
}

}  // namespace

Value labelled_request(Value input, const definition::Project& policies, const definition::WorkflowName& workflow,
                       const definition::Principal& requester) {
  input = mark_pasted(std::move(input));
  const auto rules =
      rules_for(policies, PolicyLabel::Kind::request, workflow.namespace_ + "/" + workflow.name, requester);
  return rules.empty() ? input : with_declared_labels(std::move(input), rules, Label());
}

Value labelled_answer(Value answer, const std::string& person) {
  return mark_pasted(std::move(answer))
      .labelled(Label::of({.integrity = Integrity::internal,
                           .secrecy = Secrecy::public_,
                           .sources = {"answer:" + person},
                           .compartments = {}}));
}

Value labelled_event(Value event, const definition::Project* policies, const definition::Principal& sender) {
  LabelContent content = definition::undeclared_label();
  content.sources = {"event"};
  std::vector<definition::LabelRule> rules;
  if (policies != nullptr) rules = rules_for(*policies, PolicyLabel::Kind::event, event.string_or("type", ""), sender);
  return with_declared_labels(std::move(event), rules, Label::of(std::move(content)));
}

}  // namespace gantry::gate
