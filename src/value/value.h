// The value that flows through workflows, expressions, decisions, the gate and the journal: an immutable JSON tree.
//
// - 16 bytes; copies share. Strings, arrays and objects live in nodes with an atomic reference count, so a Value may
//   be handed between threads freely. One Value object is not itself synchronised.
// - Integers in the range of int64 are kept exact; all other numbers are doubles. NaN and infinity can't be parsed;
//   they can arise in arithmetic and print as null and as the largest double.
// - Objects keep the order in which members were added; equality ignores order.
// - Updates are functions on an rvalue: `std::move(v).with_member(k, x)` changes in place when nobody shares the
//   node, and copies one level otherwise.
// - Each value carries a Label. The label of an array or object covers all below it: reading a child through
//   `member()` or `item()` joins the label of the parent into the child's. `find()` and the ranges give the raw child.
#pragma once

#include <atomic>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "value/label.h"
#include "value/value_node.h"

namespace gantry {

class Value;
struct Member;
struct Field;

namespace detail {
struct ArrayNode;
struct ObjectNode;
}  // namespace detail

// That what stands there is a literal, and no array whose bytes change, is checked by g++. clang 14 destroys objects twice
// that stand in one list with what such a function gives.
#if defined(__clang__) && __clang_major__ < 17
#define GANTRY_ONLY_LITERALS constexpr
#else
#define GANTRY_ONLY_LITERALS consteval
#endif

// The key of a member as code writes it down, where it knows whether that is a literal. The bytes outlive it.
class Key {
 public:
  template <std::size_t size>
  GANTRY_ONLY_LITERALS Key(const char (&literal)[size]) : text_(literal, size - 1), is_literal_(true) {}
  Key(std::string_view text) : text_(text) {}
  Key(const std::string& text) : text_(text) {}
  template <class Pointer>
    requires std::same_as<std::remove_cvref_t<Pointer>, const char*>
  Key(Pointer&& text) : text_(text) {}
  std::string_view view() const { return text_; }
  bool is_literal() const { return is_literal_; }

 private:
  std::string_view text_;
  bool is_literal_ = false;
};

// A shared immutable string, 8 bytes: the key of an object member. UTF-8.
class Text {
 public:
  // The same few literals are the keys of nearly all objects that are made in code: each is made once, and stays.
  explicit Text(const Key& key);
  Text(const Text& other) noexcept : node_(other.node_) {
    if (node_) node_->retain();
  }
  Text(Text&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
  Text& operator=(Text other) noexcept {
    std::swap(node_, other.node_);
    return *this;
  }
  ~Text() {
    if (node_) node_->release();
  }
  std::string_view view() const { return node_ ? node_->view() : std::string_view(); }
  operator std::string_view() const { return view(); }
  bool is_plain() const { return node_ && node_->is_plain; }  // known to need no escapes in JSON
  bool operator==(const Text& other) const { return node_ == other.node_ || view() == other.view(); }

 private:
  friend class Value;
  explicit Text(detail::StringNode* node) : node_(node) {}  // takes over one reference
  detail::StringNode* node_;
};

class Value {
 public:
  enum class Kind : std::uint8_t { null, boolean, integer, number, string, array, object };

  Value() = default;  // null
  Value(bool boolean) : kind_(Kind::boolean) { payload_.integer = boolean ? 1 : 0; }
  Value(int number) : Value(static_cast<std::int64_t>(number)) {}
  Value(std::int64_t number) : kind_(Kind::integer) { payload_.integer = number; }
  Value(std::size_t number);  // exact up to the largest int64, else a double
  // Keeps the double, except that a whole number within +-2^53 becomes an integer, so that 1.0 and 1 are one value.
  Value(double number);
  Value(std::string_view text);
  Value(const char* text) : Value(std::string_view(text)) {}
  Value(const std::string& text) : Value(std::string_view(text)) {}
  Value(const Text& text);
  static Value array(std::vector<Value> items);
  // Later duplicates of a key win and take the place of the first.
  static Value object(std::vector<Member> members);
  static Value object(std::initializer_list<Field> fields);
  static std::vector<Member> members_of(std::initializer_list<Field> fields);  // for those that add more

  Value(const Value& other) noexcept : kind_(other.kind_), label_(other.label_), payload_(other.payload_) { retain(); }
  Value(Value&& other) noexcept
      : kind_(std::exchange(other.kind_, Kind::null)), label_(other.label_), payload_(other.payload_) {}
  Value& operator=(const Value& other) noexcept;
  Value& operator=(Value&& other) noexcept;
  ~Value() { release(); }

  Kind kind() const { return kind_; }
  const char* kind_name() const;  // JSON's words: "null" "boolean" "number" "string" "array" "object"
  bool is_null() const { return kind_ == Kind::null; }
  bool is_boolean() const { return kind_ == Kind::boolean; }
  bool is_integer() const { return kind_ == Kind::integer; }
  bool is_number() const { return kind_ == Kind::integer || kind_ == Kind::number; }
  bool is_string() const { return kind_ == Kind::string; }
  bool is_array() const { return kind_ == Kind::array; }
  bool is_object() const { return kind_ == Kind::object; }
  bool is_true() const { return kind_ == Kind::boolean && payload_.integer != 0; }
  // jq's notion: everything but null and false.
  bool is_truthy() const { return kind_ != Kind::null && (kind_ != Kind::boolean || payload_.integer != 0); }

  // Each asserts its kind.
  bool as_boolean() const;
  std::int64_t as_integer() const;
  double as_number() const;  // integer or number
  std::string_view as_string() const {
    GANTRY_ASSERT(kind_ == Kind::string, "not a string");
    return static_cast<detail::StringNode*>(payload_.node)->view();
  }
  Text as_text() const;
  const std::vector<Value>& items() const;
  const std::vector<Member>& members() const;

  std::size_t size() const;  // of an array or object, bytes of a string; 0 for the rest
  // The raw child (label of the parent not joined), or nullptr when absent or when this is no object / array.
  const Value* find(std::string_view key) const;
  const Value* find(std::size_t index) const;
  // The child with this value's label joined in; null when absent.
  Value member(std::string_view key) const;
  Value item(std::size_t index) const;
  // Conveniences for reading documents: the string / integer / boolean at a key, or the fallback.
  std::string_view string_or(std::string_view key, std::string_view fallback) const;
  std::int64_t integer_or(std::string_view key, std::int64_t fallback) const;
  bool boolean_or(std::string_view key, bool fallback) const;

  Value with_member(const Key& key, Value value) &&;  // this is an object
  Value with_member(const Text& key, Value value) &&;
  Value without_member(std::string_view key) &&;
  Value with_item(std::size_t index, Value value) &&;  // this is an array; pads with null; index < 2^29
  Value appended(Value value) &&;                      // this is an array
  Value without_item(std::size_t index) &&;
  // Takes the elements out, moving them when nobody shares the node: `for (auto& x : std::move(v).take_items())`.
  std::vector<Value> take_items() &&;
  std::vector<Member> take_members() &&;

  Label label() const { return Label(label_); }
  Value labelled(Label label) const&;  // joins the label into this value's own
  Value labelled(Label label) &&;
  // The join of the labels of this value and everything below it.
  Label deep_label() const;
  // This value with every label below it removed and `label` at its root.
  Value relabelled(Label label) const;

  // Same JSON value: 1 == 1.0, objects regardless of order, labels ignored. NaN equals nothing.
  friend bool operator==(const Value& left, const Value& right);

  // True when both share the same node or are the same scalar: a quick "unchanged" test.
  bool same_as(const Value& other) const { return kind_ == other.kind_ && payload_.integer == other.payload_.integer; }

 private:
  bool has_node() const { return kind_ >= Kind::string; }
  void retain() const noexcept {
    if (has_node()) payload_.node->retain();
  }
  void release() noexcept {
    if (!has_node()) return;
    if (kind_ == Kind::string)
      static_cast<detail::StringNode*>(payload_.node)->release();
    else if (payload_.node->let_go())
      destroy(payload_.node, kind_);
  }
  static void destroy(detail::Node* node, Kind kind) noexcept;
  detail::ArrayNode& own_array();
  detail::ObjectNode& own_object();

  Kind kind_ = Kind::null;
  std::uint32_t label_ = 0;
  union Payload {
    std::int64_t integer;
    double number;
    detail::Node* node;
  } payload_{.integer = 0};
};

static_assert(sizeof(Value) == 16);

struct Member {
  Text key;
  Value value;
};

// A member as code writes it down: {"key", value}. A list of these lets its elements be read only; the value is mutable
// so that it can be moved out of it all the same, which is all that may be done with it.
struct Field {
  Key key;
  mutable Value value;
};

// jq's total order: null < false < true < numbers < strings (by code point) < arrays < objects (sorted keys first,
// then values). Returns <0, 0, >0. Integers and doubles compare by exact mathematical value; NaN sorts below all other
// numbers and beside itself, so that sorting is safe (jq's `nan < nan` is the operator's business).
int compare(const Value& left, const Value& right);

}  // namespace gantry

#include "value/container_node.h"

namespace gantry {

inline const std::vector<Value>& Value::items() const {
  GANTRY_ASSERT(kind_ == Kind::array, "not an array");
  return static_cast<detail::ArrayNode*>(payload_.node)->items;
}

inline const std::vector<Member>& Value::members() const {
  GANTRY_ASSERT(kind_ == Kind::object, "not an object");
  return static_cast<detail::ObjectNode*>(payload_.node)->members;
}

inline std::size_t Value::size() const {
  if (kind_ == Kind::array) return items().size();
  if (kind_ == Kind::object) return members().size();
  return kind_ == Kind::string ? as_string().size() : 0;
}

inline const Value* Value::find(std::string_view key) const {
  if (kind_ != Kind::object) return nullptr;
  const auto* node = static_cast<const detail::ObjectNode*>(payload_.node);
  const std::ptrdiff_t position = node->position_of(key);
  return position < 0 ? nullptr : &node->members[static_cast<std::size_t>(position)].value;
}

}  // namespace gantry
