// Turns schema documents into nodes. Documents are scanned for "$id" and anchors first; nodes are compiled from a work
// list, so neither nesting nor chains of references use the stack.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "value/schema_node.h"

namespace gantry::json_schema {

enum Vocabulary : unsigned {
  vocabulary_core = 1,
  vocabulary_applicator = 2,
  vocabulary_unevaluated = 4,
  vocabulary_validation = 8,
  vocabulary_format_annotation = 16,
  vocabulary_format_assertion = 32,
  vocabulary_other = 64,  // meta-data, content: nothing to check
  vocabulary_standard = 1 + 2 + 4 + 8 + 16 + 64,
};

// The object that is being compiled.
struct SchemaSource {
  const Value& schema;
  SchemaResource& resource;
  const std::string& pointer;  // for messages; starts with the URI of the document where that is not the root's
  SchemaNode& node;
};

class SchemaCompiler {
 public:
  explicit SchemaCompiler(const SchemaOptions& options) : options_(options) {}
  Result<const SchemaNode*> compile(const Value& schema);

  // The following are for the keywords.
  Result<ChildSchema> child(const SchemaSource& source, const Value& schema, std::string token);
  Result<const SchemaNode*> reference(const SchemaSource& source, std::string_view keyword, std::string_view reference);
  // The name, where the reference names a dynamic anchor.
  Result<std::string> dynamic_anchor(const SchemaSource& source, std::string_view reference);
  static Error error(const SchemaSource& source, std::string_view token, std::string_view message);
  const SchemaOptions& options() const { return options_; }

 private:
  struct Pending {
    SchemaNode* node;
    const Value* schema;
    SchemaResource* resource;
    std::string pointer;
  };
  struct Target {
    const Value* schema = nullptr;
    SchemaResource* resource = nullptr;
    std::string pointer;
  };

  Result<SchemaResource*> load(const Value& document, const std::string& uri, const std::string& pointer);
  Status scan(const Value& schema, SchemaResource* resource, const std::string& pointer);
  Result<SchemaResource*> open_resource(const Value& schema, SchemaResource* parent, const std::string& pointer);
  Status add_anchors(const Value& schema, SchemaResource& resource, const std::string& pointer);
  Status choose_dialect(SchemaResource& resource, const std::string& pointer);
  Status read_vocabularies(const Value& metaschema, SchemaResource& resource, const std::string& pointer);
  const Value* find_document(const std::string& uri) const;
  Result<SchemaResource*> find_resource(const std::string& uri);
  Result<Target> resolve(const SchemaSource& source, std::string_view keyword, std::string_view reference);
  Result<Target> follow_pointer(SchemaResource& resource, std::string_view fragment, Error missing);
  SchemaNode* node_of(const Value& schema, SchemaResource& resource, std::string pointer);
  Status compile_pending();
  Status compile_node(const Pending& pending);
  bool compile_dynamic_anchors();

  const SchemaOptions& options_;

 public:
  // What the nodes refer to; moved into the Schema when the compilation is done. Deques: addresses stay.
  struct Storage {
    std::deque<Value> documents;
    std::deque<SchemaResource> resources;
    std::deque<SchemaNode> nodes;
  };
  Storage take_storage() { return std::move(storage_); }

 private:
  Storage storage_;
  std::map<std::string, SchemaResource*, std::less<>> resources_by_uri_;
  std::map<const Value*, SchemaResource*> resources_by_root_;
  std::map<std::pair<const Value*, const SchemaResource*>, SchemaNode*> nodes_;
  std::vector<Pending> pending_;
};

// One row per keyword, or per group of keywords that are checked together (empty name: called for each object).
struct KeywordRule {
  std::string_view name;
  unsigned vocabulary;
  Status (*compile)(SchemaCompiler& compiler, const SchemaSource& source, const Value& value);
};
void add_reference_rules(std::vector<KeywordRule>& rules);
void add_assertion_rules(std::vector<KeywordRule>& rules);
void add_applicator_rules(std::vector<KeywordRule>& rules);
void add_object_rules(std::vector<KeywordRule>& rules);
void add_array_rules(std::vector<KeywordRule>& rules);

// The documents of the standard's own metaschema.
const SchemaRegistry& standard_metaschemas();

}  // namespace gantry::json_schema
