// Grammar, numbers and places are ours: simdjson's tree can't hold integers beyond 64 bits, and its errors carry no
// place. simdjson checks the UTF-8, which is the part where vector instructions pay. The reader keeps its own stack, so
// no nesting of the input can overflow the thread's.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "value/json.h"
#include "value/number.h"
#include "value/utf8.h"

namespace gantry {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

class JsonReader {
 public:
  JsonReader(std::string_view text, const JsonOptions& options) : text_(text), options_(options) {}

  Result<Value> read() {
    if (text_.size() > options_.limits.bytes_max)
      return Error{Code::exhausted, fmt::format("the text has {} bytes; the limit is {} bytes", text_.size(),
                                                options_.limits.bytes_max)};
    if (auto bad = find_bad_utf8(text_)) {
      position_ = *bad;
      fail(fmt::format("expected UTF-8, found the byte 0x{:02x}", static_cast<unsigned char>(text_[position_])));
      return std::move(*error_);
    }
    if (text_.substr(0, 3) == byte_order_mark) position_ = 3;
    if (!read_document()) return std::move(*error_);
    return std::move(result_);
  }

 private:
  struct Container {
    bool object;
    std::size_t first;  // of its children in items_ or members_
  };

  bool fail(std::string_view message, Code code = Code::invalid_argument) {
    std::size_t line = 1, line_start = text_.substr(0, 3) == byte_order_mark ? 3 : 0;
    for (std::size_t i = 0; i < position_; ++i)
      if (text_[i] == '\n') ++line, line_start = i + 1;
    std::size_t column = position_ >= line_start ? position_ - line_start + 1 : 1;
    error_ = Error{code, fmt::format("{}:{}: {}", line, column, message)};
    return false;
  }

  bool fail_expected(std::string_view expected) {
    if (position_ >= text_.size()) return fail(fmt::format("expected {}, found the end of the text", expected));
    auto byte = static_cast<unsigned char>(text_[position_]);
    if (byte > 0x20 && byte < 0x7F) return fail(fmt::format("expected {}, found '{}'", expected, text_[position_]));
    return fail(fmt::format("expected {}, found the byte 0x{:02x}", expected, byte));
  }

  char peek() const { return position_ < text_.size() ? text_[position_] : '\0'; }

  void skip_space() {
    while (position_ < text_.size() && is_space(text_[position_])) ++position_;
  }

  bool read_document() {
    do {
      if (!read_value()) return false;
    } while (!containers_.empty());
    skip_space();
    return position_ == text_.size() || fail_expected("the end of the text after the value");
  }

  // Reads one scalar with all closing brackets after it up to the next value, or opens one container.
  bool read_value() {
    skip_space();
    if (++nodes_ > options_.limits.nodes_max)
      return fail(fmt::format("more than {} values, which is the limit", options_.limits.nodes_max), Code::exhausted);
    switch (peek()) {
      case '{':
        return open(true);
      case '[':
        return open(false);
      case '"': {
        std::string_view text;
        return read_string(text) && finish(Value(text));
      }
      case 't':
        return read_word("true", Value(true));
      case 'f':
        return read_word("false", Value(false));
      case 'n':
        return read_word("null", Value());
      default:
        return read_number();
    }
  }

  bool open(bool object) {
    if (containers_.size() >= options_.limits.depth_max)
      return fail(fmt::format("nested deeper than {} levels, which is the limit", options_.limits.depth_max),
                  Code::exhausted);
    ++position_;
    containers_.push_back({object, object ? members_.size() : items_.size()});
    skip_space();
    if (peek() == (object ? '}' : ']')) {
      ++position_;
      return finish(close());
    }
    return !object || read_key();
  }

  // Hands a complete value to the container around it, and closes as many containers as end here.
  bool finish(Value value) {
    while (true) {
      if (containers_.empty()) {
        result_ = std::move(value);
        return true;
      }
      bool object = containers_.back().object;
      if (object)
        members_.back().value = std::move(value);
      else
        items_.push_back(std::move(value));
      skip_space();
      char next = peek();
      if (next == ',') {
        ++position_;
        return !object || read_key();
      }
      if (next != (object ? '}' : ']'))
        return fail_expected(object ? "',' or '}' after a member" : "',' or ']' after an item");
      ++position_;
      if (object && options_.refuse_duplicate_keys && !check_duplicates()) return false;
      value = close();
    }
  }

  Value close() {
    auto [object, first] = containers_.back();
    containers_.pop_back();
    if (object) {
      auto from = members_.begin() + static_cast<std::ptrdiff_t>(first);
      std::vector<Member> members(std::make_move_iterator(from), std::make_move_iterator(members_.end()));
      members_.erase(from, members_.end());
      if (options_.refuse_duplicate_keys) key_positions_.resize(first);
      return Value::object(std::move(members));
    }
    auto from = items_.begin() + static_cast<std::ptrdiff_t>(first);
    std::vector<Value> items(std::make_move_iterator(from), std::make_move_iterator(items_.end()));
    items_.erase(from, items_.end());
    return Value::array(std::move(items));
  }

  bool check_duplicates() {
    std::size_t first = containers_.back().first;
    std::vector<std::size_t> order(members_.size() - first);
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = first + i;
    std::stable_sort(order.begin(), order.end(),
                     [this](std::size_t a, std::size_t b) { return members_[a].key.view() < members_[b].key.view(); });
    for (std::size_t i = 1; i < order.size(); ++i) {
      if (members_[order[i - 1]].key.view() != members_[order[i]].key.view()) continue;
      position_ = key_positions_[order[i]];
      return fail(
          fmt::format("the key '{}' appears twice in this object", members_[order[i]].key.view().substr(0, 60)));
    }
    return true;
  }

  bool read_key() {
    skip_space();
    if (peek() != '"') return fail_expected("a string as key");
    if (options_.refuse_duplicate_keys) key_positions_.push_back(position_);
    std::string_view key;
    if (!read_string(key)) return false;
    members_.push_back({shared_key(key), Value()});
    skip_space();
    if (peek() != ':') return fail_expected("':' after the key");
    ++position_;
    return true;
  }

  // Records repeat their keys, so equal short keys share one string.
  Text shared_key(std::string_view key) {
    if (key.empty() || key.size() > 40) return Text(key);
    auto first = static_cast<unsigned char>(key.front()), last = static_cast<unsigned char>(key.back());
    auto middle = static_cast<unsigned char>(key[key.size() / 2]);
    std::optional<Text>& slot = keys_[(key.size() * 31 + first * 7u + last * 3u + middle) % keys_.size()];
    if (!slot || slot->view() != key) slot.emplace(key);
    return *slot;
  }

  bool read_word(std::string_view word, Value value) {
    if (text_.substr(position_, word.size()) != word)
      return fail_expected("a value (true, false and null are written out)");
    position_ += word.size();
    return finish(std::move(value));
  }

  bool read_number() {
    std::size_t start = position_;
    if (peek() == '-') ++position_;
    if (!is_digit(peek())) return fail_expected(position_ == start ? "a value" : "a digit after '-'");
    bool leading_zero = peek() == '0';
    std::size_t digits = position_;
    skip_digits();
    if (leading_zero && position_ - digits > 1) {
      position_ = start;
      return fail("expected a number without leading zeros");
    }
    if (peek() == '.') {
      ++position_;
      if (!is_digit(peek())) return fail_expected("a digit after the decimal point");
      skip_digits();
    }
    if (peek() == 'e' || peek() == 'E') {
      ++position_;
      if (peek() == '+' || peek() == '-') ++position_;
      if (!is_digit(peek())) return fail_expected("a digit in the exponent");
      skip_digits();
    }
    return finish(number_from_literal(text_.substr(start, position_ - start)));
  }

  void skip_digits() {
    while (is_digit(peek())) ++position_;
  }

  // The text of the string at the quote; a view into the document, or into scratch_ when there are escapes.
  bool read_string(std::string_view& text) {
    std::size_t start = ++position_;
    skip_plain();
    if (peek() == '"' && position_ < text_.size()) {
      text = text_.substr(start, position_ - start);
      ++position_;
      return true;
    }
    scratch_.assign(text_.substr(start, position_ - start));
    while (position_ < text_.size()) {
      char c = text_[position_];
      if (c == '"') {
        ++position_;
        text = scratch_;
        return true;
      }
      if (c != '\\') return fail_expected("control characters escaped (for example \\n) inside a string");
      if (!read_escape()) return false;
      start = position_;
      skip_plain();
      scratch_.append(text_.substr(start, position_ - start));
    }
    return fail_expected("'\"' at the end of the string");
  }

  // Moves to the next quote, backslash or control character; eight bytes at a time (Mycroft's test for a zero byte).
  void skip_plain() {
    constexpr std::uint64_t ones = 0x0101010101010101ULL, highs = 0x8080808080808080ULL;
    for (; position_ + 8 <= text_.size(); position_ += 8) {
      std::uint64_t word;
      std::memcpy(&word, text_.data() + position_, 8);
      std::uint64_t quote = word ^ (ones * '"'), backslash = word ^ (ones * '\\');
      if ((((quote - ones) & ~quote) | ((backslash - ones) & ~backslash) | ((word - ones * 0x20) & ~word)) & highs)
        break;
    }
    while (position_ < text_.size()) {
      auto byte = static_cast<unsigned char>(text_[position_]);
      if (byte < 0x20 || byte == '"' || byte == '\\') return;
      ++position_;
    }
  }

  bool read_escape() {
    ++position_;
    char c = peek();
    static constexpr std::string_view letters = "\"\\/bfnrt", meanings = "\"\\/\b\f\n\r\t";
    if (std::size_t at = letters.find(c); at != std::string_view::npos && c != '\0') {
      scratch_.push_back(meanings[at]);
      ++position_;
      return true;
    }
    if (c != 'u') return fail_expected("one of \"\\/bfnrtu after a backslash");
    ++position_;
    std::uint32_t code = 0;
    if (!read_hex4(code)) return false;
    if (code >= 0xDC00 && code <= 0xDFFF) return fail("expected a high surrogate before this low surrogate \\u escape");
    if (code >= 0xD800 && code <= 0xDBFF) {
      std::uint32_t low = 0;
      if (text_.substr(position_, 2) != "\\u")
        return fail_expected("the \\u escape of a low surrogate after a high surrogate");
      position_ += 2;
      if (!read_hex4(low)) return false;
      if (low < 0xDC00 || low > 0xDFFF)
        return fail("expected a low surrogate (\\udc00 to \\udfff) after a high surrogate");
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    append_utf8(scratch_, code);
    return true;
  }

  bool read_hex4(std::uint32_t& code) {
    code = 0;
    for (int i = 0; i < 4; ++i, ++position_) {
      int digit = hexadecimal_digit(peek());
      if (digit < 0) return fail_expected("four hexadecimal digits after \\u");
      code = code * 16 + static_cast<std::uint32_t>(digit);
    }
    return true;
  }

  std::string_view text_;
  const JsonOptions& options_;
  std::size_t position_ = 0;
  std::size_t nodes_ = 0;
  std::vector<Container> containers_;
  // Children of all open containers, the innermost last.
  std::vector<Value> items_;
  std::vector<Member> members_;
  std::vector<std::size_t> key_positions_;  // beside members_, only when duplicates are refused
  std::array<std::optional<Text>, 64> keys_;
  std::string scratch_;
  Value result_;
  std::optional<Error> error_;
};

}  // namespace

Result<Value> parse_json(std::string_view text, const JsonOptions& options) {
  return JsonReader(text, options).read();
}

}  // namespace gantry
