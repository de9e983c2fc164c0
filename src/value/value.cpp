#include "value/value.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <new>
#include <unordered_map>

#include "base/assert.h"

namespace gantry {
namespace detail {

struct Node {
  std::atomic<std::uint32_t> references{1};
};

// The bytes follow the header in the same allocation.
struct StringNode : Node {
  std::size_t size = 0;
  char* bytes() { return reinterpret_cast<char*>(this + 1); }
  std::string_view view() { return {bytes(), size}; }
};

struct ArrayNode : Node {
  std::vector<Value> items;
};

// Objects of more than `indexed_from` members keep a hash index from key to position. The index is part of the node,
// built while it has one owner, so that readers never write.
struct ObjectNode : Node {
  static constexpr std::size_t indexed_from = 12;
  std::vector<Member> members;
  std::unique_ptr<std::unordered_map<std::string_view, std::uint32_t>> index;

  std::ptrdiff_t position_of(std::string_view key) const {
    if (index) {
      auto found = index->find(key);
      return found == index->end() ? -1 : static_cast<std::ptrdiff_t>(found->second);
    }
    for (std::size_t i = 0; i < members.size(); ++i)
      if (members[i].key.view() == key) return static_cast<std::ptrdiff_t>(i);
    return -1;
  }

  void rebuild_index() {
    index.reset();
    if (members.size() < indexed_from) return;
    index = std::make_unique<std::unordered_map<std::string_view, std::uint32_t>>(members.size() * 2);
    for (std::size_t i = 0; i < members.size(); ++i)
      index->emplace(members[i].key.view(), static_cast<std::uint32_t>(i));
  }

  void set(Text key, Value value) {
    std::ptrdiff_t position = position_of(key.view());
    if (position >= 0) {
      members[static_cast<std::size_t>(position)].value = std::move(value);
      return;
    }
    members.push_back({std::move(key), std::move(value)});
    if (index)
      index->emplace(members.back().key.view(), static_cast<std::uint32_t>(members.size() - 1));
    else if (members.size() >= indexed_from)
      rebuild_index();
  }

  void erase(std::string_view key) {
    std::ptrdiff_t position = position_of(key);
    if (position < 0) return;
    index.reset();
    members.erase(members.begin() + position);
    rebuild_index();
  }
};

}  // namespace detail

namespace {

using detail::ArrayNode;
using detail::Node;
using detail::ObjectNode;
using detail::StringNode;

StringNode* new_string_node(std::string_view text) {
  void* memory = ::operator new(sizeof(StringNode) + text.size());
  auto* node = new (memory) StringNode;
  node->size = text.size();
  if (!text.empty()) std::memcpy(node->bytes(), text.data(), text.size());
  return node;
}

void drop(StringNode* node) {
  if (node->references.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  node->~StringNode();
  ::operator delete(static_cast<void*>(node));
}

bool is_shared(const Node& node) {
  return node.references.load(std::memory_order_acquire) != 1;
}

constexpr std::int64_t exact_in_double_max = std::int64_t{1} << 53;

int sign(double difference) {
  return difference < 0 ? -1 : difference > 0 ? 1 : 0;
}

int compare_integer_with_double(std::int64_t left, double right) {
  if (std::isnan(right)) return 1;
  if (right >= 9223372036854775808.0) return -1;
  if (right < -9223372036854775808.0) return 1;
  auto whole = static_cast<std::int64_t>(right);
  if (left != whole) return left < whole ? -1 : 1;
  return sign(static_cast<double>(whole) - right);
}

int compare_numbers(const Value& left, const Value& right) {
  if (left.is_integer() && right.is_integer()) {
    std::int64_t a = left.as_integer(), b = right.as_integer();
    return a < b ? -1 : a > b ? 1 : 0;
  }
  if (left.is_integer()) return compare_integer_with_double(left.as_integer(), right.as_number());
  if (right.is_integer()) return -compare_integer_with_double(right.as_integer(), left.as_number());
  double a = left.as_number(), b = right.as_number();
  if (std::isnan(a)) return -1;  // jq: nan < nan
  if (std::isnan(b)) return 1;
  return a < b ? -1 : a > b ? 1 : 0;
}

// Unsigned byte order of UTF-8 is code point order.
int compare_text(std::string_view left, std::string_view right) {
  int order = left.compare(right);
  return order < 0 ? -1 : order > 0 ? 1 : 0;
}

std::vector<const Member*> sorted_members(const Value& object) {
  std::vector<const Member*> sorted;
  sorted.reserve(object.size());
  for (const Member& member : object.members()) sorted.push_back(&member);
  std::sort(sorted.begin(), sorted.end(),
            [](const Member* a, const Member* b) { return a->key.view() < b->key.view(); });
  return sorted;
}

int compare_objects(const Value& left, const Value& right) {
  auto a = sorted_members(left), b = sorted_members(right);
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i)
    if (int order = compare_text(a[i]->key.view(), b[i]->key.view())) return order;
  if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (int order = compare(a[i]->value, b[i]->value)) return order;
  return 0;
}

int compare_arrays(const Value& left, const Value& right) {
  const auto& a = left.items();
  const auto& b = right.items();
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i)
    if (int order = compare(a[i], b[i])) return order;
  return a.size() < b.size() ? -1 : a.size() > b.size() ? 1 : 0;
}

int rank_of(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::null:
      return 0;
    case Value::Kind::boolean:
      return value.as_boolean() ? 2 : 1;
    case Value::Kind::integer:
    case Value::Kind::number:
      return 3;
    case Value::Kind::string:
      return 4;
    case Value::Kind::array:
      return 5;
    case Value::Kind::object:
      return 6;
  }
  return 7;
}

bool has_node(Value::Kind kind) {
  return kind >= Value::Kind::string;
}

}  // namespace

Text::Text(std::string_view text) : node_(new_string_node(text)) {}
Text::Text(const Text& other) noexcept : node_(other.node_) {
  if (node_) node_->references.fetch_add(1, std::memory_order_relaxed);
}
Text::~Text() {
  if (node_) drop(node_);
}
std::string_view Text::view() const {
  return node_ ? node_->view() : std::string_view();
}

Value::Value(std::size_t number) {
  if (number <= static_cast<std::size_t>(std::numeric_limits<std::int64_t>::max())) {
    kind_ = Kind::integer;
    payload_.integer = static_cast<std::int64_t>(number);
  } else {
    kind_ = Kind::number;
    payload_.number = static_cast<double>(number);
  }
}

Value::Value(double number) {
  bool whole = number >= -static_cast<double>(exact_in_double_max) &&
               number <= static_cast<double>(exact_in_double_max) && number == std::trunc(number) &&
               !(number == 0 && std::signbit(number));
  kind_ = whole ? Kind::integer : Kind::number;
  if (whole)
    payload_.integer = static_cast<std::int64_t>(number);
  else
    payload_.number = number;
}

Value::Value(std::string_view text) : kind_(Kind::string) {
  payload_.node = new_string_node(text);
}

Value::Value(const Text& text) : kind_(Kind::string) {
  text.node_->references.fetch_add(1, std::memory_order_relaxed);
  payload_.node = text.node_;
}

Value Value::array(std::vector<Value> items) {
  Value value;
  auto* node = new ArrayNode;
  node->items = std::move(items);
  value.kind_ = Kind::array;
  value.payload_.node = node;
  return value;
}

Value Value::object(std::vector<Member> members) {
  Value value;
  auto* node = new ObjectNode;
  value.kind_ = Kind::object;
  value.payload_.node = node;
  node->members.reserve(members.size());
  for (Member& member : members) node->set(std::move(member.key), std::move(member.value));
  return value;
}

Value Value::object(std::initializer_list<std::pair<std::string_view, Value>> members) {
  std::vector<Member> list;
  list.reserve(members.size());
  for (const auto& [key, value] : members) list.push_back({Text(key), value});
  return object(std::move(list));
}

Value::Value(const Value& other) noexcept : kind_(other.kind_), label_(other.label_), payload_(other.payload_) {
  retain();
}

Value& Value::operator=(const Value& other) noexcept {
  other.retain();
  release();
  kind_ = other.kind_;
  label_ = other.label_;
  payload_ = other.payload_;
  return *this;
}

Value& Value::operator=(Value&& other) noexcept {
  if (this == &other) return *this;
  Payload payload = other.payload_;
  std::uint32_t label = other.label_;
  Kind kind = std::exchange(other.kind_, Kind::null);
  release();
  kind_ = kind;
  label_ = label;
  payload_ = payload;
  return *this;
}

void Value::retain() const noexcept {
  if (has_node(kind_)) payload_.node->references.fetch_add(1, std::memory_order_relaxed);
}

// Children are released through their own destructors; the depth limit of the parser and of expressions bounds the
// recursion.
void Value::release() noexcept {
  if (!has_node(kind_)) return;
  if (kind_ == Kind::string) {
    drop(static_cast<StringNode*>(payload_.node));
    return;
  }
  if (payload_.node->references.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  if (kind_ == Kind::array)
    delete static_cast<ArrayNode*>(payload_.node);
  else
    delete static_cast<ObjectNode*>(payload_.node);
}

const char* Value::kind_name() const {
  switch (kind_) {
    case Kind::null:
      return "null";
    case Kind::boolean:
      return "boolean";
    case Kind::integer:
    case Kind::number:
      return "number";
    case Kind::string:
      return "string";
    case Kind::array:
      return "array";
    case Kind::object:
      return "object";
  }
  return "null";
}

bool Value::as_boolean() const {
  GANTRY_ASSERT(kind_ == Kind::boolean, "not a boolean");
  return payload_.integer != 0;
}

std::int64_t Value::as_integer() const {
  GANTRY_ASSERT(kind_ == Kind::integer, "not an integer");
  return payload_.integer;
}

double Value::as_number() const {
  GANTRY_ASSERT(is_number(), "not a number");
  return kind_ == Kind::integer ? static_cast<double>(payload_.integer) : payload_.number;
}

std::string_view Value::as_string() const {
  GANTRY_ASSERT(kind_ == Kind::string, "not a string");
  return static_cast<StringNode*>(payload_.node)->view();
}

Text Value::as_text() const {
  GANTRY_ASSERT(kind_ == Kind::string, "not a string");
  payload_.node->references.fetch_add(1, std::memory_order_relaxed);
  return Text(static_cast<StringNode*>(payload_.node));
}

const std::vector<Value>& Value::items() const {
  GANTRY_ASSERT(kind_ == Kind::array, "not an array");
  return static_cast<ArrayNode*>(payload_.node)->items;
}

const std::vector<Member>& Value::members() const {
  GANTRY_ASSERT(kind_ == Kind::object, "not an object");
  return static_cast<ObjectNode*>(payload_.node)->members;
}

std::size_t Value::size() const {
  if (kind_ == Kind::array) return items().size();
  if (kind_ == Kind::object) return members().size();
  if (kind_ == Kind::string) return as_string().size();
  return 0;
}

const Value* Value::find(std::string_view key) const {
  if (kind_ != Kind::object) return nullptr;
  const auto* node = static_cast<const ObjectNode*>(payload_.node);
  std::ptrdiff_t position = node->position_of(key);
  return position < 0 ? nullptr : &node->members[static_cast<std::size_t>(position)].value;
}

const Value* Value::find(std::size_t index) const {
  if (kind_ != Kind::array) return nullptr;
  const auto& list = items();
  return index < list.size() ? &list[index] : nullptr;
}

Value Value::member(std::string_view key) const {
  const Value* found = find(key);
  return found ? found->labelled(label()) : Value().labelled(label());
}

Value Value::item(std::size_t index) const {
  const Value* found = find(index);
  return found ? found->labelled(label()) : Value().labelled(label());
}

std::string_view Value::string_or(std::string_view key, std::string_view fallback) const {
  const Value* found = find(key);
  return found && found->is_string() ? found->as_string() : fallback;
}

std::int64_t Value::integer_or(std::string_view key, std::int64_t fallback) const {
  const Value* found = find(key);
  return found && found->is_integer() ? found->as_integer() : fallback;
}

bool Value::boolean_or(std::string_view key, bool fallback) const {
  const Value* found = find(key);
  return found && found->is_boolean() ? found->as_boolean() : fallback;
}

detail::ArrayNode& Value::own_array() {
  GANTRY_ASSERT(kind_ == Kind::array, "not an array");
  auto* node = static_cast<ArrayNode*>(payload_.node);
  if (!is_shared(*node)) return *node;
  auto* copy = new ArrayNode;
  copy->items.reserve(node->items.size() + 1);
  copy->items.insert(copy->items.end(), node->items.begin(), node->items.end());
  release();
  payload_.node = copy;
  return *copy;
}

detail::ObjectNode& Value::own_object() {
  GANTRY_ASSERT(kind_ == Kind::object, "not an object");
  auto* node = static_cast<ObjectNode*>(payload_.node);
  if (!is_shared(*node)) return *node;
  auto* copy = new ObjectNode;
  copy->members = node->members;
  copy->rebuild_index();
  release();
  payload_.node = copy;
  return *copy;
}

Value Value::with_member(std::string_view key, Value value) && {
  return std::move(*this).with_member(Text(key), std::move(value));
}

Value Value::with_member(const Text& key, Value value) && {
  own_object().set(key, std::move(value));
  return std::move(*this);
}

Value Value::without_member(std::string_view key) && {
  if (find(key)) own_object().erase(key);
  return std::move(*this);
}

Value Value::with_item(std::size_t index, Value value) && {
  GANTRY_ASSERT(index < (std::size_t{1} << 29), "array index out of range");
  auto& list = own_array().items;
  if (index >= list.size()) list.resize(index + 1);
  list[index] = std::move(value);
  return std::move(*this);
}

Value Value::appended(Value value) && {
  own_array().items.push_back(std::move(value));
  return std::move(*this);
}

Value Value::without_item(std::size_t index) && {
  auto& list = own_array().items;
  if (index < list.size()) list.erase(list.begin() + static_cast<std::ptrdiff_t>(index));
  return std::move(*this);
}

std::vector<Value> Value::take_items() && {
  GANTRY_ASSERT(kind_ == Kind::array, "not an array");
  auto* node = static_cast<ArrayNode*>(payload_.node);
  return is_shared(*node) ? node->items : std::move(node->items);
}

std::vector<Member> Value::take_members() && {
  GANTRY_ASSERT(kind_ == Kind::object, "not an object");
  auto* node = static_cast<ObjectNode*>(payload_.node);
  if (is_shared(*node)) return node->members;
  node->index.reset();
  return std::move(node->members);
}

Value Value::labelled(Label label) const& {
  Value copy(*this);
  copy.label_ = join(Label(label_), label).id_;
  return copy;
}

Value Value::labelled(Label label) && {
  label_ = join(Label(label_), label).id_;
  return std::move(*this);
}

Label Value::deep_label() const {
  Label joined(label_);
  if (kind_ == Kind::array)
    for (const Value& item : items()) joined = join(joined, item.deep_label());
  if (kind_ == Kind::object)
    for (const Member& member : members()) joined = join(joined, member.value.deep_label());
  return joined;
}

Value Value::relabelled(Label label) const {
  Value copy;
  if (deep_label().is_default()) {
    copy = *this;
  } else if (kind_ == Kind::array) {
    std::vector<Value> list;
    list.reserve(size());
    for (const Value& item : items()) list.push_back(item.relabelled({}));
    copy = array(std::move(list));
  } else if (kind_ == Kind::object) {
    std::vector<Member> list;
    list.reserve(size());
    for (const Member& member : members()) list.push_back({member.key, member.value.relabelled({})});
    copy = object(std::move(list));
  } else {
    copy = *this;
  }
  copy.label_ = label.id_;
  return copy;
}

bool operator==(const Value& left, const Value& right) {
  if (left.is_number() && right.is_number()) return compare_numbers(left, right) == 0;
  if (left.kind_ != right.kind_) return false;
  if (has_node(left.kind_) && left.payload_.node == right.payload_.node) return true;
  if (left.is_object()) {
    if (left.size() != right.size()) return false;
    for (const Member& member : left.members()) {
      const Value* other = right.find(member.key.view());
      if (!other || !(member.value == *other)) return false;
    }
    return true;
  }
  return compare(left, right) == 0;
}

int compare(const Value& left, const Value& right) {
  int left_rank = rank_of(left), right_rank = rank_of(right);
  if (left_rank != right_rank) return left_rank < right_rank ? -1 : 1;
  switch (left.kind()) {
    case Value::Kind::null:
    case Value::Kind::boolean:
      return 0;
    case Value::Kind::integer:
    case Value::Kind::number:
      return compare_numbers(left, right);
    case Value::Kind::string:
      return compare_text(left.as_string(), right.as_string());
    case Value::Kind::array:
      return left.same_as(right) ? 0 : compare_arrays(left, right);
    case Value::Kind::object:
      return left.same_as(right) ? 0 : compare_objects(left, right);
  }
  return 0;
}

}  // namespace gantry
