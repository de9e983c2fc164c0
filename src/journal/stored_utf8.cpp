#include "journal/stored_utf8.h"

#include <fmt/format.h>

#include <algorithm>

#include "value/utf8.h"

namespace gantry::journal {
namespace {

Status check_utf8(const StoredText& text) {
  for (const std::string* part : {&text.data, &text.labels}) {
    if (is_valid_utf8(*part)) continue;
    const std::size_t bad = find_bad_utf8(*part).value_or(0), from = bad - std::min<std::size_t>(bad, 40);
    return Error{Code::invalid_argument,
                 fmt::format("its data has a text that is not UTF-8: expected UTF-8, found the byte 0x{:02x} after {}",
                             static_cast<unsigned char>((*part)[bad]), repaired_utf8(part->substr(from, bad - from)))};
  }
  return done();
}

}  // namespace

// The whole printed text at once: vector instructions make that cheaper than a look at each string while it is printed.
Result<StoredData> checked_split(const Value& data, std::size_t blob_threshold_bytes) {
  StoredData stored = split_data(data, blob_threshold_bytes);
  TRY(check_utf8(stored.text));
  for (const StoredBlob& blob : stored.blobs) TRY(check_utf8(blob.text));
  return stored;
}

std::string readable_text(std::string_view column) {
  return is_valid_utf8(column) ? std::string(column) : repaired_utf8(column);
}

Value text_value(std::string_view column) {
  return is_valid_utf8(column) ? Value(column) : Value(repaired_utf8(column));
}

}  // namespace gantry::journal
