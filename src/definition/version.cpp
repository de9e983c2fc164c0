#include "definition/version.h"

#include <algorithm>
#include <cstddef>

namespace gantry::definition {
namespace {

constexpr std::size_t version_length_max = 128;

bool is_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_plain_number(std::string_view text) {
  return is_digits(text) && (text.size() == 1 || text[0] != '0');
}

bool is_identifier(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
  });
}

std::string_view next_part(std::string_view& rest, char separator) {
  std::size_t end = rest.find(separator);
  std::string_view part = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  return part;
}

bool are_identifiers(std::string_view text, bool numbers_plain) {
  if (text.empty() || text.back() == '.') return false;
  while (!text.empty()) {
    std::string_view part = next_part(text, '.');
    if (!is_identifier(part) || (numbers_plain && is_digits(part) && !is_plain_number(part))) return false;
  }
  return true;
}

struct VersionParts {
  std::string_view core, prerelease, build;
  bool has_prerelease, has_build;
};

VersionParts split_version(std::string_view text) {
  VersionParts parts{};
  std::size_t plus = text.find('+');
  parts.has_build = plus != std::string_view::npos;
  if (parts.has_build) parts.build = text.substr(plus + 1);
  text = text.substr(0, plus);
  std::size_t dash = text.find('-');
  parts.has_prerelease = dash != std::string_view::npos;
  if (parts.has_prerelease) parts.prerelease = text.substr(dash + 1);
  parts.core = text.substr(0, dash);
  return parts;
}

// Numbers of any length, without leading zeros.
int compare_numbers(std::string_view left, std::string_view right) {
  if (left.size() != right.size()) return left.size() < right.size() ? -1 : 1;
  return left.compare(right);
}

int compare_identifiers(std::string_view left, std::string_view right) {
  bool left_number = is_digits(left), right_number = is_digits(right);
  if (left_number && right_number) return compare_numbers(left, right);
  if (left_number != right_number) return left_number ? -1 : 1;
  return left.compare(right);
}

}  // namespace

bool is_version(std::string_view text) {
  if (text.size() > version_length_max) return false;
  VersionParts parts = split_version(text);
  if (parts.has_prerelease && !are_identifiers(parts.prerelease, true)) return false;
  if (parts.has_build && !are_identifiers(parts.build, false)) return false;
  if (std::count(parts.core.begin(), parts.core.end(), '.') != 2 || parts.core.back() == '.') return false;
  while (!parts.core.empty())
    if (!is_plain_number(next_part(parts.core, '.'))) return false;
  return true;
}

int compare_versions(std::string_view left, std::string_view right) {
  VersionParts a = split_version(left), b = split_version(right);
  while (!a.core.empty() && !b.core.empty())
    if (int order = compare_numbers(next_part(a.core, '.'), next_part(b.core, '.'))) return order;
  if (a.has_prerelease != b.has_prerelease) return a.has_prerelease ? -1 : 1;
  while (!a.prerelease.empty() && !b.prerelease.empty())
    if (int order = compare_identifiers(next_part(a.prerelease, '.'), next_part(b.prerelease, '.'))) return order;
  return a.prerelease.empty() == b.prerelease.empty() ? 0 : a.prerelease.empty() ? -1 : 1;
}

}  // namespace gantry::definition
