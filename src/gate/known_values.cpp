#include "gate/known_values.h"

#include <array>

#include "gate/known_index.h"

namespace gantry::gate {
namespace {

constexpr std::array kind_names = {"request", "input", "result", "event", "answer"};

struct Size {
  std::size_t leaves = 0, bytes = 0;
};

void measure(const Value& value, Size& size) {
  if (size.leaves > KnownValues::leaves_max || size.bytes > KnownValues::bytes_max) return;
  if (value.is_array()) {
    for (const Value& item : value.items()) measure(item, size);
  } else if (value.is_object()) {
    for (const Member& member : value.members()) measure(member.value, size);
  } else {
    ++size.leaves;
    if (value.is_string()) size.bytes += value.size();
  }
}

Error not_known_values(const char* what) {
  return {Code::invalid_argument, std::string("known values: expected ") + what};
}

}  // namespace

KnownValues::KnownValues() = default;
KnownValues::~KnownValues() = default;
KnownValues::KnownValues(KnownValues&&) noexcept = default;
KnownValues& KnownValues::operator=(KnownValues&&) noexcept = default;

void KnownValues::add(Kind kind, std::string name, Value value) {
  index_.reset();
  Size size;
  measure(value, size);
  if (size.leaves > leaves_max || size.bytes > bytes_max) {
    forgotten_.insert(std::move(name));
    return;
  }
  const bool counts = kind != Kind::request;
  entries_.push_back({kind, std::move(name), std::move(value), size.leaves, size.bytes});
  if (!counts) return;
  leaves_ += size.leaves;
  bytes_ += size.bytes;
  for (auto entry = entries_.begin(); (leaves_ > leaves_max || bytes_ > bytes_max) && entry != entries_.end();) {
    if (entry->kind == Kind::request) {
      ++entry;
      continue;
    }
    leaves_ -= entry->leaves;
    bytes_ -= entry->bytes;
    forgotten_.insert(entry->name);
    entry = entries_.erase(entry);
  }
}

Value KnownValues::request() const {
  for (const Entry& entry : entries_)
    if (entry.kind == Kind::request) return entry.value;
  return {};
}

const KnownIndex& KnownValues::index(const definition::Workflow* workflow) const {
  if (!index_ || indexed_ != workflow) index_ = std::make_unique<KnownIndex>(*this, workflow);
  indexed_ = workflow;
  return *index_;
}

void KnownValues::forget_index() {
  index_.reset();
}

Value KnownValues::to_value() const {
  std::vector<Value> entries, forgotten;
  for (const Entry& entry : entries_)
    entries.push_back(Value::object({{"kind", kind_names[static_cast<std::size_t>(entry.kind)]},
                                     {"name", entry.name},
                                     {"value", entry.value}}));
  for (const std::string& name : forgotten_) forgotten.emplace_back(name);
  return Value::object({{"entries", Value::array(std::move(entries))}, {"forgotten", Value::array(std::move(forgotten))}});
}

Result<KnownValues> KnownValues::from_value(const Value& value) {
  const Value entries = value.is_object() ? value.member("entries") : Value();
  const Value forgotten = value.is_object() ? value.member("forgotten") : Value();
  if (!entries.is_array() || !forgotten.is_array()) return not_known_values("{entries, forgotten}");
  KnownValues known;
  for (const Value& entry : entries.items()) {
    if (!entry.is_object()) return not_known_values("objects as entries");
    std::size_t kind = 0;
    while (kind < kind_names.size() && entry.string_or("kind", "") != kind_names[kind]) ++kind;
    if (kind == kind_names.size()) return not_known_values("a kind of entry");
    known.add(static_cast<Kind>(kind), std::string(entry.string_or("name", "")), entry.member("value"));
  }
  for (const Value& name : forgotten.items())
    if (name.is_string()) known.forgotten_.insert(std::string(name.as_string()));
  return known;
}

}  // namespace gantry::gate
