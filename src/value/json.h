// JSON text in and out. The grammar, numbers and places are ours (see json_parse.cpp for why); simdjson checks the
// UTF-8.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "value/value.h"

namespace gantry {

// Every limit has an error that names it, the number, and the place.
struct ParseLimits {
  std::size_t bytes_max = 64u << 20;
  std::size_t depth_max = 512;
  std::size_t nodes_max = 20'000'000;  // values in the document
};

// Accepts exactly one RFC 8259 document in UTF-8 (a byte order mark is skipped). Duplicate keys: refused when
// `refuse_duplicate_keys`, else the last one wins. Errors: invalid_argument with line:column and what was expected;
// exhausted when a limit was hit.
struct JsonOptions {
  ParseLimits limits;
  bool refuse_duplicate_keys = false;
};
Result<Value> parse_json(std::string_view text, const JsonOptions& options = {});

// Compact, members in their order. Doubles print with the fewest digits that read back the same (1.5, 1e+100 as
// JavaScript prints them; whole ones within int64 with all digits); NaN as null, infinities as
// +-1.7976931348623157e+308.
std::string print_json(const Value& value);
// Indented by two spaces, for people.
std::string print_json_pretty(const Value& value);
// RFC 8785: members sorted by UTF-16 code units, numbers as ECMAScript prints them. Integers beyond 2^53, which
// RFC 8785 can't represent, keep all their digits. The same value always gives the same bytes; labels don't count.
std::string print_canonical(const Value& value);

// The same at the end of a text that is there already; the last one of a string alone, in quotes.
void append_json(std::string& out, const Value& value);
void append_canonical(std::string& out, const Value& value);
void append_json_text(std::string& out, std::string_view text);

// Text of one number, as print_json writes it.
std::string print_number(const Value& number);

}  // namespace gantry
