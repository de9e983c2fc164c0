// CSV by RFC 4180 into a Value: a list of objects, one a record, with the names of the header row as keys.
//
// Every field is text: CSV has no types, and guessing them loses zeros ("007") and dates. Lines end with LF or CRLF;
// a byte order mark is skipped; quoted fields may hold commas, line ends and doubled quotes. Refused with the place:
// a record with more or fewer fields than the header, a name that is empty or given twice, a quote in a plain field,
// text after a closing quote, a quote that is never closed, text that is not UTF-8, control characters.
#pragma once

#include <string_view>

#include "base/result.h"
#include "value/json.h"

namespace gantry {

inline constexpr std::size_t csv_columns_max = 1'000;
inline constexpr std::size_t csv_field_bytes_max = 1u << 20;

// Errors: invalid_argument "line:column: message" (columns in bytes, from 1); exhausted when a limit was hit.
// `limits.depth_max` means nothing here; each field counts as one node.
Result<Value> parse_csv(std::string_view text, const ParseLimits& limits = {});

}  // namespace gantry
