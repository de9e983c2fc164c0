#include "prove/term.h"

#include <fmt/format.h>

#include <algorithm>

#include "value/json.h"

namespace gantry::prove {
namespace {

constexpr std::size_t described_bytes_max = 200;
constexpr std::uint32_t term_depth_max = 60;  // deeper ones become symbols

}  // namespace

TypeMask types_of(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::null:
      return type_null;
    case Value::Kind::boolean:
      return value.is_true() ? type_true : type_false;
    case Value::Kind::integer:
    case Value::Kind::number:
      return type_number;
    case Value::Kind::string:
      return type_string;
    case Value::Kind::array:
      return type_array;
    case Value::Kind::object:
      return type_object;
  }
  return type_any;
}

bool is_literal(TermPointer term) {
  return term->kind == Term::Kind::literal;
}

TermPointer Terms::intern(Term term) {
  std::string key(1, static_cast<char>('A' + static_cast<int>(term.kind)));
  for (TermPointer part : term.parts) {
    key += fmt::format("{},", part->id);
    term.has_symbols = term.has_symbols || part->has_symbols;
    term.may_be_nan = term.may_be_nan || part->may_be_nan;
    term.depth = std::max(term.depth, part->depth + 1);
    term.label = join(term.label, part->label);
  }
  for (const std::string& name : term.keys) key += fmt::format("{}:{}", name.size(), name);
  key += fmt::format("|{}:{}|{}|", term.name.size(), term.name, term.index);
  if (term.kind == Term::Kind::literal) key += print_json(term.literal);
  if (term.kind == Term::Kind::symbol) {
    term.has_symbols = true;
    term.id = static_cast<std::uint32_t>(terms_.size());
    terms_.push_back(std::make_unique<Term>(std::move(term)));
    return terms_.back().get();
  }
  if (term.depth > term_depth_max) return symbol("a value that is nested too deeply to follow", term.label, term.types);
  const auto found = known_.find(key);
  // A literal's label is not part of what it is; keep the worse of the two.
  if (found != known_.end() && join(found->second->label, term.label) == found->second->label) return found->second;
  term.id = static_cast<std::uint32_t>(terms_.size());
  terms_.push_back(std::make_unique<Term>(std::move(term)));
  known_[std::move(key)] = terms_.back().get();
  return terms_.back().get();
}

TermPointer Terms::literal(const Value& value) {
  Term term;
  term.kind = Term::Kind::literal;
  term.literal = value;
  term.types = types_of(value);
  term.label = value.deep_label();
  return intern(std::move(term));
}

TermPointer Terms::symbol(std::string origin, Label label, TypeMask types) {
  Term term;
  term.kind = Term::Kind::symbol;
  term.name = std::move(origin);
  term.types = types;
  term.label = label;
  return intern(std::move(term));
}

TermPointer Terms::some_of(std::string origin, std::vector<std::string> texts) {
  Term term;
  term.kind = Term::Kind::symbol;
  term.name = std::move(origin);
  term.types = type_array;
  term.items_at_most = std::move(texts);
  term.has_bounded_items = true;
  return intern(std::move(term));
}

TermPointer Terms::computed_symbol(std::string origin, Label label, TypeMask types) {
  Term term;
  term.kind = Term::Kind::symbol;
  term.name = std::move(origin);
  term.types = types;
  term.label = label;
  term.may_be_nan = (types & type_number) != 0;
  return intern(std::move(term));
}

TermPointer Terms::kept(TermPointer term) {
  if (!term->may_be_nan) return term;
  if (term->kind == Term::Kind::symbol)
    return symbol(term->name, term->label, static_cast<TypeMask>(term->types | type_null));
  std::vector<TermPointer> parts;
  for (TermPointer part : term->parts) parts.push_back(kept(part));
  switch (term->kind) {
    case Term::Kind::object: {
      std::vector<std::pair<std::string, TermPointer>> members;
      for (std::size_t i = 0; i < parts.size(); ++i) members.emplace_back(term->keys[i], parts[i]);
      return object(std::move(members));
    }
    case Term::Kind::array:
      return array(std::move(parts));
    case Term::Kind::merge:
      if (parts[1]->kind == Term::Kind::object || is_literal(parts[1])) return merge(parts[0], parts[1]);
      break;
    default:
      break;
  }
  return symbol("a computed value", term->label, static_cast<TypeMask>(term->types | type_null));
}

TermPointer Terms::object(std::vector<std::pair<std::string, TermPointer>> members) {
  std::stable_sort(members.begin(), members.end(),
                   [](const auto& left, const auto& right) { return left.first < right.first; });
  Term term;
  term.kind = Term::Kind::object;
  term.types = type_object;
  bool all_known = true;
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (i + 1 < members.size() && members[i + 1].first == members[i].first) continue;
    term.keys.push_back(members[i].first);
    term.parts.push_back(members[i].second);
    all_known = all_known && is_literal(members[i].second);
  }
  if (!all_known) return intern(std::move(term));
  std::vector<Member> known;
  for (std::size_t i = 0; i < term.keys.size(); ++i)
    known.push_back({Text(term.keys[i]), term.parts[i]->literal.labelled(term.parts[i]->label)});
  return literal(Value::object(std::move(known)));
}

TermPointer Terms::array(std::vector<TermPointer> items) {
  if (std::all_of(items.begin(), items.end(), is_literal)) {
    std::vector<Value> known;
    for (TermPointer item : items) known.push_back(item->literal.labelled(item->label));
    return literal(Value::array(std::move(known)));
  }
  Term term;
  term.kind = Term::Kind::array;
  term.types = type_array;
  term.parts = std::move(items);
  return intern(std::move(term));
}

TermPointer Terms::field(TermPointer base, std::string_view key) {
  switch (base->kind) {
    case Term::Kind::literal:
      return literal(base->literal.is_object() ? base->literal.member(key) : Value());
    case Term::Kind::object: {
      const auto found = std::lower_bound(base->keys.begin(), base->keys.end(), key);
      if (found == base->keys.end() || *found != key) return null();
      return base->parts[static_cast<std::size_t>(found - base->keys.begin())];
    }
    case Term::Kind::merge: {
      TermPointer added = base->parts[1];
      if (is_literal(added) ? added->literal.find(key) != nullptr
                            : std::binary_search(added->keys.begin(), added->keys.end(), key)) {
        return field(added, key);
      }
      return field(base->parts[0], key);
    }
    default:
      break;
  }
  Term term;
  term.kind = Term::Kind::field;
  term.name = key;
  term.parts = {base};
  return intern(std::move(term));
}

TermPointer Terms::item(TermPointer base, std::size_t index) {
  if (is_literal(base)) return literal(base->literal.is_array() ? base->literal.item(index) : Value());
  if (base->kind == Term::Kind::array) return index < base->parts.size() ? base->parts[index] : null();
  Term term;
  term.kind = Term::Kind::item;
  term.index = index;
  term.parts = {base};
  return intern(std::move(term));
}

namespace {

// The members of an object whose members are all known by name.
std::vector<std::pair<std::string, TermPointer>> members_of(Terms& terms, TermPointer term) {
  std::vector<std::pair<std::string, TermPointer>> members;
  if (is_literal(term) && term->literal.is_object()) {
    for (const Member& member : term->literal.members())
      members.emplace_back(std::string(member.key.view()), terms.literal(term->literal.member(member.key.view())));
  }
  if (term->kind == Term::Kind::object) {
    for (std::size_t i = 0; i < term->keys.size(); ++i) members.emplace_back(term->keys[i], term->parts[i]);
  }
  return members;
}

}  // namespace

TermPointer Terms::merge(TermPointer base, TermPointer added) {
  if (is_literal(base) || base->kind == Term::Kind::object) {
    auto members = members_of(*this, base);
    for (auto& member : members_of(*this, added)) members.push_back(std::move(member));
    return object(std::move(members));
  }
  if (base->kind == Term::Kind::merge) {
    auto members = members_of(*this, base->parts[1]);
    for (auto& member : members_of(*this, added)) members.push_back(std::move(member));
    added = object(std::move(members));
    base = base->parts[0];
  }
  Term term;
  term.kind = Term::Kind::merge;
  term.types = type_object;
  term.parts = {base, added};
  return intern(std::move(term));
}

TermPointer Terms::length(TermPointer value) {
  if (value->kind == Term::Kind::array || value->kind == Term::Kind::object) return literal(Value(value->parts.size()));
  if (is_literal(value) && (value->literal.is_array() || value->literal.is_object()))
    return literal(Value(value->literal.size()));
  Term term;
  term.kind = Term::Kind::length;
  term.types = type_number;
  term.parts = {value};
  return intern(std::move(term));
}

TermPointer Terms::arithmetic(Term::Kind kind, TermPointer left, TermPointer right) {
  if (is_literal(left) && is_literal(right)) {
    const double a = left->literal.as_number(), b = right->literal.as_number();
    const double result = kind == Term::Kind::sum ? a + b : kind == Term::Kind::difference ? a - b : a * b;
    return literal(Value(result).labelled(join(left->label, right->label)));
  }
  Term term;
  term.kind = kind;
  term.types = type_number;
  term.parts = {left, right};
  return intern(std::move(term));
}

void add_symbols(TermPointer term, std::set<TermPointer>& symbols) {
  if (term == nullptr || !term->has_symbols) return;
  if (term->kind == Term::Kind::symbol) symbols.insert(term);
  for (TermPointer part : term->parts) add_symbols(part, symbols);
}

std::string describe(TermPointer term) {
  std::string text;
  switch (term->kind) {
    case Term::Kind::literal:
      text = print_json(term->literal);
      break;
    case Term::Kind::symbol:
      return term->name;
    case Term::Kind::field:
      return fmt::format("{}.{}", describe(term->parts[0]), term->name);
    case Term::Kind::item:
      return fmt::format("{}[{}]", describe(term->parts[0]), term->index);
    case Term::Kind::object:
      for (std::size_t i = 0; i < term->keys.size() && text.size() < described_bytes_max; ++i)
        text += fmt::format("{}{}: {}", i == 0 ? "{" : ", ", term->keys[i], describe(term->parts[i]));
      text += "}";
      break;
    case Term::Kind::array:
      for (std::size_t i = 0; i < term->parts.size() && text.size() < described_bytes_max; ++i)
        text += fmt::format("{}{}", i == 0 ? "[" : ", ", describe(term->parts[i]));
      text += "]";
      break;
    case Term::Kind::merge:
      text = fmt::format("{} + {}", describe(term->parts[0]), describe(term->parts[1]));
      break;
    case Term::Kind::length:
      text = fmt::format("length of {}", describe(term->parts[0]));
      break;
    case Term::Kind::sum:
    case Term::Kind::difference:
    case Term::Kind::product: {
      const char sign = term->kind == Term::Kind::sum ? '+' : term->kind == Term::Kind::product ? '*' : '-';
      text = fmt::format("{} {} {}", describe(term->parts[0]), sign, describe(term->parts[1]));
      break;
    }
  }
  if (text.size() > described_bytes_max) text = text.substr(0, described_bytes_max) + "...";
  return text;
}

}  // namespace gantry::prove
