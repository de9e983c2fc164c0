#include "definition/source_file.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace gantry::definition {
namespace {

constexpr std::size_t problems_max = 1'000;

std::size_t index_of(std::string_view text, SourcePlace place) {
  std::size_t index = 0;
  for (int line = 1; line < place.line; ++line) {
    std::size_t end = text.find('\n', index);
    if (end == std::string_view::npos) return text.size();
    index = end + 1;
  }
  return std::min(text.size(), index + static_cast<std::size_t>(std::max(0, place.column - 1)));
}

SourcePlace place_of(std::string_view text, SourcePlace start, std::size_t start_index, std::size_t index) {
  SourcePlace place = start;
  for (std::size_t i = start_index; i < index && i < text.size(); ++i) {
    if (text[i] == '\n') {
      ++place.line;
      place.column = 1;
    } else {
      ++place.column;
    }
  }
  return place;
}

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

// How many bytes of the file, and of the decoded text, one escape of a double-quoted scalar takes.
std::pair<std::size_t, std::size_t> escape_lengths(std::string_view rest) {
  if (rest.size() < 2) return {1, 1};
  if (rest[1] == '\n' || rest[1] == '\r') {  // an escaped line break: nothing, like the blanks after it
    std::size_t end = 1 + (rest.substr(1, 2) == "\r\n" ? 2 : 1);
    while (end < rest.size() && (rest[end] == ' ' || rest[end] == '\t')) ++end;
    return {end, 0};
  }
  std::size_t digits = rest[1] == 'x' ? 2 : rest[1] == 'u' ? 4 : rest[1] == 'U' ? 8 : 0;
  if (digits == 0) return {2, 1};
  unsigned long code = 0;
  for (char c : rest.substr(2, digits)) {
    unsigned digit =
        c >= '0' && c <= '9' ? static_cast<unsigned>(c - '0') : static_cast<unsigned>((c | 0x20) - 'a' + 10) & 15U;
    code = code * 16 + digit;
  }
  if (code >= 0xD800 && code <= 0xDBFF && rest.substr(6, 2) == "\\u") return {12, 4};  // the first half of a pair
  return {2 + digits, code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4};
}

// Moves over a run of line breaks and the blanks around them; returns how many bytes it is folded to, 0 if there is
// none.
std::size_t skip_folded_break(std::string_view text, std::size_t& index) {
  std::size_t end = index, breaks = 0;
  while (end < text.size() && (is_blank(text[end]) || text[end] == '\n')) breaks += text[end++] == '\n' ? 1 : 0;
  if (breaks == 0) return 0;
  index = end;
  return breaks == 1 ? 1 : breaks - 1;
}

// Plain and quoted scalars.
std::size_t flow_scalar_index(std::string_view text, std::size_t index, std::size_t offset) {
  char quote = index < text.size() && (text[index] == '\'' || text[index] == '"') ? text[index] : '\0';
  if (quote) ++index;
  std::size_t decoded = 0;
  while (decoded < offset && index < text.size()) {
    if (is_blank(text[index]) || text[index] == '\n') {
      if (std::size_t folded = skip_folded_break(text, index)) {
        decoded += folded;
        continue;
      }
    }
    if (quote == '\'' && text[index] == '\'') {
      index += 2;
      ++decoded;
    } else if (quote == '"' && text[index] == '\\') {
      auto [written, meant] = escape_lengths(text.substr(index));
      index += written;
      decoded += meant;
    } else {
      ++index;
      ++decoded;
    }
  }
  return index;
}

// Literal (|) and folded (>) scalars: the text starts on the next line, indented as its first line that is not blank.
std::size_t block_scalar_index(std::string_view text, std::size_t index, std::size_t offset) {
  bool folded = text[index] == '>';
  std::size_t line = text.find('\n', index);
  if (line == std::string_view::npos) return index;
  ++line;
  std::size_t first = text.find_first_not_of(" \r\n", line);
  if (first == std::string_view::npos) return line;
  std::size_t line_start = text.rfind('\n', first);
  std::size_t indent = first - (line_start + 1);
  std::size_t decoded = 0;
  while (line < text.size()) {
    std::size_t end = std::min(text.find('\n', line), text.size());
    std::size_t length = end - line > indent ? end - line - indent : 0;
    if (offset <= decoded + length && (length > 0 || offset == decoded))
      return std::min(line + indent + offset - decoded, text.size());
    bool next_is_blank = end + 1 < text.size() && (text[end + 1] == '\n' || text[end + 1] == '\r');
    decoded += length + (folded && length > 0 && next_is_blank ? 0 : 1);
    line = end + 1;
  }
  return text.size();
}

}  // namespace

void ProblemSink::add(Problem problem) {
  if (problem.severity == Severity::error) ++count_;
  if (problems_.size() < problems_max) problems_.push_back(std::move(problem));
}

bool ProblemSink::is_full() const {
  return problems_.size() >= problems_max;
}

Problems ProblemSink::take() {
  auto key = [](const Problem& p) { return std::tie(p.path, p.place.line, p.place.column, p.message); };
  std::stable_sort(problems_.begin(), problems_.end(),
                   [&](const Problem& a, const Problem& b) { return key(a) < key(b); });
  problems_.erase(std::unique(problems_.begin(), problems_.end(),
                              [&](const Problem& a, const Problem& b) { return key(a) == key(b); }),
                  problems_.end());
  return std::exchange(problems_, {});
}

SourcePlace place_in_scalar(std::string_view text, SourcePlace start, std::size_t offset) {
  std::size_t start_index = index_of(text, start);
  if (start_index >= text.size() || text[start_index] == '*') return start;  // an alias: the text is elsewhere
  bool block = text[start_index] == '|' || text[start_index] == '>';
  std::size_t index =
      block ? block_scalar_index(text, start_index, offset) : flow_scalar_index(text, start_index, offset);
  return place_of(text, start, start_index, index);
}

SourceFile::SourceFile(std::string path, std::string_view text, SourceMap source, ProblemSink& problems)
    : path_(std::move(path)), text_(text), source_(std::move(source)), problems_(&problems) {}

SourcePlace SourceFile::text_place(std::string_view pointer, std::size_t offset) const {
  return place_in_scalar(text_, source_.value_at(pointer), offset);
}

void SourceFile::problem(SourcePlace place, std::string message) const {
  problems_->add({path_, place, std::move(message), Severity::error});
}

void SourceFile::warning(SourcePlace place, std::string message) const {
  problems_->add({path_, place, std::move(message), Severity::warning});
}

}  // namespace gantry::definition
