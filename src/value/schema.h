// JSON Schema 2020-12: validation, with errors a person can act on. Remote references are never fetched; they resolve
// only against a registry that the program was given, and the standard's own metaschema. Documents that declare an
// older draft in "$schema" are read by the rules of 2020-12, except that "items" may be a list. See
// docs/reference/values.md.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "value/value.h"

namespace gantry {

struct SchemaViolation {
  std::string instance;  // JSON pointer into the instance
  std::string schema;    // JSON pointer (with $ref hops) into the schema
  std::string reason;    // one sentence: expected, found
};

using SchemaRegistry = std::map<std::string, Value>;  // absolute URI without fragment -> schema document

struct SchemaOptions {
  bool assert_format = true;  // `format` is checked, for the formats of the standard
  const SchemaRegistry* registry = nullptr;
  std::size_t violations_max = 20;
  std::size_t depth_max = 600;  // schemas applied within each other, against endless recursion
};

// Immutable; any thread.
class Schema {
 public:
  // Errors: invalid_argument with the schema pointer of the first defect ("/properties/a/type: expected ...").
  static Result<Schema> compile(const Value& schema, const SchemaOptions& options = {});
  // Empty = valid. Stops after violations_max. Reasons quote short values only where their labels are public or
  // internal.
  std::vector<SchemaViolation> validate(const Value& instance) const;

 private:
  struct Compiled;
  std::shared_ptr<const Compiled> compiled_;
};

// "at /a/0: expected an integer, found a string (/properties/a/items/type)"; several are joined by "; ".
std::string describe(const std::vector<SchemaViolation>& violations);

}  // namespace gantry
