// An event's data as columns: JSON text that people and SQL can read, its labels beside it, and large members moved to
// blobs. In `data`, {"$blob": HASH} stands for a member of the data, or a member of such a member, that is kept in
// the blob with this hash. A value that looks like such a reference is moved to a blob itself, so none is ambiguous.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "value/value.h"

namespace gantry::journal {

struct StoredText {
  std::string data;    // plain JSON
  std::string labels;  // JSON of pointer -> label; empty when all labels are the default one
  std::size_t size() const { return data.size() + labels.size(); }
};
StoredText to_stored_text(const Value& value);
Result<Value> from_stored_text(std::string_view data, std::string_view labels);

std::string blob_hash(const StoredText& text);  // SHA-256 of data and labels, hexadecimal

struct StoredBlob {
  std::string hash;
  StoredText text;
};
struct StoredData {
  StoredText text;
  std::vector<StoredBlob> blobs;
  std::size_t size() const;
};

StoredData split_data(const Value& data, std::size_t blob_threshold_bytes);
// A text of at most so many bytes stays where it is, whatever the threshold.
inline constexpr std::size_t never_split_bytes_max = 80;
// `read_blob` answers the value of a blob by its hash.
Result<Value> join_data(Value data, const std::function<Result<Value>(std::string_view hash)>& read_blob);

}  // namespace gantry::journal
