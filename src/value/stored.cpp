#include "value/stored.h"

#include <fmt/format.h>

#include "value/json.h"
#include "value/pointer.h"

namespace gantry {
namespace {

constexpr std::string_view value_key = "$labelled";
constexpr std::string_view labels_key = "labels";
// Values in the journal were bounded when they came in; the labels of a value add to its size but not to its depth.
constexpr JsonOptions stored_options{.limits = {.bytes_max = 1u << 30, .depth_max = 10'000, .nodes_max = 100'000'000},
                                     .refuse_duplicate_keys = false};

bool has_labels(const Value& value) {
  if (!value.label().is_default()) return true;
  if (value.is_array()) {
    for (const Value& item : value.items())
      if (has_labels(item)) return true;
  } else if (value.is_object()) {
    for (const Member& member : value.members())
      if (has_labels(member.value)) return true;
  }
  return false;
}

Value names_to_value(const std::vector<std::string>& names) {
  std::vector<Value> items(names.begin(), names.end());
  return Value::array(std::move(items));
}

Value label_to_value(const LabelContent& content) {
  return Value::object({{"integrity", name_of(content.integrity)},
                        {"secrecy", name_of(content.secrecy)},
                        {"sources", names_to_value(content.sources)},
                        {"compartments", names_to_value(content.compartments)}});
}

void collect_labels(const Value& value, std::string& pointer, std::vector<Member>& labels) {
  if (!value.label().is_default()) labels.push_back({Text(pointer), label_to_value(value.label().content())});
  std::size_t parent_size = pointer.size();
  if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      pointer.append("/").append(fmt::format_int(i).c_str());
      collect_labels(value.items()[i], pointer, labels);
      pointer.resize(parent_size);
    }
  } else if (value.is_object()) {
    for (const Member& member : value.members()) {
      pointer.append("/").append(pointer_token(member.key));
      collect_labels(member.value, pointer, labels);
      pointer.resize(parent_size);
    }
  }
}

Error stored_error(std::string message) {
  return {Code::invalid_argument, "stored value: " + std::move(message)};
}

Result<std::vector<std::string>> names_from_value(const Value& content, std::string_view key) {
  std::vector<std::string> names;
  const Value* list = content.find(key);
  if (!list) return names;
  if (!list->is_array())
    return stored_error(fmt::format("expected a list of names in '{}', found a {}", key, list->kind_name()));
  for (const Value& name : list->items()) {
    if (!name.is_string())
      return stored_error(fmt::format("expected names in '{}', found a {}", key, name.kind_name()));
    names.emplace_back(name.as_string());
  }
  return names;
}

Result<Label> label_from_value(const Value& content) {
  if (!content.is_object())
    return stored_error(fmt::format("expected an object as label, found a {}", content.kind_name()));
  LabelContent label;
  // Absent means unknown, which must not read as harmless.
  label.integrity = TRY(parse_integrity(content.string_or("integrity", "")));
  label.secrecy = TRY(parse_secrecy(content.string_or("secrecy", "")));
  label.sources = TRY(names_from_value(content, "sources"));
  label.compartments = TRY(names_from_value(content, "compartments"));
  return Label::of(std::move(label));
}

// `value` with the label joined in at the place that `tokens` name, from `depth` on. Copies one level at a time, and
// only where a node is shared.
Result<Value> label_at(Value value, const std::vector<std::string>& tokens, std::size_t depth, Label label) {
  if (depth == tokens.size()) return std::move(value).labelled(label);
  const std::string& token = tokens[depth];
  if (value.is_array()) {
    std::size_t index = 0;
    for (char digit : token) {
      if (digit < '0' || digit > '9' || index > value.size())
        return stored_error(fmt::format("a label points to the item '{}', which is not there", token));
      index = index * 10 + static_cast<std::size_t>(digit - '0');
    }
    if (token.empty() || index >= value.size())
      return stored_error(fmt::format("a label points to the item '{}', which is not there", token));
    Value child = *value.find(index);
    value = std::move(value).with_item(index, Value());
    auto labelled = TRY(label_at(std::move(child), tokens, depth + 1, label));
    return std::move(value).with_item(index, std::move(labelled));
  }
  const Value* found = value.find(std::string_view(token));
  if (!found) return stored_error(fmt::format("a label points to the member '{}', which is not there", token));
  Value child = *found;
  value = std::move(value).with_member(token, Value());
  auto labelled = TRY(label_at(std::move(child), tokens, depth + 1, label));
  return std::move(value).with_member(token, std::move(labelled));
}

}  // namespace

std::string print_stored(const Value& value) {
  bool plain_would_be_ambiguous = value.is_object() && value.find(value_key);
  if (!plain_would_be_ambiguous && !has_labels(value)) return print_json(value);
  std::vector<Member> labels;
  std::string pointer;
  collect_labels(value, pointer, labels);
  std::string text = "{\"$labelled\":";
  text += print_json(value);
  text += ",\"labels\":";
  text += print_json(Value::object(std::move(labels)));
  text += "}";
  return text;
}

Result<Value> parse_stored(std::string_view text) {
  Value stored = TRY(parse_json(text, stored_options));
  const Value* wrapped = stored.find(value_key);
  if (!wrapped) return stored;
  const Value* labels = stored.find(labels_key);
  if (stored.size() != 2 || !labels || !labels->is_object())
    return stored_error("expected exactly \"$labelled\" and the object \"labels\"");
  Value value = *wrapped;
  Value label_list = *labels;
  stored = Value();  // so that `value` is the only owner and is labelled in place
  for (const Member& member : label_list.members()) {
    auto tokens = TRY(parse_pointer(member.key));
    auto label = TRY(label_from_value(member.value));
    value = TRY(label_at(std::move(value), tokens, 0, label));
  }
  return value;
}

}  // namespace gantry
