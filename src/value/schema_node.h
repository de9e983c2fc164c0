// A compiled JSON Schema: a graph of nodes, each with the checks of its keywords, and the walk that applies it.
// Nodes and checks are immutable once compiled; an Evaluation belongs to one call of validate.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "value/schema.h"

namespace gantry::json_schema {

struct SchemaNode;

// A schema with an identity of its own: the root of a document, or a subschema with "$id".
struct SchemaResource {
  std::string base;  // absolute URI without fragment; empty for a root without "$id"
  const Value* root = nullptr;
  unsigned vocabularies = 0;  // of Vocabulary
  bool older_draft = false;   // "$schema" says 2019-09 or before: "items" may be a list, "prefixItems" means nothing
  struct Anchor {
    const Value* schema = nullptr;
    bool dynamic = false;
  };
  std::map<std::string, Anchor, std::less<>> anchors;
  std::map<std::string, const SchemaNode*, std::less<>> dynamic_nodes;  // of the dynamic anchors
};

// The way from the root to a value or a keyword, as a list on the stack: text is made of it only for a violation.
struct InstanceStep {
  const InstanceStep* parent = nullptr;
  const Value& value;
  std::optional<std::string_view> key = std::nullopt;  // of a member; else `index`, where there is a parent
  std::size_t index = 0;
};
struct RuleStep {
  const RuleStep* parent = nullptr;
  std::string_view token;  // "/properties/a"
};
struct Place {
  const InstanceStep& instance;
  const RuleStep* rule;
  const Value& value() const { return instance.value; }
};

// Which members or items of one value have been looked at by a successful keyword, for unevaluatedProperties and
// unevaluatedItems.
class Evaluated {
 public:
  void mark(std::size_t position) {
    if (marks_.size() <= position) marks_.resize(position + 1);
    marks_[position] = true;
  }
  void mark_all() { all_ = true; }
  void merge(const Evaluated& other);
  bool has(std::size_t position) const { return all_ || (position < marks_.size() && marks_[position]); }

 private:
  std::vector<bool> marks_;
  bool all_ = false;
};

struct ChildSchema {
  const SchemaNode* node = nullptr;
  std::string token;  // from the keyword on: "/allOf/0"
};

class Evaluation {
 public:
  // Without `violations` the walk stops at the first failure.
  Evaluation(const SchemaOptions& options, std::vector<SchemaViolation>* violations)
      : options_(options), violations_(violations) {}

  bool evaluate(const SchemaNode& node, const Place& place, Evaluated* evaluated);
  // The child's schema on the same value.
  bool apply(const ChildSchema& child, const Place& place, Evaluated* evaluated);
  // The same without recording violations; a walk that was cut off counts as failed.
  bool test(const ChildSchema& child, const Place& place, Evaluated* evaluated);
  // The same, with the violations given to the caller; empty list where nothing is recorded.
  bool probe(const ChildSchema& child, const Place& place, Evaluated* evaluated,
             std::vector<SchemaViolation>& violations);

  // Always false, to be returned. `reason` is a function that gives the sentence.
  template <class Reason>
  bool fail(const Place& place, std::string_view token, const Reason& reason) {
    if (records()) record(place, token, reason());
    return false;
  }
  // A limit was reached: the whole validation fails, whatever the schema makes of it. Always false.
  bool cut_off(const Place& place, std::string_view token, std::string reason);
  bool is_cut_off() const { return cut_off_.has_value(); }
  const std::optional<SchemaViolation>& cut_off_violation() const { return cut_off_; }

  bool records() const { return violations_ && violations_->size() < options_.violations_max && !cut_off_; }
  // The outermost node that the dynamic scope offers for "$dynamicRef".
  const SchemaNode* dynamic_target(std::string_view anchor) const;
  // "found 12": the value only where its label allows it to be shown, else its kind.
  static std::string found(const Place& place);

 private:
  void record(const Place& place, std::string_view token, std::string reason);

  const SchemaOptions& options_;
  std::vector<SchemaViolation>* violations_;
  std::optional<SchemaViolation> cut_off_;
  std::vector<const SchemaResource*> scope_;
  std::size_t depth_ = 0;
  std::size_t steps_ = 0;
};

class KeywordCheck {
 public:
  virtual ~KeywordCheck() = default;
  virtual bool check(Evaluation& evaluation, const Place& place, Evaluated* evaluated) const = 0;
  // unevaluated*: runs after all others and needs their marks.
  virtual bool is_last() const { return false; }
};

struct SchemaNode {
  const SchemaResource* resource = nullptr;
  std::optional<bool> boolean;  // `true` and `false` as schemas
  std::vector<std::unique_ptr<KeywordCheck>> checks;
  bool needs_marks = false;
};

// "a string", "an integer".
std::string with_article(const Value& value);
// "'a', 'b' or 'c'", at most ten.
std::string list_of(const std::vector<std::string>& names, std::string_view last_word);

}  // namespace gantry::json_schema
