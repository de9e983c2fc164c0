#include "gate/echo_form.h"

#include <algorithm>

#include "gate/canonical_text.h"
#include "gate/html_references.h"
#include "gate/unicode_library.h"
#include "gate/written_forms.h"
#include "value/utf8.h"

namespace gantry::gate {
namespace {

using written::is_digit;
using written::is_letter;

constexpr int decodings_max = 4;
constexpr std::size_t digits_in_word_min = 4;  // "EUR1250", and not "7a"

// Characters for the escape at the start of the text; its length, 0: there is none.
class Decoder {
 public:
  explicit Decoder(std::string_view text) : text_(text) {}

  std::string decode() {
    out_.reserve(text_.size());
    while (at_ < text_.size())
      if (!take_percent() && !take_reference() && !take_escape()) out_ += text_[at_++];
    return repaired_utf8(out_);
  }

 private:
  int digit(std::size_t by) const { return at_ + by < text_.size() ? hexadecimal_digit(text_[at_ + by]) : -1; }

  bool take_percent() {
    if (text_[at_] != '%' || digit(1) < 0 || digit(2) < 0) return false;
    out_ += static_cast<char>(digit(1) * 16 + digit(2));
    at_ += 3;
    return true;
  }

  bool take_reference() { return take_html_reference(text_, at_, out_); }

  std::optional<std::uint32_t> unit(std::size_t by) const {
    if (at_ + by + 5 >= text_.size() || text_[at_ + by] != '\\' || (text_[at_ + by + 1] | 0x20) != 'u')
      return std::nullopt;
    std::uint32_t code = 0;
    for (std::size_t i = by + 2; i < by + 6; ++i) {
      if (digit(i) < 0) return std::nullopt;
      code = code * 16 + static_cast<std::uint32_t>(digit(i));
    }
    return code;
  }

  // "\u0040", "\n", "\/": of JSON, and of languages like it.
  bool take_escape() {
    if (text_[at_] != '\\' || at_ + 1 >= text_.size()) return false;
    if (const auto first = unit(0)) {
      const auto second = unit(6);
      const bool is_pair = *first >= 0xD800 && *first < 0xDC00 && second && *second >= 0xDC00 && *second < 0xE000;
      append_character(out_, is_pair ? 0x10000 + ((*first - 0xD800) << 10) + (*second - 0xDC00) : *first);
      at_ += is_pair ? 12 : 6;
      return true;
    }
    const char next = text_[at_ + 1];
    if (std::string_view("nrtbf").find(next) != std::string_view::npos)
      out_ += ' ';
    else if (std::string_view("\"\\/'").find(next) != std::string_view::npos)
      out_ += next;
    else
      return false;
    at_ += 2;
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string out_;
};

std::string decoded(std::string_view text) {
  std::string out(text);
  for (int round = 0; round < decodings_max && out.find_first_of("%&\\") != std::string::npos; ++round) {
    std::string next = Decoder(out).decode();
    if (next == out) break;
    out = std::move(next);
  }
  return out;
}

std::string folded_text_of(std::string_view text) {
  const bool as_it_is = std::none_of(text.begin(), text.end(),
                                     [](char c) { return written::is_wide(c) || c == '%' || c == '&' || c == '\\'; });
  return as_it_is ? written::lower(text) : folded_text(decoded(text));
}

bool is_letter_or_digit(std::uint32_t code) {
  constexpr std::uint32_t kinds = U_GC_L_MASK | U_GC_M_MASK | U_GC_N_MASK;
  return (category_mask(static_cast<UChar32>(code)) & kinds) != 0;
}

}  // namespace

EchoForm echo_form_of(std::string_view text) {
  EchoForm form;
  form.text = folded_text_of(text);
  form.letters.reserve(form.text.size());
  form.begins.reserve(form.text.size());
  bool begins = true;
  for (std::string_view rest = form.text; !rest.empty();) {
    const char c = rest.front();
    const std::size_t length = written::is_wide(c) ? character_length(rest) : 1;
    const std::string_view character = rest.substr(0, length);
    std::string_view peeked = rest;
    rest.remove_prefix(length);
    const bool kept = written::is_wide(c) ? is_letter_or_digit(take_character(peeked)) : is_letter(c) || is_digit(c);
    if (kept) {
      form.begins.push_back(begins ? 1 : 0);
      form.begins.append(length - 1, 0);
      form.letters += character;
      begins = false;
      continue;
    }
    const bool in_number = (c == '.' || c == ',' || c == '\'') && !begins && !form.letters.empty() &&
                           is_digit(form.letters.back()) && !rest.empty() && is_digit(rest.front());
    begins = !in_number;
  }
  return form;
}

std::vector<double> numbers_in(std::string_view text) {
  constexpr std::string_view parts = "0123456789.,'";
  std::vector<double> numbers;
  for (std::size_t at = text.find_first_of("0123456789"); at != std::string_view::npos;
       at = text.find_first_of("0123456789", at)) {
    const std::size_t end = std::min(text.find_first_not_of(parts, at), text.size());
    std::string_view run = text.substr(at, end - at);
    while (!is_digit(run.back())) run.remove_suffix(1);
    const bool in_word = (at > 0 && is_letter(text[at - 1])) || (end < text.size() && is_letter(text[end]));
    if (in_word && run.size() < digits_in_word_min) {
      at = end;
      continue;
    }
    if (at > 0 && text[at - 1] == '-') run = text.substr(at - 1, run.size() + 1);
    for (const written::WrittenNumber& number : written::numbers_of(run)) numbers.push_back(number.value);
    if (run.front() == '-')
      for (const written::WrittenNumber& number : written::numbers_of(run.substr(1))) numbers.push_back(number.value);
    at = end;
    if (at >= text.size()) break;
  }
  return numbers;
}

}  // namespace gantry::gate
