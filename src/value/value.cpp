#include "value/value.h"

#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <mutex>
#include <tuple>
#include <utility>

#include "base/assert.h"

namespace gantry {
namespace {

using detail::ArrayNode;
using detail::Node;
using detail::ObjectNode;
using detail::StringNode;

constexpr std::int64_t exact_in_double_max = std::int64_t{1} << 53;

}  // namespace

namespace {

// The node of a literal, which is known by where it lies. There are as many as the program has literals.
StringNode* node_of_literal(std::string_view literal) {
  static std::mutex mutex;
  static auto& all = *new std::map<std::pair<const char*, std::size_t>, StringNode*>;  // threads may outlive statics
  std::lock_guard lock(mutex);
  StringNode*& node = all[{literal.data(), literal.size()}];
  if (node == nullptr) {
    node = StringNode::create(literal);
    node->references = detail::Node::uncounted;
    node->is_plain = std::all_of(literal.begin(), literal.end(), [](char byte) {
      return static_cast<unsigned char>(byte) >= 0x20 && byte != '"' && byte != '\\';
    });
  }
  return node;
}

StringNode* remembered_node_of_literal(std::string_view literal) {
  struct Known {
    std::string_view literal;
    StringNode* node;
  };
  thread_local std::array<Known, 512> all_known{};
  const auto address = reinterpret_cast<std::uintptr_t>(literal.data());
  Known& known = all_known[(address ^ (address >> 9)) % all_known.size()];
  if (known.literal.data() != literal.data() || known.literal.size() != literal.size())
    known = {literal, node_of_literal(literal)};
  return known.node;
}

}  // namespace

Text::Text(const Key& key)
    : node_(key.is_literal() ? remembered_node_of_literal(key.view()) : detail::StringNode::create(key.view())) {}

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
  payload_.node = StringNode::create(text);
}

Value::Value(const Text& text) : kind_(Kind::string) {
  if (text.node_) text.node_->retain();
  payload_.node = text.node_ ? text.node_ : StringNode::create({});
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
  node->assign(std::move(members));
  return value;
}

std::vector<Member> Value::members_of(std::initializer_list<Field> fields) {
  std::vector<Member> members;
  members.reserve(fields.size());
  for (const Field& field : fields) members.push_back({Text(field.key), std::move(field.value)});
  return members;
}

Value Value::object(std::initializer_list<Field> fields) {
  return object(members_of(fields));
}

// `other` may live below this value, so it is read before anything is released.
Value& Value::operator=(const Value& other) noexcept {
  Value copy(other);
  return *this = std::move(copy);
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

// With a list of its own instead of recursion: nothing that can be built is too deep to be destroyed.
void Value::destroy(detail::Node* node, Kind kind) noexcept {
  std::vector<std::pair<Node*, Kind>> pending;
  auto detach = [&pending](Value& child) {
    if (!child.is_array() && !child.is_object()) return;
    if (child.payload_.node->let_go()) pending.emplace_back(child.payload_.node, child.kind_);
    child.kind_ = Kind::null;
  };
  while (true) {
    if (kind == Kind::array) {
      auto* array = static_cast<ArrayNode*>(node);
      for (Value& item : array->items) detach(item);
      delete array;
    } else {
      auto* object = static_cast<ObjectNode*>(node);
      for (Member& member : object->members) detach(member.value);
      delete object;
    }
    if (pending.empty()) return;
    std::tie(node, kind) = pending.back();
    pending.pop_back();
  }
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

Text Value::as_text() const {
  GANTRY_ASSERT(kind_ == Kind::string, "not a string");
  payload_.node->retain();
  return Text(static_cast<StringNode*>(payload_.node));
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
  if (!node->is_shared()) return *node;
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
  if (!node->is_shared()) return *node;
  auto* copy = new ObjectNode;
  copy->members = node->members;
  copy->index = node->index;
  release();
  payload_.node = copy;
  return *copy;
}

Value Value::with_member(const Key& key, Value value) && {
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
  return node->is_shared() ? node->items : std::move(node->items);
}

std::vector<Member> Value::take_members() && {
  GANTRY_ASSERT(kind_ == Kind::object, "not an object");
  auto* node = static_cast<ObjectNode*>(payload_.node);
  if (node->is_shared()) return node->members;
  node->index.clear();
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

}  // namespace gantry
