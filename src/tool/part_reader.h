// Reads a driver's own part of a tool's definition: its `settings`, or an operation's `binding`. Each error is
// "/pointer: message" inside that part, as Driver::check gives it. The value must outlive the reader.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "definition/tool.h"

namespace gantry::tool {

Error wrong_part(std::string_view pointer, std::string_view message);

class PartReader {
 public:
  // Errors: no object, or a key that is not one of `known`.
  static Result<PartReader> open(const Value& object, std::string pointer,
                                 std::initializer_list<std::string_view> known);

  bool has(std::string_view key) const { return object_->find(key) != nullptr; }
  const Value* find(std::string_view key) const { return object_->find(key); }
  std::string pointer(std::string_view key) const;

  Result<std::string> text(std::string_view key) const;  // required, not empty
  Result<std::string> text_or(std::string_view key, std::string_view fallback) const;
  Result<std::int64_t> integer_or(std::string_view key, std::int64_t fallback, std::int64_t low,
                                  std::int64_t high) const;
  Result<bool> boolean_or(std::string_view key, bool fallback) const;
  Result<Duration> duration_or(std::string_view key, Duration fallback, Duration most) const;
  // One of `choices`; the first when it is missing.
  Result<std::size_t> choice(std::string_view key, std::initializer_list<std::string_view> choices) const;
  // {secret: NAME}; empty when the key is missing.
  Result<std::string> secret(std::string_view key) const;

 private:
  PartReader(const Value& object, std::string pointer) : object_(&object), pointer_(std::move(pointer)) {}

  const Value* object_;
  std::string pointer_;
};

// The names of the arguments that the operation's schema has; empty when it names none.
std::vector<std::string> argument_names(const definition::Operation& operation);
// A problem for each name that a binding uses and the operation's schema doesn't have.
void check_argument_names(const definition::Operation& operation, const std::vector<std::string>& used,
                          const std::string& pointer, std::vector<std::string>& problems);
// "/operations/NAME/binding".
std::string binding_pointer(std::string_view operation);

}  // namespace gantry::tool
