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

// Where a value lies, from the inside to the outside: written as a pointer only where there is a label to write.
struct Place {
  const Place* outside;
  std::string_view key;
  std::size_t index;
  bool is_item;
};

void append_pointer(std::string& out, const Place* place) {
  if (place == nullptr) return;
  append_pointer(out, place->outside);
  out.push_back('/');
  if (place->is_item)
    out.append(fmt::format_int(place->index).c_str());
  else
    out.append(pointer_token(place->key));
}

void append_names(std::string& out, const std::vector<std::string>& names) {
  out.push_back('[');
  for (const std::string& name : names) {
    if (&name != &names.front()) out.push_back(',');
    append_json_text(out, name);
  }
  out.push_back(']');
}

std::string printed_label(const LabelContent& content) {
  std::string text = "{\"integrity\":";
  append_json_text(text, name_of(content.integrity));
  text.append(",\"secrecy\":");
  append_json_text(text, name_of(content.secrecy));
  text.append(",\"sources\":");
  append_names(text, content.sources);
  text.append(",\"compartments\":");
  append_names(text, content.compartments);
  text.push_back('}');
  return text;
}

// The values of a run have few labels, again and again: the last one of a thread is kept as it was printed.
const std::string& text_of(Label label) {
  thread_local Label last;
  thread_local std::string text = printed_label(last.content());
  if (last != label) {
    text = printed_label(label.content());
    last = label;
  }
  return text;
}

void append_label(std::string& out, const Place* place, Label label) {
  std::string pointer;
  append_pointer(pointer, place);
  out.push_back(out.empty() ? '{' : ',');
  append_json_text(out, pointer);
  out.push_back(':');
  out.append(text_of(label));
}

// Neither has a label nor holds what may have one. Most values do not.
bool is_bare(const Value& value) {
  return !value.is_array() && !value.is_object() && value.label().is_default();
}

// The members of the object of labels, without its closing brace; nothing where there are none.
void append_labels(std::string& out, const Value& value, const Place* place) {
  if (!value.label().is_default()) append_label(out, place, value.label());
  if (value.is_array()) {
    Place item{place, {}, 0, true};
    for (const Value& child : value.items()) {
      append_labels(out, child, &item);
      ++item.index;
    }
  } else if (value.is_object()) {
    for (const Member& member : value.members()) {
      if (is_bare(member.value)) continue;
      const Place inside{place, member.key, 0, false};
      append_labels(out, member.value, &inside);
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

StoredParts print_stored_parts(const Value& value) {
  StoredParts parts;
  append_labels(parts.labels, value, nullptr);
  const bool plain_would_be_ambiguous = value.is_object() && value.find(value_key) != nullptr;
  if (plain_would_be_ambiguous && parts.labels.empty()) parts.labels.push_back('{');
  if (!parts.labels.empty()) parts.labels.push_back('}');
  parts.value = print_json(value);
  return parts;
}

std::string print_stored(const Value& value) {
  StoredParts parts = print_stored_parts(value);
  if (parts.labels.empty()) return std::move(parts.value);
  std::string text = "{\"$labelled\":";
  text += parts.value;
  text += ",\"labels\":";
  text += parts.labels;
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
