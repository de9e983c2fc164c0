#include "value/yaml_scan.h"

#include <fmt/format.h>

#include <algorithm>

#include "value/utf8.h"

namespace gantry {
namespace {

SourcePlace place_in(std::string_view text, std::size_t position) {
  SourcePlace place;
  for (std::size_t i = 0; i < position && i < text.size(); ++i) {
    ++place.column;
    if (text[i] == '\n') place = {place.line + 1, 1};
  }
  return place;
}

class YamlScanner {
 public:
  explicit YamlScanner(std::string_view text) : text_(text) {}

  YamlScan run() {
    while (!scan_.slip && at_ < text_.size()) step();
    if (!scan_.slip && !open_.empty()) report_open(open_.front().position);
    return std::move(scan_);
  }

 private:
  struct Bracket {
    char opened;
    std::size_t position;
    bool has_value = false;  // a ':' came since the last ','
  };

  bool is_at_start() const { return at_ == 0 || text_[at_ - 1] == '\n'; }
  bool is_blank_at(std::size_t index) const {
    return index >= text_.size() || text_[index] == ' ' || text_[index] == '\t' || text_[index] == '\n' || text_[index] == '\r';
  }
  std::size_t end_of_line(std::size_t from) const { return std::min(text_.find('\n', from), text_.size()); }
  void slip(std::size_t position, std::string message) { scan_.slip = {position, std::move(message)}; }

  void step() {
    const char c = text_[at_];
    if (is_blank_at(at_)) {
      ++at_;
    } else if (c == '#' && (at_ == 0 || is_blank_at(at_ - 1))) {
      at_ = end_of_line(at_);
    } else if (is_at_start() && c == '%' && open_.empty()) {
      at_ = end_of_line(at_);  // a directive
    } else if (c == '"' || c == '\'') {
      quoted(c);
    } else if (c == '[' || c == '{') {
      open_.push_back({c, at_++});
    } else if (!open_.empty() && (c == ']' || c == '}')) {
      close(c);
    } else if (!open_.empty() && c == ',') {
      open_.back().has_value = false;
      ++at_;
    } else if (c == ':' && is_end_of_key(at_)) {
      colon();
    } else if ((c == '-' || c == '?') && is_blank_at(at_ + 1)) {
      ++at_;
    } else if ((c == '|' || c == '>') && open_.empty()) {
      block();
    } else if (c == '&' || c == '*' || c == '!') {
      while (at_ < text_.size() && !is_blank_at(at_) && (open_.empty() || !is_flow_sign(text_[at_]))) ++at_;
    } else {
      plain();
    }
  }

  static bool is_flow_sign(char c) { return c == ',' || c == '[' || c == ']' || c == '{' || c == '}'; }
  bool is_end_of_key(std::size_t index) const {
    return is_blank_at(index + 1) || (!open_.empty() && (is_flow_sign(text_[index + 1]) || after_quote_ == index));
  }

  void colon() {
    if (!open_.empty()) {
      if (open_.back().has_value && is_outside_of(open_.front().position)) return report_open(open_.front().position);
      if (open_.back().has_value)
        return slip(at_, open_.back().opened == '{'
                             ? "a second ':' in one entry; quote the text that contains it, or is a ',' missing before the key?"
                             : "a second ':' in one entry; quote the text that contains it");
      open_.back().has_value = true;
    }
    ++at_;
  }

  // Whether this line is not indented deeper than the one where the bracket was opened: it was meant to be closed before.
  bool is_outside_of(std::size_t bracket) const {
    const std::size_t here = line_start(at_), there = line_start(bracket);
    return here != there && indent_of(here) <= indent_of(there);
  }

  void close(char c) {
    const Bracket bracket = open_.back();
    const char wanted = bracket.opened == '[' ? ']' : '}';
    if (c != wanted) {
      const SourcePlace place = place_in(text_, bracket.position);
      return slip(at_, fmt::format("expected '{}' for the '{}' at {}:{}, found '{}'", wanted, bracket.opened, place.line, place.column, c));
    }
    open_.pop_back();
    ++at_;
    after_quote_ = at_;  // a closing bracket may end a key as a quote does
  }

  void report_open(std::size_t position) {
    slip(position, text_[position] == '[' ? "the list that is opened by '[' here is not closed by ']'"
                                          : "the map that is opened by '{' here is not closed by '}'");
  }

  void quoted(char quote) {
    const std::size_t start = at_, end = end_of_quoted_yaml(text_, at_);
    if (end == std::string_view::npos)
      return slip(start, fmt::format("the text that is opened by {0} here is not closed by {0}", quote));
    if (quote == '"') scan_.double_quoted.emplace_back(start, end);
    at_ = after_quote_ = end;
    std::size_t next = end;
    while (next < text_.size() && (text_[next] == ' ' || text_[next] == '\t' || text_[next] == '\r')) ++next;
    const char follows = next < text_.size() ? text_[next] : '\n';
    const bool is_fine = follows == '\n' || follows == ':' || (follows == '#' && next > end) ||
                         (!open_.empty() && (follows == ',' || follows == ']' || follows == '}'));
    if (is_fine) return;
    const SourcePlace opened = place_in(text_, start);
    if (place_in(text_, next).line != opened.line)
      return slip(start, fmt::format("the text that is opened by {} here is closed only in line {}, where more follows; is a quote missing?",
                                     quote, place_in(text_, end - 1).line));
    slip(next, quote == '"' ? fmt::format("the text that is opened by \" at {}:{} is closed before this; write a \" inside of it as \\\", "
                                          "or put the whole text in '...'", opened.line, opened.column)
                            : fmt::format("the text that is opened by ' at {}:{} is closed before this; write a ' inside of it as ''",
                                          opened.line, opened.column));
  }

  // The header, and all lines that are blank or indented as the first one, which is indented deeper than the header's.
  void block() {
    const std::size_t outside = indent_of(line_start(at_));
    at_ = end_of_line(at_);
    std::optional<std::size_t> inside;
    while (at_ < text_.size()) {
      const std::size_t start = at_ + 1;
      if (start >= text_.size()) break;
      const std::size_t end = end_of_line(start), indent = indent_of(start);
      const bool is_empty = start + indent >= end || text_[start + indent] == '\r';
      if (!is_empty) {
        if (!inside) inside = indent;
        if (indent < *inside || indent <= outside) break;
      }
      at_ = end;
    }
  }
  std::size_t line_start(std::size_t position) const {
    const std::size_t end = position == 0 ? std::string_view::npos : text_.rfind('\n', position - 1);
    return end == std::string_view::npos ? 0 : end + 1;
  }
  std::size_t indent_of(std::size_t line) const {
    std::size_t indent = 0;
    while (line + indent < text_.size() && text_[line + indent] == ' ') ++indent;
    return indent;
  }

  void plain() {
    while (at_ < text_.size() && text_[at_] != '\n') {
      if (text_[at_] == ':' && is_end_of_key(at_)) return;
      if (text_[at_] == '#' && is_blank_at(at_ - 1)) return;
      if (!open_.empty() && is_flow_sign(text_[at_])) return;
      ++at_;
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t after_quote_ = std::string_view::npos;  // where a quoted text or a bracket has just ended
  std::vector<Bracket> open_;
  YamlScan scan_;
};

std::string_view line_of(std::string_view text, int number) {
  for (int line = 1; line < number && !text.empty(); ++line) text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
  return text.substr(0, text.find('\n'));
}

// The column of a tab among the blanks that a line starts with.
std::optional<int> indenting_tab(std::string_view line) {
  const std::size_t first = line.find_first_not_of(" \t");
  if (first == std::string_view::npos || line[first] == '#') return std::nullopt;
  const std::size_t tab = line.substr(0, first).find('\t');
  return tab == std::string_view::npos ? std::nullopt : std::optional(static_cast<int>(tab) + 1);
}

std::string in_better_words(const std::string& message) {
  if (message == "end of sequence flow not found") return "the list that is opened by '[' here is not closed by ']'";
  if (message == "end of map flow not found") return "the map that is opened by '{' here is not closed by '}'";
  if (message == "illegal map value") return "a second ': ' in one line; quote the text that contains it";
  if (message == "end of map not found" || message == "end of sequence not found")
    return "this is indented differently from what it stands beside: the keys of one map, and the '-' of one list, start in the same "
           "column";
  if (message.starts_with("invalid unicode"))
    return "the escape before this is half of a surrogate pair; write both halves, or the character itself";
  if (message == "the referenced anchor is not defined") return "there is no anchor of this name (&name) before this alias";
  return "this is not YAML: " + message;
}

// The four digits of an escape "\uXXXX" at `at`.
std::optional<std::uint32_t> escaped_unit(std::string_view text, std::size_t at) {
  if (at + 6 > text.size() || text[at] != '\\' || text[at + 1] != 'u') return std::nullopt;
  std::uint32_t unit = 0;
  for (char c : text.substr(at + 2, 4)) {
    const int digit = hexadecimal_digit(c);
    if (digit < 0) return std::nullopt;
    unit = unit * 16 + static_cast<std::uint32_t>(digit);
  }
  return unit;
}

}  // namespace

std::size_t end_of_quoted_yaml(std::string_view text, std::size_t start) {
  const char quote = text[start];
  for (std::size_t i = start + 1; i < text.size(); ++i) {
    if (quote == '"' && text[i] == '\\')
      ++i;
    else if (text[i] == quote && quote == '\'' && i + 1 < text.size() && text[i + 1] == quote)
      ++i;
    else if (text[i] == quote)
      return i + 1;
  }
  return std::string_view::npos;
}

YamlScan scan_yaml(std::string_view text) {
  return YamlScanner(text).run();
}

YamlError explained_yaml_error(std::string_view text, SourcePlace place, const std::string& message) {
  for (int line : {place.line, place.line - 1})
    if (const auto column = indenting_tab(line_of(text, line)))
      return {{line, *column}, "a tab indents this line; YAML is indented with blanks only"};
  const YamlScan scan = scan_yaml(text);
  if (scan.slip) {
    const SourcePlace found = place_in(text, scan.slip->position);
    if (found.line <= place.line) return {found, scan.slip->message};
  }
  return {place, in_better_words(message)};
}

std::optional<YamlPairsJoined> with_surrogate_pairs_joined(std::string_view text) {
  if (text.find("\\ud") == std::string_view::npos && text.find("\\uD") == std::string_view::npos) return std::nullopt;
  YamlPairsJoined joined;
  std::size_t copied = 0;
  for (const auto& [start, end] : scan_yaml(text).double_quoted) {
    for (std::size_t at = start; at < end; ++at) {
      if (text[at] != '\\') continue;
      const auto high = escaped_unit(text, at), low = escaped_unit(text, at + 6);
      if (!high || !low || *high < 0xD800 || *high > 0xDBFF || *low < 0xDC00 || *low > 0xDFFF) {
        ++at;  // what is escaped is no backslash of its own
        continue;
      }
      joined.text += text.substr(copied, at - copied);
      joined.positions.push_back(joined.text.size());
      joined.text += fmt::format("\\U{:08X}", 0x10000 + ((*high - 0xD800) << 10) + (*low - 0xDC00));
      copied = at + 12;
      at += 11;
    }
  }
  if (joined.positions.empty()) return std::nullopt;
  joined.text += text.substr(copied);
  return joined;
}

std::optional<std::string> with_line_feeds(std::string_view text) {
  std::optional<std::string> lines;
  for (std::size_t at = text.find('\r'); at != std::string_view::npos; at = text.find('\r', at + 1)) {
    if (at + 1 < text.size() && text[at + 1] == '\n') continue;
    if (!lines) lines = std::string(text);
    (*lines)[at] = '\n';
  }
  return lines;
}

}  // namespace gantry
