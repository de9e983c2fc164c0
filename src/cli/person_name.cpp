#include "cli/person_name.h"

#include <fmt/format.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/uspoof.h>

#include <algorithm>
#include <memory>

#include "value/utf8.h"

namespace gantry::cli {
namespace {

constexpr std::size_t person_bytes_max = 200;

Error wrong_name(const std::string& option, const std::string& name, std::string_view why) {
  return {Code::invalid_argument, fmt::format("{}: '{}' {}", option, repaired_utf8(std::string_view(name).substr(0, 100)), why)};
}

bool is_invisible(std::uint32_t code) {
  const auto character = static_cast<UChar32>(code);
  return u_isISOControl(character) || u_charType(character) == U_FORMAT_CHAR ||
         u_charType(character) == U_LINE_SEPARATOR || u_charType(character) == U_PARAGRAPH_SEPARATOR ||
         u_hasBinaryProperty(character, UCHAR_DEFAULT_IGNORABLE_CODE_POINT);
}

std::string look_of(const std::string& name) {
  struct Close {
    void operator()(USpoofChecker* checker) const { uspoof_close(checker); }
  };
  const icu::UnicodeString folded = icu::UnicodeString::fromUTF8(name).foldCase();
  UErrorCode error = U_ZERO_ERROR;
  const std::unique_ptr<USpoofChecker, Close> checker(uspoof_open(&error));
  icu::UnicodeString skeleton;
  if (U_SUCCESS(error)) uspoof_getSkeletonUnicodeString(checker.get(), 0, folded, skeleton, &error);
  std::string text;
  (U_SUCCESS(error) ? skeleton.foldCase() : folded).toUTF8String(text);
  return text;
}

}  // namespace

Status check_person_name(const std::string& option, const std::string& name) {
  if (name.empty() || name.size() > person_bytes_max)
    return wrong_name(option, name, fmt::format("has {} bytes; expected 1 to {}", name.size(), person_bytes_max));
  if (!is_valid_utf8(name)) return wrong_name(option, name, "is not UTF-8");
  std::uint32_t first = 0, last = 0;
  for (std::string_view rest = name; !rest.empty();) {
    last = take_character(rest);
    if (first == 0) first = last;
    if (is_invisible(last)) return wrong_name(option, name, "holds a control character, or one that nobody sees");
  }
  if (u_isUWhiteSpace(static_cast<UChar32>(first)) || u_isUWhiteSpace(static_cast<UChar32>(last)))
    return wrong_name(option, name, "begins or ends with a blank: it would be another person than the one without");
  return done();
}

Status check_role_name(const std::string& option, const std::string& name) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto is_part = [&](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-'; };
  if (!name.empty() && name.size() <= 63 && is_letter(name[0]) && std::all_of(name.begin(), name.end(), is_part)) return done();
  return wrong_name(option, name,
                    "is no role; expected letters, digits, '_' and '-', starting with a letter, at most 63, as policies write roles");
}

bool looks_like(const std::string& name, const std::string& other) {
  return name != other && look_of(name) == look_of(other);
}

}  // namespace gantry::cli
