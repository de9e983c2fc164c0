#include "definition/condition_scan.h"

#include <algorithm>
#include <cctype>
#include <map>

#include "definition/condition.h"
#include "expression/input_members.h"

namespace gantry::definition {
namespace {

bool is_name_start(char c) {
  return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_';
}
bool is_name_part(char c) {
  return is_name_start(c) || std::isdigit(static_cast<unsigned char>(c)) != 0;
}

Text text_of(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    const bool plain = !name.empty() && is_name_start(name[0]) && std::all_of(name.begin(), name.end(), is_name_part);
    text += plain ? "." + name : "[\"" + name + "\"]";
  }
  return Text(text);
}

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  ConditionScan scan() {
    while (at_ < text_.size()) step();
    ConditionScan result;
    for (auto& [names, absent] : paths_) result.paths.push_back({names, absent});
    if (splittable_ && groups_.empty() && !ands_.empty()) {
      std::size_t start = 0;
      for (std::size_t end : ands_) {
        result.terms.push_back(trimmed(text_.substr(start, end - start)));
        start = end + 3;
      }
      result.terms.push_back(trimmed(text_.substr(start)));
    }
    result.unknown = std::move(unknown_);
    return result;
  }

 private:
  struct Group {
    char close;      // what ends it
    bool root;       // its input is the facts
    bool in_string;  // an interpolation: the string goes on behind it
  };

  static std::string_view trimmed(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
  }

  char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  bool is_root() const { return groups_.empty() ? root_ : groups_.back().root; }
  void leave_root() { (groups_.empty() ? root_ : groups_.back().root) = false; }
  void cannot_split() {
    if (groups_.empty()) splittable_ = false;
  }

  void step() {
    const char c = peek();
    if (std::isspace(static_cast<unsigned char>(c)) != 0) {
      ++at_;
    } else if (c == '#') {
      at_ = std::min(text_.find('\n', at_), text_.size());
    } else if (c == '"') {
      ++at_;
      read_string();
    } else if (c == '(' || c == '[' || c == '{') {
      open(c);
    } else if (c == ')' || c == ']' || c == '}') {
      close();
    } else if (!after_value_ && names_a_member(0)) {
      read_path();
    } else if (is_name_start(c)) {
      read_word();
    } else if (c == '$' || c == '@') {
      ++at_;
      while (is_name_part(peek())) ++at_;
      after_value_ = true;
    } else {
      read_symbol();
    }
  }

  void open(char c) {
    const bool is_call = c == '(' && after_word_;
    groups_.push_back({c == '(' ? ')' : c == '[' ? ']' : '}', is_root() && !is_call, false});
    ++at_;
    after_value_ = after_word_ = false;
  }

  void close() {
    ++at_;
    after_word_ = false;
    after_value_ = true;
    if (groups_.empty()) {
      splittable_ = false;
      return;
    }
    const Group group = groups_.back();
    groups_.pop_back();
    if (group.in_string) read_string();
  }

  // Behind the opening quote, or behind an interpolation.
  void read_string() {
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == '"') {
        after_value_ = true;
        return;
      }
      if (c != '\\' || at_ >= text_.size()) continue;
      if (text_[at_++] != '(') continue;
      groups_.push_back({')', is_root(), true});
      after_value_ = after_word_ = false;
      return;
    }
  }

  void read_symbol() {
    const char c = peek();
    const std::string_view two = text_.substr(at_, 2);
    if (two == "|=" || two == "+=" || two == "-=" || two == "*=" || two == "/=" || two == "%=") {
      cannot_split();
      at_ += 2;
    } else if (two == "//") {
      cannot_split();
      at_ += 2;
    } else if (two == "==" || two == "!=" || two == "<=" || two == ">=" || two == "..") {
      at_ += 2;
    } else {
      if (c == '|') leave_root();
      if (c == '|' || c == ',' || c == '=') cannot_split();
      ++at_;
    }
    after_value_ = c == '?' || std::isdigit(static_cast<unsigned char>(c)) != 0;
    after_word_ = false;
  }

  void read_word() {
    const std::size_t start = at_;
    while (is_name_part(peek()) || (peek() == ':' && peek(1) == ':')) ++at_;
    const std::string_view word = text_.substr(start, at_ - start);
    static constexpr std::string_view operators[] = {"and",    "or",      "then", "else",  "elif",  "if",  "as", "def",
                                                     "reduce", "foreach", "try",  "catch", "label", "end", "not"};
    const bool is_operator = std::find(std::begin(operators), std::end(operators), word) != std::end(operators);
    if (word == "and" && groups_.empty()) ands_.push_back(start);
    if (is_operator && word != "and" && word != "not") cannot_split();
    if (word == "def" || word == "reduce" || word == "foreach") leave_root();
    after_value_ = !is_operator;
    after_word_ = !is_operator;
  }

  // ".args", '."args"', '.["args"]'.
  bool names_a_member(std::size_t ahead) const {
    if (peek(ahead) != '.') return false;
    return is_name_start(peek(ahead + 1)) || !quoted_member(at_ + ahead).first.empty();
  }

  // The name in '."a"', '.["a"]' or '["a"]', and where it ends; no name: there is none, or one with an escape.
  std::pair<std::string_view, std::size_t> quoted_member(std::size_t at) const {
    const std::size_t start = at;
    const auto blanks = [&] {
      while (at < text_.size() && std::isspace(static_cast<unsigned char>(text_[at])) != 0) ++at;
    };
    const auto takes = [&](char c) { return at < text_.size() && text_[at] == c && ++at != 0; };
    const bool dot = takes('.'), bracket = takes('[');
    if (!dot && !bracket) return {{}, start};
    if (bracket) blanks();
    if (!takes('"')) return {{}, start};
    const std::size_t quote = std::min(text_.find('"', at), text_.size());
    const std::string_view name = text_.substr(at, quote - at);
    at = quote + 1;
    if (bracket) blanks();
    if (quote == text_.size() || name.find('\\') != std::string_view::npos || (bracket && !takes(']'))) return {{}, start};
    return {name, at};
  }

  // ".args.amount", '.budget["port/spend"].left', ".args | .amount" where it begins what is read.
  void read_path() {
    const std::size_t start = at_;
    const bool root = is_root();
    const std::string_view before = trimmed(text_.substr(0, start));
    const bool begins = before.empty() || std::string_view("([|;").find(before.back()) != std::string_view::npos;
    std::vector<std::string> names;
    while (names.size() < 16) {
      if (peek() == '.' && is_name_start(peek(1))) {
        const std::size_t first = ++at_;
        while (is_name_part(peek())) ++at_;
        names.emplace_back(text_.substr(first, at_ - first));
      } else if (const auto [name, end] = quoted_member(at_); !name.empty()) {
        names.emplace_back(name);
        at_ = end;
      } else if (!begins || !skip_pipe()) {
        break;
      }
    }
    after_value_ = true;
    after_word_ = false;
    note_path(std::move(names), start, root);
  }

  // The pipe between two paths: what follows has the first as its input, also behind the second.
  bool skip_pipe() {
    const std::size_t end = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size());
    if (end == text_.size() || text_[end] != '|') return false;
    const std::size_t next = text_.find_first_not_of(" \t\r\n", end + 1);
    if (next == std::string_view::npos || !names_a_member(next - at_)) return false;
    at_ = next;
    leave_root();
    cannot_split();
    return true;
  }

  void note_path(std::vector<std::string> names, std::size_t start, bool root) {
    const auto& known = fact_names();
    if (!std::binary_search(known.begin(), known.end(), std::string_view(names[0]))) {
      if (root && !unknown_) unknown_ = {names[0], start};
      return;
    }
    const std::string_view rest = trimmed(text_.substr(at_));
    if (const std::string tested = has_argument(rest); !tested.empty()) {
      auto inner = names;
      inner.push_back(tested);
      paths_[inner] = true;
    }
    paths_[names] = paths_[names] || absence_is_handled(rest);
  }

  static bool absence_is_handled(std::string_view rest) {
    while (rest.starts_with(")")) rest = trimmed(rest.substr(1));
    if (rest.starts_with("?") || rest.starts_with("//")) return true;
    if (!rest.starts_with("==") && !rest.starts_with("!=")) return false;
    rest = trimmed(rest.substr(2));
    return rest.starts_with("null") && (rest.size() == 4 || !is_name_part(rest[4]));
  }

  // '| has("note")' -> "note"
  static std::string has_argument(std::string_view rest) {
    if (!rest.starts_with("|")) return "";
    rest = trimmed(rest.substr(1));
    if (!rest.starts_with("has(\"")) return "";
    const std::size_t quote = rest.find('"', 5);
    return quote == std::string_view::npos ? "" : std::string(rest.substr(5, quote - 5));
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<Group> groups_;
  bool root_ = true, splittable_ = true;
  bool after_value_ = false, after_word_ = false;
  std::vector<std::size_t> ands_;
  std::map<std::vector<std::string>, bool> paths_;
  std::optional<UnknownFact> unknown_;
};

}  // namespace

const std::vector<std::string_view>& fact_names() {
  static const std::vector<std::string_view> names = {
      "args",   "audience",  "authority", "budget",     "context", "effect", "labels", "lists",
      "lookup", "operation", "principal", "provenance", "run",     "task",   "tool",   "workflow"};
  return names;
}

namespace {

// What it may see, and what it must find.
FactSet facts_seen(const Condition& condition) {
  const auto seen = expression::input_members(*condition.program);
  if (!seen) return FactSet().set();
  FactSet facts;
  const auto& known = fact_names();
  const auto add = [&](std::string_view name) {
    const auto found = std::lower_bound(known.begin(), known.end(), name);
    if (found != known.end() && *found == name) facts.set(static_cast<std::size_t>(found - known.begin()));
  };
  for (const std::string& name : *seen) add(name);
  for (const FactPath& path : condition.paths) add(path.names.front());
  return facts;
}

constexpr std::size_t shown_bytes_max = 1'024;

Text shown_text(std::string_view text) {
  if (text.size() <= shown_bytes_max) return Text(text);
  std::size_t end = shown_bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;  // not within a character
  return Text(std::string(text.substr(0, end)) + "...");
}

}  // namespace

FactPath::FactPath(std::vector<std::string> names_read, bool absent_is_fine)
    : names(std::move(names_read)), may_be_absent(absent_is_fine), text(text_of(names)) {}

ConditionScan scan_condition(std::string_view text) {
  return Scanner(text).scan();
}

std::variant<Condition, expression::CompileError> prepare_condition(std::string_view text) {
  auto compiled = compile_condition(text);
  if (auto* error = std::get_if<expression::CompileError>(&compiled)) return std::move(*error);
  const ConditionScan scan = scan_condition(text);
  if (scan.unknown) {
    std::string known;
    for (std::string_view name : fact_names()) known += (known.empty() ? "." : ", .") + std::string(name);
    return expression::CompileError{scan.unknown->offset,
                                    "there is no fact '." + scan.unknown->name + "'; known: " + known};
  }
  Condition condition{.program = std::get<expression::ProgramPointer>(std::move(compiled)), .text = std::string(text)};
  condition.shown = shown_text(text);
  condition.paths = scan.paths;
  condition.facts = facts_seen(condition);
  for (std::string_view term : scan.terms) {
    auto part = compile_condition(term);
    if (!std::holds_alternative<expression::ProgramPointer>(part)) {
      condition.parts.clear();
      break;
    }
    condition.parts.push_back({std::get<expression::ProgramPointer>(std::move(part)), std::string(term), shown_text(term)});
  }
  return condition;
}

}  // namespace gantry::definition
