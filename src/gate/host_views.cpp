#include "gate/host_views.h"

#include <unicode/utf16.h>

#include <array>

#include "gate/unicode_library.h"
#include "value/utf8.h"

namespace gantry::gate {
namespace {

bool is_ideographic_stop(UChar32 code) {
  return code == 0x3002 || code == 0xFF61;
}

// What it stands for by NFKC; empty: itself.
std::u16string_view compatible_form(UChar32 code, std::array<UChar, 32>& buffer) {
  static const UNormalizer2* const compatible = [] {
    UErrorCode error = U_ZERO_ERROR;
    return unicode().unorm2_getNFKCInstance(&error);
  }();
  UErrorCode error = U_ZERO_ERROR;
  const int32_t length =
      unicode().unorm2_getDecomposition(compatible, code, buffer.data(), static_cast<int32_t>(buffer.size()), &error);
  if (U_FAILURE(error) || length < 0) return {};
  return {buffer.data(), static_cast<std::size_t>(length)};
}

// The ASCII character that it stands for; 0: for none, or for several.
char ascii_meant(UChar32 code) {
  if (is_ideographic_stop(code)) return '.';
  std::array<UChar, 32> buffer{};
  const std::u16string_view form = compatible_form(code, buffer);
  return form.size() == 1 && form[0] > ' ' && form[0] < 0x7F ? static_cast<char>(form[0]) : '\0';
}

bool is_ascii_byte(char c) {
  return static_cast<unsigned char>(c) < 0x80;
}

bool is_letter_or_mark(UChar32 code) {
  return (category_mask(code) & (U_GC_L_MASK | U_GC_M_MASK)) != 0;
}

// Also in the form that programs bring it into: U+140 becomes an l and a dot. Digits of other scripts stand in names of
// these, beside which a Latin host is read by itself.
bool is_part_of_names(UChar32 code) {
  if (unicode().u_hasBinaryProperty(code, UCHAR_DEFAULT_IGNORABLE_CODE_POINT) != 0) return true;
  if (unicode().u_isdigit(code) != 0) return ascii_meant(code) != '\0';
  if (!is_letter_or_mark(code)) return false;
  std::array<UChar, 32> buffer{};
  const std::u16string_view form = compatible_form(code, buffer);
  for (std::size_t at = 0; at < form.size();) {
    UChar32 part = 0;
    U16_NEXT(form.data(), at, form.size(), part);
    if (!is_letter_or_mark(part) && unicode().u_isdigit(part) == 0) return false;
  }
  return true;
}

// Calls `change(code, written_before)` for every character beyond ASCII; it gives what to write for it, 0: itself.
template <typename Change>
std::string changed(std::string_view text, Change change) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    if (is_ascii_byte(text.front())) {
      out += text.front();
      text.remove_prefix(1);
      continue;
    }
    const std::string_view before = text;
    const auto code = static_cast<UChar32>(take_character(text));
    const char written = change(code, std::string_view(out));
    if (written != '\0')
      out += written;
    else
      out.append(before.substr(0, before.size() - text.size()));
  }
  return out;
}

enum class Writing { spaced, without_blanks, either };

// Latin, Greek, Cyrillic and the like may be mixed with digits and one another within a name.
Writing writing_of(UChar32 code) {
  if ((code >= 'a' && code <= 'z') || (code >= 'A' && code <= 'Z') || (code >= '0' && code <= '9'))
    return Writing::spaced;
  if (code < 0x80) return Writing::either;
  UErrorCode error = U_ZERO_ERROR;
  const UScriptCode script = unicode().uscript_getScript(code, &error);
  if (script == USCRIPT_COMMON || script == USCRIPT_INHERITED) return Writing::either;
  if (script == USCRIPT_HANGUL || unicode().uscript_breaksBetweenLetters(script)) return Writing::without_blanks;
  return Writing::spaced;
}

}  // namespace

std::string with_ascii_meant(std::string_view text) {
  return changed(text, [](UChar32 code, std::string_view) { return ascii_meant(code); });
}

std::string with_words_apart(std::string_view text) {
  return changed(text, [](UChar32 code, std::string_view before) {
    // A mark belongs to what it stands on.
    const bool is_loose = (category_mask(code) & U_GC_M_MASK) != 0 && (before.empty() || before.back() == ' ');
    if (is_part_of_names(code) && !is_loose) return '\0';
    const char meant = ascii_meant(code);
    return meant == '.' || meant == '@' ? meant : ' ';
  });
}

std::size_t script_run(std::string_view text) {
  Writing found = Writing::either;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::string_view before = rest;
    const Writing writing = writing_of(static_cast<UChar32>(take_character(rest)));
    if (writing == Writing::either) continue;
    if (found != Writing::either && writing != found) return text.size() - before.size();
    found = writing;
  }
  return text.size();
}

bool is_all_letters(std::string_view text) {
  if (text.empty()) return false;
  while (!text.empty())
    if (!is_letter_or_mark(static_cast<UChar32>(take_character(text)))) return false;
  return true;
}

}  // namespace gantry::gate
