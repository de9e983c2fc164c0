#include "definition/schema_loop.h"

#include <fmt/format.h>

#include <array>
#include <unordered_map>
#include <vector>

#include "value/pointer.h"

namespace gantry::definition {
namespace {

constexpr std::size_t loop_depth_max = 500;  // references in a row; what is deeper is left alone

class SchemaLoopFinder {
 public:
  explicit SchemaLoopFinder(const Value& root) : root_(root) {}

  std::optional<std::string> run() {
    parts_.push_back({root_, ""});
    while (!parts_.empty() && !loop_ && !has_id_) {
      const Part part = std::move(parts_.back());
      parts_.pop_back();
      visit(part.schema, part.pointer, 0);
    }
    return has_id_ ? std::nullopt : loop_;
  }

 private:
  enum class Color : std::uint8_t { open, done };
  struct Part {
    Value schema;
    std::string pointer;
  };

  // Looks at the schema and all that it applies to the same value; what it applies to parts comes later.
  void visit(const Value& schema, const std::string& pointer, std::size_t depth) {
    if (!schema.is_object() || loop_ || has_id_ || depth > loop_depth_max) return;
    if (!colors_.emplace(pointer, Color::open).second) return;
    if (schema.find("$id")) has_id_ = has_id_ || !pointer.empty();
    if (const Value* reference = schema.find("$ref")) follow(*reference, pointer, depth);
    if (const Value* all = schema.find("allOf"); all && all->is_array())
      for (std::size_t i = 0; i < all->size(); ++i) apply(all->item(i), fmt::format("{}/allOf/{}", pointer, i), pointer, depth);
    colors_[pointer] = Color::done;
    add_parts(schema, pointer);
  }

  void follow(const Value& reference, const std::string& pointer, std::size_t depth) {
    if (!reference.is_string() || !reference.as_string().starts_with('#')) return;
    const std::string target(reference.as_string().substr(1));
    if (!target.empty() && target[0] != '/') return;  // an anchor
    if (const auto found = at_pointer(root_, target)) apply(*found, target, pointer + "/$ref", depth);
  }

  void apply(const Value& schema, const std::string& pointer, const std::string& from, std::size_t depth) {
    const auto seen = colors_.find(pointer);
    if (seen == colors_.end()) return visit(schema, pointer, depth + 1);
    if (seen->second == Color::open && !loop_) loop_ = from;
  }

  void add_parts(const Value& schema, const std::string& pointer) {
    static constexpr std::array<const char*, 12> one = {"additionalProperties", "unevaluatedProperties", "propertyNames", "items",
                                                        "unevaluatedItems", "contains", "not", "if", "then", "else",
                                                        "contentSchema", "additionalItems"};
    static constexpr std::array<const char*, 8> several = {"properties", "patternProperties", "$defs", "definitions",
                                                           "dependentSchemas", "prefixItems", "anyOf", "oneOf"};
    for (const char* key : one)
      if (const Value* part = schema.find(key)) parts_.push_back({*part, fmt::format("{}/{}", pointer, key)});
    for (const char* key : several) {
      const Value* parts = schema.find(key);
      if (parts && parts->is_object())
        for (const Member& each : parts->members())
          parts_.push_back({each.value, fmt::format("{}/{}/{}", pointer, key, pointer_token(each.key.view()))});
      if (parts && parts->is_array())
        for (std::size_t i = 0; i < parts->size(); ++i) parts_.push_back({parts->item(i), fmt::format("{}/{}/{}", pointer, key, i)});
    }
  }

  const Value& root_;
  std::vector<Part> parts_;
  std::unordered_map<std::string, Color> colors_;
  std::optional<std::string> loop_;
  bool has_id_ = false;
};

}  // namespace

std::optional<std::string> find_schema_loop(const Value& schema) {
  return SchemaLoopFinder(schema).run();
}

}  // namespace gantry::definition
