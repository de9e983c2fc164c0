#include "gate/pasted_text.h"

#include <algorithm>
#include <vector>

namespace gantry::gate {
namespace {

constexpr std::string_view open_mark = "<pasted", close_mark = "</pasted";

std::string_view trimmed(std::string_view line) {
  while (!line.empty() && (line.front() == ' ' || line.front() == '\t')) line.remove_prefix(1);
  while (!line.empty() && (line.back() == ' ' || line.back() == '\t' || line.back() == '\r')) line.remove_suffix(1);
  return line;
}

bool starts_with_any_case(std::string_view line, std::string_view start) {
  if (line.size() < start.size()) return false;
  return std::equal(start.begin(), start.end(), line.begin(),
                    [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b + 32) : b); });
}

bool is_fence(std::string_view line) {
  return line.starts_with("```") || line.starts_with("~~~") || line.starts_with("\"\"\"");
}

// "-----Original Message-----" and what mail programs write instead.
bool begins_mail(std::string_view line, std::string_view next) {
  std::string_view bare = line;
  while (!bare.empty() && (bare.front() == '-' || bare.front() == ' ' || bare.front() == '_')) bare.remove_prefix(1);
  if (bare.size() < line.size() &&
      (starts_with_any_case(bare, "original message") || starts_with_any_case(bare, "forwarded message")))
    return true;
  if (starts_with_any_case(line, "begin forwarded message")) return true;
  if (starts_with_any_case(line, "on ") && line.ends_with("wrote:")) return true;
  if (!starts_with_any_case(line, "from:")) return false;
  for (const std::string_view header : {"sent:", "to:", "date:", "subject:", "cc:"})
    if (starts_with_any_case(next, header)) return true;
  return false;
}

// Where the mark begins, from `from` on or, with `last`, the last one; npos when there is none. A longer word is none.
std::size_t mark_place(std::string_view text, std::string_view mark, std::size_t from, bool last) {
  std::size_t found = std::string_view::npos;
  for (std::size_t at = text.find('<', from); at != std::string_view::npos; at = text.find('<', at + 1)) {
    const std::string_view rest = text.substr(at);
    if (!starts_with_any_case(rest, mark)) continue;
    if (rest.size() > mark.size() && std::string_view("> \t\n/").find(rest[mark.size()]) == std::string_view::npos)
      continue;
    found = at;
    if (!last) break;
  }
  return found;
}

// Takes what is marked out of a text; true when anything was.
bool take_marked(std::string& text) {
  const std::size_t at = mark_place(text, open_mark, 0, false);
  if (at == std::string::npos) return false;
  // The last mark counts: what was pasted may hold one itself.
  const std::size_t close = mark_place(text, close_mark, at, true);
  const std::size_t end = close == std::string::npos ? close : text.find('>', close);
  text.replace(at, end == std::string::npos ? text.size() - at : end + 1 - at, "\n");
  take_marked(text);
  return true;
}

// With a line feed at the end of each line, whatever ended it.
std::string with_line_feeds(std::string_view text) {
  constexpr std::string_view ends[] = {"\r\n", "\r", "\u0085", "\u2028", "\u2029"};
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto end = std::find_if(std::begin(ends), std::end(ends), [&](auto each) { return text.starts_with(each); });
    out.push_back(end == std::end(ends) ? text.front() : '\n');
    text.remove_prefix(end == std::end(ends) ? 1 : end->size());
  }
  return out;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (true) {
    const std::size_t end = text.find('\n');
    lines.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return lines;
    text.remove_prefix(end + 1);
  }
}

}  // namespace

OwnWords own_words_of(std::string_view text) {
  OwnWords own{with_line_feeds(text), false};
  const bool several_lines = own.text.find('\n') != std::string::npos;
  own.pasted = take_marked(own.text);
  if (!several_lines) return own;
  const std::string whole = std::move(own.text);
  const auto lines = lines_of(whole);
  own.text.clear();
  // All between the first fence and the last one: what was pasted may hold fences itself.
  std::size_t first = lines.size(), last = 0;
  for (std::size_t index = 0; index < lines.size(); ++index) {
    if (!is_fence(trimmed(lines[index]))) continue;
    if (first == lines.size()) first = index;
    last = index;
  }
  if (first < lines.size() && last == first) last = lines.size();
  for (std::size_t index = 0; index < lines.size(); ++index) {
    const std::string_view line = trimmed(lines[index]);
    const std::string_view next = index + 1 < lines.size() ? trimmed(lines[index + 1]) : std::string_view();
    const bool fenced = index >= first && index <= last;
    if (!fenced && begins_mail(line, next)) {
      own.pasted = true;
      break;
    }
    if (fenced || line.starts_with('>') || line.starts_with('|')) {
      own.pasted = true;
      continue;
    }
    if (index > 0) own.text.push_back('\n');
    own.text.append(lines[index]);
  }
  return own;
}

}  // namespace gantry::gate
