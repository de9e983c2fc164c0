#include <fmt/format.h>

#include <algorithm>

#include "value/pointer.h"
#include "value/schema_compiler.h"
#include "value/schema_uri.h"

namespace gantry::json_schema {
namespace {

constexpr std::string_view dialect_2020_12 = "https://json-schema.org/draft/2020-12/schema";
constexpr std::string_view vocabulary_prefix = "https://json-schema.org/draft/2020-12/vocab/";

constexpr std::pair<std::string_view, unsigned> vocabulary_names[] = {
    {"core", vocabulary_core},
    {"applicator", vocabulary_applicator},
    {"unevaluated", vocabulary_unevaluated},
    {"validation", vocabulary_validation},
    {"format-annotation", vocabulary_format_annotation},
    {"format-assertion", vocabulary_format_assertion},
    {"meta-data", vocabulary_other},
    {"content", vocabulary_other},
};

// Where subschemas stand: only there "$id" and anchors mean something.
constexpr std::string_view schema_keywords[] = {"additionalProperties",
                                                "unevaluatedProperties",
                                                "items",
                                                "additionalItems",
                                                "unevaluatedItems",
                                                "contains",
                                                "propertyNames",
                                                "not",
                                                "if",
                                                "then",
                                                "else",
                                                "contentSchema"};
constexpr std::string_view schema_list_keywords[] = {"allOf", "anyOf", "oneOf", "prefixItems", "items"};
constexpr std::string_view schema_map_keywords[] = {"properties",  "patternProperties", "$defs",
                                                    "definitions", "dependentSchemas",  "dependencies"};

bool is_schema(const Value& value) {
  return value.is_object() || value.is_boolean();
}

template <class Visit>
void for_each_subschema(const Value& schema, const Visit& visit) {
  for (std::string_view keyword : schema_keywords)
    if (const Value* child = schema.find(keyword); child && is_schema(*child))
      visit(*child, fmt::format("/{}", keyword));
  for (std::string_view keyword : schema_list_keywords)
    if (const Value* list = schema.find(keyword); list && list->is_array())
      for (std::size_t i = 0; i < list->size(); ++i)
        if (is_schema(*list->find(i))) visit(*list->find(i), fmt::format("/{}/{}", keyword, i));
  for (std::string_view keyword : schema_map_keywords)
    if (const Value* map = schema.find(keyword); map && map->is_object())
      for (const Member& member : map->members())
        if (is_schema(member.value)) visit(member.value, fmt::format("/{}/{}", keyword, pointer_token(member.key)));
}

Error wrong_schema(std::string_view pointer, std::string_view message) {
  return {Code::invalid_argument, fmt::format("{}: {}", pointer.empty() ? "/" : pointer, message)};
}

bool is_anchor_name(std::string_view name) {
  auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  if (name.empty() || !letter(name[0])) return false;
  return std::all_of(name.begin(), name.end(),
                     [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '.'; });
}

const std::vector<KeywordRule>& keyword_rules() {
  static const std::vector<KeywordRule> rules = [] {
    std::vector<KeywordRule> all;
    add_reference_rules(all);
    add_assertion_rules(all);
    add_applicator_rules(all);
    add_array_rules(all);
    add_object_rules(all);
    return all;
  }();
  return rules;
}

}  // namespace

Result<const SchemaNode*> SchemaCompiler::compile(const Value& schema) {
  if (!is_schema(schema))
    return wrong_schema("", fmt::format("a schema is an object, true or false, found {}", with_article(schema)));
  storage_.documents.push_back(schema);
  SchemaResource* root = TRY(load(storage_.documents.back(), "", ""));
  const SchemaNode* node = node_of(*root->root, *root, "");
  do TRY(compile_pending());
  while (compile_dynamic_anchors());
  return node;
}

// `document` is kept alive by the caller.
Result<SchemaResource*> SchemaCompiler::load(const Value& document, const std::string& uri,
                                             const std::string& pointer) {
  SchemaResource& resource = storage_.resources.emplace_back();
  resource.base = uri;
  resource.root = &document;
  resource.vocabularies = vocabulary_standard;
  resources_by_uri_.emplace(uri, &resource);
  resources_by_root_.emplace(&document, &resource);
  if (document.is_object()) TRY(scan(document, &resource, pointer));
  return &resource;
}

// Finds all resources and anchors of a document, with a stack of its own.
Status SchemaCompiler::scan(const Value& document, SchemaResource* root, const std::string& document_pointer) {
  struct Entry {
    const Value* schema;
    SchemaResource* resource;
    std::string pointer;
  };
  std::vector<Entry> entries{{&document, root, document_pointer}};
  while (!entries.empty()) {
    Entry entry = std::move(entries.back());
    entries.pop_back();
    if (!entry.schema->is_object()) continue;
    if (entry.schema->find("$id")) entry.resource = TRY(open_resource(*entry.schema, entry.resource, entry.pointer));
    if (entry.resource->root == entry.schema) TRY(choose_dialect(*entry.resource, entry.pointer));
    TRY(add_anchors(*entry.schema, *entry.resource, entry.pointer));
    for_each_subschema(*entry.schema, [&](const Value& child, std::string token) {
      entries.push_back({&child, entry.resource, entry.pointer + token});
    });
  }
  return done();
}

Result<SchemaResource*> SchemaCompiler::open_resource(const Value& schema, SchemaResource* parent,
                                                      const std::string& pointer) {
  const Value& id = *schema.find("$id");
  if (!id.is_string()) return wrong_schema(pointer + "/$id", fmt::format("expected a URI, found {}", with_article(id)));
  std::string uri = resolve_uri(parent->base, id.as_string());
  if (uri.ends_with('#')) uri.pop_back();
  if (uri.find('#') != std::string::npos)
    return wrong_schema(pointer + "/$id", "the URI of a schema has no fragment; use $anchor");
  SchemaResource* resource = parent;
  if (parent->root == &schema) {
    parent->base = uri;
  } else {
    resource = &storage_.resources.emplace_back();
    resource->base = uri;
    resource->root = &schema;
    resource->vocabularies = parent->vocabularies;
    resource->older_draft = parent->older_draft;
    resources_by_root_.emplace(&schema, resource);
  }
  auto [position, is_new] = resources_by_uri_.emplace(uri, resource);
  if (!is_new && position->second != resource && !(*position->second->root == schema))
    return wrong_schema(pointer + "/$id", fmt::format("the URI '{}' is already that of another schema", uri));
  return resource;
}

Status SchemaCompiler::add_anchors(const Value& schema, SchemaResource& resource, const std::string& pointer) {
  for (std::string_view keyword : {"$anchor", "$dynamicAnchor"}) {
    const Value* name = schema.find(keyword);
    if (!name) continue;
    if (!name->is_string() || !is_anchor_name(name->as_string()))
      return wrong_schema(fmt::format("{}/{}", pointer, keyword),
                          "expected a name of letters, digits, '-', '_' and '.'");
    auto& anchor = resource.anchors[std::string(name->as_string())];
    if (anchor.schema && anchor.schema != &schema)
      return wrong_schema(fmt::format("{}/{}", pointer, keyword),
                          fmt::format("the anchor '{}' is given twice", name->as_string()));
    anchor.schema = &schema;
    anchor.dynamic = anchor.dynamic || keyword == "$dynamicAnchor";
  }
  return done();
}

Status SchemaCompiler::choose_dialect(SchemaResource& resource, const std::string& pointer) {
  const Value* dialect = resource.root->find("$schema");
  if (!dialect) return done();
  std::string where = pointer + "/$schema";
  if (!dialect->is_string())
    return wrong_schema(where, fmt::format("expected a URI, found {}", with_article(*dialect)));
  std::string uri(dialect->as_string());
  if (uri.ends_with('#')) uri.pop_back();
  resource.older_draft = false;
  resource.vocabularies = vocabulary_standard;
  if (uri == dialect_2020_12) return done();
  if (uri.starts_with("http://json-schema.org/draft-0") || uri == "http://json-schema.org/schema" ||
      uri == "https://json-schema.org/draft/2019-09/schema") {
    resource.older_draft = true;
    return done();
  }
  const Value* metaschema = find_document(uri);
  if (!metaschema)
    return wrong_schema(where,
                        fmt::format("the dialect '{}' is not known; use '{}'", uri.substr(0, 200), dialect_2020_12));
  return read_vocabularies(*metaschema, resource, where);
}

Status SchemaCompiler::read_vocabularies(const Value& metaschema, SchemaResource& resource,
                                         const std::string& pointer) {
  const Value* vocabularies = metaschema.find("$vocabulary");
  if (!vocabularies || !vocabularies->is_object()) return done();
  resource.vocabularies = 0;
  for (const Member& member : vocabularies->members()) {
    std::string_view uri = member.key;
    unsigned known = 0;
    if (uri.starts_with(vocabulary_prefix))
      for (const auto& [name, flag] : vocabulary_names)
        if (uri.substr(vocabulary_prefix.size()) == name) known = flag;
    resource.vocabularies |= known;
    if (!known && member.value.is_true())
      return wrong_schema(
          pointer, fmt::format("its metaschema requires the vocabulary '{}', which is not known", uri.substr(0, 200)));
  }
  return done();
}

const Value* SchemaCompiler::find_document(const std::string& uri) const {
  if (options_.registry)
    if (auto found = options_.registry->find(uri); found != options_.registry->end()) return &found->second;
  const SchemaRegistry& metaschemas = standard_metaschemas();
  auto found = metaschemas.find(uri);
  return found == metaschemas.end() ? nullptr : &found->second;
}

// Null where nothing has that URI.
Result<SchemaResource*> SchemaCompiler::find_resource(const std::string& uri) {
  if (auto found = resources_by_uri_.find(uri); found != resources_by_uri_.end()) return found->second;
  const Value* document = find_document(uri);
  if (!document || !is_schema(*document)) return static_cast<SchemaResource*>(nullptr);
  storage_.documents.push_back(*document);
  return load(storage_.documents.back(), uri, uri + "#");
}

Result<SchemaCompiler::Target> SchemaCompiler::resolve(const SchemaSource& source, std::string_view keyword,
                                                       std::string_view reference) {
  std::string uri = resolve_uri(source.resource.base, reference);
  std::string fragment;
  if (std::size_t at = uri.find('#'); at != std::string::npos) {
    fragment = percent_decoded(std::string_view(uri).substr(at + 1));
    uri.erase(at);
  }
  std::string token = fmt::format("/{}", keyword);
  SchemaResource* resource = TRY(find_resource(uri));
  if (!resource)
    return error(source, token,
                 fmt::format("'{}' is not one of the schemas given to the program; references are never fetched",
                             uri.substr(0, 300)));
  Error missing = error(source, token, fmt::format("'{}' points to nothing in its schema", reference.substr(0, 300)));
  if (fragment.empty()) return Target{resource->root, resource, resource->base + "#"};
  if (fragment[0] == '/') return follow_pointer(*resource, fragment, std::move(missing));
  auto anchor = resource->anchors.find(fragment);
  if (anchor == resource->anchors.end()) return missing;
  return Target{anchor->second.schema, resource, fmt::format("{}#{}", resource->base, fragment)};
}

Result<SchemaCompiler::Target> SchemaCompiler::follow_pointer(SchemaResource& resource, std::string_view fragment,
                                                              Error missing) {
  auto tokens = parse_pointer(fragment);
  if (!tokens) return missing;
  Target target{resource.root, &resource, fmt::format("{}#{}", resource.base, fragment)};
  for (const std::string& token : *tokens) {
    const Value* next = target.schema->find(std::string_view(token));
    if (target.schema->is_array() && token.size() < 10 && !token.empty() &&
        token.find_first_not_of("0123456789") == std::string::npos)
      next = target.schema->find(static_cast<std::size_t>(std::stoul(token)));
    if (!next) return missing;
    target.schema = next;
    if (auto nested = resources_by_root_.find(next); nested != resources_by_root_.end())
      target.resource = nested->second;
  }
  if (!is_schema(*target.schema)) return missing;
  return target;
}

Result<const SchemaNode*> SchemaCompiler::reference(const SchemaSource& source, std::string_view keyword,
                                                    std::string_view reference) {
  Target target = TRY(resolve(source, keyword, reference));
  return static_cast<const SchemaNode*>(node_of(*target.schema, *target.resource, std::move(target.pointer)));
}

Result<std::string> SchemaCompiler::dynamic_anchor(const SchemaSource& source, std::string_view reference) {
  Target target = TRY(resolve(source, "$dynamicRef", reference));
  std::size_t at = reference.find('#');
  if (at == std::string_view::npos) return std::string();
  std::string name = percent_decoded(reference.substr(at + 1));
  auto anchor = target.resource->anchors.find(name);
  return anchor != target.resource->anchors.end() && anchor->second.dynamic ? name : std::string();
}

Result<ChildSchema> SchemaCompiler::child(const SchemaSource& source, const Value& schema, std::string token) {
  if (!is_schema(schema))
    return error(source, token,
                 fmt::format("expected a schema (an object, true or false), found {}", with_article(schema)));
  SchemaResource* resource = &source.resource;
  if (auto nested = resources_by_root_.find(&schema); nested != resources_by_root_.end()) resource = nested->second;
  SchemaNode* node = node_of(schema, *resource, source.pointer + token);
  return ChildSchema{node, std::move(token)};
}

Error SchemaCompiler::error(const SchemaSource& source, std::string_view token, std::string_view message) {
  return wrong_schema(fmt::format("{}{}", source.pointer, token), message);
}

SchemaNode* SchemaCompiler::node_of(const Value& schema, SchemaResource& resource, std::string pointer) {
  auto [position, is_new] = nodes_.emplace(std::pair<const Value*, const SchemaResource*>(&schema, &resource), nullptr);
  if (is_new) {
    position->second = &storage_.nodes.emplace_back();
    position->second->resource = &resource;
    pending_.push_back({position->second, &schema, &resource, std::move(pointer)});
  }
  return position->second;
}

Status SchemaCompiler::compile_pending() {
  while (!pending_.empty()) {
    Pending next = std::move(pending_.back());
    pending_.pop_back();
    TRY(compile_node(next));
  }
  return done();
}

Status SchemaCompiler::compile_node(const Pending& pending) {
  const Value& schema = *pending.schema;
  if (schema.is_boolean()) {
    pending.node->boolean = schema.as_boolean();
    return done();
  }
  SchemaSource source{schema, *pending.resource, pending.pointer, *pending.node};
  unsigned vocabularies = pending.resource->vocabularies | vocabulary_core;
  for (const KeywordRule& rule : keyword_rules()) {
    if (!(rule.vocabulary & vocabularies)) continue;
    if (rule.name.empty())
      TRY(rule.compile(*this, source, schema));
    else if (const Value* value = schema.find(rule.name))
      TRY(rule.compile(*this, source, *value));
  }
  auto& checks = pending.node->checks;
  std::stable_partition(checks.begin(), checks.end(), [](const auto& check) { return !check->is_last(); });
  pending.node->needs_marks = !checks.empty() && checks.back()->is_last();
  return done();
}

// True while there was something new, whose compilation may load more resources.
bool SchemaCompiler::compile_dynamic_anchors() {
  for (SchemaResource& resource : storage_.resources)
    for (const auto& [name, anchor] : resource.anchors)
      if (anchor.dynamic && !resource.dynamic_nodes.contains(name))
        resource.dynamic_nodes.emplace(name,
                                       node_of(*anchor.schema, resource, fmt::format("{}#{}", resource.base, name)));
  return !pending_.empty();
}

}  // namespace gantry::json_schema
