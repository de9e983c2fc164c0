#include "gate/canonical_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "gate/unicode_library.h"
#include "value/utf8.h"

namespace gantry::gate {
namespace {

constexpr std::size_t normalised_bytes_max = 1u << 20;

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

std::u16string to_utf16(std::string_view text) {
  std::u16string wide(text.size(), u'\0');
  int32_t length = 0;
  UErrorCode error = U_ZERO_ERROR;
  unicode().u_strFromUTF8WithSub(wide.data(), static_cast<int32_t>(wide.size()), &length, text.data(),
                                 static_cast<int32_t>(text.size()), 0xFFFD, nullptr, &error);
  wide.resize(U_SUCCESS(error) ? static_cast<std::size_t>(length) : 0);
  return wide;
}

std::string to_utf8(const char16_t* wide, int32_t size) {
  std::string text(static_cast<std::size_t>(size) * 3, '\0');
  int32_t length = 0;
  UErrorCode error = U_ZERO_ERROR;
  unicode().u_strToUTF8WithSub(text.data(), static_cast<int32_t>(text.size()), &length, wide, size, 0xFFFD, nullptr,
                               &error);
  text.resize(U_SUCCESS(error) ? static_cast<std::size_t>(length) : 0);
  return text;
}

using Normaliser = const UNormalizer2* (*UnicodeLibrary::*)(UErrorCode*);  // ASCII does not need the library

std::string normalised(std::string_view text, Normaliser form) {
  if (is_ascii(text) || text.size() > normalised_bytes_max) return std::string(text);
  UErrorCode error = U_ZERO_ERROR;
  const UNormalizer2* normaliser = (unicode().*form)(&error);
  const std::u16string wide = to_utf16(text);
  std::u16string out(wide.size() * 4 + 16, u'\0');
  const int32_t length = unicode().unorm2_normalize(normaliser, wide.data(), static_cast<int32_t>(wide.size()),
                                                    out.data(), static_cast<int32_t>(out.size()), &error);
  return U_SUCCESS(error) ? to_utf8(out.data(), length) : std::string(text);
}

// The letters of a word in another case are other bytes; ASCII's are enough for what is compared without case.
std::string lower_ascii(std::string_view text) {
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return lower;
}

bool is_hidden(std::uint32_t code) {
  if (code == '\t' || code == '\n' || code == '\r') return false;
  constexpr std::uint32_t blank_pattern = 0x2800;  // braille without dots: no blank to Unicode, one to the eye
  constexpr std::uint32_t kinds = U_GC_CC_MASK | U_GC_CF_MASK | U_GC_ZL_MASK | U_GC_ZP_MASK;
  const auto character = static_cast<UChar32>(code);
  return code == blank_pattern || (category_mask(character) & kinds) != 0 ||
         unicode().u_hasBinaryProperty(character, UCHAR_DEFAULT_IGNORABLE_CODE_POINT) != 0;
}

// Blanks of all kinds; the line break of a request is no other word separator than its blank.
std::size_t blank_at(std::string_view text) {
  const auto byte = static_cast<unsigned char>(text.front());
  if (byte == ' ' || (byte >= 9 && byte <= 13)) return 1;
  if (text.starts_with("\xC2\xA0")) return 2;             // no-break space
  if (text.starts_with("\xE2\x80") && text.size() > 2) {  // U+2000 to U+200A, U+202F
    const auto last = static_cast<unsigned char>(text[2]);
    if ((last >= 0x80 && last <= 0x8A) || last == 0xAF) return 3;
  }
  return text.starts_with("\xE3\x80\x80") ? 3 : 0;  // ideographic space
}

bool is_word_byte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x80 || (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z');
}

}  // namespace

const char* name_of(Shape shape) {
  constexpr std::array names{"text", "url", "host", "mail", "iban", "number", "date", "boolean", "null", "link"};
  return names[static_cast<std::size_t>(shape)];
}

namespace {

// What most texts are: no byte that normal_text() would change.
bool is_normal_ascii(std::string_view text) {
  bool after_blank = true;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80 || (byte >= 9 && byte <= 13) || (byte == ' ' && after_blank)) return false;
    after_blank = byte == ' ';
  }
  return text.empty() || !after_blank;
}

}  // namespace

std::string normal_text(std::string_view text) {
  if (is_normal_ascii(text)) return std::string(text);
  const std::string normal = normalised(text, &UnicodeLibrary::unorm2_getNFCInstance);
  std::string_view rest = normal;
  std::string out;
  out.reserve(rest.size());
  while (!rest.empty()) {
    if (const std::size_t blank = blank_at(rest)) {
      if (!out.empty() && out.back() != ' ') out.push_back(' ');
      rest.remove_prefix(blank);
    } else {
      out.push_back(rest.front());
      rest.remove_prefix(1);
    }
  }
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

std::string folded_text(std::string_view text) {
  return lower_ascii(normalised(text, &UnicodeLibrary::unorm2_getNFKCCasefoldInstance));
}

std::string skeleton_of(std::string_view text) {
  static const USpoofChecker* checker = [] {
    UErrorCode error = U_ZERO_ERROR;
    USpoofChecker* opened = look_alikes().uspoof_open(&error);
    return U_SUCCESS(error) ? opened : nullptr;
  }();
  const std::string lower = lower_ascii(text);
  if (checker == nullptr || text.size() > 4096) return lower;
  std::string out(lower.size() * 8 + 64, '\0');
  UErrorCode error = U_ZERO_ERROR;
  const int32_t length =
      look_alikes().uspoof_getSkeletonUTF8(checker, 0, lower.data(), static_cast<int32_t>(lower.size()), out.data(),
                                           static_cast<int32_t>(out.size()), &error);
  if (U_FAILURE(error)) return lower;
  out.resize(static_cast<std::size_t>(length));
  return lower_ascii(out);
}

std::string canonical_host(std::string_view host) {
  std::string lower = folded_text(host);
  for (const std::string_view stop : {"\xE3\x80\x82", "\xEF\xBC\x8E", "\xEF\xBD\xA1"})
    for (std::size_t at = lower.find(stop); at != std::string::npos; at = lower.find(stop)) lower.replace(at, 3, ".");
  while (!lower.empty() && lower.back() == '.') lower.pop_back();
  return lower;
}

std::vector<std::string> hidden_characters(std::string_view text) {
  std::set<std::uint32_t> found;
  while (!text.empty()) {
    const auto byte = static_cast<unsigned char>(text.front());
    if (byte >= 0x20 && byte < 0x7F) {
      text.remove_prefix(1);
      continue;
    }
    const std::uint32_t code = take_character(text);
    if (is_hidden(code)) found.insert(code);
    if (found.size() > 32) break;
  }
  std::vector<std::string> names;
  for (const std::uint32_t code : found) names.push_back(fmt::format("U+{:04X}", code));
  return names;
}

bool looks_as_it_is(std::string_view text) {
  if (text.empty()) return true;
  std::size_t last = text.size() - 1;
  while (last > 0 && (static_cast<unsigned char>(text[last]) & 0xC0) == 0x80) --last;
  if (blank_at(text) != 0 || blank_at(text.substr(last)) != 0) return false;
  return text.find_first_of("\t\n\r") == std::string_view::npos && hidden_characters(text).empty();
}

namespace {

// What holds the parts of a name together, as in paths, hosts, versions and numbers of orders.
bool joins_names(char c) {
  return std::string_view("-_.:/\\@#+%&=~$*").find(c) != std::string_view::npos;
}

// Whether a name ends with the byte at `at`, seen from the inside: blanks, quotes and brackets, and the punctuation of
// a sentence.
bool ends_name(std::string_view whole, std::size_t at) {
  return at >= whole.size() || std::string_view(" \"'`()[]{}<>,;.:!?|").find(whole[at]) != std::string_view::npos;
}

bool goes_on_before(std::string_view whole, std::size_t at, char first) {
  if (at == 0) return false;
  const char before = whole[at - 1];
  if (is_word_byte(before) && is_word_byte(first)) return true;
  if (!joins_names(before)) return false;
  if (at > 1 && !ends_name(whole, at - 2)) return true;
  // "/etc" and ".profile" are other names than "etc" and "profile"; "#4711", "@bob" and "$5" are what stands behind the
  // sign.
  return std::string_view("/\\~._*").find(before) != std::string_view::npos && first != before;
}

bool goes_on_behind(std::string_view whole, std::size_t end, char last) {
  if (end == whole.size()) return false;
  if (is_word_byte(whole[end]) && is_word_byte(last)) return true;
  // "db/" is "db", and "file." the end of a sentence.
  return joins_names(whole[end]) && !ends_name(whole, end + 1);
}

}  // namespace

bool contains_words(std::string_view whole, std::string_view part) {
  return word_place(whole, part, 0) != std::string_view::npos;
}

std::size_t word_place(std::string_view whole, std::string_view part, std::size_t from) {
  if (part.empty()) return std::string_view::npos;
  for (std::size_t at = whole.find(part, from); at != std::string_view::npos; at = whole.find(part, at + 1))
    if (!goes_on_before(whole, at, part.front()) && !goes_on_behind(whole, at + part.size(), part.back())) return at;
  return std::string_view::npos;
}

}  // namespace gantry::gate
