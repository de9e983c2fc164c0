#include "expression/lexer.h"

#include <array>

#include "value/utf8.h"

namespace gantry::expression {
namespace {

constexpr std::array keywords{"def",    "if",      "then",    "elif",   "else",   "end", "as",
                              "reduce", "foreach", "try",     "catch",  "label",  "and", "or",
                              "break",  "import",  "include", "module", "__loc__"};
constexpr std::array symbols{
    "?//=", "?//", "//=", "|=", "+=", "-=", "*=", "/=", "%=", "==", "!=", "<=", ">=", "//", "..", "|", ",", "+",
    "-",    "*",   "/",   "%",  "=",  "<",  ">",  "(",  ")",  "[",  "]",  "{",  "}",  ":",  ";",  ".", "?"};
constexpr std::size_t holes_max = 200;

bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_digit_character(char c) {
  return c >= '0' && c <= '9';
}
bool is_name_part(char c) {
  return is_name_start(c) || is_digit_character(c);
}

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  std::variant<std::vector<Token>, CompileError> run() {
    while (!failed_) {
      skip_blanks();
      if (at_ == text_.size()) {
        if (!holes_.empty()) fail(text_.size(), "the program ends inside \"\\( ... )\" of a string; expected ')'");
        break;
      }
      next();
    }
    if (failed_) return error_;
    push(TokenKind::end, text_.size(), "");
    return std::move(tokens_);
  }

 private:
  char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }

  void fail(std::size_t offset, std::string message) {
    if (failed_) return;
    failed_ = true;
    error_ = {offset, std::move(message)};
  }

  void push(TokenKind kind, std::size_t offset, std::string_view text) {
    tokens_.push_back({kind, offset, std::string(text)});
  }

  void skip_blanks() {
    while (at_ < text_.size()) {
      char c = text_[at_];
      if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
        ++at_;
      } else if (c == '#') {
        skip_comment();
      } else {
        return;
      }
    }
  }

  // As in Tcl, an odd number of backslashes before the end of a line continues the comment.
  void skip_comment() {
    bool escaped = false;
    for (; at_ < text_.size(); ++at_) {
      char c = text_[at_];
      if (c == '\n' && !escaped) return;
      if (c == '\r' && peek(1) == '\n' && escaped) {
        ++at_;
        escaped = false;
        continue;
      }
      escaped = c == '\\' && !escaped;
    }
  }

  std::string_view take_name(std::size_t from) {
    std::size_t end = from;
    while (end < text_.size() && is_name_part(text_[end])) ++end;
    return text_.substr(from, end - from);
  }

  void next() {
    std::size_t start = at_;
    char c = peek();
    if (c == '"') return take_string();
    if (is_name_start(c)) return take_word();
    if (is_digit_character(c) || (c == '.' && is_digit_character(peek(1)))) return take_number();
    if (c == '.' && is_name_start(peek(1))) {
      auto name = take_name(at_ + 1);
      at_ += 1 + name.size();
      return push(TokenKind::field, start, name);
    }
    if (c == '$' && is_name_start(peek(1))) {
      auto name = take_qualified(at_ + 1);
      at_ += 1 + name.size();
      return push(TokenKind::variable, start, name);
    }
    if (c == '@' && is_name_part(peek(1))) {
      auto name = take_name(at_ + 1);
      at_ += 1 + name.size();
      return push(TokenKind::format, start, text_.substr(start, at_ - start));
    }
    take_symbol();
  }

  // name::name
  std::string_view take_qualified(std::size_t from) {
    std::size_t end = from + take_name(from).size();
    while (end + 2 < text_.size() && text_[end] == ':' && text_[end + 1] == ':' && is_name_start(text_[end + 2]))
      end += 2 + take_name(end + 2).size();
    return text_.substr(from, end - from);
  }

  void take_word() {
    std::size_t start = at_;
    auto word = take_qualified(at_);
    at_ += word.size();
    for (const char* keyword : keywords)
      if (word == keyword) return push(TokenKind::keyword, start, word);
    push(TokenKind::name, start, word);
  }

  void take_number() {
    std::size_t start = at_;
    while (is_digit_character(peek())) ++at_;
    if (peek() == '.') {
      ++at_;
      while (is_digit_character(peek())) ++at_;
    }
    if (peek() == 'e' || peek() == 'E') {
      std::size_t sign = peek(1) == '+' || peek(1) == '-' ? 1 : 0;
      if (is_digit_character(peek(1 + sign))) {
        at_ += 1 + sign;
        while (is_digit_character(peek())) ++at_;
      }
    }
    push(TokenKind::number, start, text_.substr(start, at_ - start));
  }

  void take_symbol() {
    std::size_t start = at_;
    for (std::string_view symbol : symbols) {
      if (text_.substr(at_, symbol.size()) != symbol) continue;
      at_ += symbol.size();
      if (!holes_.empty()) {
        if (symbol == "(") ++holes_.back();
        if (symbol == ")" && --holes_.back() == 0) {
          holes_.pop_back();
          push(TokenKind::hole_end, start, ")");
          return take_text();
        }
      }
      return push(TokenKind::symbol, start, symbol);
    }
    fail(start,
         "found the character '" + std::string(printable(text_.substr(start, 4))) + "', which means nothing here");
  }

  static std::string printable(std::string_view bytes) {
    std::size_t length = character_length(bytes);
    std::string_view first = bytes.substr(0, length);
    if (static_cast<unsigned char>(first[0]) < 0x20 || !is_valid_utf8(first)) return "?";
    return std::string(first);
  }

  void take_string() {
    push(TokenKind::text_start, at_, "\"");
    ++at_;
    take_text();
  }

  // The rest of a string up to its end or its next "\(".
  void take_text() {
    std::size_t start = at_;
    std::string decoded;
    while (true) {
      if (at_ >= text_.size()) return fail(start, "the string that starts here has no end; expected '\"'");
      char c = text_[at_];
      if (c == '"') {
        if (!decoded.empty()) push(TokenKind::text, start, decoded);
        push(TokenKind::text_end, at_, "\"");
        ++at_;
        return;
      }
      if (c != '\\') {
        decoded += c;
        ++at_;
        continue;
      }
      if (peek(1) == '(') {
        if (!decoded.empty()) push(TokenKind::text, start, decoded);
        push(TokenKind::hole_start, at_, "\\(");
        at_ += 2;
        if (holes_.size() >= holes_max) return fail(at_, "strings are nested too deeply; at most 200 levels");
        holes_.push_back(1);
        return;
      }
      if (!take_escape(decoded)) return;
    }
  }

  bool take_escape(std::string& decoded) {
    std::size_t start = at_;
    char c = peek(1);
    at_ += 2;
    switch (c) {
      case '"':
        decoded += '"';
        return true;
      case '\\':
        decoded += '\\';
        return true;
      case '/':
        decoded += '/';
        return true;
      case 'b':
        decoded += '\b';
        return true;
      case 'f':
        decoded += '\f';
        return true;
      case 'n':
        decoded += '\n';
        return true;
      case 'r':
        decoded += '\r';
        return true;
      case 't':
        decoded += '\t';
        return true;
      case 'u':
        break;
      default:
        fail(start,
             "found an unknown escape in a string; expected one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX \\( ");
        return false;
    }
    std::uint32_t code = 0;
    if (!take_hexadecimal(code)) {
      fail(start, "found an incomplete \\u escape; expected four hexadecimal digits");
      return false;
    }
    if (code >= 0xD800 && code < 0xDC00 && peek() == '\\' && peek(1) == 'u') {
      std::size_t mark = at_;
      std::uint32_t low = 0;
      at_ += 2;
      if (take_hexadecimal(low) && low >= 0xDC00 && low < 0xE000)
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
      else
        at_ = mark;
    }
    append_character(decoded, code);
    return true;
  }

  bool take_hexadecimal(std::uint32_t& code) {
    for (int i = 0; i < 4; ++i, ++at_) {
      int digit = hexadecimal_digit(peek());
      if (digit < 0) return false;
      code = code * 16 + static_cast<std::uint32_t>(digit);
    }
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<Token> tokens_;
  std::vector<std::size_t> holes_;  // open parentheses within each "\(" that is open
  bool failed_ = false;
  CompileError error_;
};

}  // namespace

std::variant<std::vector<Token>, CompileError> tokenize(std::string_view text) {
  return Lexer(text).run();
}

std::string describe(const Token& token) {
  switch (token.kind) {
    case TokenKind::end:
      return "the end of the program";
    case TokenKind::field:
      return "'." + token.text + "'";
    case TokenKind::variable:
      return "'$" + token.text + "'";
    case TokenKind::text_start:
      return "a string";
    default:
      return "'" + token.text + "'";
  }
}

}  // namespace gantry::expression
