#include "journal/stored_data.h"

#include <algorithm>

#include "base/hash.h"
#include "value/stored.h"
#include "value/utf8.h"

namespace gantry::journal {
namespace {

constexpr std::string_view blob_key = "$blob";
constexpr std::string_view labelled_start = "{\"$labelled\":";
constexpr std::string_view labels_start = ",\"labels\":";

constexpr std::size_t size_beside_text = 8;

// Adds up roughly how long the JSON text is and stops once `limit` is reached.
std::size_t rough_size(const Value& value, std::size_t limit) {
  std::size_t size = size_beside_text;
  if (value.is_string()) return size + value.size();
  if (value.is_array()) {
    for (const Value& item : value.items()) {
      if (size >= limit) break;
      size += rough_size(item, limit - size);
    }
  } else if (value.is_object()) {
    for (const Member& member : value.members()) {
      if (size >= limit) break;
      size += member.key.view().size() + 3 + rough_size(member.value, limit - size);
    }
  }
  return size;
}

bool looks_like_reference(const Value& value) {
  return value.is_object() && value.size() == 1 && value.find(blob_key);
}

// These hold members of their own worth splitting; everything else moves as a whole.
bool is_envelope(std::string_view key) {
  return key == "effect" || key == "event";
}

Value move_to_blob(const Value& value, std::vector<StoredBlob>& blobs) {
  StoredText text = to_stored_text(value);
  std::string hash = blob_hash(text);
  Value reference = Value::object({{blob_key, Value(hash)}});
  blobs.push_back({std::move(hash), std::move(text)});
  return reference;
}

Value split_members(const Value& object, std::size_t threshold, bool top, std::vector<StoredBlob>& blobs) {
  Value result = object;
  for (const Member& member : object.members()) {
    bool large = rough_size(member.value, threshold) >= threshold;
    bool envelope = top && is_envelope(member.key) && member.value.is_object();
    if (looks_like_reference(member.value) || (large && !envelope))
      result = std::move(result).with_member(member.key, move_to_blob(member.value, blobs));
    else if (top && member.value.is_object() && member.value.size() > 0)
      result = std::move(result).with_member(member.key, split_members(member.value, threshold, false, blobs));
  }
  return result;
}

// The parser looks for bytes that are not UTF-8 itself, so what is well-formed is looked through once.
Result<Value> parse_stored_or_repaired(std::string_view text) {
  auto value = parse_stored(text);
  if (value.ok() || is_valid_utf8(text)) return value;
  return parse_stored(repaired_utf8(text));
}

bool contains_reference(const Value& data) {
  for (const Member& member : data.members()) {
    if (looks_like_reference(member.value)) return true;
    if (!member.value.is_object()) continue;
    for (const Member& inner : member.value.members())
      if (looks_like_reference(inner.value)) return true;
  }
  return false;
}

}  // namespace

StoredText to_stored_text(const Value& value) {
  StoredParts parts = print_stored_parts(value);
  return {std::move(parts.value), std::move(parts.labels)};
}

std::string blob_hash(const StoredText& text) {
  return sha256(text.labels.empty() ? text.data : text.data + "\n" + text.labels).hex();
}

Result<Value> from_stored_text(std::string_view data, std::string_view labels) {
  if (labels.empty()) return parse_stored_or_repaired(data);
  std::string text;
  text.reserve(data.size() + labels.size() + 32);
  text.append(labelled_start).append(data).append(labels_start).append(labels).append("}");
  return parse_stored_or_repaired(text);
}

std::size_t StoredData::size() const {
  std::size_t sum = text.size();
  for (const StoredBlob& blob : blobs) sum += blob.text.size();
  return sum;
}

StoredData split_data(const Value& data, std::size_t blob_threshold_bytes) {
  blob_threshold_bytes = std::max(blob_threshold_bytes, never_split_bytes_max + size_beside_text + 1);
  StoredData stored;
  stored.text = to_stored_text(data);
  // Most events are small: their text says so without another walk through the value.
  const bool large = stored.text.data.size() >= blob_threshold_bytes;
  if (data.is_object() && (large || (stored.text.data.find(blob_key) != std::string::npos && contains_reference(data))))
    stored.text = to_stored_text(split_members(data, blob_threshold_bytes, true, stored.blobs));
  return stored;
}

Result<Value> join_data(Value data, const std::function<Result<Value>(std::string_view hash)>& read_blob) {
  if (!data.is_object() || !contains_reference(data)) return data;
  Value result = data;
  for (const Member& member : data.members()) {
    if (looks_like_reference(member.value)) {
      Value whole = TRY(read_blob(member.value.string_or(blob_key, "")));
      result = std::move(result).with_member(member.key, std::move(whole));
      continue;
    }
    if (!member.value.is_object()) continue;
    Value inner = member.value;
    for (const Member& part : member.value.members()) {
      if (!looks_like_reference(part.value)) continue;
      Value whole = TRY(read_blob(part.value.string_or(blob_key, "")));
      inner = std::move(inner).with_member(part.key, std::move(whole));
    }
    result = std::move(result).with_member(member.key, std::move(inner));
  }
  return result;
}

}  // namespace gantry::journal
