// Reading a definition file declaratively: an ObjectReader is asked for the keys it knows, and reports by itself what
// is missing, of the wrong type, or unknown (with the nearest key that it was asked for).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "definition/source_file.h"
#include "value/value.h"

namespace gantry::definition {

// A value of the document and where it is. Copies are cheap enough for reading; the document must outlive it.
class Node {
 public:
  Node(const Value& value, std::string pointer, const SourceFile& file)
      : value_(&value), pointer_(std::move(pointer)), file_(&file) {}

  const Value& value() const { return *value_; }
  const std::string& pointer() const { return pointer_; }
  const SourceFile& file() const { return *file_; }
  Node member(std::string_view key) const;  // which must be there
  Node item(std::size_t index) const;
  std::vector<Node> items() const;    // of an array, else none
  std::vector<Node> members() const;  // of an object, else none
  std::string key() const;            // the name under which the parent has it

  SourcePlace place() const { return file_->value_place(pointer_); }
  SourcePlace key_place() const { return file_->key_place(pointer_); }
  void problem(std::string message) const { file_->problem(place(), std::move(message)); }
  void warning(std::string message) const { file_->warning(place(), std::move(message)); }
  void key_problem(std::string message) const { file_->problem(key_place(), std::move(message)); }
  // "expected WHAT, found ...".
  void expected(std::string_view what) const;

  // The value as this type; a problem and nothing when it has another.
  std::optional<std::string> text(std::string_view what = "text") const;  // not empty
  std::optional<std::int64_t> integer(std::int64_t low, std::int64_t high) const;
  std::optional<bool> boolean() const;
  std::vector<std::string> texts(std::string_view what) const;  // an array of text
  bool is_array(std::string_view what) const;

 private:
  const Value* value_;
  std::string pointer_;
  const SourceFile* file_;
};

// "the number 5", "the text \"abc\"", "a list", "an object", "nothing (null)".
std::string describe_found(const Value& value);
// "; did you mean 'x'?" when a known name is near, else "; known: a, b, c" (at most twelve), else nothing.
std::string suggestion(std::string_view name, const std::vector<std::string_view>& known);

class ObjectReader {
 public:
  // `what` names the object in messages: "a retry policy". A value that is no object is reported here.
  ObjectReader(Node node, std::string what);
  ObjectReader(const ObjectReader&) = delete;
  ObjectReader& operator=(const ObjectReader&) = delete;
  ~ObjectReader();  // reports the unknown keys, and what is missing and nearly there

  const Node& node() const { return node_; }
  bool is_object() const { return node_.value().is_object(); }
  bool has(std::string_view key) const { return node_.value().find(key) != nullptr; }
  std::optional<Node> find(std::string_view key);
  // Reports when it is missing. Where a key is there that is nearly it, that one is reported at the end, and once.
  std::optional<Node> require(std::string_view key);
  // The key is part of the language, but not of this release: reported when present.
  void refuse(std::string_view key, std::string_view message);
  // Any key is known from here on.
  void allow_other_keys() { others_allowed_ = true; }

  std::optional<std::string> text(std::string_view key);
  std::optional<std::string> required_text(std::string_view key);
  std::optional<bool> boolean(std::string_view key);
  std::optional<std::int64_t> integer(std::string_view key, std::int64_t low, std::int64_t high);

 private:
  Node node_;
  std::string what_;
  void report_missing(std::string_view key) const;

  std::vector<std::string_view> known_;
  std::vector<std::string_view> nearly_there_;  // required keys that a key which is not known so far may be meant for
  bool others_allowed_ = false;
};

template <class T>
struct Choice {
  std::string_view name;
  T value;
};
// Reports an unknown name with the nearest one.
std::optional<std::size_t> read_choice_index(const Node& node, const std::vector<std::string_view>& names);
template <class T>
std::optional<T> read_choice(const Node& node, std::span<const Choice<T>> choices) {
  std::vector<std::string_view> names;
  for (const auto& choice : choices) names.push_back(choice.name);
  auto index = read_choice_index(node, names);
  return index ? std::optional<T>(choices[*index].value) : std::nullopt;
}

// "0.1.0" by the rules of semver.org; reported otherwise.
std::optional<std::string> read_version(const Node& node);
// The name of a tool, operation, policy, decision or role: letters, digits, '_' and '-', starting with a letter, at
// most 63; reported otherwise.
std::optional<std::string> read_name(const Node& node);

}  // namespace gantry::definition
