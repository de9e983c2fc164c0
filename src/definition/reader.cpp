#include "definition/reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "definition/version.h"
#include "value/json.h"
#include "value/pointer.h"

namespace gantry::definition {
namespace {

constexpr std::size_t found_text_max = 40;

std::string shortened(std::string text) {
  if (text.size() <= found_text_max) return text;
  std::size_t end = found_text_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;  // not inside a character
  return text.substr(0, end) + "...";
}

}  // namespace

Node Node::member(std::string_view key) const {
  return {*value_->find(key), pointer_ + "/" + pointer_token(key), *file_};
}

Node Node::item(std::size_t index) const {
  return {*value_->find(index), fmt::format("{}/{}", pointer_, index), *file_};
}

std::vector<Node> Node::items() const {
  std::vector<Node> result;
  if (!value_->is_array()) return result;
  result.reserve(value_->size());
  for (std::size_t i = 0; i < value_->size(); ++i) result.push_back(item(i));
  return result;
}

std::vector<Node> Node::members() const {
  std::vector<Node> result;
  if (!value_->is_object()) return result;
  result.reserve(value_->size());
  for (const Member& each : value_->members())
    result.emplace_back(each.value, pointer_ + "/" + pointer_token(each.key.view()), *file_);
  return result;
}

std::string Node::key() const {
  auto tokens = parse_pointer(pointer_.substr(std::min(pointer_.rfind('/'), pointer_.size())));
  return tokens && !tokens->empty() ? tokens->back() : "";
}

void Node::expected(std::string_view what) const {
  problem(fmt::format("expected {}, found {}", what, describe_found(*value_)));
}

std::optional<std::string> Node::text(std::string_view what) const {
  if (value_->is_string() && !value_->as_string().empty()) return std::string(value_->as_string());
  expected(what);
  return std::nullopt;
}

std::optional<std::int64_t> Node::integer(std::int64_t low, std::int64_t high) const {
  if (value_->is_integer() && value_->as_integer() >= low && value_->as_integer() <= high) return value_->as_integer();
  expected(fmt::format("a whole number from {} to {}", low, high));
  return std::nullopt;
}

std::optional<bool> Node::boolean() const {
  if (value_->is_boolean()) return value_->as_boolean();
  expected("true or false");
  return std::nullopt;
}

std::vector<std::string> Node::texts(std::string_view what) const {
  std::vector<std::string> result;
  if (!is_array(what)) return result;
  for (const Node& each : items())
    if (auto text_value = each.text()) result.push_back(std::move(*text_value));
  return result;
}

bool Node::is_array(std::string_view what) const {
  if (value_->is_array()) return true;
  expected(what);
  return false;
}

std::string describe_found(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::null:
      return "nothing (null)";
    case Value::Kind::boolean:
      return value.as_boolean() ? "true" : "false";
    case Value::Kind::integer:
    case Value::Kind::number:
      return "the number " + print_json(value);
    case Value::Kind::string:
      return value.size() == 0 ? "empty text" : "the text " + shortened(print_json(value));
    case Value::Kind::array:
      return value.size() == 0 ? "an empty list" : "a list";
    case Value::Kind::object:
      return value.size() == 0 ? "an empty object" : "an object";
  }
  return "a value";
}

std::string suggestion(std::string_view name, const std::vector<std::string_view>& known) {
  constexpr std::size_t listed_max = 12;
  std::string_view near = nearest_name(name, known);
  if (!near.empty()) return fmt::format("; did you mean '{}'?", near);
  if (known.empty() || known.size() > listed_max) return "";
  return fmt::format("; known: {}", fmt::join(known, ", "));
}

ObjectReader::ObjectReader(Node node, std::string what) : node_(std::move(node)), what_(std::move(what)) {
  if (!is_object()) node_.expected(what_ + " (an object)");
}

ObjectReader::~ObjectReader() {
  std::vector<std::string_view> missing = std::move(nearly_there_);
  if (!others_allowed_) {
    for (const Node& each : node_.members()) {
      const Value* value = &each.value();
      bool is_known = std::any_of(known_.begin(), known_.end(),
                                  [&](std::string_view key) { return node_.value().find(key) == value; });
      if (is_known) continue;
      const std::string key = each.key();
      std::erase(missing, nearest_name(key, known_));
      each.key_problem(
          fmt::format("unknown key '{}' in {}{}", shortened(key), what_, suggestion(key, known_)));
    }
  }
  for (std::string_view key : missing) report_missing(key);
}

void ObjectReader::report_missing(std::string_view key) const {
  node_.problem(fmt::format("'{}' is missing in {}", key, what_));
}

std::optional<Node> ObjectReader::find(std::string_view key) {
  if (std::find(known_.begin(), known_.end(), key) == known_.end()) known_.push_back(key);
  if (!node_.value().find(key)) return std::nullopt;
  return node_.member(key);
}

std::optional<Node> ObjectReader::require(std::string_view key) {
  auto found = find(key);
  if (found || !is_object()) return found;
  const auto& members = node_.value().members();
  const bool is_nearly_there = std::any_of(members.begin(), members.end(), [&](const Member& each) {
    return std::find(known_.begin(), known_.end(), each.key.view()) == known_.end() &&
           !nearest_name(each.key.view(), {key}).empty();
  });
  if (is_nearly_there && !others_allowed_)
    nearly_there_.push_back(key);
  else
    report_missing(key);
  return found;
}

void ObjectReader::refuse(std::string_view key, std::string_view message) {
  // Not offered as a suggestion, so it is remembered only when it is there.
  if (has(key)) find(key)->key_problem(std::string(message));
}

std::optional<std::string> ObjectReader::text(std::string_view key) {
  auto found = find(key);
  return found ? found->text() : std::nullopt;
}

std::optional<std::string> ObjectReader::required_text(std::string_view key) {
  auto found = require(key);
  return found ? found->text() : std::nullopt;
}

std::optional<bool> ObjectReader::boolean(std::string_view key) {
  auto found = find(key);
  return found ? found->boolean() : std::nullopt;
}

std::optional<std::int64_t> ObjectReader::integer(std::string_view key, std::int64_t low, std::int64_t high) {
  auto found = find(key);
  return found ? found->integer(low, high) : std::nullopt;
}

std::optional<std::size_t> read_choice_index(const Node& node, const std::vector<std::string_view>& names) {
  std::string expected_names = fmt::format("one of {}", fmt::join(names, ", "));
  if (!node.value().is_string()) {
    node.expected(expected_names);
    return std::nullopt;
  }
  auto found = std::find(names.begin(), names.end(), node.value().as_string());
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  std::string_view near = nearest_name(node.value().as_string(), names);
  node.problem(fmt::format("expected {}, found {}{}", expected_names, describe_found(node.value()),
                           near.empty() ? "" : fmt::format("; did you mean '{}'?", near)));
  return std::nullopt;
}

std::optional<std::string> read_version(const Node& node) {
  if (node.value().is_string() && is_version(node.value().as_string())) return std::string(node.value().as_string());
  node.expected("a semantic version such as \"1.0.0\"");
  return std::nullopt;
}

std::optional<std::string> read_name(const Node& node) {
  auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  std::string_view name = node.value().is_string() ? node.value().as_string() : std::string_view();
  bool valid = !name.empty() && name.size() <= 63 && is_letter(name[0]) &&
               std::all_of(name.begin(), name.end(),
                           [&](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-'; });
  if (valid) return std::string(name);
  node.expected("a name of letters, digits, '_' and '-' that starts with a letter and has at most 63 characters");
  return std::nullopt;
}

}  // namespace gantry::definition
