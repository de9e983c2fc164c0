// Well-formed UTF-8 and places in texts, shared by the JSON and the YAML reader.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gantry {

// Position of the first byte that is not part of well-formed UTF-8.
std::optional<std::size_t> find_bad_utf8(std::string_view text);

// `code` is a Unicode scalar value.
void append_utf8(std::string& out, std::uint32_t code);

// Number of code points of well-formed UTF-8.
std::size_t count_code_points(std::string_view text);

}  // namespace gantry
