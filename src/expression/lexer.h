// Program text to tokens. Strings with interpolation become a sequence: text_start, (text | hole_start ... hole_end)*,
// text_end.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "expression/expression.h"

namespace gantry::expression {

enum class TokenKind : std::uint8_t {
  end,
  name,      // text
  keyword,   // text
  field,     // .name: text is the name
  variable,  // $name: text is the name
  format,    // @name: text includes the @
  number,    // text
  text_start,
  text,  // decoded
  hole_start,
  hole_end,
  text_end,
  symbol,  // text
};

struct Token {
  TokenKind kind = TokenKind::end;
  std::size_t offset = 0;
  std::string text;
};

std::variant<std::vector<Token>, CompileError> tokenize(std::string_view text);

// How a token reads in "found ...".
std::string describe(const Token& token);

}  // namespace gantry::expression
