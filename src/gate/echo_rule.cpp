#include "gate/echo_rule.h"

namespace gantry::gate {
namespace {

constexpr std::size_t echo_bytes_min = 6;
constexpr std::size_t comparisons_max = 2'000'000;

struct LabelledText {
  std::string_view text;
  Label label;
};

void collect_labelled(const Value& value, Label outer, std::vector<LabelledText>& texts) {
  const Label label = join(outer, value.label());
  if (value.is_string()) {
    if (!label.is_default() && value.size() >= echo_bytes_min) texts.push_back({value.as_string(), label});
  } else if (value.is_array()) {
    for (const Value& item : value.items()) collect_labelled(item, label, texts);
  } else if (value.is_object()) {
    for (const Member& member : value.members()) collect_labelled(member.value, label, texts);
  }
}

class EchoSearch {
 public:
  explicit EchoSearch(const std::vector<LabelledText>& texts) : texts_(texts) {}

  bool too_much() const { return comparisons_ > comparisons_max; }

  Value apply(Value value) {
    if (too_much()) return value;
    if (value.is_string()) return std::move(value).labelled(label_for(value.as_string()));
    if (value.is_array()) {
      for (std::size_t index = 0; index < value.size(); ++index) {
        Value before = *value.find(index);
        Value after = apply(before);
        if (after.label() != before.label() || !after.same_as(before)) {
          value = std::move(value).with_item(index, std::move(after));
        }
      }
      return value;
    }
    if (!value.is_object()) return value;
    // A copy of the members keeps the loop valid while `value` changes under it.
    const std::vector<Member> members = value.members();
    Label keys;
    for (const Member& member : members) {
      keys = join(keys, label_for(member.key.view()));
      Value after = apply(member.value);
      if (after.label() != member.value.label() || !after.same_as(member.value)) {
        value = std::move(value).with_member(member.key, std::move(after));
      }
    }
    return std::move(value).labelled(keys);
  }

 private:
  Label label_for(std::string_view text) {
    Label label;
    if (text.size() < echo_bytes_min) return label;
    for (const LabelledText& argument : texts_) {
      ++comparisons_;
      if (text.find(argument.text) != std::string_view::npos) label = join(label, argument.label);
    }
    return label;
  }

  const std::vector<LabelledText>& texts_;
  std::size_t comparisons_ = 0;
};

}  // namespace

Value with_echoes_labelled(Value result, const Value& arguments) {
  std::vector<LabelledText> texts;
  collect_labelled(arguments, Label(), texts);
  if (texts.empty()) return result;
  EchoSearch search(texts);
  Value labelled = search.apply(result);
  if (search.too_much()) return std::move(result).labelled(arguments.deep_label());
  return labelled;
}

}  // namespace gantry::gate
