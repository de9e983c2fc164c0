#include "gate/echo_rule.h"

#include <algorithm>
#include <string>
#include <vector>

#include "value/json.h"

namespace gantry::gate {
namespace {

constexpr std::size_t echo_bytes_min = 6;
constexpr std::size_t compared_bytes_max = 256u << 20;

struct LabelledText {
  std::string text;  // plain()
  Label label;
};

// Without blanks, and letters in lower case: how other systems like to give things back.
std::string plain(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') continue;
    out.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c);
  }
  return out;
}

std::string plain_of(const Value& leaf) {
  return leaf.is_string() ? plain(leaf.as_string()) : leaf.is_number() ? print_number(leaf) : std::string();
}

void collect_labelled(const Value& value, Label outer, std::vector<LabelledText>& texts) {
  const Label label = join(outer, value.label());
  if (value.is_array()) {
    for (const Value& item : value.items()) collect_labelled(item, label, texts);
  } else if (value.is_object()) {
    for (const Member& member : value.members()) collect_labelled(member.value, label, texts);
  } else if (!label.is_default()) {
    std::string text = plain_of(value);
    if (!text.empty()) texts.push_back({std::move(text), label});
  }
}

class EchoSearch {
 public:
  explicit EchoSearch(const std::vector<LabelledText>& texts) : texts_(texts) {}

  bool too_much() const { return compared_bytes_ > compared_bytes_max; }

  Value apply(Value value) {
    if (too_much()) return value;
    if (value.is_string() || value.is_number()) {
      const Label label = label_for(plain_of(value));
      return std::move(value).labelled(label);
    }
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
      if (member.key.view().size() >= echo_bytes_min) keys = join(keys, label_for(plain(member.key.view())));
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
    if (text.empty()) return label;
    for (const LabelledText& argument : texts_) {
      compared_bytes_ += std::max(text.size(), argument.text.size());
      if (too_much()) return label;
      if (is_echo(text, argument.text)) label = join(label, argument.label);
    }
    return label;
  }

  static bool is_echo(std::string_view text, std::string_view argument) {
    if (text == argument) return true;
    if (text.size() < echo_bytes_min || argument.size() < echo_bytes_min) return false;
    return text.find(argument) != std::string_view::npos || argument.find(text) != std::string_view::npos;
  }

  const std::vector<LabelledText>& texts_;
  std::size_t compared_bytes_ = 0;
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
