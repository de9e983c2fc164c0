// UTF-8 by hand: whether it is well-formed, and its characters (code points) one by one, also in bytes that are not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gantry {

// --- Well-formed text

// Position of the first byte that is not part of well-formed UTF-8.
std::optional<std::size_t> find_bad_utf8(std::string_view text);
bool is_valid_utf8(std::string_view text);
// `code` is a Unicode scalar value.
void append_utf8(std::string& out, std::uint32_t code);
// Number of code points of well-formed UTF-8.
std::size_t count_code_points(std::string_view text);

// --- Any bytes

// Bytes of the first character; a byte that starts nothing counts as one. `text` is not empty.
std::size_t character_length(std::string_view text);
// Takes the first character off `text`, which is not empty; U+FFFD for an invalid byte and the continuations after it.
std::uint32_t take_character(std::string_view& text);
// Surrogates and numbers beyond U+10FFFF become U+FFFD.
void append_character(std::string& text, std::uint32_t code);
// `text` with every invalid part replaced by U+FFFD.
std::string repaired_utf8(std::string_view text);
// Byte offset of a character offset; beyond the end: the size.
std::size_t byte_offset(std::string_view text, std::size_t characters);

int hexadecimal_digit(char c);  // -1 if it is none

}  // namespace gantry
