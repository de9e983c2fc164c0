#include "cli/pin_edit.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <variant>

#include "value/pointer.h"
#include "value/yaml.h"

namespace gantry::cli {
namespace {

// Byte offset of a place; lines and columns count from 1, columns in bytes.
std::optional<std::size_t> offset_of(std::string_view text, SourcePlace place) {
  std::size_t start = 0;
  for (auto line = place.line; line > 1; --line) {
    start = text.find('\n', start);
    if (start == std::string_view::npos) return std::nullopt;
    ++start;
  }
  const std::size_t offset = start + static_cast<std::size_t>(place.column) - 1;
  return place.line >= 1 && place.column >= 1 && offset < text.size() ? std::optional(offset) : std::nullopt;
}

// Where a scalar of one line that starts at `start` ends.
std::size_t end_of_scalar(std::string_view text, std::size_t start, bool in_flow) {
  const char quote = text[start];
  if (quote == '"' || quote == '\'') {
    std::size_t at = start + 1;
    while (at < text.size() && text[at] != quote && text[at] != '\n') at += text[at] == '\\' && quote == '"' ? 2u : 1u;
    return std::min(at + 1, text.size());
  }
  std::size_t end = start;
  while (end < text.size() && text[end] != '\n' && !(in_flow && (text[end] == ',' || text[end] == '}')) &&
         !(text[end] == '#' && end > start && text[end - 1] == ' ')) {
    ++end;
  }
  while (end > start && (text[end - 1] == ' ' || text[end - 1] == '\r')) --end;
  return end;
}

class PinWriter {
 public:
  explicit PinWriter(std::string text) : text_(std::move(text)) {}

  // False where it does not know how.
  bool set(const std::string& operation, const std::string& pin) {
    const auto parsed = parse_yaml(text_);
    const auto* document = std::get_if<YamlDocument>(&parsed);
    if (document == nullptr) return false;
    const std::string binding = "/operations/" + pointer_token(operation) + "/binding";
    const auto braces = offset_of(text_, document->source.value_at(binding));
    const bool in_flow = braces && text_[*braces] == '{';
    const bool has_pin = document->root.member("operations").member(operation).member("binding").find("pin") != nullptr;
    const std::string key = binding + (has_pin ? "/pin" : "/tool");
    const auto value = offset_of(text_, document->source.value_at(key));
    if (!value) return false;
    const std::size_t end = end_of_scalar(text_, *value, in_flow);
    if (has_pin) {
      text_.replace(*value, end - *value, quoted(pin));
    } else if (in_flow) {
      const bool json = text_[*braces + 1] == '"' || text_.find("\"tool\"", *braces) < *value;
      text_.insert(end, (json ? ", \"pin\": " : ", pin: ") + quoted(pin));
    } else {
      const std::size_t column = static_cast<std::size_t>(document->source.key_at(key).column);
      const std::size_t line_end = std::min(text_.find('\n', end), text_.size());
      text_.insert(line_end, "\n" + std::string(column - 1, ' ') + "pin: " + quoted(pin));
    }
    return holds(operation, pin);
  }
  std::string take() { return std::move(text_); }

 private:
  static std::string quoted(const std::string& pin) { return "\"" + pin + "\""; }

  bool holds(const std::string& operation, const std::string& pin) const {
    const auto parsed = parse_yaml(text_);
    const auto* document = std::get_if<YamlDocument>(&parsed);
    return document != nullptr &&
           document->root.member("operations").member(operation).member("binding").string_or("pin", "") == pin;
  }

  std::string text_;
};

// The document without its pins: nothing else may change.
Value without_pins(std::string_view text) {
  const auto parsed = parse_yaml(text);
  const auto* document = std::get_if<YamlDocument>(&parsed);
  if (document == nullptr) return {};
  const Value given = document->root.member("operations");
  if (!given.is_object()) return {};
  std::vector<Member> operations;
  for (const Member& each : given.members()) {
    Value operation = each.value;
    if (operation.is_object() && operation.member("binding").is_object()) {
      operation =
          std::move(operation).with_member("binding", Value(each.value.member("binding")).without_member("pin"));
    }
    operations.push_back({each.key, operation});
  }
  return Value(document->root).with_member("operations", Value::object(std::move(operations)));
}

}  // namespace

Result<std::string> with_pins(std::string_view text, const std::map<std::string, std::string>& pins) {
  PinWriter writer{std::string(text)};
  for (const auto& [operation, pin] : pins) {
    if (writer.set(operation, pin)) continue;
    return Error{
        Code::conflict,
        fmt::format("operation '{}': can't change the file as it is written; put into its binding:  pin: \"{}\"",
                    operation, pin)};
  }
  std::string changed = writer.take();
  if (!(without_pins(changed) == without_pins(text))) {
    return Error{Code::conflict, "can't change the file as it is written without changing more than the pins"};
  }
  return changed;
}

}  // namespace gantry::cli
