// Keywords that apply schemas to the same value: allOf, anyOf, oneOf, not, if/then/else, dependentSchemas.
#include <fmt/format.h>

#include <algorithm>

#include "value/pointer.h"
#include "value/schema_compiler.h"

namespace gantry::json_schema {
namespace {

class AllOfCheck final : public KeywordCheck {
 public:
  explicit AllOfCheck(std::vector<ChildSchema> children) : children_(std::move(children)) {}
  bool check(Evaluation& evaluation, const Place& place, Evaluated* evaluated) const override {
    bool valid = true;
    for (const ChildSchema& child : children_) {
      valid = evaluation.apply(child, place, evaluated) && valid;
      if (!valid && !evaluation.records()) return false;
    }
    return valid;
  }

 private:
  std::vector<ChildSchema> children_;
};

// Of several lists of violations, the one that got deepest into the value: most likely what its author meant.
std::string nearest_reason(const std::vector<std::vector<SchemaViolation>>& attempts) {
  auto depth = [](const std::vector<SchemaViolation>& attempt) {
    return attempt.empty() ? -1
                           : static_cast<int>(std::count(attempt[0].instance.begin(), attempt[0].instance.end(), '/'));
  };
  std::size_t nearest = 0;
  for (std::size_t i = 1; i < attempts.size(); ++i) {
    bool deeper = depth(attempts[i]) > depth(attempts[nearest]);
    bool fewer = depth(attempts[i]) == depth(attempts[nearest]) && attempts[i].size() < attempts[nearest].size();
    if (deeper || fewer) nearest = i;
  }
  if (attempts.empty() || attempts[nearest].empty()) return {};
  const SchemaViolation& first = attempts[nearest][0];
  return fmt::format("; nearest is number {}: {}{}", nearest + 1,
                     first.instance.empty() ? "" : fmt::format("at {}: ", first.instance), first.reason);
}

class AnyOfCheck final : public KeywordCheck {
 public:
  explicit AnyOfCheck(std::vector<ChildSchema> children) : children_(std::move(children)) {}
  bool check(Evaluation& evaluation, const Place& place, Evaluated* evaluated) const override {
    bool valid = false;
    std::vector<std::vector<SchemaViolation>> attempts(children_.size());
    for (std::size_t i = 0; i < children_.size(); ++i) {
      Evaluated marks;
      if (!evaluation.probe(children_[i], place, evaluated ? &marks : nullptr, attempts[i])) continue;
      valid = true;
      if (!evaluated) return true;  // without marks to gather one is enough
      evaluated->merge(marks);
    }
    return valid || evaluation.fail(place, "/anyOf", [&] {
      return fmt::format("fits none of the {} alternatives{}", children_.size(), nearest_reason(attempts));
    });
  }

 private:
  std::vector<ChildSchema> children_;
};

class OneOfCheck final : public KeywordCheck {
 public:
  explicit OneOfCheck(std::vector<ChildSchema> children) : children_(std::move(children)) {}
  bool check(Evaluation& evaluation, const Place& place, Evaluated* evaluated) const override {
    std::vector<std::string> fitting;
    std::vector<std::vector<SchemaViolation>> attempts(children_.size());
    for (std::size_t i = 0; i < children_.size(); ++i) {
      Evaluated marks;
      if (!evaluation.probe(children_[i], place, evaluated ? &marks : nullptr, attempts[i])) continue;
      fitting.push_back(std::to_string(i + 1));
      if (fitting.size() > 1 && !evaluation.records()) return false;
      if (evaluated) evaluated->merge(marks);
    }
    if (fitting.size() == 1) return true;
    return evaluation.fail(place, "/oneOf", [&] {
      if (fitting.empty())
        return fmt::format("fits none of the {} alternatives{}", children_.size(), nearest_reason(attempts));
      return fmt::format("expected to fit exactly one alternative, fits number {}", list_of(fitting, "and"));
    });
  }

 private:
  std::vector<ChildSchema> children_;
};

class NotCheck final : public KeywordCheck {
 public:
  explicit NotCheck(ChildSchema child) : child_(std::move(child)) {}
  bool check(Evaluation& evaluation, const Place& place, Evaluated*) const override {
    if (!evaluation.test(child_, place, nullptr)) return !evaluation.is_cut_off();
    return evaluation.fail(place, "/not", [] { return "expected not to fit the schema under 'not'"; });
  }

 private:
  ChildSchema child_;
};

class IfCheck final : public KeywordCheck {
 public:
  IfCheck(ChildSchema condition, std::optional<ChildSchema> then_child, std::optional<ChildSchema> else_child)
      : condition_(std::move(condition)), then_(std::move(then_child)), else_(std::move(else_child)) {}
  bool check(Evaluation& evaluation, const Place& place, Evaluated* evaluated) const override {
    Evaluated marks;
    bool holds = evaluation.test(condition_, place, evaluated ? &marks : nullptr);
    if (evaluation.is_cut_off()) return false;
    if (holds && evaluated) evaluated->merge(marks);
    const std::optional<ChildSchema>& next = holds ? then_ : else_;
    return !next || evaluation.apply(*next, place, evaluated);
  }

 private:
  ChildSchema condition_;
  std::optional<ChildSchema> then_, else_;
};

class DependentSchemasCheck final : public KeywordCheck {
 public:
  explicit DependentSchemasCheck(std::vector<std::pair<std::string, ChildSchema>> children)
      : children_(std::move(children)) {}
  bool check(Evaluation& evaluation, const Place& place, Evaluated* evaluated) const override {
    bool valid = true;
    for (const auto& [name, child] : children_) {
      if (!place.value().find(std::string_view(name))) continue;
      valid = evaluation.apply(child, place, evaluated) && valid;
      if (!valid && !evaluation.records()) return false;
    }
    return valid;
  }

 private:
  std::vector<std::pair<std::string, ChildSchema>> children_;
};

template <class Check>
Status compile_list(SchemaCompiler& compiler, const SchemaSource& source, const Value& value,
                    std::string_view keyword) {
  std::string token = fmt::format("/{}", keyword);
  if (!value.is_array() || value.size() == 0)
    return SchemaCompiler::error(source, token,
                                 fmt::format("expected a list of at least one schema, found {}",
                                             value.is_array() ? "an empty list" : with_article(value)));
  std::vector<ChildSchema> children;
  for (std::size_t i = 0; i < value.size(); ++i)
    children.push_back(TRY(compiler.child(source, *value.find(i), fmt::format("{}/{}", token, i))));
  source.node.checks.push_back(std::make_unique<Check>(std::move(children)));
  return done();
}

Status compile_all_of(SchemaCompiler& compiler, const SchemaSource& source, const Value& value) {
  return compile_list<AllOfCheck>(compiler, source, value, "allOf");
}
Status compile_any_of(SchemaCompiler& compiler, const SchemaSource& source, const Value& value) {
  return compile_list<AnyOfCheck>(compiler, source, value, "anyOf");
}
Status compile_one_of(SchemaCompiler& compiler, const SchemaSource& source, const Value& value) {
  return compile_list<OneOfCheck>(compiler, source, value, "oneOf");
}

Status compile_not(SchemaCompiler& compiler, const SchemaSource& source, const Value& value) {
  source.node.checks.push_back(std::make_unique<NotCheck>(TRY(compiler.child(source, value, "/not"))));
  return done();
}

Status compile_if(SchemaCompiler& compiler, const SchemaSource& source, const Value& value) {
  auto condition = TRY(compiler.child(source, value, "/if"));
  std::optional<ChildSchema> branches[2];
  for (std::size_t i = 0; i < 2; ++i) {
    std::string_view keyword = i == 0 ? "then" : "else";
    if (const Value* branch = source.schema.find(keyword))
      branches[i] = TRY(compiler.child(source, *branch, fmt::format("/{}", keyword)));
  }
  source.node.checks.push_back(
      std::make_unique<IfCheck>(std::move(condition), std::move(branches[0]), std::move(branches[1])));
  return done();
}

// `dependencies` of older drafts mixes schemas with lists of names; the lists are in schema_object.cpp.
Status compile_dependents(SchemaCompiler& compiler, const SchemaSource& source, const Value& value,
                          std::string_view keyword) {
  if (!value.is_object())
    return SchemaCompiler::error(source, fmt::format("/{}", keyword),
                                 fmt::format("expected an object, found {}", with_article(value)));
  std::vector<std::pair<std::string, ChildSchema>> children;
  for (const Member& member : value.members()) {
    if (keyword == "dependencies" && member.value.is_array()) continue;
    auto child = TRY(compiler.child(source, member.value, fmt::format("/{}/{}", keyword, pointer_token(member.key))));
    children.emplace_back(member.key.view(), std::move(child));
  }
  if (!children.empty()) source.node.checks.push_back(std::make_unique<DependentSchemasCheck>(std::move(children)));
  return done();
}

Status compile_dependent_schemas(SchemaCompiler& compiler, const SchemaSource& source, const Value& value) {
  return compile_dependents(compiler, source, value, "dependentSchemas");
}
Status compile_dependencies(SchemaCompiler& compiler, const SchemaSource& source, const Value& value) {
  return compile_dependents(compiler, source, value, "dependencies");
}

}  // namespace

void add_applicator_rules(std::vector<KeywordRule>& rules) {
  rules.push_back({"allOf", vocabulary_applicator, compile_all_of});
  rules.push_back({"anyOf", vocabulary_applicator, compile_any_of});
  rules.push_back({"oneOf", vocabulary_applicator, compile_one_of});
  rules.push_back({"not", vocabulary_applicator, compile_not});
  rules.push_back({"if", vocabulary_applicator, compile_if});
  rules.push_back({"dependentSchemas", vocabulary_applicator, compile_dependent_schemas});
  rules.push_back({"dependencies", vocabulary_applicator, compile_dependencies});
}

}  // namespace gantry::json_schema
