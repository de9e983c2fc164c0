// $ref and $dynamicRef.
#include <fmt/format.h>

#include "value/schema_compiler.h"

namespace gantry::json_schema {
namespace {

class ReferenceCheck final : public KeywordCheck {
 public:
  explicit ReferenceCheck(const SchemaNode* target) : target_{target, "/$ref"} {}
  bool check(Evaluation& evaluation, const Place& place, Evaluated* evaluated) const override {
    return evaluation.apply(target_, place, evaluated);
  }

 private:
  ChildSchema target_;
};

class DynamicReferenceCheck final : public KeywordCheck {
 public:
  DynamicReferenceCheck(const SchemaNode* target, std::string anchor) : target_(target), anchor_(std::move(anchor)) {}
  bool check(Evaluation& evaluation, const Place& place, Evaluated* evaluated) const override {
    const SchemaNode* outermost = anchor_.empty() ? nullptr : evaluation.dynamic_target(anchor_);
    return evaluation.apply({outermost ? outermost : target_, "/$dynamicRef"}, place, evaluated);
  }

 private:
  const SchemaNode* target_;  // where the dynamic scope offers nothing
  std::string anchor_;        // empty: the reference names no dynamic anchor and works as $ref does
};

Error expected_uri(const SchemaSource& source, std::string_view keyword, const Value& value) {
  return SchemaCompiler::error(source, fmt::format("/{}", keyword),
                               fmt::format("expected a URI reference, found {}", with_article(value)));
}

Status compile_reference(SchemaCompiler& compiler, const SchemaSource& source, const Value& value) {
  if (!value.is_string()) return expected_uri(source, "$ref", value);
  const SchemaNode* target = TRY(compiler.reference(source, "$ref", value.as_string()));
  source.node.checks.push_back(std::make_unique<ReferenceCheck>(target));
  return done();
}

Status compile_dynamic_reference(SchemaCompiler& compiler, const SchemaSource& source, const Value& value) {
  if (!value.is_string()) return expected_uri(source, "$dynamicRef", value);
  const SchemaNode* target = TRY(compiler.reference(source, "$dynamicRef", value.as_string()));
  auto anchor = TRY(compiler.dynamic_anchor(source, value.as_string()));
  source.node.checks.push_back(std::make_unique<DynamicReferenceCheck>(target, std::move(anchor)));
  return done();
}

}  // namespace

void add_reference_rules(std::vector<KeywordRule>& rules) {
  rules.push_back({"$ref", vocabulary_core, compile_reference});
  rules.push_back({"$dynamicRef", vocabulary_core, compile_dynamic_reference});
}

}  // namespace gantry::json_schema
