// UTF-8 by hand: what the language needs, on bytes that may be invalid.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace gantry::expression {

// Bytes of the first character; a byte that starts nothing counts as one. `text` is not empty.
std::size_t character_length(std::string_view text);
bool is_valid_utf8(std::string_view text);
// `text` with every invalid part replaced by U+FFFD.
std::string repaired_utf8(std::string_view text);
std::size_t count_characters(std::string_view text);
// Takes the first character off `text`, which is not empty; U+FFFD for an invalid byte.
std::uint32_t take_character(std::string_view& text);
// Surrogates and numbers beyond U+10FFFF become U+FFFD.
void append_character(std::string& text, std::uint32_t code);
// Byte offset of a character offset; beyond the end: the size.
std::size_t byte_offset(std::string_view text, std::size_t characters);
int hexadecimal_digit(char c);  // -1 if it is none

}  // namespace gantry::expression
