// Keywords for arrays.
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "value/json.h"
#include "value/schema_compiler.h"

namespace gantry::json_schema {
namespace {

// prefixItems and items.
class ItemsCheck final : public KeywordCheck {
 public:
  std::vector<ChildSchema> prefix;
  std::optional<ChildSchema> rest;

  bool check(Evaluation& evaluation, const Place& place, Evaluated* evaluated) const override {
    if (!place.value().is_array()) return true;
    bool valid = true;
    const auto& items = place.value().items();
    std::size_t count = rest ? items.size() : std::min(items.size(), prefix.size());
    for (std::size_t i = 0; i < count; ++i) {
      InstanceStep step{&place.instance, items[i], std::nullopt, i};
      valid = evaluation.apply(i < prefix.size() ? prefix[i] : *rest, {step, place.rule}, nullptr) && valid;
      if (!valid && !evaluation.records()) return false;
      if (evaluated) evaluated->mark(i);
    }
    return valid;
  }
};

// contains, minContains and maxContains.
class ContainsCheck final : public KeywordCheck {
 public:
  ContainsCheck(ChildSchema child, std::size_t least, std::size_t most)
      : child_(std::move(child)), least_(least), most_(most) {}
  bool check(Evaluation& evaluation, const Place& place, Evaluated* evaluated) const override {
    if (!place.value().is_array()) return true;
    const auto& items = place.value().items();
    std::size_t count = 0;
    for (std::size_t i = 0; i < items.size(); ++i) {
      InstanceStep step{&place.instance, items[i], std::nullopt, i};
      if (!evaluation.test(child_, {step, place.rule}, nullptr)) continue;
      ++count;
      if (evaluated) evaluated->mark(i);
    }
    if (evaluation.is_cut_off()) return false;
    if (count < least_)
      return evaluation.fail(place, "/contains", [&] {
        return fmt::format("expected at least {} item{} that fit{} 'contains', found {}", least_,
                           least_ == 1 ? "" : "s", least_ == 1 ? "s" : "", count);
      });
    return count <= most_ || evaluation.fail(place, "/maxContains", [&] {
      return fmt::format("expected at most {} items that fit 'contains', found {}", most_, count);
    });
  }

 private:
  ChildSchema child_;
  std::size_t least_, most_;
};

class UnevaluatedItemsCheck final : public KeywordCheck {
 public:
  explicit UnevaluatedItemsCheck(ChildSchema child) : child_(std::move(child)) {}
  bool is_last() const override { return true; }
  bool check(Evaluation& evaluation, const Place& place, Evaluated* evaluated) const override {
    if (!place.value().is_array()) return true;
    bool valid = true;
    const auto& items = place.value().items();
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (evaluated->has(i)) continue;
      InstanceStep step{&place.instance, items[i], std::nullopt, i};
      Place item{step, place.rule};
      if (child_.node->boolean == false)
        valid = evaluation.fail(item, child_.token, [] { return "this item is not allowed"; });
      else
        valid = evaluation.apply(child_, item, nullptr) && valid;
      if (!valid && !evaluation.records()) return false;
    }
    evaluated->mark_all();
    return valid;
  }

 private:
  ChildSchema child_;
};

class UniqueItemsCheck final : public KeywordCheck {
 public:
  bool check(Evaluation& evaluation, const Place& place, Evaluated*) const override {
    if (!place.value().is_array()) return true;
    auto twins = find_twins(place.value().items());
    return !twins || evaluation.fail(place, "/uniqueItems", [&] {
      return fmt::format("expected no two equal items, found items {} and {} equal", twins->first, twins->second);
    });
  }

 private:
  // Equal values have equal canonical texts, so sorting those finds twins without comparing every pair.
  static std::optional<std::pair<std::size_t, std::size_t>> find_twins(const std::vector<Value>& items) {
    constexpr std::size_t compared_directly_max = 8;
    if (items.size() <= compared_directly_max) {
      for (std::size_t i = 0; i < items.size(); ++i)
        for (std::size_t j = i + 1; j < items.size(); ++j)
          if (items[i] == items[j]) return std::pair(i, j);
      return std::nullopt;
    }
    std::vector<std::pair<std::string, std::size_t>> texts;
    texts.reserve(items.size());
    for (std::size_t i = 0; i < items.size(); ++i) texts.emplace_back(print_canonical(items[i]), i);
    std::sort(texts.begin(), texts.end());
    for (std::size_t i = 1; i < texts.size(); ++i)
      if (texts[i - 1].first == texts[i].first) return std::pair(texts[i - 1].second, texts[i].second);
    return std::nullopt;
  }
};

// In older drafts "items" may be a list, with "additionalItems" for the rest, and "prefixItems" means nothing.
Status compile_items(SchemaCompiler& compiler, const SchemaSource& source, const Value& schema) {
  const Value* items = schema.find("items");
  bool items_is_prefix = source.resource.older_draft && items && items->is_array();
  std::string_view prefix_keyword = items_is_prefix ? "items" : "prefixItems";
  std::string_view rest_keyword = items_is_prefix ? "additionalItems" : "items";
  const Value* prefix = source.resource.older_draft && !items_is_prefix ? nullptr : schema.find(prefix_keyword);
  const Value* rest = schema.find(rest_keyword);
  if (!prefix && !rest) return done();
  auto check = std::make_unique<ItemsCheck>();
  if (prefix) {
    std::string token = fmt::format("/{}", prefix_keyword);
    if (!prefix->is_array())
      return SchemaCompiler::error(source, token,
                                   fmt::format("expected a list of schemas, found {}", with_article(*prefix)));
    for (std::size_t i = 0; i < prefix->size(); ++i)
      check->prefix.push_back(TRY(compiler.child(source, *prefix->find(i), fmt::format("{}/{}", token, i))));
  }
  if (rest && rest_keyword == "items" && rest->is_array())
    return SchemaCompiler::error(source, "/items",
                                 "expected a schema, found an array; JSON Schema 2020-12 calls the list 'prefixItems'");
  if (rest) check->rest = TRY(compiler.child(source, *rest, fmt::format("/{}", rest_keyword)));
  source.node.checks.push_back(std::move(check));
  return done();
}

Result<std::size_t> count_at(const SchemaSource& source, std::string_view keyword, std::size_t fallback) {
  const Value* value = source.schema.find(keyword);
  if (!value) return fallback;
  if (!value->is_number() || value->as_number() < 0 || (!value->is_integer() && value->as_number() < 1e15))
    return SchemaCompiler::error(source, fmt::format("/{}", keyword), "expected a whole number of at least 0");
  return value->is_integer() ? static_cast<std::size_t>(value->as_integer()) : std::numeric_limits<std::size_t>::max();
}

Status compile_contains(SchemaCompiler& compiler, const SchemaSource& source, const Value& value) {
  auto child = TRY(compiler.child(source, value, "/contains"));
  auto least = TRY(count_at(source, "minContains", 1));
  auto most = TRY(count_at(source, "maxContains", std::numeric_limits<std::size_t>::max()));
  source.node.checks.push_back(std::make_unique<ContainsCheck>(std::move(child), least, most));
  return done();
}

Status compile_unevaluated_items(SchemaCompiler& compiler, const SchemaSource& source, const Value& value) {
  auto child = TRY(compiler.child(source, value, "/unevaluatedItems"));
  source.node.checks.push_back(std::make_unique<UnevaluatedItemsCheck>(std::move(child)));
  return done();
}

Status compile_unique_items(SchemaCompiler&, const SchemaSource& source, const Value& value) {
  if (!value.is_boolean())
    return SchemaCompiler::error(source, "/uniqueItems",
                                 fmt::format("expected true or false, found {}", with_article(value)));
  if (value.as_boolean()) source.node.checks.push_back(std::make_unique<UniqueItemsCheck>());
  return done();
}

}  // namespace

void add_array_rules(std::vector<KeywordRule>& rules) {
  rules.push_back({"uniqueItems", vocabulary_validation, compile_unique_items});
  rules.push_back({"", vocabulary_applicator, compile_items});
  rules.push_back({"contains", vocabulary_applicator, compile_contains});
  rules.push_back({"unevaluatedItems", vocabulary_unevaluated, compile_unevaluated_items});
}

}  // namespace gantry::json_schema
