// Base 64 (RFC 4648 section 4, with padding): bytes that are no text, inside JSON.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace gantry::tool {

std::string encode_base64(std::string_view bytes);
// Strict: no blanks, padding as it must be. Errors: invalid_argument with the place of the first wrong character.
Result<std::string> decode_base64(std::string_view text);

}  // namespace gantry::tool
