// Keywords for objects.
#include <fmt/format.h>

#include <map>

#include "value/ecma_pattern.h"
#include "value/pointer.h"
#include "value/schema_compiler.h"

namespace gantry::json_schema {
namespace {

struct PatternChild {
  EcmaPattern pattern;
  ChildSchema child;
};

// properties, patternProperties and additionalProperties together: what the last covers depends on the first two.
class MembersCheck final : public KeywordCheck {
 public:
  std::map<std::string, ChildSchema, std::less<>> named;
  std::vector<PatternChild> patterns;
  std::optional<ChildSchema> additional;

  bool check(Evaluation& evaluation, const Place& place, Evaluated* evaluated) const override {
    if (!place.value().is_object()) return true;
    bool valid = true;
    const auto& members = place.value().members();
    for (std::size_t i = 0; i < members.size(); ++i) {
      InstanceStep step{&place.instance, members[i].value, members[i].key.view(), 0};
      bool known = false;
      valid = check_member(evaluation, {step, place.rule}, known) && valid;
      if (!valid && !evaluation.records()) return false;
      if (known && evaluated) evaluated->mark(i);
    }
    return valid;
  }

 private:
  bool check_member(Evaluation& evaluation, const Place& member, bool& known) const {
    std::string_view name = *member.instance.key;
    bool valid = true;
    if (auto found = named.find(name); found != named.end()) {
      known = true;
      valid = evaluation.apply(found->second, member, nullptr);
    }
    for (const PatternChild& candidate : patterns) {
      auto outcome = candidate.pattern.search(name);
      if (outcome == EcmaPattern::Outcome::too_expensive)
        return evaluation.cut_off(member, candidate.child.token, "the pattern needs too many steps for this name");
      if (outcome == EcmaPattern::Outcome::no_match) continue;
      known = true;
      valid = evaluation.apply(candidate.child, member, nullptr) && valid;
    }
    if (known || !additional) return valid;
    known = true;
    if (additional->node->boolean == false)
      return evaluation.fail(member, additional->token, [&] { return "this member is not allowed" + known_names(); });
    return evaluation.apply(*additional, member, nullptr);
  }

  std::string known_names() const {
    std::vector<std::string> names;
    for (const auto& [name, child] : named) names.push_back(fmt::format("'{}'", name.substr(0, 60)));
    return names.empty() ? std::string() : fmt::format("; known are {}", list_of(names, "and"));
  }
};

class RequiredCheck final : public KeywordCheck {
 public:
  explicit RequiredCheck(std::vector<std::string> names) : names_(std::move(names)) {}
  bool check(Evaluation& evaluation, const Place& place, Evaluated*) const override {
    if (!place.value().is_object()) return true;
    bool valid = true;
    for (const std::string& name : names_) {
      if (place.value().find(std::string_view(name))) continue;
      valid = evaluation.fail(place, "/required", [&] { return fmt::format("expected the member '{}'", name); });
      if (!evaluation.records()) return false;
    }
    return valid;
  }

 private:
  std::vector<std::string> names_;
};

class DependentRequiredCheck final : public KeywordCheck {
 public:
  explicit DependentRequiredCheck(std::string token) : token_(std::move(token)) {}
  std::vector<std::pair<std::string, std::vector<std::string>>> dependents;

  bool check(Evaluation& evaluation, const Place& place, Evaluated*) const override {
    bool valid = true;
    for (const auto& [name, needed] : dependents) {
      if (!place.value().find(std::string_view(name))) continue;
      for (const std::string& other : needed) {
        if (place.value().find(std::string_view(other))) continue;
        const std::string& cause = name;
        valid = evaluation.fail(place, fmt::format("{}/{}", token_, pointer_token(cause)), [&] {
          return fmt::format("expected the member '{}', since '{}' is there", other, cause);
        });
        if (!evaluation.records()) return false;
      }
    }
    return valid;
  }

 private:
  std::string token_;
};

class PropertyNamesCheck final : public KeywordCheck {
 public:
  explicit PropertyNamesCheck(ChildSchema child) : child_(std::move(child)) {}
  bool check(Evaluation& evaluation, const Place& place, Evaluated*) const override {
    if (!place.value().is_object()) return true;
    bool valid = true;
    for (const Member& member : place.value().members()) {
      Value name(member.key);
      InstanceStep step{&place.instance, name, member.key.view(), 0};
      valid = evaluation.apply(child_, {step, place.rule}, nullptr) && valid;
      if (!valid && !evaluation.records()) return false;
    }
    return valid;
  }

 private:
  ChildSchema child_;
};

class UnevaluatedPropertiesCheck final : public KeywordCheck {
 public:
  explicit UnevaluatedPropertiesCheck(ChildSchema child) : child_(std::move(child)) {}
  bool is_last() const override { return true; }
  bool check(Evaluation& evaluation, const Place& place, Evaluated* evaluated) const override {
    if (!place.value().is_object()) return true;
    bool valid = true;
    const auto& members = place.value().members();
    for (std::size_t i = 0; i < members.size(); ++i) {
      if (evaluated->has(i)) continue;
      InstanceStep step{&place.instance, members[i].value, members[i].key.view(), 0};
      Place member{step, place.rule};
      if (child_.node->boolean == false)
        valid = evaluation.fail(member, child_.token, [] { return "this member is not allowed"; });
      else
        valid = evaluation.apply(child_, member, nullptr) && valid;
      if (!valid && !evaluation.records()) return false;
    }
    evaluated->mark_all();
    return valid;
  }

 private:
  ChildSchema child_;
};

Result<const Value*> expect_object(const SchemaSource& source, const Value& value, std::string_view token) {
  if (!value.is_object())
    return SchemaCompiler::error(source, token, fmt::format("expected an object, found {}", with_article(value)));
  return &value;
}

Status compile_members(SchemaCompiler& compiler, const SchemaSource& source, const Value& schema) {
  const Value* named = schema.find("properties");
  const Value* patterns = schema.find("patternProperties");
  const Value* additional = schema.find("additionalProperties");
  if (!named && !patterns && !additional) return done();
  auto check = std::make_unique<MembersCheck>();
  if (named) {
    TRY(expect_object(source, *named, "/properties"));
    for (const Member& member : named->members())
      check->named.emplace(member.key,
                           TRY(compiler.child(source, member.value, "/properties/" + pointer_token(member.key))));
  }
  if (patterns) {
    TRY(expect_object(source, *patterns, "/patternProperties"));
    for (const Member& member : patterns->members()) {
      std::string token = "/patternProperties/" + pointer_token(member.key);
      auto pattern = EcmaPattern::compile(member.key);
      if (!pattern)
        return SchemaCompiler::error(source, token, "not a regular expression of ECMA 262: " + pattern.error().message);
      auto child = TRY(compiler.child(source, member.value, std::move(token)));
      check->patterns.push_back({std::move(*pattern), std::move(child)});
    }
  }
  if (additional) check->additional = TRY(compiler.child(source, *additional, "/additionalProperties"));
  source.node.checks.push_back(std::move(check));
  return done();
}

Result<std::vector<std::string>> names_of(const SchemaSource& source, const Value& value, std::string_view token) {
  std::vector<std::string> names;
  if (!value.is_array())
    return SchemaCompiler::error(source, token, fmt::format("expected a list of names, found {}", with_article(value)));
  for (const Value& name : value.items()) {
    if (!name.is_string())
      return SchemaCompiler::error(source, token, fmt::format("expected names, found {}", with_article(name)));
    names.emplace_back(name.as_string());
  }
  return names;
}

Status compile_required(SchemaCompiler&, const SchemaSource& source, const Value& value) {
  source.node.checks.push_back(std::make_unique<RequiredCheck>(TRY(names_of(source, value, "/required"))));
  return done();
}

Status compile_dependent_names(const SchemaSource& source, const Value& value, const std::string& token) {
  TRY(expect_object(source, value, token));
  auto check = std::make_unique<DependentRequiredCheck>(token);
  for (const Member& member : value.members()) {
    if (token == "/dependencies" && !member.value.is_array()) continue;
    auto names = TRY(names_of(source, member.value, fmt::format("{}/{}", token, pointer_token(member.key))));
    check->dependents.emplace_back(member.key.view(), std::move(names));
  }
  if (!check->dependents.empty()) source.node.checks.push_back(std::move(check));
  return done();
}

Status compile_dependent_required(SchemaCompiler&, const SchemaSource& source, const Value& value) {
  return compile_dependent_names(source, value, "/dependentRequired");
}
Status compile_dependency_names(SchemaCompiler&, const SchemaSource& source, const Value& value) {
  return compile_dependent_names(source, value, "/dependencies");
}

Status compile_property_names(SchemaCompiler& compiler, const SchemaSource& source, const Value& value) {
  source.node.checks.push_back(
      std::make_unique<PropertyNamesCheck>(TRY(compiler.child(source, value, "/propertyNames"))));
  return done();
}

Status compile_unevaluated_properties(SchemaCompiler& compiler, const SchemaSource& source, const Value& value) {
  auto child = TRY(compiler.child(source, value, "/unevaluatedProperties"));
  source.node.checks.push_back(std::make_unique<UnevaluatedPropertiesCheck>(std::move(child)));
  return done();
}

}  // namespace

void add_object_rules(std::vector<KeywordRule>& rules) {
  rules.push_back({"required", vocabulary_validation, compile_required});
  rules.push_back({"dependentRequired", vocabulary_validation, compile_dependent_required});
  rules.push_back({"dependencies", vocabulary_applicator, compile_dependency_names});
  rules.push_back({"", vocabulary_applicator, compile_members});
  rules.push_back({"propertyNames", vocabulary_applicator, compile_property_names});
  rules.push_back({"unevaluatedProperties", vocabulary_unevaluated, compile_unevaluated_properties});
}

}  // namespace gantry::json_schema
