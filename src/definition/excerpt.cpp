#include "definition/excerpt.h"

#include <algorithm>
#include <vector>

namespace gantry::definition {
namespace {

constexpr std::string_view excerpt_indent = "    ", excerpt_cut = "...";

bool is_continuation(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
}

std::string_view line_of_text(std::string_view text, int number) {
  for (int line = 1; line < number; ++line) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  text = text.substr(0, text.find('\n'));
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

// The characters of the line, each with the bytes that make it.
std::vector<std::string_view> characters_of(std::string_view line) {
  std::vector<std::string_view> characters;
  for (std::size_t start = 0; start < line.size();) {
    std::size_t end = start + 1;
    while (end < line.size() && is_continuation(line[end])) ++end;
    characters.push_back(line.substr(start, end - start));
    start = end;
  }
  return characters;
}

}  // namespace

std::string excerpt(std::string_view text, SourcePlace place) {
  const std::string_view line = line_of_text(text, place.line);
  if (line.empty()) return "";
  const std::vector<std::string_view> characters = characters_of(line);
  const std::size_t byte = static_cast<std::size_t>(std::max(0, place.column - 1));
  std::size_t at = 0;
  for (std::size_t seen = 0; at < characters.size(); ++at) {
    seen += characters[at].size();
    if (seen > byte) break;
  }
  const std::size_t first = characters.size() <= excerpt_width || at < excerpt_width / 2 ? 0 : at - excerpt_width / 2;
  const std::size_t last = std::min(characters.size(), first + excerpt_width);
  std::string shown(excerpt_indent);
  if (first > 0) shown += excerpt_cut;
  for (std::size_t i = first; i < last; ++i) shown += characters[i] == "\t" ? std::string_view(" ") : characters[i];
  if (last < characters.size()) shown += excerpt_cut;
  const std::size_t column = at - first + (first > 0 ? excerpt_cut.size() : 0);
  return shown + "\n" + std::string(excerpt_indent) + std::string(column, ' ') + "^";
}

}  // namespace gantry::definition
