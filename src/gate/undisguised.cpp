#include "gate/undisguised.h"

#include <algorithm>
#include <array>
#include <utility>

#include "gate/html_references.h"
#include "gate/written_forms.h"

namespace gantry::gate {
namespace {

using written::is_letter;
using written::lower;

constexpr int rounds_max = 4;
constexpr std::size_t bracketed_bytes_max = 12, element_bytes_max = 200;

bool is_blank_character(char c) {
  return c == ' ' || c == '\t';
}

class Undisguiser {
 public:
  explicit Undisguiser(std::string_view text) : text_(text) {}

  std::string undo() {
    out_.reserve(text_.size());
    while (at_ < text_.size()) {
      const bool undone = take_bracketed() || take_element() || take_reference() || take_mark();
      if (!undone) out_ += text_[at_++];
    }
    return std::move(out_);
  }

 private:
  char ahead(std::size_t by) const { return at_ + by < text_.size() ? text_[at_ + by] : '\0'; }

  // "[.]", "( dot )", "{at}", "[://]", "[s]".
  bool take_bracketed() {
    constexpr std::array<std::pair<char, char>, 4> brackets = {{{'[', ']'}, {'(', ')'}, {'{', '}'}, {'<', '>'}}};
    const auto bracket =
        std::find_if(brackets.begin(), brackets.end(), [&](const auto& each) { return each.first == text_[at_]; });
    if (bracket == brackets.end()) return false;
    const std::size_t close = text_.substr(at_, bracketed_bytes_max).find(bracket->second);
    if (close == std::string_view::npos) return false;
    std::string_view inside = text_.substr(at_ + 1, close - 1);
    while (!inside.empty() && is_blank_character(inside.front())) inside.remove_prefix(1);
    while (!inside.empty() && is_blank_character(inside.back())) inside.remove_suffix(1);
    constexpr std::array<std::pair<std::string_view, std::string_view>, 9> meanings = {
        {{".", "."}, {"dot", "."}, {"punkt", "."}, {"@", "@"}, {"at", "@"}, {":", ":"}, {"/", "/"}, {"://", "://"},
         {"s", "s"}}};
    const std::string said = lower(inside);
    const auto meaning =
        std::find_if(meanings.begin(), meanings.end(), [&](const auto& each) { return each.first == said; });
    if (meaning == meanings.end()) return false;
    if (said == "s" && !(out_.size() >= 4 && lower(std::string_view(out_).substr(out_.size() - 4)) == "http"))
      return false;
    const bool parts_words = meaning->second == "." || meaning->second == "@";
    at_ += close + 1;
    while (parts_words && !out_.empty() && is_blank_character(out_.back())) out_.pop_back();
    out_ += meaning->second;
    while (parts_words && at_ < text_.size() && is_blank_character(text_[at_])) ++at_;
    return true;
  }

  // Only those that leave what is round them one word.
  bool take_element() {
    if (text_[at_] != '<') return false;
    const std::string_view rest = text_.substr(at_, element_bytes_max);
    if (rest.starts_with("<!--")) {
      const std::size_t end = rest.find("-->", 4);
      if (end == std::string_view::npos) return false;
      at_ += end + 3;
      return true;
    }
    std::size_t begin = rest.starts_with("</") ? 2 : 1, end = begin;
    while (end < rest.size() && is_letter(rest[end])) ++end;
    constexpr std::array<std::string_view, 17> inline_elements = {"b",    "i",     "u",    "s",   "em", "strong",
                                                                  "span", "font",  "wbr",  "big", "small", "mark",
                                                                  "sub",  "sup",   "code", "tt",  "bdi"};
    const std::string name = lower(rest.substr(begin, end - begin));
    if (std::find(inline_elements.begin(), inline_elements.end(), name) == inline_elements.end()) return false;
    const std::size_t close = rest.find('>', end);
    if (close == std::string_view::npos) return false;
    at_ += close + 1;
    return true;
  }

  // "&#46;", "&#x2e", "&period;".
  bool take_reference() {
    return take_html_reference(text_, at_, out_);
  }

  // Markdown: "evil\.example", "evil**.example**", "evil`.`example".
  bool take_mark() {
    const auto joins = [](char c) { return c == '.' || c == '@'; };
    if (text_[at_] == '\\' && (joins(ahead(1)) || ahead(1) == ':')) {
      ++at_;
      return true;
    }
    if (text_[at_] != '*' && text_[at_] != '`') return false;
    std::size_t end = at_;
    while (end < text_.size() && text_[end] == text_[at_]) ++end;
    const bool at_a_dot = (!out_.empty() && joins(out_.back())) || (end < text_.size() && joins(text_[end]));
    if (!at_a_dot) {
      out_.append(text_, at_, end - at_);
      at_ = end;
      return true;
    }
    at_ = end;
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string out_;
};

}  // namespace

// One disguise may be in another: "evil[&#46;]example".
std::string undisguised(std::string_view text) {
  std::string plain(text);
  for (int round = 0; round < rounds_max; ++round) {
    if (plain.find_first_of("[({<&\\*`") == std::string::npos) break;
    std::string next = Undisguiser(plain).undo();
    if (next == plain) break;
    plain = std::move(next);
  }
  return plain;
}

}  // namespace gantry::gate
