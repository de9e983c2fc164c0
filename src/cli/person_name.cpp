#include "cli/person_name.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "gate/unicode_library.h"
#include "value/utf8.h"

namespace gantry::cli {
namespace {

constexpr std::size_t person_bytes_max = 200;

Error wrong_name(const std::string& option, const std::string& name, std::string_view why) {
  return {Code::invalid_argument,
          fmt::format("{}: '{}' {}", option, repaired_utf8(std::string_view(name).substr(0, 100)), why)};
}

bool is_invisible(std::uint32_t code) {
  const auto character = static_cast<UChar32>(code);
  return unicode().u_isISOControl(character) || unicode().u_charType(character) == U_FORMAT_CHAR ||
         unicode().u_charType(character) == U_LINE_SEPARATOR ||
         unicode().u_charType(character) == U_PARAGRAPH_SEPARATOR ||
         unicode().u_hasBinaryProperty(character, UCHAR_DEFAULT_IGNORABLE_CODE_POINT);
}

// `fill(buffer, size, error)` says how long its text is; where that is longer, it is asked again with as much room.
template <class Character, class Fill>
std::optional<std::basic_string<Character>> filled(std::size_t expected, const Fill& fill) {
  std::basic_string<Character> text(expected, Character());
  UErrorCode error = U_ZERO_ERROR;
  int32_t length = fill(text.data(), static_cast<int32_t>(text.size()), &error);
  if (error == U_BUFFER_OVERFLOW_ERROR) {
    text.resize(static_cast<std::size_t>(length));
    error = U_ZERO_ERROR;
    length = fill(text.data(), static_cast<int32_t>(text.size()), &error);
  }
  if (U_FAILURE(error)) return std::nullopt;
  text.resize(static_cast<std::size_t>(length));
  return text;
}

// In full Unicode case folding; what can't be folded stays as it is.
std::string folded_case(const std::string& text) {
  const auto wide = filled<UChar>(text.size(), [&](UChar* buffer, int32_t size, UErrorCode* error) {
    int32_t length = 0;
    unicode().u_strFromUTF8WithSub(buffer, size, &length, text.data(), static_cast<int32_t>(text.size()), 0xFFFD,
                                   nullptr, error);
    return length;
  });
  if (!wide) return text;
  const auto folded = filled<UChar>(wide->size(), [&](UChar* buffer, int32_t size, UErrorCode* error) {
    return unicode().u_strFoldCase(buffer, size, wide->data(), static_cast<int32_t>(wide->size()), U_FOLD_CASE_DEFAULT,
                                   error);
  });
  if (!folded) return text;
  return filled<char>(3 * folded->size(),
                      [&](char* buffer, int32_t size, UErrorCode* error) {
                        int32_t length = 0;
                        unicode().u_strToUTF8WithSub(buffer, size, &length, folded->data(),
                                                     static_cast<int32_t>(folded->size()), 0xFFFD, nullptr, error);
                        return length;
                      })
      .value_or(text);
}

std::string look_of(const std::string& name) {
  struct Close {
    void operator()(USpoofChecker* checker) const { look_alikes().uspoof_close(checker); }
  };
  const std::string folded = folded_case(name);
  UErrorCode error = U_ZERO_ERROR;
  const std::unique_ptr<USpoofChecker, Close> checker(look_alikes().uspoof_open(&error));
  if (U_FAILURE(error)) return folded;
  const auto skeleton = filled<char>(2 * folded.size(), [&](char* buffer, int32_t size, UErrorCode* failure) {
    return look_alikes().uspoof_getSkeletonUTF8(checker.get(), 0, folded.data(), static_cast<int32_t>(folded.size()),
                                                buffer, size, failure);
  });
  return skeleton ? folded_case(*skeleton) : folded;
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
  if (unicode().u_isUWhiteSpace(static_cast<UChar32>(first)) || unicode().u_isUWhiteSpace(static_cast<UChar32>(last)))
    return wrong_name(option, name, "begins or ends with a blank: it would be another person than the one without");
  return done();
}

Status check_role_name(const std::string& option, const std::string& name) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto is_part = [&](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-'; };
  if (!name.empty() && name.size() <= 63 && is_letter(name[0]) && std::all_of(name.begin(), name.end(), is_part))
    return done();
  return wrong_name(
      option, name,
      "is no role; expected letters, digits, '_' and '-', starting with a letter, at most 63, as policies write roles");
}

bool looks_like(const std::string& name, const std::string& other) {
  return name != other && look_of(name) == look_of(other);
}

}  // namespace gantry::cli
