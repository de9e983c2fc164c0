// What is stored is UTF-8. Bytes that are not, of a journal from before that was checked, are read as U+FFFD: one such
// text must not keep all others from being read. The hash chain goes over the bytes as they are stored.
#pragma once

#include "journal/stored_data.h"

namespace gantry::journal {

// split_data for what is to be written. Errors: invalid_argument when a text in the data is not UTF-8: what was printed
// could not be read back as JSON.
Result<StoredData> checked_split(const Value& data, std::size_t blob_threshold_bytes);

// A text column as it is to be read.
std::string readable_text(std::string_view column);
Value text_value(std::string_view column);

}  // namespace gantry::journal
