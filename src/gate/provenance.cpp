#include "gate/provenance.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "gate/known_index.h"
#include "gate/lookups.h"
#include "gate/reading.h"
#include "gate/shown_values.h"
#include "value/json.h"
#include "value/pointer.h"

namespace gantry::gate {
namespace {

constexpr std::size_t leaves_max = 5'000, argument_text_bytes_max = 1u << 20, member_facts_max = 500, depth_max = 8;
constexpr std::size_t references_max = 8;
constexpr std::size_t names_shown_max = 50;
constexpr const char* too_much = "(there is more than is looked at)";

// The best of them is what `origin` says.
int rank_of(std::string_view origin) {
  if (origin == "request") return 0;
  if (origin == "workflow") return 1;
  if (origin.starts_with("list:")) return 2;
  if (origin == "derived") return 4;
  return 3;
}

// What the schema says about a member, where it names it itself; a null of one that it names and says nothing about.
// Whatever else could name it (patterns, alternatives, other documents) is not looked at: then its name is free.
std::optional<Value> declared_member(const Value& root, const Value& schema, std::string_view key) {
  Value at = schema;
  for (std::size_t i = 0; i < references_max && at.is_object(); ++i) {
    if (const Value* properties = at.find("properties"); properties != nullptr && properties->is_object())
      if (const Value* found = properties->find(key)) return *found;
    const Value* reference = at.find("$ref");
    const bool local = reference != nullptr && reference->is_string() && reference->as_string().starts_with('#');
    if (!local) return std::nullopt;
    auto next = at_pointer(root, reference->as_string().substr(1));
    if (!next) return std::nullopt;
    at = *std::move(next);
  }
  return std::nullopt;
}

Value declared_items(const Value& schema) {
  const Value* items = schema.is_object() ? schema.find("items") : nullptr;
  return items == nullptr ? Value() : *items;
}

struct ArgumentFacts {
  std::set<std::vector<std::string>> origins;  // of each kind of leaf that has some
  bool derived = false;                        // of another one nothing is known
  std::set<std::string> best_origins, bad_links, hidden, look_alikes;
  std::set<Shape> shapes;
  bool cut = false;  // there is more than was looked at
  Integrity integrity = Integrity::trusted;
  Label label;
};

class ProvenanceFinder {
 public:
  ProvenanceFinder(const Value& schema, const definition::Project& policies, const RunFacts& run)
      : root_(schema), policies_(policies), index_(run.known == nullptr ? nullptr : &run.known->index(run.workflow)) {
    if (run.known != nullptr) lookups_ = find_lookups(policies, *run.known, *index_);
  }

  std::vector<Member> facts;

  // Every argument has its own fact, however large another one is; only facts of members are bounded.
  void add_all(const Value& arguments) {
    const Label label = arguments.label();
    for (const Member& argument : arguments.members()) {
      const Value schema = declared_member(root_, root_, argument.key.view()).value_or(Value());
      add(path_name_of(argument.key.view()), argument.value, schema, label);
    }
    for (const Member& argument : arguments.members()) {
      const Value schema = declared_member(root_, root_, argument.key.view()).value_or(Value());
      add_members(path_name_of(argument.key.view()), argument.value, schema, label, 0);
    }
  }

 private:
  void add(const std::string& name, const Value& value, const Value& schema, Label outer) {
    ArgumentFacts found;
    look(value, schema, outer, found);
    facts.push_back({Text(name), describe(found)});
  }

  void add_members(const std::string& name, const Value& value, const Value& schema, Label outer, std::size_t depth) {
    if (!value.is_object() || depth >= depth_max) return;
    const Label label = join(outer, value.label());
    for (const Member& member : value.members()) {
      if (member_facts_ >= member_facts_max) return;
      ++member_facts_;
      const std::string path = name + "/" + path_name_of(member.key.view());
      const Value declared = declared_member(root_, schema, member.key.view()).value_or(Value());
      add(path, member.value, declared, label);
      add_members(path, member.value, declared, label, depth + 1);
    }
  }

  void look(const Value& value, const Value& schema, Label outer, ArgumentFacts& found) {
    const Label label = join(outer, value.label());
    found.label = join(found.label, label);
    if (value.is_array() || value.is_object()) {
      // A list is its worst item, whoever put it together; an empty one is as good as that.
      if (value.size() == 0) found.integrity = std::max(found.integrity, label.content().integrity);
      if (value.is_array()) {
        const Value items = declared_items(schema);
        for (const Value& item : value.items()) look(item, items, label, found);
      }
      if (value.is_object())
        for (const Member& member : value.members()) look_at_member(member, schema, label, found);
      return;
    }
    look_at_single(value, label, found);
  }

  // A name that the schema leaves free was chosen by whoever made the value, as much as the value was.
  void look_at_member(const Member& member, const Value& schema, Label label, ArgumentFacts& found) {
    const auto declared = declared_member(root_, schema, member.key.view());
    if (!declared) look_at_single(Value(std::string(member.key.view())), label, found);
    look(member.value, declared.value_or(Value()), label, found);
  }

  void look_at_single(const Value& value, Label label, ArgumentFacts& found) {
    if (++leaves_ <= leaves_max && text_bytes_ <= argument_text_bytes_max) return look_at_leaf(value, label, found);
    found.integrity = Integrity::untrusted;
    found.derived = found.cut = true;
    for (auto* cut : {&found.bad_links, &found.hidden}) cut->insert(too_much);
  }

  void look_at_leaf(const Value& leaf, Label label, ArgumentFacts& found) {
    const Reading reading = reading_of(leaf);
    found.shapes.insert(reading.shape);
    Integrity best = label.content().integrity;
    std::set<std::string> origins;
    if (index_ != nullptr) find_places(leaf, reading, label, best, origins);
    find_lists(leaf, origins);
    if (origins.empty()) {
      found.derived = true;
    } else {
      found.best_origins.insert(*std::min_element(origins.begin(), origins.end(), [](const auto& a, const auto& b) {
        return std::pair(rank_of(a), std::string_view(a)) < std::pair(rank_of(b), std::string_view(b));
      }));
      found.origins.insert(std::vector<std::string>(origins.begin(), origins.end()));
    }
    found.integrity = std::max(found.integrity, best);
    if (leaf.is_string()) look_at_text(leaf.as_string(), label, found);
  }

  void find_places(const Value& leaf, const Reading& reading, Label label, Integrity& best,
                   std::set<std::string>& origins) const {
    auto take = [&](const std::string& name, Integrity integrity) {
      origins.insert(name);
      best = std::min(best, integrity);
    };
    const std::string normal = leaf.is_string() ? normal_text(leaf.as_string()) : std::string();
    if (index_->requested(reading, normal)) take("request", Integrity::trusted);
    const bool open = reading.shape == Shape::boolean || reading.shape == Shape::null;
    for (const Place* place : index_->places_of(reading.keys)) {
      // Yes and no are everywhere, and small numbers nearly so: that a workflow holds them says nothing.
      if (open && !label.is_default()) continue;
      if (place->name == "workflow" && reading.shape == Shape::number && !label.is_default()) continue;
      take(place->name, place->integrity);
    }
    for (const std::string& key : reading.keys) {
      const auto found = lookups_.find(key);
      if (found != lookups_.end()) take(found->second, Integrity::internal);
    }
    if (label.is_default() && origins.empty() && index_->is_literal_in_expression(normal))
      take("workflow", Integrity::trusted);
  }

  // That a list holds it makes nothing better: lists are of what to block as well, and of other things than this
  // argument names. Who means a list says in_list.
  void find_lists(const Value& leaf, std::set<std::string>& origins) const {
    if (!leaf.is_string() && !leaf.is_number()) return;
    const std::string text = leaf.is_string() ? std::string(leaf.as_string()) : print_number(leaf);
    for (const auto& [name, policy] : policies_.policies) {
      for (const definition::PolicyList& list : policy->lists) {
        if (!list.records.is_object() || list.records.find(std::string_view(text)) == nullptr) continue;
        origins.insert("list:" + list.name);
      }
    }
  }

  void look_at_text(std::string_view text, Label label, ArgumentFacts& found) {
    text_bytes_ += text.size();
    for (std::string& name : hidden_characters(text)) found.hidden.insert(std::move(name));
    if (label.content().integrity <= Integrity::internal) return;
    if (text_bytes_ > argument_text_bytes_max) {
      found.bad_links.insert(too_much);
      return;
    }
    bool complete = true;
    for (const Token& token : tokens_of(normal_text(text), KnownIndex::tokens_max, complete)) {
      if (!is_link(token) || (index_ != nullptr && index_->knows_link(token))) continue;
      if (found.bad_links.size() < names_shown_max) found.bad_links.insert(token.text);
      const std::string imitated = index_ == nullptr ? std::string() : index_->imitated_by(token.host);
      if (!imitated.empty() && found.look_alikes.size() < names_shown_max)
        found.look_alikes.insert(token.host + " (looks like " + imitated + ")");
    }
    if (!complete) found.bad_links.insert(too_much);
  }

  static Value texts_of(const std::set<std::string>& names) {
    if (names.empty()) return texts_value({});
    return texts_value(std::vector<std::string>(names.begin(), names.end()));
  }

  // "derived" is how an origin that is not known is called; it may also be known by that name.
  static Value origin_of(const ArgumentFacts& found) {
    static const Value derived = "derived", mixed = "mixed";
    if (found.best_origins.empty()) return derived;
    const bool only_one = found.best_origins.size() == 1 && (!found.derived || *found.best_origins.begin() == "derived");
    return only_one ? Value(*found.best_origins.begin()) : mixed;
  }

  static Value origins_of(const ArgumentFacts& found) {
    static const Value derived = Value::array({Value::array({"derived"})});
    if (found.origins.empty()) return found.derived ? derived : shown_list();
    std::set<std::vector<std::string>> all = found.origins;
    if (found.derived) all.insert({"derived"});
    std::vector<Value> origins;
    for (const auto& kind : all) origins.push_back(texts_value(kind));
    return Value::array(std::move(origins));
  }

  static Value shapes_of(const ArgumentFacts& found) {
    if (found.shapes.size() == 1 && !found.cut) return shown_list(*found.shapes.begin());
    std::set<std::string> names;
    for (const Shape shape : found.shapes) names.insert(name_of(shape));
    if (found.cut) names.insert(too_much);
    return texts_of(names);
  }

  static Value describe(const ArgumentFacts& found) {
    const LabelContent& label = found.label.content();
    // These quote it, and are shown to people.
    auto quotes_of = [&](const std::set<std::string>& quotes) {
      return label.secrecy == Secrecy::secret && !quotes.empty() ? texts_of({"[secret]"}) : texts_of(quotes);
    };
    return Value::object({{"origin", origin_of(found)},
                          {"origins", origins_of(found)},
                          {"integrity", shown(found.integrity)},
                          {"secrecy", shown(label.secrecy)},
                          {"sources", texts_value(label.sources)},
                          {"compartments", texts_value(label.compartments)},
                          {"badLinks", quotes_of(found.bad_links)},
                          {"hiddenText", texts_of(found.hidden)},
                          {"lookAlikes", quotes_of(found.look_alikes)},
                          {"shapes", shapes_of(found)}});
  }

  const Value& root_;  // the schema of all arguments
  const definition::Project& policies_;
  const KnownIndex* index_;
  Lookups lookups_;
  std::size_t leaves_ = 0, text_bytes_ = 0, member_facts_ = 0;
};

}  // namespace

Value provenance_of(const Value& arguments, const Value& schema, const definition::Project& policies,
                    const RunFacts& run) {
  ProvenanceFinder finder(schema, policies, run);
  if (arguments.is_object()) finder.add_all(arguments);
  return Value::object(std::move(finder.facts));
}

}  // namespace gantry::gate
