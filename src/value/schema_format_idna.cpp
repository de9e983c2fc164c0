// IDNA 2008 for one label: permitted code points (RFC 5892), contextual rules (its appendix A), and the Bidi rule
// (RFC 5893). Unicode properties come from Oniguruma. Simplified: the tests for compatibility forms go by block, and
// the joining types of Arabic-like letters by script.
#include <algorithm>

#include "value/ecma_pattern.h"
#include "value/schema_format.h"
#include "value/utf8.h"

namespace gantry::json_schema {
namespace {

// A class of code points, as the inside of a bracket expression.
class CodePointClass {
 public:
  explicit CodePointClass(std::string_view set) : pattern_(EcmaPattern::compile("^[" + std::string(set) + "]$")) {}
  bool has(char32_t code) const {
    std::string text;
    append_utf8(text, static_cast<std::uint32_t>(code));
    return pattern_.ok() && pattern_->search(text) == EcmaPattern::Outcome::match;
  }

 private:
  Result<EcmaPattern> pattern_;
};

#define GANTRY_CODE_POINT_CLASS(name, set)    \
  bool name(char32_t code) {                  \
    static const CodePointClass members(set); \
    return members.has(code);                 \
  }
GANTRY_CODE_POINT_CLASS(is_letter_mark_digit, "\\p{Ll}\\p{Lo}\\p{Lm}\\p{Mn}\\p{Mc}\\p{Nd}")
GANTRY_CODE_POINT_CLASS(is_mark, "\\p{M}")
GANTRY_CODE_POINT_CLASS(is_non_spacing_mark, "\\p{Mn}\\p{Me}")
GANTRY_CODE_POINT_CLASS(is_greek, "\\p{Greek}")
GANTRY_CODE_POINT_CLASS(is_hebrew, "\\p{Hebrew}")
GANTRY_CODE_POINT_CLASS(is_japanese, "\\p{Hiragana}\\p{Katakana}\\p{Han}")
GANTRY_CODE_POINT_CLASS(is_right_to_left_script,
                        "\\p{Hebrew}\\p{Arabic}\\p{Syriac}\\p{Thaana}\\p{Nko}\\p{Samaritan}\\p{Mandaic}\\u{10800}-\\u{"
                        "10FFF}\\u{1E800}-\\u{1EFFF}")
GANTRY_CODE_POINT_CLASS(is_joining_script, "\\p{Arabic}\\p{Syriac}\\p{Nko}\\p{Mandaic}\\p{Mongolian}")
// Arabic letters that join to the right only, or not at all.
GANTRY_CODE_POINT_CLASS(is_not_left_joining,
                        "\\u0621-\\u0625\\u0627\\u0629\\u062F-\\u0632\\u0648\\u0671-\\u0677\\u0688-"
                        "\\u0699\\u06C0\\u06C3-\\u06CB\\u06CD\\u06CF\\u06D2\\u06D3\\u06D5\\u06EE\\u06EF")
GANTRY_CODE_POINT_CLASS(is_virama,
                        "\\u094D\\u09CD\\u0A4D\\u0ACD\\u0B4D\\u0BCD\\u0C4D\\u0CCD\\u0D3B\\u0D3C\\u0D4D\\u0DCA\\u0E3A\\u"
                        "0EBA\\u0F84\\u1039\\u103A\\u1714\\u1734\\u17D2"
                        "\\u1A60\\u1B44\\u1BAA\\u1BAB\\u1BF2\\u1BF3\\u2D7F\\uA806\\uA8C4\\uA953\\uA9C0\\uAAF6\\uABED\\u"
                        "{10A3F}\\u{11046}\\u{1107F}\\u{110B9}\\u{11133}"
                        "\\u{11134}\\u{111C0}\\u{11235}\\u{112EA}\\u{1134D}\\u{11442}\\u{114C2}\\u{115BF}\\u{1163F}\\u{"
                        "116B6}\\u{1172B}\\u{11839}")
// Exceptions of RFC 5892 (2.6), old Hangul jamo (2.9), and blocks of compatibility forms (unstable under NFKC, 2.2).
GANTRY_CODE_POINT_CLASS(is_disallowed,
                        "\\u0640\\u07FA\\u302E\\u302F\\u3031-\\u3035\\u303B\\u1100-\\u11FF\\uA960-\\uA97F\\uD7B0-"
                        "\\uD7FB\\u2100-\\u214F\\u3130-\\u318F\\uF900-\\uFAFF\\uFB00-\\uFDFF"
                        "\\uFE70-\\uFEFE\\uFF00-\\uFFEF\\u{1D400}-\\u{1D7FF}\\u{2F800}-\\u{2FA1F}\\u00AA\\u00B5\\u00BA")
#undef GANTRY_CODE_POINT_CLASS

bool is_arabic_indic_digit(char32_t code) {
  return code >= 0x660 && code <= 0x669;
}
bool is_extended_arabic_indic_digit(char32_t code) {
  return code >= 0x6F0 && code <= 0x6F9;
}
bool is_right_to_left_letter(char32_t code) {
  return code >= 0x590 && !is_arabic_indic_digit(code) && !is_extended_arabic_indic_digit(code) &&
         is_right_to_left_script(code) && !is_mark(code);
}

// Between a letter that joins to its left and one that joins to its right, marks aside.
bool joins_around(const std::u32string& label, std::size_t at) {
  std::size_t before = at, after = at + 1;
  while (before > 0 && is_mark(label[before - 1])) --before;
  while (after < label.size() && is_mark(label[after])) ++after;
  return before > 0 && after < label.size() && is_joining_script(label[before - 1]) &&
         !is_not_left_joining(label[before - 1]) && is_joining_script(label[after]);
}

bool contains_any(const std::u32string& label, bool (*wanted)(char32_t)) {
  return std::any_of(label.begin(), label.end(), wanted);
}

bool is_permitted(const std::u32string& label, std::size_t at) {
  char32_t code = label[at];
  char32_t before = at > 0 ? label[at - 1] : 0, after = at + 1 < label.size() ? label[at + 1] : 0;
  if (code < 0x80) return (code >= 'a' && code <= 'z') || (code >= '0' && code <= '9') || code == '-';
  switch (code) {
    case 0xB7:
      return before == 'l' && after == 'l';
    case 0x375:
      return after != 0 && is_greek(after);
    case 0x5F3:
    case 0x5F4:
      return before != 0 && is_hebrew(before);
    case 0x30FB:
      return contains_any(label, is_japanese);
    case 0x200C:
      return before != 0 && (is_virama(before) || joins_around(label, at));
    case 0x200D:
      return before != 0 && is_virama(before);
    case 0x6FD:
    case 0x6FE:
    case 0xF0B:
    case 0x3007:
      return true;
    default:
      break;
  }
  if (is_arabic_indic_digit(code)) return !contains_any(label, is_extended_arabic_indic_digit);
  if (is_extended_arabic_indic_digit(code)) return !contains_any(label, is_arabic_indic_digit);
  return !is_disallowed(code) && is_letter_mark_digit(code);
}

bool follows_bidi_rule(const std::u32string& label) {
  auto european_digit = [](char32_t c) { return (c >= '0' && c <= '9') || is_extended_arabic_indic_digit(c); };
  auto neutral = [](char32_t c) { return c == '-' || c == 0xB7 || c == 0x30FB || is_non_spacing_mark(c); };
  char32_t first = label[0];
  std::size_t end = label.size();
  while (end > 1 && is_non_spacing_mark(label[end - 1])) --end;
  char32_t last = label[end - 1];
  if (european_digit(first) || is_arabic_indic_digit(first) || neutral(first)) return false;
  if (!is_right_to_left_letter(first))
    return std::none_of(label.begin(), label.end(),
                        [](char32_t c) { return is_right_to_left_letter(c) || is_arabic_indic_digit(c); }) &&
           !neutral(last);
  bool european = contains_any(label, european_digit), arabic = contains_any(label, is_arabic_indic_digit);
  bool only_right_to_left = std::all_of(label.begin(), label.end(), [&](char32_t c) {
    return is_right_to_left_letter(c) || european_digit(c) || is_arabic_indic_digit(c) || neutral(c) || c == 0x200C ||
           c == 0x200D;
  });
  bool good_end = is_right_to_left_letter(last) || european_digit(last) || is_arabic_indic_digit(last);
  return only_right_to_left && good_end && !(european && arabic);
}

}  // namespace

bool has_right_to_left(const std::u32string& label) {
  return std::any_of(label.begin(), label.end(),
                     [](char32_t code) { return is_right_to_left_letter(code) || is_arabic_indic_digit(code); });
}

bool is_unicode_label(const std::u32string& label, bool in_bidi_name) {
  if (label.empty() || label.front() == '-' || label.back() == '-' || is_mark(label.front())) return false;
  bool ascii = std::all_of(label.begin(), label.end(), [](char32_t code) { return code < 0x80; });
  if (!ascii) {
    if (label.size() >= 4 && label[2] == '-' && label[3] == '-') return false;
    for (std::size_t i = 0; i < label.size(); ++i)
      if (!is_permitted(label, i)) return false;
  }
  return !in_bidi_name || follows_bidi_rule(label);
}

}  // namespace gantry::json_schema
