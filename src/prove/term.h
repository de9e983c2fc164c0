// Terms: JSON values of which only a part is known. A term is a literal, a symbol (an unknown value), or built from
// terms in a way that is understood exactly. What is not understood is a new symbol.
//
// Terms are interned: two terms of one table are the same value for certain if they are the same pointer. Their labels
// are upper bounds of the deep labels that the values have.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "value/value.h"

namespace gantry::prove {

// Sets of JSON types, in jq's order; true and false are types of their own.
using TypeMask = std::uint8_t;
inline constexpr TypeMask type_null = 1, type_false = 2, type_true = 4, type_number = 8, type_string = 16,
                          type_array = 32, type_object = 64, type_any = 127;
inline constexpr TypeMask type_falsy = type_null | type_false;

struct Term;
using TermPointer = const Term*;  // owned by its Terms

struct Term {
  enum class Kind : std::uint8_t {
    literal,
    symbol,  // any value of `types`
    field,   // [base].key: null when base has no such member or is null; base is null or an object
    item,    // [base][index]: the same for null and arrays
    object,  // exactly these members
    array,   // exactly these items
    merge,   // [base, object]: base (null or an object) with the object's members added; an object
    length,  // of [value], which is no boolean
    sum,     // [a, b] of whole numbers that doubles hold exactly
    difference,
    product,
  };
  Kind kind = Kind::literal;
  TypeMask types = type_any;  // which it can have, as far as its form says
  bool has_symbols = false;
  bool may_be_nan = false;  // of a symbol: a number that JSON can't hold; only within an expression
  std::uint32_t id = 0;     // unique in its table
  std::uint32_t depth = 1;  // of the tree
  Value literal;
  std::string name;  // of a symbol: where it comes from, in words; of a field: the key
  std::size_t index = 0;
  std::vector<std::string> keys;   // of an object, sorted
  std::vector<TermPointer> parts;  // children
  Label label;
  std::vector<std::string> items_at_most;  // of a symbol that is a list of texts: which can be in it
  bool has_bounded_items = false;
};

// Makes terms and owns them. One thread.
class Terms {
 public:
  TermPointer literal(const Value& value);
  TermPointer null() { return literal(Value()); }
  TermPointer boolean(bool value) { return literal(Value(value)); }
  // A new unknown value. `origin` says in a few words what it is: "the input", "the result of tos.status".
  TermPointer symbol(std::string origin, Label label, TypeMask types = type_any);
  // A list of which the items are some of these texts.
  TermPointer some_of(std::string origin, std::vector<std::string> texts);
  // The same for what an expression computed on the way, which may be NaN.
  TermPointer computed_symbol(std::string origin, Label label, TypeMask types);
  // The value as the engine keeps it, where NaN has become null: such symbols are replaced by new ones.
  TermPointer kept(TermPointer term);
  TermPointer object(std::vector<std::pair<std::string, TermPointer>> members);  // later ones win
  TermPointer array(std::vector<TermPointer> items);
  // The base is known to be null or an object (array); others give null.
  TermPointer field(TermPointer base, std::string_view key);
  TermPointer item(TermPointer base, std::size_t index);
  TermPointer merge(TermPointer base, TermPointer object);
  TermPointer length(TermPointer value);
  TermPointer arithmetic(Term::Kind kind, TermPointer left, TermPointer right);

  std::size_t count() const { return terms_.size(); }

 private:
  TermPointer intern(Term term);
  std::vector<std::unique_ptr<Term>> terms_;
  std::unordered_map<std::string, TermPointer> known_;
};

TypeMask types_of(const Value& value);
// The literal that the term is, if its parts are all known; else nothing.
bool is_literal(TermPointer term);

// Adds the symbols in the term, which may be null.
void add_symbols(TermPointer term, std::set<TermPointer>& symbols);

// In words, for people: "input.amount", "{a: 1, b: result of tos.status}". Cut at about 200 bytes.
std::string describe(TermPointer term);

}  // namespace gantry::prove
