#include "gate/lookups.h"

#include <optional>

namespace gantry::gate {
namespace {

constexpr std::size_t key_bytes_min = 2;

class RecordSearch {
 public:
  RecordSearch(const definition::PolicyBind& bind, const KnownIndex& index) : bind_(bind), index_(index) {}

  std::optional<Value> found;
  bool ambiguous = false;

  void search(const Value& value) {
    if (ambiguous) return;
    if (value.is_array())
      for (const Value& item : value.items()) search(item);
    if (!value.is_object()) return;
    if (const Value* key = value.find(std::string_view(bind_.key)); key != nullptr && is_named(*key)) {
      ambiguous = found && !(*found == value);
      if (!found) found = value;
    }
    for (const Member& member : value.members()) search(member.value);
  }

 private:
  bool is_named(const Value& key) const {
    if (!key.is_string() && !key.is_number()) return false;
    const std::string normal = key.is_string() ? normal_text(key.as_string()) : std::string();
    return (key.is_number() || normal.size() >= key_bytes_min) && index_.requested(reading_of(key), normal);
  }

  const definition::PolicyBind& bind_;
  const KnownIndex& index_;
};

void add_leaves(const Value& value, const std::string& name, Lookups& lookups) {
  if (value.is_array())
    for (const Value& item : value.items()) add_leaves(item, name, lookups);
  else if (value.is_object())
    for (const Member& member : value.members()) add_leaves(member.value, name, lookups);
  else if (value.is_string() || value.is_number())
    for (std::string& key : known_keys_of(value)) lookups.emplace(std::move(key), name);
}

void add_bind(const definition::PolicyBind& bind, const KnownValues& known, const KnownIndex& index, Lookups& lookups) {
  if (known.forgot(bind.tool)) return;
  RecordSearch search(bind, index);
  for (const KnownValues::Entry& entry : known.entries())
    if (entry.kind == KnownValues::Kind::result && entry.name == bind.tool) search.search(entry.value);
  if (!search.found || search.ambiguous) return;
  for (const std::string& field : bind.fields)
    if (const Value* value = search.found->find(std::string_view(field)))
      add_leaves(*value, "record:" + bind.tool + "/" + path_name_of(field), lookups);
}

}  // namespace

Lookups find_lookups(const definition::Project& policies, const KnownValues& known, const KnownIndex& index) {
  Lookups lookups;
  for (const auto& [name, policy] : policies.policies)
    for (const definition::PolicyBind& bind : policy->labels.binds) add_bind(bind, known, index, lookups);
  return lookups;
}

}  // namespace gantry::gate
