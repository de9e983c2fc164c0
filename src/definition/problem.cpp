#include "definition/problem.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace gantry::definition {
namespace {

// Beyond these there is no suggestion, so that a hostile file can't make the search expensive.
constexpr std::size_t name_length_max = 64;
constexpr std::size_t known_max = 500;

// Edit distance with neighbouring letters swapped counted as one edit ("tso" and "tos").
std::size_t edit_distance(std::string_view left, std::string_view right) {
  std::vector<std::size_t> before(right.size() + 1), last(right.size() + 1), row(right.size() + 1);
  for (std::size_t j = 0; j <= right.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= left.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= right.size(); ++j) {
      std::size_t replaced = last[j - 1] + (left[i - 1] == right[j - 1] ? 0 : 1);
      row[j] = std::min({replaced, last[j] + 1, row[j - 1] + 1});
      if (i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1])
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[right.size()];
}

std::string lower_case(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return result;
}

}  // namespace

const char* name_of(Severity severity) {
  return severity == Severity::error ? "error" : "warning";
}

std::string format(const Problem& problem) {
  return fmt::format("{}:{}:{}: {}{}", problem.path, problem.place.line, problem.place.column,
                     problem.severity == Severity::warning ? "warning: " : "", problem.message);
}

std::string_view nearest_name(std::string_view name, const std::vector<std::string_view>& known) {
  if (name.empty() || name.size() > name_length_max || known.size() > known_max) return {};
  std::string wanted = lower_case(name);
  // One letter for another is another name.
  const std::size_t near = name.size() == 1 ? 0 : std::max<std::size_t>(1, (name.size() + 1) / 3);
  std::string_view best;
  std::size_t best_distance = std::numeric_limits<std::size_t>::max();
  for (std::string_view candidate : known) {
    const std::size_t longer = std::max(candidate.size(), wanted.size()), shorter = std::min(candidate.size(), wanted.size());
    if (candidate.size() > name_length_max || longer - shorter > near || longer - shorter >= best_distance) continue;
    std::size_t distance = edit_distance(wanted, lower_case(candidate));
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best_distance <= near ? best : std::string_view();
}

}  // namespace gantry::definition
