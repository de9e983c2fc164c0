#include <fmt/format.h>

#include <charconv>
#include <cstdint>
#include <optional>
#include <vector>

#include "value/ecma_pattern.h"

namespace gantry {
namespace {

constexpr std::string_view digit_set = "0-9";
constexpr std::string_view word_set = "A-Za-z0-9_";
constexpr std::string_view space_set =
    "\\x09-\\x0d\\x20\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}\\x{feff}";
constexpr std::string_view word_boundary = "(?:(?<=[A-Za-z0-9_])(?![A-Za-z0-9_])|(?<![A-Za-z0-9_])(?=[A-Za-z0-9_]))";
constexpr std::string_view no_word_boundary = "(?:(?<=[A-Za-z0-9_])(?=[A-Za-z0-9_])|(?<![A-Za-z0-9_])(?![A-Za-z0-9_]))";
constexpr std::size_t group_depth_max = 100;

bool is_ecma_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_ecma_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_name_character(char c) {
  return is_ecma_digit(c) || is_ecma_letter(c) || c == '_' || c == '$' || (c & 0x80) != 0;
}

std::string code_point_text(std::uint32_t code) {
  return fmt::format("\\x{{{:x}}}", code);
}

// One escape or character of a class: a single code point, or the inside of a set.
struct ClassAtom {
  std::optional<std::uint32_t> code;
  std::string set;
};

class EcmaTranslator {
 public:
  explicit EcmaTranslator(std::string_view pattern) : pattern_(pattern) {}

  Result<std::string> translate() {
    while (at_ < pattern_.size()) TRY(term());
    if (!groups_.empty()) return fail("a '(' is not closed");
    return std::move(out_);
  }

 private:
  Error fail(std::string_view message) const {
    return {Code::invalid_argument, fmt::format("{} (at byte {} of the pattern)", message, at_ + 1)};
  }

  char peek(std::size_t ahead = 0) const { return at_ + ahead < pattern_.size() ? pattern_[at_ + ahead] : '\0'; }
  bool take(std::string_view text) {
    if (pattern_.substr(at_, text.size()) != text) return false;
    at_ += text.size();
    return true;
  }
  void put(std::string_view text, bool repeatable) {
    out_.append(text);
    repeatable_ = repeatable;
  }

  Status term() {
    switch (peek()) {
      case '^':
        return ++at_, put("\\A", false), done();
      case '$':
        return ++at_, put("\\z", false), done();
      case '.':
        return ++at_, put("[^\\x0a\\x0d\\x{2028}\\x{2029}]", true), done();
      case '|':
        return ++at_, put("|", false), done();
      case '(':
        return open_group();
      case ')':
        return close_group();
      case '[':
        return character_class();
      case '\\':
        return escape();
      case '*':
      case '+':
      case '?':
      case '{':
        return quantifier();
      default:
        return put(code_point_text(TRY(next_code_point())), true), done();
    }
  }

  Status open_group() {
    if (groups_.size() >= group_depth_max)
      return fail(fmt::format("groups are nested deeper than {} levels", group_depth_max));
    ++at_;
    std::string opening = "(";
    bool repeatable = true;
    if (peek() == '?') {
      for (std::string_view kind : {"?:", "?=", "?!", "?<=", "?<!"}) {
        if (!take(kind)) continue;
        opening += kind;
        repeatable = kind == "?:";
        break;
      }
      if (opening == "(") {
        if (!take("?<"))
          return fail("after '(?' one of ':', '=', '!', '<=', '<!' or a group's name in '<>' is expected");
        opening += "?<" + TRY(group_name()) + ">";
      }
    }
    groups_.push_back(repeatable);
    put(opening, false);
    return done();
  }

  Result<std::string> group_name() {
    std::size_t start = at_;
    while (is_name_character(peek())) ++at_;
    std::string name(pattern_.substr(start, at_ - start));
    if (name.empty() || is_ecma_digit(name[0]) || peek() != '>')
      return fail("a group's name must be an identifier, ended by '>'");
    ++at_;
    return name;
  }

  Status close_group() {
    if (groups_.empty()) return fail("a ')' has no '('");
    ++at_;
    put(")", groups_.back());
    groups_.pop_back();
    return done();
  }

  Status quantifier() {
    std::string text;
    bool fixed = false;
    std::size_t start = at_;
    if (peek() != '{') {
      text = pattern_[at_++];
    } else {
      auto interval = TRY(read_interval(fixed));
      if (!interval) return ++at_, put("\\x{7b}", true), done();  // a brace that is no quantifier stands for itself
      text = *interval;
    }
    if (!repeatable_) {
      at_ = start;
      return fail("there is nothing to repeat before this quantifier");
    }
    bool lazy = take("?");
    put(text, false);
    if (lazy && !fixed) put("?", false);  // Oniguruma reads "{3}?" as "three times or not at all"
    return done();
  }

  Result<std::optional<std::string>> read_interval(bool& fixed) {
    std::size_t end = at_ + 1, comma = 0;
    for (; end < pattern_.size() && (is_ecma_digit(pattern_[end]) || (pattern_[end] == ',' && comma == 0)); ++end)
      if (pattern_[end] == ',') comma = end;
    if (end >= pattern_.size() || pattern_[end] != '}' || !is_ecma_digit(peek(1))) return std::optional<std::string>();
    std::uint32_t low = 0, high = 0;
    const char* text = pattern_.data();
    bool fits = std::from_chars(text + at_ + 1, text + end, low).ec == std::errc() && low <= 100'000;
    if (comma != 0 && comma + 1 < end)
      fits = fits && std::from_chars(text + comma + 1, text + end, high).ec == std::errc() && high <= 100'000;
    if (!fits) return fail("a repetition count is at most 100000");
    if (comma != 0 && comma + 1 < end && low > high) return fail("the counts of a repetition are in the wrong order");
    fixed = comma == 0;
    std::optional<std::string> interval(pattern_.substr(at_, end + 1 - at_));
    at_ = end + 1;
    return interval;
  }

  Status escape() {
    char kind = peek(1);
    if (kind == 'b') return at_ += 2, put(word_boundary, false), done();
    if (kind == 'B') return at_ += 2, put(no_word_boundary, false), done();
    if (kind >= '1' && kind <= '9') {
      ++at_;
      std::size_t start = at_;
      while (is_ecma_digit(peek())) ++at_;
      return put(fmt::format("\\k<{}>", pattern_.substr(start, at_ - start)), true), done();
    }
    if (kind == 'k') {
      at_ += 2;
      if (!take("<")) return fail("after '\\k' a group's name in '<>' is expected");
      return put("\\k<" + TRY(group_name()) + ">", true), done();
    }
    ClassAtom atom = TRY(escaped_atom(false));
    put(atom.code ? code_point_text(*atom.code) : "[" + atom.set + "]", true);
    return done();
  }

  Status character_class() {
    ++at_;
    bool negated = take("^");
    std::string content;
    while (peek() != ']' || at_ >= pattern_.size()) {
      if (at_ >= pattern_.size()) return fail("a '[' is not closed");
      ClassAtom first = TRY(class_atom());
      bool range = peek() == '-' && peek(1) != ']' && at_ + 1 < pattern_.size();
      if (!range || !first.code) {
        content += first.code ? code_point_text(*first.code) : first.set;
        continue;
      }
      ++at_;
      ClassAtom last = TRY(class_atom());
      if (last.code && *last.code < *first.code) return fail("the ends of a range are in the wrong order");
      content += code_point_text(*first.code);
      content += last.code ? "-" + code_point_text(*last.code) : "\\x{2d}" + last.set;
    }
    ++at_;
    if (content.empty())
      put(negated ? "[\\x{0}-\\x{10ffff}]" : "(?:(?!))", true);
    else
      put((negated ? "[^" : "[") + content + "]", true);
    return done();
  }

  Result<ClassAtom> class_atom() {
    if (peek() == '\\') return escaped_atom(true);
    return ClassAtom{TRY(next_code_point()), {}};
  }

  Result<ClassAtom> escaped_atom(bool in_class) {
    ++at_;
    if (at_ >= pattern_.size()) return fail("the pattern ends after a backslash");
    char c = peek();
    auto set = [this](std::string_view inside, bool negated) {
      ++at_;
      return ClassAtom{std::nullopt, negated ? fmt::format("[^{}]", inside) : std::string(inside)};
    };
    auto code = [this](std::uint32_t value, std::size_t length) {
      at_ += length;
      return ClassAtom{value, {}};
    };
    switch (c) {
      case 'd':
      case 'D':
        return set(digit_set, c == 'D');
      case 'w':
      case 'W':
        return set(word_set, c == 'W');
      case 's':
      case 'S':
        return set(space_set, c == 'S');
      case 't':
        return code('\t', 1);
      case 'n':
        return code('\n', 1);
      case 'v':
        return code('\v', 1);
      case 'f':
        return code('\f', 1);
      case 'r':
        return code('\r', 1);
      case 'c':
        if (!is_ecma_letter(peek(1))) return fail("after '\\c' a letter is expected");
        return code(static_cast<std::uint32_t>(peek(1)) & 31u, 2);
      case '0':
        if (is_ecma_digit(peek(1))) return fail("'\\0' must not be followed by a digit");
        return code(0, 1);
      case 'x':
        return ClassAtom{TRY(hexadecimal(1, 2)), {}};
      case 'u':
        return ClassAtom{TRY(unicode_escape()), {}};
      case 'p':
      case 'P':
        return property();
      case 'b':
        if (in_class) return code('\b', 1);
        break;
      default:
        break;
    }
    if (is_ecma_letter(c) || is_ecma_digit(c) || (c & 0x80) != 0 || static_cast<unsigned char>(c) < 0x20)
      return fail(
          fmt::format("'\\{}' is no escape of ECMA 262", pattern_.substr(at_, 1 + ((c & 0x80) != 0 ? 3u : 0u))));
    return code(static_cast<unsigned char>(c), 1);
  }

  // Exactly `count` digits from `skip` characters ahead.
  Result<std::uint32_t> hexadecimal(std::size_t skip, std::size_t count) {
    std::string_view digits = pattern_.substr(std::min(at_ + skip, pattern_.size()), count);
    std::uint32_t value = 0;
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    if (digits.size() != count || error != std::errc() || end != digits.data() + count)
      return fail(fmt::format("{} hexadecimal digits are expected", count));
    at_ += skip + count;
    return value;
  }

  Result<std::uint32_t> unicode_escape() {
    if (peek(1) == '{') {
      std::size_t close = pattern_.find('}', at_);
      if (close == std::string_view::npos || close - at_ < 3 || close - at_ > 10)
        return fail("one to six hexadecimal digits are expected in '\\u{}'");
      auto value = TRY(hexadecimal(2, close - at_ - 2));
      ++at_;
      if (value > 0x10FFFF) return fail("code points end at 10FFFF");
      return value;
    }
    auto high = TRY(hexadecimal(1, 4));
    if (high < 0xD800 || high > 0xDFFF) return high;
    if (high > 0xDBFF || peek() != '\\' || peek(1) != 'u') return fail("half of a surrogate pair matches nothing");
    auto low = TRY(hexadecimal(2, 4));
    if (low < 0xDC00 || low > 0xDFFF) return fail("half of a surrogate pair matches nothing");
    return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
  }

  // \p{L}, \p{Letter}, \p{Script=Greek}, \p{gc=Lu}. Oniguruma checks the name itself.
  Result<ClassAtom> property() {
    bool negated = peek() == 'P';
    std::size_t close = pattern_.find('}', at_);
    if (peek(1) != '{' || close == std::string_view::npos)
      return fail("after '\\p' the name of a property in braces is expected");
    std::string_view name = pattern_.substr(at_ + 2, close - at_ - 2);
    if (std::size_t equals = name.find('='); equals != std::string_view::npos) name = name.substr(equals + 1);
    for (char c : name)
      if (!is_ecma_letter(c) && !is_ecma_digit(c) && c != '_')
        return fail("the name of a property has letters, digits and '_' only");
    if (name.empty()) return fail("the name of a property is missing");
    at_ = close + 1;
    return ClassAtom{std::nullopt, fmt::format("\\{}{{{}}}", negated ? 'P' : 'p', name)};
  }

  // The text is known to be UTF-8.
  Result<std::uint32_t> next_code_point() {
    auto byte = [this](std::size_t ahead) {
      return static_cast<std::uint32_t>(static_cast<unsigned char>(peek(ahead)));
    };
    std::uint32_t lead = byte(0);
    std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (at_ + length > pattern_.size()) return fail("the pattern is not UTF-8");
    std::uint32_t code = length == 1 ? lead : lead & (0x7Fu >> length);
    for (std::size_t i = 1; i < length; ++i) code = (code << 6) | (byte(i) & 0x3F);
    at_ += length;
    return code;
  }

  std::string_view pattern_;
  std::size_t at_ = 0;
  std::string out_;
  bool repeatable_ = false;   // whether a quantifier may follow
  std::vector<bool> groups_;  // open groups: may the group be repeated
};

}  // namespace

Result<std::string> ecma_to_oniguruma(std::string_view pattern) {
  return EcmaTranslator(pattern).translate();
}

}  // namespace gantry
